package api

import (
	"context"
	"time"

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

func (p OptionSetPath) part(seen Seen) menu.Part {
	at := p.ItemPath.part(seen)
	at.Set = p.OptionSetID
	return at
}

func (s *server) getOptionSet(ctx context.Context, c *account.Caller, in *OptionSetPath) (*dataOut[wire.MenuItemOptionSet], error) {
	set, err := s.optionSet(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return data(*set.MenuItemOptionSet, nil)
}

func (s *server) optionSet(ctx context.Context, c *account.Caller, in *OptionSetPath) (*menu.OptionSet, error) {
	it, err := s.item(ctx, c, &in.ItemPath)
	if err != nil {
		return nil, err
	}
	return it.Set(in.OptionSetID)
}

type createOptionSetIn struct {
	ItemPath
	Seen
	Body wire.MenuItemOptionSetBase
}

func (s *server) createOptionSet(ctx context.Context, c *account.Caller, in *createOptionSetIn) (*dataOut[wire.MenuItemOptionSet], error) {
	return data(s.Menus.CreateSet(ctx, c, in.part(in.Seen), in.Body))
}

type updateOptionSetIn struct {
	OptionSetPath
	Seen
	Body wire.MenuItemOptionSetBase
}

func (s *server) updateOptionSet(ctx context.Context, c *account.Caller, in *updateOptionSetIn) (*none, error) {
	return &none{}, s.Menus.UpdateSet(ctx, c, in.part(in.Seen), in.Body)
}

type optionSetEdit struct {
	OptionSetPath
	Seen
}

func (s *server) deleteOptionSet(ctx context.Context, c *account.Caller, in *optionSetEdit) (*none, error) {
	return &none{}, s.Menus.DeleteSet(ctx, c, in.part(in.Seen))
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

func (p OptionPath) part(seen Seen) menu.Part {
	at := p.OptionSetPath.part(seen)
	at.Option = p.MenuItemOptionSetItemID
	return at
}

func (s *server) getOption(ctx context.Context, c *account.Caller, in *OptionPath) (*dataOut[wire.MenuItemOptionSetItem], error) {
	set, err := s.optionSet(ctx, c, &in.OptionSetPath)
	if err != nil {
		return nil, err
	}
	o, err := set.Option(in.MenuItemOptionSetItemID)
	if err != nil {
		return nil, err
	}
	return data(*o.MenuItemOptionSetItem, nil)
}

type updateOptionIn struct {
	OptionPath
	Seen
	Undoable
	Body wire.MenuItemOptionSetItemBase
}

func (s *server) updateOption(ctx context.Context, c *account.Caller, in *updateOptionIn) (*none, error) {
	at, err := in.undoing(in.part(in.Seen))
	if err != nil {
		return nil, err
	}
	return &none{}, s.Menus.UpdateOption(ctx, c, at, in.Body)
}

type createOptionIn struct {
	OptionSetPath
	Seen
	Body wire.MenuItemOptionSetItemBase
}

func (s *server) createOption(ctx context.Context, c *account.Caller, in *createOptionIn) (*dataOut[wire.MenuItemOptionSetItem], error) {
	return data(s.Menus.CreateOption(ctx, c, in.part(in.Seen), in.Body))
}

type optionEdit struct {
	OptionPath
	Seen
}

func (s *server) deleteOption(ctx context.Context, c *account.Caller, in *optionEdit) (*none, error) {
	return &none{}, s.Menus.DeleteOption(ctx, c, in.part(in.Seen))
}

type optionTaxIn struct {
	OptionPath
	Seen
	TaxRateID int `path:"taxRateId"`
}

func (s *server) setOptionTax(ctx context.Context, c *account.Caller, in *optionTaxIn) (*none, error) {
	return &none{}, s.Menus.SetOptionTax(ctx, c, in.part(in.Seen), in.TaxRateID)
}

// Undoable asks for a change that is taken back by itself.
type Undoable struct {
	UndoAfter wire.Decimal `query:"undoAfter" doc:"Hours after which the members that are given go back to what they were, such as 0.5; 8784 at most. 0 or absent: they stay."`
}

func (u Undoable) undoing(at menu.Part) (menu.Part, error) {
	if u.UndoAfter == "" {
		return at, nil
	}
	hours := u.UndoAfter.Float()
	if hours < 0 || hours > menu.MaxUndo.Hours() {
		return at, fault.BadField("undoAfter", "%.20s is not a number of hours from 0 to %.0f", u.UndoAfter, menu.MaxUndo.Hours())
	}
	at.UndoAfter = time.Duration(hours * float64(time.Hour))
	return at, nil
}
