package account

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/mail"
	"comanda/wire"
)

const (
	invitePrefix = "cmd_in_" // makes a leaked code recognisable
	inviteLife   = 30 * 24 * time.Hour
	maxInvited   = 500 // invitations of a brand that nobody has accepted
	maxSent      = 200 // invitations that one person sends in a day: they go to addresses that nobody has checked
	inviteHandle = "invitation"
)

// Invite invites an address to a brand by mail; the code in its link is good for 30 days. An open invitation of the
// address is replaced, and its link does not work any more. Nobody gives what they lack. Right: EditTeammates, and a recent
// sign-in. Event: teammate.invite.sent.
func (a *Accounts) Invite(ctx context.Context, c *Caller, appID string, in wire.CreateTeammate) (wire.Teammate, error) {
	return a.inviteOr(ctx, c, appID, in, func(tx *db.Tx, c *Caller, b Brand, t teammate) (wire.Teammate, error) {
		return t.wire(b), fault.New(fault.Conflict, "There is a teammate with this e-mail address.").
			With("Change what they may do with POST /api/v1.0/{appId}/teammates/{id}.")
	})
}

// GrantAccess gives an address the access that the request names: it changes a teammate, like UpdateTeammate, and invites
// everybody else.
func (a *Accounts) GrantAccess(ctx context.Context, c *Caller, appID string, in wire.CreateTeammate) (wire.Teammate, error) {
	return a.inviteOr(ctx, c, appID, in, func(tx *db.Tx, c *Caller, b Brand, t teammate) (wire.Teammate, error) {
		return a.updateTeammate(tx, c, b, t, base(in))
	})
}

func base(in wire.CreateTeammate) wire.TeammateBase {
	return wire.TeammateBase{
		AppAccessLevel: in.AppAccessLevel, HasAccessToAllStores: in.HasAccessToAllStores, StoreIds: in.StoreIds, PropertyIds: in.PropertyIds,
	}
}

// inviteOr invites an address, or does something else when it is a teammate's.
func (a *Accounts) inviteOr(
	ctx context.Context, c *Caller, appID string, in wire.CreateTeammate,
	there func(*db.Tx, *Caller, Brand, teammate) (wire.Teammate, error),
) (wire.Teammate, error) {
	email, err := NormaliseEmail(wire.V(in.Email))
	if err != nil {
		return wire.Teammate{}, err
	}
	id, code := rand.Text(), newRandom(invitePrefix)
	var out wire.Teammate
	err = a.changeTeam(ctx, c, appID, func(tx *db.Tx, c *Caller, b Brand) error {
		t, err := scanTeammate(tx.QueryRow(sqlTeammateAt, b.ID, email))
		if err == nil && t.account != 0 {
			out, err = there(tx, c, b, t)
			return err
		}
		if err == nil {
			err = c.mayChange(b.ID, t.level)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		out, err = a.invite(tx, c, b, teammate{email: email}, base(in), id, code)
		return err
	})
	return out, wrap("invite", err)
}

func (a *Accounts) invite(tx *db.Tx, c *Caller, b Brand, t teammate, in wire.TeammateBase, id, code string) (wire.Teammate, error) {
	if err := a.apply(tx, b, &t, in); err != nil {
		return wire.Teammate{}, err
	}
	if err := c.mayGive(b.ID, t.level); err != nil {
		return wire.Teammate{}, err
	}
	now := clock.Now()
	if err := a.mayInvite(tx, c, b, now); err != nil {
		return wire.Teammate{}, err
	}
	stores, err := encodeStores(t.stores)
	if err != nil {
		return wire.Teammate{}, err
	}
	digest := digestOf(code)
	t.expires = now.Add(inviteLife)
	err = tx.QueryRow(sqlInvite, id, b.ID, t.email, string(t.level), stores, digest[:], c.Account, clock.Micros(now), clock.Micros(t.expires)).Scan(&t.id)
	if err != nil {
		return wire.Teammate{}, err
	}
	err = a.mail.Put(tx, mail.Message{
		To: t.email, Good: inviteLife, Subject: fmt.Sprintf("%s invites you to %s", c.EventName(), b.Name),
		Text: fmt.Sprintf(inviteText, c.EventName(), b.Name, t.access(), a.cfg.PublicURL+"/identity/invite?code="+code,
			t.expires.UTC().Format("2 January 2006")),
	})
	if err != nil {
		return wire.Teammate{}, err
	}
	w := t.wire(b)
	return w, a.report(tx, c, b, t, &wire.TeammateInviteSentEvent{Teammate: &w, User: c.EventUser()})
}

const inviteText = `Hello,

%s invites you to work on %s: %s.

Accept it here, with this e-mail address:

%s

The link is good until %s. If you did not expect this, do nothing.
`

// mayInvite bounds what a brand keeps and what a person sends.
func (a *Accounts) mayInvite(tx *db.Tx, c *Caller, b Brand, now time.Time) error {
	var open, sent int
	if err := tx.QueryRow(sqlCountInvitations, b.ID).Scan(&open); err != nil {
		return err
	}
	if open >= maxInvited {
		return fault.Newf(fault.Conflict, "The brand has %d invitations that nobody has accepted, the most that it may have.", open).
			With("Withdraw some of them.")
	}
	if c.Kind == System {
		return nil
	}
	day := clock.Micros(now.Add(-24 * time.Hour))
	if err := tx.QueryRow(sqlCountSent, c.Account, (*wire.TeammateInviteSentEvent)(nil).Name(), day).Scan(&sent); err != nil {
		return err
	}
	if sent >= maxSent {
		f := fault.Newf(fault.TooMany, "You have sent %d invitations in a day, the most that one person may.", sent).With("Go on tomorrow.")
		f.RetryAfter = time.Hour
		return f
	}
	return nil
}
