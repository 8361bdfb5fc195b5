package identity

import (
	"net/http"
	"net/url"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/oauth"
)

// way is where somebody is going who signs in on the way: what the pages of the sign-in share.
type way struct {
	Return string             // local path to go on to
	App    oauth.SignInPrompt // the app that sent the person here; zero = none
	Open   bool               // anybody may create an account
	Again  string             // e-mail address of who is signed in and proves once more who they are
}

// wayTo finds out what a return path is about.
func (d *Door) wayTo(v *visit.Visit, back string) way {
	return way{Return: back, App: d.OAuth.ForSignIn(v.R.Context(), back), Open: d.SignUp == account.SignUpOpen}
}

// policy lets the forms of a sign-in lead on to the app, because the redirects after a form go all the way there.
func (w way) policy(scripts ...string) web.Policy {
	return web.Policy{Scripts: scripts, FormTargets: web.FormTargets(w.App.RedirectURI)}
}

// title is "Sign in", with what for.
func (w way) title() string {
	if w.App.AppName != "" {
		return "Sign in to " + w.App.AppName
	}
	return "Sign in"
}

type loginPage struct {
	way
	Form   web.Form
	Lapsed bool // the person was signed out while they filled in a form
}

func (d *Door) showLogin(v *visit.Visit) error {
	p := loginPage{way: d.wayTo(v, web.LocalPath(v.R.URL.Query().Get("return"), home))}
	p.Lapsed = d.Lapsed(v, p.Return)
	email := p.App.LoginHint
	if v.Session != nil {
		who, err := d.Accounts.Profile(v.R.Context(), v.Session.Account)
		if err != nil {
			return err
		}
		p.Again = who.Email
		if email == "" {
			email = who.Email
		}
	}
	if p.App.Create && p.Open && v.Session == nil {
		web.SeeOther(v.W, onTheWay("/signup", p.Return))
		return nil
	}
	p.Form = web.Filled("email", email)
	d.show(v, http.StatusOK, "login", p.title(), p.policy("passkey.js"), p)
	return nil
}

// onTheWay is the address of a page of the sign-in that knows where the person is going.
func onTheWay(page, back string) string {
	if back == home {
		return prefix + page
	}
	return prefix + page + "?return=" + url.QueryEscape(back)
}

func (d *Door) show(v *visit.Visit, status int, name, title string, policy web.Policy, data any) {
	d.Pages.Show(v.W, v.R, status, web.Page{Name: name, Title: title, Policy: policy, Data: data})
}

func (d *Door) login(v *visit.Visit) error {
	in, err := d.Accounts.SignInPassword(v.R.Context(), d.Visitor(v), v.Form.Get("email"), v.Form.Get("password"))
	if err == nil {
		return d.admit(v, in)
	}
	if !visit.Refused(err) {
		return err
	}
	p := loginPage{way: d.wayTo(v, back(v)), Form: web.Again(v.Form, err, "email", "password")}
	if fault.KindOf(err) == fault.Unauthenticated {
		p.Form = p.Form.Wrong("password", "E-mail and password do not match. Try again, or get a code by e-mail.")
	}
	d.showRefused(v, err, "login", p.title(), p.policy("passkey.js"), p)
	return nil
}

// showRefused shows a form again with the status of what was wrong with it.
func (d *Door) showRefused(v *visit.Visit, err error, name, title string, policy web.Policy, data any) {
	web.SetRetryAfter(v.W.Header(), err)
	d.show(v, web.StatusOf(err), name, title, policy, data)
}

// admit signs the browser in and sends it on, or asks for the second factor first.
func (d *Door) admit(v *visit.Visit, in account.SignedIn) error {
	if in.Pending != "" {
		d.askSecond(v, http.StatusOK, in.Pending, web.Form{})
		return nil
	}
	web.SetSession(v.W, in.Token)
	web.SeeOther(v.W, back(v))
	return nil
}

type secondPage struct {
	way
	Pending string
	Form    web.Form
}

func (d *Door) askSecond(v *visit.Visit, status int, pending string, form web.Form) {
	p := secondPage{d.wayTo(v, back(v)), pending, form}
	d.show(v, status, "second", "Two-step sign-in", p.policy(), p)
}

func (d *Door) loginSecond(v *visit.Visit) error {
	pending := v.Form.Get("pending")
	if v.Form.Get("code") == "" {
		d.askSecond(v, http.StatusOK, pending, web.Form{})
		return nil
	}
	in, err := d.Accounts.SecondFactor(v.R.Context(), d.Visitor(v), pending, v.Form.Get("code"))
	if err == nil {
		return d.admit(v, in)
	}
	if !visit.Refused(err) {
		return err
	}
	web.SetRetryAfter(v.W.Header(), err)
	d.askSecond(v, web.StatusOf(err), pending, web.Again(nil, err).OnField("code"))
	return nil
}

type pinPage struct {
	way
	Email string
	Form  web.Form
}

// sendPIN mails a code and asks for it. The answer is the same whether or not there is such an account.
func (d *Door) sendPIN(v *visit.Visit) error {
	email := v.Form.Get("email")
	err := d.Accounts.RequestPIN(v.R.Context(), d.Visitor(v), email)
	switch {
	case err == nil:
		d.askPIN(v, http.StatusOK, web.Form{})
		return nil
	case !visit.Refused(err):
		return err
	}
	p := loginPage{way: d.wayTo(v, back(v)), Form: web.Again(v.Form, err, "email").OnField("email")}
	d.showRefused(v, err, "login", p.title(), p.policy("passkey.js"), p)
	return nil
}

func (d *Door) askPIN(v *visit.Visit, status int, form web.Form) {
	p := pinPage{d.wayTo(v, back(v)), v.Form.Get("email"), form}
	d.show(v, status, "pin", "Enter the code", p.policy(), p)
}

func (d *Door) loginPIN(v *visit.Visit) error {
	in, err := d.Accounts.SignInPIN(v.R.Context(), d.Visitor(v), v.Form.Get("email"), v.Form.Get("pin"))
	if err == nil {
		return d.admit(v, in)
	}
	if !visit.Refused(err) {
		return err
	}
	web.SetRetryAfter(v.W.Header(), err)
	d.askPIN(v, web.StatusOf(err), web.Again(nil, err).OnField("pin"))
	return nil
}
