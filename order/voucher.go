package order

import (
	"context"
	"slices"
	"strings"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/money"
	"comanda/voucher"
	"comanda/wire"
)

// redeem puts a voucher on the bill of a draft: that of the basket's code, else the best of those that are applied without
// a code. A code that does not hold is refused; without one the diner is told nothing of vouchers that do not.
func (o *Orders) redeem(ctx context.Context, brand account.Brand, d *draft, b *Basket, bill bill, remembered bool) (bill, error) {
	basket := voucher.Basket{
		Now: d.now, When: d.asked.when, Store: d.store, Delivery: b.DeliveryType, Channel: wire.ChannelRestrictionsWeb, Spent: bill.spent(),
	}
	if b.Payment != nil {
		basket.Payment = map[PaymentMethod]voucher.Payment{Cash: voucher.Cash, Card: voucher.Online}[b.Payment.Method]
	}
	if code := strings.TrimSpace(wire.V(b.VoucherCode)); code != "" {
		var v *voucher.Voucher
		if remembered {
			v = o.vouchers.Remembered(brand.ID, code)
		}
		if v == nil {
			var err error
			if v, err = o.vouchers.ByCode(ctx, brand.ID, code); err != nil {
				return bill, err
			}
		}
		if v == nil {
			return bill, voucher.Unknown(code)
		}
		with, err := o.with(ctx, v, d, basket, bill)
		if err == nil {
			d.voucher = v
		}
		return with, err
	}
	all, err := o.vouchers.Automatic(ctx, brand, remembered)
	if err != nil {
		return bill, err
	}
	best := bill
	for _, v := range all {
		if d.guest.ID == 0 && v.Personal() {
			continue // of a quote nobody knows whose it is
		}
		with, err := o.with(ctx, v, d, basket, bill)
		switch {
		case fault.KindOf(err) != fault.Internal: // it does not hold
		case err != nil:
			return bill, err
		case d.voucher == nil, v.Priority() && !d.voucher.Priority(), v.Priority() == d.voucher.Priority() && with.voucher > best.voucher:
			d.voucher, best = v, with
		}
	}
	return best, nil
}

// with is a bill with a voucher on it, or why the voucher does not hold.
func (o *Orders) with(ctx context.Context, v *voucher.Voucher, d *draft, basket voucher.Basket, bill bill) (bill, error) {
	if d.guest.ID != 0 && v.Personal() {
		err := o.db.Read(ctx, func(tx *db.Tx) error { return o.entitled(tx, v, d.store.Brand, d.guest.ID) })
		if err != nil {
			return bill, err
		}
	}
	if err := v.Fits(basket); err != nil {
		return bill, err
	}
	if !v.OnItems() && basket.Delivery == wire.DeliveryTypeDelivery && d.zone == nil {
		return bill, fault.BadField(fieldPlace, "say where the delivery goes: the voucher takes the fee off, and there is none yet")
	}
	return discounted(v, d.menu, d.picked, bill)
}

// entitled is nil when a customer may use a voucher now, else why not.
func (o *Orders) entitled(tx *db.Tx, v *voucher.Voucher, brand, customer int) error {
	if err := o.vouchers.MayUse(tx, v, customer); err != nil {
		return err
	}
	return firstOrder(tx, v, brand, customer)
}

// firstOrder is nil unless a voucher is for a customer's first order and they have one that stands.
func firstOrder(tx *db.Tx, v *voucher.Voucher, brand, customer int) error {
	refused := v.FirstOrderOnly()
	if refused == nil {
		return nil
	}
	var n int
	if err := tx.QueryRow(sqlCountOfCustomer, brand, customer).Scan(&n); err != nil || n == 0 {
		return err
	}
	return refused
}

// discounted is a bill with a voucher on what it applies to.
func discounted(v *voucher.Voucher, m *menu.Menu, picked []chosen, b bill) (bill, error) {
	b.entries = slices.Clone(b.entries)
	var base money.Amount
	if awards := v.Awards(); awards != nil {
		dish := -1
		for i := range picked {
			if price := b.entries[i].dish(picked[i]); slices.Contains(awards, picked[i].item.PublicId) && (dish < 0 || price > base) {
				dish, base = i, price
			}
		}
		if dish < 0 {
			return b, v.NotHere(namesOf(m, awards))
		}
		for i := range b.entries {
			b.entries[i].noDiscount = i != dish
		}
	} else {
		for i := range b.entries {
			e := &b.entries[i]
			e.noDiscount = !v.OnItems() || e.noDiscount && !v.OnAll()
			if !e.noDiscount {
				base += e.net() * money.Amount(e.quantity)
			}
		}
		if v.OnDelivery() {
			b.onDelivery = true
			base += b.delivery.amount
		}
	}
	if b.voucher = v.Off(base); b.voucher == 0 {
		return b, v.Nothing()
	}
	return b, nil
}

// dish is the price of one unit without the options that come on top.
func (e *entry) dish(c chosen) money.Amount {
	price := e.parts[0].price
	for i, o := range c.options {
		if o.Set.IsMasterOptionSet {
			price += e.parts[i+1].price
		}
	}
	return price
}

// net is the price of one unit with its options, less its own discount.
func (e *entry) net() (price money.Amount) {
	for _, p := range e.parts {
		price += p.price
	}
	return price - min(e.itemDiscount, price)
}

// spent is what the items cost with their options, less their own discounts, without deposits.
func (b *bill) spent() (sum money.Amount) {
	for i := range b.entries {
		sum += b.entries[i].net() * money.Amount(b.entries[i].quantity)
	}
	return sum
}

func namesOf(m *menu.Menu, ids []wire.UUID) (out []string) {
	for _, id := range ids {
		if it := m.Item(id); it != nil {
			out = append(out, it.Name)
		}
	}
	return out
}

// take takes the use of a draft's voucher in the transaction that places the order; false: draw the order up again.
func (o *Orders) take(tx *db.Tx, p *placing) (bool, error) {
	d := p.draft
	v := d.voucher
	if v == nil {
		return true, nil
	}
	took, err := o.vouchers.Take(tx, voucher.Use{
		Voucher: v, Order: p.id, Customer: p.draft.guest.ID, Discount: -d.total.voucher, Amount: d.total.amount, Time: d.now,
	})
	if err != nil || !took {
		return false, err
	}
	err = firstOrder(tx, v, p.brand.ID, p.draft.guest.ID)
	if fault.KindOf(err) == fault.Conflict {
		return false, nil
	}
	return err == nil, err
}
