package browser_test

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mostOnWire is what a page may cost whoever opens it for the first time, in bytes with all that belongs to it.
const mostOnWire = 150_000

// one is a part of an address that says which of many it is; pages that differ in it only are alike.
var one = regexp.MustCompile(`/(\d+|[A-Za-z0-9_-]*\d[A-Za-z0-9_-]{6,})(/|$)`)

// alike is how many pages that differ in such a part are looked at.
const alike = 2

// crawl opens every page that somebody can get to from some pages by following links, and gives each to look.
func (r *reader) crawl(from []string, look func(a *answer)) {
	r.Helper()
	type link struct{ to, on string }
	var queue []link
	for _, path := range from {
		queue = append(queue, link{path, "the test"})
	}
	asked, kinds := map[string]bool{}, map[string]int{}
	for ; len(queue) > 0; queue = queue[1:] {
		next := queue[0]
		if asked[next.to] {
			continue
		}
		asked[next.to] = true
		at, err := url.Parse(next.to)
		r.must(err)
		var names []string
		for name := range at.Query() {
			names = append(names, name)
		}
		slices.Sort(names)
		kind := one.ReplaceAllString(at.Path, "/…/") + "?" + strings.Join(names, "&")
		if kinds[kind]++; kinds[kind] > alike {
			continue
		}
		a := r.get(next.to)
		if a.StatusCode != http.StatusOK {
			r.Errorf("%s, linked on %s, answers %d", next.to, next.on, a.StatusCode)
		}
		if a.page == nil {
			continue
		}
		asked[a.path] = true
		look(a)
		for _, e := range all(a.page, "a") {
			to, err := a.Request.URL.Parse(e.get("href"))
			r.must(err)
			if "https://"+to.Host == r.url {
				to.Fragment = ""
				queue = append(queue, link{to.RequestURI(), a.path})
			}
		}
	}
}

// fromHere are the first pages of all doors.
var fromHere = []string{"/portal", "/portal/new", "/developers", "/identity/account", "/identity/login", "/identity/signup", "/identity/reset", "/identity/device", "/identity/logout"}

// TestEveryPageIsCheapAndSafe follows every link that the owner of a working brand can follow, and that nobody in particular
// can follow, and holds each page to what every page must be.
func TestEveryPageIsCheapAndSafe(t *testing.T) {
	s := startDemo(t)
	s.trouble()
	packed := map[string]int{} // assets and what they cost
	most, pages := 0, 0
	look := func(a *answer) {
		pages++
		h := a.Header
		for name, want := range map[string]string{
			"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
			"Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s has the %s %q, want %q", a.path, name, got, want)
			}
		}
		exempt := "" // what Scalar cannot do without, see docs/decisions/0017
		if where, _, _ := strings.Cut(a.path, "?"); where == "/developers/reference" {
			exempt = "style-src-attr 'unsafe-inline'; "
		}
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, part) || strings.Contains(strings.Replace(policy, exempt, "", 1), "unsafe") {
				t.Errorf("%s has the policy %q without %s", a.path, policy, part)
			}
		}
		cost := a.wire
		for _, address := range parts(a) {
			if _, have := packed[address]; !have {
				packed[address] = s.asset(address)
			}
			if path.Base(address) != "scalar.js" { // the reference's bundle is apart: 1.4 MB, loaded once
				cost += packed[address]
			}
		}
		if cost > mostOnWire {
			t.Errorf("%s costs %d bytes on the wire, %d of them the page itself", a.path, cost, a.wire)
		}
		most = max(most, cost)
	}
	owner := s.owner()
	owner.crawl(fromHere, look)
	s.reader().crawl(fromHere, look)
	for _, nowhere := range []string{"/portal/" + s.demo.AppID + "/nowhere", "/identity/nowhere", "/developers/nowhere"} {
		a := owner.get(nowhere)
		if a.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", nowhere, a.StatusCode)
		}
		look(a)
	}
	t.Logf("%d pages, the dearest costs %d bytes", pages, most)
	if pages < 90 {
		t.Errorf("only %d pages were found", pages)
	}
}

// parts are the files that a browser loads with a page.
func parts(a *answer) (out []string) {
	for _, e := range all(a.page, "link", "script", "img") {
		for _, name := range []string{"href", "src"} {
			if v, ok := e.has(name); ok {
				out = append(out, v)
			}
		}
	}
	return out
}

var inStyle = regexp.MustCompile(`url\(["']?([^"')]+)|@import`)

// asset loads a file that belongs to a page and returns its bytes on the wire.
func (s *site) asset(address string) int {
	s.Helper()
	a := s.reader().get(address)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		s.Errorf("%s: %d, %s", address, a.StatusCode, a.Header.Get("Cache-Control"))
	}
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "image/png") && a.Header.Get("Content-Encoding") == "" {
		s.Errorf("%s, %s, is not compressed", address, kind)
	}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/css") {
		for _, m := range inStyle.FindAllStringSubmatch(a.text, -1) {
			if !strings.HasPrefix(m[1], "data:") {
				s.Errorf("%s loads %q, which this test does not count", address, m[0])
			}
		}
	}
	return a.wire
}
