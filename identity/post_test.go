package identity

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"comanda/account/visit"
	"comanda/internal/web"
	"comanda/oauth"
)

// FuzzFormPost proves that what stands in the form_post page is read back by an HTML parser as it was, and never becomes
// markup, whatever an app sent as its state and whatever its address is.
func FuzzFormPost(f *testing.F) {
	pages, err := web.NewPages(prefix, web.Site{}, files, functions)
	if err != nil {
		f.Fatal(err)
	}
	d := &Door{Door: visit.Door{Pages: pages}}
	for _, s := range []string{"", "st", `"><script>alert(1)</script>`, "a&amp;b=&lt;", "'\"`<>&+ =", "é\u2028\U0001f600", "\x00\xff", "a\r\nb", "</form><form action=//evil.example>"} {
		f.Add("state", s)
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		w := httptest.NewRecorder()
		v := &visit.Visit{W: w, R: httptest.NewRequest(http.MethodGet, "/identity/connect/authorize", nil)}
		const action = "https://till.example/return?a=b&c=d"
		d.postOn(v, oauth.FormPost{Action: action, Fields: [][2]string{{"code", "c"}, {name, value}}})
		page, err := html.Parse(strings.NewReader(w.Body.String()))
		if err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %v", w.Code, err)
		}
		count := map[string]int{}
		var inputs [][2]string
		for n := range page.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			count[n.Data]++
			at := map[string]string{}
			for _, a := range n.Attr {
				at[a.Key] = a.Val
			}
			switch n.Data {
			case "form":
				if at["action"] != action || at["method"] != "post" {
					t.Errorf("the form goes to %v", at)
				}
			case "input":
				inputs = append(inputs, [2]string{at["name"], at["value"]})
			}
		}
		if count["form"] != 1 || count["input"] != 2 || count["script"] != 1 || count["button"] != 1 {
			t.Fatalf("%v in\n%s", count, w.Body)
		}
		for i, want := range []string{name, value} {
			// What HTML cannot carry: NUL, bare carriage returns, broken UTF-8.
			if utf8.ValidString(want) && !strings.ContainsAny(want, "\x00\r") && inputs[1][i] != want {
				t.Errorf("%q came back as %q", want, inputs[1][i])
			}
		}
	})
}
