package oauth

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

// login signs the session's person in at the command line and returns the answer with the token.
func (s *site) login() answer {
	s.t.Helper()
	d := s.postTo("/identity/connect/deviceauthorization", "scope=api&client_id="+CommandLine, "", "")
	if d.status != 200 {
		s.t.Fatal(d)
	}
	r := httptest.NewRequest("POST", "/identity/device", nil)
	p, err := s.DeviceRequest(r, s.session, d.body["user_code"].(string))
	s.must(err)
	if p.AppName != "Comanda command line" || p.OwnerBrand != "" || len(p.Brands) != 1 {
		s.t.Fatalf("%+v", p)
	}
	_, err = s.DecideDevice(r, s.session, Decision{Request: p.Request, Approve: true, Brand: s.brand.ID})
	s.must(err)
	return s.postTo("/identity/connect/token", "grant_type="+url.QueryEscape(grantDevice)+"&client_id="+CommandLine+"&device_code="+d.body["device_code"].(string), "", "")
}

// At the command line a person may what they may in the portal, secrets shortly after they signed in included, until they
// sign out or take it back.
func TestAPersonActsByHandAtTheCommandLine(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		a := s.login()
		if a.status != 200 || a.body["refresh_token"] != nil || a.body["expires_in"] != commandLineLife.Seconds() {
			t.Fatal(a)
		}
		token := a.body["access_token"].(string)
		c := s.caller(token)
		if c.Kind != account.Person || c.Account != s.owner.Account || !c.Authenticated.Equal(s.session.Authenticated) || c.Require(account.EditTeammates, s.brand.ID, 0) != nil {
			t.Fatalf("%+v", c)
		}
		secret, err := s.Secret(ctx, c, "bella", s.id)
		if err != nil || secret != s.secret {
			t.Fatal(err)
		}
		own, err := s.AccessToken(ctx, c, "bella", s.id)
		s.must(err)
		s.caller(own)

		// An app that a person let in gets nowhere near.
		given := s.redeem(s.agree().Get("code")).body["access_token"].(string)
		if _, err := s.Secret(ctx, s.caller(given), "bella", s.id); fault.KindOf(err) != fault.Forbidden {
			t.Fatal(err)
		}
		if _, err := s.AccessToken(ctx, s.caller(given), "bella", s.id); fault.KindOf(err) != fault.Forbidden {
			t.Fatal(err)
		}

		apps, err := s.MyConnectedApps(ctx, s.owner)
		s.must(err)
		grant := 0
		for _, one := range apps {
			if one.OauthAppId == CommandLine && one.OauthAppName == "Comanda command line" && one.OwnerName == "" && one.AppId == "bella" {
				grant = one.GrantId
			}
		}
		s.must(s.RevokeGrant(ctx, s.owner, grant))
		s.refused(s.Server, token)

		again := s.login().body["access_token"].(string)
		if a := s.postTo("/identity/connect/revocation", "client_id="+CommandLine+"&token="+again, "", ""); a.status != 200 {
			t.Fatal(a)
		}
		s.refused(s.Server, again)
	})
}

// Nobody owns the command line's client, and the device flow is all that it can do.
func TestTheCommandLineIsNobodysApp(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		if _, err := s.App(ctx, s.owner, "bella", CommandLine); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if err := s.UpdateApp(ctx, s.owner, "bella", CommandLine, wire.OAuthApp{OauthAppName: wire.P("Mine")}); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if err := s.DeleteApp(ctx, s.owner, "bella", CommandLine); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if _, err := s.AddRedirectURI(ctx, s.owner, "bella", CommandLine, callback); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if a := s.post("grant_type=client_credentials&client_id="+CommandLine, "", ""); a.body["error"] != "unauthorized_client" {
			t.Error(a)
		}
		if a := s.post("grant_type=client_credentials", CommandLine, "secret"); a.body["error"] != "invalid_client" {
			t.Error(a)
		}
		q := url.Values{"client_id": {CommandLine}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"api"}}
		out, err := s.Authorize(httptest.NewRequest("GET", "/identity/connect/authorize?"+q.Encode(), nil), s.session)
		if err != nil || out.Page == nil {
			t.Errorf("%+v %v", out, err)
		}
	})
}

func TestTheCommandLineForgetsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKit(t, dbtest.SQLite(t)).site("Shop")
		token := s.login().body["access_token"].(string)
		time.Sleep(account.StepUp + time.Second)
		c := s.caller(token)
		if _, err := s.Secret(context.Background(), c, "bella", s.id); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a secret is revealed long after the sign-in: %v", err)
		}
		if _, err := s.AccessToken(context.Background(), c, "bella", s.id); err != nil {
			t.Error(err)
		}
		time.Sleep(commandLineLife)
		s.refused(s.Server, token)
	})
}

// Anybody can call as the command line, so each address may start only so many sign-ins.
func TestSignInsFromOneAddressAreSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKit(t, dbtest.SQLite(t)).site("Shop")
		start := func(client string) answer {
			return s.postTo("/identity/connect/deviceauthorization", "scope=api&client_id="+client, "", "")
		}
		for i := range startPatience.FreeAddress + 1 {
			if a := start(CommandLine); a.status != 200 {
				t.Fatal(i, a)
			}
		}
		if a := start(CommandLine); a.status != 429 || a.header.Get("Retry-After") == "" {
			t.Fatal(a)
		}
		if a := s.pair("api"); a["user_code"] == nil { // an app that proves who it is may go on
			t.Error(a)
		}
		time.Sleep(time.Second)
		if a := start(CommandLine); a.status != 200 {
			t.Error(fmt.Sprint(a))
		}
	})
}
