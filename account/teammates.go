package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// teammate is somebody who has a level on a brand, or is invited to one.
type teammate struct {
	id      string
	account int // 0 = invited
	name    string
	email   string
	level   wire.AppAccessLevel
	stores  []int     // nil = all
	expires time.Time // of an invitation
	seen    time.Time // last use of a session; zero = unknown
}

func scanTeammate(row interface{ Scan(...any) error }) (t teammate, err error) {
	var stores string
	var expires, seen int64
	if err = row.Scan(&t.id, &t.account, &t.name, &t.email, &t.level, &stores, &expires, &seen); err != nil {
		return t, err
	}
	t.expires = clock.FromMicros(expires)
	if seen != 0 {
		t.seen = clock.FromMicros(seen)
	}
	t.stores, err = decodeStores(stores)
	return t, err
}

func (t teammate) wire(b Brand) wire.Teammate {
	out := wire.Teammate{
		TeammateId: t.id, Name: t.name, Email: t.email, AppId: b.AppID, AppAccessLevel: t.level,
		HasAccessToAllStores: t.stores == nil, StoreIds: append([]int{}, t.stores...), PropertyIds: []string{},
	}
	if !t.seen.IsZero() {
		at := wire.At(t.seen)
		out.LastActivity = &at
	}
	switch {
	case t.account != 0:
		out.UserId, out.InvitationStatus = &t.account, wire.InvitationStatusAccepted
	case clock.Now().Before(t.expires):
		out.InvitationStatus = wire.InvitationStatusPending
	default:
		out.InvitationStatus = wire.InvitationStatusExpired
	}
	return out
}

// access says in words what a teammate gets.
func (t teammate) access() string {
	if t.stores == nil {
		return fmt.Sprintf("%s on all stores", t.level)
	}
	return fmt.Sprintf("%s on the stores %d", t.level, t.stores)
}

func noTeammate() error {
	return fault.New(fault.NotFound, "The brand has no such teammate.").
		With("GET /api/v1.0/{appId}/teammates lists them with their TeammateId.")
}

// Teammates lists who has a level on a brand and who is invited to it, oldest first. Right: EditTeammates.
func (a *Accounts) Teammates(ctx context.Context, c *Caller, appID string) ([]wire.Teammate, error) {
	b, err := a.Open(ctx, c, appID, EditTeammates)
	if err != nil {
		return nil, err
	}
	var out []wire.Teammate
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		out = []wire.Teammate{}
		rows, err := tx.Query(sqlTeammates, b.ID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			t, err := scanTeammate(rows)
			if err != nil {
				return err
			}
			out = append(out, t.wire(b))
		}
		return rows.Err()
	})
	return out, wrap("teammates", err)
}

// Teammate is one of the brand's teammates, by TeammateId. Right: EditTeammates.
func (a *Accounts) Teammate(ctx context.Context, c *Caller, appID, id string) (wire.Teammate, error) {
	b, err := a.Open(ctx, c, appID, EditTeammates)
	if err != nil {
		return wire.Teammate{}, err
	}
	var t teammate
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		t, err = findTeammate(tx, b.ID, id)
		return err
	})
	return t.wire(b), wrap("teammate", err)
}

func findTeammate(tx *db.Tx, brand int, id string) (teammate, error) {
	t, err := scanTeammate(tx.QueryRow(sqlTeammate, brand, id))
	if errors.Is(err, sql.ErrNoRows) {
		return t, noTeammate()
	}
	return t, err
}

// UpdateTeammate changes the given members of what a teammate may do, of an invited one as well. Nobody gives what they
// lack, nobody changes somebody who has more than they have, and the last Owner stays. Right: EditTeammates, and a recent
// sign-in. Event: teammate.updated, unless nothing changes.
func (a *Accounts) UpdateTeammate(ctx context.Context, c *Caller, appID, id string, in wire.TeammateBase) (wire.Teammate, error) {
	var out wire.Teammate
	err := a.changeTeam(ctx, c, appID, func(tx *db.Tx, c *Caller, b Brand) error {
		t, err := findTeammate(tx, b.ID, id)
		if err != nil {
			return err
		}
		out, err = a.updateTeammate(tx, c, b, t, in)
		return err
	})
	return out, wrap("update teammate", err)
}

// RemoveTeammate takes a teammate off a brand, or withdraws an invitation: what they may do through Comanda ends at once on
// this node and within two seconds on others. Nobody removes somebody who has more than they have, and the last Owner
// stays. Right: EditTeammates, and a recent sign-in. Event: teammate.deleted.
func (a *Accounts) RemoveTeammate(ctx context.Context, c *Caller, appID, id string) error {
	err := a.changeTeam(ctx, c, appID, func(tx *db.Tx, c *Caller, b Brand) error {
		t, err := findTeammate(tx, b.ID, id)
		if err != nil {
			return err
		}
		return a.removeTeammate(tx, c, b, t)
	})
	return wrap("remove teammate", err)
}

// SetMember gives an account a level on a brand without an invitation, or another level; stores nil = all of them, which
// levels that are made for stores do not take. The rules and the event are those of UpdateTeammate.
func (a *Accounts) SetMember(ctx context.Context, c *Caller, brand, accountID int, level wire.AppAccessLevel, stores []int) error {
	if _, known := levels[level]; !known {
		return badLevel(level)
	}
	if forStores[level] && len(stores) == 0 {
		return fault.BadField("StoreIds", "the access level %s needs the stores it is for", level)
	}
	text, err := encodeStores(stores)
	if err != nil {
		return err
	}
	now := clock.Micros(clock.Now())
	err = a.changeTeamOf(ctx, c, brand, func(tx *db.Tx, c *Caller, b Brand) error {
		if err := a.mayChange(tx, c, brand, accountID); err != nil {
			return err
		}
		if err := c.mayGive(brand, level); err != nil {
			return err
		}
		n, err := tx.Exec(sqlSetMember, brand, accountID, string(level), text, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "There is no such account.")
		}
		t, err := scanTeammate(tx.QueryRow(sqlMember, brand, accountID))
		if err != nil {
			return err
		}
		if err := a.keepOwner(tx, brand); err != nil {
			return err
		}
		w := t.wire(b)
		return a.report(tx, c, b, t, &wire.TeammateUpdatedEvent{Teammate: &w, User: c.EventUser()})
	})
	return wrap("set member", err)
}

// RemoveMember is RemoveTeammate for whoever knows the account.
func (a *Accounts) RemoveMember(ctx context.Context, c *Caller, brand, accountID int) error {
	err := a.changeTeamOf(ctx, c, brand, func(tx *db.Tx, c *Caller, b Brand) error {
		t, err := scanTeammate(tx.QueryRow(sqlMember, brand, accountID))
		if errors.Is(err, sql.ErrNoRows) || accountID == 0 {
			return fault.New(fault.NotFound, "This account is no teammate of the brand.")
		}
		if err != nil {
			return err
		}
		return a.removeTeammate(tx, c, b, t)
	})
	return wrap("remove member", err)
}

// mayChange refuses a caller who has less than an account that is a teammate already.
func (a *Accounts) mayChange(tx *db.Tx, c *Caller, brand, accountID int) error {
	t, err := scanTeammate(tx.QueryRow(sqlMember, brand, accountID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.mayChange(brand, t.level)
}

// changeTeam is changeTeamOf for a path that names the brand.
func (a *Accounts) changeTeam(ctx context.Context, c *Caller, appID string, fn func(tx *db.Tx, c *Caller, b Brand) error) error {
	b, err := a.Open(ctx, c, appID, EditTeammates)
	if err != nil {
		return err
	}
	return a.changeTeamOf(ctx, c, b.ID, fn)
}

// changeTeamOf runs one change of a brand's teammates. The changes of one brand happen one after the other, and each is
// made with what its caller may do at that moment: whoever lost the right a moment before is refused. fn gets the caller so
// bound.
func (a *Accounts) changeTeamOf(ctx context.Context, c *Caller, brand int, fn func(tx *db.Tx, c *Caller, b Brand) error) error {
	if err := c.Require(EditTeammates, brand, 0); err != nil {
		return err
	}
	if err := c.RequireRecent(); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		b, err := a.holdTeam(tx, brand)
		if err != nil {
			return err
		}
		bound := *c
		if c.Kind != System {
			s, err := a.Standing(tx, brand, c.Account)
			if errors.Is(err, sql.ErrNoRows) {
				return outOfReach()
			}
			if err != nil {
				return err
			}
			g, _ := c.GrantOn(brand)
			bound.Grants = []Grant{g.Limited(s.Grant.Level, s.Grant.Stores)}
			if err := bound.Require(EditTeammates, brand, 0); err != nil {
				return err
			}
		}
		return fn(tx, &bound, b)
	})
	a.changed(brand)
	return err
}

// holdTeam keeps other changes of a brand's teammates waiting until tx ends, by its lock on the brand's row.
func (a *Accounts) holdTeam(tx *db.Tx, brand int) (Brand, error) {
	if _, err := tx.Exec(sqlLockBrand, brand); err != nil {
		return Brand{}, err
	}
	return a.LoadBrand(tx, brand)
}

func (a *Accounts) updateTeammate(tx *db.Tx, c *Caller, b Brand, t teammate, in wire.TeammateBase) (wire.Teammate, error) {
	if err := c.mayChange(b.ID, t.level); err != nil {
		return wire.Teammate{}, err
	}
	was := t
	if err := a.apply(tx, b, &t, in); err != nil {
		return wire.Teammate{}, err
	}
	if err := c.mayGive(b.ID, t.level); err != nil {
		return wire.Teammate{}, err
	}
	w := t.wire(b)
	if t.access() == was.access() {
		return w, nil
	}
	stores, err := encodeStores(t.stores)
	if err != nil {
		return w, err
	}
	if t.account == 0 {
		_, err = tx.Exec(sqlChangeInvitation, t.id, string(t.level), stores, c.Account)
	} else {
		if _, err = tx.Exec(sqlChangeMember, b.ID, t.account, string(t.level), stores); err == nil {
			err = a.keepOwner(tx, b.ID)
		}
	}
	if err != nil {
		return w, err
	}
	return w, a.report(tx, c, b, t, &wire.TeammateUpdatedEvent{Teammate: &w, User: c.EventUser()})
}

func (a *Accounts) removeTeammate(tx *db.Tx, c *Caller, b Brand, t teammate) error {
	if err := c.mayChange(b.ID, t.level); err != nil {
		return err
	}
	if t.account != 0 {
		if _, err := tx.Exec(sqlRemoveMember, b.ID, t.account); err != nil {
			return err
		}
		if err := a.keepOwner(tx, b.ID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(sqlDropInvitation, t.id); err != nil {
		return err
	}
	w := t.wire(b)
	return a.report(tx, c, b, t, &wire.TeammateDeletedEvent{Teammate: &w, User: c.EventUser()})
}

// report puts a change of a teammate into the brand's log and into the audit log, under the event's name.
func (a *Accounts) report(tx *db.Tx, c *Caller, b Brand, t teammate, body wire.Event) error {
	body.Base().IpAddress = c.EventIP()
	subject := "teammate/" + t.id
	rec, err := event.Encode(event.New{Brand: b.ID, AppID: b.AppID, Subject: subject, Time: b.Now(), Request: c.Request, Body: body})
	if err != nil {
		return err
	}
	a.log.Append(tx, rec)
	return a.Audit(tx, c, b.ID, body.Name(), subject, t.email+", "+t.access())
}

// keepOwner refuses to leave a brand without an Owner. The brand's row is locked, so two owners who remove each other at
// once wait for each other.
func (a *Accounts) keepOwner(tx *db.Tx, brand int) error {
	var owners int
	if err := tx.QueryRow(sqlCountOwners, brand).Scan(&owners); err != nil {
		return err
	}
	if owners == 0 {
		return fault.New(fault.Conflict, "A brand needs an Owner, and this would take away the last one.").
			With("Make somebody else an Owner first.")
	}
	return nil
}

// maxTeammateStores is how many stores a teammate can be limited to.
const maxTeammateStores = 1000

// StoresFrom says who knows the stores of a brand, ascending: package store, which is above this one. Without it a brand has
// none.
// Call it before serving.
func (a *Accounts) StoresFrom(ids func(tx *db.Tx, brand int) ([]int, error)) { a.stores = ids }

// StoresOf lists the ids of a brand's stores, ascending.
func (a *Accounts) StoresOf(tx *db.Tx, brand int) ([]int, error) {
	if a.stores == nil {
		return nil, nil
	}
	return a.stores(tx, brand)
}

// apply takes over the given members, or names every wrong one. Neither StoreIds nor HasAccessToAllStores leaves the stores
// as they are, and so do an empty list and false: access grows only where the request says so.
func (a *Accounts) apply(tx *db.Tx, b Brand, t *teammate, in wire.TeammateBase) error {
	var bad fault.Collector
	was := t.level
	if in.AppAccessLevel != nil {
		t.level = *in.AppAccessLevel
	}
	if _, known := levels[t.level]; !known {
		return badLevel(t.level)
	}
	all := in.HasAccessToAllStores != nil && *in.HasAccessToAllStores
	switch {
	case all && len(in.StoreIds) > 0:
		bad.Add("StoreIds", "name the stores or set HasAccessToAllStores, not both")
	case all:
		t.stores = nil
	case len(in.StoreIds) > maxTeammateStores:
		bad.Add("StoreIds", "at most %d stores can be named; HasAccessToAllStores gives all", maxTeammateStores)
	case len(in.StoreIds) > 0:
		t.stores = slices.Compact(slices.Sorted(slices.Values(in.StoreIds)))
		if err := a.checkStores(tx, b.ID, t.stores, &bad); err != nil {
			return err
		}
	case t.stores == nil && forStores[t.level] && (t.level != was || in.HasAccessToAllStores != nil || t.id == ""):
		bad.Add("StoreIds", "the access level %s needs the stores it is for, or HasAccessToAllStores", t.level)
	}
	if len(in.PropertyIds) > 0 {
		bad.Add("PropertyIds", "there are no properties here: name the stores")
	}
	return bad.Err()
}

// checkStores adds the stores that are not the brand's.
func (a *Accounts) checkStores(tx *db.Tx, brand int, ids []int, bad *fault.Collector) error {
	have, err := a.StoresOf(tx, brand)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, there := slices.BinarySearch(have, id); !there {
			bad.Add("StoreIds", "the brand has no store %d", id)
		}
	}
	return nil
}

func badLevel(level wire.AppAccessLevel) error {
	if level == "" {
		return fault.BadField("AppAccessLevel", "a teammate needs an access level")
	}
	return fault.BadField("AppAccessLevel", "%.40q is not an access level of the contract", level)
}
