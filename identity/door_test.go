package identity_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"comanda/internal/db"
	"comanda/oauth"
)

const strict = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

const withScript = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func TestSignInByPassword(t *testing.T) {
	each(t, func(s *site) {
		b := s.browser()
		wrong := b.post("/identity/login", "email", ownerEmail, "password", "not this one").is(http.StatusUnauthorized).
			says("E-mail and password do not match", `aria-invalid="true"`, `value="`+ownerEmail+`"`)
		if strings.Contains(wrong.text, "not this one") || wrong.Header.Get("Set-Cookie") != "" {
			t.Errorf("a refused sign-in sent back the password or a cookie %q", wrong.Header.Get("Set-Cookie"))
		}
		unknown := b.post("/identity/login", "email", "nobody@example.com", "password", "not this one").is(http.StatusUnauthorized)
		if a, b := strings.ReplaceAll(wrong.text, ownerEmail, "X"), strings.ReplaceAll(unknown.text, "nobody@example.com", "X"); a != b {
			t.Error("a wrong password and an unknown address look different")
		}
		in := b.post("/identity/login", "email", ownerEmail, "password", password).leadsTo("/identity/account")
		if cookie := in.Header.Get("Set-Cookie"); !regexp.MustCompile(`^__Host-comanda=cmd_ss_[\w-]{43}; Path=/; HttpOnly; Secure; SameSite=Lax$`).MatchString(cookie) {
			t.Errorf("the cookie is %s", cookie)
		}
		b.get("/identity/account").is(http.StatusOK).says(ownerEmail, "This browser")
		s.browser().get("/identity/account").leadsTo("/identity/login?return=%2Fidentity%2Faccount")
	})
}

func TestASignInLeadsToPathsOfThisServerOnly(t *testing.T) {
	s := start(t, "")
	for target, want := range map[string]string{
		"/identity/device":           "/identity/device",
		"/identity/device?user_code": "/identity/device?user_code",
		"//evil.example/x":           "/identity/account",
		`/\evil.example/x`:           "/identity/account",
		"https://evil.example/x":     "/identity/account",
		"/%2f/evil.example":          "/identity/account",
		"javascript:alert(1)":        "/identity/account",
		"":                           "/identity/account",
	} {
		s.browser().post("/identity/login", "email", ownerEmail, "password", password, "return", target).leadsTo(want)
		if got := s.browser().get("/identity/login?return=" + url.QueryEscape(target)).input("return"); got != want {
			t.Errorf("the page for %q returns to %q, want %q", target, got, want)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s := start(t, "")
	b := s.browser()
	b.signIn()
	form := url.Values{"email": {ownerEmail}, "password": {password}}
	for _, path := range []string{
		"/identity/login", "/identity/login/pin/send", "/identity/login/pin", "/identity/login/second", "/identity/signup", "/identity/verify", "/identity/reset",
		"/identity/reset/link", "/identity/invite", "/identity/consent", "/identity/device", "/identity/device/decide", "/identity/logout",
		"/identity/account/profile", "/identity/account/password", "/identity/account/two-step", "/identity/account/two-step/confirm", "/identity/account/two-step/end",
		"/identity/account/recovery", "/identity/invite/join", "/identity/login/passkey", "/identity/login/passkey/options", "/identity/account/passkeys",
		"/identity/account/passkeys/options", "/identity/account/passkeys/remove", "/identity/account/sessions/end", "/identity/account/sessions/others", "/identity/account/apps/revoke",
	} {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		} {
			a := b.send(http.MethodPost, path, form, headers...).is(http.StatusForbidden).says("This form came from another site")
			if a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s set a cookie for another site", path)
			}
		}
	}
	b.get("/identity/account").is(http.StatusOK) // still signed in
	// By protocol these two come from elsewhere.
	b.send(http.MethodPost, "/identity/connect/authorize", url.Values{"client_id": {"nobody"}}, "Sec-Fetch-Site", "cross-site").is(http.StatusBadRequest).says("client_id")
	b.send(http.MethodPost, "/identity/connect/endsession", url.Values{}, "Sec-Fetch-Site", "cross-site").is(http.StatusSeeOther)
	b.get("/identity/account").is(http.StatusOK) // and nothing came of it
}

// A page of an app may redeem its code itself.
func TestClientsOnPagesOfOtherSitesAreServed(t *testing.T) {
	b := start(t, "").browser()
	for _, path := range []string{"/identity/connect/token", "/identity/Connect/Revocation", "/identity/connect/userinfo"} {
		a := b.send(http.MethodPost, path, url.Values{"client_id": {"nobody"}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://till.example").is(http.StatusUnauthorized)
		if a.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s answers %v to a page of another site", path, a.Header)
		}
	}
}

func TestEveryPageHasAStrictPolicy(t *testing.T) {
	s := start(t, "")
	b := s.browser()
	check := func(a answer, policy string) {
		t.Helper()
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			"Content-Type": "text/html; charset=utf-8",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", a.Request.URL, name, got, want)
			}
		}
		for _, e := range append(a.all("script"), append(a.all("link"), a.all("img")...)...) {
			if at := e["src"] + e["href"]; at != "" && !strings.HasPrefix(at, "/identity/assets/") {
				t.Errorf("%s loads %s", a.Request.URL, at)
			}
		}
	}
	login := b.get("/identity/login")
	check(login, withScript)
	for _, e := range append(login.all("script"), login.all("link")...) {
		if a := b.get(e["src"] + e["href"]).is(http.StatusOK); !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s is not kept", a.Request.URL)
		}
	}
	for _, path := range []string{"/identity/signup", "/identity/reset", "/identity/logout", "/identity/connect/authorize", "/identity/invite?code=none"} {
		check(b.get(path), strict)
	}
	toApp := strings.Replace(withScript, "form-action 'self'", "form-action 'self' https:", 1)
	asked := b.get(s.request())
	check(b.get(asked.Header.Get("Location")), toApp)
	b.signIn()
	check(b.get("/identity/account"), withScript)
	check(b.get("/identity/device"), strict)
	check(b.get(s.request()), strings.Replace(strict, "form-action 'self'", "form-action 'self' https:", 1))
	s.allowLanding("oob://localhost/wpf.webview.client")
	check(b.get(s.request("redirect_uri", "oob://localhost/wpf.webview.client")), strings.Replace(strict, "form-action 'self'", "form-action 'self' oob: https:", 1))
}

func TestPlainHTTPRedirectsPagesAndRefusesTheRest(t *testing.T) {
	s := start(t, "")
	b := s.browser()
	plain := "http" + strings.TrimPrefix(s.url, "https")
	a := b.send(http.MethodGet, plain+"/identity/login?return=%2Fx", nil).is(http.StatusPermanentRedirect)
	if got := a.Header.Get("Location"); got != s.url+"/identity/login?return=%2Fx" {
		t.Error(got)
	}
	b.send(http.MethodPost, plain+"/identity/login", url.Values{"email": {ownerEmail}, "password": {password}}).is(http.StatusForbidden)
	for _, path := range []string{"/identity/connect/token", "/identity/connect/userinfo", "/identity/.well-known/openid-configuration"} {
		if a := b.send(http.MethodGet, plain+path, nil).is(http.StatusForbidden); !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %s", path, a.Header.Get("Content-Type"))
		}
	}
}

func TestAnAppIsLetInByConsent(t *testing.T) {
	each(t, func(s *site) {
		s.renameApp("Till sync")
		b := s.browser()
		login := b.get(s.request()).is(http.StatusSeeOther).Header.Get("Location")
		if !strings.HasPrefix(login, "/identity/login?return=%2Fidentity%2Fconnect%2Fauthorize%3Fcontinue%3D") {
			t.Fatalf("sign-in is at %s", login)
		}
		back := b.get(login).is(http.StatusOK).says("Till sync").input("return")
		b.post("/identity/login", "email", ownerEmail, "password", password, "return", back).leadsTo(back)
		consent := b.get(back).is(http.StatusOK).says("Let Till sync in?", "An app of Bella Napoli", "Do everything that you can do", ownerEmail)

		denied := b.post("/identity/consent", "request", consent.input("request"), "decision", "deny").is(http.StatusSeeOther).Header.Get("Location")
		if !strings.HasPrefix(denied, s.landing+"?") || !strings.Contains(denied, "error=access_denied") || !strings.Contains(denied, "state=st") {
			t.Errorf("denied leads to %s", denied)
		}
		allowed := b.post("/identity/consent", "request", consent.input("request"), "decision", "approve", "brand", consent.input("brand"), "all_stores", "true").
			is(http.StatusSeeOther).Header.Get("Location")
		if !strings.HasPrefix(allowed, s.landing+"?code=") || !strings.Contains(allowed, "state=st") {
			t.Errorf("allowed leads to %s", allowed)
		}
		// It is asked once.
		if again := b.get(s.request()).is(http.StatusSeeOther).Header.Get("Location"); !strings.HasPrefix(again, s.landing+"?code=") {
			t.Errorf("the second time leads to %s", again)
		}
		b.get("/identity/account").says("Till sync")
	})
}

func TestALongRequestOutlastsTheSignIn(t *testing.T) {
	s := start(t, "")
	b := s.browser()
	login := b.get(s.request("state", strings.Repeat("x", 4096), "nonce", strings.Repeat("n", 512))).is(http.StatusSeeOther).Header.Get("Location")
	if back := b.get(login).is(http.StatusOK).input("return"); !strings.HasPrefix(back, "/identity/connect/authorize?continue=") {
		t.Errorf("the sign-in leads to %s", back)
	}
}

func TestConsentIsForTheStoresThatAreTicked(t *testing.T) {
	s := start(t, "")
	s.moreBrands()
	b := s.browser()
	b.signIn()
	page := b.get(s.request("scope", "openid orders:read")).is(http.StatusOK)
	var stores []string
	for _, e := range page.all("input") {
		if e["name"] == "stores" {
			stores = append(stores, e["value"])
		}
	}
	if len(stores) != 4 {
		t.Fatalf("the stores are %v", stores)
	}
	brand := page.input("brand")
	form := url.Values{"request": {page.input("request")}, "decision": {"approve"}, "brand": {brand}}
	b.send(http.MethodPost, "/identity/consent", form).is(http.StatusBadRequest).says("No store was chosen")
	form["stores"] = stores[1:] // one of the brand, two of the other
	b.send(http.MethodPost, "/identity/consent", form).is(http.StatusSeeOther)
	apps, err := s.node.OAuth.MyConnectedApps(t.Context(), s.owner())
	s.must(err)
	if len(apps) != 1 || len(apps[0].StoreIds) != 1 || !strings.HasSuffix(stores[1], "."+strconv.Itoa(apps[0].StoreIds[0])) {
		t.Errorf("granted %+v of %v", apps, stores)
	}
}

func TestFormPostHasExactlyTheAnswer(t *testing.T) {
	s := start(t, "")
	b := s.browser()
	b.signIn()
	state := `"><script>x</script>&amp; é`
	page := b.get(s.request("scope", "openid", "response_type", "code id_token", "response_mode", "form_post", "state", state)).is(http.StatusOK)
	page = b.post("/identity/consent", "request", page.input("request"), "decision", "approve").is(http.StatusOK)
	form := page.all("form")
	if len(form) != 1 || form[0]["action"] != s.landing || form[0]["method"] != "post" {
		t.Fatalf("%v", form)
	}
	if page.input("state") != state || page.input("code") == "" || page.input("id_token") == "" || page.input("iss") != s.url+"/identity" {
		t.Errorf("%v", page.all("input"))
	}
	if got := page.Header.Get("Content-Security-Policy"); !regexp.MustCompile(`script-src 'sha256-[\w+/=]{44}'; form-action 'self' https:;`).MatchString(got) {
		t.Error(got)
	}
	if !strings.HasPrefix(page.text, "<!doctype html>") || len(page.all("button")) != 1 {
		t.Error(page.text)
	}
}

func TestFormPostGoesToAnAppsOwnScheme(t *testing.T) {
	s := start(t, "")
	const own = "oob://localhost/wpf.webview.client"
	s.allowLanding(own)
	b := s.browser()
	b.signIn()
	page := b.get(s.request("scope", "openid", "redirect_uri", own, "response_mode", "form_post")).is(http.StatusOK)
	page = b.post("/identity/consent", "request", page.input("request"), "decision", "approve").is(http.StatusOK)
	if form := page.all("form"); len(form) != 1 || form[0]["action"] != own || page.input("code") == "" {
		t.Errorf("%v", form)
	}
}

func TestSignInByPIN(t *testing.T) {
	each(t, func(s *site) {
		b := s.browser()
		known := b.post("/identity/login/pin/send", "email", ownerEmail, "return", "/identity/device").is(http.StatusOK)
		unknown := s.browser().post("/identity/login/pin/send", "email", "nobody@example.com", "return", "/identity/device").is(http.StatusOK)
		if a, b := strings.ReplaceAll(known.text, ownerEmail, "X"), strings.ReplaceAll(unknown.text, "nobody@example.com", "X"); a != b {
			t.Error("known and unknown addresses look different")
		}
		pin := s.mailedCode(ownerEmail)
		wrong := "100000"
		if pin == wrong {
			wrong = "100001"
		}
		b.post("/identity/login/pin", "email", ownerEmail, "pin", wrong, "return", "/identity/device").is(http.StatusUnauthorized).says(`id="pin-error"`)
		b.post("/identity/login/pin", "email", ownerEmail, "pin", pin, "return", known.input("return")).leadsTo("/identity/device")
		b.get("/identity/device").is(http.StatusOK)
		s.browser().post("/identity/login/pin", "email", ownerEmail, "pin", pin).is(http.StatusUnauthorized) // once
	})
}

func TestSignInInTwoSteps(t *testing.T) {
	each(t, func(s *site) {
		secret := s.twoStep()
		b := s.browser()
		page := b.post("/identity/login", "email", ownerEmail, "password", password, "return", "/identity/device").is(http.StatusOK).says("one of your recovery codes")
		if page.Header.Get("Set-Cookie") != "" {
			t.Error("signed in after the first step")
		}
		pending := page.input("pending")
		b.post("/identity/login/second", "pending", pending, "code", "000000", "return", page.input("return")).is(http.StatusUnauthorized).says(`id="code-error"`)
		b.get("/identity/account").leadsTo("/identity/login?return=%2Fidentity%2Faccount")
		b.post("/identity/login/second", "pending", pending, "code", s.totp(secret, 0), "return", page.input("return")).leadsTo("/identity/device")
		b.get("/identity/account").is(http.StatusOK)
	})
}

func TestSignUpAndANewPassword(t *testing.T) {
	each(t, func(s *site) {
		const email = "ada@example.com"
		b := s.browser()
		b.post("/identity/signup", "name", "Ada", "email", "ada", "password", "short").is(http.StatusBadRequest).says(`id="email-error"`, `value="Ada"`)
		page := b.post("/identity/signup", "name", "Ada", "email", email, "password", "correct horse").is(http.StatusOK)
		b.post("/identity/verify", "handle", page.input("handle"), "pin", "1", "email", email).is(http.StatusBadRequest).says(`id="pin-error"`)
		b.post("/identity/login", "email", email, "password", "correct horse").is(http.StatusUnauthorized) // not verified: it is nobody's yet
		b.post("/identity/verify", "handle", page.input("handle"), "pin", s.mailedCode(email), "email", email).leadsTo("/identity/account")
		b.get("/identity/account").says("Ada")

		other := s.browser()
		page = other.post("/identity/reset", "email", ownerEmail).is(http.StatusOK)
		other.post("/identity/verify", "handle", page.input("handle"), "new", "true", "pin", s.mailedCode(ownerEmail), "password", "short").is(http.StatusBadRequest).says(`id="password-error"`)
		other.post("/identity/verify", "handle", page.input("handle"), "new", "true", "pin", s.mailedCode(ownerEmail), "password", "another horse").leadsTo("/identity/account")
		s.browser().post("/identity/login", "email", ownerEmail, "password", password).is(http.StatusUnauthorized)
		s.browser().post("/identity/login", "email", ownerEmail, "password", "another horse").is(http.StatusSeeOther)
	})
}

func TestSignOut(t *testing.T) {
	each(t, func(s *site) {
		b := s.browser()
		b.signIn()
		there := b.get("/identity/connect/endsession?client_id=" + s.made.OAuthAppID).is(http.StatusSeeOther).Header.Get("Location")
		if !strings.HasPrefix(there, "/identity/logout?request=") {
			t.Fatalf("the question is at %s", there)
		}
		page := b.get(there).is(http.StatusOK).says("Sign out?", "First integration asks for it", ownerEmail)
		b.get("/identity/account").is(http.StatusOK) // asking signs nobody out
		out := b.post("/identity/logout", "request", page.input("request")).leadsTo("/identity/logout?done")
		if cookie := out.Header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=0") {
			t.Error(cookie)
		}
		b.get("/identity/logout?done").is(http.StatusOK).says("You are signed out")
		b.get("/identity/account").leadsTo("/identity/login?return=%2Fidentity%2Faccount")
	})
}

func TestADeviceIsLetInByItsCode(t *testing.T) {
	each(t, func(s *site) {
		code := s.startDevice()
		b := s.browser()
		login := b.get("/identity/device?user_code=" + code).is(http.StatusSeeOther).Header.Get("Location")
		back := b.get(login).input("return")
		b.post("/identity/login", "email", ownerEmail, "password", password, "return", back).leadsTo(back)
		if got := b.get(back).input("user_code"); got != code {
			t.Errorf("filled in is %q", got)
		}
		b.post("/identity/device", "user_code", "BBBB-BBBB").is(http.StatusNotFound).says(`id="user_code-error"`)
		page := b.post("/identity/device", "user_code", strings.ToLower(code)).is(http.StatusOK).says(code)
		b.post("/identity/device/decide", "request", page.input("request"), "decision", "approve", "brand", page.input("brand"), "all_stores", "true").
			is(http.StatusOK).says("The device is connected")
	})
}

func TestTheCommandLineIsShownAsAPartOfComanda(t *testing.T) {
	each(t, func(s *site) {
		code := s.startDeviceOf("client_id", oauth.CommandLine, "scope", "api")
		b := s.browser()
		b.signIn()
		page := b.post("/identity/device", "user_code", code).is(http.StatusOK).says("Let Comanda command line in?", "A part of Comanda itself.", "Do everything that you can do", code)
		b.post("/identity/device/decide", "request", page.input("request"), "decision", "approve", "brand", page.input("brand"), "all_stores", "true").
			is(http.StatusOK).says("The device is connected", "Comanda command line")
		account := b.get("/identity/account").is(http.StatusOK).says("Comanda command line", `<span class="more soft">Acts on Bella Napoli.</span>`)
		if strings.Contains(account.text, "An app of .") {
			t.Error("the account page names an owner that is none")
		}
	})
}

func TestAPersonLooksAfterTheirAccount(t *testing.T) {
	each(t, func(s *site) {
		b, other := s.browser(), s.browser()
		b.signIn()
		other.signIn()
		b.post("/identity/account/profile", "name", "Giulia Rossi", "language", "it", "timezone", "Europe/Rome", "phone", "+39 06 1234").leadsTo("/identity/account?done=profile")
		b.get("/identity/account?done=profile").says("Your profile is saved.", "Giulia Rossi", "Europe/Rome", "CET")
		b.post("/identity/account/profile", "name", "", "timezone", "Mars").is(http.StatusBadRequest).says(`id="name-error"`, `id="timezone-error"`)
		b.post("/identity/account/password", "old", "wrong", "new", "another horse").is(http.StatusBadRequest).says(`id="old-error"`)
		other.get("/identity/account").is(http.StatusOK)
		b.post("/identity/account/password", "old", password, "new", "another horse").leadsTo("/identity/account?done=password")
		b.get("/identity/account").is(http.StatusOK)
		other.get("/identity/account").leadsTo("/identity/login?return=%2Fidentity%2Faccount")

		other.post("/identity/login", "email", ownerEmail, "password", "another horse").is(http.StatusSeeOther)
		b.post("/identity/account/sessions/others").leadsTo("/identity/account?done=sessions")
		other.get("/identity/account").leadsTo("/identity/login?return=%2Fidentity%2Faccount")

		page := b.post("/identity/account/two-step").is(http.StatusOK)
		link := page.input("url")
		if !strings.HasPrefix(link, "otpauth://totp/") || !strings.Contains(page.text, `href="otpauth://totp/`) {
			t.Errorf("the link is %s", link)
		}
		b.post("/identity/account/two-step/confirm", "code", "000000", "secret", page.input("secret"), "url", "javascript:alert(1)").is(http.StatusBadRequest).says(`id="code-error"`)
		b.post("/identity/account/two-step/confirm", "code", s.totp(page.input("secret"), 0), "secret", page.input("secret"), "url", link).is(http.StatusOK).says("Keep these recovery codes")
		b.get("/identity/account").says("10 recovery codes are left")
		b.post("/identity/account/two-step/end").leadsTo("/identity/account?done=two-step")
	})
}

func TestAnInvitationIsAcceptedByItsAddressOnly(t *testing.T) {
	each(t, func(s *site) {
		const fresh, known = "ada@example.com", "bob@example.com"
		code := s.invite(fresh)
		b := s.browser()
		b.get("/identity/invite?code="+code).is(http.StatusOK).says("Join Bella Napoli", fresh, "integrator", "Create account and join")
		b.signIn()
		b.get("/identity/invite?code=" + code).says("Sign in with the address that was invited")
		b.post("/identity/invite", "code", code).is(http.StatusForbidden)

		b = s.browser()
		b.post("/identity/invite/join", "code", code, "name", "Ada", "password", "short").is(http.StatusBadRequest).says(`id="password-error"`)
		b.post("/identity/invite/join", "code", code, "name", "Ada", "password", "correct horse").leadsTo("/identity/invite?code=" + code)
		b.get("/identity/invite?code=" + code).says("You are in")
		b.get("/identity/account").says(fresh)

		// Who has an account signs in and accepts.
		b = s.browser()
		page := b.post("/identity/signup", "name", "Bob", "email", known, "password", "correct horse")
		b.post("/identity/verify", "handle", page.input("handle"), "pin", s.mailedCode(known)).is(http.StatusSeeOther)
		code = s.invite(known)
		s.browser().get("/identity/invite?code=" + code).says("Sign in to accept")
		b.get("/identity/invite?code=" + code).says("Accept")
		b.post("/identity/invite", "code", code).leadsTo("/identity/invite?code=" + code)
		b.get("/identity/invite?code=" + code).says("You are in")
	})
}

func TestWhatChangesTheSignInAsksForARecentOne(t *testing.T) {
	each(t, func(s *site) {
		s.renameApp("Till sync")
		b := s.browser()
		b.signIn()
		s.must(s.node.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("update sessions set authenticated_at = authenticated_at - $1", (11 * time.Minute).Microseconds())
			return err
		}))
		b.get("/identity/account").is(http.StatusOK)
		for _, path := range []string{"two-step", "two-step/confirm", "two-step/end", "recovery", "passkeys/remove"} {
			b.post("/identity/account/" + path).leadsTo("/identity/login?return=%2Fidentity%2Faccount")
		}
		for _, path := range []string{"/identity/account/passkeys/options", "/identity/account/passkeys"} {
			if a := b.call(http.MethodPost, path, "{}").is(http.StatusOK); a.text != `{"next":"/identity/login"}` {
				t.Errorf("%s: %s", path, a.text)
			}
		}
		b.get("/identity/login").says("Sign in again", "You are signed in as", `value="`+ownerEmail+`"`)
		if there := b.get(s.request()).is(http.StatusSeeOther).Header.Get("Location"); !strings.HasPrefix(there, "/identity/login?return=") {
			t.Errorf("an app asks for the API with an old sign-in and leads to %s", there)
		}
	})
}

func TestThePasskeyScriptHearsWhatIsWrong(t *testing.T) {
	b := start(t, "").browser()
	for body, status := range map[string]int{
		"": http.StatusBadRequest, "[]": http.StatusBadRequest, `{"answer":"` + strings.Repeat("x", 70<<10) + `"}`: http.StatusBadRequest,
		"{}": http.StatusGone, `{"handle":"x","answer":{}}`: http.StatusGone,
	} {
		if a := b.call(http.MethodPost, "/identity/login/passkey", body).is(status); a.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(a.text, `{"message":"`) {
			t.Errorf("%v %s", a.Header, a.text)
		}
	}
	b.call(http.MethodPost, "/identity/login/passkey/options", "{}").is(http.StatusOK).says(`"challenge"`, `"handle"`)
}

func TestAnUnknownAddressIsAPageForPeopleAndJSONForClients(t *testing.T) {
	b := start(t, "").browser()
	b.get("/identity/nothing").is(http.StatusNotFound).says("There is no page here")
	b.get("/identity/login/pin").is(http.StatusNotFound).says("There is no page here") // the address of a form's answer
	if a := b.get("/identity/connect/nothing").is(http.StatusNotFound); a.Header.Get("Content-Type") != "application/json" {
		t.Error(a.Header)
	}
}

func TestFormsAreReadFromTheBodyOnly(t *testing.T) {
	s := start(t, "")
	q := url.Values{"email": {ownerEmail}, "password": {password}}
	s.browser().send(http.MethodPost, "/identity/login?"+q.Encode(), url.Values{}).is(http.StatusUnauthorized)
}

func TestTheShortestAddressLeadsToTheAccount(t *testing.T) {
	each(t, func(s *site) {
		for _, path := range []string{"/identity", "/identity/"} {
			if got := s.browser().get(path).is(http.StatusSeeOther).Header.Get("Location"); got != "/identity/account" {
				t.Errorf("%s leads to %s", path, got)
			}
		}
	})
}
