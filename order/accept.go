package order

import (
	"context"
	"fmt"
	"time"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// Accept takes an order on. The customer is promised the later of the requested time and now plus the minutes, which may
// be left out. The caller needs EditOrders.
func (o *Orders) Accept(ctx context.Context, caller *account.Caller, id int, in wire.Accept) error {
	minutes := wire.V(in.EstimatedMinutesForDelivery)
	if minutes < 0 || minutes > maxMinutesToMake {
		return fault.BadField("EstimatedMinutesForDelivery", "must be from 0 to %d, or null", maxMinutesToMake)
	}
	_, s, err := o.at(ctx, id)
	if err != nil {
		return err
	}
	_, err = o.change(ctx, caller, id, change{
		do: accept, operation: "AcceptOrder", input: in,
		apply: func(m *moving) error { m.accept(s, minutes); return nil },
	})
	return err
}

// accept makes the whole amount refundable: staff who took an order on can hand its money back.
func (m *moving) accept(s *store.Store, minutes int) {
	m.deadlines = toBatch(s, m.order, m.now)
	promised := m.now.Add(time.Duration(minutes) * time.Minute)
	if promised.Before(m.row.requestedFor) {
		promised = m.row.requestedFor
	}
	m.order.AcceptedFor = wire.AtOrNil(promised)
	m.row.refundable = m.row.amount
	m.events = append(m.events, &wire.OrderAcceptedEvent{
		Description:       m.sentence("accepted", fmt.Sprintf(" for %s", m.order.AcceptedFor.Format())),
		OrderAcceptedTime: wire.At(m.now),
		User:              m.caller.EventUser(),
	})
}

// sentence is an event's Description: who did what to which order, of how much, of which store.
func (m *moving) sentence(verb, rest string) string {
	return fmt.Sprintf("%s %s order %d of %s at %s%s.",
		m.caller.EventName(), verb, m.row.id, sum(m.row.amount, m.row.currency), m.order.Store.Name, rest)
}
