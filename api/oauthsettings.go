package api

import (
	"context"

	"comanda/account"
	"comanda/oauth"
	"comanda/wire"
)

type clientSettingsOut struct {
	Body wire.Result[oauth.ClientSettings]
}

func (s *server) getClientSettings(ctx context.Context, c *account.Caller, in *OAuthAppPath) (*clientSettingsOut, error) {
	set, err := s.OAuth.ClientSettings(ctx, c, in.AppID, in.OauthAppID)
	if err != nil {
		return nil, err
	}
	return &clientSettingsOut{wire.Result[oauth.ClientSettings]{Data: set}}, nil
}

type updateClientSettingsIn struct {
	OAuthAppPath
	Body oauth.ClientSettings
}

func (s *server) updateClientSettings(ctx context.Context, c *account.Caller, in *updateClientSettingsIn) (*clientSettingsOut, error) {
	set, err := s.OAuth.UpdateClientSettings(ctx, c, in.AppID, in.OauthAppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &clientSettingsOut{wire.Result[oauth.ClientSettings]{Data: set}}, nil
}

type clientLogoIn struct {
	OAuthAppPath
	Upload
}

func (s *server) uploadClientLogo(ctx context.Context, c *account.Caller, in *clientLogoIn) (*none, error) {
	content, err := in.read()
	if err != nil {
		return nil, err
	}
	return &none{}, s.OAuth.SetLogo(ctx, c, in.AppID, in.OauthAppID, content)
}
