package api

import (
	"context"
	"net/url"

	"comanda/account"
	"comanda/wire"
)

// OAuthAppPath names an OAuth app of a brand.
type OAuthAppPath struct {
	AppID      string `path:"appId"`
	OauthAppID string `path:"oauthAppId" doc:"The client_id: 22 decimal digits."`
}

type oauthAppsIn struct {
	AppPath
	OauthAppName string `query:"oauthAppName" doc:"Part of the name, in any case."`
}

type oauthAppsOut struct {
	Body wire.Result[[]wire.OAuthApp]
}

func (s *server) getOAuthApps(ctx context.Context, c *account.Caller, in *oauthAppsIn) (*oauthAppsOut, error) {
	apps, err := s.OAuth.Apps(ctx, c, in.AppID, in.OauthAppName)
	if err != nil {
		return nil, err
	}
	return &oauthAppsOut{wire.Result[[]wire.OAuthApp]{Data: apps}}, nil
}

type createOAuthAppIn struct {
	AppPath
	Body wire.OAuthApp
}

// createdOut is the contract's empty 200 with the path of what was made, which the contract does not tell otherwise.
type createdOut struct {
	Location string `header:"Location"`
}

func (s *server) createOAuthApp(ctx context.Context, c *account.Caller, in *createOAuthAppIn) (*createdOut, error) {
	id, _, err := s.OAuth.CreateApp(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &createdOut{"/api/v1.0/" + url.PathEscape(in.AppID) + "/oauthclients/" + id}, nil
}

// oauthAppNamesOut has no schema in the contract: our own, the ids with the names.
type oauthAppNamesOut struct {
	Body wire.Result[[]oauthAppName]
}

type oauthAppName struct {
	OauthAppId   string `json:"OauthAppId"`
	OauthAppName string `json:"OauthAppName"`
}

func (s *server) getOAuthAppNames(ctx context.Context, c *account.Caller, in *AppPath) (*oauthAppNamesOut, error) {
	apps, err := s.OAuth.Apps(ctx, c, in.AppID, "")
	if err != nil {
		return nil, err
	}
	out := &oauthAppNamesOut{wire.Result[[]oauthAppName]{Data: make([]oauthAppName, len(apps))}}
	for i, a := range apps {
		out.Body.Data[i] = oauthAppName{*a.OauthAppId, *a.OauthAppName}
	}
	return out, nil
}

type oauthAppOut struct{ Body wire.Result[wire.OAuthApp] }

func (s *server) getOAuthApp(ctx context.Context, c *account.Caller, in *OAuthAppPath) (*oauthAppOut, error) {
	a, err := s.OAuth.App(ctx, c, in.AppID, in.OauthAppID)
	if err != nil {
		return nil, err
	}
	return &oauthAppOut{wire.Result[wire.OAuthApp]{Data: a}}, nil
}

type updateOAuthAppIn struct {
	OAuthAppPath
	Body wire.OAuthApp
}

func (s *server) updateOAuthApp(ctx context.Context, c *account.Caller, in *updateOAuthAppIn) (*none, error) {
	return &none{}, s.OAuth.UpdateApp(ctx, c, in.AppID, in.OauthAppID, in.Body)
}

func (s *server) deleteOAuthApp(ctx context.Context, c *account.Caller, in *OAuthAppPath) (*none, error) {
	return &none{}, s.OAuth.DeleteApp(ctx, c, in.AppID, in.OauthAppID)
}

func (s *server) getOAuthAccessToken(ctx context.Context, c *account.Caller, in *OAuthAppPath) (*textOut, error) {
	token, err := s.OAuth.AccessToken(ctx, c, in.AppID, in.OauthAppID)
	if err != nil {
		return nil, err
	}
	return &textOut{wire.Result[string]{Data: token}}, nil
}

func (s *server) getOAuthSecret(ctx context.Context, c *account.Caller, in *OAuthAppPath) (*textOut, error) {
	secret, err := s.OAuth.Secret(ctx, c, in.AppID, in.OauthAppID)
	if err != nil {
		return nil, err
	}
	return &textOut{wire.Result[string]{Data: secret}}, nil
}

type redirectURIsOut struct {
	Body wire.Result[[]wire.OauthClientRedirectUri]
}

func (s *server) getRedirectURIs(ctx context.Context, c *account.Caller, in *OAuthAppPath) (*redirectURIsOut, error) {
	uris, err := s.OAuth.RedirectURIs(ctx, c, in.AppID, in.OauthAppID)
	if err != nil {
		return nil, err
	}
	return &redirectURIsOut{wire.Result[[]wire.OauthClientRedirectUri]{Data: uris}}, nil
}

type addRedirectURIIn struct {
	OAuthAppPath
	Body string
}

type redirectURIOut struct {
	Body wire.Result[wire.OauthClientRedirectUri]
}

func (s *server) addRedirectURI(ctx context.Context, c *account.Caller, in *addRedirectURIIn) (*redirectURIOut, error) {
	uri, err := s.OAuth.AddRedirectURI(ctx, c, in.AppID, in.OauthAppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &redirectURIOut{wire.Result[wire.OauthClientRedirectUri]{Data: uri}}, nil
}

type redirectURIIn struct {
	OAuthAppPath
	URIID int `path:"uriId"`
}

func (s *server) removeRedirectURI(ctx context.Context, c *account.Caller, in *redirectURIIn) (*none, error) {
	return &none{}, s.OAuth.RemoveRedirectURI(ctx, c, in.AppID, in.OauthAppID, in.URIID)
}
