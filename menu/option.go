package menu

import (
	"context"
	"fmt"
	"reflect"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// CreateOption adds an option to a set, behind the others unless the request says where.
func (m *Menus) CreateOption(ctx context.Context, c *account.Caller, at Part, in wire.MenuItemOptionSetItemBase) (made wire.MenuItemOptionSetItem, err error) {
	err = m.change(ctx, c, at, func(d *draft, check *checker) error {
		old, err := d.old.setAt(at)
		if err != nil {
			return err
		}
		if err := room("The option set", "options", len(old.Options), 1, maxSetOptions); err != nil {
			return err
		}
		if err := room("The menu", "options", len(d.old.byOption), 1, maxOptions); err != nil {
			return err
		}
		check.taken(d.old)
		it, set := d.set(old)
		made = check.option("", next(set.MenuItemOptionSetItems, optionOrder), wire.CreateFullMenuItemOptionSetItem{
			Name: in.Name, Price: in.Price, DepositReturnFee: in.DepositReturnFee, IsAvailable: in.IsAvailable, DisplayOrder: in.DisplayOrder,
			CellLayoutType: in.CellLayoutType, ImageUrl: in.ImageUrl, PublicId: in.PublicId,
		})
		if err := check.Err(); err != nil {
			return err
		}
		if made.MenuItemOptionSetItemId, err = m.db.NextID(ctx, "menu_entities"); err != nil {
			return err
		}
		list := d.options(set)
		*list = append(*list, made)
		it.ActualPrice = actualPrice(it)
		d.touch(made.MenuItemOptionSetItemId)
		text := fmt.Sprintf("%s added the option %s to %s of %s on the menu %s.", c.EventName(), made.Name, set.Name, it.Name, d.doc.Name)
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuItemOptionSetItemCreatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuItemOptionSetItem: &made}
		})
		return nil
	})
	return made, err
}

// UpdateOption changes the members of an option that are given, as UpdateItem does for an item.
func (m *Menus) UpdateOption(ctx context.Context, c *account.Caller, at Part, in wire.MenuItemOptionSetItemBase) error {
	return m.updateOption(ctx, c, scope{Part: at}, in)
}

func (m *Menus) updateOption(ctx context.Context, c *account.Caller, at scope, in wire.MenuItemOptionSetItemBase) error {
	return m.editOption(ctx, c, at, func(d *draft, check *checker, o *wire.MenuItemOptionSetItem) (string, error) {
		check.permanent(in.PublicId, o.PublicId)
		if err := d.undo(at, at.Option, o, in); err != nil {
			return "", err
		}
		update(&o.Name, in.Name, func() string { return check.name("Name", in.Name, 4000) })
		update(&o.Price, in.Price, func() wire.Decimal { return check.price("Price", in.Price) })
		update(&o.DepositReturnFee, in.DepositReturnFee, func() *wire.Decimal { return check.deposit("DepositReturnFee", in.DepositReturnFee) })
		update(&o.CellLayoutType, in.CellLayoutType, func() wire.CellLayoutType { return oneOf(check, "CellLayoutType", in.CellLayoutType, "") })
		update(&o.ImageUrl, in.ImageUrl, func() string { return check.image("ImageUrl", in.ImageUrl) })
		o.DisplayOrder = or(in.DisplayOrder, o.DisplayOrder)
		o.IsAvailable = or(in.IsAvailable, o.IsAvailable)
		return "", nil
	})
}

// editOption applies an edit to the members of an option, as editSection does.
func (m *Menus) editOption(
	ctx context.Context, c *account.Caller, at scope, edit func(*draft, *checker, *wire.MenuItemOptionSetItem) (did string, err error),
) error {
	return m.changeScope(ctx, c, at, func(d *draft, check *checker) error {
		old, err := d.old.optionAt(at.Part)
		if err != nil {
			return err
		}
		it, o := d.option(at.Option)
		did, err := edit(d, check, o)
		if err != nil || reflect.DeepEqual(o, old.MenuItemOptionSetItem) {
			return err
		}
		it.ActualPrice = actualPrice(it)
		d.touch(at.Option)
		what := fmt.Sprintf("the option %s of %s on the menu %s", o.Name, it.Name, d.doc.Name)
		text := told(c, what, old.Name, o.Name, old.Price, o.Price, old.IsAvailable, o.IsAvailable)
		if did != "" {
			text = fmt.Sprintf("%s %s %s.", c.EventName(), did, what)
		}
		d.tell(optionUpdated(c, o, text))
		return nil
	})
}

func optionUpdated(c *account.Caller, o *wire.MenuItemOptionSetItem, text string) eventOf {
	return func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuItemOptionSetItemUpdatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuItemOptionSetItem: o}
	}
}

// DeleteOption removes an option from a set that asks for no more than those that are left.
func (m *Menus) DeleteOption(ctx context.Context, c *account.Caller, at Part) error {
	return m.change(ctx, c, at, func(d *draft, _ *checker) error {
		old, err := d.old.optionAt(at)
		if err != nil {
			return err
		}
		if least := old.Set.MinSelectCount; len(old.Set.Options) <= least {
			return fault.Newf(fault.Conflict, "The option set %s asks for %d options and would have %d.", old.Set.Name, least, len(old.Set.Options)-1).
				With("Add another option first, lower MinSelectCount, or delete the option set.")
		}
		it, set := d.set(old.Set)
		without(d.options(set), at.Option, optionID)
		it.ActualPrice = actualPrice(it)
		d.touch(at.Option)
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuItemOptionSetItemDeletedEvent{
				EventBase: base, MenuId: menu.ID, User: c.EventUser(), MenuItemOptionSetItem: old.MenuItemOptionSetItem,
				Description: fmt.Sprintf("%s deleted the option %s of %s on the menu %s.", c.EventName(), old.Name, old.Set.Item.Name, menu.Name),
			}
		})
		return nil
	})
}
