package order

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/internal/fault"
	"comanda/menu"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// chosen is one entry of the basket found on the menu.
type chosen struct {
	item     *menu.Item
	options  []*menu.Option // in the order in which the item offers them
	quantity int
}

// pick finds the basket's entries on the menu and enforces what the menu says about them. Wrong entries are one Invalid
// fault with all their fields; entries that are right but not available at t are a Conflict, because the menu that the
// diner saw has moved.
func pick(b *Basket, s *store.Store, m *menu.Menu, t time.Time) ([]chosen, error) {
	var wrong fault.Collector
	var gone []fault.Field
	out := make([]chosen, 0, len(b.Items))
	for i := range b.Items {
		name := at("Items[%d]", i)
		it := m.Item(canonical(b.Items[i].MenuItemPublicId))
		if it == nil {
			wrong.Add(name+".MenuItemPublicId", "the menu of store %d has no such item; read the menu again", s.ID)
			continue
		}
		options, off := pickOptions(&wrong, name, it, b.Items[i].Options)
		if !it.Orderable(t, s.Location()) {
			off = append(off, it.Name)
		}
		for _, o := range off {
			gone = append(gone, fault.Field{Name: name, Message: fmt.Sprintf("%s is not available at that time; take it out of the order", o)})
		}
		out = append(out, chosen{it, options, b.Items[i].Quantity})
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if len(gone) > 0 {
		return nil, &fault.Error{Kind: fault.Conflict, Message: gone[0].Name + ": " + gone[0].Message, Fields: gone}
	}
	return out, nil
}

// pickOptions finds the options of one entry, walks the item's option sets as a diner would, and returns the names of
// options that are not available.
func pickOptions(wrong *fault.Collector, name string, it *menu.Item, want []BasketOption) (out []*menu.Option, off []string) {
	taken := map[*menu.OptionSet][]*menu.Option{}
	for k, w := range want {
		field := fmt.Sprintf("%s.Options[%d].MenuItemOptionPublicId", name, k)
		o := optionOf(it, w.MenuItemOptionPublicId)
		switch {
		case o == nil:
			wrong.Add(field, "%s has no such option; read the menu again", it.Name)
			return nil, nil
		case slices.Contains(taken[o.Set], o):
			wrong.Add(field, "%s is chosen twice; name an option once", o.Name)
			return nil, nil
		}
		taken[o.Set] = append(taken[o.Set], o)
		if !o.IsAvailable {
			off = append(off, o.Name)
		}
	}
	walked := walk(it, func(set *menu.OptionSet) []*menu.Option { return taken[set] })
	for _, set := range it.Sets {
		have := taken[set]
		if !slices.Contains(walked, set) {
			if len(have) > 0 {
				wrong.Add(name+".Options", "%s is not offered together with the other options of %s", have[0].Name, it.Name)
			}
			continue
		}
		if n := len(have); n < set.MinSelectCount || n > set.MaxSelectCount {
			wrong.Add(name+".Options", "%s: choose %s of %q, not %d", it.Name, span(set), set.Name, n)
		}
		slices.SortStableFunc(have, func(a, b *menu.Option) int { return a.DisplayOrder - b.DisplayOrder })
		out = append(out, have...)
	}
	return out, off
}

// canonical is a UUID as menus keep it: clients may write it in capitals.
func canonical(id wire.UUID) wire.UUID { return wire.UUID(strings.ToLower(string(id))) }

func optionOf(it *menu.Item, public wire.UUID) *menu.Option {
	public = canonical(public)
	for _, set := range it.Sets {
		for _, o := range set.Options {
			if o.PublicId == public {
				return o
			}
		}
	}
	return nil
}

// walk lists the option sets that a diner passes: from the first one on, each time to where a chosen option leads, else to
// the next one. Sets that are jumped over are not offered. A circle ends where it closes. take says what is chosen of a set.
func walk(it *menu.Item, take func(*menu.OptionSet) []*menu.Option) []*menu.OptionSet {
	var out []*menu.OptionSet
	for i := 0; i >= 0 && i < len(it.Sets) && !slices.Contains(out, it.Sets[i]); {
		set := it.Sets[i]
		out = append(out, set)
		i++
		for _, o := range take(set) {
			if o.NextMenuItemOptionSetId != nil {
				i = slices.Index(it.Sets, o.Next())
				break
			}
		}
	}
	return out
}

// span words a set's bounds: "2", "1 to 3".
func span(set *menu.OptionSet) string {
	if set.MinSelectCount == set.MaxSelectCount {
		return strconv.Itoa(set.MinSelectCount)
	}
	return fmt.Sprintf("%d to %d", set.MinSelectCount, set.MaxSelectCount)
}

// billOf makes the bill of what was chosen, with the prices of the menu in the store's currency.
func billOf(s *store.Store, m *menu.Menu, picked []chosen, tip money.Amount) (bill, error) {
	b := bill{currency: s.Currency, taxIncluded: m.TaxIncluded, tip: tip, entries: make([]entry, len(picked))}
	for i, c := range picked {
		e := entry{quantity: c.quantity, noDiscount: c.item.ExcludeFromVoucherDiscounting || c.item.DisableVouchers}
		e.parts = make([]part, 0, 1+len(c.options))
		p, err := partOf(s.Currency, c.item.Name, c.item.BasePrice(), c.item.DepositReturnFee, c.item.Tax)
		if err != nil {
			return b, unsellable(i, err)
		}
		e.parts = append(e.parts, p)
		for _, o := range c.options {
			if p, err = partOf(s.Currency, o.Name, o.Price, o.DepositReturnFee, o.Tax); err != nil {
				return b, unsellable(i, err)
			}
			e.parts = append(e.parts, p)
		}
		b.entries[i] = e
	}
	return b, nil
}

func partOf(currency, name string, price wire.Decimal, deposit *wire.Decimal, tax *menu.TaxRate) (p part, err error) {
	p.name = name
	if p.price, err = money.Parse(price, currency); err != nil {
		return p, fmt.Errorf("the price of %s: %w", name, err)
	}
	if p.deposit, err = money.Parse(wire.V(deposit), currency); err != nil {
		return p, fmt.Errorf("the deposit of %s: %w", name, err)
	}
	if p.price < 0 || p.deposit < 0 {
		return p, fmt.Errorf("the price of %s is below zero", name)
	}
	if tax != nil {
		p.tax.name = tax.Name
		if p.tax.rate, err = money.ParseRate(tax.Percent); err != nil {
			return p, fmt.Errorf("the tax rate of %s: %w", name, err)
		}
	}
	return p, nil
}

// unsellable is a fault of the menu, not of the diner: the item cannot be sold in this store as it stands.
func unsellable(i int, err error) error {
	return &fault.Error{
		Kind: fault.Conflict, Message: "This item cannot be sold here: " + err.Error() + ".",
		Mend:   "Take it out of the order, and tell the store, who must correct the menu.",
		Fields: []fault.Field{{Name: at("Items[%d]", i), Message: err.Error()}},
	}
}

// pretty joins the parts of an address that are there.
func pretty(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
