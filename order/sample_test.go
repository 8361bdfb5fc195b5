package order_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

func samples(s *apptest.Shop, in order.SampleOrders) ([]order.SampleOrder, error) {
	return samplesOf(s, "", in)
}

// samplesOf places samples under a key, by which chance is the same in every run.
func samplesOf(s *apptest.Shop, key string, in order.SampleOrders) ([]order.SampleOrder, error) {
	caller := *s.Owner
	caller.Idempotent = key
	return s.Orders.PlaceSamples(ctx, &caller, s.Brand.AppID, in)
}

// Every sample passed the real placing path, so that what is left to see is that it draws from all of the menu, and that
// nobody could take a sample for a person.
func TestSampleOrdersAreDrawnFromAllThatTheMenuHas(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		head, seen := s.Head(t), map[string]bool{}
		for _, key := range []string{"one", "two", "three"} {
			placed, err := samplesOf(s, key, order.SampleOrders{Count: wire.P(order.MaxSamples)})
			if err != nil || len(placed) != order.MaxSamples {
				t.Fatal(len(placed), err)
			}
			for _, p := range placed {
				o := stored(t, s, p.OrderId)
				if p.Amount != o.Amount || o.OrderState != wire.OrderStateReadyToProcess {
					t.Errorf("%+v is %s %s", p, o.Amount, o.OrderState)
				}
				if _, err := s.Orders.Track(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken); err != nil {
					t.Error(err)
				}
				if c := o.Customer; !strings.HasSuffix(c.EmailAddress, ".sample@example.com") || !strings.HasSuffix(c.Name, " Sample") || !strings.HasPrefix(c.PhoneNumber, "+353209100") {
					t.Errorf("%+v", c)
				}
				if l := o.DeliveryLocation; (o.DeliveryType == wire.DeliveryTypeDelivery) != (l != nil && l.Street != "" && l.Town != "") {
					t.Errorf("%s to %+v", o.DeliveryType, l)
				}
				seen[string(o.DeliveryType)], seen[o.Customer.Name] = true, true
				for _, it := range o.OrderItems {
					seen[it.Name] = true
					for _, c := range it.OrderItemOptions {
						seen[c.Name] = true
					}
				}
			}
		}
		for _, name := range []string{"Pickup", "Delivery", "Margherita", "Cola", "Lunch", "Olives", "Ham", "Anchovies", "Small", "Large", "Pasta", "Steak", "Rare", "Well done", "Water", "Ada Sample", "Leo Sample"} {
			if !seen[name] {
				t.Errorf("%s was never drawn", name)
			}
		}
		for _, name := range []string{"Soup", "Truffle", "Staff meal"} {
			if seen[name] {
				t.Errorf("%s was drawn, which cannot be had", name)
			}
		}
		if told := names(s.Events(t, head)); strings.Count(told, "order.created") != 3*order.MaxSamples || strings.Contains(told, "accepted") {
			t.Error(told)
		}
	})
}

func TestSampleOrdersAreWhatWasAskedFor(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		second := s.AddStore(t, "Capel Street")
		s.EditStore(t, func(w map[string]any) { w["MinimumPickupOrderAmount"] = 60 })
		zones(t, s, zone("3", "40", around))
		for _, of := range []struct {
			store int
			dt    wire.DeliveryType
		}{{s.Store, wire.DeliveryTypeDelivery}, {second, wire.DeliveryTypePickup}, {s.Store, wire.DeliveryTypePickup}} {
			placed, err := samples(s, order.SampleOrders{StoreId: &of.store, DeliveryType: &of.dt, Count: wire.P(5)})
			if err != nil || len(placed) != 5 {
				t.Fatal(placed, err)
			}
			for _, p := range placed {
				o := stored(t, s, p.OrderId)
				if o.DeliveryType == wire.DeliveryTypeDelivery && (o.DeliveryAmount != "3" || parse(t, o.OrderItemsAmount) < 4000) {
					t.Errorf("a delivery of %s, %s of it for the way", o.Amount, o.DeliveryAmount)
				}
				if o.Store.Id != of.store || o.DeliveryType != of.dt {
					t.Errorf("%d %s, want %v", o.Store.Id, o.DeliveryType, of)
				}
			}
		}
		stores := map[int]bool{}
		placed, err := samplesOf(s, "any", order.SampleOrders{Count: wire.P(order.MaxSamples)})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range placed {
			stores[stored(t, s, p.OrderId).Store.Id] = true
		}
		if len(stores) != 2 {
			t.Errorf("orders for the stores %v", stores)
		}
	})
}

func TestSampleOrdersUnderAKeyArePlacedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		caller := *s.Owner
		caller.Idempotent = "a key of mine"
		place := func(c *account.Caller, count int) []order.SampleOrder {
			placed, err := s.Orders.PlaceSamples(ctx, c, s.Brand.AppID, order.SampleOrders{Count: &count})
			if err != nil {
				t.Error(err)
			}
			return placed
		}
		var twins [8][]order.SampleOrder
		var wg sync.WaitGroup
		for i := range twins {
			wg.Go(func() { twins[i] = place(&caller, 3) })
		}
		wg.Wait()
		for _, twin := range twins {
			if fmt.Sprint(twin) != fmt.Sprint(twins[0]) {
				t.Errorf("%v and %v", twin, twins[0])
			}
		}
		if n := counts(t, s)[0]; n != 3 {
			t.Errorf("%d orders", n)
		}
		other := *s.Member(t, wire.AppAccessLevelIntegrator)
		other.Idempotent = caller.Idempotent
		if got := place(&other, 1); len(got) == 1 && got[0].OrderId == twins[0][0].OrderId {
			t.Error("somebody else's key was answered with these orders")
		}
	})
}

func TestSampleOrdersAreRefusedWithWhatMendsIt(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		refused := func(what string, in order.SampleOrders, kind fault.Kind, words ...string) {
			t.Helper()
			before := counts(t, s)
			placed, err := samples(s, in)
			want(t, err, kind, words...)
			if len(placed) > 0 || counts(t, s) != before {
				t.Errorf("%s: something was placed: %v", what, placed)
			}
		}
		one := order.SampleOrders{}
		delivery := order.SampleOrders{DeliveryType: wire.P(wire.DeliveryTypeDelivery)}
		edit := func(pairs ...any) {
			s.EditStore(t, func(w map[string]any) {
				for i := 0; i < len(pairs); i += 2 {
					w[pairs[i].(string)] = pairs[i+1]
				}
			})
		}
		refused("count", order.SampleOrders{Count: wire.P(21)}, fault.Invalid, "Count", "from 1 to 20")
		refused("count", order.SampleOrders{Count: wire.P(0)}, fault.Invalid, "Count")
		refused("type", order.SampleOrders{DeliveryType: wire.P(wire.DeliveryType("Drone"))}, fault.Invalid, "DeliveryType")
		refused("store", order.SampleOrders{StoreId: wire.P(424242)}, fault.NotFound, "StoreId")
		edit("DeliveryEnabled", false)
		refused("no delivery", delivery, fault.Conflict, "takes no orders for Delivery", "DeliveryEnabled")
		edit("DeliveryEnabled", true)
		zones(t, s)
		refused("no zone", delivery, fault.Conflict, "no delivery zone", "/deliveryzones")
		zones(t, s, zone("2", "40", around))
		edit("CashOrdersDeliveryEnabled", false)
		refused("no cash", delivery, fault.Conflict, "no cash", "CashOrdersDeliveryEnabled")
		edit("CashOrdersDeliveryEnabled", true, "OpenForDelivery", false, "OpenForPickup", false)
		refused("paused", one, fault.Conflict, "Dame Street is paused", "OpenForPickup")
		edit("OpenForDelivery", true, "OpenForPickup", true)
		for _, it := range []wire.UUID{apptest.Margherita, apptest.Cola, apptest.Lunch} {
			s.EditItem(t, it, wire.MenuSectionItemBase{IsAvailable: wire.P(false)})
		}
		refused("sold out", one, fault.Conflict, "Nothing on the menu of Dame Street", "available")
		s.EditItem(t, apptest.Cola, wire.MenuSectionItemBase{IsAvailable: wire.P(true)})
		hours := func(from, to int) {
			edit := func(dt string) (out []any) {
				for _, d := range wire.DayOfWeek("").Values() {
					day := map[string]any{"DayOfWeek": d}
					if from < to {
						day["StartTime"], day["Period"] = fmt.Sprintf("%02d:00:00", from), fmt.Sprintf("%02d:00:00", to-from)
					}
					out = append(out, day)
				}
				return out
			}
			s.EditStore(t, func(w map[string]any) {
				w["PickupHours"], w["DeliveryHours"] = edit("Pickup"), edit("Delivery")
			})
		}
		hours(0, 0)
		refused("no hours", one, fault.Conflict, "has no opening hours for Pickup", "/availability/Pickup")
		now := s.Brand.Now().In(apptest.Must(s.Stores.Load(ctx, s.Store))(t).Location()).Hour()
		if now < 12 {
			hours(now+2, now+3)
		} else {
			hours(now-3, now-2)
		}
		refused("closed", one, fault.Conflict, "Dame Street is closed now; it opens at 20", "sandbox clock")
		hours(0, 24)
		if err := s.Stores.Unpublish(ctx, s.Owner, s.Store); err != nil {
			t.Fatal(err)
		}
		refused("unpublished", one, fault.Conflict, "is not published", fmt.Sprintf("POST /api/v1.0/stores/%d/publish", s.Store))
		edit("IsPublished", true, "MenuId", 0)
		refused("no menu", one, fault.Conflict, "has no menu")

		_, err := s.Orders.PlaceSamples(ctx, s.Member(t, wire.AppAccessLevelStoreManager, s.Store), s.Brand.AppID, one)
		want(t, err, fault.Forbidden, "developer tools")
		_, err = s.Orders.PlaceSamples(ctx, s.Another(t).Owner, s.Brand.AppID, one)
		want(t, err, fault.Forbidden)
	})
}

// While an item comes and goes on another node, samples are placed all the same, and none has it while it is not there.
func TestSampleOrdersWhileTheMenuMoves(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		node, done := s.Node(), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for available := false; ; available = !available {
				select {
				case <-done:
					return
				default:
					node.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{IsAvailable: &available})
				}
			}
		})
		placed, err := samples(s, order.SampleOrders{Count: wire.P(order.MaxSamples)})
		close(done)
		wg.Wait()
		if f := (*fault.Error)(nil); err != nil && (!errors.As(err, &f) || f.Kind != fault.Conflict) {
			t.Fatal(err)
		}
		if n := counts(t, s)[0]; n != len(placed) {
			t.Errorf("%d orders, %d told", n, len(placed))
		}
	})
}

// What was placed before the shop closed is told with the refusal.
func TestSomeSampleOrdersAreTold(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		open := func(open bool) {
			s.EditStore(t, func(w map[string]any) { w["OpenForDelivery"], w["OpenForPickup"] = open, open })
		}
		for range 50 { // until the store is closed between two orders
			before := counts(t, s)[0]
			var placed []order.SampleOrder
			var err error
			var wg sync.WaitGroup
			wg.Go(func() { placed, err = samples(s, order.SampleOrders{Count: wire.P(order.MaxSamples)}) })
			for counts(t, s)[0] == before {
				time.Sleep(time.Millisecond)
			}
			open(false)
			wg.Wait()
			open(true)
			if n := counts(t, s)[0] - before; n != len(placed) {
				t.Fatalf("%d orders, %d told", n, len(placed))
			}
			if len(placed) == order.MaxSamples {
				continue
			}
			want(t, err, fault.Conflict, fmt.Sprintf("%d of %d orders were placed.", len(placed), order.MaxSamples), "paused")
			f := (*fault.Error)(nil)
			if errors.As(err, &f) && fmt.Sprint(f.Data) != fmt.Sprint(placed) {
				t.Errorf("%v, not %v", f.Data, placed)
			}
			return
		}
		t.Error("the store never closed between two orders")
	})
}

// The phone numbers of samples are possible in each country that has its own, and in all others.
func TestSamplePhonesAreNumbers(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for country, prefix := range map[string]string{"CA": "+1613555", "DE": "+493023125", "FR": "+33639980", "GB": "+447700900", "IE": "+353209100", "US": "+1202555", "JP": "+447700900"} {
			s.EditStore(t, func(w map[string]any) { w["Address"].(map[string]any)["CountryCode"] = country })
			placed, err := samples(s, order.SampleOrders{})
			if err != nil {
				t.Fatal(country, err)
			}
			if got := stored(t, s, placed[0].OrderId).Customer.PhoneNumber; !strings.HasPrefix(got, prefix) || len(got) < 12 {
				t.Errorf("%s: %s", country, got)
			}
		}
	})
}

// A sandbox only: in a live brand somebody would cook it.
func TestALiveBrandTakesNoSampleOrders(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update brands set sandbox = $2, version = version + 1 where id = $1`, s.Brand.ID, false)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		node := s.Node()
		_, err = node.Orders.PlaceSamples(ctx, s.Owner, s.Brand.AppID, order.SampleOrders{})
		want(t, err, fault.Forbidden, "live", "sandbox")
		if n := counts(t, s)[0]; n != 0 {
			t.Errorf("%d orders", n)
		}
	})
}
