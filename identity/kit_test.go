package identity_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"comanda/account"
	"comanda/app"
	"comanda/internal/clock"
	"comanda/internal/dbtest"
	"comanda/store"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const (
	ownerEmail = "giulia@bellanapoli.example"
	password   = "correct horse battery"
)

// site is a running server with one brand, one person and one OAuth app, and the app's own server beside it.
type site struct {
	node *app.Server
	testing.TB
	made    app.Made
	url     string // https://localhost:port
	landing string // the app's redirect URI
	landed  chan *http.Request
}

// each runs fn on a server of each engine.
func each(t *testing.T, fn func(s *site)) {
	t.Run("sqlite", func(t *testing.T) { fn(start(t, "")) })
	t.Run("postgres", func(t *testing.T) { fn(start(t, dbtest.PostgresURL(t))) })
}

func start(t testing.TB, database string) *site {
	t.Helper()
	c := app.Config{Data: t.TempDir(), DatabaseURL: database, Listen: "127.0.0.1:0", Signup: "open", Version: "1.0"}
	s := &site{TB: t, landed: make(chan *http.Request, 10)}
	var err error
	s.made, err = app.Init(t.Context(), c, app.First{
		Email: ownerEmail, Password: password, Brand: "Bella Napoli", Country: "IE", Currency: "EUR", Store: "Capel Street",
	})
	s.must(err)
	s.node, err = app.Open(t.Context(), c)
	s.must(err)
	s.url = s.node.PublicURL()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.node.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
	<-s.node.Ready()

	// Apps often answer at one host and send the person on to another.
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Till sync</title><h1>Welcome back</h1>")
	}))
	t.Cleanup(front.Close)
	theirs := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.landed <- r
		http.Redirect(w, r, front.URL+"/home", http.StatusSeeOther)
	}))
	t.Cleanup(theirs.Close)
	s.landing = theirs.URL + "/return"
	s.allowLanding(s.landing)
	return s
}

// lands waits for the app to get its answer.
func (s *site) lands(method string) url.Values {
	s.Helper()
	select {
	case r := <-s.landed:
		if r.Method != method || r.Form.Get("state") != "st" || r.Form.Get("code") == "" {
			s.Errorf("the app got a %s with %v", r.Method, r.Form)
		}
		return r.Form
	case <-time.After(30 * time.Second):
		s.Fatal("nothing came to the app")
	}
	return nil
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) owner() *account.Caller {
	s.Helper()
	c, err := s.node.Accounts.PersonCaller(s.Context(), s.made.Account)
	s.must(err)
	return c
}

func (s *site) allowLanding(uri string) {
	s.Helper()
	_, err := s.node.OAuth.AddRedirectURI(s.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, uri)
	s.must(err)
}

// renameApp gives the OAuth app a name that people see.
func (s *site) renameApp(name string) {
	s.Helper()
	s.must(s.node.OAuth.UpdateApp(s.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, wire.OAuthApp{OauthAppName: &name}))
}

var verifier = strings.Repeat("v", 43)

// request is an authorization request of the app, with more or other parameters by name and value.
func (s *site) request(pairs ...string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {s.made.OAuthAppID}, "redirect_uri": {s.landing}, "response_type": {"code"}, "scope": {"openid api"},
		"state": {"st"}, "nonce": {"no"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return s.url + "/identity/connect/authorize?" + q.Encode()
}

// browser is a client that keeps cookies and follows no redirect by itself.
type browser struct {
	*site
	http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	s.must(err)
	return &browser{s, http.Client{
		Jar: jar, Timeout: time.Minute,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came back, with the page parsed.
type answer struct {
	*http.Response
	text string
	page *html.Node
	tb   testing.TB
}

func (b *browser) send(method, target string, form url.Values, headers ...string) answer {
	b.Helper()
	body := ""
	if form != nil {
		body = form.Encode()
		headers = append([]string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"}, headers...)
	}
	return b.call(method, target, body, headers...)
}

func (b *browser) call(method, target, body string, headers ...string) answer {
	b.Helper()
	if !strings.HasPrefix(target, "https://") && !strings.HasPrefix(target, "http://") {
		target = b.url + target
	}
	r, err := http.NewRequestWithContext(b.Context(), method, target, strings.NewReader(body))
	b.must(err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := b.Do(r)
	b.must(err)
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	b.must(err)
	page, err := html.Parse(strings.NewReader(string(text)))
	b.must(err)
	return answer{w, string(text), page, b}
}

func (b *browser) get(target string) answer { b.Helper(); return b.send(http.MethodGet, target, nil) }

func (b *browser) post(target string, pairs ...string) answer {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.send(http.MethodPost, target, form)
}

// signIn signs the owner in by password.
func (b *browser) signIn() {
	b.Helper()
	b.post("/identity/login", "email", ownerEmail, "password", password).is(http.StatusSeeOther)
}

func (a answer) is(status int) answer {
	a.tb.Helper()
	if a.StatusCode != status {
		a.tb.Fatalf("%s %s: %d, want %d\n%.3000s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.text)
	}
	return a
}

func (a answer) leadsTo(target string) answer {
	a.tb.Helper()
	a.is(http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != target {
		a.tb.Fatalf("%s %s leads to %s, want %s", a.Request.Method, a.Request.URL.Path, got, target)
	}
	return a
}

func (a answer) says(texts ...string) answer {
	a.tb.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			a.tb.Errorf("%s %s: no %q in\n%s", a.Request.Method, a.Request.URL.Path, text, a.text)
		}
	}
	return a
}

// element is an element of a page with its attributes.
type element map[string]string

// all finds elements by name.
func (a answer) all(name string) []element {
	var out []element
	for n := range a.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			e := element{}
			for _, at := range n.Attr {
				e[at.Key] = at.Val
			}
			out = append(out, e)
		}
	}
	return out
}

// input is the value of an input.
func (a answer) input(name string) string {
	a.tb.Helper()
	for _, e := range a.all("input") {
		if e["name"] == name {
			return e["value"]
		}
	}
	a.tb.Fatalf("%s has no input %s\n%s", a.Request.URL.Path, name, a.text)
	return ""
}

// mailedCode is the code in the newest message to an address. The worker that takes messages out runs beside the test.
func (s *site) mailedCode(address string) string {
	s.Helper()
	return s.mailed(address, regexp.MustCompile(`PIN is ([0-9]{6})`))
}

// mailed waits for a message to an address in which something occurs, and returns its first group from the newest one.
func (s *site) mailed(address string, what *regexp.Regexp) string {
	s.Helper()
	late := time.After(30 * time.Second)
	for {
		for _, m := range s.node.Mailbox.Messages() {
			if found := what.FindStringSubmatch(m.Text); m.To == address && found != nil {
				return found[1]
			}
		}
		select {
		case <-late:
			s.Fatalf("no mail for %s with %s", address, what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// twoStep sets up an authenticator app for the owner and returns its secret.
func (s *site) twoStep() string {
	s.Helper()
	c := s.owner()
	setup, err := s.node.Accounts.BeginTOTP(s.Context(), c)
	s.must(err)
	_, err = s.node.Accounts.ConfirmTOTP(s.Context(), c, s.totp(setup.Secret, -1))
	s.must(err)
	return setup.Secret
}

// totp is the code that an authenticator app shows, some periods from now.
func (s *site) totp(secret string, periods int) string {
	s.Helper()
	code, err := totp.GenerateCode(secret, clock.Now().Add(time.Duration(periods)*30*time.Second))
	s.must(err)
	return code
}

// moreBrands gives the owner a second store and a second brand with two.
func (s *site) moreBrands() {
	s.Helper()
	ctx := s.Context()
	b, err := s.node.Accounts.CreateBrand(ctx, s.owner(), account.NewBrand{Name: "Casa Roma"})
	s.must(err)
	currency := wire.CurrencyEUR
	group, err := s.node.Stores.CreateGroup(ctx, s.owner(), b.AppID, wire.StoreGroupBase{Name: &b.Name, Currency: &currency})
	s.must(err)
	for name, in := range map[string]int{"Temple Bar": s.made.StoreGroupID, "Naas": group.StoreGroupId, "Bray": group.StoreGroupId} {
		email := ownerEmail
		_, err = s.node.Stores.Create(ctx, s.owner(), store.NewStore{Group: in, StoreCreateBase: wire.StoreCreateBase{Name: &name, EmailAddress: &email}})
		s.must(err)
	}
}

// startDevice starts the device flow and returns the code that the device shows.
func (s *site) startDevice() string {
	s.Helper()
	return s.startDeviceOf("client_id", s.made.OAuthAppID, "client_secret", s.made.ClientSecret, "scope", "openid api")
}

// startDeviceOf starts it as a client of one's choice.
func (s *site) startDeviceOf(pairs ...string) string {
	s.Helper()
	a := s.browser().post("/identity/connect/deviceauthorization", pairs...).is(http.StatusOK)
	var out struct {
		UserCode string `json:"user_code"`
	}
	s.must(json.Unmarshal([]byte(a.text), &out))
	return out.UserCode
}

// invite invites an address to the brand and returns the code of the invitation.
func (s *site) invite(address string) string {
	s.Helper()
	level := wire.AppAccessLevelIntegrator
	_, err := s.node.Accounts.Invite(s.Context(), s.owner(), s.made.AppID, wire.CreateTeammate{Email: &address, AppAccessLevel: &level, HasAccessToAllStores: wire.P(true)})
	s.must(err)
	return s.mailed(address, regexp.MustCompile(`/identity/invite\?code=(\S+)`))
}
