package developers_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"comanda/app"
	"comanda/internal/browsertest"
	"comanda/wire"
)

const (
	editURL      = "https://code.example/developers/guides"
	supportEmail = "help@code.example"
	ownerEmail   = "giulia@bellanapoli.example"
	password     = "correct horse battery"
)

// hub is a running server with one brand and its OAuth app, read over HTTPS.
type hub struct {
	testing.TB
	node   *app.Server
	made   app.Made
	url    string
	client *http.Client
}

func start(t testing.TB) *hub {
	t.Helper()
	config := app.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0", Signup: "open", Version: "1.0", DocsEditURL: editURL, SupportEmail: supportEmail,
	}
	made, err := app.Init(t.Context(), config, app.First{Email: ownerEmail, Password: password, Brand: "Bella Napoli", Country: "IE", Currency: "EUR", Store: "Capel Street", Sandbox: true})
	if err != nil {
		t.Fatal(err)
	}
	node, err := app.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := node.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
	<-node.Ready()
	return &hub{t, node, made, node.PublicURL(), &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}}
}

// get reads a page.
func (h *hub) get(path string) (status int, header http.Header, body string) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodGet, h.url+path, http.NoBody)
	if err != nil {
		h.Fatal(err)
	}
	w, err := h.client.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		h.Fatal(err)
	}
	return w.StatusCode, w.Header, string(raw)
}

// links are the addresses on a page, and the ids of its elements.
func links(body string) (to []string, ids map[string]bool, twice []string) {
	ids = map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return to, ids, twice
		case html.StartTagToken:
			for _, a := range z.Token().Attr {
				switch a.Key {
				case "href":
					to = append(to, a.Val)
				case "id":
					if ids[a.Val] {
						twice = append(twice, a.Val)
					}
					ids[a.Val] = true
				}
			}
		default:
		}
	}
}

// TestEveryLinkLeadsSomewhere follows the links of the hub from its first page, over its own pages.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	h := start(t)
	ids, from := map[string]map[string]bool{}, map[string]string{}
	elsewhere := []string{"/portal", "/identity/"} // other doors' pages, which ask who is there
	queue := []string{"/developers"}
	for len(queue) > 0 {
		page := queue[0]
		queue = queue[1:]
		status, header, body := h.get(page)
		if status != http.StatusOK {
			t.Errorf("%s, linked from %s, answers %d", page, from[page], status)
		}
		to, at, twice := links(body)
		ids[page] = at
		if strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			if len(twice) > 0 {
				t.Errorf("%s has ids twice: %v", page, twice)
			}
			if n := strings.Count(body, "<h1"); n != 1 {
				t.Errorf("%s has %d h1", page, n)
			}
			if strings.Contains(body, "eat.example") {
				t.Errorf("%s names an address that is not this server's", page)
			}
			if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("%s has the policy %q", page, policy)
			}
		}
		for _, link := range to {
			u, err := url.Parse(link)
			if err != nil || u.IsAbs() {
				if err != nil || !strings.HasPrefix(link, h.url) && !strings.HasPrefix(link, editURL) && link != "https://www.standardwebhooks.com" && link != "mailto:"+supportEmail {
					t.Errorf("%s leads elsewhere: %s", page, link)
				}
				continue
			}
			next := u.Path
			if next == "" {
				next = page
			}
			if u.Fragment != "" {
				from[next+"#"+u.Fragment] = page
			}
			if _, seen := from[next]; seen || next == page || slices.ContainsFunc(elsewhere, func(p string) bool { return strings.HasPrefix(next, p) }) {
				continue
			}
			from[next] = page
			queue = append(queue, next)
		}
	}
	for place, page := range from {
		if path, id, ok := strings.Cut(place, "#"); ok && ids[path] != nil && !ids[path][id] && id != "i-mark" && !strings.HasPrefix(id, "i-") {
			t.Errorf("%s leads to %s, and there is no such place", page, place)
		}
	}
	if len(ids) < 8 {
		t.Errorf("only %d pages were found", len(ids))
	}
}

// TestEveryGuideIsInTheContents compares the folder with what the hub leads to.
func TestEveryGuideIsInTheContents(t *testing.T) {
	h := start(t)
	_, _, home := h.get("/developers")
	_, _, llms := h.get("/llms.txt")
	files, err := filepath.Glob("guides/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.Contains(home, `href="/developers/`+strings.TrimSuffix(name, ".md")+`"`) {
			t.Errorf("the hub does not lead to %s", file)
		}
		if !strings.Contains(llms, h.url+"/developers/"+name+")") {
			t.Errorf("llms.txt does not lead to %s", file)
		}
		if _, header, body := h.get("/developers/" + name); strings.Contains(body, "```event") || !strings.HasPrefix(header.Get("Content-Type"), "text/markdown") || !strings.HasPrefix(body, "# ") {
			t.Errorf("%s is not Markdown: %.60s", name, body)
		}
	}
}

// TestGuidesTellOfEveryEvent holds the guides about events to the catalogue: each event of a group is told of, and no other.
func TestGuidesTellOfEveryEvent(t *testing.T) {
	for _, group := range []string{"Order", "Customer", "Store, store group, delivery zone, channel", "Menu"} {
		name, _, _ := strings.Cut(strings.ToLower(group), ",")
		raw, err := os.ReadFile("guides/" + name + "-events.md")
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]bool{}
		for line := range strings.Lines(string(raw)) {
			if rest, ok := strings.CutPrefix(line, "| `"); ok {
				name, _, _ := strings.Cut(rest, "`")
				if strings.Contains(name, ".") {
					told[name] = true
				}
			}
		}
		for _, e := range wire.Catalogue {
			if e.Group == group && !told[e.Name] {
				t.Errorf("the guide of the events of %s does not tell of %s", group, e.Name)
			}
			if e.Group == group {
				delete(told, e.Name)
			}
		}
		for name := range told {
			t.Errorf("%s is no event of the group %s", name, group)
		}
	}
}

func TestSearchFindsGuidesAndOperations(t *testing.T) {
	h := start(t)
	for query, want := range map[string]string{
		"idempotency key":   `href="/developers/idempotency`,
		"IDEMPOTENCY":       `href="/developers/idempotency"`,
		"accept order":      `href="/developers/reference#AcceptOrder"`,
		"zzz":               "Nothing has all of these words",
		"":                  "Type words into the field",
		`"><script>alert()`: "Nothing has all of these words",
	} {
		status, _, body := h.get("/developers/search?q=" + url.QueryEscape(query))
		if status != http.StatusOK || !strings.Contains(body, want) || strings.Contains(body, "<script>alert") {
			t.Errorf("%q: %d, without %s", query, status, want)
		}
	}
}

func TestUnknownPagesAreNotFound(t *testing.T) {
	h := start(t)
	for _, path := range []string{"/developers/none", "/developers/none.md", "/developers/getting-started/x", "/developers/..%2fdoor.go"} {
		if status, _, body := h.get(path); status != http.StatusNotFound || !strings.Contains(body, "There is no page at this address") {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// TestPagesFit holds each page of the hub to what every page must be, and uses what script adds.
func TestPagesFit(t *testing.T) {
	h := start(t)
	tab := browsertest.Open(t)
	pages := map[string]string{"home": "", "search": "/search?q=order", "support": "/support", "kit": "/kit"}
	files, _ := filepath.Glob("guides/*.md")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		pages[name] = "/" + name
	}
	for name, path := range pages {
		tab.Goto(h.url + "/developers" + path)
		tab.Look("hub-" + name)
	}
	tab.Goto(h.url + "/developers/verifying-signatures")
	tab.Click(`.tabs a[href="#code-2"]`)
	if browsertest.Eval[bool](tab, `document.getElementById("code-2").hidden || !document.getElementById("code-1").hidden`) {
		t.Error("the tab Go does not show the program in Go")
	}
	tab.Click(".toc a[href$=without-a-secret]")
	if browsertest.Eval[int](tab, `document.querySelectorAll(".toc [aria-current]").length`) != 1 {
		t.Error("not one section is marked as being read")
	}
	if said := tab.Complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}
