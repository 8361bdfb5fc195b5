package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"

	"comanda/account"
	"comanda/internal/client"
	"comanda/wire"
)

const ownerEmail = "owner@example.com"

// seedOwner signs up the sample owner with a sandbox brand and an OAuth app: what a person does in the portal.
func (d *demo) seedOwner(ctx context.Context) (c Credentials, err error) {
	c.AccountEmail, c.AccountPassword = ownerEmail, rand.Text()
	s := d.server
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
	c.OAuthAppID, c.ClientSecret, err = s.OAuth.CreateApp(ctx, owner, c.AppID, wire.OAuthApp{OauthAppName: wire.P("Sample POS")})
	return c, err
}

// subscribe registers the sample POS's callback for the events of orders, moving the subscription of an earlier run
// there, and returns its signing secret.
func (d *demo) subscribe(ctx context.Context, callback string) (secret string, err error) {
	path := "/api/v1.0/" + d.creds.AppID + "/webhooks/" + d.creds.OAuthAppID + "/subscriptions"
	body := map[string]any{
		"CallbackUrl": callback, "Enabled": true, "Version": "2", "VerifyToken": rand.Text(),
		"EventNames": []string{
			"order.created", "order.accepted", "order.rejected", "order.dispatched", "order.refunded", "order.tip.updated", "order.rating.updated",
		},
	}
	var have wire.Page[wire.WebhookSubscription]
	if err := d.api.Call(ctx, http.MethodGet, path, nil, &have); err != nil {
		return "", err
	}
	var id int
	if len(have.Data) > 0 {
		id = wire.V(have.Data[0].Id)
		err = d.api.Call(ctx, http.MethodPut, fmt.Sprintf("%s/%d", path, id), body, nil)
	} else {
		id, err = client.Data[int](ctx, d.api, http.MethodPost, path, body)
	}
	if err != nil {
		return "", err
	}
	return d.server.Webhooks.Secret(ctx, &account.Caller{Kind: account.System, Name: "Comanda"}, d.creds.AppID, d.creds.OAuthAppID, id)
}
