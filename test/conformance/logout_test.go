package conformance_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// logoutRun is one module of RP-initiated logout: somebody who signed in for a client and whom the client sends to the
// end session endpoint.
type logoutRun struct {
	*run
	hint   string // the ID token
	values url.Values
	post   bool           // the client sends a form
	stolen []*http.Cookie // what the browser had while the person was signed in
}

const signedOut = "https://client.example/signed-out"

// "Logout" is OpenID Connect RP-Initiated Logout 1.0.
var logoutModules = []struct {
	name string
	run  func(*logoutRun)
}{
	// With a hint, a registered address and a state, the person is signed out and comes back with the state (Logout 2, 3).
	{"plain", func(l *logoutRun) { l.returns(); l.isSignedOut() }},
	// Without a state none comes back (Logout 2, 3).
	{"no-state", func(l *logoutRun) { l.values.Del("state"); l.returns(); l.isSignedOut() }},
	// An address that is not registered is never gone to (Logout 3).
	{"bad-post-logout-redirect-uri", func(l *logoutRun) { l.values.Set("post_logout_redirect_uri", signedOut+"/"+rand.Text()); l.stays() }},
	// Nor is a registered one with a query that is not (Logout 3: compared character by character).
	{"query-added-to-post-logout-redirect-uri", func(l *logoutRun) { l.values.Set("post_logout_redirect_uri", signedOut+"?foo=bar"); l.stays() }},
	// A hint whose signature was taken away, or is that of other claims, proves nothing, so nobody is sent anywhere
	// (Logout 2, 4).
	{"modified-id-token-hint", func(l *logoutRun) {
		for _, hint := range []string{unsigned(l.hint), changed(l.hint)} {
			l.values.Set("id_token_hint", hint)
			l.stays()
		}
	}},
	// Nor does one that somebody else signed, here the client (Logout 2, 4).
	{"bad-id-token-hint", func(l *logoutRun) { l.values.Set("id_token_hint", l.forged()); l.stays() }},
	// Without a hint there is no client whose addresses could be compared (Logout 3).
	{"no-id-token-hint", func(l *logoutRun) { l.values.Del("id_token_hint"); l.stays() }},
	// Without an address the person is signed out and told so (Logout 2).
	{"no-post-logout-redirect-uri", func(l *logoutRun) {
		l.values.Del("post_logout_redirect_uri")
		l.values.Del("state")
		l.endsHere()
	}},
	{"only-state", func(l *logoutRun) { l.values = url.Values{"state": l.values["state"]}; l.endsHere() }},
	{"no-params", func(l *logoutRun) { l.values = url.Values{}; l.endsHere() }},

	// Not of the suite: the endpoint takes POST too (Logout 2), and the form comes without the session's cookie.
	{"by-post", func(l *logoutRun) { l.post = true; l.returns(); l.isSignedOut() }},
	// Not of the suite: nobody is signed out by another site without being asked (Logout 2, 6).
	{"asks-before-it-signs-out", func(l *logoutRun) {
		for _, form := range []url.Values{nil, {}} {
			if p := l.browser.visit(l.meta.EndSession, form); p.left != nil || p.status != http.StatusOK {
				l.Errorf("status %d, left %+v: %s", p.status, p.left, p.text())
			}
			l.flow(l.request(l.main, with("prompt", "none")))
		}
	}},
}

func (p *provider) logoutPlan(t *testing.T) {
	c := p.register(t, "logout", "Hybrid", map[string]any{"PostLogoutRedirectUris": []string{signedOut}}, "https://client.example/callback")
	for _, m := range logoutModules {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			l := &logoutRun{run: &run{T: t, provider: p, variant: basic, clients: clients{main: c}, browser: p.browser(t)}}
			l.hint = l.flow(l.request(c)).id.raw
			home, err := url.Parse(p.base)
			must(t, err)
			l.stolen = l.browser.cookies.Cookies(home)
			l.values = url.Values{"id_token_hint": {l.hint}, "post_logout_redirect_uri": {signedOut}, "state": {rand.Text()}}
			m.run(l)
		})
	}
}

// leave sends the person to the end session endpoint, who confirms where they are asked.
func (l *logoutRun) leave() page {
	l.Helper()
	if l.post {
		return l.browser.settle(l.browser.visit(l.meta.EndSession, l.values))
	}
	return l.browser.settle(l.browser.visit(l.meta.EndSession+"?"+l.values.Encode(), nil))
}

// returns checks that the person comes back to the client, with the state and nothing else.
func (l *logoutRun) returns() {
	l.Helper()
	p := l.leave()
	if p.left == nil {
		l.Fatalf("not back at the client but at %s, status %d: %s", p.address.Path, p.status, p.text())
	}
	want := url.Values{}
	if l.values.Has("state") {
		want["state"] = l.values["state"]
	}
	if p.left.to != signedOut || p.left.mode != "query" || p.left.values.Encode() != want.Encode() {
		l.Errorf("back at %s by %s with %q", p.left.to, p.left.mode, p.left.values)
	}
}

// stays checks that the person is not sent to any client: an error page, or a page of the server that says what it did.
func (l *logoutRun) stays() {
	l.Helper()
	if p := l.leave(); p.left != nil || p.doc == nil || p.status > 499 || p.header.Get("Refresh") != "" {
		l.Errorf("status %d, left %+v: %s", p.status, p.left, p.text())
	}
}

// endsHere checks that the person is signed out and sees a page that says so.
func (l *logoutRun) endsHere() {
	l.Helper()
	if p := l.leave(); p.left != nil || p.status != 200 || p.address.Path != "/identity/logout" {
		l.Errorf("status %d, left %+v: %s", p.status, p.left, p.text())
	}
	l.isSignedOut()
}

// isSignedOut checks that nobody is signed in any more, nor with the cookie of before: the server ended the session.
func (l *logoutRun) isSignedOut() {
	l.Helper()
	l.refused(l.request(l.main, with("prompt", "none")), "login_required")
	home, err := url.Parse(l.base)
	must(l, err)
	l.browser.cookies.SetCookies(home, l.stolen)
	l.refused(l.request(l.main, with("prompt", "none")), "login_required")
}

// unsigned is a token with its algorithm changed to none and its signature cut off.
func unsigned(token string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(token, ".")[1] + "."
}

// changed is a token with other claims under its header and signature.
func changed(token string) string {
	parts := strings.Split(token, ".")
	claims := bytes.Replace(payload(token), []byte(`"iat":`), []byte(`"iat":1`), 1)
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(claims) + "." + parts[2]
}

// forged is an ID token about the same person that the client signed with its secret.
func (l *logoutRun) forged() string {
	l.Helper()
	claims, err := json.Marshal(map[string]any{
		"iss": l.meta.Issuer, "aud": l.main.id, "sub": "1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	})
	must(l, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(l.main.secret)}, nil)
	must(l, err)
	signed, err := signer.Sign(claims)
	must(l, err)
	out, err := signed.CompactSerialize()
	must(l, err)
	return out
}
