package menu

import (
	"time"

	"comanda/internal/fault"
)

// Part names a part of a menu by numeric ids. What lies below the part that is meant is 0.
type Part struct {
	Menu, Section, Item, Set, Option int

	// Version is that of the menu which the caller looked at, 0 = not told. A change of a part that was changed since is
	// refused then; changes of other parts do not matter.
	Version int

	// UndoAfter is when an update of a section, an item or an option is taken back by itself, 0 = never.
	UndoAfter time.Duration
}

// sectionAt, like itemAt, setAt and optionAt, goes down a path of numeric ids.
func (m *Menu) sectionAt(at Part) (*Section, error) { return m.Section(at.Section) }

func (m *Menu) itemAt(at Part) (*Item, error) {
	section, err := m.sectionAt(at)
	if err != nil {
		return nil, err
	}
	return section.Item(at.Item)
}

func (m *Menu) setAt(at Part) (*OptionSet, error) {
	it, err := m.itemAt(at)
	if err != nil {
		return nil, err
	}
	return it.Set(at.Set)
}

func (m *Menu) optionAt(at Part) (*Option, error) {
	set, err := m.setAt(at)
	if err != nil {
		return nil, err
	}
	return set.Option(at.Option)
}

// fresh refuses a change of parts that others changed since the version that the caller looked at.
func (m *Menu) fresh(version int, parts []int) error {
	if version > m.Version {
		return fault.BadField("version", "the menu %d is at version %d", m.ID, m.Version)
	}
	for _, id := range parts {
		last := max(m.changed[id], m.changed[everyPart])
		if id == everyPart {
			last = m.Version
		}
		if version != 0 && last > version {
			return fault.Newf(fault.Conflict, "This part of the menu %s was changed at version %d, after the version %d that the change was made from.", m.Name, last, version).
				With("Read the menu again and repeat the change on what it is now.")
		}
	}
	return nil
}

// The ids under which changes are noted that concern no single part.
const (
	menuPart  = 0  // the members of the menu itself
	everyPart = -1 // all of the menu was replaced
)

// has reports whether the menu has a part or tax rate of a numeric id.
func (m *Menu) has(id int) bool {
	return m.bySect[id] != nil || m.byItem[id] != nil || m.bySet[id] != nil || m.byOption[id] != nil || m.rates[id] != nil
}

// ids are the numeric ids of the section and all that it has.
func (s *Section) ids() []int {
	out := []int{s.MenuSectionId}
	for _, it := range s.Items {
		out = append(out, it.ids()...)
	}
	return out
}

func (it *Item) ids() []int {
	out := []int{it.MenuItemId}
	for _, set := range it.Sets {
		out = append(out, set.ids()...)
	}
	return out
}

func (set *OptionSet) ids() []int {
	out := []int{set.MenuItemOptionSetId}
	for _, o := range set.Options {
		out = append(out, o.MenuItemOptionSetItemId)
	}
	return out
}

// optionCount is how many options the item has.
func (it *Item) optionCount() (n int) {
	for _, set := range it.Sets {
		n += len(set.Options)
	}
	return n
}

// room refuses more entities than a menu, an item or a set holds.
func room(where, what string, have, more, limit int) error {
	if have+more <= limit {
		return nil
	}
	return fault.Newf(fault.Conflict, "%s has %d %s, and %d are the most.", where, have, what, limit).With("Remove some first.")
}
