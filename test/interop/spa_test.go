package interop

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"comanda/internal/localca"
)

// TestSinglePageApplication signs a person in on a page that has no server of its own: oidc-client-ts in Chromium, as a
// public client with PKCE, across origins.
func TestSinglePageApplication(t *testing.T) {
	nodeWith(t, "oidc-client-ts")
	chromium(t)
	p := subject(t)
	address, pin := serveSPA(t, p)
	tab := openBrowser(t, map[string]string{"spa.test": address}, p.keyPin, pin).tab(t)
	home := func(text string) func(page) bool {
		return func(at page) bool {
			if strings.Contains(at.Text, "failed:") {
				t.Fatalf("at %s: %s", at.URL, at.Text)
			}
			return at.is(spaOrigin+"/") && at.has(text)
		}
	}

	tab.open(spaOrigin + "/")
	tab.until("the page has started", home("signed out"))
	tab.run(`signIn()`)
	var shown struct {
		Sub, Email, Name, Scope string
		Refreshable, Fresh      bool
	}
	at := tab.signIn(p.person, home(`"signed in"`))
	check(t, json.Unmarshal([]byte(at.Text), &shown))
	if shown.Email != p.person.email || shown.Sub == "" || !shown.Refreshable {
		t.Errorf("the page knows %s", at.Text)
	}

	tab.run(`renew()`)
	at = tab.until("the tokens are renewed", home(`"renewed"`))
	check(t, json.Unmarshal([]byte(at.Text), &shown))
	if !shown.Fresh || shown.Email != p.person.email {
		t.Errorf("after the renewal the page knows %s", at.Text)
	}

	tab.run(`signOut()`)
	tab.signOut(home("signed out"))
	tab.run(`signIn()`)
	tab.until("the sign-in is asked for again", func(at page) bool { return strings.HasPrefix(at.URL, p.issuer) && at.Password })
}

// run starts something in the page and does not wait for it.
func (b *tab) run(script string) {
	b.t.Helper()
	check(b.t, chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void]("void "+script)))
}

// serveSPA serves the page, and the library as it came from npm.
func serveSPA(t *testing.T, p *provider) (address, pin string) {
	t.Helper()
	own := must(localca.Open(t.TempDir(), []string{"spa.test"}))(t)
	file := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) }
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", file("spa.html"))
	mux.HandleFunc("GET /callback", file("spa.html"))
	mux.HandleFunc("GET /spa.js", file("spa.js"))
	mux.HandleFunc("GET /oidc-client-ts.js", file("node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"))
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{
			"authority": p.issuer, "client_id": p.clients["public"].ID, "scope": "openid profile email offline_access api",
		})
	})
	s := httptest.NewUnstartedServer(mux)
	s.Listener = must(net.Listen("tcp", "127.0.0.1:0"))(t)
	s.TLS = own.TLS()
	s.TLS.NextProtos = []string{"http/1.1"}
	s.StartTLS()
	t.Cleanup(s.Close)
	address = s.Listener.Addr().String()
	return address, keyPin(t, address, own.Pool())
}
