package menu

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// changeTries bounds how often a change is applied anew because another node was first. Changes on one node queue up.
const changeTries = 20

var errMoved = errors.New("menu: changed by somebody else")

// draft is a menu about to change. Its document shares what is not edited with the menu that it was made of; item and
// option return copies that may be edited.
type draft struct {
	old *Menu
	doc wire.Menu
}

// item returns an item to edit, nil when there is none.
func (d *draft) item(id int) *wire.MenuSectionItem {
	it := d.old.byItem[id]
	if it == nil {
		return nil
	}
	d.doc.MenuSections = slices.Clone(d.doc.MenuSections)
	i := slices.IndexFunc(d.doc.MenuSections, func(s wire.MenuSection) bool { return s.MenuSectionId == it.Section.MenuSectionId })
	s := &d.doc.MenuSections[i]
	s.MenuItems = slices.Clone(s.MenuItems)
	j := slices.IndexFunc(s.MenuItems, func(it wire.MenuSectionItem) bool { return it.MenuItemId == id })
	return &s.MenuItems[j]
}

// option returns an option to edit and the item that it belongs to, nil when there is none.
func (d *draft) option(id int) (*wire.MenuSectionItem, *wire.MenuItemOptionSetItem) {
	o := d.old.byOption[id]
	if o == nil {
		return nil, nil
	}
	it := d.item(o.Set.Item.MenuItemId)
	it.MenuItemOptionSets = slices.Clone(it.MenuItemOptionSets)
	i := slices.IndexFunc(it.MenuItemOptionSets, func(s wire.MenuItemOptionSet) bool { return s.MenuItemOptionSetId == o.Set.MenuItemOptionSetId })
	set := &it.MenuItemOptionSets[i]
	set.MenuItemOptionSetItems = slices.Clone(set.MenuItemOptionSetItems)
	j := slices.IndexFunc(set.MenuItemOptionSetItems, func(o wire.MenuItemOptionSetItem) bool { return o.MenuItemOptionSetItemId == id })
	return it, &set.MenuItemOptionSetItems[j]
}

// eventOf makes the event about a changed menu; base holds the caller's address.
type eventOf func(menu *Menu, base wire.EventBase) wire.Event

// change applies an edit to a menu and appends its event in the same transaction. The edit may run again on a newer
// menu. Without an event nothing changed, and nothing is written. storeID is the store that the edit is for, 0 = all.
func (m *Menus) change(ctx context.Context, c *account.Caller, id, storeID int, edit func(d *draft, check *checker) (eventOf, error)) error {
	lock := &m.locks[uint(id)%uint(len(m.locks))]
	lock.Lock()
	defer lock.Unlock()
	for range changeTries {
		old, err := m.open(ctx, c, id, account.EditMenus, storeID)
		if err != nil {
			return err
		}
		if storeID == 0 {
			if err := m.reachesAll(ctx, c, old); err != nil {
				return err
			}
		}
		check, err := m.checker(ctx, old.Brand, id)
		if err != nil {
			return err
		}
		d := &draft{old, old.doc}
		make, err := edit(d, check)
		if err == nil {
			err = check.Err()
		}
		if err != nil || make == nil {
			return err
		}
		if err := m.write(ctx, c, d, make); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fault.Newf(fault.Conflict, "The menu %d is being changed by others at this moment.", id).With("Try again.")
}

// write stores the next version of a menu, errMoved when it is not the next one any more.
func (m *Menus) write(ctx context.Context, c *account.Caller, d *draft, make eventOf) error {
	brand, err := m.accounts.Brand(ctx, d.old.Brand)
	if err != nil {
		return err
	}
	d.doc.VersionNumber, d.doc.ModifiedTime = d.old.Version+1, wire.At(brand.Now())
	menu, rec, err := m.encode(brand, c, d.doc, d.old.ShowTax, make)
	if err != nil {
		return err
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlUpdateMenu, menu.ID, d.old.Version, menu.Name, clock.Micros(d.doc.ModifiedTime.Time), d.doc.Locked, d.doc.IsIntegrated, string(menu.bytes))
		if err != nil {
			return err
		}
		if n == 0 {
			return errMoved
		}
		m.log.Append(tx, rec)
		return nil
	})
	if err != nil {
		if errors.Is(err, errMoved) {
			return errMoved
		}
		return fmt.Errorf("menu: change %d: %w", menu.ID, err)
	}
	m.parsed.Add(menu.ID, menu)
	return nil
}

// reachesAll refuses a caller who has some stores only, when others than theirs sell from the menu, or none does.
func (m *Menus) reachesAll(ctx context.Context, c *account.Caller, menu *Menu) error {
	g, ok := c.GrantOn(menu.Brand)
	if !ok || g.Stores == nil {
		return nil
	}
	stores, err := m.stores.OfBrand(ctx, menu.Brand)
	if err != nil {
		return err
	}
	used := false
	for _, st := range stores {
		if st.MenuID == menu.ID {
			if used = true; !slices.Contains(g.Stores, st.ID) {
				return fault.Newf(fault.Forbidden, "Stores beyond your access sell from the menu %s as well.", menu.Name).
					With("Ask an owner of the brand, or give your stores a menu of their own.")
			}
		}
	}
	if !used {
		return wholeBrand(c, menu.Brand)
	}
	return nil
}
