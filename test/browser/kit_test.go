package browser_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"comanda/app"
	"comanda/demo"
	"comanda/internal/outbound"
)

// site is a running server.
type site struct {
	testing.TB
	node *app.Server
	url  string           // https://localhost:port
	demo demo.Credentials // of the sample brand; empty without one
}

// start runs a server in which nothing is yet, or on what the demo left in a folder.
func start(t testing.TB, folder string) *site {
	t.Helper()
	s := &site{TB: t}
	var err error
	s.node, err = app.Open(t.Context(), app.Config{
		Data: folder, Listen: "127.0.0.1:0", Signup: "open", Version: "1.0", WebhookAllow: outbound.Loopback, DinerRate: -1,
	})
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
	return s
}

// startDemo runs a server on what a demo left: the sample brand with a day of orders.
func startDemo(t testing.TB) *site {
	t.Helper()
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := demo.Run(ctx, whenServing{stop}, demo.Options{Data: folder, Listen: "127.0.0.1:0", POS: "auto"}); err != nil {
		t.Fatal(err)
	}
	s := start(t, folder)
	text, err := os.ReadFile(filepath.Join(folder, "demo.json"))
	s.must(err)
	s.must(json.Unmarshal(text, &s.demo))
	return s
}

// whenServing ends a demo when it says that all is done.
type whenServing struct{ stop func() }

func (w whenServing) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("Serving until")) {
		w.stop()
	}
	return len(b), nil
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// reader is somebody with a browser that runs no script.
type reader struct {
	*site
	client http.Client
}

func (s *site) reader() *reader {
	jar, err := cookiejar.New(nil)
	s.must(err)
	return &reader{s, http.Client{
		Jar: jar, Timeout: time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true},
	}}
}

// owner is the demo's owner, signed in by the form.
func (s *site) owner() *reader {
	s.Helper()
	r := s.reader()
	r.send("/identity/login", url.Values{"email": {s.demo.AccountEmail}, "password": {s.demo.AccountPassword}})
	return r
}

// answer is what came: as it came over the wire, and as a tree.
type answer struct {
	*http.Response
	path string // where the redirects ended
	wire int    // bytes of the head and of the body, as they were sent
	text string
	page *html.Node // nil for what is no page
}

func (r *reader) get(path string) *answer {
	r.Helper()
	return r.do(http.MethodGet, path, nil)
}

// send sends a form as a page of this server does; more headers follow by name and value.
func (r *reader) send(path string, form url.Values, headers ...string) *answer {
	r.Helper()
	return r.do(http.MethodPost, path, form, headers...)
}

func (r *reader) do(method, path string, form url.Values, headers ...string) *answer {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(form.Encode()))
	r.must(err)
	req.Header.Set("Accept-Encoding", "gzip")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := r.client.Do(req)
	r.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	r.must(err)
	var head bytes.Buffer
	r.must(res.Header.Write(&head))
	a := &answer{Response: res, path: res.Request.URL.RequestURI(), wire: head.Len() + len(body)}
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(body))
		r.must(err)
		body, err = io.ReadAll(z)
		r.must(err)
	}
	a.text = string(body)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		a.page, err = html.Parse(strings.NewReader(a.text))
		r.must(err)
	}
	return a
}

// element is an element of a page.
type element struct{ *html.Node }

// all are the elements of a page, or within one, that have one of the names.
func all(in *html.Node, names ...string) (out []element) {
	for n := range in.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(names, n.Data) {
			out = append(out, element{n})
		}
	}
	return out
}

// has reports whether there is an attribute, and what it is.
func (e element) has(attribute string) (string, bool) {
	for _, a := range e.Attr {
		if a.Key == attribute {
			return a.Val, true
		}
	}
	return "", false
}

// get is an attribute; empty where there is none.
func (e element) get(attribute string) string {
	v, _ := e.has(attribute)
	return v
}

var hookPage = regexp.MustCompile(`href="(/portal/[^"]+/webhooks/\d+)"`)

// trouble sends an event to the webhook of the demo, whose POS is gone, so that there is an attempt that failed.
func (s *site) trouble() {
	s.Helper()
	owner := s.owner()
	m := hookPage.FindStringSubmatch(owner.get("/portal/" + s.demo.AppID + "/webhooks").text)
	if m == nil {
		s.Fatal("the demo has no webhook")
	}
	if sent := owner.send(m[1]+"/test", url.Values{"event": {"order.created"}}); !strings.Contains(sent.text, "refused the connection") {
		s.Fatalf("the test of a webhook whose server is gone leads to %s: %s", sent.path, sent.text)
	}
}
