package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"comanda/event"
	"comanda/requestlog"
)

// logsAtOnce are the requests, or the events, on one page of a list.
const logsAtOnce = 50

// logsPage lists API requests.
type logsPage struct {
	App     string // whose requests; empty = of all
	Apps    []choice
	AppPath string // address of the app that stands in the path; empty = none does
	Class   string // 2, 4 or 5: the first digit of the status
	Contain string // in the path
	Here    string // address of the list without a filter
	Rows    []logRow
	Newest  string
	Older   string
	Zone    *time.Location
}

type logRow struct {
	requestlog.Request
	Link    string
	AppName string
}

// Good says that a request was answered with what it asked for.
func (r logRow) Good() bool { return r.Status < http.StatusBadRequest }

// logs lists the requests of the app in the path, or of the brand.
func (d *Door) logs(v *desk) error {
	q := v.R.URL.Query()
	p := logsPage{App: q.Get("app"), Class: q.Get("status"), Contain: q.Get("path"), Here: v.path("logs")}
	if app := v.R.PathValue("oauthAppId"); app != "" {
		p.App, p.AppPath, p.Here = app, v.path("apps", app), v.path("apps", app, "logs")
		if err := d.OAuth.CheckApp(v.ctx(), v.Brand.ID, app); err != nil {
			return err
		}
	}
	names, err := d.appNames(v)
	if err != nil {
		return err
	}
	for id, name := range names {
		p.Apps = append(p.Apps, choice{id, name})
	}
	slices.SortFunc(p.Apps, func(a, b choice) int { return strings.Compare(a.Name, b.Name) })
	page, err := d.Requests.List(v.ctx(), v.Caller, v.Brand.AppID, requestlog.Filter{
		OAuthApp: p.App, Class: number(p.Class), Path: p.Contain, Before: q.Get("before"), Limit: logsAtOnce,
	})
	if err != nil {
		return err
	}
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	for _, r := range page.Requests {
		p.Rows = append(p.Rows, logRow{r, p.Here + "/" + url.PathEscape(r.ID), names[r.OAuthApp]})
	}
	p.Newest, p.Older = beforeLinks(p.Here, q, page.Next)
	return d.show(v, view{Name: "logs", Title: "Logs", Data: p})
}

// beforeLinks lead from a page of a list to its beginning and to what follows, with the same filter.
func beforeLinks(here string, q url.Values, next string) (newest, older string) {
	if q.Has("before") {
		q.Del("before")
		newest = here + "?" + q.Encode()
	}
	if next != "" {
		q.Set("before", next)
		older = here + "?" + q.Encode()
	}
	return newest, older
}

// logPage is one request.
type logPage struct {
	logRow
	StatusText string
	Back       string
	Rows       []eventRow // the events that it caused
	Zone       *time.Location
}

func (d *Door) log(v *desk) error {
	r, caused, err := d.Requests.Get(v.ctx(), v.Caller, v.Brand.AppID, v.R.PathValue("requestId"))
	if err != nil {
		return err
	}
	p := logPage{logRow: logRow{Request: r}, StatusText: http.StatusText(r.Status), Back: v.path("logs")}
	if app := v.R.PathValue("oauthAppId"); app != "" {
		p.Back = v.path("apps", app, "logs")
	}
	names, err := d.appNames(v)
	if err != nil {
		return err
	}
	p.AppName = names[r.OAuthApp]
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	p.Rows = eventRows(v, caused)
	return d.show(v, view{Name: "log", Title: r.Method + " " + r.Path, Data: p})
}

type eventRow struct {
	event.Event
	Link  string
	About string
}

func eventRows(v *desk, events []event.Event) (out []eventRow) {
	for _, e := range events {
		out = append(out, eventRow{e, v.path("events", e.ID), subject(e.Subject)})
	}
	return out
}
