package customer

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/wire"
)

// Redacted stands in the place of what was a person's.
const Redacted = "Redacted"

// Erasure is a customer who is erased, and whose orders and events are still to be redacted.
type Erasure struct {
	Customer, Brand int
	Done            int    // all orders up to this one are redacted
	Actor           string // who asked for it, by name
}

// OpenToErase is the check of an erasure. Right: EditCustomers, for the whole brand.
func (cs *Customers) OpenToErase(ctx context.Context, caller *account.Caller, appID string) (account.Brand, error) {
	return cs.openWhole(ctx, caller, appID)
}

// Lock takes the lock of a customer of a brand, after which nobody places an order for them until tx ends, and reports
// whether they are erased already. A missing one is a NotFound fault.
func Lock(tx *db.Tx, brand, id int) (erased bool, err error) {
	c, err := load(tx, sqlLock, brand, id)
	if err != nil {
		return false, err
	}
	return c.Erased, nil
}

// Erase overwrites a customer who is locked, frees their contacts, and notes that their orders are to be redacted.
func (cs *Customers) Erase(tx *db.Tx, brand account.Brand, caller *account.Caller, id int) error {
	now := clock.Micros(clock.Now())
	if _, err := tx.Exec(sqlErase, id, fmt.Sprintf("erased:%d", id), Redacted, now); err != nil {
		return err
	}
	if _, err := tx.Exec(sqlFree, id); err != nil {
		return err
	}
	_, err := tx.Exec(sqlInsertErasure, id, brand.ID, caller.EventName(), now)
	return err
}

// Erasures lists some that are to be done.
func Erasures(tx *db.Tx) (out []Erasure, err error) {
	rows, err := tx.Query(sqlErasures)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e Erasure
		if err := rows.Scan(&e.Customer, &e.Brand, &e.Actor, &e.Done); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// PutOff lets all others go first, because it failed.
func (e Erasure) PutOff(tx *db.Tx) error {
	_, err := tx.Exec(sqlPutOffErasure, e.Customer, clock.Micros(clock.Now()))
	return err
}

// Did notes that all orders up to one are redacted.
func (e Erasure) Did(tx *db.Tx, order int) error {
	_, err := tx.Exec(sqlErasureDid, e.Customer, order)
	return err
}

// End redacts the events about the customer and reports the erasure with the orders that are redacted. Of all who end it
// one does.
func (cs *Customers) End(tx *db.Tx, brand account.Brand, e Erasure, orders []int) error {
	n, err := tx.Exec(sqlEndErasure, e.Customer)
	if err != nil || n == 0 {
		return err
	}
	if err := cs.log.Redact(tx, e.Brand, Subject(e.Customer), redact); err != nil {
		return err
	}
	user := &wire.UserEventInfo{UserId: e.Customer}
	redactUser(user)
	return cs.tell(tx, brand, &account.Caller{Kind: account.System}, e.Customer, &wire.CustomerRedactedEvent{
		User: user, OrderIds: orders, Description: fmt.Sprintf("%s had customer %d erased: %d orders are redacted.", e.Actor, e.Customer, len(orders)),
	})
}

// redact overwrites what is the customer's in an event about them.
func redact(e wire.Event) {
	e.Base().IpAddress = nil
	switch e := e.(type) {
	case *wire.CustomerCreatedEvent:
		redactUser(e.User)
	case *wire.CustomerUpdatedEvent:
		redactUser(e.User)
	case *wire.CustomerConsentUpdatedEvent:
		redactUser(e.User)
	}
}

func redactUser(u *wire.UserEventInfo) {
	if u != nil {
		u.UserName, u.UserPhoneNumber, u.UserEmail = Redacted, Redacted, Redacted
	}
}
