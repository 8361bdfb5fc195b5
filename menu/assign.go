package menu

import (
	"context"
	"errors"
	"fmt"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// Assign makes a menu the one that a store sells from. Both must be of one brand, and every price must suit the store's
// currency.
func (m *Menus) Assign(ctx context.Context, c *account.Caller, storeID, menuID int) error {
	for range changeTries {
		menu, err := m.open(ctx, c, menuID, account.ReadMenus, 0)
		if err != nil {
			return err
		}
		st, err := m.stores.Get(ctx, c, storeID)
		if err != nil {
			return err
		}
		if st.Brand != menu.Brand {
			return notFound(menuID)
		}
		if err := menu.suits(st); err != nil {
			return err
		}
		if err := m.stores.AssignMenu(ctx, c, storeID, menuID, menu.Name, menu.hold); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fault.Newf(fault.Conflict, "The menu %d is being changed by others at this moment.", menuID).With("Try again.")
}

// hold locks the row of a menu as it was read, so that nobody deletes it and no other price comes into it before the
// transaction ends; errMoved when it is not as it was read any more.
func (m *Menu) hold(tx *db.Tx) error {
	n, err := tx.Exec(sqlHoldMenu, m.ID, m.Version)
	if err == nil && n == 0 {
		err = errMoved
	}
	return err
}

// suits refuses prices that the store's currency cannot express.
func (m *Menu) suits(st *store.Store) error {
	var faults fault.Collector
	check := func(id int, kind, name string, price wire.Decimal) {
		if _, err := money.Parse(price, st.Currency); err != nil {
			faults.Add(fmt.Sprintf("%s %d", kind, id), "the price of %s does not suit the store's currency: %s", name, err)
		}
	}
	for id, it := range m.byItem {
		check(id, "MenuItem", it.Name, it.Price)
	}
	for id, o := range m.byOption {
		check(id, "MenuItemOptionSetItem", o.Name, o.Price)
	}
	return faults.Err()
}
