package order

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

const maxReviewNote = 500

// ReviewAction is what is done to an order that somebody has to look at.
type ReviewAction string

// The actions of a review.
const (
	ReviewHold    ReviewAction = "Hold"    // nothing happens to the order until it is released or rejected
	ReviewRelease ReviewAction = "Release" // it goes on where it was
	ReviewReject  ReviewAction = "Reject"  // it comes to nothing, and all of its money goes back
)

// Review is the body of a review.
type Review struct {
	Action              ReviewAction       `json:"Action" enum:"Hold,Release,Reject" doc:"Hold: nothing happens to the order until it is released or rejected. Release: it goes on where it was. Reject: it comes to nothing, and all of its money goes back."`
	Note                *string            `json:"Note,omitempty" nullable:"true" required:"false" doc:"Why, for the description of the event; at most 500 characters."`
	RejectReason        *wire.RejectReason `json:"RejectReason,omitempty" enum:"TooBusy,FoodUnavailable,UnableToDeliver,UnknownAddress,UnknownReason,TooSoon,TimeUnavailable,DontDeliverToArea,StoreUncontactable" nullable:"true" required:"false" doc:"Of a rejection, for its customer; UnknownReason when left out."`
	DoNotNotifyCustomer *bool              `json:"DoNotNotifyCustomer,omitempty" nullable:"true" required:"false" doc:"Of a rejection: whether the customer is not to be told."`
}

// Review holds an order, as when it looks like fraud, lets a held one go on where it was, or rejects it. An order that goes on
// waiting for its answer has all of its store's time again. The caller needs EditOrders and RefundOrders.
func (o *Orders) Review(ctx context.Context, caller *account.Caller, id int, in Review) error {
	var c fault.Collector
	checkText(&c, "Note", wire.V(in.Note), maxReviewNote, true)
	if err := c.Err(); err != nil {
		return err
	}
	why := ""
	if in.Note != nil {
		why = ": " + *in.Note
	}
	ch := change{operation: "ReviewOrder", input: in}
	switch in.Action {
	case ReviewHold:
		ch.do = review
		ch.apply = func(m *moving) error { m.tellReview("holds", why); return nil }
	case ReviewRelease:
		_, s, err := o.at(ctx, id)
		if err != nil {
			return err
		}
		ch.do = release
		ch.apply = func(m *moving) error {
			if m.row.state == readyToProcess {
				m.deadlines = unanswered(s, m.order, m.now)
			}
			if m.row.state == accepted && m.order.OrderBatchInfo == nil {
				m.deadlines = toBatch(s, m.order, m.now)
			}
			m.tellReview("lets go on", why)
			return nil
		}
	case ReviewReject:
		reject := wire.Reject{RejectReason: wire.RejectReasonUnknownReason}
		if in.RejectReason != nil {
			reject.RejectReason = *in.RejectReason
		}
		if err := checkReason(reject); err != nil {
			return err
		}
		ch.do, ch.quiet, ch.reason = turnDown, wire.V(in.DoNotNotifyCustomer), wire.V(in.Note)
		ch.ask = func(r *row) (money.Amount, error) { return r.left(), nil }
		ch.apply = func(m *moving) error { m.turnDown(reject.RejectReason); return nil }
	default:
		return fault.BadField("Action", "must be Hold, Release or Reject")
	}
	_, err := o.change(ctx, caller, id, ch)
	return err
}

func (m *moving) tellReview(does, why string) {
	m.events = append(m.events, &wire.OrderFulfillmentStatusUpdatedEvent{
		StoreId: m.row.store, OrderId: &m.row.id, StatusName: string(m.row.state),
		Description: fmt.Sprintf("%s %s order %d at %s%s.", m.caller.EventName(), does, m.row.id, m.order.Store.Name, why),
	})
}
