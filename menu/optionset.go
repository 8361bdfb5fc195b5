package menu

import (
	"context"
	"fmt"
	"math"
	"reflect"

	"comanda/account"
	"comanda/wire"
)

// CreateSet adds an option set without options to an item, behind the others unless the request says where. Until it has
// as many options as it asks for, the item cannot be ordered.
func (m *Menus) CreateSet(ctx context.Context, c *account.Caller, at Part, in wire.MenuItemOptionSetBase) (made wire.MenuItemOptionSet, err error) {
	err = m.change(ctx, c, at, func(d *draft, check *checker) error {
		old, err := d.old.itemAt(at)
		if err != nil {
			return err
		}
		if err := room("The item", "option sets", len(old.Sets), 1, maxSetsOfItem); err != nil {
			return err
		}
		check.taken(d.old)
		it := d.item(at.Item)
		made = check.optionSetMembers("", next(it.MenuItemOptionSets, setOrder), wire.CreateFullMenuItemOptionSet{
			Name: in.Name, IsMasterOptionSet: in.IsMasterOptionSet, DisplayOrder: in.DisplayOrder, MinSelectCount: in.MinSelectCount,
			MaxSelectCount: in.MaxSelectCount, CellLayoutType: in.CellLayoutType, PublicId: in.PublicId,
		})
		list := d.sets(it)
		*list = append(*list, made)
		check.choice(it, &(*list)[len(*list)-1])
		if err := check.Err(); err != nil {
			return err
		}
		if made.MenuItemOptionSetId, err = m.db.NextID(ctx, "menu_entities"); err != nil {
			return err
		}
		(*list)[len(*list)-1] = made
		it.ActualPrice = actualPrice(it)
		d.touch(made.MenuItemOptionSetId)
		text := fmt.Sprintf("%s added the option set %s to the item %s of the menu %s.", c.EventName(), made.Name, it.Name, d.doc.Name)
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuItemOptionSetCreatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuItemOptionSet: &made}
		})
		return nil
	})
	return made, err
}

// choice checks a set among the sets of its item: how many options are asked for, once it has any; that there is one
// master at most; and that no option leads back.
func (c *checker) choice(it *wire.MenuSectionItem, set *wire.MenuItemOptionSet) {
	n := len(set.MenuItemOptionSetItems)
	if n == 0 {
		n = math.MaxInt
	}
	c.counts("", set, n)
	sets := it.MenuItemOptionSets
	index := map[int]int{}
	for i := range sets {
		index[sets[i].MenuItemOptionSetId] = i
		if set.IsMasterOptionSet && sets[i].IsMasterOptionSet && &sets[i] != set {
			c.Add("IsMasterOptionSet", "an item has one master option set at most, and %s is it", sets[i].Name)
		}
	}
	for i := range sets {
		for _, o := range sets[i].MenuItemOptionSetItems {
			if to, ok := index[wire.V(o.NextMenuItemOptionSetId)]; ok && o.NextMenuItemOptionSetId != nil && !before(sets, i, to) {
				c.Add("DisplayOrder", "the option %s leads from %s to %s, so that one must be displayed later", o.Name, sets[i].Name, sets[to].Name)
			}
		}
	}
}

// UpdateSet changes the members of an option set that are given. An update that changes nothing makes no event.
func (m *Menus) UpdateSet(ctx context.Context, c *account.Caller, at Part, in wire.MenuItemOptionSetBase) error {
	return m.editSet(ctx, c, scope{Part: at}, func(_ *draft, check *checker, it *wire.MenuSectionItem, set *wire.MenuItemOptionSet) (string, error) {
		check.permanent(in.PublicId, set.PublicId)
		update(&set.Name, in.Name, func() string { return check.name("Name", in.Name, 4000) })
		update(&set.CellLayoutType, in.CellLayoutType, func() wire.CellLayoutType { return oneOf(check, "CellLayoutType", in.CellLayoutType, "") })
		set.IsMasterOptionSet = or(in.IsMasterOptionSet, set.IsMasterOptionSet)
		set.DisplayOrder = or(in.DisplayOrder, set.DisplayOrder)
		set.MinSelectCount = or(in.MinSelectCount, set.MinSelectCount)
		set.MaxSelectCount = or(in.MaxSelectCount, set.MaxSelectCount)
		check.choice(it, set)
		return "", nil
	})
}

// editSet applies an edit to the members of an option set, as editSection does.
func (m *Menus) editSet(
	ctx context.Context, c *account.Caller, at scope, edit func(*draft, *checker, *wire.MenuSectionItem, *wire.MenuItemOptionSet) (did string, err error),
) error {
	return m.changeScope(ctx, c, at, func(d *draft, check *checker) error {
		old, err := d.old.setAt(at.Part)
		if err != nil {
			return err
		}
		it, set := d.set(old)
		did, err := edit(d, check, it, set)
		if err != nil || reflect.DeepEqual(set, old.MenuItemOptionSet) {
			return err
		}
		it.ActualPrice = actualPrice(it)
		d.touch(at.Set)
		what := fmt.Sprintf("the option set %s of the item %s of the menu %s", set.Name, it.Name, d.doc.Name)
		text := told(c, what, old.Name, set.Name, "", "", false, false)
		if did != "" {
			text = fmt.Sprintf("%s %s %s.", c.EventName(), did, what)
		}
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuItemOptionSetUpdatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), MenuItemOptionSet: set}
		})
		return nil
	})
}

// DeleteSet removes an option set with its options. Options that led to it lead to what follows them then.
func (m *Menus) DeleteSet(ctx context.Context, c *account.Caller, at Part) error {
	return m.change(ctx, c, at, func(d *draft, _ *checker) error {
		old, err := d.old.setAt(at)
		if err != nil {
			return err
		}
		for _, set := range old.Item.Sets {
			for _, o := range set.Options {
				if wire.V(o.NextMenuItemOptionSetId) == at.Set {
					_, edited := d.option(o.MenuItemOptionSetItemId)
					edited.NextMenuItemOptionSetId = nil
					d.touch(o.MenuItemOptionSetItemId)
				}
			}
		}
		it := d.item(at.Item)
		without(d.sets(it), at.Set, setID)
		it.ActualPrice = actualPrice(it)
		d.touch(old.ids()...)
		d.tell(func(menu *Menu, base wire.EventBase) wire.Event {
			return &wire.MenuItemOptionSetDeletedEvent{
				EventBase: base, MenuId: menu.ID, User: c.EventUser(), MenuItemOptionSet: old.MenuItemOptionSet,
				Description: fmt.Sprintf("%s deleted the option set %s of the item %s of the menu %s.", c.EventName(), old.Name, old.Item.Name, menu.Name),
			}
		})
		return nil
	})
}
