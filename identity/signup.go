package identity

import (
	"net/http"

	"comanda/account"
	"comanda/internal/web"
)

type signUpPage struct {
	way
	Form web.Form
}

func (d *Door) showSignUp(v *visit) error {
	p := signUpPage{way: d.wayTo(v, web.LocalPath(v.r.URL.Query().Get("return"), home))}
	d.show(v, http.StatusOK, "signup", "Create an account", p.policy(), p)
	return nil
}

// signUp registers a person, who goes on with the code that is mailed. It answers the same for an address that has an
// account.
func (d *Door) signUp(v *visit) error {
	handle, err := d.Accounts.Register(v.r.Context(), d.visitor(v), account.NewAccount{
		Name: v.form.Get("name"), Email: v.form.Get("email"), Password: v.form.Get("password"),
	})
	if err == nil {
		d.askCode(v, http.StatusOK, verifyPage{Handle: handle, Email: v.form.Get("email")})
		return nil
	}
	if !refused(err) {
		return err
	}
	p := signUpPage{way: d.wayTo(v, v.back()), Form: web.Again(v.form, err, "name", "email", "password")}
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
func (d *Door) askCode(v *visit, status int, p verifyPage) {
	p.way = d.wayTo(v, v.back())
	d.show(v, status, "verify", "Enter the code", p.policy(), p)
}

func (d *Door) verify(v *visit) error {
	in, err := d.Accounts.SetPasswordByPIN(v.r.Context(), d.visitor(v), v.form.Get("handle"), v.form.Get("pin"), v.form.Get("password"))
	if err == nil {
		return d.admit(v, in)
	}
	if !refused(err) {
		return err
	}
	web.SetRetryAfter(v.w.Header(), err)
	d.askCode(v, web.StatusOf(err), verifyPage{
		Handle: v.form.Get("handle"), Email: v.form.Get("email"), New: v.form.Get("new") != "", Form: web.Again(v.form, err, "pin", "password"),
	})
	return nil
}

type resetPage struct {
	way
	Token string // of a mailed link; empty = the address is asked for, and a code mailed
	Form  web.Form
}

func (d *Door) showReset(v *visit) error {
	d.askReset(v, http.StatusOK, resetPage{Token: v.r.URL.Query().Get("token")})
	return nil
}

func (d *Door) askReset(v *visit, status int, p resetPage) {
	p.way = d.wayTo(v, v.back())
	d.show(v, status, "reset", "Set a new password", p.policy(), p)
}

// reset mails a code for a new password. The answer is the same whether or not there is such an account.
func (d *Door) reset(v *visit) error {
	handle, err := d.Accounts.RequestPasswordPIN(v.r.Context(), d.visitor(v), v.form.Get("email"))
	if err == nil {
		d.askCode(v, http.StatusOK, verifyPage{Handle: handle, Email: v.form.Get("email"), New: true})
		return nil
	}
	if !refused(err) {
		return err
	}
	web.SetRetryAfter(v.w.Header(), err)
	d.askReset(v, web.StatusOf(err), resetPage{Form: web.Again(v.form, err, "email")})
	return nil
}

// resetByLink sets a new password with the token of a mailed link.
func (d *Door) resetByLink(v *visit) error {
	in, err := d.Accounts.ResetPassword(v.r.Context(), d.visitor(v), v.form.Get("token"), v.form.Get("password"))
	if err == nil {
		return d.admit(v, in)
	}
	if !refused(err) {
		return err
	}
	web.SetRetryAfter(v.w.Header(), err)
	d.askReset(v, web.StatusOf(err), resetPage{Token: v.form.Get("token"), Form: web.Again(v.form, err, "password")})
	return nil
}
