package menu

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/money"
	"comanda/wire"
)

// made is what Create makes of a document, short of storing it.
func made(in wire.CreateFullMenu) (*Menu, error) {
	c := &checker{currency: "EUR", stores: map[int]bool{7: true}, rates: map[string]bool{}, public: map[wire.UUID]string{}}
	doc := build(c, in)
	if err := c.Err(); err != nil {
		return nil, err
	}
	number(&doc, 1)
	doc.MenuId, doc.VersionNumber = 1, 1
	for i := range doc.MenuSections {
		for j := range doc.MenuSections[i].MenuItems {
			it := &doc.MenuSections[i].MenuItems[j]
			it.ActualPrice = actualPrice(it)
		}
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	return parse(1, 1, 1, false, []byte("{}"), raw)
}

// Whatever comes in is either refused or becomes a menu that keeps its rules.
func FuzzCreateFullMenu(f *testing.F) {
	f.Add([]byte(`{"Name":"Carta","TaxRates":[{"Name":"Food","Rate":13.5}],"MenuSections":[{"Name":"Pizza","MenuItems":[{"Name":"Margherita","Price":9.9,
		"TaxRateName":"Food","Metadata":[{"StoreId":7,"Key":"posId","Value":"1"}],"MenuItemOptionSets":[{"MenuItemOptionSetId":1,"Name":"Size","IsMasterOptionSet":true,
		"MenuItemOptionSetItems":[{"Name":"Large","Price":11,"NextMenuItemOptionSetId":2},{"Name":"Small","Price":8.5,"NextMenuItemOptionSetId":-1}]},
		{"MenuItemOptionSetId":2,"Name":"Extras","MinSelectCount":1,"MaxSelectCount":2,"MenuItemOptionSetItems":[{"Name":"Olives","Price":1.2},{"Name":"Capers"}]}]}]}]}`))
	f.Add([]byte(`{"Name":"x","MenuSections":[{"Name":"y","MenuSectionAvailability":{"AvailabilityMode":"DisplayBasedOnTimes","AvailableTimes":[{"DayOfWeek":"Monday","StartTime":"22:00","Period":"06:00"}]}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in wire.CreateFullMenu
		if json.Unmarshal(raw, &in) != nil {
			return
		}
		m, err := made(in)
		if err != nil {
			return
		}
		ids := map[int]bool{}
		unique := func(id int) {
			if id < 1 || ids[id] {
				t.Fatalf("the id %d is there twice", id)
			}
			ids[id] = true
		}
		price := func(d wire.Decimal) {
			if a, err := money.Parse(d, "EUR"); err != nil || a < 0 {
				t.Fatalf("price %s: %v", d, err)
			}
		}
		for _, s := range m.Sections() {
			unique(s.MenuSectionId)
			for _, it := range s.Items {
				unique(it.MenuItemId)
				price(it.Price)
				price(it.ActualPrice)
				if m.Item(it.PublicId) != it {
					t.Fatal("an item is not found by its PublicId")
				}
				for _, set := range it.Sets {
					unique(set.MenuItemOptionSetId)
					if set.MinSelectCount < 0 || set.MaxSelectCount < max(1, set.MinSelectCount) || len(set.Options) < set.MinSelectCount {
						t.Fatalf("counts %d to %d of %d", set.MinSelectCount, set.MaxSelectCount, len(set.Options))
					}
					for _, o := range set.Options {
						unique(o.MenuItemOptionSetItemId)
						price(o.Price)
						if to := wire.V(o.NextMenuItemOptionSetId); to != 0 && to != -1 && o.Next() == nil {
							t.Fatalf("the jump to %d leads nowhere", to)
						}
						if m.Option(o.PublicId) != o {
							t.Fatal("an option is not found by its PublicId")
						}
					}
				}
			}
		}
	})
}

// ActualPrice is the least that any way through the option sets costs, by trying all of them.
func TestActualPriceIsTheCheapestWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 4).Draw(t, "sets")
		it := wire.CreateFullMenuSectionItem{Name: wire.P("x"), Price: wire.P(cents(t))}
		master := rapid.IntRange(-1, n-1).Draw(t, "master")
		for i := range n {
			set := wire.CreateFullMenuItemOptionSet{Name: wire.P("s"), MenuItemOptionSetId: wire.P(i + 1), IsMasterOptionSet: wire.P(i == master)}
			count := rapid.IntRange(1, 3).Draw(t, "options")
			least := rapid.IntRange(0, count).Draw(t, "least")
			if i == master {
				least = max(1, least)
			}
			set.MinSelectCount, set.MaxSelectCount = &least, wire.P(count)
			for range count {
				o := wire.CreateFullMenuItemOptionSetItem{Name: wire.P("o"), Price: wire.P(cents(t))}
				if rapid.IntRange(0, 3).Draw(t, "jump") == 0 {
					o.NextMenuItemOptionSetId = wire.P(-1)
					if to := rapid.IntRange(i+1, n).Draw(t, "to"); to < n {
						o.NextMenuItemOptionSetId = wire.P(to + 1)
					}
				}
				set.MenuItemOptionSetItems = append(set.MenuItemOptionSetItems, o)
			}
			it.MenuItemOptionSets = append(it.MenuItemOptionSets, set)
		}
		m, err := made(wire.CreateFullMenu{Name: wire.P("m"), MenuSections: []wire.CreateFullMenuSection{{Name: wire.P("s"), MenuItems: []wire.CreateFullMenuSectionItem{it}}}})
		if err != nil {
			t.Fatal(err)
		}
		item := m.Sections()[0].Items[0]
		first := (*OptionSet)(nil)
		if n > 0 {
			first = item.Sets[0]
		}
		want := amount(item.BasePrice()) + walk(first)
		if got := amount(item.ActualPrice); got != want {
			t.Fatalf("ActualPrice is %s, the cheapest way costs %s", item.ActualPrice, want.Decimal(exact))
		}
	})
}

func cents(t *rapid.T) wire.Decimal {
	return wire.Decimal(fmt.Sprintf("%d.%02d", rapid.IntRange(0, 20).Draw(t, "euro"), rapid.IntRange(0, 99).Draw(t, "cent")))
}

// walk tries every choice of options that a set allows. Of those that lead elsewhere a diner may name any first, and that
// one is followed.
func walk(set *OptionSet) money.Amount {
	if set == nil {
		return 0
	}
	best := money.Amount(-1)
	try := func(sum money.Amount) {
		if best < 0 || sum < best {
			best = sum
		}
	}
	for mask := range 1 << len(set.Options) {
		var sum money.Amount
		var chosen, leading []*Option
		for i, o := range set.Options {
			if mask&(1<<i) != 0 {
				chosen = append(chosen, o)
				sum += amount(o.Price)
				if o.NextMenuItemOptionSetId != nil {
					leading = append(leading, o)
				}
			}
		}
		if len(chosen) < set.MinSelectCount {
			continue
		}
		for _, o := range leading {
			try(sum + walk(o.Next()))
		}
		if len(leading) > 0 {
			continue
		}
		if i := indexOf(set); i+1 < len(set.Item.Sets) {
			try(sum + walk(set.Item.Sets[i+1]))
		} else {
			try(sum)
		}
	}
	return best
}

func indexOf(set *OptionSet) int {
	for i, s := range set.Item.Sets {
		if s == set {
			return i
		}
	}
	return -1
}

// A daily special is on the menu in its hours only. No call of the contract sets them, so the document is made here.
func TestDailySpecials(t *testing.T) {
	m, err := made(wire.CreateFullMenu{Name: wire.P("m"), MenuSections: []wire.CreateFullMenuSection{{
		Name: wire.P("s"), MenuItems: []wire.CreateFullMenuSectionItem{{Name: wire.P("Soup")}, {Name: wire.P("Roast")}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	doc := *m.Wire()
	doc.MenuSections[0].MenuItems[1].DailySpecialHours = []wire.BusinessHoursPeriod{{DayOfWeek: wire.P(wire.DayOfWeekSunday), StartTime: wire.P("12:00"), Period: wire.P("03:00")}}
	if m, err = index(doc, 1, false, nil); err != nil {
		t.Fatal(err)
	}
	sunday := time.Date(2026, 6, 7, 0, 0, 0, 0, time.UTC)
	for at, want := range map[time.Duration]int{11*time.Hour + 59*time.Minute: 1, 12 * time.Hour: 2, 15 * time.Hour: 1, 36 * time.Hour: 1} {
		if got := len(m.ForCustomer(sunday.Add(at), time.UTC).MenuSections[0].MenuItems); got != want {
			t.Errorf("%s: %d items, want %d", at, got, want)
		}
	}
}
