package api

import (
	"context"

	"comanda/account"
	"comanda/menu"
	"comanda/wire"
)

type sectionsOut struct {
	Body wire.Result[[]wire.MenuSection]
}

func (s *server) getMenuSections(ctx context.Context, c *account.Caller, in *MenuPath) (*sectionsOut, error) {
	m, err := s.Menus.Get(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	return &sectionsOut{listOf(m.Sections(), func(s *menu.Section) wire.MenuSection { return *s.MenuSection })}, nil
}

// SectionPath leads to a section by numeric ids.
type SectionPath struct {
	MenuID        int `path:"menuId"`
	MenuSectionID int `path:"menuSectionId"`
}

func (p SectionPath) part(seen Seen) menu.Part {
	return menu.Part{Menu: p.MenuID, Section: p.MenuSectionID, Version: seen.Version}
}

func (s *server) getMenuSection(ctx context.Context, c *account.Caller, in *SectionPath) (*dataOut[wire.MenuSection], error) {
	section, err := s.section(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return data(*section.MenuSection, nil)
}

type createSectionIn struct {
	MenuPath
	Seen
	Body wire.MenuSectionBase
}

func (s *server) createMenuSection(ctx context.Context, c *account.Caller, in *createSectionIn) (*dataOut[wire.MenuSection], error) {
	return data(s.Menus.CreateSection(ctx, c, in.part(in.Seen), in.Body))
}

type updateSectionIn struct {
	SectionPath
	Seen
	Undoable
	Body wire.MenuSectionBase
}

func (s *server) updateMenuSection(ctx context.Context, c *account.Caller, in *updateSectionIn) (*none, error) {
	at, err := in.undoing(in.part(in.Seen))
	if err != nil {
		return nil, err
	}
	return &none{}, s.Menus.UpdateSection(ctx, c, at, in.Body)
}

type sectionEdit struct {
	SectionPath
	Seen
}

func (s *server) deleteMenuSection(ctx context.Context, c *account.Caller, in *sectionEdit) (*none, error) {
	return &none{}, s.Menus.DeleteSection(ctx, c, in.part(in.Seen))
}

func (s *server) cloneMenuSection(ctx context.Context, c *account.Caller, in *sectionEdit) (*dataOut[wire.MenuSection], error) {
	return data(s.Menus.CloneSection(ctx, c, in.part(in.Seen)))
}

type orderItemsIn struct {
	SectionPath
	Seen
	Body wire.MenuObjectDisplayOrders
}

func (s *server) orderMenuItems(ctx context.Context, c *account.Caller, in *orderItemsIn) (*none, error) {
	return &none{}, s.Menus.OrderItems(ctx, c, in.part(in.Seen), in.Body)
}

type sectionAvailabilityIn struct {
	SectionPath
	Seen
	Body wire.MenuSectionAvailabilityBase
}

func (s *server) setSectionAvailability(ctx context.Context, c *account.Caller, in *sectionAvailabilityIn) (*dataOut[wire.MenuSectionAvailability], error) {
	return data(s.Menus.SetAvailability(ctx, c, in.part(in.Seen), in.Body))
}

type sectionHoursIn struct {
	SectionPath
	Seen
	DayOfWeek wire.DayOfWeek `path:"dayOfWeek"`
	Body      wire.BusinessHoursPeriodBase
}

func (s *server) setSectionHours(ctx context.Context, c *account.Caller, in *sectionHoursIn) (*dataOut[*wire.BusinessHoursPeriod], error) {
	day, err := s.Menus.SetSectionHours(ctx, c, in.part(in.Seen), in.DayOfWeek, in.Body)
	return data(&day, err)
}

// section, like item and optionSet in the files of their tags, goes down a path of numeric ids.
func (s *server) section(ctx context.Context, c *account.Caller, in *SectionPath) (*menu.Section, error) {
	m, err := s.Menus.Get(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	return m.Section(in.MenuSectionID)
}

// listOf shows each entry of a list.
func listOf[T, U any](all []T, show func(T) U) wire.Result[[]U] {
	out := make([]U, len(all))
	for i, v := range all {
		out[i] = show(v)
	}
	return wire.Result[[]U]{Data: out}
}
