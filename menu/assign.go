package menu

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// Assign makes a menu the one that a store sells from. Both must be of one brand, and every price must suit the store's
// currency.
func (m *Menus) Assign(ctx context.Context, c *account.Caller, storeID, menuID int) error {
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
	return m.stores.AssignMenu(ctx, c, storeID, menuID, menu.Name)
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
