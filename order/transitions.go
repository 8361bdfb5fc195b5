package order

import (
	"fmt"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// The states that an order can be in. The contract has more; they come with what leads to them.
const (
	unborn          = wire.OrderState("")
	cancellable     = wire.OrderStatePlacedCanBeCancelled
	readyToProcess  = wire.OrderStateReadyToProcess
	accepted        = wire.OrderStateAcceptedByRestaurant
	dispatched      = wire.OrderStateDispatched
	delivered       = wire.OrderStateDelivered
	rejected        = wire.OrderStateRejectedByStore
	rejectedLate    = wire.OrderStateRejectedAfterBeingAccepted
	rejectedByClock = wire.OrderStateRejectedAutomatically
	refundedInWhole = wire.OrderStateAcceptedAndRefunded
	cancelled       = wire.OrderStateCancelled
	pendingPayment  = wire.OrderStatePendingPayment
	manualReview    = wire.OrderStateManualReview
	rejectedByUs    = wire.OrderStateRejectedByFlipdish
)

// turnedDown are the states of an order that came to nothing: what it took is given back.
var turnedDown = []wire.OrderState{
	rejected, rejectedLate, rejectedByClock, rejectedByUs, cancelled,
}

// action is what somebody does to an order, worded as a refusal says it: "Order 7 cannot be accepted".
type action string

const (
	place          action = "placed"
	arrive         action = "given to its store"
	cancel         action = "cancelled by its customer"
	callOff        action = "cancelled"
	reserve        action = "reserved"
	confirm        action = "confirmed"
	abandon        action = "abandoned"
	accept         action = "accepted"
	reject         action = "rejected"
	timeOut        action = "rejected for want of an answer"
	rejectAccepted action = "rejected after being accepted"
	dispatch       action = "dispatched"
	refund         action = "refunded"
	changeTip      action = "given another tip"
	rate           action = "rated"

	// What is said of a delivery is one of four actions, by where the food is then.
	note    action = "given more about its delivery" // and no other status
	track   action = "given a delivery status"       // the food has not left, or could not be delivered
	carry   action = "carried"                       // the food has left
	deliver action = "delivered"
	assign  action = "offered to a driver"

	review   action = "held for review"
	correct  action = "put right" // its money
	release  action = "let go on"
	turnDown action = "rejected after a review"

	fulfil action = "moved on in its workflow"
	finish action = "moved to the end of its workflow"
)

// who may do it: all the rights that a caller needs on the order's brand and store.
type who []account.Right

var (
	diner  who // no right: the customer, let in by tracking token
	system who // no right: Comanda itself, at a deadline or when a payment is settled
	staff  = who{account.EditOrders}
	// Staff and drivers.
	carrier = who{account.DeliverOrders}
	tiller  = who{account.RefundOrders}
	both    = who{account.EditOrders, account.RefundOrders}
)

// edge is one way from a state to a state.
type edge struct {
	do       action
	from, to wire.OrderState
	who      who
	guard    guard    // a condition beyond the state; nil = none
	events   []string // what it appends, in this order
}

// edges is the whole life of an order: what is not here is a conflict that names the current state. Accept and reject
// start from the same state, and to reject an accepted order is an action of its own, so that of all who answer a new
// order at the same time exactly one succeeds. Comanda itself accepts where the store wants that, in the transaction that
// places the order.
var edges = []edge{
	{place, unborn, readyToProcess, diner, nil, []string{"order.created"}},
	{place, unborn, cancellable, diner, nil, nil},
	{arrive, cancellable, readyToProcess, system, nil, []string{"order.created"}},
	{cancel, cancellable, cancelled, diner, nil, nil},
	{cancel, readyToProcess, cancelled, diner, cancelUntilAccepted, []string{"order.rejected"}},
	{callOff, readyToProcess, cancelled, staff, nil, []string{"order.rejected"}},
	{reserve, unborn, pendingPayment, diner, nil, nil},
	{confirm, pendingPayment, readyToProcess, system, nil, []string{"order.created"}},
	{abandon, pendingPayment, cancelled, system, nil, nil},

	{accept, readyToProcess, accepted, staff, nil, []string{"order.accepted"}},
	{reject, readyToProcess, rejected, staff, nil, []string{"order.rejected"}},
	{timeOut, readyToProcess, rejectedByClock, system, nil, []string{"order.rejected"}},
	{dispatch, accepted, dispatched, staff, nil, []string{"order.dispatched"}},

	{rejectAccepted, accepted, rejectedLate, both, nil, []string{"order.rejected", "order.refunded"}},
	{rejectAccepted, dispatched, rejectedLate, both, nil, []string{"order.rejected", "order.refunded"}},

	{refund, accepted, accepted, tiller, leavesSome, []string{"order.refunded"}},
	{refund, accepted, refundedInWhole, tiller, takesAll, []string{"order.refunded"}},
	{refund, dispatched, dispatched, tiller, leavesSome, []string{"order.refunded"}},
	{refund, dispatched, refundedInWhole, tiller, takesAll, []string{"order.refunded"}},
	{refund, delivered, delivered, tiller, leavesSome, []string{"order.refunded"}},
	{refund, delivered, refundedInWhole, tiller, takesAll, []string{"order.refunded"}},

	{changeTip, readyToProcess, readyToProcess, diner, tipWindowOpen, []string{"order.tip.updated"}},
	{changeTip, accepted, accepted, diner, tipWindowOpen, []string{"order.tip.updated"}},

	{rate, accepted, accepted, diner, nil, []string{"order.rating.updated"}},
	{rate, dispatched, dispatched, diner, nil, []string{"order.rating.updated"}},
	{rate, delivered, delivered, diner, nil, []string{"order.rating.updated"}},
	{rate, refundedInWhole, refundedInWhole, diner, nil, []string{"order.rating.updated"}},

	{note, readyToProcess, readyToProcess, staff, nil, tracked},
	{note, accepted, accepted, staff, nil, tracked},
	{note, dispatched, dispatched, staff, nil, tracked},
	{note, delivered, delivered, staff, nil, tracked},
	{note, refundedInWhole, refundedInWhole, staff, nil, tracked},

	{track, readyToProcess, readyToProcess, carrier, nil, tracked},
	{track, accepted, accepted, carrier, nil, tracked},
	{track, dispatched, dispatched, carrier, nil, tracked},
	{track, refundedInWhole, refundedInWhole, carrier, nil, tracked},

	{carry, accepted, dispatched, carrier, nil, []string{"order.dispatched", "order.deliverytracking.status.updated"}},
	{carry, dispatched, dispatched, carrier, nil, tracked},
	{carry, refundedInWhole, refundedInWhole, carrier, nil, tracked},

	{deliver, accepted, delivered, carrier, nil, tracked},
	{deliver, dispatched, delivered, carrier, nil, tracked},
	{deliver, delivered, delivered, carrier, nil, tracked},
	{deliver, refundedInWhole, refundedInWhole, carrier, nil, tracked},

	{assign, readyToProcess, readyToProcess, staff, nil, tracked},
	{assign, accepted, accepted, staff, nil, tracked},
	{assign, dispatched, dispatched, staff, nil, tracked},
	{assign, refundedInWhole, refundedInWhole, staff, nil, tracked},

	{fulfil, accepted, accepted, staff, nil, movedOn},
	{fulfil, dispatched, dispatched, staff, nil, movedOn},
	{fulfil, delivered, delivered, staff, nil, movedOn},
	{fulfil, refundedInWhole, refundedInWhole, staff, nil, movedOn},

	{finish, accepted, delivered, staff, nil, movedOn},
	{finish, dispatched, delivered, staff, nil, movedOn},
	{finish, delivered, delivered, staff, nil, movedOn},
	{finish, refundedInWhole, refundedInWhole, staff, nil, movedOn},

	{review, readyToProcess, manualReview, both, nil, movedOn},
	{review, accepted, manualReview, both, nil, movedOn},
	{review, dispatched, manualReview, both, nil, movedOn},
	{review, delivered, manualReview, both, nil, movedOn},
	{review, refundedInWhole, manualReview, both, nil, movedOn},
	{review, rejectedLate, manualReview, both, nil, movedOn},
	{review, rejectedByUs, manualReview, both, nil, movedOn},
	{correct, manualReview, manualReview, system, nil, movedOn},
	{correct, readyToProcess, readyToProcess, system, nil, movedOn},
	{correct, accepted, accepted, system, nil, movedOn},
	{correct, dispatched, dispatched, system, nil, movedOn},
	{correct, delivered, delivered, system, nil, movedOn},
	{correct, refundedInWhole, refundedInWhole, system, nil, movedOn},
	{correct, rejectedLate, rejectedLate, system, nil, movedOn},
	{correct, rejectedByUs, rejectedByUs, system, nil, movedOn},

	{release, manualReview, readyToProcess, both, wasIn(readyToProcess), movedOn},
	{release, manualReview, accepted, both, wasIn(accepted), movedOn},
	{release, manualReview, dispatched, both, wasIn(dispatched), movedOn},
	{release, manualReview, delivered, both, wasIn(delivered), movedOn},
	{release, manualReview, refundedInWhole, both, wasIn(refundedInWhole), movedOn},
	{release, manualReview, rejectedLate, both, wasIn(rejectedLate), movedOn},
	{release, manualReview, rejectedByUs, both, wasIn(rejectedByUs), movedOn},

	{turnDown, manualReview, rejectedByUs, both, owesNothing, []string{"order.rejected"}},
	{turnDown, manualReview, rejectedByUs, both, owes, []string{"order.rejected", "order.refunded"}},
}

// The events of what happens to the food; a refund does not stop it.
var (
	tracked = []string{"order.deliverytracking.status.updated"}
	movedOn = []string{"order.fulfillment.status.updated"}
)

// guard is nil when the edge may be taken, else why not. It sees the order's row before the change and what is asked.
type guard func(r *row, ask ask) error

// ask is what guards need to know of a change.
type ask struct {
	now    time.Time    // the brand's clock
	refund money.Amount // > 0
	rules  store.Deadlines
}

// cancelUntilAccepted: the store lets its customers cancel until it has answered.
func cancelUntilAccepted(r *row, a ask) error {
	if wire.V(a.rules.CancelUntilAccepted) {
		return nil
	}
	return fault.Newf(fault.Conflict, "Order %d cannot be cancelled any more: the store has it, and its state is %s.", r.id, r.state).
		With("Call the store, who can still cancel it.")
}

// wasIn: the order was in a state when it was held.
func wasIn(state wire.OrderState) guard {
	return func(r *row, _ ask) error {
		if r.heldIn == state {
			return nil
		}
		return fault.Newf(fault.Conflict, "Order %d was held as %q, and its state is %s.", r.id, r.heldIn, r.state)
	}
}

// owes: something of what was paid was not handed back yet.
func owes(r *row, _ ask) error {
	if r.left() > 0 {
		return nil
	}
	return fault.Newf(fault.Conflict, "Nothing is left to hand back of order %d, and its state is %s.", r.id, r.state)
}

func owesNothing(r *row, a ask) error {
	if owes(r, a) != nil {
		return nil
	}
	return fault.Newf(fault.Conflict, "Something is left to hand back of order %d, and its state is %s.", r.id, r.state)
}

// leavesSome: the refund leaves something of the amount unrefunded.
func leavesSome(r *row, a ask) error {
	if r.refunded+a.refund < r.amount && a.refund <= r.left() {
		return nil
	}
	return tooMuch(r, a)
}

// takesAll: with this refund the whole amount is refunded.
func takesAll(r *row, a ask) error {
	if r.refunded+a.refund == r.amount && a.refund <= r.left() {
		return nil
	}
	return tooMuch(r, a)
}

func tooMuch(r *row, a ask) error {
	taken := ""
	if r.takenBack > 0 {
		taken = fmt.Sprintf(" after the customer's bank took %s back", sum(min(r.takenBack, r.refundable), r.currency))
	}
	return fault.Newf(fault.Conflict, "Order %d cannot be refunded by %s: %s of its %s are left to refund%s, and its state is %s.",
		r.id, sum(a.refund, r.currency), sum(r.left(), r.currency), sum(r.amount, r.currency), taken, r.state).
		With("Refund at most what is left.")
}

// tipWindow is how long after the time an order is wanted for its tip may still change.
const tipWindow = time.Hour

// tipWindowOpen: nothing was refunded yet, and the time the order is wanted for is not longer ago than tipWindow.
// Dispatch closes the window by having no edge.
func tipWindowOpen(r *row, a ask) error {
	if r.refunded > 0 {
		return fault.Newf(fault.Conflict, "The tip of order %d cannot change any more: a part of the order was refunded, and its state is %s.", r.id, r.state)
	}
	if a.now.After(r.requestedFor.Add(tipWindow)) {
		return fault.Newf(fault.Conflict, "The tip of order %d cannot change any more: that was possible until %s, and its state is %s.",
			r.id, wire.At(r.requestedFor.Add(tipWindow)).Format(), r.state)
	}
	return nil
}

// step finds the edge for an action in the row's state whose guard lets it pass. There being none is a Conflict that
// names the state.
func step(do action, r *row, a ask) (edge, error) {
	var refused error
	for _, e := range edges {
		if e.do != do || e.from != r.state {
			continue
		}
		if e.guard == nil {
			return e, nil
		}
		err := e.guard(r, a)
		if err == nil {
			return e, nil
		}
		refused = err
	}
	if refused != nil {
		return edge{}, refused
	}
	return edge{}, fault.Newf(fault.Conflict, "Order %d cannot be %s: its state is %s.", r.id, do, r.state).
		With("That is possible from " + possible(do) + ".")
}

// whoMay says who may do an action; it is the same for all its edges.
func whoMay(do action) who {
	for _, e := range edges {
		if e.do == do {
			return e.who
		}
	}
	return nil
}

// possible lists the states from which an action has an edge.
func possible(do action) string {
	var out []string
	for _, e := range edges {
		if e.do == do && (len(out) == 0 || out[len(out)-1] != string(e.from)) {
			out = append(out, string(e.from))
		}
	}
	return strings.Join(out, ", ")
}
