package portal

import (
	"net/http"

	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/wire"
)

type appsPage struct {
	Rows    []appRow
	AddPath string
	Done    string
}

type appRow struct {
	Name, ID, Flow, Path string
	Hooks                int // webhooks
}

// appDones are what the pages of OAuth apps say after a form, by the value of "done" in the address.
var appDones = map[string]string{
	"saved":   "The changes are saved.",
	"deleted": "The app is deleted. Its tokens stop working within two seconds.",
	"rotated": "There is a new secret key. The one before works beside it until you end it.",
	"dropped": "Only the newest secret key works now.",
	"added":   "The redirect URI is added.",
	"removed": "The redirect URI is removed.",
	"revoked": "The token is revoked. It stops working within two seconds.",
}

// apps lists the OAuth apps of the brand.
func (d *Door) apps(v *desk) error {
	all, err := d.OAuth.Apps(v.ctx(), v.Caller, v.Brand.AppID, "")
	if err != nil {
		return err
	}
	hooks, err := d.Webhooks.CountByApp(v.ctx(), v.Caller, v.Brand.AppID)
	if err != nil {
		return err
	}
	p := appsPage{AddPath: v.path("apps", "new"), Done: appDones[v.R.URL.Query().Get("done")]}
	for _, a := range all {
		p.Rows = append(p.Rows, appRow{wire.V(a.OauthAppName), wire.V(a.OauthAppId), string(wire.V(a.Flow)), v.path("apps", wire.V(a.OauthAppId)), hooks[wire.V(a.OauthAppId)]})
	}
	return d.show(v, view{Name: "apps", Title: "OAuth apps", Data: p})
}

type newAppPage struct {
	Form web.Form
	Back string
}

func (d *Door) newApp(v *desk) error { return d.askApp(v, http.StatusOK, web.Form{}) }

func (d *Door) askApp(v *desk, status int, form web.Form) error {
	return d.show(v, view{Name: "app-new", Title: "New OAuth app", Status: status, Data: newAppPage{form, v.path("apps")}})
}

func (d *Door) createApp(v *desk) error {
	name := v.Form.Get("oauthappname")
	id, _, err := d.OAuth.CreateApp(v.ctx(), v.Once(v.Caller), v.Brand.AppID, wire.OAuthApp{OauthAppName: &name})
	switch {
	case err == nil:
		web.SeeOther(v.W, v.path("apps", id))
		return nil
	case !visit.Refused(err):
		return err
	}
	return d.askApp(v, again(v.Visit, err), web.Again(v.Form, err, "oauthappname").OnField("oauthappname"))
}

// errNoSuchPart is a redirect URI or a token that a form names and that is not there.
var errNoSuchPart = fault.New(fault.NotFound, "It is not there any more.").With("Go back and reload the page.")
