package order_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// pass lets time pass by the clock of the shop's brand, and meets what is due then.
func pass(t *testing.T, s *apptest.Shop, d time.Duration) {
	t.Helper()
	apptest.Must(s.Accounts.SetClock(ctx, s.Owner, s.Brand.AppID, account.ClockChange{AdvanceSeconds: wire.P(int(d / time.Second))}))(t)
	s.Brand = apptest.Must(s.Accounts.Brand(ctx, s.Brand.ID))(t)
	meet(t, s)
}

func meet(t *testing.T, s *apptest.Shop) {
	t.Helper()
	for {
		if n := apptest.Must(s.Orders.MeetDeadlines(ctx))(t); n == 0 {
			return
		}
	}
}

// number is a count, or another whole number, of the database.
func number(t *testing.T, s *apptest.Shop, query string, args ...any) (n int) {
	t.Helper()
	apptest.Must(0, s.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }))(t)
	return n
}

func deadlines(t *testing.T, s *apptest.Shop) int {
	t.Helper()
	return number(t, s, `select count(*) from order_deadlines where brand_id = $1`, s.Brand.ID)
}

func mails(t *testing.T, s *apptest.Shop) int {
	t.Helper()
	return number(t, s, `select count(*) from mail_outbox`)
}

func TestOrderThatNobodyAnswersIsWarnedOfThenRejected(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		answered, p := s.Place(t, s.Basket()), s.Place(t, s.Basket())
		before := mails(t, s)
		pass(t, s, 3*time.Minute+55*time.Second)
		if n := mails(t, s) - before; n != 0 {
			t.Errorf("%d mails before the time", n)
		}
		if err := s.Orders.Accept(ctx, s.Owner, answered.OrderId, wire.Accept{}); err != nil {
			t.Fatal(err)
		}
		pass(t, s, 10*time.Second)
		if n := mails(t, s) - before; n != 1 {
			t.Errorf("%d mails, want one to the owner, of one order", n)
		}
		pass(t, s, 8*time.Minute+45*time.Second)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateReadyToProcess {
			t.Fatalf("it is %s before the time", o.OrderState)
		}
		head := s.Head(t)
		pass(t, s, 15*time.Second)
		o := stored(t, s, p.OrderId)
		if o.OrderState != wire.OrderStateRejectedAutomatically || wire.V(o.RejectionReason) != wire.RejectReasonStoreUncontactable || o.RejectedByUserId != nil {
			t.Errorf("%s, %v, by %v", o.OrderState, o.RejectionReason, o.RejectedByUserId)
		}
		events := s.Events(t, head)
		if names(events) != "order.rejected" {
			t.Fatalf("events %s", names(events))
		}
		e := decode[wire.OrderRejectedEvent](t, events[0].Flat())
		if e.Reason != "StoreUncontactable" || e.User.UserName != "Comanda" || e.Order.OrderState != wire.OrderStateRejectedAutomatically ||
			e.Description != fmt.Sprintf("Comanda rejected order %d of 8.50 EUR at Dame Street: StoreUncontactable.", p.OrderId) {
			t.Errorf("%s", events[0].Flat())
		}
		if a := stored(t, s, answered.OrderId); a.OrderState != wire.OrderStateAcceptedByRestaurant || deadlines(t, s) != 0 {
			t.Errorf("the answered order is %s, and %d deadlines stand", a.OrderState, deadlines(t, s))
		}
	})
}

// A node that was away for an hour finds the warning and the rejection due together: it has nobody to warn.
func TestDeadlinesSurviveARestart(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		before := mails(t, s)
		later := s.Node()
		pass(t, later, time.Hour)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedAutomatically || mails(t, s) != before || deadlines(t, s) != 0 {
			t.Errorf("%s with %d mails, %d deadlines", o.OrderState, mails(t, s)-before, deadlines(t, s))
		}
	})
}

func TestEachStoreHasDeadlinesOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		set := func(in store.Deadlines) store.Deadlines {
			return apptest.Must(s.Stores.SetDeadlines(ctx, s.Owner, s.Store, in))(t)
		}
		head := s.Head(t)
		d := set(store.Deadlines{RejectAfterMinutes: wire.P(30), WarnAfterMinutes: wire.P(0)})
		if *d.RejectAfterMinutes != 30 || *d.WarnAfterMinutes != 0 || *d.CancelWindowSeconds != 0 || *d.CancelUntilAccepted {
			t.Errorf("%+v", d)
		}
		set(d)
		if got := names(s.Events(t, head)); got != "store.updated" {
			t.Errorf("events %s", got)
		}
		before := mails(t, s)
		p := s.Place(t, s.Basket())
		set(store.Deadlines{RejectAfterMinutes: wire.P(5)}) // for orders to come
		pass(t, s, 29*time.Minute)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateReadyToProcess || mails(t, s) != before {
			t.Errorf("%s, %d mails", o.OrderState, mails(t, s)-before)
		}
		pass(t, s, time.Minute)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedAutomatically {
			t.Errorf("%s", o.OrderState)
		}
		for _, c := range []struct {
			in    store.Deadlines
			field string
		}{
			{store.Deadlines{RejectAfterMinutes: wire.P(0)}, "RejectAfterMinutes"},
			{store.Deadlines{RejectAfterMinutes: wire.P(241)}, "RejectAfterMinutes"},
			{store.Deadlines{WarnAfterMinutes: wire.P(-1)}, "WarnAfterMinutes"},
			{store.Deadlines{WarnAfterMinutes: wire.P(5)}, "WarnAfterMinutes"},
			{store.Deadlines{CancelWindowSeconds: wire.P(1801)}, "CancelWindowSeconds"},
		} {
			_, err := s.Stores.SetDeadlines(ctx, s.Owner, s.Store, c.in)
			want(t, err, fault.Invalid, c.field)
		}
		_, err := s.Stores.SetDeadlines(ctx, s.Member(t, wire.AppAccessLevelStoreStaff, s.Store), s.Store, store.Deadlines{RejectAfterMinutes: wire.P(9)})
		want(t, err, fault.Forbidden)
	})
}

// A pre-order that comes at night is answered in the morning: its deadlines count from the opening.
func TestDeadlinesOfAPreOrderAtNightCountFromTheOpening(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		opens := s.Brand.Now().Add(8 * time.Hour).Truncate(time.Minute)
		apptest.Must(s.Stores.AddOverride(ctx, s.Owner, s.Store, wire.BusinessHoursOverrideBase{
			DeliveryType: wire.P(wire.DeliveryTypePickup), Type: wire.P(wire.BusinessHoursOverrideTypeClosedAllowPreOrders),
			StartTime: wire.At(s.Brand.Now().Add(-time.Hour)), EndTime: wire.At(opens),
		}))(t)
		b := s.Basket()
		b.RequestedForTime = wire.AtOrNil(opens.Add(3 * time.Hour))
		p := s.Place(t, b)
		if at := number(t, s, `select due_at from order_deadlines where order_id = $1 and kind = 'reject'`, p.OrderId); int64(at) != opens.Add(13*time.Minute).UnixMicro() {
			t.Errorf("it is rejected at %s, the store opens at %s", time.UnixMicro(int64(at)).UTC(), opens)
		}
		// The kitchen begins the lead time of pickups before.
		if at := number(t, s, `select kitchen_at from orders where order_id = $1`, p.OrderId); int64(at) != opens.Add(3*time.Hour-20*time.Minute).UnixMicro() {
			t.Errorf("the kitchen begins at %s", time.UnixMicro(int64(at)).UTC())
		}
		pass(t, s, 8*time.Hour+12*time.Minute)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateReadyToProcess {
			t.Errorf("%s before anybody had the time to answer", o.OrderState)
		}
		pass(t, s, 2*time.Minute)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedAutomatically {
			t.Errorf("%s", o.OrderState)
		}
	})
}

// What cannot be met, here because a newer program set it, is told in the log, tried again later, and delays nothing else.
func TestDeadlineThatCannotBeMetDelaysNoOther(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into order_deadlines (order_id, kind, brand_id, state, due_at) values ($1, 'newer', $2, '', 1)`, p.OrderId, s.Brand.ID)
			return err
		}))(t)
		pass(t, s, 14*time.Minute)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedAutomatically {
			t.Errorf("%s", o.OrderState)
		}
		if at := number(t, s, `select due_at from order_deadlines where kind = 'newer'`); int64(at) <= s.Brand.Now().UnixMicro() {
			t.Errorf("it is due at %d again", at)
		}
	})
}

// Accept, reject and the rejection by the clock, on two nodes at once: exactly one wins, and one event tells of it.
func TestRaceAnswersAgainstTheDeadline(t *testing.T) {
	const racers = 32
	each(t, func(t *testing.T, s *apptest.Shop) {
		for round := range rounds(t) {
			p := s.Place(t, s.Basket())
			apptest.Must(s.Accounts.SetClock(ctx, s.Owner, s.Brand.AppID, account.ClockChange{AdvanceSeconds: wire.P(13 * 60)}))(t)
			nodes := []*apptest.Shop{s, s.Node()}
			head := s.Head(t)
			var won atomic.Int32
			parallel(racers, func(i int) {
				node := nodes[i/4%2]
				var err error
				switch (i + round) % 4 {
				case 0:
					err = actions["accepted"](node, p)
				case 1:
					err = actions["rejected"](node, p)
				default:
					if _, err := node.Orders.MeetDeadlines(ctx); err != nil {
						t.Error(err)
					}
					return
				}
				if err == nil {
					won.Add(1)
				} else {
					want(t, err, fault.Conflict)
				}
			})
			o, events := stored(t, s, p.OrderId), s.Events(t, head)
			clock := o.OrderState == wire.OrderStateRejectedAutomatically
			if len(events) != 1 || clock == (won.Load() == 1) || won.Load() > 1 {
				t.Fatalf("round %d: %s, %d answers won, events %s", round, o.OrderState, won.Load(), names(events))
			}
			if n := number(t, s, `select count(*) from order_deadlines where order_id = $1`, p.OrderId); n != 0 {
				t.Fatalf("round %d: %d deadlines stand", round, n)
			}
		}
	})
}

// The uses of vouchers come back when the clock rejects.
func TestVoucherOfAnUnansweredOrderIsGivenBack(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		id := voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: code("TWO"), LumpDiscountDetails: lump("2"), MaxRedemptions: wire.P(1)})
		b := s.Basket()
		b.VoucherCode = code("TWO")
		p := s.Place(t, b)
		pass(t, s, 13*time.Minute)
		if n, _ := used(t, s, id); n != 0 || !strings.HasPrefix(string(stored(t, s, p.OrderId).OrderState), "RejectedAuto") {
			t.Errorf("%d uses stand", n)
		}
		s.Place(t, b)
	})
}
