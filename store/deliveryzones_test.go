package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

func zone(fee, least, text string) wire.DeliveryZoneBase {
	return wire.DeliveryZoneBase{DeliveryFee: wire.P(wire.Decimal(fee)), MinimumDeliveryOrderAmount: wire.P(wire.Decimal(least)), WellKnownText: &text}
}

const (
	town   = "POLYGON((-6.4 53.3, -6.1 53.3, -6.1 53.4, -6.4 53.4, -6.4 53.3))"
	centre = "CIRCLE (-6.26 53.34 1000)"
)

func TestADeliveryZoneFromDrawingToDeletion(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		st := s.store(t, s.owner, s.group(t, s.owner, s.brand, "").StoreGroupId, "Dame Street")
		if _, err := s.stores.Update(ctx, s.owner, st.ID, wire.StoreBase{DeliveryEnabled: wire.P(true)}); err != nil {
			t.Fatal(err)
		}
		delivers := func() bool {
			st, err := s.stores.Load(ctx, st.ID)
			if err != nil {
				t.Fatal(err)
			}
			return st.Offers(wire.DeliveryTypeDelivery)
		}
		if delivers() {
			t.Error("a store without a zone delivers")
		}
		z, err := s.stores.AddDeliveryZone(ctx, s.owner, st.ID, wire.DeliveryZoneBase{WellKnownText: wire.P(" " + town + "\n")})
		if err != nil || z.DeliveryFee != "0" || z.MinimumDeliveryOrderAmount != "0" || !z.IsEnabled || z.WellKnownText != town || z.FeeChargedToStore != nil {
			t.Fatalf("%+v %v", z, err)
		}
		if !delivers() {
			t.Error("with a zone it does not deliver")
		}
		same, err := s.stores.UpdateDeliveryZone(ctx, s.owner, st.ID, z.Id, zone("0.00", "0", town))
		if err != nil || *same != *z {
			t.Fatalf("%+v %v", same, err)
		}
		dear, err := s.stores.UpdateDeliveryZone(ctx, s.owner, st.ID, z.Id, zone("2.50", "15.00", centre))
		if err != nil || dear.DeliveryFee != "2.5" || dear.MinimumDeliveryOrderAmount != "15" || dear.WellKnownText != centre {
			t.Fatalf("%+v %v", dear, err)
		}
		if _, err := s.stores.UpdateDeliveryZone(ctx, s.owner, st.ID, z.Id, wire.DeliveryZoneBase{IsEnabled: wire.P(false)}); err != nil {
			t.Fatal(err)
		}
		if delivers() {
			t.Error("a store whose only zone is off delivers")
		}
		zones, err := s.stores.DeliveryZones(ctx, s.owner, st.ID)
		if err != nil || len(zones) != 1 || zones[0].IsEnabled || zones[0].DeliveryFee != "2.5" {
			t.Fatalf("%+v %v", zones, err)
		}
		if err := s.stores.RemoveDeliveryZone(ctx, s.owner, st.ID, z.Id); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.stores.RemoveDeliveryZone(ctx, s.owner, st.ID, z.Id), fault.NotFound, "no delivery zone")

		names, bodies := s.events(t, s.brand.ID)
		var told []string
		for i, name := range names {
			if strings.HasPrefix(name, "store.delivery_zone.") {
				told = append(told, fmt.Sprint(name, ": ", bodies[i]["Description"]))
				if got := bodies[i]["DeliveryZone"].(map[string]any)["Id"]; got != float64(z.Id) || bodies[i]["StoreId"] != float64(st.ID) || bodies[i]["StoreGroupId"] != float64(st.Group) {
					t.Errorf("%v", bodies[i])
				}
			}
		}
		id := z.Id
		want := fmt.Sprintf(`store.delivery_zone.created: Ada added the delivery zone %d to the store Dame Street: fee 0 EUR, from 0 EUR on.
store.delivery_zone.updated: Ada changed the delivery zone %d of the store Dame Street: fee 2.5 EUR, from 15 EUR on.
store.delivery_zone.updated: Ada changed the delivery zone %d of the store Dame Street: fee 2.5 EUR, from 15 EUR on, switched off.
store.delivery_zone.deleted: Ada deleted the delivery zone %d of the store Dame Street.`, id, id, id, id)
		if got := strings.Join(told, "\n"); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	})
}

func TestWrongZonesAreNamedAndNotStored(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		st := s.store(t, s.owner, s.group(t, s.owner, s.brand, "").StoreGroupId, "Dame Street")
		add := func(in wire.DeliveryZoneBase) error {
			_, err := s.stores.AddDeliveryZone(ctx, s.owner, st.ID, in)
			return err
		}
		wantFault(t, add(zone("-0.01", "1", town)), fault.Invalid, "DeliveryFee: -0.01 is negative")
		wantFault(t, add(zone("1", "-1", town)), fault.Invalid, "MinimumDeliveryOrderAmount")
		wantFault(t, add(zone("1.005", "1", town)), fault.Invalid, "DeliveryFee")
		wantFault(t, add(zone("1", "1e999999999", town)), fault.Invalid, "MinimumDeliveryOrderAmount")
		wantFault(t, add(zone("NaN", "1", town)), fault.Invalid, "DeliveryFee")
		wantFault(t, add(zone("99999999999999999999", "1", town)), fault.Invalid, "DeliveryFee")
		wantFault(t, add(zone("1", "1", "POLYGON((0 0,4 4,4 0,0 4,0 0))")), fault.Invalid, "WellKnownText: ring 1 crosses")
		wantFault(t, add(wire.DeliveryZoneBase{}), fault.Invalid, "WellKnownText")
		_, stranger := s.found(t, "Other")
		_, err := s.stores.AddDeliveryZone(ctx, stranger, st.ID, zone("1", "1", town))
		wantFault(t, err, fault.NotFound, "no store")
		_, err = s.stores.DeliveryZones(ctx, stranger, st.ID)
		wantFault(t, err, fault.NotFound, "no store")

		long := "POLYGON((" + strings.Repeat("1 1,2 1,", 4000) + "1 1))" // not read at all, if the limit holds
		wantFault(t, add(zone("1", "1", long)), fault.Invalid, "corners")
		padded := strings.Replace(town, ",", ","+strings.Repeat(" ", 60_000), 1)
		for range 2 {
			if err := add(zone("1", "1", padded)); err != nil {
				t.Fatal(err)
			}
		}
		wantFault(t, add(zone("1", "1", padded)), fault.Invalid, "WellKnownText: with it the zones of the store")
		zones, err := s.stores.DeliveryZones(ctx, s.owner, st.ID)
		if err != nil || len(zones) != 2 {
			t.Fatalf("%d zones, %v", len(zones), err)
		}
	})
}

func TestAStoreHasAHundredZonesAtMost(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		st := s.store(t, s.owner, s.group(t, s.owner, s.brand, "").StoreGroupId, "Dame Street")
		var wg sync.WaitGroup
		var mu sync.Mutex
		made, full := map[int]bool{}, 0
		for range 4 {
			wg.Go(func() {
				for range 26 {
					z, err := s.stores.AddDeliveryZone(ctx, s.owner, st.ID, zone("1", "1", centre))
					mu.Lock()
					switch {
					case err == nil:
						made[z.Id] = true
					case fault.KindOf(err) == fault.Conflict:
						full++
					default:
						t.Error(err)
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(made) != 100 || full != 4 {
			t.Errorf("%d were made, %d refused", len(made), full)
		}
	})
}

func TestTheCheapestZoneWhoseMinimumIsReachedCounts(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		st := s.store(t, s.owner, s.group(t, s.owner, s.brand, "").StoreGroupId, "Dame Street")
		ids := map[string]int{}
		for _, z := range []struct{ name, fee, least, text string }{
			{"dear", "4", "0", town},
			{"cheap", "2", "20", town},
			{"free", "0", "30", centre},
			{"off", "0", "0", town},
		} {
			made, err := s.stores.AddDeliveryZone(ctx, s.owner, st.ID, zone(z.fee, z.least, z.text))
			if err != nil {
				t.Fatal(err)
			}
			ids[z.name] = made.Id
		}
		if _, err := s.stores.UpdateDeliveryZone(ctx, s.owner, st.ID, ids["off"], wire.DeliveryZoneBase{IsEnabled: wire.P(false)}); err != nil {
			t.Fatal(err)
		}
		of := func(at wire.Coordinates, items money.Amount) int {
			st, err := s.stores.Load(ctx, st.ID)
			if err != nil {
				t.Fatal(err)
			}
			if z := st.ZoneOf(at, items); z != nil {
				return z.ID
			}
			return 0
		}
		near, far, away := wire.Coordinates{Longitude: -6.26, Latitude: 53.34}, wire.Coordinates{Longitude: -6.4, Latitude: 53.3}, wire.Coordinates{Longitude: -6.41, Latitude: 53.3}
		for _, c := range []struct {
			at    wire.Coordinates
			items money.Amount
			want  string
		}{
			{near, 3000, "free"},
			{near, 2999, "cheap"},
			{near, 1999, "dear"},
			{near, 0, "dear"},
			{far, 9999, "cheap"},
			{far, 2000, "cheap"},
			{far, 1999, "dear"},
			{away, 9999, ""},
		} {
			if got := of(c.at, c.items); got != ids[c.want] {
				t.Errorf("%v with %d: zone %d of %v, want %s", c.at, c.items, got, ids, c.want)
			}
		}
		if err := s.stores.RemoveDeliveryZone(ctx, s.owner, st.ID, ids["dear"]); err != nil {
			t.Fatal(err)
		}
		if got := of(near, 500); got != ids["cheap"] {
			t.Errorf("below all minimums: zone %d of %v, want the one of the lowest", got, ids)
		}
	})
}

func TestAClonedStoreHasZonesOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		st := s.store(t, s.owner, s.group(t, s.owner, s.brand, "").StoreGroupId, "Dame Street")
		z, err := s.stores.AddDeliveryZone(ctx, s.owner, st.ID, zone("2", "10", town))
		if err != nil {
			t.Fatal(err)
		}
		twin, err := s.stores.Clone(ctx, s.owner, st.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		copied := twin.Wire().DeliveryZones
		if len(copied) != 1 || copied[0].Id == z.Id || copied[0].WellKnownText != town || copied[0].DeliveryFee != "2" {
			t.Fatalf("%+v", copied)
		}
		if err := s.stores.RemoveDeliveryZone(ctx, s.owner, twin.ID, copied[0].Id); err != nil {
			t.Fatal(err)
		}
		if left, err := s.stores.DeliveryZones(ctx, s.owner, st.ID); err != nil || len(left) != 1 || left[0] != *z {
			t.Errorf("%+v %v", left, err)
		}
	})
}
