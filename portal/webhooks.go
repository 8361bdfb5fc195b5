package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/webhook"
	"comanda/wire"
)

// hooksAtOnce are the webhooks on one page of a list.
const hooksAtOnce = 50

// hook is a visit to a page of one webhook.
type hook struct {
	*desk
	App  wire.OAuthApp
	Sub  *webhook.Subscription
	Base string // address of the webhook's page
}

// hookName is what a webhook is called: it has no name of its own, so its host.
func hookName(callback string) string {
	if u, err := url.Parse(callback); err == nil && u.Host != "" {
		return u.Host
	}
	return callback
}

func hookBase(v *desk, oauthApp string, id int) string {
	return v.path("apps", oauthApp, "webhooks", strconv.Itoa(id))
}

// hook opens the webhook in the path.
func (d *Door) hook(serve func(*hook) error) func(*desk) error {
	return func(v *desk) error {
		id, err := strconv.Atoi(v.R.PathValue("id"))
		if err != nil {
			return errNothing
		}
		h := &hook{desk: v, Base: hookBase(v, v.R.PathValue("oauthAppId"), id)}
		if h.App, err = d.OAuth.App(v.ctx(), v.Caller, v.Brand.AppID, v.R.PathValue("oauthAppId")); err != nil {
			return err
		}
		if h.Sub, err = d.Webhooks.Get(v.ctx(), v.Caller, v.Brand.AppID, h.app(), id); fault.KindOf(err) == fault.NotFound {
			return fault.New(fault.NotFound, "This app has no such webhook.").With("Somebody may have deleted it.")
		} else if err != nil {
			return err
		}
		return serve(h)
	}
}

func (h *hook) app() string { return wire.V(h.App.OauthAppId) }

// checking is the address of the signature check for this webhook.
func (h *hook) checking() string { return h.path("signature") + "?webhook=" + strconv.Itoa(h.Sub.ID) }

// trail is what the pages of a webhook have above their title.
type trail struct {
	AppName, AppPath string
	Hook, Base       string
	Checking         string // address of the signature check
}

func (h *hook) trail() trail {
	return trail{AppName: wire.V(h.App.OauthAppName), AppPath: h.path("apps", h.app()), Hook: hookName(h.Sub.CallbackURL), Base: h.Base, Checking: h.checking()}
}

type hooksPage struct {
	AppName  string // empty = the webhooks of all apps
	AppPath  string
	AddPath  string
	Rows     []hookRow
	Total    int
	Older    string // address of the next page
	Newer    string
	HasApps  bool
	AppsPath string // address of a new app's form
	Checking string // address of the signature check
	Zone     *time.Location
	Done     string
}

type hookRow struct {
	Name    string
	Path    string
	URL     string
	AppName string
	Names   int
	State   state
	Health  webhook.Health
}

// state is how the state of a webhook is shown.
type state struct{ Class, Icon, Word string }

var states = map[string]state{
	webhook.Streaming: {"ok", "play", "Streaming"},
	webhook.Probing:   {"bad", "resend", "Probing"},
	webhook.Paused:    {"warn", "pause", "Paused"},
	webhook.Disabled:  {"", "ban", "Disabled"},
}

// hooks lists the webhooks of the app in the path, or of the brand.
func (d *Door) hooks(v *desk) error {
	p := hooksPage{Done: hookDones[v.R.URL.Query().Get("done")], Checking: v.path("signature"), AddPath: v.path("webhooks", "new"), AppsPath: v.path("apps", "new")}
	names, err := d.appNames(v)
	if err != nil {
		return err
	}
	p.HasApps = len(names) > 0
	app := v.R.PathValue("oauthAppId")
	here := v.path("webhooks")
	if app != "" {
		p.AppName, p.AppPath = names[app], v.path("apps", app)
		here = v.path("apps", app, "webhooks")
		p.AddPath = here + "/new"
	}
	page := max(1, number(v.R.URL.Query().Get("page")))
	all, total, err := d.Webhooks.Overviews(v.ctx(), v.Caller, v.Brand.AppID, app, page, hooksAtOnce)
	if err != nil {
		return err
	}
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	p.Total = total
	p.Newer, p.Older = neighbours(here, page, hooksAtOnce, total)
	for _, o := range all {
		p.Rows = append(p.Rows, hookRow{
			Name: hookName(o.CallbackURL), URL: o.CallbackURL, Path: hookBase(v, o.OAuthApp, o.ID), AppName: names[o.OAuthApp],
			Names: len(o.EventNames()) + len(o.Groups()), State: states[o.Health.State], Health: o.Health,
		})
	}
	return d.show(v, view{Name: "webhooks", Title: "Webhooks", Data: p})
}

// appNames are the names of the brand's OAuth apps by their ids.
func (d *Door) appNames(v *desk) (map[string]string, error) {
	apps, err := d.OAuth.Apps(v.ctx(), v.Caller, v.Brand.AppID, "")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, a := range apps {
		out[wire.V(a.OauthAppId)] = wire.V(a.OauthAppName)
	}
	return out, nil
}

// number is what stands in a field or an address; 0 when it is none.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

type newHookPage struct {
	Form    web.Form
	App     string // the app in the path; empty = it is chosen in the form
	AppName string
	AppPath string
	Apps    []choice
	Sandbox bool
	Action  string
	Back    string
}

func (d *Door) newHook(v *desk) error { return d.askHook(v, http.StatusOK, web.Form{}) }

func (d *Door) askHook(v *desk, status int, form web.Form) error {
	app := v.R.PathValue("oauthAppId")
	p := newHookPage{Form: form, App: app, Sandbox: v.Brand.Sandbox, Back: v.path("webhooks")}
	apps, err := d.OAuth.Apps(v.ctx(), v.Caller, v.Brand.AppID, "")
	if err != nil {
		return err
	}
	for _, a := range apps {
		id, name := wire.V(a.OauthAppId), wire.V(a.OauthAppName)
		p.Apps = append(p.Apps, choice{id, name})
		if id == app {
			p.AppName, p.AppPath, p.Back = name, v.path("apps", id), v.path("apps", id, "webhooks")
		}
	}
	if app != "" && p.AppName == "" {
		return d.OAuth.CheckApp(v.ctx(), v.Brand.ID, app)
	}
	p.Action = p.Back + "/new"
	return d.show(v, view{Name: "webhook-new", Title: "New webhook", Status: status, Data: p})
}

func (d *Door) createHook(v *desk) error {
	app := v.R.PathValue("oauthAppId")
	if app == "" {
		app = v.Form.Get("app")
	}
	callback := v.Form.Get("callbackurl")
	create := d.Webhooks.Create
	if v.Form.Has("verify") {
		create = d.Webhooks.CreateVerified
	}
	id, err := create(v.ctx(), v.Once(v.Caller), v.Brand.AppID, app, wire.WebhookSubscription{CallbackUrl: &callback})
	switch {
	case err == nil:
		web.SeeOther(v.W, hookBase(v, app, id)+"?done=created")
		return nil
	case !visit.Refused(err):
		return err
	}
	return d.askHook(v, again(v.Visit, err), web.Again(v.Form, err, "callbackurl"))
}

// hookDones are what a page says after a form, by the value of "done" in its address.
var hookDones = map[string]string{
	"created":   "The webhook is made. Choose its event names next: nothing is sent before.",
	"names":     "The event names are saved. They count from now on.",
	"settings":  "The settings are saved.",
	"delivery":  "The delivery settings are saved.",
	"paused":    "Delivery is paused. What happens meanwhile waits, for up to 24 hours.",
	"resumed":   "Delivery goes on, in sequence.",
	"deleted":   "The webhook is deleted.",
	"resent":    "The event was sent again, and received.",
	"refused":   "The event was sent again, and was not received. The attempt says why.",
	"resending": "The event is being sent again.",
	"tested":    "The test was sent.",
	"replayed":  "The replay has begun.",
	"cancelled": "The replay is cancelled.",
	"rotated":   "There is a new signing secret. The old one signs as well for 24 hours.",
}

// pauseHook stops delivery, resumeHook goes on.
func (d *Door) pauseHook(h *hook) error {
	return h.done(d.Webhooks.Pause(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID), "paused")
}

func (d *Door) resumeHook(h *hook) error {
	return h.done(d.Webhooks.Resume(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID), "resumed")
}

// done goes back to the webhook's page, which says what was done.
func (h *hook) done(err error, what string) error {
	if err == nil {
		web.SeeOther(h.W, h.Base+"?done="+what)
	}
	return err
}

func (d *Door) deleteHook(h *hook) error {
	if err := d.Webhooks.Delete(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID); err != nil {
		return err
	}
	web.SeeOther(h.W, h.path("apps", h.app(), "webhooks")+"?done=deleted")
	return nil
}
