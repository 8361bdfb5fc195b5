package developers

import (
	"cmp"
	"embed"
	"html"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/oauth"
)

//go:embed guides/*.md assets all:templates
var files embed.FS

const prefix = "/developers"

// Config is what the door stands on.
type Config struct {
	Accounts   *account.Accounts
	OAuth      *oauth.Server
	Origin     web.Origin
	PublicURL  string // https://host, without a slash at its end
	Support    Support
	EditURL    string // where the guides' files can be edited; the name of the file is added. Empty = nowhere
	Version    string
	Operations []Operation
}

// Support is where people who need help are sent; what is empty is not told.
type Support struct{ Email, URL string }

// Operation is a served operation of the API.
type Operation struct {
	ID, Method, Path, Summary string
	Description               string   // what there is to know beyond the summary
	Events                    []string // names of the events that a call may append
	Tag, About                string   // the tag that it belongs to, and what that is
}

var codeSpan = regexp.MustCompile("`([^`]+)`")

// Prose is the description as a page shows it.
func (o Operation) Prose() template.HTML {
	return template.HTML(codeSpan.ReplaceAllString(html.EscapeString(o.Description), "<code>$1</code>")) //nolint:gosec // escaped just now
}

// Door serves everything below /developers, and /llms.txt.
type Door struct {
	Config
	door   visit.Door
	guides *library
	index  []entry
	inner  http.Handler
}

// New makes the door. It reads all guides, so that a mistake in one is found at the start.
func New(c Config) (*Door, error) {
	site := web.Site{PublicURL: c.PublicURL, Host: strings.TrimPrefix(c.PublicURL, "https://"), Version: c.Version}
	pages, err := web.NewPages(prefix, site, files, nil)
	if err != nil {
		return nil, err
	}
	d := &Door{Config: c, door: visit.Door{Accounts: c.Accounts, Origin: c.Origin, Pages: pages, Public: c.PublicURL, Home: prefix}}
	if d.guides, err = read(files, c.PublicURL); err != nil {
		return nil, err
	}
	d.index = append(d.guides.entries(), operationEntries(c.Operations)...)
	mux := http.NewServeMux()
	mux.Handle("GET /llms.txt", http.HandlerFunc(d.llms))
	mux.Handle("GET /developers/assets/", pages.Assets())
	for pattern, serve := range map[string]func(*visit.Visit) error{
		"GET /developers":            d.home,
		"GET /developers/{$}":        d.home,
		"GET /developers/search":     d.search,
		"GET /developers/reference":  d.reference,
		"POST /developers/reference": visit.WithForm(d.door.SignedIn(d.token)),
		"GET /developers/support":    d.support,
		"GET /developers/kit":        d.kit,
		"GET /developers/{guide}":    d.guide,
		"/":                          func(*visit.Visit) error { return errNothing },
	} {
		mux.Handle(pattern, d.door.Page(serve))
	}
	d.inner, err = d.door.Protect(mux)
	return d, err
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.inner.ServeHTTP(w, r) }

var errNothing = fault.New(fault.NotFound, "There is no page at this address.").With("Start again from the developer hub's first page, /developers.")

// view is a page of the hub before its frame is around it.
type view struct {
	Name  string // templates/NAME.html
	Frame string // the part that is drawn around it; empty = hub
	Title string
	At    string    // the last part of its address, to mark in the side bar
	Query string    // what stands in the field of the search
	On    []heading // what stands on the page, for its margin
	Data  any

	Policy web.Policy // empty = that of a guide
}

// frame is what stands around every page.
type frame struct {
	view
	Sections []section
	SignIn   string // where to sign in; empty for who is signed in
}

func (d *Door) show(v *visit.Visit, p view) error {
	if p.Policy.Scripts == nil {
		p.Policy.Scripts = []string{"page.js", "hub.js"}
	}
	f := frame{view: p, Sections: d.guides.sections}
	if v.Session == nil {
		f.SignIn = visit.SignIn(web.LocalPath(v.R.URL.RequestURI(), prefix))
	}
	d.door.Pages.Show(v.W, v.R, http.StatusOK, web.Page{
		Name: p.Name, Title: p.Title, Density: "hubpage", Data: p.Data, Frame: &web.Frame{Name: cmp.Or(p.Frame, "hub"), Data: f}, Policy: p.Policy,
	})
	return nil
}

func (d *Door) home(v *visit.Visit) error {
	return d.show(v, view{Name: "home", Title: "Developer hub", Data: d.guides.sections})
}

func (d *Door) guide(v *visit.Visit) error {
	slug, raw := strings.CutSuffix(v.R.PathValue("guide"), ".md")
	g := d.guides.bySlug[slug]
	switch {
	case g == nil:
		return errNothing
	case raw:
		text(v.W, "text/markdown", g.Markdown)
		return nil
	}
	return d.show(v, view{Name: "guide", Title: g.Title, At: slug, On: g.Headings, Data: struct {
		*Guide
		Edit string
	}{g, edit(d.EditURL, g)}})
}

func (d *Door) support(v *visit.Visit) error {
	on := []heading{{"before", "Before you ask"}, {"tell", "What to tell"}, {"operator", "If you run this server"}}
	return d.show(v, view{Name: "support", Title: "Support", At: "support", On: on, Data: d.Support})
}

// edit is the address at which a guide's file can be edited; empty where that is not known.
func edit(base string, g *Guide) string {
	if base == "" || g.Updated.IsZero() { // what tells no day is documentation that stands elsewhere
		return ""
	}
	return strings.TrimSuffix(base, "/") + "/" + g.Slug + ".md"
}

// text answers with a text that may be kept for a while.
func text(w http.ResponseWriter, kind, body string) {
	h := w.Header()
	h.Set("Content-Type", kind+"; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write([]byte(body))
}
