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

type itemOut struct {
	Body wire.Result[*wire.MenuSectionItem]
}

func (s *server) getMenuItem(ctx context.Context, c *account.Caller, in *ItemPath) (*itemOut, error) {
	it, err := s.item(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &itemOut{wire.Result[*wire.MenuSectionItem]{Data: it.MenuSectionItem}}, nil
}

func (s *server) item(ctx context.Context, c *account.Caller, in *ItemPath) (*menu.Item, error) {
	section, err := s.section(ctx, c, &in.SectionPath)
	if err != nil {
		return nil, err
	}
	return section.Item(in.MenuSectionItemID)
}

type updateItemIn struct {
	ItemPath
	Undoable
	Body wire.MenuSectionItemBase
}

func (s *server) updateMenuItem(ctx context.Context, c *account.Caller, in *updateItemIn) (*none, error) {
	if err := in.refuse(); err != nil {
		return nil, err
	}
	return &none{}, s.Menus.UpdateItem(ctx, c, in.MenuID, in.MenuSectionID, in.MenuSectionItemID, in.Body)
}
