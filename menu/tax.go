package menu

import (
	"context"
	"fmt"
	"slices"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// SetTaxType says whether prices include tax.
func (m *Menus) SetTaxType(ctx context.Context, c *account.Caller, at Part, t wire.TaxType) error {
	return m.editMenu(ctx, c, scope{Part: at}, func(d *draft, check *checker) (string, error) {
		d.doc.TaxType = oneOf(check, "type", &t, t)
		if t == wire.TaxTypeIncludedInBasePrice {
			return "made the prices with tax of", nil
		}
		return "made the prices without tax of", nil
	})
}

// SetShowTax says whether diners see tax on the menu.
func (m *Menus) SetShowTax(ctx context.Context, c *account.Caller, at Part, show bool) error {
	return m.editMenu(ctx, c, scope{Part: at}, func(d *draft, _ *checker) (string, error) {
		d.showTax = show
		if show {
			return "showed the tax on", nil
		}
		return "hid the tax on", nil
	})
}

// PutTaxRate changes the tax rate of the request's TaxRateId, also for what is taxed by it, or makes one when that is
// absent or 0.
func (m *Menus) PutTaxRate(ctx context.Context, c *account.Caller, at Part, in wire.MenuTaxRate) (out wire.MenuTaxRate, err error) {
	err = m.editMenu(ctx, c, scope{Part: at}, func(d *draft, check *checker) (string, error) {
		id := wire.V(in.TaxRateId)
		if id != 0 && d.old.rates[id] == nil {
			return "", noRate(d.old, id)
		}
		for _, r := range d.old.rates {
			if r.ID != id {
				check.rates[r.Name] = true
			}
		}
		out = check.taxRate("", wire.CreateMenuTaxRate{Name: in.Name, Rate: in.Rate})
		if err := check.Err(); err != nil {
			return "", err
		}
		d.doc.TaxRates = slices.Clone(d.doc.TaxRates)
		if id == 0 {
			if err := room("The menu", "tax rates", len(d.doc.TaxRates), 1, maxTaxRates); err != nil {
				return "", err
			}
			if id, err = m.db.NextID(ctx, "menu_entities"); err != nil {
				return "", err
			}
			out.TaxRateId = &id
			d.doc.TaxRates = append(d.doc.TaxRates, out)
			d.touch(id)
			return fmt.Sprintf("added the tax rate %s to", *out.Name), nil
		}
		out.TaxRateId = &id
		d.touch(id)
		d.doc.TaxRates[slices.IndexFunc(d.doc.TaxRates, func(r wire.MenuTaxRate) bool { return wire.V(r.TaxRateId) == id })] = out
		for item, it := range d.old.byItem {
			if wire.V(it.TaxRateId) == id {
				edited := d.item(item)
				edited.TaxRateName, edited.TaxValue = *out.Name, *out.Rate
			}
		}
		for option, o := range d.old.byOption {
			if wire.V(o.TaxRateId) == id {
				_, edited := d.option(option)
				edited.TaxRateName, edited.TaxValue = *out.Name, *out.Rate
			}
		}
		return fmt.Sprintf("changed the tax rate %s of", *out.Name), nil
	})
	return out, err
}

// DeleteTaxRate removes a tax rate that nothing is taxed by: what is sold without tax by an oversight is owed all the same.
func (m *Menus) DeleteTaxRate(ctx context.Context, c *account.Caller, at Part, id int) error {
	return m.editMenu(ctx, c, scope{Part: at}, func(d *draft, _ *checker) (string, error) {
		old := d.old.rates[id]
		if old == nil {
			return "", noRate(d.old, id)
		}
		used := 0
		for _, it := range d.old.byItem {
			if wire.V(it.TaxRateId) == id {
				used++
			}
		}
		for _, o := range d.old.byOption {
			if wire.V(o.TaxRateId) == id {
				used++
			}
		}
		if used > 0 {
			return "", fault.Newf(fault.Conflict, "%d items and options are taxed by %s.", used, old.Name).With("Give them another tax rate first.")
		}
		d.touch(id)
		d.doc.TaxRates = slices.DeleteFunc(slices.Clone(d.doc.TaxRates), func(r wire.MenuTaxRate) bool { return wire.V(r.TaxRateId) == id })
		return fmt.Sprintf("deleted the tax rate %s of", old.Name), nil
	})
}

// SetItemTax taxes an item by one of the menu's rates, or by none when it is 0.
func (m *Menus) SetItemTax(ctx context.Context, c *account.Caller, at Part, rate int) error {
	return m.editItem(ctx, c, scope{Part: at}, func(d *draft, _ *checker, it *wire.MenuSectionItem) (did string, err error) {
		it.TaxRateId, it.TaxRateName, it.TaxValue, err = d.old.rate(rate)
		return "changed the tax rate of", err
	})
}

// SetOptionTax taxes an option by one of the menu's rates, or as its item when it is 0.
func (m *Menus) SetOptionTax(ctx context.Context, c *account.Caller, at Part, rate int) error {
	return m.editOption(ctx, c, scope{Part: at}, func(d *draft, _ *checker, o *wire.MenuItemOptionSetItem) (did string, err error) {
		o.TaxRateId, o.TaxRateName, o.TaxValue, err = d.old.rate(rate)
		return "changed the tax rate of", err
	})
}

// rate is a tax rate as what is taxed by it has it.
func (m *Menu) rate(id int) (*int, string, wire.Decimal, error) {
	if id == 0 {
		return nil, "", "", nil
	}
	r := m.rates[id]
	if r == nil {
		return nil, "", "", noRate(m, id)
	}
	return &r.ID, r.Name, r.Percent, nil
}

func noRate(m *Menu, id int) error {
	return fault.Newf(fault.NotFound, "The menu %d has no tax rate %d.", m.ID, id)
}
