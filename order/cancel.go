package order

import (
	"context"

	"comanda/account"
	"comanda/internal/db"
	"comanda/store"
	"comanda/wire"
)

// Why an order was cancelled, as its event says it.
const (
	CancelledByCustomer = "CancelledByCustomer"
	CancelledByStore    = "CancelledByStore"
)

// Cancel takes an order back for its customer, who names it by tracking token, and returns its document. That is possible
// while the order is held back from its store, and until the store has answered where it lets its customers.
func (o *Orders) Cancel(ctx context.Context, caller *account.Caller, appID, token string) ([]byte, error) {
	id, err := o.byToken(ctx, appID, token)
	if err != nil {
		return nil, err
	}
	_, s, err := o.at(ctx, id)
	if err != nil {
		return nil, err
	}
	return o.change(ctx, caller, id, change{
		do: cancel, operation: "CancelMyOrder", rules: s.Deadlines(),
		apply: func(m *moving) error {
			if m.was != cancellable { // else nobody has heard of it
				m.cancel(CancelledByCustomer)
			}
			return nil
		},
	})
}

// Cancellation is the body of a cancellation by the store.
type Cancellation struct {
	DoNotNotifyCustomer *bool `json:"DoNotNotifyCustomer,omitempty" nullable:"true" required:"false" doc:"Whether the customer is not to be told, because they know."`
}

// CallOff cancels a new order for its store, as when its customer calls. The caller needs EditOrders.
func (o *Orders) CallOff(ctx context.Context, caller *account.Caller, id int, in Cancellation) error {
	_, err := o.change(ctx, caller, id, change{
		do: callOff, operation: "CancelOrder", input: in, quiet: wire.V(in.DoNotNotifyCustomer),
		apply: func(m *moving) error { m.cancel(CancelledByStore); return nil },
	})
	return err
}

func (m *moving) cancel(why string) {
	m.events = append(m.events, &wire.OrderRejectedEvent{
		Description: m.sentence("cancelled", ""), OrderRejectedTime: wire.At(m.now), Reason: why, User: m.caller.EventUser(),
	})
}

// someone is a customer who has gone.
var someone = &account.Caller{Kind: account.Anonymous}

// arrive gives an order to its store when its customer has not cancelled it in time.
func (o *Orders) arrive(ctx context.Context, d *due) error {
	_, s, err := o.at(ctx, d.order)
	if err != nil {
		return err
	}
	_, err = o.change(ctx, someone, d.order, change{
		do: arrive, due: d,
		apply: func(m *moving) error {
			m.row.placed, m.order.PlacedTime = m.now, wire.At(m.now)
			return m.born(s)
		},
	})
	return err
}

// at reads an order with its store, for what Comanda itself does.
func (o *Orders) at(ctx context.Context, id int) (*row, *store.Store, error) {
	var r *row
	err := o.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = load(tx, id)
		return err
	})
	if err != nil {
		return nil, nil, hidden(id, err)
	}
	s, err := o.stores.Load(ctx, r.store)
	return r, s, err
}
