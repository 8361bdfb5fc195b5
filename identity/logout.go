package identity

import (
	"net/http"
	"net/url"

	"comanda/internal/web"
)

// endSession is the end session endpoint, where an app sends a browser to be signed out.
func (d *Door) endSession(v *visit) error {
	switch v.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		v.w.Header().Set("Allow", "GET, POST")
		d.pages.ShowProblem(v.w, v.r, web.Problem{
			Status: http.StatusMethodNotAllowed, Title: "This cannot be done", Text: "The end session endpoint takes GET and POST.", Code: "invalid_request",
		})
		return nil
	}
	p, err := d.OAuth.EndSession(v.r, v.session)
	switch {
	case err != nil:
		return err
	case p.Page != nil:
		d.stop(v, p.Page)
		return nil
	case p.Confirm, v.session == nil && v.r.Method == http.MethodPost:
		// A form on another site comes without the session's cookie; the page that it is sent on to gets it.
		web.SeeOther(v.w, prefix+"/logout?"+url.Values{"request": {p.Request}}.Encode())
		return nil
	}
	return d.signOut(v, p.Redirect)
}

// signOut ends the session and goes on to where an app wants the person, else to our own page.
func (d *Door) signOut(v *visit, to string) error {
	if token := web.SessionToken(v.r); token != "" {
		if err := d.Accounts.SignOut(v.r.Context(), token); err != nil {
			return err
		}
		web.ClearSession(v.w)
	}
	if to == "" {
		to = prefix + "/logout?done"
	}
	web.SeeOther(v.w, to)
	return nil
}

type logoutPage struct {
	Request string
	AppName string
	Email   string // of who is signed in; empty = nobody
}

func (d *Door) showLogout(v *visit) error {
	p := logoutPage{Request: v.r.URL.Query().Get("request")}
	redirect, app := d.OAuth.LogoutTarget(v.r.Context(), p.Request)
	p.AppName = app
	if v.session == nil && redirect != "" { // there is nobody to ask
		web.SeeOther(v.w, redirect)
		return nil
	}
	title := "You are signed out"
	if v.session != nil {
		who, err := d.Accounts.Profile(v.r.Context(), v.session.Account)
		if err != nil {
			return err
		}
		p.Email, title = who.Email, "Sign out"
	}
	d.show(v, http.StatusOK, "logout", title, web.Policy{FormTargets: web.FormTargets(redirect)}, p)
	return nil
}

func (d *Door) logout(v *visit) error {
	redirect, _ := d.OAuth.LogoutTarget(v.r.Context(), v.form.Get("request"))
	return d.signOut(v, redirect)
}
