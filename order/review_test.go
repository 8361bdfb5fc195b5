package order_test

import (
	"strings"
	"testing"
	"time"

	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

func reviewed(s *apptest.Shop, p order.PlacedOrder, a order.ReviewAction) error {
	return s.Orders.Review(ctx, s.Owner, p.OrderId, order.Review{Action: a, Note: wire.P("three cards in a row")})
}

func TestHeldOrderGoesOnWhereItWas(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for _, state := range []wire.OrderState{"ReadyToProcess", "AcceptedByRestaurant", "Dispatched"} {
			p := brought(t, s, state)
			want(t, reviewed(s, p, order.ReviewRelease), fault.Conflict, string(state))
			want(t, reviewed(s, p, order.ReviewReject), fault.Conflict, string(state))
			head := s.Head(t)
			apptest.Must(0, reviewed(s, p, order.ReviewHold))(t)
			for _, do := range []string{"accepted", "rejected", "dispatched", "refunded", "cancelled"} {
				want(t, actions[do](s, p), fault.Conflict, "ManualReview")
			}
			pass(t, s, time.Hour) // no deadline runs meanwhile
			apptest.Must(0, reviewed(s, p, order.ReviewRelease))(t)
			if o := stored(t, s, p.OrderId); o.OrderState != state {
				t.Errorf("held as %s, it goes on as %s", state, o.OrderState)
			}
			events := s.Events(t, head)
			if names(events) != "order.fulfillment.status.updated order.fulfillment.status.updated" {
				t.Fatalf("events %s", names(events))
			}
			e := decode[wire.OrderFulfillmentStatusUpdatedEvent](t, events[0].Flat())
			if e.StatusName != "ManualReview" || wire.V(e.OrderId) != p.OrderId || e.StoreId != s.Store || !strings.HasSuffix(e.Description, "at Dame Street: three cards in a row.") {
				t.Errorf("%s", events[0].Flat())
			}
			if state == wire.OrderStateReadyToProcess {
				pass(t, s, 12*time.Minute)
				if o := stored(t, s, p.OrderId); o.OrderState != state {
					t.Errorf("%s: the store's time did not begin anew", o.OrderState)
				}
				pass(t, s, time.Minute)
				if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedAutomatically {
					t.Errorf("%s", o.OrderState)
				}
			}
		}
	})
}

func TestRejectedReviewHandsBackWhatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for state, events := range map[wire.OrderState]string{"ReadyToProcess": "order.rejected", "AcceptedByRestaurant": "order.rejected order.refunded"} {
			p := brought(t, s, state)
			apptest.Must(0, reviewed(s, p, order.ReviewHold))(t)
			want(t, reviewed(s, p, order.ReviewHold), fault.Conflict, "ManualReview")
			head := s.Head(t)
			apptest.Must(0, reviewed(s, p, order.ReviewReject))(t)
			o := stored(t, s, p.OrderId)
			refunded := wire.V(o.RefundedAmount)
			if o.OrderState != wire.OrderStateRejectedByFlipdish || wire.V(o.RejectionReason) != wire.RejectReasonUnknownReason ||
				(refunded == p.Amount) != (state == wire.OrderStateAcceptedByRestaurant) || names(s.Events(t, head)) != events {
				t.Errorf("%s, %v, %s refunded, events %s", o.OrderState, o.RejectionReason, refunded, names(s.Events(t, head)))
			}
			apptest.Must(0, s.Orders.Verify(ctx, s.Owner, p.OrderId))(t)
		}
		p := s.Place(t, s.Basket())
		want(t, s.Orders.Review(ctx, s.Member(t, wire.AppAccessLevelStoreStaff, s.Store), p.OrderId, order.Review{Action: order.ReviewHold}), fault.Forbidden)
		want(t, reviewed(s, p, "Sleep"), fault.Invalid, "Action")
		want(t, s.Orders.Review(ctx, s.Owner, p.OrderId, order.Review{Action: order.ReviewHold, Note: wire.P(strings.Repeat("x", 501))}), fault.Invalid, "Note")
	})
}
