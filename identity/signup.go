package identity

import (
	"net/http"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/web"
)

type signUpPage struct {
	way
	Form web.Form
}

func (d *Door) showSignUp(v *visit.Visit) error {
	p := signUpPage{way: d.wayTo(v, web.LocalPath(v.R.URL.Query().Get("return"), home))}
	d.show(v, http.StatusOK, "signup", "Create an account", p.policy(), p)
	return nil
}

// signUp registers a person, who goes on with the code that is mailed. It answers the same for an address that has an
// account.
func (d *Door) signUp(v *visit.Visit) error {
	handle, err := d.Accounts.Register(v.R.Context(), d.Visitor(v), account.NewAccount{
		Name: v.Form.Get("name"), Email: v.Form.Get("email"), Password: v.Form.Get("password"),
	})
	if err == nil {
		d.askCode(v, http.StatusOK, verifyPage{Handle: handle, Email: v.Form.Get("email")})
		return nil
	}
	if !visit.Refused(err) {
		return err
	}
	p := signUpPage{way: d.wayTo(v, back(v)), Form: web.Again(v.Form, err, "name", "email", "password")}
	d.showRefused(v, err, "signup", "Create an account", p.policy(), p)
	return nil
}

type verifyPage struct {
	way
	Handle string
	Email  string
	New    bool // the code also sets a new password, which is asked for here
	Form   web.Form
}

// askCode asks for the code that proves an address.
func (d *Door) askCode(v *visit.Visit, status int, p verifyPage) {
	p.way = d.wayTo(v, back(v))
	d.show(v, status, "verify", "Enter the code", p.policy(), p)
}

func (d *Door) verify(v *visit.Visit) error {
	in, err := d.Accounts.SetPasswordByPIN(v.R.Context(), d.Visitor(v), v.Form.Get("handle"), v.Form.Get("pin"), v.Form.Get("password"))
	if err == nil {
		return d.admit(v, in)
	}
	if !visit.Refused(err) {
		return err
	}
	web.SetRetryAfter(v.W.Header(), err)
	d.askCode(v, web.StatusOf(err), verifyPage{
		Handle: v.Form.Get("handle"), Email: v.Form.Get("email"), New: v.Form.Get("new") != "", Form: web.Again(v.Form, err, "pin", "password"),
	})
	return nil
}

type resetPage struct {
	way
	Token string // of a mailed link; empty = the address is asked for, and a code mailed
	Form  web.Form
}

func (d *Door) showReset(v *visit.Visit) error {
	d.askReset(v, http.StatusOK, resetPage{Token: v.R.URL.Query().Get("token")})
	return nil
}

func (d *Door) askReset(v *visit.Visit, status int, p resetPage) {
	p.way = d.wayTo(v, back(v))
	d.show(v, status, "reset", "Set a new password", p.policy(), p)
}

// reset mails a code for a new password. The answer is the same whether or not there is such an account.
func (d *Door) reset(v *visit.Visit) error {
	handle, err := d.Accounts.RequestPasswordPIN(v.R.Context(), d.Visitor(v), v.Form.Get("email"))
	if err == nil {
		d.askCode(v, http.StatusOK, verifyPage{Handle: handle, Email: v.Form.Get("email"), New: true})
		return nil
	}
	if !visit.Refused(err) {
		return err
	}
	web.SetRetryAfter(v.W.Header(), err)
	d.askReset(v, web.StatusOf(err), resetPage{Form: web.Again(v.Form, err, "email")})
	return nil
}

// resetByLink sets a new password with the token of a mailed link.
func (d *Door) resetByLink(v *visit.Visit) error {
	in, err := d.Accounts.ResetPassword(v.R.Context(), d.Visitor(v), v.Form.Get("token"), v.Form.Get("password"))
	if err == nil {
		return d.admit(v, in)
	}
	if !visit.Refused(err) {
		return err
	}
	web.SetRetryAfter(v.W.Header(), err)
	d.askReset(v, web.StatusOf(err), resetPage{Token: v.Form.Get("token"), Form: web.Again(v.Form, err, "password")})
	return nil
}
