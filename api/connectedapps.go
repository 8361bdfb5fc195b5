package api

import (
	"context"

	"comanda/account"
	"comanda/oauth"
	"comanda/wire"
)

type connectedAppsOut struct {
	Body wire.Result[[]oauth.ConnectedApp]
}

func (s *server) getConnectedApps(ctx context.Context, c *account.Caller, in *AppPath) (*connectedAppsOut, error) {
	apps, err := s.OAuth.ConnectedApps(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	return &connectedAppsOut{wire.Result[[]oauth.ConnectedApp]{Data: apps}}, nil
}

func (s *server) getMyConnectedApps(ctx context.Context, c *account.Caller, _ *none) (*connectedAppsOut, error) {
	apps, err := s.OAuth.MyConnectedApps(ctx, c)
	if err != nil {
		return nil, err
	}
	return &connectedAppsOut{wire.Result[[]oauth.ConnectedApp]{Data: apps}}, nil
}

type grantIn struct {
	GrantID int `path:"grantId"`
}

func (s *server) revokeConnectedApp(ctx context.Context, c *account.Caller, in *grantIn) (*none, error) {
	return &none{}, s.OAuth.RevokeGrant(ctx, c, in.GrantID)
}
