package demo

import (
	"context"
	"crypto/rand"

	"comanda/account"
	"comanda/app"
	"comanda/wire"
)

const ownerEmail = "owner@example.com"

// Owner signs up the sample owner with a sandbox brand and an OAuth app: what a person does in the portal.
func Owner(ctx context.Context, s *app.Server) (c Credentials, err error) {
	c.AccountEmail, c.AccountPassword = ownerEmail, rand.Text()
	id, err := s.Accounts.SignUp(ctx, &account.Caller{}, account.NewAccount{Email: c.AccountEmail, Name: "Sample Owner", Password: c.AccountPassword})
	if err != nil {
		return c, err
	}
	brand, err := s.Accounts.CreateBrand(ctx, &account.Caller{Kind: account.System, Name: "Comanda"},
		account.NewBrand{Name: "Bella Napoli", CountryID: "IE", Sandbox: true, Owner: id})
	if err != nil {
		return c, err
	}
	c.AppID = brand.AppID
	owner, err := s.Accounts.PersonCaller(ctx, id)
	if err != nil {
		return c, err
	}
	c.OAuthAppID, c.ClientSecret, err = s.OAuth.CreateApp(ctx, owner, c.AppID, wire.OAuthApp{OauthAppName: wire.P(posName)})
	return c, err
}
