package order

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// Tip is the body of a tip change.
type Tip struct {
	TipAmount wire.Decimal `json:"TipAmount" minimum:"0" doc:"The whole tip, in place of the one before; 0 takes it away."`
}

// ChangeTip sets the tip of an order that its customer names by tracking token, and returns the order's document. It is
// open until the order is dispatched or in part refunded, and until one hour after the time it is wanted for at most.
func (o *Orders) ChangeTip(ctx context.Context, caller *account.Caller, appID, token string, in Tip) ([]byte, error) {
	id, err := o.byToken(ctx, appID, token)
	if err != nil {
		return nil, err
	}
	return o.change(ctx, caller, id, change{
		do: changeTip, operation: "ChangeOrderTip", input: in,
		apply: func(m *moving) error {
			if err := m.changeTip(in.TipAmount); err != nil || m.row.payment == "" {
				return err
			}
			return o.steps("TipAmount", m.row.amount, m.row.currency)
		},
	})
}

func (m *moving) changeTip(d wire.Decimal) error {
	cur := m.row.currency
	tip, err := money.Parse(d, cur)
	switch {
	case err != nil:
		return fault.BadField("TipAmount", "%s", err)
	case tip < 0:
		return fault.BadField("TipAmount", "must be 0 or more")
	}
	was, err := money.Parse(m.order.TipAmount, cur)
	if err != nil {
		return fmt.Errorf("order: tip of %d: %w", m.row.id, err)
	}
	if tip == was {
		m.asItIs = true
		return nil
	}
	switch card := m.row.payment != ""; {
	case card && m.row.state != readyToProcess:
		return fault.Newf(fault.Conflict, "The tip of order %d cannot change any more: its amount was taken from the card when it was accepted, and its state is %s.", m.row.id, m.row.state)
	case card && m.row.amount+tip-was == 0:
		return fault.BadField("TipAmount", "would leave nothing for the card to pay; leave some of the tip, or let the order be cancelled")
	case card && tip > was:
		return fault.BadField("TipAmount", "the card was asked for %s, a tip of %s in it; from here on the tip can only become smaller", sum(m.row.amount, cur), sum(was, cur))
	}
	if most := mostTip(m.row.amount-was, cur); tip > was && tip > most {
		return fault.BadField("TipAmount", "a tip of %s is more than this order may have (%s); tip less", sum(tip, cur), sum(most, cur))
	}
	m.row.amount += tip - was
	if m.row.amount > money.Max {
		return fault.BadField("TipAmount", "the total is larger than one order may be; tip less")
	}
	if m.row.state != readyToProcess {
		m.row.refundable = m.row.amount
	}
	m.order.TipAmount, m.order.Amount = tip.Decimal(cur), m.row.amount.Decimal(cur)
	if err := m.explainTip(tip); err != nil {
		return err
	}
	m.events = append(m.events, &wire.OrderTipUpdatedEvent{
		TipAmount: m.order.TipAmount, NewTipAmount: m.order.TipAmount,
		Description: fmt.Sprintf("%s set the tip of order %d at %s to %s, which makes %s.",
			m.caller.EventName(), m.row.id, m.order.Store.Name, sum(tip, cur), sum(m.row.amount, cur)),
	})
	return nil
}

// mostTip guards against a slip of the finger: twice the order without its tip, or 100 of its currency where that is more.
func mostTip(order money.Amount, currency string) money.Amount {
	hundred := money.Amount(100)
	for range money.Exponent(currency) {
		hundred *= 10
	}
	return max(2*order, hundred)
}

// explainTip keeps the calculation in step: its last line is the tip.
func (m *moving) explainTip(tip money.Amount) error {
	var c Calculation
	if err := json.Unmarshal(m.row.calculation, &c); err != nil {
		return fmt.Errorf("order: calculation of %d: %w", m.row.id, err)
	}
	c.Amount, c.TipAmount = m.order.Amount, m.order.TipAmount
	c.Lines = slices.DeleteFunc(c.Lines, func(l Line) bool { return l.Kind == LineTip })
	if tip > 0 {
		c.Lines = append(c.Lines, lineOf(LineTip, tipName, 1, tip, m.row.currency))
	}
	raw, err := json.Marshal(c)
	m.row.calculation = raw
	return err
}
