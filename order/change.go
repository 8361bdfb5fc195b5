package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// change is one action on one order.
type change struct {
	do        action
	operation string // the API's operation id: the scope of an Idempotency-Key
	input     any    // the request, for telling a repeat from another request
	apply     func(m *moving) error
	ask       func(r *row) (money.Amount, error) // of a refund: how much; nil = nothing is refunded
	reason    string                             // of a refund, in the words of who refunds
	quiet     bool                               // the customer is not to be told
	due       *due                               // the deadline that it meets; nil = none
	rules     store.Deadlines                    // of a cancellation: what the store lets its customers do
	with      func(tx *db.Tx, m *moving) error   // what is stored together with it; nil = nothing else
}

// moving is an order on its way over an edge. apply changes order, row's amounts and events.
type moving struct {
	row         row             // as it will be
	from        int             // the version that it was
	was         wire.OrderState // the state that it was in
	had         int             // the driver who had it
	captured    money.Amount    // what was refundable before
	order       *wire.Order
	brand       account.Brand
	caller      *account.Caller
	now         time.Time    // the brand's clock
	refund      money.Amount // what is handed back by this change
	asItIs      bool         // the order is as asked already: there is nothing to store and nobody to tell
	events      []wire.Event
	then        []event.Record // follow the events
	records     []event.Record
	reason      string
	quiet       bool
	due         *due
	deadlines   []deadline // of the state that it comes into
	with        func(tx *db.Tx, m *moving) error
	idempotency *idempotency.Claim
}

// tries is how often a change is prepared outside its transaction. A change that loses that often to others which leave
// its edge open, as many small refunds at the same time do, is then prepared inside, on the locked row.
const tries = 2

// errLost says that the order was changed between being read and being written.
var errLost = errors.New("order: somebody else was first")

// change takes an order over the edge of an action, appends the edge's events, and returns the new document.
func (o *Orders) change(ctx context.Context, caller *account.Caller, id int, c change) ([]byte, error) {
	claim, err := claimOf(caller, id, c)
	if err != nil {
		return nil, err
	}
	doc, err := o.try(ctx, caller, id, c, claim)
	switch {
	case err == nil:
		return doc, nil
	case errors.Is(err, db.ErrOutcomeUnknown):
		return nil, unknown()
	case claim != nil && fault.KindOf(err) == fault.Conflict:
		// The repeat of a call that succeeded meets the state which that call made.
		if answer, found := claim.Find(ctx, o.db); answer != nil || found != nil {
			return answer, found
		}
	}
	return nil, err
}

func (o *Orders) try(ctx context.Context, caller *account.Caller, id int, c change, claim *idempotency.Claim) ([]byte, error) {
	var brand account.Brand
	for range tries {
		before, of, err := o.open(ctx, caller, id, c.do)
		if err != nil {
			return nil, err
		}
		brand = of
		m, err := prepare(before, brand, caller, c, claim)
		if err != nil {
			return nil, err
		}
		if m.asItIs {
			return before.doc, nil
		}
		var doc []byte
		err = o.db.Write(ctx, func(tx *db.Tx) (err error) {
			doc, err = o.store(tx, m)
			return err
		})
		if !errors.Is(err, errLost) {
			return doc, err
		}
	}
	var doc []byte
	err := o.db.Write(ctx, func(tx *db.Tx) (err error) {
		doc, err = o.changeLocked(tx, brand, caller, id, c, claim)
		return err
	})
	return doc, err
}

// changeLocked prepares a change on the locked row.
func (o *Orders) changeLocked(tx *db.Tx, brand account.Brand, caller *account.Caller, id int, c change, claim *idempotency.Claim) ([]byte, error) {
	before, err := lock(tx, id)
	if err != nil {
		return nil, err
	}
	m, err := prepare(before, brand, caller, c, claim)
	if err != nil || m.asItIs {
		return before.doc, err
	}
	return o.store(tx, m)
}

// open reads an order for a caller who may do an action; an order out of reach is not there.
func (o *Orders) open(ctx context.Context, caller *account.Caller, id int, do action) (*row, account.Brand, error) {
	var r *row
	err := o.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = load(tx, id)
		return err
	})
	if err != nil {
		return nil, account.Brand{}, hidden(id, err)
	}
	rights := whoMay(do)
	if len(rights) > 0 && r.placed.IsZero() {
		return nil, account.Brand{}, missing(id)
	}
	for _, right := range rights {
		if err := caller.Require(right, r.brand, r.store); err != nil {
			return nil, account.Brand{}, hidden(id, err)
		}
	}
	brand, err := o.accounts.Brand(ctx, r.brand)
	return r, brand, err
}

// prepare does all that a change needs no transaction for: the table, the new document, the events.
func prepare(before *row, brand account.Brand, caller *account.Caller, c change, claim *idempotency.Claim) (*moving, error) {
	m := &moving{
		row: *before, from: before.version, was: before.state, had: before.driver, captured: before.refundable, order: new(wire.Order), brand: brand,
		caller: caller.As(brand.ID), now: brand.Now(), reason: c.reason, quiet: c.quiet, due: c.due, with: c.with, idempotency: claim,
	}
	var err error
	if c.ask != nil {
		if m.refund, err = c.ask(before); err != nil {
			return nil, err
		}
	}
	e, err := step(c.do, before, ask{m.now, m.refund, c.rules})
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(before.doc, m.order); err != nil {
		return nil, fmt.Errorf("order: document of %d: %w", before.id, err)
	}
	m.row.version++
	m.row.state, m.order.OrderState = e.to, e.to
	switch {
	case e.to != manualReview:
		m.row.heldIn = ""
	case before.state != manualReview:
		m.row.heldIn = before.state
	}
	if err := c.apply(m); err != nil || m.asItIs {
		return m, err
	}
	m.unpaid()
	if err := m.freeze(); err != nil || claim == nil {
		return m, err
	}
	return m, claim.Seal(m.row.doc)
}

// freeze makes the bytes of the document and of the events.
func (m *moving) freeze() (err error) {
	if m.row.doc, err = json.Marshal(m.order); err != nil {
		return err
	}
	for _, e := range m.events {
		rec, err := record(&m.row, m.order, m.brand, m.caller, m.now, e)
		if err != nil {
			return err
		}
		m.records = append(m.records, rec)
	}
	m.records, m.then = append(m.records, m.then...), nil
	return nil
}

// store writes a prepared change. It returns errLost when the order is no longer at the version it was prepared from.
func (o *Orders) store(tx *db.Tx, m *moving) ([]byte, error) {
	if m.idempotency != nil {
		if answer, err := m.idempotency.Take(tx); err != nil || answer != nil {
			return answer, err
		}
	}
	r := &m.row
	n, err := tx.Exec(sqlUpdateOrder, r.id, m.from, r.version, string(r.state), int64(r.amount), int64(r.refundable),
		int64(r.refunded), string(r.doc), string(r.calculation), clock.Micros(r.placed), string(r.delivery), r.driver, string(r.heldIn), int64(r.takenBack))
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errLost
	}
	if m.due != nil { // after the order's row, as all others lock them
		if err := m.due.take(tx); err != nil {
			return nil, err
		}
	}
	if err := o.mayHave(tx, m); err != nil {
		return nil, err
	}
	if err := r.leaves(tx, m.was); err != nil {
		return nil, err
	}
	if err := r.set(tx, m.deadlines); err != nil {
		return nil, err
	}
	if m.with != nil {
		if err := m.with(tx, m); err != nil {
			return nil, err
		}
	}
	if err := o.owe(tx, m); err != nil {
		return nil, err
	}
	if m.order.Voucher != nil && slices.Contains(turnedDown, r.state) {
		if err := o.vouchers.GiveBack(tx, r.id); err != nil {
			return nil, err
		}
	}
	if m.refund > 0 {
		_, err := tx.Exec(sqlInsertRefund, r.id, r.version, r.brand, int64(m.refund), m.reason, !m.quiet,
			m.caller.Account, clock.Micros(m.now))
		if err != nil {
			return nil, err
		}
	}
	if m.quiet {
		for _, rec := range m.records {
			if _, err := tx.Exec(sqlInsertQuiet, rec.ID); err != nil {
				return nil, err
			}
		}
	}
	o.log.Append(tx, m.records...)
	return r.doc, nil
}

// claimOf prepares the optional Idempotency-Key of a change; nil when the caller sent none.
func claimOf(caller *account.Caller, id int, c change) (*idempotency.Claim, error) {
	if caller.Idempotent == "" {
		return nil, nil
	}
	body, err := json.Marshal(struct {
		ID    int
		Input any
	}{id, c.input})
	if err != nil {
		return nil, err
	}
	return idempotency.Prepare(idempotency.Request{
		Principal: caller.Principal(), Operation: c.operation, Key: caller.Idempotent, Subject: subject(id), Body: body,
	})
}

func subject(id int) string { return fmt.Sprintf("order/%d", id) }

// unknown is the answer when the database went away during a commit.
func unknown() error {
	return fault.New(fault.Unavailable, "The database did not say whether this was stored.").
		With("Repeat the call with the same Idempotency-Key, or read the order again.")
}
