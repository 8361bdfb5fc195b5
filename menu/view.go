package menu

import (
	"time"

	"comanda/wire"
)

// view is the menu for diners while certain timed parts are on.
type view struct {
	on   string // a byte for each of Menu.timed
	menu *wire.Menu
}

// timed is a section or item that can be ordered at times only.
type timed interface {
	covers(t time.Time, loc *time.Location) bool
}

func (s *Section) covers(t time.Time, loc *time.Location) bool { return s.times.Covers(t, loc) }
func (it *Item) covers(t time.Time, loc *time.Location) bool   { return it.special.Covers(t, loc) }

// ForCustomer is the menu as a diner sees it at t in a store in loc: sections, items and options that cannot be ordered
// then are left out, and so is what has nothing left in it to choose from. Of the metadata only allergens stay: the rest is
// for integrations. It is shared, and made anew only when something has come into its times or left them: do not change it.
func (m *Menu) ForCustomer(t time.Time, loc *time.Location) *wire.Menu {
	on := make([]byte, len(m.timed))
	for i, part := range m.timed {
		if part.covers(t, loc) {
			on[i] = 1
		}
	}
	if v := m.seen.Load(); v != nil && v.on == string(on) {
		return v.menu
	}
	v := &view{string(on), m.view(t, loc)}
	m.seen.Store(v)
	return v.menu
}

func (m *Menu) view(t time.Time, loc *time.Location) *wire.Menu {
	out := m.doc
	out.MenuSections = []wire.MenuSection{}
	for _, s := range m.sections {
		section := *s.MenuSection
		section.MenuItems = []wire.MenuSectionItem{}
		for _, it := range s.Items {
			if it.Orderable(t, loc) {
				if item, ok := it.forCustomer(); ok {
					section.MenuItems = append(section.MenuItems, item)
				}
			}
		}
		if len(section.MenuItems) > 0 {
			out.MenuSections = append(out.MenuSections, section)
		}
	}
	return &out
}

// forCustomer is false when a required choice has too few options left.
func (it *Item) forCustomer() (wire.MenuSectionItem, bool) {
	item := *it.MenuSectionItem
	item.Metadata = allergens(it.Metadata)
	item.MenuItemOptionSets = []wire.MenuItemOptionSet{}
	for _, set := range it.Sets {
		shown := *set.MenuItemOptionSet
		shown.MenuItemOptionSetItems = []wire.MenuItemOptionSetItem{}
		for _, o := range set.Options {
			if o.IsAvailable {
				option := *o.MenuItemOptionSetItem
				option.Metadata = allergens(o.Metadata)
				shown.MenuItemOptionSetItems = append(shown.MenuItemOptionSetItems, option)
			}
		}
		if len(shown.MenuItemOptionSetItems) < set.MinSelectCount {
			return item, false
		}
		if len(shown.MenuItemOptionSetItems) > 0 {
			item.MenuItemOptionSets = append(item.MenuItemOptionSets, shown)
		}
	}
	return item, true
}

// allergens keeps of the metadata what a diner must be able to read.
func allergens(all []wire.CreateMetadata) []wire.CreateMetadata {
	out := []wire.CreateMetadata{}
	for _, e := range all {
		if wire.V(e.Key) == AllergensKey {
			out = append(out, e)
		}
	}
	return out
}
