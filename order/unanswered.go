package order

import (
	"context"
	"fmt"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/store"
	"comanda/wire"
)

// unanswered are the deadlines of an order that a store gets at now: a warning, then the rejection. They count from the time
// at which somebody is there to answer: a pre-order may come while the store is closed.
func unanswered(s *store.Store, o *wire.Order, now time.Time) []deadline {
	from := now
	if o.IsPreOrder {
		if opens, ok := s.NextOpening(now, o.DeliveryType); ok {
			from = opens
		}
	}
	minutes := func(n *int) time.Time { return from.Add(time.Duration(*n) * time.Minute) }
	d := s.Deadlines()
	out := []deadline{{rejectUnanswered, minutes(d.RejectAfterMinutes)}}
	if *d.WarnAfterMinutes > 0 {
		out = append(out, deadline{warnStore, minutes(d.WarnAfterMinutes)})
	}
	return out
}

// warn tells the brand's owners of an order that nobody answers. When there is no time left to answer it, they are not told:
// they could do nothing.
func (o *Orders) warn(ctx context.Context, d *due) error {
	brand, err := o.accounts.Brand(ctx, d.brand)
	if err != nil {
		return err
	}
	r, s, err := o.at(ctx, d.order)
	if err != nil {
		return err
	}
	return o.db.Write(ctx, func(tx *db.Tx) error {
		if err := d.take(tx); err != nil {
			return err
		}
		var us int64
		if err := tx.QueryRow(sqlDeadline, d.order, string(rejectUnanswered)).Scan(&us); err != nil {
			return err
		}
		rejected := clock.FromMicros(us)
		if !brand.Now().Before(rejected) {
			return nil
		}
		subject := fmt.Sprintf("Order %d at %s waits for an answer", d.order, s.Name)
		return o.accounts.MailOwners(tx, d.brand, subject, warning(brand, s, r, rejected))
	})
}

func warning(brand account.Brand, s *store.Store, r *row, rejected time.Time) string {
	return fmt.Sprintf("Nobody at %s has accepted or rejected order %d of %s yet.\n\n"+
		"At %s (%s) it is rejected automatically, and its customer is told. Until then it can be accepted where the store takes its orders.\n\n"+
		"If this happens often, look at whether the store's terminal or till is connected, or change the store's deadlines.\n\n%s",
		s.Name, r.id, sum(r.amount, r.currency), rejected.In(s.Location()).Format("15:04"), s.Location(), brand.Name)
}

// rejectUnanswered turns an order down that nobody has answered in time.
func (o *Orders) rejectUnanswered(ctx context.Context, d *due) error {
	_, err := o.change(ctx, comanda, d.order, change{
		do: timeOut, due: d,
		apply: func(m *moving) error { m.reject(wire.RejectReasonStoreUncontactable); return nil },
	})
	return err
}
