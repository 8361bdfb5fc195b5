package menu

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"comanda/account"
	"comanda/wire"
)

// UpdateItem changes the members of an item that are given: availability, price, names and so on. A PublicId cannot be
// changed. An update that changes nothing makes no event.
func (m *Menus) UpdateItem(ctx context.Context, c *account.Caller, menuID, sectionID, itemID int, in wire.MenuSectionItemBase) error {
	return m.change(ctx, c, menuID, 0, func(d *draft, check *checker) (eventOf, error) {
		section, err := d.old.Section(sectionID)
		if err != nil {
			return nil, err
		}
		old, err := section.Item(itemID)
		if err != nil {
			return nil, err
		}
		it := d.item(itemID)
		check.permanent(in.PublicId, it.PublicId)
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
		if reflect.DeepEqual(it, old.MenuSectionItem) {
			return nil, nil
		}
		what := fmt.Sprintf("the item %s of the menu %s", it.Name, d.doc.Name)
		return itemUpdated(c, it, told(c, what, old.Name, it.Name, old.Price, it.Price, old.IsAvailable, it.IsAvailable)), nil
	})
}

// UpdateOption changes the members of an option that are given, as UpdateItem does for an item.
func (m *Menus) UpdateOption(ctx context.Context, c *account.Caller, menuID, sectionID, itemID, setID, optionID int, in wire.MenuItemOptionSetItemBase) error {
	return m.change(ctx, c, menuID, 0, func(d *draft, check *checker) (eventOf, error) {
		old, err := d.old.optionAt(sectionID, itemID, setID, optionID)
		if err != nil {
			return nil, err
		}
		it, o := d.option(optionID)
		check.permanent(in.PublicId, o.PublicId)
		update(&o.Name, in.Name, func() string { return check.name("Name", in.Name, 4000) })
		update(&o.Price, in.Price, func() wire.Decimal { return check.price("Price", in.Price) })
		update(&o.DepositReturnFee, in.DepositReturnFee, func() *wire.Decimal { return check.deposit("DepositReturnFee", in.DepositReturnFee) })
		update(&o.CellLayoutType, in.CellLayoutType, func() wire.CellLayoutType { return oneOf(check, "CellLayoutType", in.CellLayoutType, "") })
		update(&o.ImageUrl, in.ImageUrl, func() string { return check.image("ImageUrl", in.ImageUrl) })
		o.DisplayOrder = or(in.DisplayOrder, o.DisplayOrder)
		o.IsAvailable = or(in.IsAvailable, o.IsAvailable)
		it.ActualPrice = actualPrice(it)
		if reflect.DeepEqual(o, old.MenuItemOptionSetItem) {
			return nil, nil
		}
		what := fmt.Sprintf("the option %s of %s on the menu %s", o.Name, it.Name, d.doc.Name)
		return optionUpdated(c, o, told(c, what, old.Name, o.Name, old.Price, o.Price, old.IsAvailable, o.IsAvailable)), nil
	})
}

// optionAt finds an option by its whole path of numeric ids.
func (m *Menu) optionAt(sectionID, itemID, setID, optionID int) (*Option, error) {
	section, err := m.Section(sectionID)
	if err != nil {
		return nil, err
	}
	it, err := section.Item(itemID)
	if err != nil {
		return nil, err
	}
	set, err := it.Set(setID)
	if err != nil {
		return nil, err
	}
	return set.Option(optionID)
}

// update sets a member when the request has it.
func update[T, V any](to *T, given *V, value func() T) {
	if given != nil {
		*to = value()
	}
}

// permanent refuses another PublicId than the one that integrations know.
func (c *checker) permanent(given *wire.UUID, is wire.UUID) {
	if given != nil && *given != "" && !strings.EqualFold(string(*given), string(is)) {
		c.Add("PublicId", "a PublicId is for good, and this one is %s: leave the member out", is)
	}
}

func itemUpdated(c *account.Caller, it *wire.MenuSectionItem, text string) eventOf {
	return func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuSectionItemUpdatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuSectionItem: it}
	}
}

func optionUpdated(c *account.Caller, o *wire.MenuItemOptionSetItem, text string) eventOf {
	return func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuItemOptionSetItemUpdatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuItemOptionSetItem: o}
	}
}

// told says for people what an update did.
func told(c *account.Caller, what, oldName, name string, oldPrice, price wire.Decimal, was, is bool) string {
	var did []string
	if was != is {
		if is {
			did = append(did, "made it available")
		} else {
			did = append(did, "made it unavailable")
		}
	}
	if oldPrice != price {
		did = append(did, fmt.Sprintf("set its price from %s to %s", oldPrice, price))
	}
	if oldName != name {
		did = append(did, fmt.Sprintf("renamed it from %s", oldName))
	}
	if len(did) == 0 {
		return fmt.Sprintf("%s changed %s.", c.EventName(), what)
	}
	return fmt.Sprintf("%s changed %s: %s.", c.EventName(), what, strings.Join(did, ", "))
}
