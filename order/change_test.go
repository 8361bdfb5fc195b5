package order_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/order"
	"comanda/wire"
)

// actions are all that can be done to a placed order, by the names of the transition table.
var actions = map[string]func(s *apptest.Shop, p order.PlacedOrder) error{
	"accepted": func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{EstimatedMinutesForDelivery: wire.P(45)})
	},
	"rejected": func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.Reject(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy})
	},
	"rejected after being accepted": func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.RejectAccepted(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonFoodUnavailable})
	},
	"rejected for want of an answer": func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.TimeOut(ctx, p.OrderId)
	},
	"cancelled": func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.CallOff(ctx, s.Owner, p.OrderId, order.Cancellation{})
	},
	"dispatched": func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.Dispatch(ctx, s.Owner, p.OrderId)
	},
	"refunded": func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: p.Amount})
	},
	"given another tip": func(s *apptest.Shop, p order.PlacedOrder) error {
		_, err := s.Orders.ChangeTip(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Tip{TipAmount: "1"})
		return err
	},
	"given more about its delivery":    courier(`{"DeliveryStatusNotes":"%s"}`),
	"given a delivery status":          courier(`{"Status":"Accepted","DeliveryStatusNotes":"%s"}`),
	"carried":                          courier(`{"Status":"OnTheWay","DeliveryStatusNotes":"%s"}`),
	"delivered":                        courier(`{"Status":"Delivered","DeliveryStatusNotes":"%s"}`),
	"moved on in its workflow":         fulfilled("Begun"),
	"moved to the end of its workflow": fulfilled("Done"),
	"rated": func(s *apptest.Shop, p order.PlacedOrder) error {
		_, err := s.Orders.Rate(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Rating{Rating: 4})
		return err
	},
}

// ways lead a new order to each state.
var ways = map[wire.OrderState][]string{
	wire.OrderStateReadyToProcess:             {},
	wire.OrderStateAcceptedByRestaurant:       {"accepted"},
	wire.OrderStateRejectedByStore:            {"rejected"},
	wire.OrderStateRejectedAutomatically:      {"rejected for want of an answer"},
	wire.OrderStateCancelled:                  {"cancelled"},
	wire.OrderStateDispatched:                 {"accepted", "dispatched"},
	wire.OrderStateRejectedAfterBeingAccepted: {"accepted", "rejected after being accepted"},
	wire.OrderStateAcceptedAndRefunded:        {"accepted", "refunded"},
	wire.OrderStateDelivered:                  {"accepted", "delivered"},
}

func brought(t *testing.T, s *apptest.Shop, to wire.OrderState) order.PlacedOrder {
	t.Helper()
	p := s.Place(t, s.Basket())
	for _, a := range ways[to] {
		if err := actions[a](s, p); err != nil {
			t.Fatalf("%s: %v", a, err)
		}
	}
	return p
}

// Every action in every state does what the table says, with the table's events; what is not in the table is a conflict
// that names the state and changes nothing.
func TestTransitionTableIsTheWholeTruth(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.Workflow(t, `{"Name":"Short","States":[{"StatusId":"Begun","StatusName":"Begun","NextStatuses":["Later"]},
			{"StatusId":"Later","StatusName":"Later"},{"StatusId":"Done","StatusName":"Done"}]}`)
		for state := range ways {
			for name, act := range actions {
				t.Run(fmt.Sprintf("%s %s", state, name), func(t *testing.T) {
					p := brought(t, s, state)
					head := s.Head(t)
					before := stored(t, s, p.OrderId)
					err := act(s, p)
					after := stored(t, s, p.OrderId)
					events := names(s.Events(t, head))
					var edge *order.Edge
					for _, e := range order.Edges() {
						whole := name != "refunded" || e.To == wire.OrderStateAcceptedAndRefunded // the action refunds all
						if e.Do == name && e.From == state && whole {
							edge = &e
						}
					}
					if edge == nil {
						want(t, err, fault.Conflict, fmt.Sprint(p.OrderId), string(state))
						if events != "" || fmt.Sprint(after) == "" || after.OrderState != state || after.UserRating != before.UserRating {
							t.Errorf("a refused action left events %q, state %s", events, after.OrderState)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					if after.OrderState != edge.To || events != strings.Join(edge.Events, " ") {
						t.Errorf("state %s, events %q; the table says %s, %v", after.OrderState, events, edge.To, edge.Events)
					}
				})
			}
		}
	})
}

// The walk takes random actions; a model of the state, the amount and the refunds follows by the table.
func TestRandomWalksStayOnTheTable(t *testing.T) {
	s := apptest.OpenShop(t, dbtest.SQLite(t))
	rapid.Check(t, func(rt *rapid.T) {
		p := s.Place(t, s.Basket())
		state, refunded, amount := wire.OrderStateReadyToProcess, money.Amount(0), parse(t, p.Amount)
		head := s.Head(t)
		var told []string
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			name := rapid.SampledFrom([]string{"accepted", "rejected", "rejected after being accepted", "dispatched", "refunded", "given another tip", "rated"}).Draw(rt, "action")
			var err error
			var part money.Amount
			switch name {
			case "refunded":
				part = money.Amount(rapid.Int64Range(1, int64(amount)).Draw(rt, "part"))
				err = s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: part.Decimal("EUR")})
			case "given another tip":
				tip := money.Amount(rapid.Int64Range(0, 500).Draw(rt, "tip"))
				was := parse(t, stored(t, s, p.OrderId).TipAmount)
				_, err = s.Orders.ChangeTip(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Tip{TipAmount: tip.Decimal("EUR")})
				if err == nil {
					amount += tip - was
				}
				if err == nil && tip != was {
					told = append(told, "order.tip.updated")
				}
			case "rated":
				was := stored(t, s, p.OrderId).UserRating
				if err = actions[name](s, p); err == nil && was == nil {
					told = append(told, "order.rating.updated")
				}
			default:
				if err = actions[name](s, p); err == nil && name == "rejected after being accepted" {
					part = amount - refunded
				}
			}
			if err != nil {
				if fault.KindOf(err) != fault.Conflict {
					rt.Fatal(err)
				}
				continue
			}
			refunded += part
			switch {
			case name == "refunded" && refunded == amount:
				state = wire.OrderStateAcceptedAndRefunded
			case name != "refunded" && name != "given another tip" && name != "rated":
				for _, e := range order.Edges() {
					if e.Do == name && e.From == state {
						state = e.To
						break
					}
				}
			}
			switch name {
			case "given another tip", "rated":
			case "rejected after being accepted":
				told = append(told, "order.rejected", "order.refunded")
			default:
				told = append(told, "order."+name)
			}
		}
		o := stored(t, s, p.OrderId)
		if o.OrderState != state || parse(t, o.Amount) != amount || parse(t, wire.V(o.RefundedAmount)) != refunded || refunded > amount {
			rt.Fatalf("order %s of %s, refunded %v; the model says %s of %d, refunded %d", o.OrderState, o.Amount, o.RefundedAmount, state, amount, refunded)
		}
		if got := names(s.Events(t, head)); got != strings.Join(told, " ") {
			rt.Fatalf("events %s; the model says %v", got, told)
		}
		c := trackOf(t, s, p).Calculation
		var lines money.Amount
		for _, l := range c.Lines {
			lines += parse(t, l.Amount)
		}
		if lines != amount || parse(t, c.Amount) != amount {
			rt.Fatalf("the calculation's lines sum to %d and it says %s; the order is of %d", lines, c.Amount, amount)
		}
	})
}

func trackOf(t *testing.T, s *apptest.Shop, p order.PlacedOrder) order.TrackedOrder {
	t.Helper()
	raw, err := s.Orders.Track(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken)
	if err != nil {
		t.Fatal(err)
	}
	return decode[order.TrackedOrder](t, raw)
}

func TestOfAllWhoAnswerAnOrderAtOnceExactlyOneWins(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for round := range 3 {
			p := s.Place(t, s.Basket())
			head := s.Head(t)
			var won atomic.Int32
			parallel(64, func(i int) {
				err := actions[[]string{"accepted", "rejected"}[(i+round)%2]](s, p)
				if err == nil {
					won.Add(1)
					return
				}
				want(t, err, fault.Conflict)
				if text := err.Error(); !strings.Contains(text, "AcceptedByRestaurant") && !strings.Contains(text, "RejectedByStore") {
					t.Errorf("%q does not name the current state", text)
				}
			})
			if won.Load() != 1 {
				t.Errorf("%d won", won.Load())
			}
			if events := s.Events(t, head); len(events) != 1 {
				t.Errorf("events %s", names(events))
			}
		}
	})
}

func TestParallelRefundsNeverExceedTheAmount(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := brought(t, s, wire.OrderStateAcceptedByRestaurant) // 8.50
		head := s.Head(t)
		var won atomic.Int32
		parallel(64, func(int) {
			err := s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "1"})
			if err == nil {
				won.Add(1)
				return
			}
			want(t, err, fault.Conflict, "0.50 EUR of its 8.50 EUR are left")
		})
		o := stored(t, s, p.OrderId)
		if won.Load() != 8 || wire.V(o.RefundedAmount) != "8" || o.OrderState != wire.OrderStateAcceptedByRestaurant || o.PaymentStatus != wire.PaymentStatusPartiallyRefunded {
			t.Errorf("%d refunds, %v, %s, %s", won.Load(), o.RefundedAmount, o.OrderState, o.PaymentStatus)
		}
		if events := s.Events(t, head); len(events) != 8 {
			t.Errorf("events %s", names(events))
		}
		if n := counts(t, s)[4]; n != 8 {
			t.Errorf("%d rows of refunds", n)
		}
	})
}

func TestFullRefundTwiceAtOnceHappensOnce(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := brought(t, s, wire.OrderStateDispatched)
		head := s.Head(t)
		var won atomic.Int32
		parallel(8, func(int) {
			if err := actions["refunded"](s, p); err == nil {
				won.Add(1)
			} else {
				want(t, err, fault.Conflict, "AcceptedAndRefunded")
			}
		})
		if events := s.Events(t, head); won.Load() != 1 || len(events) != 1 {
			t.Errorf("%d won, events %s", won.Load(), names(events))
		}
	})
}

func TestRefundInPartsEndsExactlyAtTheTotal(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.TipAmount = wire.P(wire.Decimal("0.33"))
		p := s.Place(t, b) // 8.83
		refund := func(d wire.Decimal) error {
			return s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: d, RefundReason: wire.P("cold"), NotifyCustomer: true})
		}
		want(t, refund("1"), fault.Conflict, "ReadyToProcess", "cannot be refunded")
		if err := actions["accepted"](s, p); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			amount wire.Decimal
			kind   fault.Kind
			words  string
		}{
			{"0", fault.Invalid, "RefundAmount"},
			{"-1", fault.Invalid, "RefundAmount"},
			{"1.005", fault.Invalid, "RefundAmount"},
			{"8.84", fault.Invalid, "8.83 EUR"},
			{"99999999999", fault.Invalid, "RefundAmount"},
		} {
			want(t, refund(c.amount), c.kind, c.words)
		}
		head := s.Head(t)
		if err := refund("5.5"); err != nil {
			t.Fatal(err)
		}
		want(t, refund("3.34"), fault.Conflict, "3.33 EUR of its 8.83 EUR are left", "AcceptedByRestaurant")
		if err := refund("3.33"); err != nil {
			t.Fatal(err)
		}
		want(t, refund("0.01"), fault.Conflict, "AcceptedAndRefunded")
		o := stored(t, s, p.OrderId)
		if o.OrderState != wire.OrderStateAcceptedAndRefunded || o.PaymentStatus != wire.PaymentStatusRefunded || wire.V(o.RefundedAmount) != p.Amount || o.Amount != p.Amount {
			t.Errorf("%s, %s, %v of %s", o.OrderState, o.PaymentStatus, o.RefundedAmount, o.Amount)
		}
		events := s.Events(t, head)
		if names(events) != "order.refunded order.refunded" {
			t.Fatalf("events %s", names(events))
		}
		e := decode[wire.OrderRefundedEvent](t, events[1].Flat())
		if e.RefundedAmount != "3.33" || e.User.UserName != "Ada Owner" || wire.V(e.IpAddress) != "192.0.2.7" ||
			e.Description != fmt.Sprintf("Ada Owner refunded 3.33 EUR of order %d of 8.83 EUR at Dame Street: cold.", p.OrderId) {
			t.Errorf("%s", events[1].Flat())
		}
	})
}

func TestPromiseIsTheLaterOfTheRequestedTimeAndNowPlusMinutes(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		accept := func(requested *wire.Time, minutes *int) (promised, placed, done time.Time) {
			b := s.Basket()
			b.RequestedForTime = requested
			p := s.Place(t, b)
			head := s.Head(t)
			if err := s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{EstimatedMinutesForDelivery: minutes}); err != nil {
				t.Fatal(err)
			}
			e := decode[wire.OrderAcceptedEvent](t, s.Events(t, head)[0].Flat())
			o := stored(t, s, p.OrderId)
			if e.User.UserId != s.Owner.Account || !e.Order.AcceptedFor.Equal(o.AcceptedFor.Time) || o.OrderState != wire.OrderStateAcceptedByRestaurant {
				t.Errorf("%+v", e)
			}
			return o.AcceptedFor.Time, p.PlacedTime.Time, e.OrderAcceptedTime.Time
		}
		if got, _, done := accept(nil, wire.P(45)); !got.Equal(done.Add(45 * time.Minute)) {
			t.Errorf("as soon as possible with 45 minutes: %s, accepted %s", got, done)
		}
		if got, _, done := accept(nil, nil); !got.Equal(done) {
			t.Errorf("without minutes: %s, accepted %s", got, done)
		}
		soon := wire.AtOrNil(s.Brand.Now().Add(20 * time.Minute).Truncate(time.Second))
		if got, _, _ := accept(soon, wire.P(5)); !got.Equal(soon.Time) {
			t.Errorf("requested later than now plus minutes: %s, requested %s", got, soon)
		}
		if got, _, done := accept(soon, wire.P(90)); !got.Equal(done.Add(90 * time.Minute)) {
			t.Errorf("requested earlier: %s", got)
		}
		p := s.Place(t, s.Basket())
		for _, minutes := range []int{-1, 201} {
			err := s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{EstimatedMinutesForDelivery: &minutes})
			want(t, err, fault.Invalid, "EstimatedMinutesForDelivery", "200")
		}
	})
}

func TestRejectionKeepsWhoAndWhy(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		err := s.Orders.Reject(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: "Sleepy"})
		want(t, err, fault.Invalid, "RejectReason", "TooBusy")
		head := s.Head(t)
		err = s.Orders.Reject(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooSoon, DoNotNotifyCustomer: wire.P(true)})
		if err != nil {
			t.Fatal(err)
		}
		e := decode[wire.OrderRejectedEvent](t, s.Events(t, head)[0].Flat())
		if e.Reason != "TooSoon" || wire.V(e.Order.RejectionReason) != wire.RejectReasonTooSoon || e.User.UserId != s.Owner.Account ||
			wire.V(e.Order.RejectedByUserId) != s.Owner.Account || e.OrderRejectedTime.IsZero() ||
			e.Description != fmt.Sprintf("Ada Owner rejected order %d of 8.50 EUR at Dame Street: TooSoon.", p.OrderId) {
			t.Errorf("%+v", e)
		}
		var quiet int
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select count(*) from order_quiet_events`).Scan(&quiet)
		})
		if err != nil || quiet != 1 {
			t.Errorf("DoNotNotifyCustomer was not kept: %v", err)
		}
	})
}

func TestRejectionAfterAcceptanceHandsBackWhatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := brought(t, s, wire.OrderStateAcceptedByRestaurant)
		if err := s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "3"}); err != nil {
			t.Fatal(err)
		}
		head := s.Head(t)
		if err := actions["rejected after being accepted"](s, p); err != nil {
			t.Fatal(err)
		}
		events := s.Events(t, head)
		refunded := decode[wire.OrderRefundedEvent](t, events[1].Flat())
		o := stored(t, s, p.OrderId)
		if refunded.RefundedAmount != "5.5" || wire.V(o.RefundedAmount) != "8.5" || o.PaymentStatus != wire.PaymentStatusRefunded ||
			wire.V(o.RejectionReason) != wire.RejectReasonFoodUnavailable {
			t.Errorf("%s of %v, %s", refunded.RefundedAmount, o.RefundedAmount, o.PaymentStatus)
		}
	})
}

func TestTipChangesUntilItsWindowCloses(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		tip := func(p order.PlacedOrder, d wire.Decimal) (wire.Order, error) {
			raw, err := s.Orders.ChangeTip(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Tip{TipAmount: d})
			if err != nil {
				return wire.Order{}, err
			}
			return decode[wire.Order](t, raw), nil
		}
		p := s.Place(t, s.Basket())
		head := s.Head(t)
		o, err := tip(p, "2.5")
		if err != nil || o.TipAmount != "2.5" || o.Amount != "11" {
			t.Fatal(o.TipAmount, o.Amount, err)
		}
		if _, err := tip(p, "2.50"); err != nil {
			t.Error(err)
		}
		events := s.Events(t, head)
		if names(events) != "order.tip.updated" {
			t.Fatalf("events %s; the same tip again is no news", names(events))
		}
		e := decode[wire.OrderTipUpdatedEvent](t, events[0].Flat())
		if e.TipAmount != "2.5" || e.NewTipAmount != "2.5" || e.Order.TipAmount != "2.5" ||
			e.Description != fmt.Sprintf("A customer set the tip of order %d at Dame Street to 2.50 EUR, which makes 11.00 EUR.", p.OrderId) {
			t.Errorf("%s", events[0].Flat())
		}
		for _, bad := range []wire.Decimal{"-1", "0.001", "100.01", "99999999999"} {
			_, err := tip(p, bad)
			want(t, err, fault.Invalid, "TipAmount")
		}
		if err := actions["accepted"](s, p); err != nil {
			t.Fatal(err)
		}
		if o, err = tip(p, "0"); err != nil || o.Amount != "8.5" || o.TipAmount != "0" {
			t.Fatal(o.Amount, err)
		}
		if c := trackOf(t, s, p).Calculation; c.Amount != "8.5" || c.TipAmount != "0" || len(c.Lines) != 1 {
			t.Errorf("%+v", c)
		}
		if err := s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "1"}); err != nil {
			t.Fatal(err)
		}
		_, err = tip(p, "1")
		want(t, err, fault.Conflict, "refunded")

		late := s.Place(t, s.Basket())
		age(t, s, late.OrderId, time.Hour+time.Minute)
		_, err = tip(late, "1")
		want(t, err, fault.Conflict, "possible until")
		sent := brought(t, s, wire.OrderStateDispatched)
		_, err = tip(sent, "1")
		want(t, err, fault.Conflict, "Dispatched")
	})
}

// age moves the time an order is wanted for into the past.
func age(t *testing.T, s *apptest.Shop, id int, by time.Duration) {
	t.Helper()
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update orders set requested_for = requested_for - $2 where order_id = $1`, id, by.Microseconds())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Tip changes and an acceptance race: none gets lost, and the money that can be handed back is the amount in the end.
func TestTipsAndAnswersInParallelKeepTheMoneyTogether(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		parallel(24, func(i int) {
			if i == 7 {
				if err := actions["accepted"](s, p); err != nil {
					t.Error(err)
				}
				return
			}
			_, err := s.Orders.ChangeTip(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken,
				order.Tip{TipAmount: money.Amount(10 * i).Decimal("EUR")})
			if err != nil {
				t.Error(err)
			}
		})
		o := stored(t, s, p.OrderId)
		if parse(t, o.Amount) != 850+parse(t, o.TipAmount) || o.OrderState != wire.OrderStateAcceptedByRestaurant {
			t.Errorf("%s with a tip of %s, %s", o.Amount, o.TipAmount, o.OrderState)
		}
		if err := s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: o.Amount}); err != nil {
			t.Error(err)
		}
	})
}

func TestRatingIsFromOneToFiveFromAcceptanceOn(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		rate := func(n int) error {
			_, err := s.Orders.Rate(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Rating{Rating: n})
			return err
		}
		want(t, rate(5), fault.Conflict, "ReadyToProcess")
		if err := actions["accepted"](s, p); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 6, -1} {
			want(t, rate(n), fault.Invalid, "Rating", "1 to 5")
		}
		head := s.Head(t)
		for _, n := range []int{5, 5, 2} {
			if err := rate(n); err != nil {
				t.Fatal(err)
			}
		}
		events := s.Events(t, head)
		if names(events) != "order.rating.updated order.rating.updated" {
			t.Fatalf("events %s", names(events))
		}
		e := decode[wire.OrderRatingUpdatedEvent](t, events[1].Flat())
		if wire.V(e.Rating) != 2 || e.NewUserRating != 2 || wire.V(e.Order.UserRating) != 2 || !strings.HasSuffix(e.Description, "2 of 5.") {
			t.Errorf("%s", events[1].Flat())
		}
	})
}

func TestDispatchTellsItsTime(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := brought(t, s, wire.OrderStateAcceptedByRestaurant)
		head := s.Head(t)
		if err := s.Orders.Dispatch(ctx, s.Owner, p.OrderId); err != nil {
			t.Fatal(err)
		}
		e := decode[wire.OrderDispatchedEvent](t, s.Events(t, head)[0].Flat())
		if e.OrderDispatchedTime.IsZero() || e.Order.OrderState != wire.OrderStateDispatched ||
			e.Description != fmt.Sprintf("Ada Owner dispatched order %d of 8.50 EUR at Dame Street.", p.OrderId) {
			t.Errorf("%+v", e)
		}
	})
}

func TestRepeatedChangeUnderAKeyHappensOnce(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		caller := *s.Owner
		caller.Idempotent = "accept-1"
		head := s.Head(t)
		accept := func(minutes int) error {
			return s.Orders.Accept(ctx, &caller, p.OrderId, wire.Accept{EstimatedMinutesForDelivery: &minutes})
		}
		parallel(16, func(int) {
			if err := accept(30); err != nil {
				t.Error(err)
			}
		})
		if got := names(s.Events(t, head)); got != "order.accepted" {
			t.Errorf("events %s", got)
		}
		want(t, accept(45), fault.Unprocessable)
		caller.Idempotent = "accept-2"
		want(t, accept(30), fault.Conflict, "AcceptedByRestaurant")
		caller.Idempotent = "refund-1"
		for range 2 { // a refund of a part could be repeated; under a key it is not
			if err := s.Orders.Refund(ctx, &caller, p.OrderId, wire.Refund{RefundAmount: "1"}); err != nil {
				t.Fatal(err)
			}
		}
		if o := stored(t, s, p.OrderId); wire.V(o.RefundedAmount) != "1" {
			t.Errorf("refunded %v", o.RefundedAmount)
		}
	})
}

func TestOnlyThoseWithTheRightAnswerOrders(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		other := s.Another(t)
		here, there := s.Store, s.AddStore(t, "Temple Bar")
		owner := s.Owner
		for _, c := range []struct {
			name           string
			caller         *account.Caller
			accept, refund fault.Kind // Internal: allowed
		}{
			{"owner", owner, 0, 0},
			{"another brand's owner", other.Owner, fault.NotFound, fault.NotFound},
			{"nobody", apptest.Diner(), fault.NotFound, fault.NotFound},
			{"staff of the store", s.Member(t, wire.AppAccessLevelStoreStaff, here), 0, fault.Forbidden},
			{"staff of another store", s.Member(t, wire.AppAccessLevelStoreStaff, there), fault.NotFound, fault.NotFound},
			{"finance", s.Member(t, wire.AppAccessLevelFinanceManger), fault.Forbidden, 0},
			{"integrator", s.Member(t, wire.AppAccessLevelIntegrator), 0, fault.Forbidden},
		} {
			t.Run(c.name, func(t *testing.T) {
				p := s.Place(t, s.Basket())
				err := s.Orders.Accept(ctx, c.caller, p.OrderId, wire.Accept{})
				if c.accept != 0 {
					want(t, err, c.accept)
					if err := s.Orders.Accept(ctx, owner, p.OrderId, wire.Accept{}); err != nil {
						t.Fatal(err)
					}
				} else if err != nil {
					t.Error(err)
				}
				err = s.Orders.Refund(ctx, c.caller, p.OrderId, wire.Refund{RefundAmount: "1"})
				if c.refund != 0 {
					want(t, err, c.refund)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		p := s.Place(t, s.Basket())
		hidden := s.Orders.Accept(ctx, other.Owner, p.OrderId, wire.Accept{})
		missing := s.Orders.Accept(ctx, other.Owner, p.OrderId+1, wire.Accept{})
		if strings.ReplaceAll(hidden.Error(), fmt.Sprint(p.OrderId), "N") != strings.ReplaceAll(missing.Error(), fmt.Sprint(p.OrderId+1), "N") {
			t.Errorf("an order out of reach is told from one that is not there: %q, %q", hidden, missing)
		}
		for _, id := range []int{0, -1, 1 << 31, 1 << 40} {
			want(t, s.Orders.Accept(ctx, owner, id, wire.Accept{}), fault.NotFound)
		}
	})
}
