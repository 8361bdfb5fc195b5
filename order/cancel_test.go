package order_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/store"
	"comanda/wire"
)

func rules(t *testing.T, s *apptest.Shop, d store.Deadlines) {
	t.Helper()
	apptest.Must(s.Stores.SetDeadlines(ctx, s.Owner, s.Store, d))(t)
}

func takeBack(s *apptest.Shop, p order.PlacedOrder) ([]byte, error) {
	return s.Orders.Cancel(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken)
}

// While an order is held back nobody but its customer knows it: no event, no list, no call of the store.
func TestCancelWindow(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		rules(t, s, store.Deadlines{CancelWindowSeconds: wire.P(90)})
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: code("TWO"), LumpDiscountDetails: lump("2"), MaxRedemptions: wire.P(1)})
		b := s.Basket()
		b.VoucherCode = code("TWO")
		head := s.Head(t)
		diner := apptest.Diner()
		answer := apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t)
		p := decode[order.PlacedOrder](t, answer)
		if again := apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t); string(again) != string(answer) || p.OrderState != wire.OrderStatePlacedCanBeCancelled {
			t.Errorf("%s; a repeat is answered\n%s, not\n%s", p.OrderState, again, answer)
		}
		unseen := func(state wire.OrderState) {
			t.Helper()
			_, err := s.Orders.Get(ctx, s.Owner, p.OrderId)
			want(t, err, fault.NotFound)
			want(t, actions["accepted"](s, p), fault.NotFound)
			if got := apptest.Must(s.Orders.List(ctx, s.Owner, order.Filter{}, 1, 10))(t); got.Total != 0 || names(s.Events(t, head)) != "" {
				t.Errorf("%d orders are listed, events %s", got.Total, names(s.Events(t, head)))
			}
			if tr := trackOf(t, s, p); tr.OrderState != state {
				t.Errorf("its customer sees %s", tr.OrderState)
			}
		}
		unseen(wire.OrderStatePlacedCanBeCancelled)
		if tr := trackOf(t, s, p); !tr.CanCancel || tr.CancelUntil == nil || !tr.CancelUntil.Equal(p.PlacedTime.Add(90*time.Second)) {
			t.Errorf("%v until %v", tr.CanCancel, tr.CancelUntil)
		}
		pass(t, s, 80*time.Second)
		o := decode[wire.Order](t, apptest.Must(takeBack(s, p))(t))
		if o.OrderState != wire.OrderStateCancelled {
			t.Errorf("%s", o.OrderState)
		}
		unseen(wire.OrderStateCancelled)
		pass(t, s, time.Hour)
		unseen(wire.OrderStateCancelled)
		_, err := takeBack(s, p)
		want(t, err, fault.Conflict, "Cancelled")

		p = s.Place(t, b) // its voucher came back
		pass(t, s, 89*time.Second)
		unseen(wire.OrderStatePlacedCanBeCancelled)
		pass(t, s, time.Second)
		if got := names(s.Events(t, head)); got != "order.created voucher.applied" {
			t.Fatalf("events %s", got)
		}
		e := decode[wire.OrderCreatedEvent](t, s.Events(t, head)[0].Flat())
		now := stored(t, s, p.OrderId)
		if e.Order.OrderState != wire.OrderStateReadyToProcess || e.Description != fmt.Sprintf("A customer placed order %d of 6.50 EUR at Dame Street.", p.OrderId) ||
			!now.PlacedTime.Equal(e.OrderCreatedTime.Time) || now.PlacedTime.Sub(p.PlacedTime.Time) < 90*time.Second {
			t.Errorf("%s, placed %s, and first %s", s.Events(t, head)[0].Flat(), now.PlacedTime.Format(), p.PlacedTime.Format())
		}
		_, err = takeBack(s, p)
		want(t, err, fault.Conflict, "the store has it", "ReadyToProcess")
		if tr := trackOf(t, s, p); tr.CanCancel || tr.CancelUntil != nil {
			t.Errorf("%v until %v", tr.CanCancel, tr.CancelUntil)
		}
		pass(t, s, 13*time.Minute) // the store's time begins when it gets the order
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedAutomatically {
			t.Errorf("%s", o.OrderState)
		}
	})
}

func TestHeldBackOrderIsAcceptedByAStoreThatAcceptsAll(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.EditStore(t, func(w map[string]any) { w["AutomaticallyAcceptOrders"] = true })
		rules(t, s, store.Deadlines{CancelWindowSeconds: wire.P(60)})
		head := s.Head(t)
		p := s.Place(t, s.Basket())
		pass(t, s, time.Minute)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateAcceptedByRestaurant || names(s.Events(t, head)) != "order.created order.accepted" || deadlines(t, s) != 0 {
			t.Errorf("%s, events %s, %d deadlines", o.OrderState, names(s.Events(t, head)), deadlines(t, s))
		}
	})
}

func TestWhoMayCancelAnOrderThatTheStoreHas(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		rules(t, s, store.Deadlines{CancelUntilAccepted: wire.P(true)})
		p := s.Place(t, s.Basket())
		if !trackOf(t, s, p).CanCancel {
			t.Error("the customer is not told that they can cancel")
		}
		head := s.Head(t)
		apptest.Must(takeBack(s, p))(t)
		e := decode[wire.OrderRejectedEvent](t, s.Events(t, head)[0].Flat())
		if e.Reason != "CancelledByCustomer" || e.EventName != "order.rejected" || e.Order.OrderState != wire.OrderStateCancelled ||
			e.Description != fmt.Sprintf("A customer cancelled order %d of 8.50 EUR at Dame Street.", p.OrderId) || deadlines(t, s) != 0 {
			t.Errorf("%s", s.Events(t, head)[0].Flat())
		}
		p = brought(t, s, wire.OrderStateAcceptedByRestaurant)
		_, err := takeBack(s, p)
		want(t, err, fault.Conflict, "AcceptedByRestaurant")

		p = s.Place(t, s.Basket())
		want(t, s.Orders.CallOff(ctx, s.Member(t, wire.AppAccessLevelStoreReadOnlyAccess, s.Store), p.OrderId, order.Cancellation{}), fault.Forbidden)
		head = s.Head(t)
		apptest.Must(0, s.Orders.CallOff(ctx, s.Owner, p.OrderId, order.Cancellation{DoNotNotifyCustomer: wire.P(true)}))(t)
		e = decode[wire.OrderRejectedEvent](t, s.Events(t, head)[0].Flat())
		if e.Reason != "CancelledByStore" || e.User.UserId != s.Owner.Account || stored(t, s, p.OrderId).RejectionReason != nil {
			t.Errorf("%s", s.Events(t, head)[0].Flat())
		}
	})
}

// A customer who cancels in the last moment, and the end of the window, on two nodes: either the store never hears of the
// order, or the customer is told that it is too late.
func TestRaceCancelAgainstTheEndOfTheWindow(t *testing.T) {
	const racers = 32
	each(t, func(t *testing.T, s *apptest.Shop) {
		rules(t, s, store.Deadlines{CancelWindowSeconds: wire.P(60)})
		for round := range rounds(t) {
			p := s.Place(t, s.Basket())
			apptest.Must(s.Accounts.SetClock(ctx, s.Owner, s.Brand.AppID, account.ClockChange{AdvanceSeconds: wire.P(60)}))(t)
			nodes := []*apptest.Shop{s, s.Node()}
			head := s.Head(t)
			var won atomic.Int32
			parallel(racers, func(i int) {
				node := nodes[i/2%2]
				if i%2 == round%2 {
					if _, err := node.Orders.MeetDeadlines(ctx); err != nil {
						t.Error(err)
					}
				} else if _, err := takeBack(node, p); err == nil {
					won.Add(1)
				} else {
					want(t, err, fault.Conflict)
				}
			})
			state, told := trackOf(t, s, p).OrderState, names(of(p.OrderId, s.Events(t, head))) // those before it meet their own deadlines
			switch {
			case won.Load() == 1 && state == wire.OrderStateCancelled && told == "":
			case won.Load() == 0 && state == wire.OrderStateReadyToProcess && told == "order.created":
			default:
				t.Fatalf("round %d: %d cancelled, the order is %s, events %q", round, won.Load(), state, told)
			}
		}
	})
}

// of are the events about one order.
func of(id int, all []event.Event) []event.Event {
	return slices.DeleteFunc(all, func(e event.Event) bool { return e.Subject != fmt.Sprintf("order/%d", id) })
}
