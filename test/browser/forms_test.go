package browser_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// form is a form of a page with what stands in it.
type form struct {
	method, action string
	partly         bool // sent by a button that asks for some of the fields only
	fields         []field
}

// field is what a form sends under one name.
type field struct {
	element
	name, kind, value string
}

// typed reports whether somebody types into the field.
func (f field) typed() bool {
	_, hidden := f.has("hidden") // for the browser's store of passwords
	return !hidden && slices.Contains([]string{"text", "email", "url", "password", "number", "search", "tel", "textarea", "datetime-local"}, f.kind)
}

// filled is what stands in the field, or something that fits where nothing does.
func (f field) filled() string {
	switch {
	case f.value != "" || !f.typed():
		return f.value
	case f.kind == "email":
		return "somebody@example.com"
	case f.kind == "url":
		return "https://pos.example.com/"
	case f.get("inputmode") == "numeric":
		return "5"
	}
	return "Something"
}

// most is how much fits into the field; without a limit of its own, what a form may send at all is far more than this.
func (f field) most() int {
	if n, err := strconv.Atoi(f.get("maxlength")); err == nil {
		return n
	}
	return 20_000
}

// secret reports whether the field never shows what was typed into it: a password, a code that works once.
func (f field) secret() bool { return f.kind == "password" || f.get("autocomplete") == "one-time-code" }

// key tells one kind of form from another.
func (f form) key() string {
	at, _, _ := strings.Cut(f.action, "?")
	names := []string{}
	for _, x := range f.fields {
		names = append(names, x.name)
	}
	slices.Sort(names)
	return f.method + " " + one.ReplaceAllString(at, "/…$2") + " " + strings.Join(slices.Compact(names), ",")
}

// values are what the form sends; a text for one of the names replaces what stands there.
func (f form) values(name, text string) url.Values {
	out := url.Values{}
	for _, x := range f.fields {
		if x.name == name {
			out[x.name] = []string{text}
		} else {
			out.Add(x.name, x.filled())
		}
	}
	return out
}

// forms are those of a page, once for each place that its buttons send it to.
func (r *reader) forms(a *answer) (out []form) {
	r.Helper()
	for _, e := range all(a.page, "form") {
		f := form{method: strings.ToUpper(e.get("method")), action: e.get("action")}
		actions := []string{f.action}
		for _, x := range all(e.Node, "input", "select", "textarea", "button") {
			if to, ok := x.has("formaction"); ok {
				actions = append(actions, to)
			}
			if sent, ok := fieldOf(x); ok {
				f.fields = append(f.fields, sent)
			}
		}
		for i, action := range actions {
			to, err := a.Request.URL.Parse(action)
			r.must(err)
			f.action, f.partly = to.RequestURI(), i > 0
			out = append(out, f)
		}
	}
	return out
}

// fieldOf is what an element sends, if it sends anything as it is.
func fieldOf(e element) (f field, ok bool) {
	f = field{element: e, name: e.get("name"), kind: e.get("type"), value: e.get("value")}
	_, checked := e.has("checked")
	switch {
	case f.name == "" || e.Data == "button":
		return f, false
	case e.Data == "textarea":
		f.kind, f.value = "textarea", text(e.Node)
	case e.Data == "select":
		f.kind = "select"
		for i, o := range all(e.Node, "option") {
			if _, chosen := o.has("selected"); chosen || i == 0 {
				if f.value, ok = o.has("value"); !ok {
					f.value = text(o.Node)
				}
			}
		}
	case f.kind == "":
		f.kind = "text"
	case f.kind == "checkbox" || f.kind == "radio":
		return f, checked
	}
	return f, true
}

func text(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return out.String()
}

// evil would be an element, an attribute or a script wherever it is not escaped.
const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)><b data-evil>{{.}}</b>` + "`javascript:alert(1)"

// clean fails when something that was typed became a part of a page, or when a page of another site could lay itself over it.
func (r *reader) clean(a *answer, what string) {
	r.Helper()
	if a.page == nil {
		return
	}
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
		r.Errorf("%s: %s may be put into a frame: %q", what, a.path, policy)
	}
	for n := range a.page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := element{n}
		_, from := e.has("src")
		bad := n.Data == "script" && !from || n.Data == "img" && e.get("src") == "x"
		for _, at := range n.Attr {
			bad = bad || strings.HasPrefix(at.Key, "on") || at.Key == "data-evil" ||
				(at.Key == "href" || at.Key == "src" || at.Key == "action" || at.Key == "formaction") && strings.HasPrefix(strings.TrimSpace(at.Val), "javascript:")
		}
		if bad {
			r.Errorf("%s: at %s what was typed became %v", what, a.path, e)
		}
	}
}

// everyForm gives each kind of form that somebody can get to by links, and by what answers other forms, to try.
func (r *reader) everyForm(first []form, try func(f form) (answers []*answer)) (n int) {
	r.Helper()
	tried := map[string]bool{}
	for queue := first; len(queue) > 0; queue = queue[1:] {
		f := queue[0]
		if tried[f.key()] {
			continue
		}
		tried[f.key()] = true
		n++
		for _, a := range try(f) {
			if a.page != nil {
				queue = append(queue, r.forms(a)...)
			}
		}
	}
	return n
}

// submit sends a form as a browser does.
func (r *reader) submit(f form, values url.Values, headers ...string) *answer {
	r.Helper()
	if f.method != http.MethodPost {
		at, _, _ := strings.Cut(f.action, "?")
		return r.get(at + "?" + values.Encode())
	}
	return r.send(f.action, values, headers...)
}

// TestEveryForm finds every form that the owner of a working brand, and nobody in particular, can get to, and sends each in
// every way that it should not be.
func TestEveryForm(t *testing.T) {
	s := startDemo(t)
	s.trouble()
	witness := s.owner() // who sends every form has signed out in the end
	first := map[*reader][]form{}
	for _, r := range []*reader{s.owner(), s.reader()} {
		r.crawl(fromHere, func(a *answer) { first[r] = append(first[r], r.forms(a)...) })
	}
	for _, c := range []struct {
		name  string
		try   func(t *testing.T, r *reader, f form) []*answer
		least int
	}{
		{"as a page of another site", foreign, 30},
		{"with one letter too many", tooLong, 30},
		{"with a script typed into it", script, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			for r, forms := range first {
				n += r.everyForm(forms, func(f form) []*answer { return c.try(t, &reader{&site{TB: t, url: s.url}, r.client}, f) })
			}
			if n < c.least {
				t.Errorf("only %d forms were found", n)
			}
		})
	}
	shown := 0
	witness.crawl(fromHere, func(a *answer) {
		witness.clean(a, "afterwards")
		if strings.Contains(text(a.page), evil) {
			shown++
		}
	})
	if shown < 20 {
		t.Errorf("only %d pages show what was typed", shown)
	}
}

// foreign is refused, whatever the form.
func foreign(t *testing.T, r *reader, f form) []*answer {
	if f.method != http.MethodPost {
		return nil
	}
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://intruder.example"}, {"Origin", "null"},
	} {
		if a := r.submit(f, f.values("", ""), header...); a.StatusCode != http.StatusForbidden || !strings.Contains(a.text, "Nothing was changed") {
			t.Errorf("%s with %q: %d %s", f.key(), header, a.StatusCode, a.path)
		}
	}
	return nil
}

// tooLong types one letter more than fits into each field: it is refused.
func tooLong(t *testing.T, r *reader, f form) (answers []*answer) {
	for _, x := range f.fields {
		if !x.typed() || x.kind == "textarea" || x.kind == "datetime-local" || f.partly || f.method != http.MethodPost {
			continue
		}
		what := f.key() + ": " + x.name
		more := strings.Repeat("5", x.most()+1-len(x.filled()))
		long := x.filled() + more
		if x.kind == "email" {
			long = more + x.filled()
		}
		a := r.submit(f, f.values(x.name, long))
		if a.StatusCode < http.StatusBadRequest {
			t.Errorf("%s: %d letters are taken: %d %s", what, len(long), a.StatusCode, a.path)
		}
		r.kept(a, x, long, what)
		answers = append(answers, a)
	}
	return answers
}

// script types what would be a part of the page into each field: it stays text, and stands in its field again where it is
// refused. So it does where no field is seen.
func script(_ *testing.T, r *reader, f form) (answers []*answer) {
	for _, x := range f.fields {
		what := f.key() + ": " + x.name
		a := r.submit(f, f.values(x.name, evil))
		r.clean(a, what)
		r.kept(a, x, evil, what)
		answers = append(answers, a)
	}
	return answers
}

// kept holds a refused form to showing what was typed, and saying what is wrong.
func (r *reader) kept(a *answer, x field, typed, what string) {
	r.Helper()
	if a.StatusCode >= http.StatusInternalServerError {
		r.Errorf("%s: %d", what, a.StatusCode)
	}
	if a.StatusCode < http.StatusBadRequest || a.page == nil || !x.typed() {
		return
	}
	for _, f := range r.forms(a) {
		for _, again := range f.fields {
			if again.name != x.name || again.kind != x.kind {
				continue
			}
			if again.value != typed && !(x.secret() && again.value == "") || x.kind == "password" && again.value != "" {
				r.Errorf("%s: %d, and in the field stands %q", what, a.StatusCode, again.value)
			}
			if !strings.Contains(a.text, `class="err"`) && !strings.Contains(a.text, `role="alert"`) {
				r.Errorf("%s: %d, and nothing says what is wrong", what, a.StatusCode)
			}
			return
		}
	}
}
