package order

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

const maxRefundReason = 500

// Refund hands money back of an order that was accepted: of one in cash up to its Amount in sum, of one by card up to what was
// taken and not taken back by the customer's bank. A refund that reaches the whole
// amount ends the order; a smaller one keeps its state. The caller needs RefundOrders.
func (o *Orders) Refund(ctx context.Context, caller *account.Caller, id int, in wire.Refund) error {
	var c fault.Collector
	checkText(&c, "RefundReason", wire.V(in.RefundReason), maxRefundReason, true)
	if err := c.Err(); err != nil {
		return err
	}
	_, err := o.change(ctx, caller, id, change{
		do: refund, operation: "RefundOrder", input: in,
		quiet: !in.NotifyCustomer, reason: wire.V(in.RefundReason),
		ask: func(r *row) (money.Amount, error) {
			a, err := refundAmount(in.RefundAmount, r)
			if err != nil || r.payment == "" {
				return a, err
			}
			return a, o.steps("RefundAmount", a, r.currency)
		},
		apply: func(m *moving) error {
			m.handBack()
			return nil
		},
	})
	return err
}

// refundAmount refuses what is no refund of this order whatever its state. What is more than is left is for the guards.
func refundAmount(d wire.Decimal, r *row) (money.Amount, error) {
	a, err := money.Parse(d, r.currency)
	switch {
	case err != nil:
		return 0, fault.BadField("RefundAmount", "%s", err)
	case a <= 0:
		return 0, fault.BadField("RefundAmount", "must be more than 0")
	case a > r.amount:
		return 0, fault.BadField("RefundAmount", "is more than the order's %s", sum(r.amount, r.currency))
	}
	return a, nil
}

// handBack counts m.refund on the row, on the document and in an event.
func (m *moving) handBack() {
	m.handedBack(m.row.refunded + m.refund)
	why := ""
	if m.reason != "" {
		why = ": " + m.reason
	}
	m.events = append(m.events, &wire.OrderRefundedEvent{
		RefundedAmount: m.refund.Decimal(m.row.currency),
		Description: fmt.Sprintf("%s refunded %s of order %d of %s at %s%s.", m.caller.EventName(),
			sum(m.refund, m.row.currency), m.row.id, sum(m.row.amount, m.row.currency), m.order.Store.Name, why),
		User: m.caller.EventUser(),
	})
}
