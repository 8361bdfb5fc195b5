package identity

import (
	"net/http"
	"net/url"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/wire"
)

type invitePage struct {
	account.Invitation
	Code   string
	Back   string // local path of this page, for a sign-in on the way
	Person string // who is signed in; empty = nobody
	Mine   bool   // it is the address that was invited
	Form   web.Form
	Done   bool // accepted
	Over   bool // too late
}

func (d *Door) showInvite(v *visit.Visit) error {
	return d.invitation(v, http.StatusOK, v.R.URL.Query().Get("code"), web.Form{})
}

// invitation shows an invitation to whoever has its code. Only the form accepts it: programs that look at the links of a
// mail accept nothing.
func (d *Door) invitation(v *visit.Visit, status int, code string, form web.Form) error {
	i, err := d.Accounts.Invitation(v.R.Context(), "", code)
	if err != nil {
		return err
	}
	p := invitePage{
		Invitation: i, Code: code, Back: invitePath(code), Form: form,
		Done: i.Status == wire.InvitationStatusAccepted, Over: i.Status == wire.InvitationStatusExpired,
	}
	if v.Session != nil {
		who, err := d.Accounts.Profile(v.R.Context(), v.Session.Account)
		if err != nil {
			return err
		}
		p.Person, p.Mine = who.Email, who.Email == i.Email
	}
	d.show(v, status, "invite", "Join "+i.BrandName, web.Policy{}, p)
	return nil
}

func invitePath(code string) string { return prefix + "/invite?" + url.Values{"code": {code}}.Encode() }

func (d *Door) acceptInvite(v *visit.Visit) error {
	code := v.Form.Get("code")
	if v.Session == nil {
		web.SeeOther(v.W, onTheWay("/login", invitePath(code)))
		return nil
	}
	c, err := d.Caller(v)
	if err != nil {
		return err
	}
	if _, err := d.Accounts.AcceptInvitation(v.R.Context(), c, "", code); err != nil {
		return err
	}
	web.SeeOther(v.W, invitePath(code))
	return nil
}

// joinByInvite makes an account for who was invited; the code came by mail, so it also proves the address.
func (d *Door) joinByInvite(v *visit.Visit) error {
	code := v.Form.Get("code")
	in, err := d.Accounts.Join(v.R.Context(), d.Visitor(v), code, account.NewAccount{Name: v.Form.Get("name"), Password: v.Form.Get("password")})
	switch {
	case err == nil:
		v.Form.Set("return", invitePath(code))
		return d.admit(v, in)
	case fault.KindOf(err) != fault.Invalid:
		return err
	}
	return d.invitation(v, web.StatusOf(err), code, web.Again(v.Form, err, "name", "password"))
}
