package interop

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// person is somebody with a browser that runs no scripts: it follows redirects, keeps cookies, and fills in the forms that
// the provider shows until the provider sends them elsewhere or has nothing more to ask.
type person struct {
	t      *testing.T
	of     *provider
	http   *http.Client
	code   string   // to type where a device's code is wanted
	refuse bool     // says no to consent
	steps  []string // addresses on the way, without their queries
	pages  []string // addresses of the pages that were shown
}

// newPerson comes with an empty cookie jar.
func (p *provider) newPerson(t *testing.T) *person {
	t.Helper()
	c := p.http()
	c.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.trust}, ForceAttemptHTTP2: true}
	c.Jar = must(cookiejar.New(nil))(t)
	t.Cleanup(c.CloseIdleConnections)
	return &person{t: t, of: p, http: c}
}

// stop is where a visit ended.
type stop struct {
	URL    string            `json:"url"`              // elsewhere, with all that it carries; or the last page
	Fields map[string]string `json:"fields,omitempty"` // what a form posts there
	Status int               `json:"status"`           // of the last page, or of the redirect
	Text   string            `json:"text,omitempty"`   // of the last page
	Form   bool              `json:"form"`             // the last page is a form for elsewhere
	hidden bool              // all fields are hidden inputs
}

// params are what the provider tells the client, wherever it stands.
func (s stop) params() url.Values {
	out := url.Values{}
	for k, v := range s.Fields {
		out.Set(k, v)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return out
	}
	fragment, _ := url.ParseQuery(u.EscapedFragment())
	for _, part := range []url.Values{u.Query(), fragment} {
		for k, v := range part {
			out[k] = append(out[k], v...)
		}
	}
	return out
}

const longestWay = 15

// visit goes to an address and on until somewhere else.
func (h *person) visit(address string) (stop, error) {
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return stop{}, err
	}
	return h.walk(r)
}

func (h *person) walk(r *http.Request) (stop, error) {
	for range longestWay {
		h.steps = append(h.steps, r.URL.Scheme+"://"+r.URL.Host+r.URL.Path)
		res, err := h.http.Do(r)
		if err != nil {
			return stop{}, err
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			return stop{}, err
		}
		if to := res.Header.Get("Location"); to != "" && res.StatusCode >= 300 && res.StatusCode < 400 {
			u, err := r.URL.Parse(to)
			if err != nil {
				return stop{}, err
			}
			if !h.isHome(u) {
				return stop{URL: u.String(), Status: res.StatusCode}, nil
			}
			if r, err = http.NewRequestWithContext(h.t.Context(), http.MethodGet, u.String(), http.NoBody); err != nil {
				return stop{}, err
			}
			continue
		}
		h.pages = append(h.pages, r.URL.String())
		next, end, err := h.answer(r.URL, res.StatusCode, body)
		if err != nil || next == nil {
			return end, err
		}
		r = next
	}
	return stop{}, fmt.Errorf("no end after %d steps: %s", longestWay, strings.Join(h.steps, " → "))
}

func (h *person) isHome(u *url.URL) bool { return "https://"+u.Host == h.of.base }

// answer decides what to do with a page: fill in its form, or stop.
func (h *person) answer(at *url.URL, status int, page []byte) (*http.Request, stop, error) {
	end := stop{URL: at.String(), Status: status, Text: textOf(page)}
	for _, f := range formsOf(page) {
		to, err := at.Parse(f.action)
		if err != nil {
			return nil, end, err
		}
		values, send := f.values(), true
		switch {
		case !h.isHome(to):
			end = stop{URL: to.String(), Status: status, Form: true, Fields: map[string]string{}, hidden: true}
			for _, i := range f.inputs {
				end.Fields[i.name] = i.value
				end.hidden = end.hidden && i.kind == "hidden"
			}
			return nil, end, nil
		case status >= 400:
			return nil, end, nil
		case f.has("password"):
			values.Set("email", h.of.person.email)
			values.Set("password", h.of.person.password)
		case f.has("decision"):
			values.Set("decision", "approve")
			if h.refuse {
				values.Set("decision", "deny")
				if f.has("abort") { // how the peer's page of devices says it
					values.Set("abort", "yes")
				}
			}
		case f.has("user_code") && (h.code != "" || values.Get("user_code") != ""):
			if h.code != "" {
				values.Set("user_code", h.code)
				h.code = ""
			}
		case f.has("logout") || strings.HasSuffix(to.Path, "/logout"):
			if f.has("logout") {
				values.Set("logout", "yes")
			}
		default:
			send = false
		}
		if !send {
			continue
		}
		next, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, to.String(), strings.NewReader(values.Encode()))
		if err != nil {
			return nil, end, err
		}
		next.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		next.Header.Set("Origin", h.of.base)
		next.Header.Set("Sec-Fetch-Site", "same-origin")
		return next, end, nil
	}
	return nil, end, nil
}

// form is a form of a page; buttons are inputs of the kind "submit".
type form struct {
	action string
	inputs []input
}

type input struct{ name, kind, value string }

func (f form) has(name string) bool {
	return slices.ContainsFunc(f.inputs, func(i input) bool { return i.name == name })
}

// values are what a browser sends when nothing is touched and no named button is pressed.
func (f form) values() url.Values {
	out := url.Values{}
	for _, i := range f.inputs {
		if i.kind != "submit" {
			out.Add(i.name, i.value)
		}
	}
	return out
}

// formsOf reads the forms that are posted, in the order of the page. Radio buttons and boxes that are not checked are left
// out, as browsers do.
func formsOf(page []byte) (out []form) {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.EqualFold(attribute(n, "method"), "post") {
			continue
		}
		f := form{action: attribute(n, "action")}
		for c := range n.Descendants() {
			if c.Type != html.ElementNode || attribute(c, "name") == "" {
				continue
			}
			i := input{attribute(c, "name"), attribute(c, "type"), attribute(c, "value")}
			switch c.Data {
			case "input":
			case "button":
				i.kind = "submit"
			default:
				continue
			}
			if (i.kind == "radio" || i.kind == "checkbox") && !slices.ContainsFunc(c.Attr, func(a html.Attribute) bool { return a.Key == "checked" }) {
				continue
			}
			f.inputs = append(f.inputs, i)
		}
		out = append(out, f)
	}
	return out
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

var blanks = regexp.MustCompile(`\s+`)

func textOf(page []byte) string {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return ""
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && (n.Parent == nil || n.Parent.Data != "script" && n.Parent.Data != "style") {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.TrimSpace(blanks.ReplaceAllString(b.String(), " "))
}
