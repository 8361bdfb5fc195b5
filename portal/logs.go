package portal

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/oauth"
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
	Method  string
	Methods []string
	Contain string // in the path
	Last    string // one of lasts, where From and To are empty
	From    string // as the field has it
	To      string
	Spans   []span // times to choose at once
	Wrong   string // what is wrong with the times
	Here    string // address of the list without a filter
	Rows    []logRow
	Totals  requestlog.Totals
	Newest  string
	Older   string
	Zone    *time.Location
}

// span is a time to choose at once: all, or from so long ago on.
type span struct {
	Title  string
	Path   string
	Chosen bool
}

type logRow struct {
	requestlog.Request
	Link string
	By   string // the OAuth app, or the person; empty = nobody known
}

// Good says that a request was answered with what it asked for.
func (r logRow) Good() bool { return r.Status < http.StatusBadRequest }

// logs lists the requests of the app in the path, or of the brand.
func (d *Door) logs(v *desk) error {
	q := v.R.URL.Query()
	p := logsPage{
		App: q.Get("app"), Class: q.Get("status"), Contain: q.Get("path"), Method: q.Get("method"), From: q.Get("from"), To: q.Get("to"), Last: q.Get("last"),
		Methods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, Here: v.path("logs"),
	}
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
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	f := requestlog.Filter{
		OAuthApp: p.App, Method: p.Method, Class: number(p.Class), Path: p.Contain, Before: q.Get("before"), Limit: logsAtOnce,
	}
	p.Spans = p.spans(q)
	status := http.StatusOK
	for _, t := range []struct {
		text string
		into *time.Time
	}{{p.From, &f.From}, {p.To, &f.To}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = instant(t.text, p.Zone); err != nil {
			p.Wrong, status = "From and to are dates with a time, such as 2026-11-27T18:30. All times are listed here.", http.StatusBadRequest
		}
	}
	if i := slices.IndexFunc(p.Spans, func(s span) bool { return s.Chosen }); i > 0 {
		f.From = clock.Now().Add(-lasts[i].long)
	}
	page, err := d.Requests.List(v.ctx(), v.Caller, v.Brand.AppID, f)
	if err != nil {
		return err
	}
	people, err := d.peopleNames(v)
	if err != nil {
		return err
	}
	for _, r := range page.Requests {
		p.Rows = append(p.Rows, logRow{r, p.Here + "/" + url.PathEscape(r.ID), by(&r, names, people)})
	}
	p.Totals = page.Totals
	p.Newest, p.Older = beforeLinks(p.Here, q, page.Next)
	return d.show(v, view{Name: "logs", Title: "Logs", Status: status, Data: p})
}

// lasts are the times to choose at once, until now, by the value of "last" in the address.
var lasts = []struct {
	name, title string
	long        time.Duration
}{{"", "All", 0}, {"hour", "Hour", time.Hour}, {"day", "Day", 24 * time.Hour}, {"week", "Week", 7 * 24 * time.Hour}}

// spans lead to each of lasts, with the same filter otherwise.
func (p *logsPage) spans(q url.Values) (out []span) {
	for _, l := range lasts {
		other := maps.Clone(q)
		for _, name := range []string{"from", "to", "before"} {
			other.Del(name)
		}
		other.Set("last", l.name)
		out = append(out, span{l.title, p.Here + "?" + other.Encode(), p.Last == l.name && p.From == "" && p.To == ""})
	}
	return out
}

// peopleNames are the names of people by their accounts, as far as whoever looks may know them.
func (d *Door) peopleNames(v *desk) (map[int]string, error) {
	self, err := d.Accounts.Own(v.ctx(), v.Caller)
	if err != nil {
		return nil, err
	}
	out := map[int]string{self.Account: cmp.Or(self.Name, self.Email)}
	team, err := d.Accounts.Teammates(v.ctx(), v.Caller, v.Brand.AppID)
	if err != nil && fault.KindOf(err) != fault.Forbidden {
		return nil, err
	}
	for _, t := range team {
		if t.UserId != nil {
			out[*t.UserId] = cmp.Or(t.Name, t.Email)
		}
	}
	return out, nil
}

// by is who sent a request: an OAuth app by its name, or a person; empty for somebody unknown.
func by(r *requestlog.Request, apps map[string]string, people map[int]string) string {
	switch {
	case r.OAuthApp == oauth.CommandLine:
		return cmp.Or(people[r.Account], "A teammate") + ", command line"
	case r.OAuthApp != "":
		return cmp.Or(apps[r.OAuthApp], "An app that is deleted")
	case r.Account != 0:
		return cmp.Or(people[r.Account], "A teammate")
	}
	return ""
}

// Summary says how many requests there are in the time, and how many of them are errors; empty without any.
func (p logsPage) Summary() string {
	t := p.Totals
	if t.Requests == 0 {
		return ""
	}
	return fmt.Sprintf("%s of this brand in this time, %.1f %% of them errors: %s refused (4xx), %s failed (5xx).",
		count(t.Requests, "request", "requests"), 100*float64(t.Refused+t.Failed)/float64(t.Requests), spaced(t.Refused), spaced(t.Failed))
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
	people, err := d.peopleNames(v)
	if err != nil {
		return err
	}
	p.By = by(&r, names, people)
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
