package menu_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"comanda/internal/fault"
	"comanda/menu"
	"comanda/wire"
)

func TestAPartIsNotOverwrittenFromAnOlderVersion(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		m := s.create(t, pizzeria())
		pizza, water := m.Sections()[0].Items[0], m.Sections()[1].Items[0]
		at := func(it *menu.Item, version int) menu.Part {
			return menu.Part{Menu: m.ID, Section: it.Section.MenuSectionId, Item: it.MenuItemId, Version: version}
		}
		rename := func(it *menu.Item, version int, name string) error {
			return s.menus.UpdateItem(ctx, s.owner, at(it, version), wire.MenuSectionItemBase{Name: &name})
		}
		if err := rename(pizza, 1, "Marinara"); err != nil {
			t.Fatal(err)
		}
		if err := rename(water, 1, "Still water"); err != nil {
			t.Fatal("a change of another part was refused:", err)
		}
		wantFault(t, rename(pizza, 1, "Napoli"), fault.Conflict, "changed at version 2")
		if err := rename(pizza, 3, "Napoli"); err != nil {
			t.Fatal(err)
		}
		if err := rename(water, 0, "Water"); err != nil {
			t.Fatal(err)
		}
		wantFields(t, rename(water, 99, "Wine"), "version")
		// What was changed inside a section stands against deleting it from before.
		section := menu.Part{Menu: m.ID, Section: water.Section.MenuSectionId, Version: 4}
		wantFault(t, s.menus.DeleteSection(ctx, s.owner, section), fault.Conflict, "version 5")
		// Another node, and this one after a restart, know the same.
		other := menu.New(s.db, s.log, s.accounts, s.stores)
		wantFault(t, other.UpdateItem(ctx, s.owner, at(pizza, 2), wire.MenuSectionItemBase{Alcohol: wire.P(true)}), fault.Conflict, "version 4")
		section.Version = 5
		if err := other.DeleteSection(ctx, s.owner, section); err != nil {
			t.Fatal(err)
		}
	})
}

// Thirty-two callers change the same item from the same version, on two nodes: one wins.
func TestOneOfManyChangesFromTheSameVersionWins(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		m := s.create(t, pizzeria())
		it := m.Sections()[0].Items[0]
		nodes := []*menu.Menus{s.menus, menu.New(s.db, s.log, s.accounts, s.stores)}
		const n = 32
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				at := menu.Part{Menu: m.ID, Section: it.Section.MenuSectionId, Item: it.MenuItemId, Version: 1}
				errs[i] = nodes[i%2].UpdateItem(context.Background(), s.owner, at, wire.MenuSectionItemBase{Name: wire.P(fmt.Sprint("Name ", i))})
			})
		}
		wg.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won >= 0:
				t.Fatal("two won")
			case err == nil:
				won = i
			default:
				wantFault(t, err, fault.Conflict, "")
			}
		}
		if got := s.load(t, m.ID); won < 0 || got.Version != 2 || got.Item(it.PublicId).Name != fmt.Sprint("Name ", won) {
			t.Fatalf("%d won, the menu has %s at version %d", won, got.Item(it.PublicId).Name, got.Version)
		}
	})
}

func TestCopiesAreWholeAndOnTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		in := pizzeria()
		in.MenuSections[1].MenuItems[0].MenuItemOptionSets[0].MenuItemOptionSetItems[0].NextMenuItemOptionSetId = wire.P(2)
		m := s.create(t, in)
		pizza := m.Sections()[0]
		made, err := s.menus.CloneSection(ctx, s.owner, menu.Part{Menu: m.ID, Section: pizza.MenuSectionId})
		if err != nil {
			t.Fatal(err)
		}
		now := s.load(t, m.ID)
		if len(now.Sections()) != 3 || now.Sections()[2].MenuSectionId != made.MenuSectionId || made.PublicId == pizza.PublicId {
			t.Fatalf("%+v", made)
		}
		was, is := pizza.Items[0], now.Sections()[2].Items[0]
		if is.Name != was.Name || is.MenuItemId == was.MenuItemId || is.PublicId == was.PublicId || is.ActualPrice != was.ActualPrice ||
			*is.TaxRateId != *was.TaxRateId || *is.Metadata[0].Value != "gluten, milk" || len(is.Sets) != 3 {
			t.Fatalf("%+v", is.MenuSectionItem)
		}
		size := is.Sets[0]
		if size.Options[0].Next() != is.Sets[1] || size.Options[1].Next() != nil || size.Options[0].MenuItemOptionSetItemId == was.Sets[0].Options[0].MenuItemOptionSetItemId {
			t.Fatal("what comes next in the copy")
		}
		if err := s.menus.UpdateItem(ctx, s.owner, menu.Part{Menu: m.ID, Section: made.MenuSectionId, Item: is.MenuItemId}, wire.MenuSectionItemBase{Price: dec("1")}); err != nil {
			t.Fatal(err)
		}
		if got := s.load(t, m.ID).Item(was.PublicId); got.Price != was.Price {
			t.Fatal("a change of the copy changed the original")
		}
	})
}

func TestOptionSetsKeepTheirRules(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		in := pizzeria()
		in.MenuSections[1].MenuItems[0].MenuItemOptionSets[0].MenuItemOptionSetItems[0].NextMenuItemOptionSetId = wire.P(2)
		m := s.create(t, in)
		it := m.Sections()[0].Items[0]
		path := menu.Part{Menu: m.ID, Section: it.Section.MenuSectionId, Item: it.MenuItemId}
		at := func(set *menu.OptionSet) menu.Part {
			p := path
			p.Set = set.MenuItemOptionSetId
			return p
		}
		size, crust := it.Sets[0], it.Sets[1]
		wantFields(t, s.menus.UpdateSet(ctx, s.owner, at(crust), wire.MenuItemOptionSetBase{DisplayOrder: wire.P(-1)}), "DisplayOrder")
		wantFields(t, s.menus.UpdateSet(ctx, s.owner, at(size), wire.MenuItemOptionSetBase{MinSelectCount: wire.P(0)}), "MinSelectCount")
		wantFields(t, s.menus.UpdateSet(ctx, s.owner, at(crust), wire.MenuItemOptionSetBase{IsMasterOptionSet: wire.P(true)}), "IsMasterOptionSet")

		option := at(crust)
		option.Option = crust.Options[0].MenuItemOptionSetItemId
		if err := s.menus.DeleteOption(ctx, s.owner, option); err != nil {
			t.Fatal(err)
		}
		option.Option = crust.Options[1].MenuItemOptionSetItemId
		wantFault(t, s.menus.DeleteOption(ctx, s.owner, option), fault.Conflict, "asks for 1 options and would have 0")

		// The option that led to the crust leads on; the small one, which led nowhere, still does.
		if err := s.menus.DeleteSet(ctx, s.owner, at(crust)); err != nil {
			t.Fatal(err)
		}
		now := s.load(t, m.ID).Item(it.PublicId)
		if len(now.Sets) != 2 || now.Sets[0].Options[0].Next() != now.Sets[1] || now.Sets[0].Options[1].Next() != nil || now.ActualPrice != "8.5" {
			t.Fatalf("%+v %s", now.Sets, now.ActualPrice)
		}
		// A set that asks for more than it has takes the item off the menu, and a price is still told.
		made, err := s.menus.CreateSet(ctx, s.owner, path, wire.MenuItemOptionSetBase{Name: wire.P("Sauce"), MinSelectCount: wire.P(2), DisplayOrder: wire.P(0)})
		if err != nil || made.MaxSelectCount != 2 {
			t.Fatalf("%+v %v", made, err)
		}
		after := s.load(t, m.ID)
		if seen := after.ForCustomer(s.brand.Now(), s.euro.Location()); len(seen.MenuSections) != 1 || after.Item(it.PublicId).ActualPrice != "8.5" {
			t.Fatalf("%d sections, %s", len(seen.MenuSections), after.Item(it.PublicId).ActualPrice)
		}
	})
}

func TestAMenuDoesNotOutgrowItsLimits(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		in := wire.CreateFullMenu{Name: wire.P("Carta"), MenuSections: []wire.CreateFullMenuSection{{Name: wire.P("All")}}}
		for i := range 1001 {
			in.MenuSections[0].MenuItems = append(in.MenuSections[0].MenuItems, wire.CreateFullMenuSectionItem{Name: wire.P(fmt.Sprint("Dish ", i))})
		}
		for range 199 {
			in.MenuSections = append(in.MenuSections, wire.CreateFullMenuSection{Name: wire.P("Empty")})
		}
		m := s.create(t, in)
		first := menu.Part{Menu: m.ID, Section: m.Sections()[0].MenuSectionId}
		_, err := s.menus.CreateSection(ctx, s.owner, menu.Part{Menu: m.ID}, wire.MenuSectionBase{Name: wire.P("One more")})
		wantFault(t, err, fault.Conflict, "200 are the most")
		if err := s.menus.DeleteSection(ctx, s.owner, menu.Part{Menu: m.ID, Section: m.Sections()[199].MenuSectionId}); err != nil {
			t.Fatal(err)
		}
		_, err = s.menus.CloneSection(ctx, s.owner, first)
		wantFault(t, err, fault.Conflict, "1001 items, and 2000 are the most")
		_, err = s.menus.CreateItem(ctx, s.owner, first, wire.MenuSectionItemBase{Name: wire.P(strings.Repeat("x", 4001)), Price: dec("-1")})
		wantFields(t, err, "Name", "Price")
	})
}
