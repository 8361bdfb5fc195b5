package conformance_test

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// browser is a person's browser: it keeps cookies, follows redirects and fills in the server's pages. It stops where it
// would leave for a client.
type browser struct {
	testing.TB
	p       *provider
	cookies http.CookieJar

	signIns  int // sign-in forms that were sent
	consents int // consents that were given
	logouts  int // logouts that were confirmed
}

func (p *provider) browser(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &browser{TB: t, p: p, cookies: jar}
}

// page is what the browser shows in the end, or where it left to.
type page struct {
	address *url.URL
	status  int
	header  http.Header
	doc     *html.Node
	raw     string
	left    *answer // nil while it is at the server
}

// answer is what a client gets through the browser.
type answer struct {
	to     string // the URI without what the mode adds to it
	mode   string // query, fragment or form_post
	values url.Values
}

// sites are values of Sec-Fetch-Site.
const (
	crossSite  = "cross-site"
	sameOrigin = "same-origin"
)

// visit is a person's way from a client to the server and on: a link, or a form if there is one. Pages of the server are
// shown, not filled in.
func (b *browser) visit(address string, form url.Values) page {
	b.Helper()
	return b.load(crossSite, address, form)
}

// load makes a request and follows redirects within the server.
func (b *browser) load(site, address string, form url.Values) page {
	b.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	for range 10 {
		r, err := http.NewRequestWithContext(b.Context(), method, address, strings.NewReader(body))
		must(b, err)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("User-Agent", "conformance")
		r.Header.Set("Sec-Fetch-Site", site)
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		r.Header.Set("Sec-Fetch-Dest", "document")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", map[string]string{crossSite: "https://client.example", sameOrigin: b.p.base}[site])
		}
		if method == http.MethodGet || site == sameOrigin { // cookies with SameSite=Lax stay at home when another site posts
			for _, c := range b.cookies.Cookies(r.URL) {
				r.AddCookie(c)
			}
		}
		got, err := b.p.plain.Do(r)
		must(b, err)
		var raw bytes.Buffer
		_, err = raw.ReadFrom(got.Body)
		_ = got.Body.Close()
		must(b, err)
		b.keep(r.URL, got)
		shown := page{address: r.URL, status: got.StatusCode, header: got.Header, raw: raw.String()}
		if got.StatusCode/100 != 3 {
			b.parse(&shown)
			return shown
		}
		// 307 and 308 would send a password on to wherever the redirect leads.
		if got.StatusCode != http.StatusFound && got.StatusCode != http.StatusSeeOther {
			b.Fatalf("%s: redirected by %d", r.URL.Path, got.StatusCode)
		}
		next := b.resolve(r.URL, got.Header.Get("Location"))
		if next.Scheme+"://"+next.Host != b.p.base {
			shown.left = redirected(next)
			return shown
		}
		method, body, address = http.MethodGet, "", next.String()
	}
	b.Fatalf("%s: too many redirects", address)
	return page{}
}

// keep takes the cookies of an answer and checks what the __Host- prefix promises.
func (b *browser) keep(from *url.URL, got *http.Response) {
	b.Helper()
	for _, c := range got.Cookies() {
		if strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || c.Path != "/" || c.Domain != "") || !c.HttpOnly {
			b.Errorf("%s: cookie %s is not as its prefix says, or open to scripts", from.Path, c.Name)
		}
	}
	b.cookies.SetCookies(from, got.Cookies())
}

func (b *browser) resolve(from *url.URL, location string) *url.URL {
	b.Helper()
	u, err := url.Parse(location)
	must(b, err)
	return from.ResolveReference(u)
}

// redirected reads a redirect to a client: what is after "#", or else what is after "?".
func redirected(u *url.URL) *answer {
	a := &answer{mode: "query"}
	to, fragment, _ := strings.Cut(u.String(), "#")
	if fragment != "" {
		a.mode = "fragment"
		a.to, a.values = to, formValues(fragment)
		return a
	}
	to, query, _ := strings.Cut(to, "?")
	a.to, a.values = to, formValues(query)
	return a
}

// formValues reads form-encoded text; what cannot be read is under the empty name, where every check finds it.
func formValues(text string) url.Values {
	values, err := url.ParseQuery(text)
	if err != nil {
		values.Set("", err.Error())
	}
	return values
}

// parse reads a page; one that posts a form to a client leaves.
func (b *browser) parse(p *page) {
	b.Helper()
	if kind, _, _ := mime.ParseMediaType(p.header.Get("Content-Type")); kind != "text/html" {
		return
	}
	var err error
	p.doc, err = html.Parse(strings.NewReader(p.raw))
	must(b, err)
	forms := p.forms()
	if len(forms) != 1 {
		return
	}
	action := b.resolve(p.address, forms[0].action)
	if action.Scheme+"://"+action.Host == b.p.base {
		return
	}
	// OAuth 2.0 Form Post Response Mode 1.0, section 2, and what a browser without script needs.
	if f := forms[0]; f.method != "post" || len(f.buttons) == 0 || p.status != http.StatusOK || !strings.Contains(p.header.Get("Cache-Control"), "no-store") {
		b.Errorf("form_post: method %q, %d buttons, status %d, Cache-Control %q", f.method, len(f.buttons), p.status, p.header.Get("Cache-Control"))
	}
	p.left = &answer{to: forms[0].action, mode: "form_post", values: forms[0].values}
}

// text is what a page says, for messages.
func (p page) text() string {
	var words []string
	if p.doc == nil {
		words = strings.Fields(p.raw)
	} else {
		for n := range p.doc.Descendants() {
			if n.Type == html.TextNode && n.Parent.DataAtom != atom.Style && n.Parent.DataAtom != atom.Script {
				words = append(words, strings.Fields(n.Data)...)
			}
		}
	}
	return fmt.Sprintf("%.500s", strings.Join(words, " "))
}

// form is a form of a page with the values that it begins with.
type form struct {
	action, method string
	values         url.Values
	fields         map[string]string // name → type
	choices        map[string][]string
	buttons        []button
}

type button struct{ name, value string }

func (p page) forms() (out []form) {
	for n := range p.elements(p.doc) {
		if n.DataAtom == atom.Form {
			out = append(out, p.form(n))
		}
	}
	return out
}

func (p page) elements(root *html.Node) func(func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		if root == nil {
			return
		}
		for n := range root.Descendants() {
			if n.Type == html.ElementNode && !yield(n) {
				return
			}
		}
	}
}

func (p page) form(root *html.Node) form {
	f := form{
		action: attribute(root, "action"), method: strings.ToLower(attribute(root, "method")),
		values: url.Values{}, fields: map[string]string{}, choices: map[string][]string{},
	}
	for n := range p.elements(root) {
		name, value, kind := attribute(n, "name"), attribute(n, "value"), strings.ToLower(attribute(n, "type"))
		switch {
		case n.DataAtom == atom.Button && (kind == "" || kind == "submit"), n.DataAtom == atom.Input && kind == "submit":
			f.buttons = append(f.buttons, button{name, value})
		case n.DataAtom == atom.Button, name == "", has(n, "disabled"):
		case n.DataAtom == atom.Input && (kind == "radio" || kind == "checkbox"):
			f.fields[name] = kind
			f.choices[name] = append(f.choices[name], value)
			if has(n, "checked") {
				f.values.Add(name, value)
			}
		case n.DataAtom == atom.Input:
			f.fields[name] = kind
			f.values.Add(name, value)
		case n.DataAtom == atom.Select:
			f.fields[name] = "select"
			for o := range p.elements(n) {
				if o.DataAtom == atom.Option {
					f.choices[name] = append(f.choices[name], attribute(o, "value"))
					if has(o, "selected") {
						f.values.Set(name, attribute(o, "value"))
					}
				}
			}
		}
	}
	return f
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// formTo finds the form of a page that goes to a path of the server.
func (p page) formTo(path string) (form, bool) {
	for _, f := range p.forms() {
		action, err := url.Parse(f.action)
		if err == nil && p.address.ResolveReference(action).Path == path && f.method == "post" {
			return f, true
		}
	}
	return form{}, false
}

// submit sends a form from the page it is on.
func (b *browser) submit(p page, f form, change url.Values) page {
	b.Helper()
	for name, values := range change {
		f.values[name] = values
	}
	return b.load(sameOrigin, b.resolve(p.address, f.action).String(), f.values)
}

// settle does what the owner of the account does on the server's pages until none asks for anything: sign in, agree, sign
// out.
func (b *browser) settle(p page) page {
	b.Helper()
	for range 10 {
		if p.left != nil {
			return p
		}
		if f, ok := p.formTo("/identity/login"); ok {
			b.signIns++
			p = b.submit(p, f, url.Values{"email": {b.p.owner.email}, "password": {b.p.owner.password}})
			if p.status == http.StatusUnauthorized {
				b.Fatalf("the sign-in was refused: %s", p.text())
			}
		} else if f, ok := p.formTo("/identity/consent"); ok {
			b.consents++
			change := url.Values{"decision": {"approve"}}
			if brands := f.choices["brand"]; len(brands) > 0 && f.values.Get("brand") == "" {
				change.Set("brand", brands[0])
			}
			if _, asked := f.choices["all_stores"]; asked {
				change.Set("all_stores", "true")
			}
			p = b.submit(p, f, change)
		} else if f, ok := p.formTo("/identity/logout"); ok && p.address.Path == "/identity/logout" {
			b.logouts++
			p = b.submit(p, f, nil)
		} else {
			return p
		}
	}
	b.Fatalf("the server's pages do not end: %s", p.address.Path)
	return page{}
}

// signIn signs the owner in without any client.
func (b *browser) signIn() {
	b.Helper()
	p := b.settle(b.load("none", b.p.base+"/identity/login?return=%2Fidentity%2Faccount", nil))
	if b.signIns != 1 || p.status != http.StatusOK || p.address.Path != "/identity/account" {
		b.Fatalf("sign-in: %s, status %d after %d sign-ins: %s", p.address.Path, p.status, b.signIns, p.text())
	}
}

// editProfile fills in the profile on the account page.
func (b *browser) editProfile(who person) {
	b.Helper()
	p := b.load("none", b.p.base+"/identity/account", nil)
	f, ok := p.formTo("/identity/account/profile")
	if !ok {
		b.Fatalf("the account page has no profile: %s", p.text())
	}
	p = b.submit(p, f, url.Values{"name": {who.name}, "phone": {who.phone}, "language": {who.language}, "timezone": {who.zone}})
	if p.status != http.StatusOK {
		b.Fatalf("profile: status %d: %s", p.status, p.text())
	}
}
