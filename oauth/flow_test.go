package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

const (
	callback = "https://client.example/cb"
	verifier = "a-verifier-that-is-long-enough-for-the-rules-1234567890"
)

func challengeOf(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// site is a web application with an OAuth app of its own, and a person who is signed in to Comanda.
type site struct {
	*kit
	id, secret string
	session    *account.Session
}

func (k *kit) site(name string) *site {
	k.t.Helper()
	s := &site{kit: k}
	s.id, s.secret = k.app(k.owner, name)
	_, err := k.AddRedirectURI(context.Background(), k.owner, "bella", s.id, callback)
	k.must(err)
	s.session = k.session(k.owner)
	return s
}

// session is a browser in which somebody has just signed in.
func (k *kit) session(c *account.Caller) *account.Session {
	return &account.Session{Key: "session-" + fmt.Sprint(c.Account), Account: c.Account, Authenticated: clock.Now(), Methods: []string{"pwd"}}
}

// ask sends an authorization request; pairs of names and values go over the usual parameters, an empty value takes one away.
func (s *site) ask(pairs ...string) Outcome {
	s.t.Helper()
	q := url.Values{"client_id": {s.id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid api offline_access"}, "state": {"st"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	out, err := s.Authorize(httptest.NewRequest("GET", "/identity/connect/authorize?"+q.Encode(), nil), s.session)
	s.must(err)
	return out
}

// agree asks and, where the person is asked, agrees for the kit's brand. It returns the parameters of the answer.
func (s *site) agree(pairs ...string) url.Values {
	s.t.Helper()
	out := s.ask(pairs...)
	if out.Consent != nil {
		out = s.decide(out, true, nil)
	}
	return s.answered(out)
}

func (s *site) decide(out Outcome, approve bool, stores []int) Outcome {
	s.t.Helper()
	d := Decision{Request: out.Consent.Request, Approve: approve, Stores: stores}
	if len(out.Consent.Brands) > 0 {
		d.Brand = s.brand.ID
	}
	next, err := s.Decide(httptest.NewRequest("POST", "/identity/consent", nil), s.session, d)
	s.must(err)
	return next
}

// answered reads what was sent to the redirect URI.
func (s *site) answered(out Outcome) url.Values {
	s.t.Helper()
	if out.Form != nil {
		v := url.Values{}
		for _, f := range out.Form.Fields {
			v.Add(f[0], f[1])
		}
		return v
	}
	rest, ok := strings.CutPrefix(out.Redirect, callback)
	if !ok {
		s.t.Fatalf("no answer to the client: %+v %+v", out, out.Page)
	}
	v, err := url.ParseQuery(rest[1:])
	s.must(err)
	if v.Get("iss") != "https://comanda.example/identity" {
		s.t.Fatalf("the answer does not say who gives it: %v", v)
	}
	return v
}

// redeem exchanges a code.
func (s *site) redeem(code string, more ...string) answer {
	return s.post("grant_type=authorization_code&redirect_uri="+url.QueryEscape(callback)+"&code="+url.QueryEscape(code)+strings.Join(more, ""), s.id, s.secret)
}

func (s *site) refresh(token string, more ...string) answer {
	return s.post("grant_type=refresh_token&refresh_token="+url.QueryEscape(token)+strings.Join(more, ""), s.id, s.secret)
}

func eachSite(t *testing.T, fn func(t *testing.T, s *site)) {
	t.Helper()
	each(t, func(t *testing.T, k *kit) { fn(t, k.site("Shop")) })
}

func TestAPersonLetsAnAppIn(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		out := s.ask("scope", "openid email orders:read offline_access")
		c := out.Consent
		if c == nil || c.AppName != "Shop" || c.OwnerBrand != "Bella" || c.RedirectHost != "client.example" || c.Person != "owner@example.com" ||
			len(c.Scopes) != 4 || len(c.Brands) != 1 || !c.Brands[0].Selected {
			t.Fatalf("%+v", c)
		}
		v := s.answered(s.decide(out, true, nil))
		if v.Get("state") != "st" || v.Get("code") == "" || v.Get("error") != "" {
			t.Fatal(v)
		}
		a := s.redeem(v.Get("code"))
		if a.status != 200 || a.body["scope"] != "openid email orders:read offline_access" || a.body["token_type"] != "Bearer" || a.body["id_token"] == nil || a.body["refresh_token"] == nil {
			t.Fatal(a)
		}
		who := s.caller(a.body["access_token"].(string))
		if who.Kind != account.Person || who.Account != s.owner.Account || who.OAuthApp != s.id || who.OwnSecret || who.Email != "owner@example.com" {
			t.Fatalf("%+v", who)
		}
		// An owner's token, cut to what was agreed to.
		if who.Require(account.ReadOrders, s.brand.ID, 0) != nil || who.Require(account.EditOrders, s.brand.ID, 0) == nil || who.Require(account.RevealSecrets, s.brand.ID, 0) == nil {
			t.Fatal("the rights are not those of the scope")
		}
		// The second time nobody is asked, for as much or for less.
		if again := s.answered(s.ask("scope", "openid orders:read")); again.Get("code") == "" {
			t.Fatal(again)
		}
		if more := s.ask("scope", "openid orders:write"); more.Consent == nil {
			t.Fatalf("more was given than agreed to: %+v", more)
		}
	})
}

// What came of a code or refresh token is ended when it is used twice, and of many uses at once one wins.
func TestOneOfManyRedemptionsWins(t *testing.T) {
	const parallelTries, rounds = 20, 100
	eachSite(t, func(t *testing.T, s *site) {
		s.agree() // the consent
		race := func(what string, redeem func() answer) {
			t.Helper()
			var mu sync.Mutex
			var won []answer
			parallel(parallelTries, func(int) {
				a := redeem()
				mu.Lock()
				defer mu.Unlock()
				switch {
				case a.status == 200:
					won = append(won, a)
				case a.status != 400 || a.body["error"] != "invalid_grant":
					t.Errorf("%s: %v", what, a)
				}
			})
			if len(won) != 1 {
				t.Fatalf("%s: %d of %d redemptions won", what, len(won), parallelTries)
			}
			s.refused(s.Server, won[0].body["access_token"].(string))
			if a := s.refresh(won[0].body["refresh_token"].(string)); a.status != 400 {
				t.Fatalf("%s: the refresh token lives on after a replay: %v", what, a)
			}
		}
		for range rounds {
			code := s.answered(s.ask()).Get("code")
			race("code", func() answer { return s.redeem(code) })
			first := s.redeem(s.answered(s.ask()).Get("code"))
			token := first.body["refresh_token"].(string)
			race("refresh token", func() answer { return s.refresh(token) })
			s.refused(s.Server, first.body["access_token"].(string))
		}
	})
}

func TestRefreshTokensForManyUses(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		usage := wire.RefreshTokenUsageReUse
		s.must(s.UpdateApp(context.Background(), s.owner, "bella", s.id, wire.OAuthApp{RefreshTokenUsage: &usage}))
		first := s.redeem(s.agree().Get("code"))
		token := first.body["refresh_token"].(string)
		for range 3 {
			a := s.refresh(token)
			if a.status != 200 || a.body["refresh_token"] != token || a.body["access_token"] == first.body["access_token"] {
				t.Fatal(a)
			}
			s.caller(a.body["access_token"].(string))
		}
		if a := s.refresh(token, "&scope=openid"); a.status != 200 || a.body["scope"] != "openid" {
			t.Fatal(a)
		}
		if a := s.refresh(token, "&scope=openid+email"); a.body["error"] != "invalid_scope" {
			t.Fatal(a)
		}
		other := s.kit.site("Other")
		if a := other.refresh(token); a.body["error"] != "invalid_grant" {
			t.Fatal(a)
		}
		if a := s.refresh(token); a.status != 200 {
			t.Fatalf("another app's try ended it: %v", a)
		}
	})
}

// Whatever is wrong with an authorization request is told in the right place, by the right name.
func TestAuthorizationRequestsThatAreRefused(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	s := k.site("Shop")
	s.agree()
	public := k.site("Public")
	isPublic := Public
	_, err := k.UpdateClientSettings(t.Context(), k.owner, "bella", public.id, ClientSettings{ClientType: &isPublic})
	k.must(err)
	implicit := k.site("Implicit")
	flow := wire.FlowImplicit
	k.must(k.UpdateApp(t.Context(), k.owner, "bella", implicit.id, wire.OAuthApp{Flow: &flow}))
	const query, fragment, form, page = "query", "fragment", "form", "page"
	for _, c := range []struct {
		name        string
		site        *site
		pairs       []string
		where, code string
	}{
		{"no client", s, []string{"client_id", ""}, page, "invalid_request"},
		{"unknown client", s, []string{"client_id", "1234567890123456789012"}, page, "invalid_client"},
		{"no redirect uri", s, []string{"redirect_uri", ""}, page, "invalid_request"},
		{"foreign redirect uri", s, []string{"redirect_uri", "https://evil.example/cb"}, page, "invalid_redirect_uri"},
		{"redirect uri with more behind", s, []string{"redirect_uri", callback + "/x"}, page, "invalid_redirect_uri"},
		{"redirect uri with a query", s, []string{"redirect_uri", callback + "?x=1"}, page, "invalid_redirect_uri"},
		{"redirect uri in another case", s, []string{"redirect_uri", "https://CLIENT.example/cb"}, page, "invalid_redirect_uri"},
		{"another port", s, []string{"redirect_uri", "https://client.example:444/cb"}, page, "invalid_redirect_uri"},
		{"no response type", s, []string{"response_type", ""}, query, "invalid_request"},
		{"unknown response type", s, []string{"response_type", "code x"}, query, "unsupported_response_type"},
		{"implicit is off", s, []string{"response_type", "token"}, fragment, "unauthorized_client"},
		{"code is off", implicit, nil, query, "unauthorized_client"},
		{"hybrid is off", implicit, []string{"response_type", "code token"}, fragment, "unauthorized_client"},
		{"query for hybrid", s, []string{"response_type", "code token", "response_mode", "query"}, fragment, "invalid_request"},
		{"unknown response mode", s, []string{"response_mode", "pigeon"}, query, "invalid_request"},
		{"nonce missing", s, []string{"response_type", "code id_token"}, fragment, "invalid_request"},
		{"nonce missing, all three", s, []string{"response_type", "code id_token token", "response_mode", "form_post"}, form, "invalid_request"},
		{"no openid for an ID token", s, []string{"response_type", "code id_token", "nonce", "n", "scope", "api"}, fragment, "invalid_request"},
		{"no scope that is known", s, []string{"scope", "everything"}, query, "invalid_scope"},
		{"no scope", s, []string{"scope", ""}, query, "invalid_scope"},
		{"PKCE plain", s, []string{"code_challenge", verifier, "code_challenge_method", "plain"}, query, "invalid_request"},
		{"PKCE without method is plain", s, []string{"code_challenge", challengeOf(verifier)}, query, "invalid_request"},
		{"PKCE method alone", s, []string{"code_challenge_method", "S256"}, query, "invalid_request"},
		{"PKCE that is no digest", s, []string{"code_challenge", "x", "code_challenge_method", "S256"}, query, "invalid_request"},
		{"public app without PKCE", public, nil, query, "invalid_request"},
		{"request object", s, []string{"request", "a.b.c"}, query, "request_not_supported"},
		{"request uri", s, []string{"request_uri", "https://client.example/r"}, query, "request_uri_not_supported"},
		{"registration", s, []string{"registration", "{}"}, query, "registration_not_supported"},
		{"unknown pushed request", s, []string{"request_uri", pushedPrefix + "x"}, page, "invalid_request_uri"},
		{"prompt none with another", s, []string{"prompt", "none login"}, query, "invalid_request"},
		{"unknown prompt", s, []string{"prompt", "maybe"}, query, "invalid_request"},
		{"max_age", s, []string{"max_age", "-1"}, query, "invalid_request"},
		{"hint", s, []string{"id_token_hint", "a.b.c"}, query, "invalid_request"},
		{"claims", s, []string{"claims", "["}, query, "invalid_request"},
		{"long nonce", s, []string{"nonce", strings.Repeat("n", 513)}, query, "invalid_request"},
		{"prompt none, not agreed to", s, []string{"prompt", "none", "scope", "openid api email"}, query, "consent_required"},
		{"sealed request of somebody's own making", s, []string{"continue", "AAAA"}, page, "invalid_request"},
	} {
		out := c.site.ask(c.pairs...)
		where, got := "", url.Values{}
		switch {
		case out.Page != nil:
			where = page
			got.Set("error", out.Page.Code)
			if out.Page.Status != 400 {
				t.Errorf("%s: status %d", c.name, out.Page.Status)
			}
		case out.Form != nil:
			where, got = form, c.site.answered(out)
		case strings.HasPrefix(out.Redirect, callback+"?"):
			where, got = query, c.site.answered(out)
		case strings.HasPrefix(out.Redirect, callback+"#"):
			where, got = fragment, c.site.answered(out)
		}
		if where != c.where || got.Get("error") != c.code || where != page && got.Get("state") != "st" {
			t.Errorf("%s: %s %v, want %s %s (%+v)", c.name, where, got, c.where, c.code, out)
		}
		for _, v := range got {
			if strings.Contains(v[0], "evil") {
				t.Errorf("%s repeats input: %v", c.name, got)
			}
		}
	}
	// A repeated parameter: at the client where it is plain who that is, else on a page.
	for query, where := range map[string]string{
		"&scope=openid&scope=api":                      callback + "?error=invalid_request",
		"&client_id=" + s.id:                           "",
		"&redirect_uri=" + url.QueryEscape(callback):   "",
		"&response_type=code&nonce=1&nonce=2&state=st": callback + "?error=invalid_request",
	} {
		r := httptest.NewRequest("GET", "/identity/connect/authorize?client_id="+s.id+"&redirect_uri="+url.QueryEscape(callback)+query, nil)
		out, err := s.Authorize(r, s.session)
		s.must(err)
		if where == "" && out.Page == nil || !strings.HasPrefix(out.Redirect, where) {
			t.Errorf("%s: %+v", query, out)
		}
	}
}

func TestWhoHasToSignIn(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	s := k.site("Shop")
	first := s.redeem(s.agree().Get("code"))
	hint := first.body["id_token"].(string)
	hourAgo := *s.session
	hourAgo.Authenticated = hourAgo.Authenticated.Add(-3600e9)
	other := k.session(k.person("other@example.com"))
	for _, c := range []struct {
		name    string
		session *account.Session
		pairs   []string
		want    string
	}{
		{"nobody is signed in", nil, nil, "sign in"},
		{"nobody is signed in, silent", nil, []string{"prompt", "none"}, "login_required"},
		{"signed in", s.session, nil, "code"},
		{"signed in, silent", s.session, []string{"prompt", "none"}, "code"},
		{"prompt login", &hourAgo, []string{"prompt", "login"}, "sign in again"},
		{"select account", &hourAgo, []string{"prompt", "select_account"}, "sign in again"},
		{"long ago", &hourAgo, nil, "code"},
		{"max age passed", &hourAgo, []string{"max_age", "3599"}, "sign in again"},
		{"max age passed, silent", &hourAgo, []string{"max_age", "3599", "prompt", "none"}, "login_required"},
		{"within max age", &hourAgo, []string{"max_age", "4000"}, "code"},
		{"hint of this person", s.session, []string{"id_token_hint", hint, "prompt", "none"}, "code"},
		{"hint of another person", other, []string{"id_token_hint", hint, "prompt", "none"}, "login_required"},
		{"hint of another person, not silent", other, []string{"id_token_hint", hint}, "sign in again"},
		{"an old sign-in does not let a new app act on the brand", &hourAgo, []string{"scope", "openid api email"}, "sign in again"},
		{"but it may be asked who it is", &hourAgo, []string{"scope", "openid email phone", "prompt", "consent"}, "consent"},
		{"prompt consent", s.session, []string{"prompt", "consent"}, "consent"},
	} {
		s.session = c.session
		out := s.ask(c.pairs...)
		var got string
		switch {
		case out.SignIn != nil && out.SignIn.Fresh:
			got = "sign in again"
		case out.SignIn != nil:
			got = "sign in"
		case out.Consent != nil:
			got = "consent"
		case s.answered(out).Get("code") != "":
			got = "code"
		default:
			got = s.answered(out).Get("error")
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if out.SignIn == nil {
			continue
		}
		// After a sign-in the request goes on by itself, and asks for none again.
		now := k.session(k.owner)
		next, err := k.Authorize(httptest.NewRequest("GET", out.SignIn.Continue, nil), now)
		k.must(err)
		if next.SignIn != nil {
			t.Errorf("%s: asks again after the sign-in", c.name)
		}
	}
}

func TestCodesThatAreNotRedeemed(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		s.agree()
		other := s.kit.site("Other")
		pkce := []string{"code_challenge", challengeOf(verifier), "code_challenge_method", "S256"}
		for _, c := range []struct {
			name  string
			pairs []string
			by    func(code string) answer
		}{
			{"another app", nil, func(code string) answer { return other.redeem(code) }},
			{"another redirect uri", nil, func(code string) answer {
				return s.post("grant_type=authorization_code&redirect_uri=https://client.example/&code="+code, s.id, s.secret)
			}},
			{"verifier without challenge", nil, func(code string) answer { return s.redeem(code, "&code_verifier="+verifier) }},
			{"challenge without verifier", pkce, func(code string) answer { return s.redeem(code) }},
			{"wrong verifier", pkce, func(code string) answer { return s.redeem(code, "&code_verifier="+verifier+"x") }},
			{"the challenge as verifier", pkce, func(code string) answer { return s.redeem(code, "&code_verifier="+challengeOf(verifier)) }},
		} {
			code := s.answered(s.ask(c.pairs...)).Get("code")
			if a := c.by(code); a.status != 400 || a.body["error"] != "invalid_grant" {
				t.Errorf("%s: %v", c.name, a)
			}
			// Nothing was used up: the app itself still can.
			more := ""
			if c.pairs != nil {
				more = "&code_verifier=" + verifier
			}
			if a := s.redeem(code, more); a.status != 200 {
				t.Errorf("%s ended the code: %v", c.name, a)
			}
		}
	})
}

// An ID token, a code and a refresh token are no access tokens.
func TestOnlyAccessTokensOpenTheAPI(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		v := s.agree("response_type", "code id_token token", "nonce", "n")
		a := s.redeem(v.Get("code"))
		for _, text := range []string{v.Get("id_token"), a.body["id_token"].(string), v.Get("code"), a.body["refresh_token"].(string)} {
			s.refused(s.Server, text)
		}
		s.caller(v.Get("access_token"))
		s.caller(a.body["access_token"].(string))
	})
}

// A grant never reaches further than the person who gave it, at any time.
func TestAGrantNeverExceedsTheGranter(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		staff := s.member(wire.AppAccessLevelStoreStaff, 7, 8)
		s.session = s.kit.session(staff)
		out := s.ask()
		if p := s.decide(out, true, []int{9}); s.answered(p).Get("error") != "access_denied" {
			t.Fatalf("a store was granted that the person does not have: %+v", p)
		}
		token := s.redeem(s.answered(s.decide(s.ask(), true, []int{7})).Get("code")).body["access_token"].(string)
		may := func(r account.Right, store int) bool { return s.caller(token).Require(r, s.brand.ID, store) == nil }
		if !may(account.EditOrders, 7) || may(account.EditOrders, 8) || may(account.RefundOrders, 7) {
			t.Fatal("the token's rights are not the person's, cut to the store")
		}
		s.must(s.accounts.SetMember(ctx, s.owner, s.brand.ID, staff.Account, wire.AppAccessLevelStoreReadOnlyAccess, []int{7, 8}))
		if may(account.EditOrders, 7) || !may(account.ReadOrders, 7) {
			t.Fatal("the token kept what the person lost")
		}
		s.must(s.accounts.RemoveMember(ctx, s.owner, s.brand.ID, staff.Account))
		if c := s.caller(token); len(c.Grants) != 0 {
			t.Fatalf("the person left the brand, the token did not: %+v", c)
		}
		if out := s.ask("prompt", "none"); s.answered(out).Get("error") != "consent_required" {
			t.Fatalf("%+v", out)
		}
	})
}

func TestRevokingAGrantEndsWhatCameOfIt(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		staff := s.member(wire.AppAccessLevelStoreStaff, 7)
		s.session = s.kit.session(staff)
		first := s.redeem(s.agree().Get("code"))
		second := s.redeem(s.answered(s.ask()).Get("code"))
		code := s.answered(s.ask()).Get("code")
		apps, err := s.ConnectedApps(ctx, s.owner, "bella")
		s.must(err)
		mine, err := s.MyConnectedApps(ctx, staff)
		s.must(err)
		if len(apps) != 1 || len(mine) != 1 || apps[0].GrantId != mine[0].GrantId || apps[0].OauthAppName != "Shop" || apps[0].AppId != "bella" || apps[0].AccountId != staff.Account || !slices.Contains(apps[0].Scopes, "api") {
			t.Fatalf("%+v %+v", apps, mine)
		}
		stranger := s.person("stranger@example.com")
		if err := s.RevokeGrant(ctx, stranger, apps[0].GrantId); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		s.must(s.RevokeGrant(ctx, s.owner, apps[0].GrantId))
		if err := s.RevokeGrant(ctx, s.owner, apps[0].GrantId); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		for _, a := range []answer{first, second} {
			s.refused(s.Server, a.body["access_token"].(string))
			if r := s.refresh(a.body["refresh_token"].(string)); r.body["error"] != "invalid_grant" {
				t.Fatal(r)
			}
		}
		if a := s.redeem(code); a.status == 200 {
			s.refused(s.Server, a.body["access_token"].(string))
		}
		if out := s.ask(); out.Consent == nil {
			t.Fatalf("nobody is asked again: %+v", out)
		}
	})
}

func TestUserInfoTellsWhatWasAgreedTo(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		userinfo := func(token string) answer {
			r := httptest.NewRequest(http.MethodGet, "/identity/connect/userinfo", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			return s.do(r)
		}
		for scope, want := range map[string][]string{
			"openid":               {"sub"},
			"openid email":         {"sub", "email", "email_verified"},
			"openid profile":       {"sub", "name", "updated_at"},
			"openid email profile": {"sub", "email", "email_verified", "name", "updated_at"},
		} {
			a := userinfo(s.redeem(s.agree("scope", scope).Get("code")).body["access_token"].(string))
			if a.status != 200 || len(a.body) != len(want) || a.body["sub"] != fmt.Sprint(s.owner.Account) {
				t.Errorf("%s: %v", scope, a)
			}
			for _, name := range want {
				if a.body[name] == nil {
					t.Errorf("%s: %s is missing: %v", scope, name, a)
				}
			}
		}
		one := s.redeem(s.agree("scope", "openid", "claims", `{"userinfo":{"email":{"essential":true},"shoe_size":null}}`).Get("code"))
		if a := userinfo(one.body["access_token"].(string)); a.body["email"] != "owner@example.com" || a.body["name"] != nil {
			t.Error(a)
		}
		if a := userinfo(s.token(s.id, s.secret)); a.status != 403 || a.body["error"] != "insufficient_scope" {
			t.Error(a)
		}
		if a := userinfo("cmd_at_x"); a.status != 401 || a.body["error"] != "invalid_token" || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer error=") {
			t.Error(a, a.header)
		}
	})
}

// Whatever ends a token ends it on every node within two seconds, and on the one that did it at once.
func TestWhatEndsATokenEndsItOnEveryNode(t *testing.T) {
	for name, end := range map[string]func(s *site, first answer, code string) error{
		"the grant is revoked": func(s *site, _ answer, _ string) error {
			apps, err := s.MyConnectedApps(context.Background(), s.owner)
			s.must(err)
			return s.RevokeGrant(context.Background(), s.owner, apps[0].GrantId)
		},
		"the code is used again": func(s *site, _ answer, code string) error {
			if a := s.redeem(code); a.status != 400 {
				return fmt.Errorf("%v", a)
			}
			return nil
		},
		"the refresh token is used twice": func(s *site, first answer, _ string) error {
			s.refresh(first.body["refresh_token"].(string))
			s.refresh(first.body["refresh_token"].(string))
			return nil
		},
		"the client revokes the refresh token": func(s *site, first answer, _ string) error {
			s.form("/identity/connect/revocation", "token="+first.body["refresh_token"].(string))
			return nil
		},
		"the client revokes the access token": func(s *site, first answer, _ string) error {
			s.form("/identity/connect/revocation", "token="+first.body["access_token"].(string))
			return nil
		},
		"the owner revokes it by its key": func(s *site, _ answer, _ string) error {
			list, _, err := s.Tokens(context.Background(), s.owner, "bella", s.id, 1, 10)
			for _, token := range list {
				err = errors.Join(err, s.RevokeToken(context.Background(), s.owner, "bella", token.Key))
				if token.TokenType == "refresh_token" {
					return nil // the access token went with it
				}
			}
			return err
		},
		"the app is deleted": func(s *site, _ answer, _ string) error {
			return s.DeleteApp(context.Background(), s.owner, "bella", s.id)
		},
		"the app's brand is switched off": func(s *site, _ answer, _ string) error {
			return s.accounts.SetDisabled(context.Background(), system, s.brand.ID, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newKit(t, dbtest.SQLite(t)).site("Shop")
				code := s.agree().Get("code")
				first := s.redeem(code)
				token := first.body["access_token"].(string)
				_, other := s.node()
				for _, node := range []*Server{s.Server, other} {
					if _, err := node.Authenticate(t.Context(), Bearer(token)); err != nil {
						t.Fatal(err)
					}
				}
				s.must(end(s, first, code))
				s.refused(s.Server, token)
				time.Sleep(2 * time.Second)
				s.refused(other, token)
			})
		})
	}
}

// A client that asks about a token learns of its own only.
func TestIntrospection(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		a := s.redeem(s.agree("scope", "openid orders:read offline_access").Get("code"))
		other := s.kit.site("Other")
		ask := func(s *site, token any) answer {
			return s.form("/identity/connect/introspect", "token="+url.QueryEscape(token.(string)))
		}
		got := ask(s, a.body["access_token"])
		if got.body["active"] != true || got.body["scope"] != "openid orders:read offline_access" || got.body["client_id"] != s.id || got.body["sub"] != fmt.Sprint(s.owner.Account) || got.body["token_type"] != "Bearer" {
			t.Fatal(got)
		}
		if got := ask(s, a.body["refresh_token"]); got.body["active"] != true || got.body["token_type"] != nil {
			t.Fatal(got)
		}
		for name, got := range map[string]answer{
			"another client": ask(other, a.body["access_token"]), "no token": ask(s, "x"), "an ID token": ask(s, a.body["id_token"]), "a secret": ask(s, s.secret),
		} {
			if got.status != 200 || got.body["active"] != false || len(got.body) != 1 {
				t.Errorf("%s: %v", name, got)
			}
		}
		if got := s.postTo("/identity/connect/introspect", "token=x", "", ""); got.status != 401 {
			t.Error(got)
		}
		s.form("/identity/connect/revocation", "token="+a.body["refresh_token"].(string))
		for _, name := range []string{"access_token", "refresh_token"} {
			if got := ask(s, a.body[name]); got.body["active"] != false {
				t.Errorf("%s after its revocation: %v", name, got)
			}
		}
		// Somebody else's token is not revoked.
		b := s.redeem(s.agree().Get("code"))
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/identity/connect/revocation", strings.NewReader("token="+b.body["access_token"].(string)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(other.id, other.secret)
		s.Handler().ServeHTTP(w, r)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "invalid_request") {
			t.Error(w.Code, w.Body)
		}
		s.caller(b.body["access_token"].(string))
	})
}

// A public app on a person's device is asked about each time, and its refresh tokens are for one use.
func TestPublicAppsOnADevice(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		public, reuse := Public, wire.RefreshTokenUsageReUse
		_, err := s.UpdateClientSettings(ctx, s.owner, "bella", s.id, ClientSettings{ClientType: &public})
		s.must(err)
		s.must(s.UpdateApp(ctx, s.owner, "bella", s.id, wire.OAuthApp{RefreshTokenUsage: &reuse}))
		for _, uri := range []string{"http://127.0.0.1/cb", "oob://localhost/page"} {
			_, err := s.AddRedirectURI(ctx, s.owner, "bella", s.id, uri)
			s.must(err)
		}
		pkce := []string{"code_challenge", challengeOf(verifier), "code_challenge_method", "S256"}
		code := s.agree(pkce...).Get("code")
		if out := s.ask(pkce...); out.Consent != nil {
			t.Fatal("a page of its own over https is asked about again")
		}
		for _, uri := range []string{"http://127.0.0.1:4711/cb", "oob://localhost/page"} {
			if out := s.ask(append(pkce, "redirect_uri", uri)...); out.Consent == nil {
				t.Errorf("%s is let in without a question: %+v", uri, out)
			}
			if out := s.ask(append(pkce, "redirect_uri", uri, "prompt", "none")...); !strings.Contains(out.Redirect, "error=consent_required") {
				t.Errorf("%s is let in silently: %+v", uri, out)
			}
		}
		who := "&client_id=" + s.id
		a := s.postTo("/identity/connect/token", "grant_type=authorization_code&code_verifier="+verifier+"&redirect_uri="+url.QueryEscape(callback)+"&code="+code+who, "", "")
		again := "grant_type=refresh_token&refresh_token=" + a.body["refresh_token"].(string) + who
		first := s.postTo("/identity/connect/token", again, "", "")
		if first.status != 200 || first.body["refresh_token"] == a.body["refresh_token"] {
			t.Fatal(first)
		}
		if second := s.postTo("/identity/connect/token", again, "", ""); second.body["error"] != "invalid_grant" {
			t.Fatal(second)
		}
	})
}
