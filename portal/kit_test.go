package portal_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/app"
	"comanda/event"
	"comanda/internal/browsertest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/outbound"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const (
	ownerEmail = "giulia@bellanapoli.example"
	password   = "correct horse battery"
)

// site is a running server with one sandbox brand, its owner and one OAuth app.
type site struct {
	testing.TB
	node *app.Server
	made app.Made
	url  string // https://localhost:port
}

// each runs fn on a server of each engine.
func each(t *testing.T, fn func(s *site)) {
	t.Run("sqlite", func(t *testing.T) { fn(start(t, "")) })
	t.Run("postgres", func(t *testing.T) { fn(start(t, dbtest.PostgresURL(t))) })
}

func start(t testing.TB, database string) *site {
	t.Helper()
	c := app.Config{Data: t.TempDir(), DatabaseURL: database, Listen: "127.0.0.1:0", Signup: "open", Version: "1.0", WebhookAllow: outbound.Loopback}
	s := &site{TB: t}
	var err error
	s.made, err = app.Init(t.Context(), c, app.First{
		Email: ownerEmail, Password: password, Brand: "Bella Napoli", Country: "IE", Currency: "EUR", Store: "Capel Street", Sandbox: true,
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
	name := "Till sync"
	s.must(s.node.OAuth.UpdateApp(t.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, wire.OAuthApp{OauthAppName: &name}))
	return s
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

// path is the address of a page of the brand.
func (s *site) path(parts ...string) string {
	return s.url + "/portal/" + strings.Join(append([]string{s.made.AppID}, parts...), "/")
}

// happen appends events of an order to the brand's log.
func (s *site) happen(order int, bodies ...wire.Event) {
	s.Helper()
	b, err := s.node.Accounts.Open(s.Context(), s.owner(), s.made.AppID, account.Develop)
	s.must(err)
	for _, body := range bodies {
		rec, err := event.Encode(event.New{
			Brand: b.ID, AppID: b.AppID, Subject: fmt.Sprint("order/", order), Store: s.made.StoreID, Time: time.Now(), Body: body,
		})
		s.must(err)
		s.must(s.node.DB.Write(s.Context(), func(tx *db.Tx) error {
			s.node.Log.Append(tx, rec)
			return nil
		}))
	}
}

// receiver is a developer's server: it keeps what came and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request)
	header http.Header // of the newest delivery
	body   string
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.header, r.body = req.Header.Clone(), string(body)
		if r.answer != nil {
			r.answer(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) set(answer func(w http.ResponseWriter, r *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// newest is the newest delivery.
func (r *receiver) newest() (http.Header, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.header, r.body
}

// person is somebody who is signed in, without script.
type person struct {
	*site
	client *http.Client
}

// signIn signs the owner in.
func (s *site) signIn() *person { return s.signInAs(ownerEmail) }

func (s *site) signInAs(email string) *person {
	s.Helper()
	in, err := s.node.Accounts.SignInPassword(s.Context(), account.Visitor{}, email, password)
	s.must(err)
	jar, err := cookiejar.New(nil)
	s.must(err)
	at, err := url.Parse(s.url)
	s.must(err)
	jar.SetCookies(at, []*http.Cookie{{Name: "__Host-comanda", Value: in.Token, Path: "/", Secure: true}})
	return &person{s, &http.Client{Jar: jar, Transport: insecure()}}
}

// insecure trusts every certificate: the authority of a test's server is nobody's.
func insecure() http.RoundTripper {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}

// page is an answer: its status, the path at which the redirects ended, and its text.
type page struct {
	status int
	path   string
	text   string
}

func (p *person) get(address string) page { return p.do(http.MethodGet, address, nil) }

func (p *person) post(address string, pairs ...string) page {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return p.do(http.MethodPost, address, form)
}

func (p *person) do(method, address string, form url.Values) page {
	p.Helper()
	if form == nil {
		return p.send(method, address, "", nil)
	}
	return p.send(method, address, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// upload sends a form with a file.
func (p *person) upload(address, field, name string, content []byte) page {
	p.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile(field, name)
	p.must(err)
	_, err = file.Write(content)
	p.must(err)
	p.must(form.Close())
	return p.send(http.MethodPost, address, form.FormDataContentType(), &body)
}

func (p *person) send(method, address, contentType string, body io.Reader) page {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), method, address, body)
	p.must(err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := p.client.Do(req)
	p.must(err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	p.must(err)
	return page{res.StatusCode, res.Request.URL.RequestURI(), string(text)}
}

// has fails when an answer has not the status, or lacks a text.
func (p *person) has(what string, got page, status int, texts ...string) {
	p.Helper()
	if got.status != status {
		p.Errorf("%s: status %d, want %d", what, got.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(got.text, text) {
			p.Errorf("%s: at %s there is no %q in\n%s", what, got.path, text, main(got.text))
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>|\s+`)

// main is the text between the bars of the portal.
func main(text string) string {
	_, inner, _ := strings.Cut(text, `id="main">`)
	inner, _, _ = strings.Cut(inner, `</main>`)
	return strings.Join(strings.Fields(tags.ReplaceAllString(inner, " ")), " ")
}

// browse opens a browser in which the owner is signed in.
func (s *site) browse() *browsertest.Tab {
	s.Helper()
	tab := browsertest.Open(s.TB)
	tab.Goto(s.url + "/identity/login")
	tab.Fill("email", ownerEmail)
	tab.Fill("password", password)
	tab.Press(".btn.red")
	return tab
}

// asJSON is a value as JSON.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
