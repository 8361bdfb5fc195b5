package identity

import (
	"net/http"
	"net/url"

	"comanda/account"
	"comanda/internal/web"
	"comanda/wire"
)

type invitePage struct {
	account.Invitation
	Code   string
	Back   string // local path of this page, for a sign-in on the way
	Person string // who is signed in; empty = nobody
	Mine   bool   // it is the address that was invited
	Open   bool   // sign-up is open
	Done   bool   // accepted
	Over   bool   // too late
}

func (d *Door) showInvite(v *visit) error { return d.invitation(v, v.r.URL.Query().Get("code")) }

// invitation shows an invitation to whoever has its code. Only the form accepts it: programs that look at the links of a
// mail accept nothing.
func (d *Door) invitation(v *visit, code string) error {
	i, err := d.Accounts.Invitation(v.r.Context(), "", code)
	if err != nil {
		return err
	}
	p := invitePage{
		Invitation: i, Code: code, Back: prefix + "/invite?" + url.Values{"code": {code}}.Encode(), Open: d.SignUp == account.SignUpOpen,
		Done: i.Status == wire.InvitationStatusAccepted, Over: i.Status == wire.InvitationStatusExpired,
	}
	if v.session != nil {
		who, err := d.Accounts.Profile(v.r.Context(), v.session.Account)
		if err != nil {
			return err
		}
		p.Person, p.Mine = who.Email, who.Email == i.Email
	}
	d.show(v, http.StatusOK, "invite", "Join "+i.BrandName, web.Policy{}, p)
	return nil
}

func (d *Door) acceptInvite(v *visit) error {
	code := v.form.Get("code")
	here := prefix + "/invite?" + url.Values{"code": {code}}.Encode()
	if v.session == nil {
		web.SeeOther(v.w, onTheWay("/login", here))
		return nil
	}
	c, err := d.caller(v)
	if err != nil {
		return err
	}
	if _, err := d.Accounts.AcceptInvitation(v.r.Context(), c, "", code); err != nil {
		return err
	}
	web.SeeOther(v.w, here)
	return nil
}
