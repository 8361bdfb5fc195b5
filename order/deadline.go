package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// deadlineKind is what a deadline is about; [Orders.meet] says what is done when it has come.
type deadlineKind string

const (
	warnStore        deadlineKind = "warn"
	rejectUnanswered deadlineKind = "reject"
	joinBatch        deadlineKind = "batch"
	windowOver       deadlineKind = "window"
)

// deadline is what is to happen to an order at a time, by the clock of its brand, unless the order leaves the state that it
// is in when the deadline is set.
type deadline struct {
	kind deadlineKind
	at   time.Time
}

// set stores an order's deadlines; one of a kind that it has already moves.
func (r *row) set(tx *db.Tx, all []deadline) error {
	for _, d := range all {
		if _, err := tx.Exec(sqlPutDeadline, r.id, string(d.kind), r.brand, string(r.state), clock.Micros(d.at)); err != nil {
			return err
		}
	}
	return nil
}

// leaves drops the deadlines of an order that goes out of a state.
func (r *row) leaves(tx *db.Tx, state wire.OrderState) error {
	if r.state == state {
		return nil
	}
	_, err := tx.Exec(sqlDropDeadlines, r.id, string(state))
	return err
}

// due is a deadline that has come.
type due struct {
	order, brand int
	kind         deadlineKind
	at           int64
}

// errNotDue says that a deadline is met, moved or gone already.
var errNotDue = errors.New("order: a deadline does not stand any more")

// take removes a deadline in the transaction that does what it is for, so that of all nodes one does it, once.
func (d *due) take(tx *db.Tx) error {
	n, err := tx.Exec(sqlTakeDeadline, d.order, string(d.kind), d.at)
	if err == nil && n == 0 {
		err = errNotDue
	}
	return err
}

const (
	dueAtOnce = 100         // deadlines are met in one step
	dueAgain  = time.Minute // after which one that could not be met is tried again
)

// MeetDeadlines does what is due and returns how many deadlines that were. Any node may do it, and one does. A deadline that
// cannot be met now does not keep the others waiting.
func (o *Orders) MeetDeadlines(ctx context.Context) (n int, err error) {
	var all []due
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(sqlDueDeadlines, clock.Micros(clock.Now()), dueAtOnce)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var d due
			if err := rows.Scan(&d.order, &d.kind, &d.brand, &d.at); err != nil {
				return err
			}
			all = append(all, d)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, err
	}
	for _, d := range all {
		failure := o.meet(ctx, &d)
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		n++
		switch fault.KindOf(failure) {
		case fault.Conflict, fault.NotFound: // what it is about is over
			failure = o.db.Write(ctx, d.take)
		}
		if failure == nil || errors.Is(failure, errNotDue) {
			continue
		}
		slog.ErrorContext(ctx, "a deadline of an order could not be met; it is tried again", "order", d.order, "deadline", d.kind, "error", failure)
		if err := o.postpone(ctx, &d); err != nil {
			return n, err
		}
	}
	return n, nil
}

// postpone lets others go first.
func (o *Orders) postpone(ctx context.Context, d *due) error {
	brand, err := o.accounts.Brand(ctx, d.brand)
	if err != nil {
		return err
	}
	return o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlPostponeDeadline, d.order, string(d.kind), d.at, clock.Micros(brand.Now().Add(dueAgain)))
		return err
	})
}

// meet does what a deadline is for, and takes it, in one transaction.
func (o *Orders) meet(ctx context.Context, d *due) error {
	switch d.kind {
	case warnStore:
		return o.warn(ctx, d)
	case rejectUnanswered:
		return o.rejectUnanswered(ctx, d)
	case joinBatch:
		return o.joinBatch(ctx, d)
	case windowOver:
		return o.arrive(ctx, d)
	}
	return fmt.Errorf("order: a deadline of the unknown kind %q", d.kind)
}
