package menu

import (
	"context"
	"fmt"
	"slices"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Get returns one menu.
func (m *Menus) Get(ctx context.Context, c *account.Caller, id int) (*Menu, error) {
	return m.open(ctx, c, id, account.ReadMenus, 0)
}

// open loads a menu for a caller who needs a right on it, at a store or (0) at none in particular. The store must be one
// of the menu's brand.
func (m *Menus) open(ctx context.Context, c *account.Caller, id int, r account.Right, storeID int) (*Menu, error) {
	menu, err := m.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	err = c.Require(r, menu.Brand, 0)
	if fault.KindOf(err) == fault.NotFound {
		return nil, notFound(id)
	}
	if err != nil || storeID == 0 {
		return menu, err
	}
	missing := fault.Newf(fault.NotFound, "The brand of the menu has no store %d within your reach.", storeID)
	st, err := m.stores.Load(ctx, storeID)
	if fault.KindOf(err) == fault.NotFound || err == nil && st.Brand != menu.Brand {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	err = c.Require(r, menu.Brand, storeID)
	if fault.KindOf(err) == fault.NotFound {
		return nil, missing
	}
	return menu, err
}

// ByApp lists a brand's menus in short, by id. MenuUrl is left to the door.
func (m *Menus) ByApp(ctx context.Context, c *account.Caller, appID string) ([]wire.MenuSummary, error) {
	brand, err := m.accounts.Open(ctx, c, appID, account.ReadMenus)
	if err != nil {
		return nil, err
	}
	stores, err := m.stores.OfBrand(ctx, brand.ID)
	if err != nil {
		return nil, err
	}
	var out []wire.MenuSummary
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		out = []wire.MenuSummary{}
		rows, err := tx.Query(sqlBrandMenus, brand.ID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			s := wire.MenuSummary{StoreNames: []string{}}
			var modified int64
			if err := rows.Scan(&s.MenuId, &s.Name, &s.VersionNumber, &modified, &s.Locked, &s.IsIntegrated); err != nil {
				return err
			}
			s.ModifiedTime = wire.At(clock.FromMicros(modified))
			for _, st := range stores {
				if st.MenuID == s.MenuId {
					s.StoreNames = append(s.StoreNames, st.Name)
				}
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("menu: list: %w", err)
	}
	return out, nil
}

// StoreNames are the names of the stores that sell from a menu.
func (m *Menus) StoreNames(ctx context.Context, c *account.Caller, id int) ([]string, error) {
	menu, err := m.Get(ctx, c, id)
	if err != nil {
		return nil, err
	}
	stores, err := m.stores.OfBrand(ctx, menu.Brand)
	out := []string{}
	for _, st := range stores {
		if st.MenuID == id {
			out = append(out, st.Name)
		}
	}
	return out, err
}

// Section finds a section by its numeric id.
func (m *Menu) Section(id int) (*Section, error) {
	if s := m.bySect[id]; s != nil {
		return s, nil
	}
	return nil, fault.Newf(fault.NotFound, "The menu %d has no section %d.", m.ID, id).With("Numeric ids change; look it up again by its PublicId.")
}

// Item finds an item of the section by its numeric id.
func (s *Section) Item(id int) (*Item, error) {
	for _, it := range s.Items {
		if it.MenuItemId == id {
			return it, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "The section %d has no item %d.", s.MenuSectionId, id).With("Numeric ids change; look it up again by its PublicId.")
}

// Set finds an option set of the item by its numeric id.
func (it *Item) Set(id int) (*OptionSet, error) {
	for _, set := range it.Sets {
		if set.MenuItemOptionSetId == id {
			return set, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "The item %d has no option set %d.", it.MenuItemId, id).With("Numeric ids change; look it up again by its PublicId.")
}

// Option finds an option of the set by its numeric id.
func (set *OptionSet) Option(id int) (*Option, error) {
	for _, o := range set.Options {
		if o.MenuItemOptionSetItemId == id {
			return o, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "The option set %d has no option %d.", set.MenuItemOptionSetId, id).With("Numeric ids change; look it up again by its PublicId.")
}

// TaxDetails are the menu's tax rates and which item and option has which.
func (m *Menu) TaxDetails() wire.MenuTaxDetails {
	out := wire.MenuTaxDetails{
		TaxRates: m.doc.TaxRates, DisplayTax: m.ShowTax, TaxType: m.doc.TaxType, ItemTaxes: map[string]int{}, SetItemTaxes: map[string]int{},
	}
	for id, it := range m.byItem {
		if it.TaxRateId != nil {
			out.ItemTaxes[fmt.Sprint(id)] = *it.TaxRateId
		}
	}
	for id, o := range m.byOption {
		if o.TaxRateId != nil {
			out.SetItemTaxes[fmt.Sprint(id)] = *o.TaxRateId
		}
	}
	return out
}

// ByAvailability lists the items and options that are (or are not) available, those of one name together, in menu order.
func (m *Menu) ByAvailability(available bool) []wire.MenuElementListResponse {
	out := []wire.MenuElementListResponse{}
	add := func(name string, id int, kind wire.MenuElementType, is bool) {
		if is != available {
			return
		}
		i := slices.IndexFunc(out, func(e wire.MenuElementListResponse) bool { return e.MenuElementName == name })
		if i < 0 {
			i = len(out)
			out = append(out, wire.MenuElementListResponse{MenuName: m.Name, MenuElementName: name, IsAvailable: available})
		}
		out[i].InstanceCount++
		out[i].Items = append(out[i].Items, wire.MenuElementListItemResponse{MenuElementId: id, MenuElementType: kind})
	}
	for _, s := range m.sections {
		for _, it := range s.Items {
			add(it.Name, it.MenuItemId, wire.MenuElementTypeItem, it.IsAvailable)
			for _, set := range it.Sets {
				for _, o := range set.Options {
					add(o.Name, o.MenuItemOptionSetItemId, wire.MenuElementTypeOptionSetItem, o.IsAvailable)
				}
			}
		}
	}
	return out
}
