package oauth

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

// Who registers a key for an app, makes it public or sets its level comes by what it can do: that takes what reading its
// secret takes, and neither the right Develop nor a scope that includes it.
func TestCredentialsAreSetByThoseWhoMayHoldThem(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		set, err := json.Marshal(keySet{Keys: []jose.JSONWebKey{{Key: newECKey(t).Public(), KeyID: "k1"}}})
		s.must(err)
		method, public, level := authPrivateKey, Public, wire.AppAccessLevelManagedOwner
		yes := true
		narrow := s.post("grant_type=client_credentials&scope=developer", s.id, s.secret).body["access_token"].(string)
		delegated := s.redeem(s.agree("scope", "openid developer").Get("code")).body["access_token"].(string)
		all := s.redeem(s.agree("scope", "openid api").Get("code")).body["access_token"].(string)
		for who, c := range map[string]*account.Caller{
			"an integrator": s.member(wire.AppAccessLevelIntegrator), "a narrow token": s.caller(narrow),
			"a delegated narrow token": s.caller(delegated), "a delegated token": s.caller(all),
		} {
			for what, in := range map[string]ClientSettings{
				"keys": {Jwks: set}, "how it authenticates": {TokenEndpointAuthMethod: &method, Jwks: set},
				"that it is public": {ClientType: &public}, "its level": {AccessLevel: &level},
			} {
				if _, err := s.UpdateClientSettings(t.Context(), c, "bella", s.id, in); fault.KindOf(err) != fault.Forbidden {
					t.Errorf("%s set %s of an owner's app: %v", who, what, err)
				}
			}
			if _, err := s.UpdateClientSettings(t.Context(), c, "bella", s.id, ClientSettings{RequirePushedAuthorizationRequests: &yes}); err != nil {
				t.Errorf("%s: %v", who, err)
			}
		}
		for who, c := range map[string]*account.Caller{"the owner": s.owner, "the app itself": s.caller(s.token(s.id, s.secret))} {
			if _, err := s.UpdateClientSettings(t.Context(), c, "bella", s.id, ClientSettings{Jwks: set, AccessLevel: &level}); err != nil {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
}

// Stores are chosen for the scopes that are asked for. They do not become those of scopes that were agreed to before, and
// of tokens that are there.
func TestMoreStoresForOneScopeAreNotMoreForAnother(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		one := s.answered(s.decide(s.ask("scope", "openid orders:write offline_access"), true, []int{1}))
		first := s.redeem(one.Get("code"))
		token, refresh := first.body["access_token"].(string), first.body["refresh_token"].(string)
		may := func(token string, r account.Right, store int) bool {
			c, err := s.Authenticate(t.Context(), Bearer(token))
			return err == nil && c.Require(r, s.brand.ID, store) == nil
		}
		if !may(token, account.EditOrders, 1) || may(token, account.EditOrders, 2) {
			t.Fatal("the token is not for the one store")
		}
		all := s.redeem(s.answered(s.decide(s.ask("scope", "openid menus:read"), true, nil)).Get("code")).body["access_token"].(string)
		if !may(all, account.ReadMenus, 2) {
			t.Error("what was agreed to now is not there")
		}
		if may(token, account.EditOrders, 2) {
			t.Error("the earlier token reaches stores that nobody gave it")
		}
		if a := s.refresh(refresh); a.status == 200 && may(a.body["access_token"].(string), account.EditOrders, 2) {
			t.Error("the earlier refresh token reaches stores that nobody gave it")
		}
		if out := s.ask("scope", "openid orders:write"); out.Consent == nil {
			t.Error("the earlier scope goes on, for stores that nobody chose for it")
		}
		// With no more stores than before, scopes add up.
		some := s.redeem(s.answered(s.decide(s.ask("scope", "openid orders:read"), true, []int{1})).Get("code")).body["access_token"].(string)
		if !may(some, account.ReadOrders, 1) || !may(all, account.ReadMenus, 1) || may(all, account.ReadMenus, 2) {
			t.Error("fewer stores: the earlier scope does not stand for these")
		}
	})
}

// A code is good for nothing once the consent behind it was taken back, or the person cannot sign in any more.
func TestACodeNeedsConsentAndPersonWhenItIsRedeemed(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		code := s.agree().Get("code")
		mine, err := s.MyConnectedApps(t.Context(), s.owner)
		s.must(err)
		s.must(s.RevokeGrant(t.Context(), s.owner, mine[0].GrantId))
		if a := s.redeem(code); a.status != 400 || a.body["error"] != "invalid_grant" {
			t.Errorf("after the consent was taken back: %v", a)
		}
		refresh := s.redeem(s.agree().Get("code")).body["refresh_token"].(string)
		code = s.agree().Get("code")
		s.must(s.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`update accounts set disabled = true where id = $1`, s.owner.Account)
			return err
		}))
		if a := s.redeem(code); a.status != 400 || a.body["error"] != "invalid_grant" {
			t.Errorf("after the account was disabled: %v", a)
		}
		if a := s.refresh(refresh); a.status != 400 || a.body["error"] != "invalid_grant" {
			t.Errorf("refresh after the account was disabled: %v", a)
		}
	})
}

// The consent page asks for a recent sign-in; so does the answer to it, however long the page stood there.
func TestAnOldConsentPageNeedsARecentSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKit(t, dbtest.SQLite(t)).site("Shop")
		time.Sleep(time.Minute)
		asked := s.ask("scope", "openid api")
		if asked.Consent == nil {
			t.Fatalf("%+v", asked)
		}
		time.Sleep(account.StepUp)
		if out := s.decide(asked, true, nil); out.SignIn == nil || !out.SignIn.Fresh {
			t.Fatalf("an app was let in by a sign-in of %v ago: %+v", account.StepUp+time.Minute, out)
		}
		s.session = s.kit.session(s.owner)
		if v := s.answered(s.decide(asked, true, nil)); v.Get("code") == "" {
			t.Fatal(v)
		}
	})
}

// A page shows a code as the device does, and nothing else that stood in a link.
func TestACodeIsShownAsTheDeviceShowsIt(t *testing.T) {
	s := newKit(t, dbtest.SQLite(t)).site("Kiosk")
	shown := s.pair("orders:read")["user_code"].(string)
	p, err := s.DeviceRequest(httptest.NewRequest("POST", "/identity/device", nil), s.session, "001 "+shown[:4]+"\u202e"+shown[5:]+" (oui)")
	if err != nil || p.UserCode != shown {
		t.Errorf("the page shows %q, the device %q (%v)", p.UserCode, shown, err)
	}
}

// What travels in addresses or is stored for anybody is bounded, parameters that nobody knows included.
func TestALargeRequestIsRefused(t *testing.T) {
	s := newKit(t, dbtest.SQLite(t)).site("Shop")
	large := strings.Repeat("x", maxRequest)
	if v := s.answered(s.ask("strange", large)); v.Get("error") != "invalid_request" {
		t.Error(v)
	}
	form := "response_type=code&scope=openid&redirect_uri=" + url.QueryEscape(callback) + "&strange="
	if a := s.form("/identity/connect/par", form+large); a.status != 400 || a.body["error"] != "invalid_request" {
		t.Error(a)
	}
	if a := s.form("/identity/connect/par", form+"x"); a.status != 201 {
		t.Error(a)
	}
}

// A request that somebody kept for later is not answered by what the person did meanwhile for another one.
func TestAKeptRequestGetsNoMoreThanANewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKit(t, dbtest.SQLite(t)).site("Shop")
		goOn := func(path string) Outcome {
			out, err := s.Authorize(httptest.NewRequest("GET", path, nil), s.session)
			s.must(err)
			return out
		}
		keep := func(pairs ...string) string {
			person := s.session
			s.session = nil
			defer func() { s.session = person }()
			return s.ask(pairs...).SignIn.Continue
		}
		const scheme = "com.example.app://cb"
		_, err := s.AddRedirectURI(t.Context(), s.owner, "bella", s.id, scheme)
		s.must(err)
		consent := keep("prompt", "consent")
		front := keep("response_type", "code token", "redirect_uri", scheme)
		login := keep("prompt", "login")
		age := keep("max_age", "60")
		time.Sleep(time.Minute)
		s.session = s.kit.session(s.owner)
		s.agree()
		for name, path := range map[string]string{"prompt consent": consent, "tokens in front to a scheme that others can claim": front} {
			if out := goOn(path); out.Consent == nil {
				t.Errorf("%s: nobody was asked: %+v", name, out)
			}
		}
		time.Sleep(account.StepUp + time.Second)
		for name, path := range map[string]string{"prompt login": login, "max_age": age, "prompt consent": consent} {
			if out := goOn(path); out.SignIn == nil || !out.SignIn.Fresh {
				t.Errorf("%s: nobody has to sign in again: %+v", name, out)
			}
		}
	})
}

// The sign-in page leads back to paths of this server only.
func TestASignInIsForNoForeignAddress(t *testing.T) {
	s := newKit(t, dbtest.SQLite(t)).site("Shop")
	s.session = nil
	path := s.ask().SignIn.Continue
	if p := s.ForSignIn(t.Context(), path); p.AppName != "Shop" || p.Continue != path {
		t.Errorf("%+v", p)
	}
	for _, foreign := range []string{"//evil.example" + path, "https://evil.example" + path} {
		if p := s.ForSignIn(t.Context(), foreign); p.Continue != "" {
			t.Errorf("%s: %+v", foreign, p)
		}
	}
}
