package interop

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// TestGoClients is what a Go program does with coreos/go-oidc and x/oauth2.
func TestGoClients(t *testing.T) { eachSubject(t, goClients) }

func goClients(t *testing.T, p *provider) {
	ctx := oidc.ClientContext(t.Context(), p.http())
	discovered, err := oidc.NewProvider(ctx, p.issuer)
	if err != nil {
		t.Fatal(err)
	}
	configs := map[string]oauth2.AuthStyle{"basic": oauth2.AuthStyleInHeader, "post": oauth2.AuthStyleInParams, "public": oauth2.AuthStyleInParams}
	config := func(name string) *oauth2.Config {
		c := p.clients[name]
		endpoint := discovered.Endpoint()
		endpoint.AuthStyle = configs[name]
		return &oauth2.Config{
			ClientID: c.ID, ClientSecret: c.Secret, Endpoint: endpoint, RedirectURL: callback,
			Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess, "api"},
		}
	}
	// accepted checks all that a token endpoint's answer to a person's sign-in has to hold.
	accepted := func(t *testing.T, name, nonce string, token *oauth2.Token) {
		t.Helper()
		raw, _ := token.Extra("id_token").(string)
		id, err := discovered.VerifierContext(ctx, &oidc.Config{ClientID: p.clients[name].ID, SupportedSigningAlgs: []string{p.clients[name].Alg}}).Verify(ctx, raw)
		if err != nil {
			t.Fatal(err)
		}
		if id.Nonce != nonce {
			t.Errorf("nonce %q, want %q", id.Nonce, nonce)
		}
		if id.AccessTokenHash != "" {
			check(t, id.VerifyAccessToken(token.AccessToken))
		}
		info, err := discovered.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			t.Fatal(err)
		}
		if info.Subject != id.Subject || info.Email != p.person.email || !info.EmailVerified {
			t.Errorf("userinfo tells of %+v, the ID token of %s", info, id.Subject)
		}
	}

	for name := range configs {
		t.Run("code and PKCE "+name, func(t *testing.T) {
			c := config(name)
			verifier, nonce := oauth2.GenerateVerifier(), "n-"+name
			address := c.AuthCodeURL("s-1", oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce), oauth2.SetAuthURLParam("prompt", "consent"))
			end := must(p.newPerson(t).visit(address))(t)
			back := end.params()
			if back.Get("state") != "s-1" || back.Get("iss") != p.issuer {
				t.Fatalf("came back to %s with %v: %s", end.URL, back, end.Text)
			}
			token, err := c.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			accepted(t, name, nonce, token)

			stale := *token
			stale.Expiry = time.Unix(1, 0)
			fresh, err := c.TokenSource(ctx, &stale).Token()
			if err != nil {
				t.Fatal(err)
			}
			if fresh.AccessToken == token.AccessToken || fresh.RefreshToken == token.RefreshToken {
				t.Error("the refresh made no new tokens")
			}
			if _, err := discovered.UserInfo(ctx, oauth2.StaticTokenSource(fresh)); err != nil {
				t.Error(err)
			}
			_, err = c.TokenSource(ctx, &stale).Token()
			refused(t, err, "invalid_grant")
			_, err = c.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
			refused(t, err, "invalid_grant")
		})
	}
	for _, name := range []string{"basic", "post"} {
		t.Run("client credentials "+name, func(t *testing.T) {
			c := config(name)
			own := clientcredentials.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: c.Endpoint.TokenURL, AuthStyle: c.Endpoint.AuthStyle, Scopes: []string{"api"}}
			token, err := own.Token(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !token.Valid() || token.RefreshToken != "" {
				t.Errorf("got %v", token)
			}
			own.ClientSecret += "x"
			_, err = own.Token(ctx)
			refused(t, err, "invalid_client")
		})
	}
	t.Run("device", func(t *testing.T) {
		c := config("public") // x/oauth2 authenticates no client where a device asks for its code
		c.Endpoint.DeviceAuthURL = must(deviceEndpoint(discovered))(t)
		asked, err := c.DeviceAuth(ctx)
		if err != nil {
			t.Fatal(err)
		}
		who := p.newPerson(t)
		who.code = asked.UserCode
		if end := must(who.visit(asked.VerificationURI))(t); end.Status >= 300 {
			t.Fatalf("the person got %d at %s: %s", end.Status, end.URL, end.Text)
		}
		asked.Interval = 1 // nobody has asked yet, so this is not too fast
		waiting, cancel := context.WithTimeout(ctx, startPatience)
		defer cancel()
		token, err := c.DeviceAccessToken(waiting, asked)
		if err != nil {
			t.Fatal(err)
		}
		accepted(t, "public", "", token)
	})
}

func deviceEndpoint(p *oidc.Provider) (string, error) {
	var more struct {
		Device string `json:"device_authorization_endpoint"`
	}
	err := p.Claims(&more)
	return more.Device, err
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) || r.ErrorCode != code {
		t.Errorf("the answer is %v, want the error %s", err, code)
	}
}
