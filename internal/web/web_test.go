package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"comanda/internal/fault"
)

func testPages(t *testing.T, templates map[string]string) *Pages {
	t.Helper()
	files := fstest.MapFS{"assets/own.js": {Data: []byte("1")}, "assets/large.js.gz": {Data: Pack([]byte("1"))}}
	for name, text := range templates {
		files["templates/"+name+".html"] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := NewPages("/door", Site{PublicURL: "https://eat.example", Host: "eat.example"}, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPageHasExactlyTheSymbolsThatItUses(t *testing.T) {
	p := testPages(t, map[string]string{"x": `{{icon "key"}}{{icon "check"}}{{icon "key"}}{{.}}`})
	w := httptest.NewRecorder()
	p.Show(w, httptest.NewRequest(http.MethodGet, "/door/x", nil), 200, Page{Name: "x", Title: "X", Data: `<use href="#i-trash"/>`})
	for symbol, want := range map[string]int{"i-key": 1, "i-check": 1, "i-trash": 0} {
		if got := strings.Count(w.Body.String(), `<symbol id="`+symbol+`"`); got != want {
			t.Errorf("%d symbols %s, want %d", got, symbol, want)
		}
	}
}

func TestABrokenPageIsAWholeErrorAndNeverHalfAPage(t *testing.T) {
	p := testPages(t, map[string]string{"x": `before {{.Missing.Deeper}}`})
	w := httptest.NewRecorder()
	p.Show(w, httptest.NewRequest(http.MethodGet, "/door/x", nil), 200, Page{Name: "x", Data: struct{}{}})
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "before") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestAnUnknownIconOrAssetBreaksThePage(t *testing.T) {
	p := testPages(t, map[string]string{"icon": `{{icon "nothing"}}`, "asset": `{{asset "nothing"}}`})
	for _, name := range []string{"icon", "asset", "nopage"} {
		if _, err := p.render(t.Context(), Page{Name: name}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAssetsAreKeptForEverUnderTheirHashOnly(t *testing.T) {
	p := testPages(t, nil)
	for name, a := range p.assets {
		w := httptest.NewRecorder()
		p.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, a.url, nil))
		if w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("Content-Type") != a.kind || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", a.url, w.Code, w.Header())
		}
		for accepted, packed := range map[string]bool{"gzip": true, "br, GZIP;q=0.5": true, "deflate, gzip": true, "": false, "br": false, "gzip;q=0": false, "gzip; q=0.0": false} {
			r := httptest.NewRequest(http.MethodGet, a.url, nil)
			r.Header.Set("Accept-Encoding", accepted)
			w := httptest.NewRecorder()
			p.Assets().ServeHTTP(w, r)
			body := w.Body.Bytes()
			if (w.Header().Get("Content-Encoding") == "gzip") != packed || w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s for %q: %v", a.url, accepted, w.Header())
			}
			if packed {
				plain, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(plain); err != nil {
					t.Fatal(err)
				}
			}
			want, err := fs.ReadFile(own, "assets/"+name)
			if err != nil {
				want = []byte("1") // the door's own
			}
			if !bytes.Equal(body, want) {
				t.Errorf("%s for %q is another file", a.url, accepted)
			}
		}
		w = httptest.NewRecorder()
		p.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/door/assets/000000000000/"+name, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("another hash of %s: %d", name, w.Code)
		}
	}
}

func TestThePolicyAllowsNothingThatThePageDoesNotSay(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		want   string
	}{
		{Policy{}, "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
		{Policy{Scripts: []string{"own.js"}}, "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
		{Policy{Nonce: "n", Scripts: []string{"own.js"}}, "default-src 'none'; style-src-elem 'self' 'nonce-n'; style-src-attr 'unsafe-inline'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
		{Policy{InlineScript: "'sha256-x'", FormTargets: []string{"https:"}}, "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'sha256-x'; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'"},
	} {
		if got := c.policy.content(); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.policy, got, c.want)
		}
	}
}

func TestFormTargetsNameWhereAFormMayEnd(t *testing.T) {
	for address, want := range map[string]string{
		"https://till.example/return?x=1":     "https:",
		"http://127.0.0.1:4711/return":        "http://127.0.0.1:4711 https:",
		"http://[::1]:4711/return":            "http: https:",
		"oob://localhost/wpf.webview.client":  "oob: https:",
		"http://a;script-src *@x y/":          "",
		"/local":                              "",
		"":                                    "",
		"http://evil.example;script-src b/cb": "",
	} {
		if got := strings.Join(FormTargets(address), " "); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestTheSessionCookieIsForThisHostOnly(t *testing.T) {
	w := httptest.NewRecorder()
	SetSession(w, "secret")
	if got := w.Header().Get("Set-Cookie"); got != "__Host-comanda=secret; Path=/; HttpOnly; Secure; SameSite=Lax" {
		t.Error(got)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if SessionToken(r) != "" {
		t.Error("a token without a cookie")
	}
	r.Header.Set("Cookie", "__Host-comanda=secret")
	if SessionToken(r) != "secret" {
		t.Error("the token was not read")
	}
	w = httptest.NewRecorder()
	ClearSession(w)
	if got := w.Header().Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") || !strings.Contains(got, "Path=/;") {
		t.Error(got)
	}
}

func TestUnsafeRequestsOfOtherOriginsAreRefused(t *testing.T) {
	deny := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	h, err := Protect("https://eat.example", deny, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, name, value string
		want                int
	}{
		{http.MethodPost, "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{http.MethodPost, "Sec-Fetch-Site", "same-site", http.StatusForbidden},
		{http.MethodPost, "Sec-Fetch-Site", "same-origin", http.StatusTeapot},
		{http.MethodPost, "Origin", "https://evil.example", http.StatusForbidden},
		{http.MethodPost, "Origin", "https://eat.example", http.StatusTeapot}, // behind a proxy that changed Host
		{http.MethodPost, "Origin", "null", http.StatusForbidden},
		{http.MethodGet, "Sec-Fetch-Site", "cross-site", http.StatusTeapot},
	} {
		r := httptest.NewRequest(c.method, "http://10.0.0.7/door", nil)
		r.Header.Set(c.name, c.value)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s %s: %s: %d, want %d", c.method, c.name, c.value, w.Code, c.want)
		}
	}
}

var foreign = []string{
	"", "portal", "//evil.example", "///evil.example", `/\evil.example`, `\/evil.example`, "https://evil.example", "javascript:alert(1)",
	"/\t/evil.example", "/\n/evil.example", "/%2f/evil.example", "/%2Fevil.example", "/%5cevil.example", "/./%2f/evil.example", "/..//evil.example", "/a/..//evil.example",
	"/%2e%2e//evil.example", "/portal#x", "/é", "/ portal", " /portal", "/%0d%0aX: y", "/" + strings.Repeat("a", 20_000), "@evil.example", "/%zz",
}

func TestOnlyPathsOnThisServerAreFollowed(t *testing.T) {
	for _, s := range foreign {
		if got := LocalPath(s, "/home"); got != "/home" {
			t.Errorf("%q → %q", s, got)
		}
	}
	for _, s := range []string{"/", "/portal", "/identity/connect/authorize?continue=a.b-c_d%3D", "/a/b?x=https://other.example/&y=//z"} {
		if got := LocalPath(s, "/home"); got != s {
			t.Errorf("%q → %q", s, got)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range append([]string{"/portal", "/a?b=c"}, foreign...) {
		f.Add(s)
	}
	base, _ := url.Parse("https://eat.example/identity/login")
	f.Fuzz(func(t *testing.T, s string) {
		got := LocalPath(s, "/home")
		// As browsers read a Location: controls and blanks dropped, backslashes are slashes.
		read := strings.Map(func(r rune) rune {
			switch {
			case r <= ' ':
				return -1
			case r == '\\':
				return '/'
			}
			return r
		}, got)
		u, err := base.Parse(read)
		if err != nil || u.Scheme != "https" || u.Host != "eat.example" || strings.HasPrefix(read, "//") {
			t.Errorf("%q → %q → %v %v", s, got, u, err)
		}
	})
}

func TestAFormShowsAgainWhatWasSentAndWhatIsWrong(t *testing.T) {
	p := testPages(t, map[string]string{"x": `{{template "wrong" .}}
{{template "field" (.Field "email" "E-mail" "type=email" "required" "hint=As you \"signed\" up." "focus")}}
{{template "field" (.Field "password" "Password" "type=password" "focus")}}`})
	show := func(f Form) string {
		t.Helper()
		w := httptest.NewRecorder()
		p.Show(w, httptest.NewRequest(http.MethodGet, "/door/x", nil), 200, Page{Name: "x", Data: f})
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w.Body.String()
	}
	values := url.Values{"email": {`"><script>`}, "password": {"hunter2"}}
	page := show(Again(values, fault.BadField("Email", "not an address"), "email", "password"))
	for _, want := range []string{
		`<input class="input" id="email" name="email" type="email" required value="&#34;&gt;&lt;script&gt;" autofocus aria-invalid="true" aria-describedby="email-error email-hint">`,
		`<p class="err" id="email-error">`, "<span>Not an address.</span>", `<p class="hint" id="email-hint">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if strings.Contains(page, "hunter2") {
		t.Error("the password was sent back")
	}
	if strings.Count(page, "autofocus") != 1 || strings.Contains(page, `role="alert"`) {
		t.Error(page)
	}
	page = show(Again(values, fault.New(fault.Conflict, "Taken.").With("Sign in."), "email"))
	if !strings.Contains(page, `role="alert"`) || !strings.Contains(page, "Taken. Sign in.") {
		t.Error(page)
	}
}

func TestStylesStayInsideTheContentPolicy(t *testing.T) {
	for _, name := range []string{"assets/tokens.css", "assets/components.css"} {
		text, err := fs.ReadFile(own, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range []string{"url(", "@import", "!important", "http:", "https:"} {
			if strings.Contains(string(text), no) {
				t.Errorf("%s has %s", name, no)
			}
		}
	}
	tokens, _ := fs.ReadFile(own, "assets/tokens.css")
	block := func(from string) string {
		_, rest, _ := strings.Cut(string(tokens), from)
		body, _, _ := strings.Cut(rest, "}")
		return strings.Join(strings.Fields(body), " ")
	}
	if a, b := block(`:root:not([data-theme="light"]) {`), block(`:root[data-theme="dark"] {`); a == "" || a != b {
		t.Error("the dark blocks of tokens.css differ")
	}
}

func TestFaultsBecomePagesAndOtherErrorsAreKeptInside(t *testing.T) {
	p := testPages(t, nil)
	show := func(err error) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.Fail(w, httptest.NewRequest(http.MethodGet, "/door/x", nil), err)
		return w
	}
	if w := show(fault.New(fault.Gone, "The code is used.").With("Ask for a new one.")); w.Code != http.StatusGone || !strings.Contains(w.Body.String(), "Ask for a new one.") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := show(fs.ErrClosed); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), fs.ErrClosed.Error()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		if titles[kind].status == 0 {
			t.Errorf("kind %d has no status", kind)
		}
	}
}
