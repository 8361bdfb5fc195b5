package order_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/store"
	"comanda/wire"
)

const pickup = wire.DeliveryTypePickup

// limited lets the shop take so many pickups a slot at any time.
func limited(t *testing.T, s *apptest.Shop, most int) {
	t.Helper()
	var periods []wire.StoreOrderCapacityPeriod
	for _, d := range wire.DayOfTheWeek("").Values() {
		periods = append(periods, wire.StoreOrderCapacityPeriod{
			DayOfTheWeek: wire.P(wire.DayOfTheWeek(d)), PeriodStartHour: wire.P(0), PeriodStartMinutes: wire.P(0), PeriodEndHour: wire.P(24), PeriodEndMinutes: wire.P(0),
			MaxOrderNumberPerStoreInterval: &most,
		})
	}
	apptest.Must(0, s.Stores.SetCapacity(ctx, s.Owner, s.Brand.AppID, s.Store, pickup, periods))(t)
}

func slots(t *testing.T, s *apptest.Shop) *order.ShopSlots {
	t.Helper()
	return apptest.Must(s.Orders.Slots(ctx, apptest.Diner(), s.Brand.AppID, s.Store, pickup, time.Time{}))(t)
}

// at is what the list says of the slot that begins at a time.
func at(t *testing.T, s *apptest.Shop, start wire.Time) (reason string) {
	t.Helper()
	all := slots(t, s).Slots
	i := slices.IndexFunc(all, func(x order.ShopSlot) bool { return x.StartTime == start })
	if i < 0 || all[i].IsBookable != (all[i].Reason == nil) {
		t.Fatalf("%s is not listed, or wrongly: %+v", start.Format(), all)
	}
	return string(wire.V(all[i].Reason))
}

func requested(s *apptest.Shop, at wire.Time) order.Basket {
	b := s.Basket()
	b.RequestedForTime = &at
	return b
}

// Of 32 orders at the same time for a slot with n places, n get one; a place is free again when its order comes to nothing.
func TestRaceForTheLastSeat(t *testing.T) {
	const racers = 32
	each(t, func(t *testing.T, s *apptest.Shop) {
		shops := []*apptest.Shop{s, s.Node()}
		for round := range rounds(t) {
			most := 1 + round%3
			limited(t, s, most)
			free := slots(t, s).Slots
			slot := free[slices.IndexFunc(free, func(x order.ShopSlot) bool { return x.IsBookable })]
			var mu sync.Mutex
			var placed []int
			var wg sync.WaitGroup
			for i := range racers {
				wg.Go(func() {
					b := requested(s, wire.At(slot.StartTime.Add(time.Duration(i)*time.Second)))
					b.Contact.PhoneNumber = wire.P(fmt.Sprintf("+353 87 %07d", 1000000+i))
					raw, err := shops[i%len(shops)].Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, b)
					mu.Lock()
					defer mu.Unlock()
					f := (*fault.Error)(nil)
					switch {
					case err == nil:
						placed = append(placed, decode[order.PlacedOrder](t, raw).OrderId)
					case !errors.As(err, &f) || f.Kind != fault.Conflict:
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			wg.Wait()
			if len(placed) != most || at(t, s, slot.StartTime) != "Full" {
				t.Fatalf("round %d: %d orders for %d places, the list says %q", round, len(placed), most, at(t, s, slot.StartTime))
			}
			for _, id := range placed {
				apptest.Must(0, s.Orders.Reject(ctx, s.Owner, id, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
			}
			if got := at(t, s, slot.StartTime); got != "" {
				t.Fatalf("round %d: the list says %q when all are rejected", round, got)
			}
		}
	})
}

func TestRegressionTheLastSlotIsNotOverbooked(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		// A minute into a slot, so that the orders are all in it.
		inSlot := wire.At(s.Brand.Now().Truncate(time.Hour).Add(61 * time.Minute))
		apptest.Must(s.Accounts.SetClock(ctx, s.Owner, s.Brand.AppID, account.ClockChange{Time: &inSlot}))(t)
		early := s.Place(t, s.Basket()) // before there was a limit
		limited(t, s, 2)
		now := slots(t, s)
		if !now.Asap.IsBookable || now.Asap.Reason != nil || now.Asap.ReadyTime == nil {
			t.Fatalf("%+v", now.Asap)
		}
		caller := apptest.Diner()
		again := apptest.Must(s.Orders.Place(ctx, caller, s.Brand.AppID, s.Basket()))(t)
		_, err := place(s, s.Basket())
		want(t, err, fault.Conflict, "As many orders as Dame Street takes at a time", "RequestedForTime")
		if got := slots(t, s).Asap; got.IsBookable || wire.V(got.Reason) != "Full" {
			t.Errorf("%+v", got)
		}
		if same := apptest.Must(s.Orders.Place(ctx, caller, s.Brand.AppID, s.Basket()))(t); string(same) != string(again) {
			t.Error("a repeat of the last one that had a place is not answered with it")
		}
		s.Place(t, delivered(s, 1, near)) // the other type has no limit

		// Another grid counts the same orders.
		apptest.Must(0, s.Stores.SetPreOrder(ctx, s.Owner, s.Store, pickup, wire.PreOrderConfig{IntervalMinutes: wire.P(1440)}))(t)
		_, err = place(s, s.Basket())
		want(t, err, fault.Conflict, "As many orders")
		apptest.Must(0, s.Orders.Reject(ctx, s.Owner, early.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
		s.Place(t, s.Basket())
		limited(t, s, 0)
		if got := slots(t, s); got.Asap.IsBookable || wire.V(got.Slots[0].Reason) != "Full" {
			t.Errorf("%+v", got)
		}
	})
}

func TestRegressionAPausedStoreReopensByItself(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		staff := s.Member(t, wire.AppAccessLevelStoreStaff, s.Store)
		until := wire.At(s.Brand.Now().Add(30 * time.Minute).Truncate(time.Second))
		head := s.Head(t)
		got := apptest.Must(s.Stores.Pause(ctx, staff, s.Store, store.Pause{DeliveryType: wire.P(pickup), Until: until}))(t)
		if got[0].IsTaking || !got[0].PausedUntil.Equal(until.Time) || !got[1].IsTaking || got[1].PausedUntil != nil {
			t.Errorf("%+v", got)
		}
		if events := s.Events(t, head); names(events) != "store.updated" {
			t.Errorf("events %s", names(events))
		}
		soon := requested(s, wire.At(until.Add(2*time.Hour)))
		for _, b := range []order.Basket{s.Basket(), soon} {
			_, err := place(s, b)
			want(t, err, fault.Conflict, "at the moment", "again at "+until.Format())
		}
		if got := slots(t, s); wire.V(got.Asap.Reason) != "Paused" || wire.V(got.Slots[0].Reason) != "Paused" {
			t.Errorf("%+v", got.Asap)
		}
		shop := apptest.Must(s.Orders.Shop(ctx, apptest.Diner(), s.Brand.AppID, s.Store))(t)
		if p := shop.Pickup; p.IsOpen || !p.NextOpening.Equal(until.Time) || !p.PausedUntil.Equal(until.Time) || !shop.Delivery.IsOpen {
			t.Errorf("%+v, %+v", p, shop.Delivery)
		}
		// Nothing runs at the end of a pause: time passes.
		apptest.Must(s.Accounts.SetClock(ctx, s.Owner, s.Brand.AppID, account.ClockChange{Time: &until}))(t)
		s.Place(t, s.Basket())
		s.Place(t, soon)
		if shop := apptest.Must(s.Orders.Shop(ctx, apptest.Diner(), s.Brand.AppID, s.Store))(t); !shop.Pickup.IsOpen || shop.Pickup.PausedUntil != nil {
			t.Errorf("%+v", shop.Pickup)
		}
	})
}

func TestPauseAndBusy(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		now := s.Brand.Now()
		later := func(d time.Duration) *wire.Time { return wire.P(wire.At(now.Add(d).Truncate(time.Second))) }
		for _, c := range []struct {
			until time.Duration
			words string
		}{{-time.Second, "to come"}, {7*24*time.Hour + time.Hour, "7 days"}} {
			_, err := s.Stores.Pause(ctx, s.Owner, s.Store, store.Pause{Until: *later(c.until)})
			want(t, err, fault.Invalid, "Until", c.words)
			_, err = s.Stores.SetBusy(ctx, s.Owner, s.Store, store.Busy{ExtraMinutes: 10, Until: later(c.until)})
			want(t, err, fault.Invalid, "Until", c.words)
		}
		for _, minutes := range []int{-1, 241} {
			_, err := s.Stores.SetBusy(ctx, s.Owner, s.Store, store.Busy{ExtraMinutes: minutes, Until: later(time.Hour)})
			want(t, err, fault.Invalid, "ExtraMinutes", "0 and 240")
		}
		_, err := s.Stores.SetBusy(ctx, s.Owner, s.Store, store.Busy{ExtraMinutes: 10})
		want(t, err, fault.Invalid, "Until")
		_, err = s.Stores.Pause(ctx, s.Owner, s.Store, store.Pause{DeliveryType: wire.P(wire.DeliveryType("Drone")), Until: *later(time.Hour)})
		want(t, err, fault.Invalid, "DeliveryType")
		for _, who := range []*account.Caller{s.Another(t).Owner, s.Member(t, wire.AppAccessLevelStoreReadOnlyAccess, s.Store)} {
			if _, err = s.Stores.Pause(ctx, who, s.Store, store.Pause{Until: *later(time.Hour)}); err == nil {
				t.Error("paused by whoever")
			}
		}

		head := s.Head(t)
		busy := store.Busy{ExtraMinutes: 40, Until: later(3 * time.Hour)}
		got := apptest.Must(s.Stores.SetBusy(ctx, s.Owner, s.Store, busy))(t)
		if got[0].LeadTimeMinutes != 60 || got[1].LeadTimeMinutes != 85 || got[0].ExtraMinutes != 40 || !got[0].BusyUntil.Equal(busy.Until.Time) {
			t.Errorf("%+v", got)
		}
		apptest.Must(s.Stores.SetBusy(ctx, s.Owner, s.Store, busy))(t) // the same again
		_, err = place(s, requested(s, *later(50 * time.Minute)))
		want(t, err, fault.Invalid, "RequestedForTime", "cannot have an order ready")
		s.Place(t, requested(s, *later(65 * time.Minute)))
		apptest.Must(s.Stores.SetBusy(ctx, s.Owner, s.Store, store.Busy{}))(t)
		s.Place(t, requested(s, *later(50 * time.Minute)))
		apptest.Must(s.Stores.Pause(ctx, s.Owner, s.Store, store.Pause{Until: *later(time.Hour)}))(t)
		if got := apptest.Must(s.Stores.Resume(ctx, s.Owner, s.Store, store.Resumption{}))(t); !got[0].IsTaking || !got[1].IsTaking {
			t.Errorf("%+v", got)
		}
		if got := names(s.Events(t, head)); got != "store.updated order.created store.updated order.created store.updated store.updated" {
			t.Error(got)
		}
	})
}

func TestWhatATimeIsRefusedFor(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		today := s.Brand.Now().In(dublin(t))
		noon := func(days int) wire.Time {
			return wire.At(time.Date(today.Year(), today.Month(), today.Day()+days, 12, 0, 0, 0, today.Location()))
		}
		refused := func(b order.Basket, kind fault.Kind, words ...string) {
			t.Helper()
			_, err := place(s, b)
			want(t, err, kind, words...)
		}
		config := func(cfg wire.PreOrderConfig) {
			t.Helper()
			apptest.Must(0, s.Stores.SetPreOrder(ctx, s.Owner, s.Store, pickup, cfg))(t)
		}
		exception := func(kind wire.BusinessHoursOverrideType, from, to time.Time) int {
			t.Helper()
			return apptest.Must(s.Stores.AddOverride(ctx, s.Owner, s.Store, wire.BusinessHoursOverrideBase{
				DeliveryType: wire.P(pickup), Type: &kind, StartTime: wire.At(from), EndTime: wire.At(to),
			}))(t).BusinessHoursOverrideId
		}
		config(wire.PreOrderConfig{MaxOrderAheadDays: wire.P(2)})
		s.Place(t, requested(s, noon(2)))
		refused(requested(s, noon(3)), fault.Invalid, "RequestedForTime", "at most 2 days ahead")
		config(wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)})
		refused(requested(s, noon(1)), fault.Invalid, "RequestedForTime", "for today and at most 0 days ahead")
		config(wire.PreOrderConfig{MaxOrderAheadDays: wire.P(7), CutOffTimePreviousDayBasic: wire.P("00:00")})
		refused(requested(s, noon(1)), fault.Invalid, "RequestedForTime", "no more orders for that day")
		s.Place(t, requested(s, noon(2)))
		config(wire.PreOrderConfig{IncludeAsap: wire.P(false)})
		refused(s.Basket(), fault.Invalid, "RequestedForTime", "choose a time")
		if got := slots(t, s).Asap; wire.V(got.Reason) != "AsapOff" {
			t.Errorf("%+v", got)
		}
		config(wire.PreOrderConfig{IncludeAsap: wire.P(true)})

		now := s.Brand.Now()
		id := exception(wire.BusinessHoursOverrideTypeClosedAllowPreOrders, now.Add(-time.Hour), now.Add(time.Hour))
		refused(s.Basket(), fault.Conflict, "closed now")
		refused(requested(s, wire.At(now.Add(50*time.Minute))), fault.Invalid, "is closed at")
		s.Place(t, requested(s, noon(2)))
		apptest.Must(0, s.Stores.RemoveOverride(ctx, s.Owner, s.Store, id))(t)
		id = exception(wire.BusinessHoursOverrideTypeClosed, now.Add(-time.Hour), now.Add(time.Hour))
		refused(requested(s, noon(2)), fault.Conflict, "not for later either")
		apptest.Must(0, s.Stores.RemoveOverride(ctx, s.Owner, s.Store, id))(t)
		exception(wire.BusinessHoursOverrideTypeClosed, now.Add(10*time.Minute), now.Add(time.Hour))
		refused(s.Basket(), fault.Conflict, "before an order could be ready", "it opens at")
	})
}
