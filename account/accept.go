package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Invitation is what the holder of its code sees of an invitation.
type Invitation struct {
	AppID     string
	BrandName string
	Email     string // whom it is for
	Level     wire.AppAccessLevel
	Status    wire.InvitationStatus
	IsNewUser bool // nobody has a verified account with the address yet
}

// invitation is an invitation as it is stored.
type invitation struct {
	teammate
	brand     int
	appID     string
	brandName string
	inviter   int // 0 = Comanda itself
	taken     int // the account that accepted it, 0 = open
	created   time.Time
	known     bool // somebody has a verified account with the address
}

func scanInvitation(row interface{ Scan(...any) error }) (i invitation, err error) {
	var stores string
	var created, expires int64
	err = row.Scan(&i.id, &i.brand, &i.appID, &i.brandName, &i.email, &i.level, &stores, &i.inviter, &i.taken, &created, &expires, &i.known)
	if err != nil {
		return i, err
	}
	i.created, i.expires = clock.FromMicros(created), clock.FromMicros(expires)
	i.stores, err = decodeStores(stores)
	return i, err
}

func (i invitation) status() wire.InvitationStatus {
	switch {
	case i.taken != 0:
		return wire.InvitationStatusAccepted
	case clock.Now().Before(i.expires):
		return wire.InvitationStatusPending
	}
	return wire.InvitationStatusExpired
}

func noInvitation() error {
	return fault.New(fault.NotFound, "There is no such invitation: it was withdrawn, or replaced by a newer one.").
		With("Look for a newer mail, or ask for another invitation.")
}

// findInvitation finds an invitation by its code, or by the handle that [Accounts.Invitations] gives out. appID is that of
// the path; empty = any.
func (a *Accounts) findInvitation(tx *db.Tx, appID, otc string) (i invitation, err error) {
	if strings.HasPrefix(otc, invitePrefix) {
		digest := digestOf(otc)
		i, err = scanInvitation(tx.QueryRow(sqlInvitationOfCode, digest[:]))
	} else {
		id, ok := a.openHandle(otc, inviteHandle)
		if !ok {
			return i, noInvitation()
		}
		i, err = scanInvitation(tx.QueryRow(sqlInvitation, string(id)))
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && appID != "" && !strings.EqualFold(i.appID, appID) {
		return i, noInvitation()
	}
	return i, err
}

// Invitation shows an invitation to whoever holds its code. It changes nothing, so that a program that follows the links of
// a mail accepts nothing. appID may be empty.
func (a *Accounts) Invitation(ctx context.Context, appID, code string) (Invitation, error) {
	var i invitation
	err := a.db.Read(ctx, func(tx *db.Tx) (err error) {
		i, err = a.findInvitation(tx, appID, code)
		return err
	})
	if err != nil {
		return Invitation{}, wrap("invitation", err)
	}
	return Invitation{i.appID, i.brandName, i.email, i.level, i.status(), !i.known}, nil
}

// Invitations lists the invitations that wait for the caller: those to their address, once they have verified it.
func (a *Accounts) Invitations(ctx context.Context, c *Caller) ([]wire.PendingInvitation, error) {
	open, err := a.invitationsTo(ctx, c)
	out := make([]wire.PendingInvitation, len(open))
	for n, i := range open {
		out[n] = wire.PendingInvitation{
			AppName: i.brandName, Email: i.email, Otc: a.handle([]byte(i.id), inviteHandle), CreatedAt: wire.At(i.created),
		}
	}
	return out, err
}

func (a *Accounts) invitationsTo(ctx context.Context, c *Caller) ([]invitation, error) {
	if err := c.themselves(); err != nil {
		return nil, err
	}
	now := clock.Micros(clock.Now())
	var out []invitation
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		p, err := personByID(tx, c.Account)
		if err != nil || !p.verified {
			return err
		}
		rows, err := tx.Query(sqlInvitationsTo, p.email, now)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			i, err := scanInvitation(rows)
			if err != nil {
				return err
			}
			out = append(out, i)
		}
		return rows.Err()
	})
	return out, wrap("invitations", err)
}

// personByID is a person who can sign in.
func personByID(tx *db.Tx, account int) (person, error) {
	p := person{id: account}
	err := tx.QueryRow(sqlPersonByID, account).Scan(&p.email, &p.name, &p.verified)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.Unauthenticated, "This account cannot sign in.")
	}
	return p, err
}

// AcceptInvitation makes the caller a teammate, if the invitation is for their verified address and whoever sent it may
// still give what it gives. It answers the status that the invitation has then: Accepted, also when the caller had accepted
// it before; Expired, and nothing is given, after 30 days. Event: teammate.invite.accepted.
func (a *Accounts) AcceptInvitation(ctx context.Context, c *Caller, appID, otc string) (wire.RedeemInvitationResult, error) {
	if err := c.themselves(); err != nil {
		return wire.RedeemInvitationResult{}, err
	}
	var i invitation
	err := a.db.Read(ctx, func(tx *db.Tx) (err error) {
		i, err = a.findInvitation(tx, appID, otc)
		return err
	})
	if err != nil {
		return wire.RedeemInvitationResult{}, wrap("accept invitation", err)
	}
	var status wire.InvitationStatus
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		b, err := a.holdTeam(tx, i.brand)
		if err != nil {
			return err
		}
		now, err := a.findInvitation(tx, appID, otc) // as it is now that nobody changes it
		if err != nil {
			return err
		}
		status, err = a.accept(tx, c, b, now)
		return err
	})
	a.changed(i.brand)
	return wire.RedeemInvitationResult{AppId: i.appID, InvitationStatus: status}, wrap("accept invitation", err)
}

// AcceptInvitations accepts every invitation that waits for the caller and answers the status of each. One that does not
// hold any more stays Pending.
func (a *Accounts) AcceptInvitations(ctx context.Context, c *Caller) ([]wire.RedeemInvitationResult, error) {
	open, err := a.invitationsTo(ctx, c)
	if err != nil {
		return nil, err
	}
	out := []wire.RedeemInvitationResult{}
	for _, i := range open {
		r, err := a.AcceptInvitation(ctx, c, i.appID, a.handle([]byte(i.id), inviteHandle))
		switch fault.KindOf(err) {
		case fault.NotFound:
			continue
		case fault.Forbidden, fault.Conflict:
			r = wire.RedeemInvitationResult{AppId: i.appID, InvitationStatus: wire.InvitationStatusPending}
		default:
			if err != nil {
				return nil, err
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func (a *Accounts) accept(tx *db.Tx, c *Caller, b Brand, i invitation) (wire.InvitationStatus, error) {
	p, err := personByID(tx, c.Account)
	switch {
	case err != nil:
		return "", err
	case i.taken == c.Account:
		return wire.InvitationStatusAccepted, nil
	case i.email != p.email:
		return "", fault.New(fault.Forbidden, "This invitation is for another e-mail address.").
			With("Sign in with the address that the invitation was sent to.")
	case i.taken != 0:
		return "", noInvitation()
	case !p.verified:
		return "", fault.New(fault.Forbidden, "Your e-mail address is not verified yet.").With("Verify it, then accept the invitation.")
	case i.status() == wire.InvitationStatusExpired:
		return wire.InvitationStatusExpired, nil
	}
	if err := a.stillGiven(tx, i); err != nil {
		return "", err
	}
	now := clock.Micros(clock.Now())
	n, err := tx.Exec(sqlTakeInvitation, i.id, c.Account, now)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", noInvitation()
	}
	stores, err := encodeStores(i.stores)
	if err != nil {
		return "", err
	}
	if n, err = tx.Exec(sqlAddMember, b.ID, c.Account, string(i.level), stores, now, i.id); err != nil {
		return "", err
	}
	if n == 0 {
		return "", fault.New(fault.Conflict, "You are a teammate of this brand already.").
			With("Ask an owner of the brand to change what you may do.")
	}
	t, err := findTeammate(tx, b.ID, i.id)
	if err != nil {
		return "", err
	}
	w := t.wire(b)
	return w.InvitationStatus, a.report(tx, c, b, t, &wire.TeammateInviteAcceptedEvent{Teammate: &w, User: c.EventUser()})
}

// stillGiven refuses an invitation whose sender may not give now what it gives.
func (a *Accounts) stillGiven(tx *db.Tx, i invitation) error {
	if i.inviter == 0 {
		return nil
	}
	s, err := a.Standing(tx, i.brand, i.inviter)
	if err == nil {
		sender := &Caller{Kind: Person, Grants: []Grant{s.Grant}}
		if err = sender.Require(EditTeammates, i.brand, 0); err == nil {
			err = sender.mayGive(i.brand, i.level)
		}
	}
	if errors.Is(err, sql.ErrNoRows) || fault.KindOf(err) == fault.Forbidden {
		return fault.New(fault.Forbidden, "This invitation does not hold any more: whoever sent it may not give this access now.").
			With("Ask an owner of the brand for another one.")
	}
	return err
}
