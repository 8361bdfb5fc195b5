package portal

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/oauth"
	"comanda/order"
	"comanda/requestlog"
	"comanda/store"
	"comanda/webhook"
)

//go:embed all:templates
var files embed.FS

const prefix = "/portal"

// Config is what the door stands on.
type Config struct {
	Accounts  *account.Accounts
	OAuth     *oauth.Server
	Webhooks  *webhook.Webhooks
	Stores    *store.Stores
	Orders    *order.Orders
	Requests  *requestlog.Log
	Origin    web.Origin
	PublicURL string // https://host, without a slash at its end
	Version   string
}

// Door serves everything below /portal.
type Door struct {
	Config
	door  visit.Door
	inner http.Handler
}

// New makes the door.
func New(c Config) (*Door, error) {
	site := web.Site{PublicURL: c.PublicURL, Host: strings.TrimPrefix(c.PublicURL, "https://"), Version: c.Version}
	pages, err := web.NewPages(prefix, site, files, functions)
	if err != nil {
		return nil, err
	}
	d := &Door{Config: c, door: visit.Door{Accounts: c.Accounts, Origin: c.Origin, Pages: pages, Public: c.PublicURL, Home: prefix, KeepsTyped: true}}
	mux := http.NewServeMux()
	for _, r := range d.routes() {
		mux.Handle(r.pattern, d.page(r))
	}
	mux.Handle("GET /portal", d.door.Page(d.door.SignedIn(d.front)))
	mux.Handle("GET /portal/{$}", d.door.Page(d.door.SignedIn(d.front)))
	mux.Handle("GET /portal/new", d.door.Page(d.door.SignedIn(d.newBrand)))
	mux.Handle("POST /portal/new", d.door.Page(visit.WithForm(d.door.SignedIn(d.createBrand))))
	mux.Handle("/", d.door.Page(d.door.SignedIn(func(*visit.Visit, *account.Caller) error { return errNothing })))
	outer := http.NewServeMux() // assets is no brand
	outer.Handle("GET /portal/assets/", pages.Assets())
	outer.Handle("/", mux)
	d.inner, err = d.door.Protect(outer)
	return d, err
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.inner.ServeHTTP(w, r) }

var errNothing = fault.New(fault.NotFound, "There is no page at this address.").With("Start again from the portal's first page.")

// desk is a visit to a page of one brand, by somebody who may be there.
type desk struct {
	*visit.Visit
	Caller *account.Caller
	Brand  account.Brand
	place  string // the page of the side bar that this one belongs to
}

// ctx is the request's.
func (v *desk) ctx() context.Context { return v.R.Context() }

// path is the address of a page of the brand; the parts are escaped.
func (v *desk) path(parts ...string) string { return pathOf(v.Brand.AppID, parts...) }

func pathOf(appID string, parts ...string) string {
	out := prefix + "/" + url.PathEscape(appID)
	for _, p := range parts {
		out += "/" + url.PathEscape(p)
	}
	return out
}

// page serves a route to whoever has its right on the brand in the path.
func (d *Door) page(r route) http.Handler {
	serve := d.door.SignedIn(func(v *visit.Visit, c *account.Caller) error {
		b, err := d.Accounts.Open(v.R.Context(), c, v.R.PathValue("appId"), r.right)
		if err != nil {
			return err
		}
		return r.serve(&desk{v, c, b, r.place})
	})
	if strings.HasPrefix(r.pattern, "POST ") {
		serve = visit.WithForm(serve)
	}
	return d.door.Page(serve)
}

// view is a page of the portal before its frame is around it.
type view struct {
	Name   string // templates/NAME.html
	Title  string
	Status int // 0 = 200
	Data   any
	Also   []string // scripts beside those that every page has
	Docked bool     // the page has a drawer beside it
}

// scripts are those of every page of the portal.
var scripts = []string{"page.js"}

// show answers by a page in the portal's frame.
func (d *Door) show(v *desk, p view) error {
	f, err := d.frame(v.ctx(), v.Caller, &v.Brand, v.place)
	if err != nil {
		return err
	}
	f.Docked = p.Docked
	d.write(v.Visit, p, f)
	return nil
}

func (d *Door) write(v *visit.Visit, p view, f frame) {
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	d.door.Pages.Show(v.W, v.R, p.Status, web.Page{
		Name: p.Name, Title: p.Title, Density: "dense", Data: p.Data, Frame: &web.Frame{Name: "portal", Data: f},
		Policy: web.Policy{Scripts: append(scripts[:len(scripts):len(scripts)], p.Also...)},
	})
}

// again is the status of a form that is shown again, with how long to wait where the error says so.
func again(v *visit.Visit, err error) int {
	web.SetRetryAfter(v.W.Header(), err)
	return web.StatusOf(err)
}

var functions = template.FuncMap{
	"path": pathOf, "at": at, "atMinute": atMinute, "took": took, "spaced": spaced[int64], "breakable": breakable, "slashed": slashed, "count": count[int],
	"list": func(all ...string) []string { return all },
	"tabs": func(base, at string) appTabs { return appTabs{base, at} },
}
