package account

import (
	"context"
	"strings"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Join makes an account for the address that an invitation was sent to, accepts the invitation and signs the person in. The
// code came by mail, so it verifies the address; n.Email is not looked at. It works in every sign-up mode. Where somebody
// signed up with the address and never verified it, the account is taken over with the new password; a verified one is a
// Conflict. Event: teammate.invite.accepted.
func (a *Accounts) Join(ctx context.Context, v Visitor, code string, n NewAccount) (SignedIn, error) {
	if !strings.HasPrefix(code, invitePrefix) { // a handle is for whoever is signed in already
		return SignedIn{}, noInvitation()
	}
	var i invitation
	err := a.db.Read(ctx, func(tx *db.Tx) (err error) {
		i, err = a.findInvitation(tx, "", code)
		return err
	})
	if err != nil {
		return SignedIn{}, wrap("join", err)
	}
	name, err := personName(n.Name, i.email)
	if err != nil {
		return SignedIn{}, err
	}
	if err := checkPassword(n.Password); err != nil {
		return SignedIn{}, err
	}
	hash, err := a.hash.make(ctx, n.Password)
	if err != nil {
		return SignedIn{}, err
	}
	id, err := a.db.NextID(ctx, "accounts")
	if err != nil {
		return SignedIn{}, wrap("join", err)
	}
	token := newRandom(sessionPrefix)
	var in SignedIn
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		b, err := a.holdTeam(tx, i.brand)
		if err != nil {
			return err
		}
		now, err := a.findInvitation(tx, "", code)
		if err != nil {
			return err
		}
		p, err := a.settle(tx, v, person{id: id, email: now.email, name: name}, hash)
		if err != nil {
			return err
		}
		c := &Caller{Kind: Person, Account: p.id, Name: p.name, Email: p.email, IP: ipOf(v)}
		status, err := a.accept(tx, c, b, now)
		if err != nil {
			return err
		}
		if status == wire.InvitationStatusExpired {
			return fault.New(fault.Gone, "This invitation has expired.").With("Ask for another one.")
		}
		in, err = a.admit(tx, token, v, proof{account: p.id, methods: []string{"otp"}, factors: 1})
		return err
	})
	a.admitted(v)
	a.changed(i.brand)
	if err != nil {
		return SignedIn{}, wrap("join", err)
	}
	return in, nil
}

// settle makes a verified account with a password, or takes over one of the address that nobody has verified.
func (a *Accounts) settle(tx *db.Tx, v Visitor, p person, hash string) (person, error) {
	added, err := tx.Exec(sqlInsertAccount, p.id, p.email, p.name, hash, clock.Micros(clock.Now()), true)
	if err != nil || added == 1 {
		return p, err
	}
	there, err := personOf(tx, p.email)
	if err != nil {
		return p, err
	}
	if there.verified || there.email == "" {
		return p, fault.New(fault.Conflict, "There is an account with this e-mail address.").With("Sign in, then accept the invitation.")
	}
	return there, a.setPassword(tx, v, there, hash)
}
