package api

import (
	"context"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/wire"
)

type optionSetsOut struct {
	Body wire.Result[[]wire.MenuItemOptionSet]
}

func (s *server) getOptionSets(ctx context.Context, c *account.Caller, in *ItemPath) (*optionSetsOut, error) {
	it, err := s.item(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &optionSetsOut{listOf(it.Sets, func(set *menu.OptionSet) wire.MenuItemOptionSet { return *set.MenuItemOptionSet })}, nil
}

// OptionSetPath leads to an option set by numeric ids.
type OptionSetPath struct {
	ItemPath
	OptionSetID int `path:"optionSetId"`
}

type optionSetOut struct {
	Body wire.Result[*wire.MenuItemOptionSet]
}

func (s *server) getOptionSet(ctx context.Context, c *account.Caller, in *OptionSetPath) (*optionSetOut, error) {
	set, err := s.optionSet(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &optionSetOut{wire.Result[*wire.MenuItemOptionSet]{Data: set.MenuItemOptionSet}}, nil
}

func (s *server) optionSet(ctx context.Context, c *account.Caller, in *OptionSetPath) (*menu.OptionSet, error) {
	it, err := s.item(ctx, c, &in.ItemPath)
	if err != nil {
		return nil, err
	}
	return it.Set(in.OptionSetID)
}

type optionsOut struct {
	Body wire.Result[[]wire.MenuItemOptionSetItem]
}

func (s *server) getOptions(ctx context.Context, c *account.Caller, in *OptionSetPath) (*optionsOut, error) {
	set, err := s.optionSet(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &optionsOut{listOf(set.Options, func(o *menu.Option) wire.MenuItemOptionSetItem { return *o.MenuItemOptionSetItem })}, nil
}

// OptionPath leads to an option by numeric ids.
type OptionPath struct {
	OptionSetPath
	MenuItemOptionSetItemID int `path:"menuItemOptionSetItemId"`
}

type optionOut struct {
	Body wire.Result[*wire.MenuItemOptionSetItem]
}

func (s *server) getOption(ctx context.Context, c *account.Caller, in *OptionPath) (*optionOut, error) {
	set, err := s.optionSet(ctx, c, &in.OptionSetPath)
	if err != nil {
		return nil, err
	}
	o, err := set.Option(in.MenuItemOptionSetItemID)
	if err != nil {
		return nil, err
	}
	return &optionOut{wire.Result[*wire.MenuItemOptionSetItem]{Data: o.MenuItemOptionSetItem}}, nil
}

type updateOptionIn struct {
	OptionPath
	Undoable
	Body wire.MenuItemOptionSetItemBase
}

func (s *server) updateOption(ctx context.Context, c *account.Caller, in *updateOptionIn) (*none, error) {
	if err := in.refuse(); err != nil {
		return nil, err
	}
	return &none{}, s.Menus.UpdateOption(ctx, c, in.MenuID, in.MenuSectionID, in.MenuSectionItemID, in.OptionSetID, in.MenuItemOptionSetItemID, in.Body)
}

// Undoable asks for a change that reverts by itself. Until that is served it is refused, because a caller who asked for
// it would otherwise believe that a dish comes back.
type Undoable struct {
	UndoAfter wire.Decimal `query:"undoAfter" doc:"Not served yet: only 0 is taken."`
}

func (u Undoable) refuse() error {
	if u.UndoAfter != "" && u.UndoAfter.Float() != 0 {
		return fault.BadField("undoAfter", "changes that revert by themselves are not served yet: leave it out, and change it back later")
	}
	return nil
}
