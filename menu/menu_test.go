package menu_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/store"
	"comanda/wire"
)

func TestAMenuIsNumberedIndexedAndKept(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		m := s.create(t, pizzeria())
		if s.load(t, m.ID).Version != 1 {
			t.Fatal("version")
		}
		// What is read back by another node is what was made.
		other := menu.New(s.db, s.log, s.accounts, s.stores)
		again, err := other.Load(context.Background(), m.ID)
		if err != nil || string(again.JSON()) != string(m.JSON()) {
			t.Fatalf("%v\n%s\n%s", err, again.JSON(), m.JSON())
		}
		if fresh, _ := json.Marshal(again.Wire()); string(fresh) != string(m.JSON()) {
			t.Fatal("the document and its bytes differ")
		}
		m = again
		if !m.TaxIncluded || m.Name != "Carta" || m.Brand != s.brand.ID || m.Wire().AppId != s.brand.AppID || m.Wire().IsIntegrated {
			t.Fatalf("%+v", m.Wire())
		}
		sections := m.Sections()
		if len(sections) != 2 || sections[0].Name != "Pizza" || sections[1].Name != "Drinks" || sections[0].PublicId != "6f9619ff-8b86-d011-b42d-00c04fc964ff" {
			t.Fatalf("%+v", sections)
		}
		pizza, water := sections[0].Items[0], sections[1].Items[0]
		if m.Item(pizza.PublicId) != pizza || m.Option(pizza.PublicId) != nil || m.Item("nothing") != nil {
			t.Fatal("index by PublicId")
		}
		size, crust, extras := pizza.Sets[0], pizza.Sets[1], pizza.Sets[2]
		large, small, pan := size.Options[0], size.Options[1], crust.Options[1]
		if m.Option(pan.PublicId) != pan || pan.Set.Item != pizza {
			t.Fatal("index of options")
		}
		if pizza.Master != size || pizza.BasePrice() != "0" || water.BasePrice() != "2.5" || *water.DepositReturnFee != "0.15" {
			t.Fatalf("%+v %s %s", pizza.Master, pizza.BasePrice(), water.BasePrice())
		}
		// The cheapest way is the small one, which jumps over the crust that must be chosen otherwise.
		if pizza.ActualPrice != "8.5" || water.ActualPrice != "2.5" {
			t.Fatalf("%s %s", pizza.ActualPrice, water.ActualPrice)
		}
		if size.MinSelectCount != 1 || size.MaxSelectCount != 1 || extras.MinSelectCount != 0 || extras.MaxSelectCount != 3 {
			t.Fatalf("%+v", size)
		}
		if large.Next() != crust || small.Next() != nil || pan.Next() != extras || extras.Options[0].Next() != nil {
			t.Fatal("what comes next")
		}
		if pizza.Tax.Percent != "13.5" || water.Tax.Name != "Drink" || pan.Tax.Percent != "23" || large.Tax != pizza.Tax || pizza.TaxValue != "13.5" || large.TaxRateId != nil {
			t.Fatalf("%+v %+v %+v", pizza.Tax, pan.Tax, large.Tax)
		}
		ids := map[int]bool{}
		for _, sec := range sections {
			ids[sec.MenuSectionId] = true
			for _, it := range sec.Items {
				ids[it.MenuItemId] = true
				for _, set := range it.Sets {
					ids[set.MenuItemOptionSetId] = true
					for _, o := range set.Options {
						ids[o.MenuItemOptionSetItemId] = true
					}
				}
			}
		}
		if len(ids) != 2+2+3+5 || ids[0] {
			t.Fatalf("numeric ids are not unique: %v", ids)
		}
		name, body := s.lastEvent(t)
		if name != "menu.created" || body["Description"] != "Ada created the menu Carta with 2 sections and 2 items." || body["IpAddress"] != "192.0.2.7" ||
			body["Menu"].(map[string]any)["MenuId"] != float64(m.ID) {
			t.Fatalf("%s %v", name, body)
		}
		d := m.TaxDetails()
		if len(d.TaxRates) != 2 || d.ItemTaxes[fmt.Sprint(water.MenuItemId)] != *water.TaxRateId || len(d.SetItemTaxes) != 1 {
			t.Fatalf("%+v", d)
		}
	})
}

func TestEveryWrongFieldOfAMenuIsNamed(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		_, stranger := s.found(t, "Other")
		foreign := s.store(t, stranger, mustBrand(t, s, "other"), "EUR")
		one := func(edit func(*wire.CreateFullMenu)) wire.CreateFullMenu {
			m := pizzeria()
			edit(&m)
			return m
		}
		item := func(edit func(*wire.CreateFullMenuSectionItem)) wire.CreateFullMenu {
			return one(func(m *wire.CreateFullMenu) { edit(&m.MenuSections[1].MenuItems[0]) })
		}
		const pizza, size = "MenuSections[1].MenuItems[0]", "MenuSections[1].MenuItems[0].MenuItemOptionSets[0]"
		for _, c := range []struct {
			name string
			in   wire.CreateFullMenu
			want []string
		}{
			{"nothing", wire.CreateFullMenu{}, []string{"Name"}},
			{"no names", wire.CreateFullMenu{Name: wire.P("x"), MenuSections: []wire.CreateFullMenuSection{{MenuItems: []wire.CreateFullMenuSectionItem{{}}}}}, []string{"MenuSections[0].Name", "MenuSections[0].MenuItems[0].Name"}},
			{"name too long", one(func(m *wire.CreateFullMenu) { m.Name = wire.P(strings.Repeat("ä", 256)) }), []string{"Name"}},
			{"negative price", item(func(it *wire.CreateFullMenuSectionItem) { it.Price = dec("-1") }), []string{pizza + ".Price"}},
			{"fractions of a cent", item(func(it *wire.CreateFullMenuSectionItem) { it.Price = dec("9.999") }), []string{pizza + ".Price"}},
			{"too much", item(func(it *wire.CreateFullMenuSectionItem) { it.Price = dec("10000000") }), []string{pizza + ".Price"}},
			{"negative option price", item(func(it *wire.CreateFullMenuSectionItem) {
				it.MenuItemOptionSets[0].MenuItemOptionSetItems[1].Price = dec("-0.01")
			}), []string{size + ".MenuItemOptionSetItems[1].Price"}},
			{"more at least than at most", item(func(it *wire.CreateFullMenuSectionItem) {
				it.MenuItemOptionSets[0].MinSelectCount, it.MenuItemOptionSets[0].MaxSelectCount = wire.P(2), wire.P(1)
			}), []string{size + ".MaxSelectCount"}},
			{"more than there are", item(func(it *wire.CreateFullMenuSectionItem) {
				it.MenuItemOptionSets[0].MinSelectCount, it.MenuItemOptionSets[0].MaxSelectCount = wire.P(3), wire.P(3)
			}), []string{size + ".MinSelectCount"}},
			{"none to choose", item(func(it *wire.CreateFullMenuSectionItem) { it.MenuItemOptionSets[2].MaxSelectCount = wire.P(0) }), []string{pizza + ".MenuItemOptionSets[2].MaxSelectCount"}},
			{"a product that need not be chosen", item(func(it *wire.CreateFullMenuSectionItem) { it.MenuItemOptionSets[0].MinSelectCount = wire.P(0) }), []string{size + ".MinSelectCount"}},
			{"two masters", item(func(it *wire.CreateFullMenuSectionItem) { it.MenuItemOptionSets[1].IsMasterOptionSet = wire.P(true) }), []string{pizza + ".MenuItemOptionSets[1].IsMasterOptionSet"}},
			{"PublicId twice", item(func(it *wire.CreateFullMenuSectionItem) {
				it.PublicId = wire.P(wire.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"))
			}), []string{pizza + ".PublicId"}},
			{"PublicId of no shape", item(func(it *wire.CreateFullMenuSectionItem) { it.PublicId = wire.P(wire.UUID("pizza-1")) }), []string{pizza + ".PublicId"}},
			{"tax rate of no name", item(func(it *wire.CreateFullMenuSectionItem) { it.TaxRateName = wire.P("food") }), []string{pizza + ".TaxRateName"}},
			{"tax rate twice and too high", one(func(m *wire.CreateFullMenu) {
				m.TaxRates = append(m.TaxRates, wire.CreateMenuTaxRate{Name: wire.P("Food"), Rate: dec("100.1")})
			}), []string{"TaxRates[2].Name", "TaxRates[2].Rate"}},
			{"tax below nothing", one(func(m *wire.CreateFullMenu) { m.TaxRates[0].Rate = dec("-1") }), []string{"TaxRates[0].Rate"}},
			{"metadata of others' store", item(func(it *wire.CreateFullMenuSectionItem) {
				it.Metadata = []wire.CreateMetadata{{StoreId: &foreign.ID, Key: wire.P("a"), Value: wire.P("b")}}
			}), []string{pizza + ".Metadata[0].StoreId"}},
			{"metadata twice and without key", item(func(it *wire.CreateFullMenuSectionItem) {
				it.Metadata = []wire.CreateMetadata{{Key: wire.P("a")}, {Key: wire.P("a")}, {}}
			}), []string{pizza + ".Metadata[1].Key", pizza + ".Metadata[2].Key"}},
			{"a picture that is a script", item(func(it *wire.CreateFullMenuSectionItem) { it.ImageUrl = wire.P("javascript:alert(1)") }), []string{pizza + ".ImageUrl"}},
			{"an enumeration's stranger", item(func(it *wire.CreateFullMenuSectionItem) {
				it.SpicinessRating = wire.P(wire.SpicinessRating("Inferno"))
			}), []string{pizza + ".SpicinessRating"}},
			{"a jump to nowhere", item(func(it *wire.CreateFullMenuSectionItem) {
				it.MenuItemOptionSets[0].MenuItemOptionSetItems[0].NextMenuItemOptionSetId = wire.P(7)
			}), []string{size + ".MenuItemOptionSetItems[0].NextMenuItemOptionSetId"}},
			{"a jump back", item(func(it *wire.CreateFullMenuSectionItem) {
				it.MenuItemOptionSets[1].MenuItemOptionSetItems[0].NextMenuItemOptionSetId = wire.P(1)
			}), []string{pizza + ".MenuItemOptionSets[1].MenuItemOptionSetItems[0].NextMenuItemOptionSetId"}},
			{"hours of no day", one(func(m *wire.CreateFullMenu) {
				m.MenuSections[0].MenuSectionAvailability = &wire.MenuSectionAvailability{AvailableTimes: []wire.BusinessHoursPeriod{{}}}
			}), []string{"MenuSections[0].MenuSectionAvailability.AvailableTimes[0].DayOfWeek"}},
			{"too many sections", one(func(m *wire.CreateFullMenu) { m.MenuSections = make([]wire.CreateFullMenuSection, 201) }), []string{"MenuSections"}},
			{"too many items", one(func(m *wire.CreateFullMenu) {
				m.MenuSections = []wire.CreateFullMenuSection{{Name: wire.P("x"), MenuItems: make([]wire.CreateFullMenuSectionItem, 2001)}}
			}), []string{"MenuSections"}},
			{"too many options in a set", item(func(it *wire.CreateFullMenuSectionItem) {
				it.MenuItemOptionSets[0].MenuItemOptionSetItems = make([]wire.CreateFullMenuItemOptionSetItem, 201)
			}), []string{size + ".MenuItemOptionSetItems"}},
			{"too many option sets", item(func(it *wire.CreateFullMenuSectionItem) {
				it.MenuItemOptionSets = make([]wire.CreateFullMenuItemOptionSet, 51)
			}), []string{pizza + ".MenuItemOptionSets"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				before := s.head(t)
				_, err := s.menus.Create(ctx, s.owner, s.brand.AppID, c.in)
				wantFields(t, err, c.want...)
				if s.head(t) != before {
					t.Fatal("a refusal left an event behind")
				}
			})
		}
		if all, err := s.menus.ByApp(ctx, s.owner, s.brand.AppID); err != nil || len(all) != 0 {
			t.Fatalf("a refusal left a menu behind: %v %v", all, err)
		}
	})
}

func mustBrand(t *testing.T, s *shop, appID string) account.Brand {
	t.Helper()
	b, err := s.accounts.BrandByAppID(context.Background(), appID)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUpdatingItemsAndOptions(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		m := s.create(t, pizzeria())
		sec := m.Sections()[0]
		it := sec.Items[0]
		size := it.Sets[0]
		up := func(in wire.MenuSectionItemBase) error {
			return s.menus.UpdateItem(ctx, s.owner, menu.Part{Menu: m.ID, Section: sec.MenuSectionId, Item: it.MenuItemId}, in)
		}
		if err := up(wire.MenuSectionItemBase{IsAvailable: wire.P(false), Price: dec("10.50"), Name: wire.P("Marinara")}); err != nil {
			t.Fatal(err)
		}
		now := s.load(t, m.ID)
		got := now.Item(it.PublicId)
		if now.Version != 2 || got.IsAvailable || got.Price != "10.5" || got.Name != "Marinara" || got.TaxRateName != "Food" || len(got.Sets) != 3 {
			t.Fatalf("%+v", got.MenuSectionItem)
		}
		if !it.IsAvailable || it.Name != "Margherita" || m.Version != 1 {
			t.Fatal("the menu of before has changed")
		}
		name, body := s.lastEvent(t)
		if name != "menu.section_item.updated" || body["MenuId"] != float64(m.ID) || body["MenuSectionItem"].(map[string]any)["IsAvailable"] != false ||
			body["Description"] != "Ada changed the item Marinara of the menu Carta: made it unavailable, set its price from 9.9 to 10.5, renamed it from Margherita." {
			t.Fatalf("%s %v", name, body["Description"])
		}
		head := s.head(t)
		if err := up(wire.MenuSectionItemBase{IsAvailable: wire.P(false), PublicId: &it.PublicId}); err != nil || s.head(t) != head || s.load(t, m.ID).Version != 2 {
			t.Fatalf("an update that changes nothing made an event or a version: %v", err)
		}

		small := size.Options[1]
		if err := s.menus.UpdateOption(ctx, s.owner, menu.Part{Menu: m.ID, Section: sec.MenuSectionId, Item: it.MenuItemId, Set: size.MenuItemOptionSetId, Option: small.MenuItemOptionSetItemId},
			wire.MenuItemOptionSetItemBase{IsAvailable: wire.P(false)}); err != nil {
			t.Fatal(err)
		}
		now = s.load(t, m.ID)
		if now.Option(small.PublicId).IsAvailable || now.Item(it.PublicId).ActualPrice != "12" { // 12 inch and the thin crust
			t.Fatalf("%+v %s", now.Option(small.PublicId), now.Item(it.PublicId).ActualPrice)
		}
		name, body = s.lastEvent(t)
		if name != "menu.option_set_item.updated" || body["Description"] != "Ada changed the option 9 inch of Marinara on the menu Carta: made it unavailable." ||
			body["MenuItemOptionSetItem"].(map[string]any)["MenuItemOptionSetItemId"] != float64(small.MenuItemOptionSetItemId) {
			t.Fatalf("%s %v", name, body)
		}

		head = s.head(t)
		wantFields(t, up(wire.MenuSectionItemBase{Price: dec("1.001"), Name: wire.P(" ")}), "Name", "Price")
		wantFields(t, up(wire.MenuSectionItemBase{PublicId: wire.P(wire.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"))}), "PublicId")
		drinks := m.Sections()[1]
		for _, err := range []error{
			s.menus.UpdateItem(ctx, s.owner, menu.Part{Menu: m.ID, Section: drinks.MenuSectionId, Item: it.MenuItemId}, wire.MenuSectionItemBase{Alcohol: wire.P(true)}),
			s.menus.UpdateItem(ctx, s.owner, menu.Part{Menu: m.ID, Section: 5, Item: it.MenuItemId}, wire.MenuSectionItemBase{Alcohol: wire.P(true)}),
			s.menus.UpdateItem(ctx, s.owner, menu.Part{Menu: -1, Section: sec.MenuSectionId, Item: it.MenuItemId}, wire.MenuSectionItemBase{Alcohol: wire.P(true)}),
			s.menus.UpdateOption(ctx, s.owner, menu.Part{Menu: m.ID, Section: sec.MenuSectionId, Item: it.MenuItemId, Set: it.Sets[1].MenuItemOptionSetId, Option: small.MenuItemOptionSetItemId}, wire.MenuItemOptionSetItemBase{Name: wire.P("x")}),
		} {
			wantFault(t, err, fault.NotFound, "")
		}
		_, stranger := s.found(t, "Other")
		wantFault(t, s.menus.UpdateItem(ctx, stranger, menu.Part{Menu: m.ID, Section: sec.MenuSectionId, Item: it.MenuItemId}, wire.MenuSectionItemBase{Price: dec("0")}), fault.NotFound, "menu")
		if s.head(t) != head {
			t.Fatal("a refusal left an event behind")
		}
	})
}

func TestOnlyWhoReachesAllStoresOfAMenuChangesIt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		m := s.create(t, wire.CreateFullMenu{Name: wire.P("Carta"), MenuSections: []wire.CreateFullMenuSection{{
			Name: wire.P("Drinks"), MenuItems: []wire.CreateFullMenuSectionItem{{Name: wire.P("Water"), Price: dec("3")}},
		}}})
		sec := m.Sections()[0]
		manager := &account.Caller{Kind: account.Person, Grants: []account.Grant{{Brand: s.brand.ID, AppID: s.brand.AppID, Level: wire.AppAccessLevelStoreManager, Stores: []int{s.euro.ID}}}}
		price := 3
		hike := func() error {
			price++
			return s.menus.UpdateItem(ctx, manager, menu.Part{Menu: m.ID, Section: sec.MenuSectionId, Item: sec.Items[0].MenuItemId}, wire.MenuSectionItemBase{Price: dec(fmt.Sprint(price))})
		}
		wantFault(t, hike(), fault.Forbidden, "some stores")
		if err := s.menus.Assign(ctx, manager, s.euro.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		if err := hike(); err != nil {
			t.Fatal(err)
		}
		if err := s.menus.Assign(ctx, s.owner, s.yen.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, hike(), fault.Forbidden, "beyond your access")
		wantFault(t, s.menus.Assign(ctx, manager, s.yen.ID, m.ID), fault.NotFound, "store")
		names, err := s.menus.StoreNames(ctx, manager, m.ID)
		if err != nil || !slices.Equal(names, []string{"Store in EUR", "Store in JPY"}) {
			t.Fatalf("%v %v", names, err)
		}
	})
}

func TestAMenuSuitsTheCurrencyOfItsStores(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		m := s.create(t, pizzeria())
		err := s.menus.Assign(ctx, s.owner, s.yen.ID, m.ID)
		wantFault(t, err, fault.Invalid, "does not suit the store's currency")
		if err := s.menus.Assign(ctx, s.owner, s.euro.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		if name, body := s.lastEvent(t); name != "store.menu.assigned" || body["MenuId"] != float64(m.ID) || body["Description"] != "Ada gave the store Store in EUR the menu Carta." {
			t.Fatalf("%s %v", name, body)
		}
		st, err := s.stores.Load(ctx, s.euro.ID)
		if err != nil || st.MenuID != m.ID || st.Summary().MenuId != m.ID {
			t.Fatalf("%+v %v", st, err)
		}
		plain := s.create(t, wire.CreateFullMenu{Name: wire.P("Yen"), MenuSections: []wire.CreateFullMenuSection{{
			Name: wire.P("Drinks"), MenuItems: []wire.CreateFullMenuSectionItem{{Name: wire.P("Tea"), Price: dec("300")}},
		}}})
		if err := s.menus.Assign(ctx, s.owner, s.yen.ID, plain.ID); err != nil {
			t.Fatal(err)
		}
		sec := plain.Sections()[0]
		wantFields(t, s.menus.UpdateItem(ctx, s.owner, menu.Part{Menu: plain.ID, Section: sec.MenuSectionId, Item: sec.Items[0].MenuItemId}, wire.MenuSectionItemBase{Price: dec("300.5")}), "Price")

		other, stranger := s.found(t, "Other")
		theirs := s.store(t, stranger, other, "EUR")
		wantFault(t, s.menus.Assign(ctx, stranger, theirs.ID, m.ID), fault.NotFound, "menu")
		wantFault(t, s.menus.Assign(ctx, s.owner, theirs.ID, m.ID), fault.NotFound, "store")
		list, err := s.menus.ByApp(ctx, s.owner, s.brand.AppID)
		if err != nil || len(list) != 2 || list[0].Name != "Carta" || !slices.Equal(list[0].StoreNames, []string{"Store in EUR"}) || list[0].VersionNumber != 1 {
			t.Fatalf("%+v %v", list, err)
		}
	})
}

func TestMetadataIsPerStore(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		in := pizzeria()
		in.MenuSections[0].MenuItems[0].Metadata = []wire.CreateMetadata{
			{Key: wire.P("posId"), Value: wire.P("all-1")}, {StoreId: &s.euro.ID, Key: wire.P("posId"), Value: wire.P("euro-1")}, {Key: wire.P("plu"), Value: wire.P("7")},
		}
		m := s.create(t, in)
		if !m.Wire().IsIntegrated {
			t.Error("a menu with an integration's metadata is integrated")
		}
		water, olives := m.Sections()[1].Items[0], m.Sections()[0].Items[0].Sets[2].Options[0]
		if got := fmt.Sprint(water.MetadataFor(s.euro.ID), water.MetadataFor(s.yen.ID)); got != "map[plu:7 posId:euro-1] map[plu:7 posId:all-1]" {
			t.Fatal(got)
		}
		set := func(kind menu.Entity, id, store int, key, value string) error {
			return s.menus.SetMetadata(ctx, s.owner, m.ID, kind, id, store, wire.Metadata{Key: key, Value: value})
		}
		for _, err := range []error{
			set(menu.ItemEntity, water.MenuItemId, s.euro.ID, "posId", "euro-2"),
			set(menu.ItemEntity, water.MenuItemId, s.yen.ID, "plu", "8"),
			set(menu.OptionEntity, olives.MenuItemOptionSetItemId, s.yen.ID, "posId", "o-1"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if name, body := s.lastEvent(t); name != "menu.option_set_item.updated" || body["Description"] != "Ada set the metadata posId of the option Olives of Margherita on the menu Carta." {
			t.Fatalf("%s %v", name, body)
		}
		head := s.head(t)
		if err := set(menu.ItemEntity, water.MenuItemId, s.yen.ID, "plu", "8"); err != nil || s.head(t) != head {
			t.Fatalf("the same value again made an event: %v", err)
		}
		got, err := s.menus.Metadata(ctx, s.owner, m.ID, menu.ItemEntity, water.MenuItemId, s.yen.ID)
		want := []wire.Metadata{{MenuEntityId: water.MenuItemId, Key: "posId", Value: "all-1"}, {MenuEntityId: water.MenuItemId, Key: "plu", Value: "8"}}
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v %v", got, err)
		}
		one, err := s.menus.MetadataByKey(ctx, s.owner, m.ID, menu.ItemEntity, water.MenuItemId, s.euro.ID, "posId")
		if err != nil || one.Value != "euro-2" {
			t.Fatalf("%v %v", one, err)
		}
		all, err := s.menus.AllMetadata(ctx, s.owner, m.ID, s.yen.ID)
		if err != nil || len(all.MenuItemMetadata) != 3 || len(all.MenuItemOptionSetItemMetadata) != 1 {
			t.Fatalf("%v %v", all, err)
		}
		remove := func(store int, key string) error {
			return s.menus.DeleteMetadata(ctx, s.owner, m.ID, menu.ItemEntity, water.MenuItemId, store, key)
		}
		if err := remove(s.euro.ID, "posId"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, remove(s.euro.ID, "posId"), fault.NotFound, "posId")
		wantFault(t, remove(s.yen.ID, "posId"), fault.NotFound, "posId")
		wantFields(t, set(menu.ItemEntity, water.MenuItemId, s.euro.ID, "", strings.Repeat("x", 4001)), "Key", "Value")
		wantFault(t, set(menu.ItemEntity, 5, s.euro.ID, "a", "b"), fault.NotFound, "no item 5")
		wantFault(t, set(menu.ItemEntity, water.MenuItemId, 5, "a", "b"), fault.NotFound, "no store 5")
		manager := &account.Caller{Kind: account.Person, Grants: []account.Grant{{Brand: s.brand.ID, AppID: s.brand.AppID, Level: wire.AppAccessLevelStoreManager, Stores: []int{s.euro.ID}}}}
		if err := s.menus.SetMetadata(ctx, manager, m.ID, menu.ItemEntity, water.MenuItemId, s.euro.ID, wire.Metadata{Key: "a", Value: "b"}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.menus.SetMetadata(ctx, manager, m.ID, menu.ItemEntity, water.MenuItemId, s.yen.ID, wire.Metadata{Key: "a", Value: "b"}), fault.NotFound, "no store")
	})
}

func TestWhatADinerSees(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		in := pizzeria()
		in.MenuSections[0].MenuSectionAvailability = &wire.MenuSectionAvailability{
			AvailabilityMode: wire.P(wire.AvailabilityModeDisplayBasedOnTimes),
			AvailableTimes:   []wire.BusinessHoursPeriod{{DayOfWeek: wire.P(wire.DayOfWeekFriday), StartTime: wire.P("20:00"), Period: wire.P("06:00")}},
		}
		in.MenuSections = append(in.MenuSections,
			wire.CreateFullMenuSection{Name: wire.P("Staff"), IsHiddenFromCustomers: wire.P(true), MenuItems: []wire.CreateFullMenuSectionItem{{Name: wire.P("Soup")}}},
			wire.CreateFullMenuSection{Name: wire.P("Off"), IsAvailable: wire.P(false), MenuItems: []wire.CreateFullMenuSectionItem{{Name: wire.P("Fish")}}},
			wire.CreateFullMenuSection{Name: wire.P("Empty")},
			wire.CreateFullMenuSection{Name: wire.P("Sweets"), DisplayOrder: wire.P(9), MenuItems: []wire.CreateFullMenuSectionItem{
				{Name: wire.P("Cake"), IsAvailable: wire.P(false)},
				{Name: wire.P("Ice"), Metadata: []wire.CreateMetadata{{Key: wire.P("posId"), Value: wire.P("1")}, {Key: wire.P("allergens"), Value: wire.P("milk")}}},
				{Name: wire.P("Sold out choice"), MenuItemOptionSets: []wire.CreateFullMenuItemOptionSet{{
					Name: wire.P("Flavour"), MinSelectCount: wire.P(1),
					MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{{Name: wire.P("Lemon"), IsAvailable: wire.P(false)}},
				}}},
			}})
		in.MenuSections[1].MenuItems[0].MenuItemOptionSets[2].MenuItemOptionSetItems[0].IsAvailable = wire.P(false)
		m := s.create(t, in)
		loc := s.euro.Location()
		seen := func(at time.Time) string {
			var out []string
			for _, sec := range m.ForCustomer(at, loc).MenuSections {
				for _, it := range sec.MenuItems {
					out = append(out, fmt.Sprintf("%s/%s(%d)", sec.Name, it.Name, len(it.MenuItemOptionSets)))
					if it.Name == "Ice" && (len(it.Metadata) != 1 || *it.Metadata[0].Value != "milk") {
						t.Errorf("metadata for diners: %v", it.Metadata)
					}
				}
			}
			return strings.Join(out, " ")
		}
		if got := seen(time.Date(2026, 6, 5, 19, 59, 0, 0, loc)); got != "Pizza/Margherita(2) Sweets/Ice(0)" {
			t.Error(got)
		}
		if got := seen(time.Date(2026, 6, 6, 1, 59, 0, 0, loc)); got != "Pizza/Margherita(2) Drinks/Water(0) Sweets/Ice(0)" {
			t.Error(got)
		}
		if len(m.Wire().MenuSections) != 6 || len(m.Wire().MenuSections[5].MenuItems[1].Metadata) != 2 {
			t.Error("the diner's view changed the menu")
		}
		listed := m.ByAvailability(false)
		if len(listed) != 3 || listed[0].MenuElementName != "Olives" || listed[0].Items[0].MenuElementType != wire.MenuElementTypeOptionSetItem || listed[2].InstanceCount != 1 {
			t.Errorf("%+v", listed)
		}
	})
}

// Thirty-two updates of different items of one menu, from two nodes at once, all survive.
func TestParallelUpdatesOfOneMenuAllSurvive(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		const n = 32
		in := wire.CreateFullMenu{Name: wire.P("Carta"), MenuSections: []wire.CreateFullMenuSection{{Name: wire.P("All")}}}
		for i := range n {
			in.MenuSections[0].MenuItems = append(in.MenuSections[0].MenuItems, wire.CreateFullMenuSectionItem{Name: wire.P(fmt.Sprint("Dish ", i)), Price: dec("1")})
		}
		m := s.create(t, in)
		head := s.head(t)
		nodes := []*menu.Menus{s.menus, menu.New(s.db, s.log, s.accounts, s.stores)}
		sec := m.Sections()[0]
		var wg sync.WaitGroup
		errs := make(chan error, n)
		for i := range n {
			wg.Go(func() {
				errs <- nodes[i%2].UpdateItem(ctx, s.owner, menu.Part{Menu: m.ID, Section: sec.MenuSectionId, Item: sec.Items[i].MenuItemId},
					wire.MenuSectionItemBase{Price: dec(fmt.Sprint(100 + i)), IsAvailable: wire.P(false)})
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		now := s.load(t, m.ID)
		for i, it := range now.Sections()[0].Items {
			if string(it.Price) != fmt.Sprint(100+i) || it.IsAvailable {
				t.Errorf("the update of dish %d was lost: %s %v", i, it.Price, it.IsAvailable)
			}
		}
		if now.Version != 1+n || s.head(t) != head+n {
			t.Errorf("version %d, %d events", now.Version, s.head(t)-head)
		}
	})
}

// A menu goes only without stores, however many stores are being given it while it goes.
func TestRaceOfDeletingAMenuAndAssigningIt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		stores := []*store.Store{s.euro}
		for range 31 {
			st, err := s.stores.Create(ctx, s.owner, store.NewStore{Group: s.euro.Group, StoreCreateBase: wire.StoreCreateBase{Name: wire.P("Another")}})
			if err != nil {
				t.Fatal(err)
			}
			stores = append(stores, st)
		}
		other := s.create(t, wire.CreateFullMenu{Name: wire.P("Carta")})
		for range 3 {
			m := s.create(t, wire.CreateFullMenu{Name: wire.P("Specials")})
			var wg sync.WaitGroup
			var deleted atomic.Bool
			for i, st := range stores {
				wg.Go(func() {
					if i == len(stores)/2 {
						deleted.Store(s.menus.Delete(ctx, s.owner, menu.Part{Menu: m.ID}) == nil)
					}
					if err := s.menus.Assign(ctx, s.owner, st.ID, m.ID); err != nil && fault.KindOf(err) != fault.NotFound {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, st := range stores {
				now, err := s.stores.Load(ctx, st.ID)
				if err != nil {
					t.Fatal(err)
				}
				if deleted.Load() && now.MenuID == m.ID {
					t.Errorf("the store %d sells from a menu that is gone", st.ID)
				}
				if err := s.menus.Assign(ctx, s.owner, st.ID, other.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
