package order

import (
	"context"
	"fmt"
	"time"

	"comanda/account"
	"comanda/customer"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/money"
	"comanda/store"
	"comanda/voucher"
	"comanda/wire"
)

// draft is a basket priced against a store and a menu at their versions.
type draft struct {
	store       *store.Store
	menu        *menu.Menu
	now         time.Time
	asked       asked
	picked      []chosen
	spent       money.Amount     // what the items cost, as [bill.spent] says
	zone        *store.Zone      // of a delivery whose place is known
	guest       *customer.Guest  // of a quote that does not say whose it is, nobody: ID 0
	voucher     *voucher.Voucher // nil = none
	total       total
	calculation Calculation
}

// draft prices a basket against store and menu as they are; Basket.check has been passed.
func (o *Orders) draft(ctx context.Context, brand account.Brand, b *Basket, placing bool) (*draft, error) {
	s, err := o.shop(ctx, brand, b.StoreId)
	if err != nil {
		return nil, err
	}
	if s.MenuID == 0 {
		return nil, fault.Newf(fault.Conflict, "%s has no menu yet.", s.Name).With("Come back when it has one.")
	}
	m, err := o.menus.Load(ctx, s.MenuID)
	if err != nil {
		return nil, err
	}
	return o.draftOf(ctx, s, m, brand, b, placing, false)
}

// remembered prices a basket for placing against store, menu and vouchers as this process saw them last. It is nil when they are not
// known, or when it would have to refuse: then they are asked for, because they may have moved. That they have moved
// although all seemed right is found out in the transaction.
func (o *Orders) remembered(ctx context.Context, brand account.Brand, b *Basket) *draft {
	s := o.stores.Cached(b.StoreId)
	if s == nil || !public(s, brand) {
		return nil
	}
	m := o.menus.Cached(s.MenuID)
	if m == nil {
		return nil
	}
	d, err := o.draftOf(ctx, s, m, brand, b, true, true)
	if err != nil {
		return nil
	}
	return d
}

func (o *Orders) draftOf(ctx context.Context, s *store.Store, m *menu.Menu, brand account.Brand, b *Basket, placing, remembered bool) (*draft, error) {
	d := &draft{store: s, menu: m, now: brand.Now()}
	var err error
	if d.asked, err = b.against(s, d.now, placing, o.phones); err != nil {
		return nil, err
	}
	if d.picked, err = pick(b, s, m, d.asked.when); err != nil {
		return nil, err
	}
	bill, err := billOf(s, m, d.picked, d.asked.tip)
	if err != nil {
		return nil, err
	}
	if b.sale != nil {
		b.sale.priced(&bill, d.picked)
	}
	bill.service = d.asked.service
	d.spent = bill.spent()
	if err := d.deliver(b, &bill); err != nil {
		return nil, err
	}
	find := o.customers.Known
	if placing {
		find = o.customers.Resolve
	}
	if d.guest, err = find(ctx, brand.ID, d.asked.contact()); err != nil {
		return nil, err
	}
	if b.sale == nil {
		if bill, err = o.redeem(ctx, brand, d, b, bill, remembered); err != nil {
			return nil, err
		}
	}
	if d.total, err = calculate(bill); err != nil {
		return nil, err
	}
	d.calculation = d.total.explain(&bill)
	if d.voucher != nil {
		d.calculation.Voucher = d.voucher.Summary(-d.total.voucher, s.Currency)
	}
	return d, d.judge(b, placing)
}

// kitchenAt is when the kitchen is to begin with the order: at once, or the lead time before the time it is wanted for.
func (d *draft) kitchenAt(dt wire.DeliveryType) time.Time {
	if !d.asked.preOrder {
		return d.now
	}
	return d.asked.when.Add(-d.store.LeadTime(dt))
}

// judge refuses what can be told only from the total.
func (d *draft) judge(b *Basket, placing bool) error {
	if b.sale != nil {
		return b.sale.agrees(d, d.menu.TaxIncluded)
	}
	if least := d.least(b); placing && d.spent < least {
		return fault.BadField("Items", "%s takes orders for %s from %s on, and these items cost %s; order more",
			d.store.Name, b.DeliveryType, sum(least, d.store.Currency), sum(d.spent, d.store.Currency))
	}
	if want := d.asked.expected; placing && want != nil && *want != d.total.amount {
		return &fault.Error{
			Kind: fault.Conflict,
			Message: fmt.Sprintf("The order costs %s now, not %s.",
				sum(d.total.amount, d.store.Currency), sum(*want, d.store.Currency)),
			Mend:   "Show the customer the new quote in Data, and order again with its Amount as ExpectedAmount.",
			Fields: []fault.Field{{Name: "ExpectedAmount", Message: "is not the Amount of the order"}},
			Data:   d.calculation,
		}
	}
	return nil
}

func noStore(id int) error {
	return &fault.Error{
		Kind: fault.NotFound, Message: fmt.Sprintf("There is no store %d that takes orders.", id),
		Mend:   "GET …/storefront/stores lists those that do.",
		Fields: []fault.Field{{Name: "StoreId", Message: "names no store that takes orders"}},
	}
}
