package order

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

// Dispatch sends an accepted order out, or hands it over; pickup orders too. The caller needs EditOrders.
func (o *Orders) Dispatch(ctx context.Context, caller *account.Caller, id int) error {
	_, err := o.change(ctx, caller, id, change{
		do: dispatch, operation: "DispatchOrder",
		apply: func(m *moving) error { m.tellDispatch(); return nil },
	})
	return err
}

func (m *moving) tellDispatch() {
	m.events = append(m.events, &wire.OrderDispatchedEvent{
		Description: m.sentence("dispatched", ""), OrderDispatchedTime: wire.At(m.now),
	})
}
