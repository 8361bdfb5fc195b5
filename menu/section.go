package menu

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// CreateSection adds an empty section to a menu, behind the others unless the request says where.
func (m *Menus) CreateSection(ctx context.Context, c *account.Caller, at Part, in wire.MenuSectionBase) (made wire.MenuSection, err error) {
	err = m.change(ctx, c, at, func(d *draft, check *checker) error {
		if err := room("The menu", "sections", len(d.old.sections), 1, maxSections); err != nil {
			return err
		}
		check.taken(d.old)
		made = check.section("", next(d.doc.MenuSections, sectionOrder), wire.CreateFullMenuSection{
			Name: in.Name, Description: in.Description, DisplayOrder: in.DisplayOrder, IsAvailable: in.IsAvailable,
			IsHiddenFromCustomers: in.IsHiddenFromCustomers, ImageUrl: in.ImageUrl, PublicId: in.PublicId,
		})
		if err := check.Err(); err != nil {
			return err
		}
		if made.MenuSectionId, err = m.db.NextID(ctx, "menu_entities"); err != nil {
			return err
		}
		d.addSection(c, made, fmt.Sprintf("%s added the section %s to the menu %s.", c.EventName(), made.Name, d.doc.Name))
		return nil
	})
	return made, err
}

// addSection appends a new section.
func (d *draft) addSection(c *account.Caller, s wire.MenuSection, text string) {
	list := d.sections()
	*list = append(*list, s)
	d.touch(s.MenuSectionId)
	d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuSectionCreatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuSection: &s}
	})
}

// UpdateSection changes the members of a section that are given. An update that changes nothing makes no event.
func (m *Menus) UpdateSection(ctx context.Context, c *account.Caller, at Part, in wire.MenuSectionBase) error {
	return m.updateSection(ctx, c, scope{Part: at}, in)
}

func (m *Menus) updateSection(ctx context.Context, c *account.Caller, at scope, in wire.MenuSectionBase) error {
	return m.editSection(ctx, c, at, func(d *draft, check *checker, s *wire.MenuSection) (string, error) {
		check.permanent(in.PublicId, s.PublicId)
		if err := d.undo(at, at.Section, s, in); err != nil {
			return "", err
		}
		update(&s.Name, in.Name, func() string { return check.name("Name", in.Name, 4000) })
		update(&s.Description, in.Description, func() string { return check.text("Description", in.Description, 4000) })
		update(&s.ImageUrl, in.ImageUrl, func() string { return check.image("ImageUrl", in.ImageUrl) })
		s.DisplayOrder = or(in.DisplayOrder, s.DisplayOrder)
		s.IsAvailable = or(in.IsAvailable, s.IsAvailable)
		s.IsHiddenFromCustomers = or(in.IsHiddenFromCustomers, s.IsHiddenFromCustomers)
		return "", nil
	})
}

// editSection applies an edit to the members of a section. The edit says for people what it did; nothing means that the
// difference tells it.
func (m *Menus) editSection(
	ctx context.Context, c *account.Caller, at scope, edit func(*draft, *checker, *wire.MenuSection) (did string, err error),
) error {
	return m.changeScope(ctx, c, at, func(d *draft, check *checker) error {
		old, err := d.old.sectionAt(at.Part)
		if err != nil {
			return err
		}
		s := d.section(at.Section)
		did, err := edit(d, check, s)
		if err != nil || reflect.DeepEqual(s, old.MenuSection) {
			return err
		}
		d.touch(at.Section)
		text := told(c, fmt.Sprintf("the section %s of the menu %s", s.Name, d.doc.Name), old.Name, s.Name, "", "", old.IsAvailable, s.IsAvailable)
		if did != "" {
			text = fmt.Sprintf("%s %s the section %s of the menu %s.", c.EventName(), did, s.Name, d.doc.Name)
		}
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuSectionUpdatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuSection: s}
		})
		return nil
	})
}

// DeleteSection removes a section with all that it has.
func (m *Menus) DeleteSection(ctx context.Context, c *account.Caller, at Part) error {
	return m.change(ctx, c, at, func(d *draft, _ *checker) error {
		old, err := d.old.sectionAt(at)
		if err != nil {
			return err
		}
		without(d.sections(), at.Section, sectionID)
		d.touch(old.ids()...)
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuSectionDeletedEvent{
				EventBase: base, MenuId: menu.ID, User: c.EventUser(), MenuSection: old.MenuSection,
				Description: fmt.Sprintf("%s deleted the section %s of the menu %s with its %d items.", c.EventName(), old.Name, menu.Name, len(old.Items)),
			}
		})
		return nil
	})
}

// CloneSection copies a section with all that it has, under new ids, behind the others.
func (m *Menus) CloneSection(ctx context.Context, c *account.Caller, at Part) (made wire.MenuSection, err error) {
	err = m.change(ctx, c, at, func(d *draft, _ *checker) error {
		old, err := d.old.sectionAt(at)
		if err != nil {
			return err
		}
		options := 0
		for _, it := range old.Items {
			options += it.optionCount()
		}
		for _, err := range []error{
			room("The menu", "sections", len(d.old.sections), 1, maxSections),
			room("The menu", "items", len(d.old.byItem), len(old.Items), maxItems),
			room("The menu", "options", len(d.old.byOption), options, maxOptions),
		} {
			if err != nil {
				return err
			}
		}
		first, err := m.db.NextIDs(ctx, "menu_entities", len(old.ids()))
		if err != nil {
			return err
		}
		k := copier{next: first, publicID: anew}
		made = k.section(*old.MenuSection)
		made.DisplayOrder = next(d.doc.MenuSections, sectionOrder)
		d.addSection(c, made, fmt.Sprintf("%s copied the section %s of the menu %s.", c.EventName(), old.Name, d.doc.Name))
		return nil
	})
	return made, err
}

// OrderItems gives items of a section new display orders. Items that are not named keep theirs.
func (m *Menus) OrderItems(ctx context.Context, c *account.Caller, at Part, in wire.MenuObjectDisplayOrders) error {
	return m.editSection(ctx, c, scope{Part: at}, func(d *draft, check *checker, s *wire.MenuSection) (string, error) {
		d.touch(reorder(check, *d.items(s), in, "item", itemID, itemOrder)...)
		return "reordered the items of", nil
	})
}

// MoveItem puts an item at a position of its section, the first being 0, and numbers the items of the section anew. A
// position behind the last is the last.
func (m *Menus) MoveItem(ctx context.Context, c *account.Caller, at Part, position int) error {
	return m.editSection(ctx, c, scope{Part: at}, func(d *draft, _ *checker, s *wire.MenuSection) (string, error) {
		old, err := d.old.itemAt(at)
		if err != nil {
			return "", err
		}
		if position < 0 {
			return "", fault.BadField("destinationDisplayOrder", "%d is negative: the first position is 0", position)
		}
		var order []int
		for _, it := range old.Section.Items {
			if it != old {
				order = append(order, it.MenuItemId)
			}
		}
		items := *d.items(s)
		for i, id := range slices.Insert(order, min(position, len(order)), at.Item) {
			if it := byID(items, id, itemID); it.DisplayOrder != i {
				it.DisplayOrder = i
				d.touch(id)
			}
		}
		return fmt.Sprintf("moved the item %s in", old.Name), nil
	})
}

// SetAvailability says whether the times of a section count. The times that it has stay.
func (m *Menus) SetAvailability(ctx context.Context, c *account.Caller, at Part, in wire.MenuSectionAvailabilityBase) (out wire.MenuSectionAvailability, err error) {
	err = m.editSection(ctx, c, scope{Part: at}, func(_ *draft, check *checker, s *wire.MenuSection) (string, error) {
		out = availability(s)
		mode := oneOf(check, "AvailabilityMode", in.AvailabilityMode, wire.AvailabilityModeDisplayAlways)
		out.AvailabilityMode = &mode
		s.MenuSectionAvailability = &out
		return "changed when diners see", nil
	})
	return out, err
}

// SetSectionHours sets the times of one weekday of a section: one or two, or none. They count in the mode
// DisplayBasedOnTimes only; a section without a mode gets DisplayAlways, so that nothing vanishes by this call.
func (m *Menus) SetSectionHours(ctx context.Context, c *account.Caller, at Part, day wire.DayOfWeek, in wire.BusinessHoursPeriodBase) (out wire.BusinessHoursPeriod, err error) {
	err = m.editSection(ctx, c, scope{Part: at}, func(_ *draft, check *checker, s *wire.MenuSection) (string, error) {
		if in.DayOfWeek != nil && *in.DayOfWeek != day {
			check.Add("DayOfWeek", "it is %s here and %s in the address: leave it out", *in.DayOfWeek, day)
		}
		week, err := store.ParseWeek([]wire.BusinessHoursPeriod{{
			DayOfWeek: &day, StartTime: in.StartTime, Period: in.Period, StartTimeEarly: in.StartTimeEarly, PeriodEarly: in.PeriodEarly,
		}}, "")
		check.addAll("[0].", err)
		same := func(p wire.BusinessHoursPeriod) bool { return wire.V(p.DayOfWeek) == day }
		days := week.Wire()
		out = days[slices.IndexFunc(days, same)]
		a := availability(s)
		if len(a.AvailableTimes) == 0 {
			a.AvailableTimes = store.Week{}.Wire()
		} else {
			a.AvailableTimes = slices.Clone(a.AvailableTimes)
		}
		a.AvailableTimes[slices.IndexFunc(a.AvailableTimes, same)] = out
		s.MenuSectionAvailability = &a
		return fmt.Sprintf("changed the hours on %s of", day), nil
	})
	return out, err
}

// availability is when a section can be ordered, with the mode that one without any has.
func availability(s *wire.MenuSection) wire.MenuSectionAvailability {
	if s.MenuSectionAvailability != nil {
		return *s.MenuSectionAvailability
	}
	return wire.MenuSectionAvailability{AvailableTimes: []wire.BusinessHoursPeriod{}, AvailabilityMode: wire.P(wire.AvailabilityModeDisplayAlways)}
}
