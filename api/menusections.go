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

func (s *server) getMenuSections(ctx context.Context, c *account.Caller, in *menuIn) (*sectionsOut, error) {
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

type sectionOut struct {
	Body wire.Result[*wire.MenuSection]
}

func (s *server) getMenuSection(ctx context.Context, c *account.Caller, in *SectionPath) (*sectionOut, error) {
	section, err := s.section(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &sectionOut{wire.Result[*wire.MenuSection]{Data: section.MenuSection}}, nil
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
