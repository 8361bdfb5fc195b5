package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// shop is an installation with one brand.
type shop struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	stores   *store.Stores
	brand    account.Brand
	owner    *account.Caller
}

func each(t *testing.T, fn func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, open(t, d)) })
}

func open(t *testing.T, d *db.DB) *shop {
	t.Helper()
	log := event.NewLog(d)
	s := &shop{db: d, log: log, accounts: account.New(d, log, account.Config{SignUp: account.SignUpOpen, Hashing: account.Hashing{Memory: 8, Passes: 1, Lanes: 1}})}
	s.stores = store.New(d, log, s.accounts)
	s.brand, s.owner = s.found(t, "Bella Napoli")
	return s
}

// found makes a brand and its owner.
func (s *shop) found(t *testing.T, name string) (account.Brand, *account.Caller) {
	t.Helper()
	ctx := context.Background()
	id, err := s.accounts.SignUp(ctx, &account.Caller{Kind: account.System}, account.NewAccount{
		Email: strings.ReplaceAll(name, " ", ".") + "@example.com", Password: "correct horse",
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.accounts.CreateBrand(ctx, &account.Caller{Kind: account.System}, account.NewBrand{Name: name, Owner: id})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.accounts.PersonCaller(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	c.Name, c.IP = "Ada", "192.0.2.7"
	return b, c
}

func (s *shop) group(t *testing.T, c *account.Caller, brand account.Brand, currency wire.Currency) *wire.StoreGroup {
	t.Helper()
	g, err := s.stores.CreateGroup(context.Background(), c, brand.AppID, wire.StoreGroupBase{Name: wire.P("Ireland"), Currency: &currency})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (s *shop) store(t *testing.T, c *account.Caller, group int, name string) *store.Store {
	t.Helper()
	st, err := s.stores.Create(context.Background(), c, store.NewStore{Group: group, StoreCreateBase: wire.StoreCreateBase{Name: &name}})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// events are the brand's events after its creation, as their names and bodies.
func (s *shop) events(t *testing.T, brand int) (names []string, bodies []map[string]any) {
	t.Helper()
	err := s.db.Read(context.Background(), func(tx *db.Tx) error {
		all, err := event.Read(tx, brand, 1, 1000)
		for _, e := range all {
			names = append(names, e.Name)
			var body map[string]any
			if err := json.Unmarshal(e.Body, &body); err != nil {
				return err
			}
			bodies = append(bodies, body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, bodies
}

func wantFault(t *testing.T, err error, kind fault.Kind, text string) {
	t.Helper()
	if fault.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), text) {
		t.Fatalf("got %v, want a fault of kind %d about %q", err, kind, text)
	}
}

func TestAStoreFromCreationToPublication(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		g := s.group(t, s.owner, s.brand, "")
		if g.Currency != "EUR" || g.BrandIds[0] != s.brand.AppID {
			t.Fatalf("%+v", g)
		}
		st := s.store(t, s.owner, g.StoreGroupId, " Temple   Bar ")
		if st.Name != "Temple Bar" || st.Currency != "EUR" || st.Published || st.Wire().IanaTimeZone != "Europe/Dublin" || st.Wire().MicrosoftTimeZone != "GMT Standard Time" {
			t.Fatalf("%+v", st.Wire())
		}
		if st.OpenAt(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), wire.DeliveryTypePickup) {
			t.Fatal("a store without hours is open")
		}
		a, err := s.stores.UpdateAddress(ctx, s.owner, st.ID, wire.StoreAddressBase{Line1: wire.P("12 Main Street"), City: wire.P("Dublin"), Postcode: wire.P("D02 XY00")})
		if err != nil || a.SingleLineDisplay != "12 Main Street, Dublin D02 XY00" || !slices.Equal(a.TwoLinesDisplay, []string{"12 Main Street", "Dublin D02 XY00"}) {
			t.Fatalf("%+v %v", a, err)
		}
		if _, err := s.stores.UpdateCoordinates(ctx, s.owner, st.ID, wire.Coordinates{Latitude: 53.35, Longitude: -6.26}); err != nil {
			t.Fatal(err)
		}
		days, err := s.stores.SetHours(ctx, s.owner, st.ID, wire.DeliveryTypePickup, wire.BusinessHoursPeriodBase{
			DayOfWeek: wire.P(wire.DayOfWeekMonday), StartTime: wire.P("18:00"), Period: wire.P("08:00"), StartTimeEarly: wire.P("12:00:00"), PeriodEarly: wire.P("02:30:00"),
		})
		if err != nil || len(days) != 1 || len(days[0].Ranges) != 2 {
			t.Fatalf("%+v %v", days, err)
		}
		for range 2 { // the second changes nothing
			if err := s.stores.Publish(ctx, s.owner, st.ID); err != nil {
				t.Fatal(err)
			}
			if err := s.stores.AssignMenu(ctx, s.owner, st.ID, 4711, "Carta", func(*db.Tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.stores.Unpublish(ctx, s.owner, st.ID); err != nil {
			t.Fatal(err)
		}

		st, err = s.stores.Load(ctx, st.ID)
		if err != nil {
			t.Fatal(err)
		}
		monday := time.Date(2026, 6, 1, 0, 0, 0, 0, st.Location())
		for at, want := range map[time.Time]bool{
			monday.Add(11*time.Hour + 59*time.Minute): false, monday.Add(12 * time.Hour): true, monday.Add(14*time.Hour + 30*time.Minute): false,
			monday.Add(26*time.Hour - time.Second): true, monday.Add(26 * time.Hour): false,
		} {
			if st.OpenAt(at, wire.DeliveryTypePickup) != want {
				t.Errorf("open at %s is not %v", at, want)
			}
		}
		if next, ok := st.NextOpening(monday.Add(15*time.Hour), wire.DeliveryTypePickup); !ok || !next.Equal(monday.Add(18*time.Hour)) {
			t.Errorf("%s %v", next, ok)
		}
		if shut, ok := st.Closing(monday.Add(20*time.Hour), wire.DeliveryTypePickup); !ok || !shut.Equal(monday.Add(26*time.Hour)) {
			t.Errorf("%s %v", shut, ok)
		}
		if _, ok := st.NextOpening(monday, wire.DeliveryTypeDelivery); ok {
			t.Error("pickup hours opened the store for delivery")
		}
		sum := st.Summary()
		if sum.Id != st.ID || sum.MenuId != 4711 || sum.PrettyAddress != "12 Main Street, Dublin D02 XY00" || sum.CountryCode != "IE" ||
			sum.StoreIanaTimezone != "Europe/Dublin" || sum.StoreGroupId != g.StoreGroupId || sum.Coordinates.Latitude != 53.35 || sum.Metadata == nil {
			t.Errorf("%+v", sum)
		}

		names, bodies := s.events(t, s.brand.ID)
		want := []string{
			"store_group.created", "store.created", "store.address.updated", "store.address.updated", "store.opening_hours.updated",
			"store.published", "store.menu.assigned", "store.unpublished",
		}
		if !slices.Equal(names, want) {
			t.Fatalf("%v", names)
		}
		for i, b := range bodies {
			user, _ := b["User"].(map[string]any)
			if b["IpAddress"] != "192.0.2.7" || user["UserName"] != "Ada" || b["AppId"] != s.brand.AppID || !strings.HasPrefix(fmt.Sprint(b["Description"]), "Ada ") {
				t.Errorf("%s: %v", names[i], b)
			}
			if i > 0 && b["StoreId"] != float64(st.ID) {
				t.Errorf("%s: StoreId %v", names[i], b["StoreId"])
			}
		}
		hours := bodies[4]
		if hours["Description"] != "Ada changed the pickup hours of the store Temple Bar on Monday from closed to 12:00–14:30 and 18:00–02:00." ||
			hours["DeliveryTypeString"] != "Pickup" || hours["StoreGroupId"] != float64(g.StoreGroupId) ||
			hours["BusinessHoursPeriodOld"].(map[string]any)["StartTime"] != nil ||
			hours["BusinessHoursPeriod"].(map[string]any)["Late"].(map[string]any)["StartTime"] != "18:00:00" {
			t.Errorf("%v", hours)
		}
		if bodies[2]["StoreAddress"].(map[string]any)["City"] != "Dublin" || bodies[5]["Store"].(map[string]any)["IsPublished"] != true ||
			bodies[7]["Store"].(map[string]any)["IsPublished"] != false || bodies[6]["MenuId"] != float64(4711) {
			t.Errorf("%v", bodies)
		}
	})
}

func TestWrongInputIsNamedAndNothingStored(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		g := s.group(t, s.owner, s.brand, "EUR")
		st := s.store(t, s.owner, g.StoreGroupId, "Temple Bar")
		before, _ := s.events(t, s.brand.ID)
		for _, c := range []struct {
			name string
			do   func() error
			kind fault.Kind
			text string
		}{
			{"group without name", func() error {
				_, err := s.stores.CreateGroup(ctx, s.owner, s.brand.AppID, wire.StoreGroupBase{Name: wire.P("  ")})
				return err
			}, fault.Invalid, "Name: "},
			{"group with a currency of nowhere", func() error {
				_, err := s.stores.CreateGroup(ctx, s.owner, s.brand.AppID, wire.StoreGroupBase{Name: wire.P("x"), Currency: wire.P(wire.Currency("XXX"))})
				return err
			}, fault.Invalid, "Currency: "},
			{"store in no group", func() error {
				_, err := s.stores.Create(ctx, s.owner, store.NewStore{Group: 99, StoreCreateBase: wire.StoreCreateBase{Name: wire.P("x")}})
				return err
			}, fault.NotFound, "store group 99"},
			{"store with a bad address for mail", func() error {
				_, err := s.stores.Create(ctx, s.owner, store.NewStore{Group: g.StoreGroupId, StoreCreateBase: wire.StoreCreateBase{Name: wire.P("x"), EmailAddress: wire.P("nobody")}})
				return err
			}, fault.Invalid, "EmailAddress: "},
			{"store in a zone of nowhere", func() error {
				_, err := s.stores.Create(ctx, s.owner, store.NewStore{Group: g.StoreGroupId, Zone: "Europe/Atlantis", StoreCreateBase: wire.StoreCreateBase{Name: wire.P("x")}})
				return err
			}, fault.Invalid, "Zone: "},
			{"country of three letters", func() error {
				_, err := s.stores.UpdateAddress(ctx, s.owner, st.ID, wire.StoreAddressBase{CountryCode: wire.P("IRL")})
				return err
			}, fault.Invalid, "CountryCode: "},
			{"country that nobody knows", func() error {
				_, err := s.stores.UpdateAddress(ctx, s.owner, st.ID, wire.StoreAddressBase{CountryCode: wire.P("ZZ")})
				return err
			}, fault.Invalid, "CountryCode: \"ZZ\" is not a supported country; GET /api/v1.0/apps/supportedcountries"},
			{"a field that is no text", func() error {
				_, err := s.stores.UpdateAddress(ctx, s.owner, st.ID, wire.StoreAddressBase{AddressFields: map[string]any{"floor": 3}})
				return err
			}, fault.Invalid, "AddressFields.floor: "},
			{"latitude beyond the pole", func() error {
				_, err := s.stores.UpdateCoordinates(ctx, s.owner, st.ID, wire.Coordinates{Latitude: 90.1})
				return err
			}, fault.Invalid, "Latitude: "},
			{"hours of no day", func() error {
				_, err := s.stores.SetHours(ctx, s.owner, st.ID, wire.DeliveryTypePickup, wire.BusinessHoursPeriodBase{StartTime: wire.P("09:00"), Period: wire.P("01:00")})
				return err
			}, fault.Invalid, "DayOfWeek: "},
			{"hours that overlap", func() error {
				_, err := s.stores.SetHours(ctx, s.owner, st.ID, wire.DeliveryTypePickup, wire.BusinessHoursPeriodBase{
					DayOfWeek: wire.P(wire.DayOfWeekMonday), StartTime: wire.P("13:00"), Period: wire.P("01:00"), StartTimeEarly: wire.P("09:00"), PeriodEarly: wire.P("04:01"),
				})
				return err
			}, fault.Invalid, "PeriodEarly: "},
			{"hours longer than a day", func() error {
				_, err := s.stores.SetHours(ctx, s.owner, st.ID, wire.DeliveryTypePickup, wire.BusinessHoursPeriodBase{
					DayOfWeek: wire.P(wire.DayOfWeekMonday), StartTime: wire.P("13:00"), Period: wire.P("1.00:00:01"),
				})
				return err
			}, fault.Invalid, "Period: "},
		} {
			t.Run(c.name, func(t *testing.T) { wantFault(t, c.do(), c.kind, c.text) })
		}
		if after, _ := s.events(t, s.brand.ID); len(after) != len(before) {
			t.Fatalf("a refusal left %v behind", after[len(before):])
		}
	})
}

func TestStoresOfOthersAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		g := s.group(t, s.owner, s.brand, "EUR")
		st := s.store(t, s.owner, g.StoreGroupId, "Temple Bar")
		second := s.store(t, s.owner, g.StoreGroupId, "Phibsborough")
		_, stranger := s.found(t, "Other")
		_, there := s.stores.Get(ctx, stranger, st.ID)
		_, missing := s.stores.Get(ctx, stranger, 99)
		wantFault(t, there, fault.NotFound, "")
		wantFault(t, missing, fault.NotFound, "")
		if strings.ReplaceAll(there.Error(), fmt.Sprint(st.ID), "99") != missing.Error() {
			t.Fatalf("a store of others gives itself away: %v, %v", there, missing)
		}
		if _, err := s.stores.Group(ctx, stranger, g.StoreGroupId); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		if err := s.stores.Publish(ctx, stranger, st.ID); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		if _, err := s.stores.ByApp(ctx, stranger, s.brand.AppID, store.Filter{}); fault.KindOf(err) != fault.Forbidden {
			t.Fatal(err)
		}

		one := &account.Caller{Kind: account.Person, Grants: []account.Grant{{Brand: s.brand.ID, AppID: s.brand.AppID, Level: wire.AppAccessLevelStoreManager, Stores: []int{second.ID}}}}
		all, err := s.stores.All(ctx, one, store.Filter{})
		if err != nil || len(all) != 1 || all[0].ID != second.ID {
			t.Fatalf("%v %v", all, err)
		}
		wantFault(t, s.stores.Publish(ctx, one, st.ID), fault.NotFound, "")
		if err := s.stores.Publish(ctx, one, second.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.stores.CreateGroup(ctx, one, s.brand.AppID, wire.StoreGroupBase{Name: wire.P("x")})
		wantFault(t, err, fault.Forbidden, "some stores")
		_, err = s.stores.Create(ctx, one, store.NewStore{Group: g.StoreGroupId, StoreCreateBase: wire.StoreCreateBase{Name: wire.P("x")}})
		wantFault(t, err, fault.Forbidden, "some stores")
		staff := &account.Caller{Kind: account.Person, Grants: []account.Grant{{Brand: s.brand.ID, AppID: s.brand.AppID, Level: wire.AppAccessLevelStoreStaff}}}
		wantFault(t, s.stores.Publish(ctx, staff, st.ID), fault.Forbidden, "StoreStaff")
	})
}

func TestListsFilterAndGroupsExtend(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		ie, us := s.group(t, s.owner, s.brand, "EUR"), s.group(t, s.owner, s.brand, "USD")
		bar := s.store(t, s.owner, ie.StoreGroupId, "Temple Bar")
		twin := s.store(t, s.owner, ie.StoreGroupId, "TEMPLE bar")
		york := s.store(t, s.owner, us.StoreGroupId, "York Street")
		if err := s.stores.Publish(ctx, s.owner, york.ID); err != nil {
			t.Fatal(err)
		}
		for id, at := range map[int]wire.Coordinates{bar.ID: {Latitude: 53.345, Longitude: -6.265}, twin.ID: {Latitude: 53.35, Longitude: -6.27}} {
			if _, err := s.stores.UpdateCoordinates(ctx, s.owner, id, at); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			name string
			f    store.Filter
			want []int
		}{
			{"all", store.Filter{}, []int{bar.ID, twin.ID, york.ID}},
			{"by name", store.Filter{Search: " temple B"}, []int{bar.ID, twin.ID}},
			{"signs that SQL knows are signs", store.Filter{Search: "%"}, nil},
			{"by group", store.Filter{Group: us.StoreGroupId}, []int{york.ID}},
			{"published", store.Filter{OnlyPublished: true}, []int{york.ID}},
			{"by channel", store.Filter{SalesChannel: wire.SalesChannelTypeWeb}, []int{bar.ID, twin.ID, york.ID}},
			{"by another channel", store.Filter{SalesChannel: wire.SalesChannelTypeKiosk}, nil},
		} {
			var got []int
			all, err := s.stores.ByApp(ctx, s.owner, s.brand.AppID, c.f)
			for _, st := range all {
				got = append(got, st.ID)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %v %v", c.name, got, err)
			}
		}
		groups, err := s.stores.Groups(ctx, s.owner, s.brand.AppID, "ireLAND")
		if err != nil || len(groups) != 2 {
			t.Fatalf("%v %v", groups, err)
		}
		near, err := s.stores.GroupsExtended(ctx, s.owner, s.brand.AppID, "", 1)
		if err != nil || len(near) != 2 || near[0].TotalStores != 2 || len(near[0].StoreHeaders) != 2 || len(near[0].GroupedCoordinates) != 1 || near[0].GroupedCoordinates[0].Count != 2 || near[1].TotalStores != 1 {
			t.Fatalf("%+v %v", near[0], err)
		}
		exact, err := s.stores.GroupsExtended(ctx, s.owner, s.brand.AppID, "", 0)
		if err != nil || len(exact[0].GroupedCoordinates) != 2 || len(exact[1].GroupedCoordinates) != 0 {
			t.Fatalf("%+v %v", exact[0], err)
		}
	})
}

// Changes of different parts of one store from two nodes all survive.
func TestParallelChangesOfOneStoreAllSurvive(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		st := s.store(t, s.owner, s.group(t, s.owner, s.brand, "EUR").StoreGroupId, "Temple Bar")
		nodes := []*store.Stores{s.stores, store.New(s.db, s.log, s.accounts)}
		var wg sync.WaitGroup
		errs := make(chan error, 14)
		for n := range 14 {
			wg.Go(func() {
				dt, d := wire.DeliveryTypePickup, wire.DayOfWeek(wire.DayOfWeek("").Values()[n%7])
				if n >= 7 {
					dt = wire.DeliveryTypeDelivery
				}
				_, err := nodes[n%2].SetHours(ctx, s.owner, st.ID, dt, wire.BusinessHoursPeriodBase{DayOfWeek: &d, StartTime: wire.P("00:00"), Period: wire.P("24:00")})
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		for _, n := range nodes {
			st, err := n.Load(ctx, st.ID)
			if err != nil || st.Version != 15 {
				t.Fatalf("version %d, %v", st.Version, err)
			}
			for _, h := range append(st.Hours(wire.DeliveryTypePickup), st.Hours(wire.DeliveryTypeDelivery)...) {
				if wire.V(h.Period) != "1.00:00:00" {
					t.Errorf("a change of %s was lost", *h.DayOfWeek)
				}
			}
		}
		if names, _ := s.events(t, s.brand.ID); len(names) != 16 {
			t.Errorf("%d events", len(names))
		}
	})
}

func TestANewAddressMovesTheZoneUnlessItWasFixed(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		g := s.group(t, s.owner, s.brand, "EUR")
		free := s.store(t, s.owner, g.StoreGroupId, "Free")
		fixed, err := s.stores.Create(ctx, s.owner, store.NewStore{Group: g.StoreGroupId, Zone: "Asia/Bangkok", StoreCreateBase: wire.StoreCreateBase{Name: wire.P("Fixed")}})
		if err != nil || fixed.Wire().IanaTimeZone != "Asia/Bangkok" || fixed.Wire().MicrosoftTimeZone != "" {
			t.Fatalf("%+v %v", fixed, err)
		}
		for id, want := range map[int]string{free.ID: "America/Denver", fixed.ID: "Asia/Bangkok"} {
			if _, err := s.stores.UpdateAddress(ctx, s.owner, id, wire.StoreAddressBase{CountryCode: wire.P("us")}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.stores.UpdateCoordinates(ctx, s.owner, id, wire.Coordinates{Latitude: 40.8, Longitude: -111.9}); err != nil {
				t.Fatal(err)
			}
			st, err := s.stores.Load(ctx, id)
			if err != nil || st.Wire().IanaTimeZone != want || st.Location().String() != want {
				t.Fatalf("%s %v", st.Wire().IanaTimeZone, err)
			}
		}
	})
}

// A group that goes while stores come into it leaves no store without a group.
func TestNoStoreComesIntoAGroupThatGoes(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		for range 10 {
			g := s.group(t, s.owner, s.brand, "EUR").StoreGroupId
			var wg sync.WaitGroup
			var made, removed error
			wg.Go(func() {
				_, made = s.stores.Create(ctx, s.owner, store.NewStore{Group: g, StoreCreateBase: wire.StoreCreateBase{Name: wire.P("x")}})
			})
			wg.Go(func() { removed = s.stores.RemoveGroup(ctx, s.owner, g) })
			wg.Wait()
			if (made == nil) == (removed == nil) {
				t.Fatalf("made: %v, removed: %v", made, removed)
			}
			if made != nil {
				wantFault(t, made, fault.NotFound, "store group")
			} else {
				wantFault(t, removed, fault.Conflict, "has stores")
			}
		}
	})
}

// Stores go into a group together although somebody else changes them meanwhile.
func TestAssigningStoresSurvivesOtherChanges(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		from, to := s.group(t, s.owner, s.brand, "EUR").StoreGroupId, s.group(t, s.owner, s.brand, "EUR").StoreGroupId
		var ids []int
		for i := range 4 {
			ids = append(ids, s.store(t, s.owner, from, fmt.Sprint("Store ", i)).ID)
		}
		var wg sync.WaitGroup
		errs := make(chan error, 5)
		other := store.New(s.db, s.log, s.accounts)
		for _, id := range ids {
			wg.Go(func() { errs <- other.Publish(ctx, s.owner, id) })
		}
		wg.Go(func() { errs <- s.stores.AssignToGroup(ctx, s.owner, s.brand.AppID, to, ids) })
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.stores.ByApp(ctx, s.owner, s.brand.AppID, store.Filter{Group: to, OnlyPublished: true})
		if err != nil || len(all) != len(ids) {
			t.Fatalf("%v %v", all, err)
		}
	})
}

// Of many workflows that want one store at once, from two nodes, one gets it.
func TestAStoreHasOneWorkflow(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		st := s.store(t, s.owner, s.group(t, s.owner, s.brand, "EUR").StoreGroupId, "Temple Bar")
		nodes := []*store.Stores{s.stores, store.New(s.db, s.log, s.accounts)}
		var wg sync.WaitGroup
		errs := make(chan error, 32)
		for n := range 32 {
			wg.Go(func() {
				_, err := nodes[n%2].CreateWorkflow(ctx, s.owner, s.brand.AppID, store.Workflow{
					Name: wire.P("Kitchen to door"), StoreIds: []int{st.ID}, StoreSelectorType: wire.P(wire.StoreSelectorTypeSingle),
					States: []wire.FulfillmentStatusConfigurationItem{{StatusId: wire.P("Ready"), StatusName: wire.P("Ready")}},
				})
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		won := 0
		for err := range errs {
			if err == nil {
				won++
				continue
			}
			wantFault(t, err, fault.Conflict, "another workflow")
		}
		all, err := s.stores.Workflows(ctx, s.owner, s.brand.AppID)
		if won != 1 || err != nil || len(all) != 1 || all[0].Stores[0].StoreId != st.ID {
			t.Fatalf("%d won, %v, %v", won, all, err)
		}
	})
}
