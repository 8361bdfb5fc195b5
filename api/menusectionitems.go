package api

import (
	"context"

	"comanda/account"
	"comanda/menu"
	"comanda/wire"
)

type itemsOut struct {
	Body wire.Result[[]wire.MenuSectionItem]
}

func (s *server) getMenuItems(ctx context.Context, c *account.Caller, in *SectionPath) (*itemsOut, error) {
	section, err := s.section(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &itemsOut{listOf(section.Items, func(it *menu.Item) wire.MenuSectionItem { return *it.MenuSectionItem })}, nil
}

// ItemPath leads to an item by numeric ids.
type ItemPath struct {
	SectionPath
	MenuSectionItemID int `path:"menuSectionItemId"`
}

func (p ItemPath) part(seen Seen) menu.Part {
	at := p.SectionPath.part(seen)
	at.Item = p.MenuSectionItemID
	return at
}

func (s *server) getMenuItem(ctx context.Context, c *account.Caller, in *ItemPath) (*dataOut[wire.MenuSectionItem], error) {
	it, err := s.item(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return data(*it.MenuSectionItem, nil)
}

func (s *server) item(ctx context.Context, c *account.Caller, in *ItemPath) (*menu.Item, error) {
	section, err := s.section(ctx, c, &in.SectionPath)
	if err != nil {
		return nil, err
	}
	return section.Item(in.MenuSectionItemID)
}

type createItemIn struct {
	SectionPath
	Seen
	Body wire.MenuSectionItemBase
}

func (s *server) createMenuItem(ctx context.Context, c *account.Caller, in *createItemIn) (*dataOut[wire.MenuSectionItem], error) {
	return data(s.Menus.CreateItem(ctx, c, in.part(in.Seen), in.Body))
}

type updateItemIn struct {
	ItemPath
	Seen
	Undoable
	Body wire.MenuSectionItemBase
}

func (s *server) updateMenuItem(ctx context.Context, c *account.Caller, in *updateItemIn) (*none, error) {
	at, err := in.undoing(in.part(in.Seen))
	if err != nil {
		return nil, err
	}
	return &none{}, s.Menus.UpdateItem(ctx, c, at, in.Body)
}

type itemEdit struct {
	ItemPath
	Seen
}

func (s *server) deleteMenuItem(ctx context.Context, c *account.Caller, in *itemEdit) (*none, error) {
	return &none{}, s.Menus.DeleteItem(ctx, c, in.part(in.Seen))
}

func (s *server) cloneMenuItem(ctx context.Context, c *account.Caller, in *itemEdit) (*dataOut[wire.MenuSectionItem], error) {
	return data(s.Menus.CloneItem(ctx, c, in.part(in.Seen)))
}

type moveItemIn struct {
	ItemPath
	Seen
	DestinationDisplayOrder int `path:"destinationDisplayOrder"`
}

func (s *server) moveMenuItem(ctx context.Context, c *account.Caller, in *moveItemIn) (*none, error) {
	return &none{}, s.Menus.MoveItem(ctx, c, in.part(in.Seen), in.DestinationDisplayOrder)
}

type itemTaxIn struct {
	ItemPath
	Seen
	TaxRateID int `path:"taxRateId"`
}

func (s *server) setItemTax(ctx context.Context, c *account.Caller, in *itemTaxIn) (*none, error) {
	return &none{}, s.Menus.SetItemTax(ctx, c, in.part(in.Seen), in.TaxRateID)
}
