package order

import (
	"context"
	"slices"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// reasons are the contract's nine.
var reasons = []wire.RejectReason{
	wire.RejectReasonTooBusy, wire.RejectReasonFoodUnavailable, wire.RejectReasonUnableToDeliver,
	wire.RejectReasonUnknownAddress, wire.RejectReasonUnknownReason, wire.RejectReasonTooSoon,
	wire.RejectReasonTimeUnavailable, wire.RejectReasonDontDeliverToArea, wire.RejectReasonStoreUncontactable,
}

// Reject turns a new order down. The caller needs EditOrders.
func (o *Orders) Reject(ctx context.Context, caller *account.Caller, id int, in wire.Reject) error {
	if err := checkReason(in); err != nil {
		return err
	}
	_, err := o.change(ctx, caller, id, change{
		do: reject, operation: "RejectOrder", input: in,
		quiet: wire.V(in.DoNotNotifyCustomer),
		apply: func(m *moving) error { m.reject(in.RejectReason); return nil },
	})
	return err
}

// RejectAccepted turns an order down that was accepted before, and hands back all of its money that was not handed back
// yet. The caller needs EditOrders and RefundOrders. It is an action of its own, so that a plain Reject which races an
// Accept loses to it.
func (o *Orders) RejectAccepted(ctx context.Context, caller *account.Caller, id int, in wire.Reject) error {
	if err := checkReason(in); err != nil {
		return err
	}
	_, err := o.change(ctx, caller, id, change{
		do: rejectAccepted, operation: "RejectAcceptedOrder", input: in,
		quiet: wire.V(in.DoNotNotifyCustomer), reason: string(in.RejectReason),
		ask:   func(r *row) (money.Amount, error) { return r.left(), nil },
		apply: func(m *moving) error { m.turnDown(in.RejectReason); return nil },
	})
	return err
}

func checkReason(in wire.Reject) error {
	if !slices.Contains(reasons, in.RejectReason) {
		return fault.BadField("RejectReason", "must be one of %v", reasons)
	}
	return nil
}

// turnDown rejects an order whose money goes back.
func (m *moving) turnDown(reason wire.RejectReason) {
	m.reject(reason)
	if m.refund > 0 {
		m.handBack()
	}
}

func (m *moving) reject(reason wire.RejectReason) {
	m.order.RejectionReason = &reason
	if m.caller.Account != 0 {
		m.order.RejectedByUserId = wire.P(m.caller.Account)
	}
	m.events = append(m.events, &wire.OrderRejectedEvent{
		Description:       m.sentence("rejected", ": "+string(reason)),
		OrderRejectedTime: wire.At(m.now),
		Reason:            string(reason),
		User:              m.caller.EventUser(),
	})
}
