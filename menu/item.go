package menu

import (
	"context"
	"fmt"
	"reflect"

	"comanda/account"
	"comanda/wire"
)

// CreateItem adds an item without options or tax to a section, behind the others unless the request says where.
func (m *Menus) CreateItem(ctx context.Context, c *account.Caller, at Part, in wire.MenuSectionItemBase) (made wire.MenuSectionItem, err error) {
	err = m.change(ctx, c, at, func(d *draft, check *checker) error {
		if _, err := d.old.sectionAt(at); err != nil {
			return err
		}
		if err := room("The menu", "items", len(d.old.byItem), 1, maxItems); err != nil {
			return err
		}
		check.taken(d.old)
		section := d.section(at.Section)
		made = check.item("", next(section.MenuItems, itemOrder), wire.CreateFullMenuSectionItem{
			Name: in.Name, Description: in.Description, SpicinessRating: in.SpicinessRating, Price: in.Price, DepositReturnFee: in.DepositReturnFee,
			DisplayOrder: in.DisplayOrder, Alcohol: in.Alcohol, IsAvailable: in.IsAvailable, CellLayoutType: in.CellLayoutType,
			DisableVouchers: in.DisableVouchers, ImageName: in.ImageName, ImageUrl: in.ImageUrl,
			ExcludeFromVoucherDiscounting: in.ExcludeFromVoucherDiscounting, PublicId: in.PublicId,
		})
		if err := check.Err(); err != nil {
			return err
		}
		if made.MenuItemId, err = m.db.NextID(ctx, "menu_entities"); err != nil {
			return err
		}
		made.ActualPrice = actualPrice(&made)
		d.addItem(c, section, made, fmt.Sprintf("%s added the item %s to the section %s of the menu %s.", c.EventName(), made.Name, section.Name, d.doc.Name))
		return nil
	})
	return made, err
}

// addItem appends a new item to a section.
func (d *draft) addItem(c *account.Caller, s *wire.MenuSection, it wire.MenuSectionItem, text string) {
	list := d.items(s)
	*list = append(*list, it)
	d.touch(it.MenuItemId)
	d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuSectionItemCreatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuSectionItem: &it}
	})
}

// UpdateItem changes the members of an item that are given: availability, price, names and so on. A PublicId cannot be
// changed. An update that changes nothing makes no event.
func (m *Menus) UpdateItem(ctx context.Context, c *account.Caller, at Part, in wire.MenuSectionItemBase) error {
	return m.updateItem(ctx, c, scope{Part: at}, in)
}

func (m *Menus) updateItem(ctx context.Context, c *account.Caller, at scope, in wire.MenuSectionItemBase) error {
	return m.editItem(ctx, c, at, func(d *draft, check *checker, it *wire.MenuSectionItem) (string, error) {
		check.permanent(in.PublicId, it.PublicId)
		if err := d.undo(at, at.Item, it, in); err != nil {
			return "", err
		}
		update(&it.Name, in.Name, func() string { return check.name("Name", in.Name, 4000) })
		update(&it.Description, in.Description, func() string { return check.text("Description", in.Description, 4000) })
		update(&it.SpicinessRating, in.SpicinessRating, func() wire.SpicinessRating { return oneOf(check, "SpicinessRating", in.SpicinessRating, "") })
		update(&it.Price, in.Price, func() wire.Decimal { return check.price("Price", in.Price) })
		update(&it.DepositReturnFee, in.DepositReturnFee, func() *wire.Decimal { return check.deposit("DepositReturnFee", in.DepositReturnFee) })
		update(&it.CellLayoutType, in.CellLayoutType, func() wire.CellLayoutType { return oneOf(check, "CellLayoutType", in.CellLayoutType, "") })
		update(&it.ImageName, in.ImageName, func() string { return check.text("ImageName", in.ImageName, 255) })
		update(&it.ImageUrl, in.ImageUrl, func() string { return check.image("ImageUrl", in.ImageUrl) })
		it.DisplayOrder = or(in.DisplayOrder, it.DisplayOrder)
		it.Alcohol = or(in.Alcohol, it.Alcohol)
		it.IsAvailable = or(in.IsAvailable, it.IsAvailable)
		it.DisableVouchers = or(in.DisableVouchers, it.DisableVouchers)
		it.ExcludeFromVoucherDiscounting = or(in.ExcludeFromVoucherDiscounting, it.ExcludeFromVoucherDiscounting)
		it.ActualPrice = actualPrice(it)
		return "", nil
	})
}

// editItem applies an edit to the members of an item, as editSection does.
func (m *Menus) editItem(
	ctx context.Context, c *account.Caller, at scope, edit func(*draft, *checker, *wire.MenuSectionItem) (did string, err error),
) error {
	return m.changeScope(ctx, c, at, func(d *draft, check *checker) error {
		old, err := d.old.itemAt(at.Part)
		if err != nil {
			return err
		}
		it := d.item(at.Item)
		did, err := edit(d, check, it)
		if err != nil || reflect.DeepEqual(it, old.MenuSectionItem) {
			return err
		}
		d.touch(at.Item)
		what := fmt.Sprintf("the item %s of the menu %s", it.Name, d.doc.Name)
		text := told(c, what, old.Name, it.Name, old.Price, it.Price, old.IsAvailable, it.IsAvailable)
		if did != "" {
			text = fmt.Sprintf("%s %s %s.", c.EventName(), did, what)
		}
		d.tell(itemUpdated(c, it, text))
		return nil
	})
}

func itemUpdated(c *account.Caller, it *wire.MenuSectionItem, text string) eventOf {
	return func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuSectionItemUpdatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuSectionItem: it}
	}
}

// DeleteItem removes an item with all its options.
func (m *Menus) DeleteItem(ctx context.Context, c *account.Caller, at Part) error {
	return m.change(ctx, c, at, func(d *draft, _ *checker) error {
		old, err := d.old.itemAt(at)
		if err != nil {
			return err
		}
		without(d.items(d.section(at.Section)), at.Item, itemID)
		d.touch(old.ids()...)
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuSectionItemDeletedEvent{
				EventBase: base, MenuId: menu.ID, User: c.EventUser(), MenuSectionItem: old.MenuSectionItem,
				Description: fmt.Sprintf("%s deleted the item %s of the section %s of the menu %s.", c.EventName(), old.Name, old.Section.Name, menu.Name),
			}
		})
		return nil
	})
}

// CloneItem copies an item with all its options, under new ids, behind the others of its section.
func (m *Menus) CloneItem(ctx context.Context, c *account.Caller, at Part) (made wire.MenuSectionItem, err error) {
	err = m.change(ctx, c, at, func(d *draft, _ *checker) error {
		old, err := d.old.itemAt(at)
		if err != nil {
			return err
		}
		if err := room("The menu", "items", len(d.old.byItem), 1, maxItems); err != nil {
			return err
		}
		if err := room("The menu", "options", len(d.old.byOption), old.optionCount(), maxOptions); err != nil {
			return err
		}
		first, err := m.db.NextIDs(ctx, "menu_entities", len(old.ids()))
		if err != nil {
			return err
		}
		section := d.section(at.Section)
		k := copier{next: first, publicID: anew}
		made = k.item(*old.MenuSectionItem)
		made.DisplayOrder = next(section.MenuItems, itemOrder)
		d.addItem(c, section, made, fmt.Sprintf("%s copied the item %s of the section %s of the menu %s.", c.EventName(), old.Name, section.Name, d.doc.Name))
		return nil
	})
	return made, err
}
