package identity

import (
	"net/http"
	"net/url"

	"comanda/account/visit"

	"comanda/internal/web"
)

// endSession is the end session endpoint, where an app sends a browser to be signed out.
func (d *Door) endSession(v *visit.Visit) error {
	switch v.R.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		v.W.Header().Set("Allow", "GET, POST")
		d.Pages.ShowProblem(v.W, v.R, web.Problem{
			Status: http.StatusMethodNotAllowed, Title: "This cannot be done", Text: "The end session endpoint takes GET and POST.", Code: "invalid_request",
		})
		return nil
	}
	p, err := d.OAuth.EndSession(v.R, v.Session)
	switch {
	case err != nil:
		return err
	case p.Page != nil:
		d.stop(v, p.Page)
		return nil
	case p.Confirm, v.Session == nil && v.R.Method == http.MethodPost:
		// A form on another site comes without the session's cookie; the page that it is sent on to gets it.
		web.SeeOther(v.W, prefix+"/logout?"+url.Values{"request": {p.Request}}.Encode())
		return nil
	}
	return d.signOut(v, p.Redirect)
}

// signOut ends the session and goes on to where an app wants the person, else to our own page.
func (d *Door) signOut(v *visit.Visit, to string) error {
	if token := web.SessionToken(v.R); token != "" {
		if err := d.Accounts.SignOut(v.R.Context(), token); err != nil {
			return err
		}
		web.ClearSession(v.W)
	}
	if to == "" {
		to = prefix + "/logout?done"
	}
	web.SeeOther(v.W, to)
	return nil
}

type logoutPage struct {
	Request string
	AppName string
	Email   string // of who is signed in; empty = nobody
}

func (d *Door) showLogout(v *visit.Visit) error {
	p := logoutPage{Request: v.R.URL.Query().Get("request")}
	redirect, app := d.OAuth.LogoutTarget(v.R.Context(), p.Request)
	p.AppName = app
	if v.Session == nil && redirect != "" { // there is nobody to ask
		web.SeeOther(v.W, redirect)
		return nil
	}
	title := "You are signed out"
	if v.Session != nil {
		who, err := d.Accounts.Profile(v.R.Context(), v.Session.Account)
		if err != nil {
			return err
		}
		p.Email, title = who.Email, "Sign out"
	}
	d.show(v, http.StatusOK, "logout", title, web.Policy{FormTargets: web.FormTargets(redirect)}, p)
	return nil
}

func (d *Door) logout(v *visit.Visit) error {
	redirect, _ := d.OAuth.LogoutTarget(v.R.Context(), v.Form.Get("request"))
	return d.signOut(v, redirect)
}
