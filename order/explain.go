package order

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"comanda/account"
	"comanda/money"
	"comanda/wire"
)

// Explain returns how an order's total came about, the stored bytes of a [Calculation]. The caller needs ReadOrders.
func (o *Orders) Explain(ctx context.Context, caller *account.Caller, appID string, id int) ([]byte, error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.ReadOrders)
	if err != nil {
		return nil, err
	}
	r, err := o.read(ctx, caller, id)
	if err == nil && r.brand != brand.ID {
		err = missing(id)
	}
	if err != nil {
		return nil, err
	}
	return r.calculation, nil
}

// Verify recomputes what an order costs from what is stored of it, and returns what does not agree; nil when all does. The
// caller needs ReadOrders.
func (o *Orders) Verify(ctx context.Context, caller *account.Caller, id int) error {
	r, err := o.read(ctx, caller, id)
	if err != nil {
		return err
	}
	if err := r.verify(); err != nil {
		return fmt.Errorf("order %d: %w", id, err)
	}
	return nil
}

// verify calculates the order again from the lines of its calculation, and adds up what its document says.
func (r *row) verify() error {
	var c Calculation
	doc := new(wire.Order)
	if err := errors.Join(json.Unmarshal(r.calculation, &c), json.Unmarshal(r.doc, doc)); err != nil {
		return err
	}
	a := adder{currency: r.currency}
	b := a.bill(&c)
	if a.err != nil {
		return a.err
	}
	t, err := calculate(b)
	if err != nil {
		return err
	}
	again := t.explain(&b)
	again.Voucher = c.Voucher
	raw, err := json.Marshal(again)
	if err != nil {
		return err
	}
	if !bytes.Equal(raw, r.calculation) {
		return fmt.Errorf("its lines come to %s, and what is stored is %s", raw, r.calculation)
	}
	a.document(doc, &t)
	a.equal("Amount of the row", r.amount, doc.Amount)
	a.equal("refunds", r.refunded, wire.V(doc.RefundedAmount))
	if r.refunded > r.refundable || r.refundable > r.amount {
		a.fail("%d of %d were refunded, where %d may be", r.refunded, r.amount, r.refundable)
	}
	return a.err
}

// adder adds up amounts of a document and keeps what does not agree.
type adder struct {
	currency string
	err      error
}

func (a *adder) fail(format string, args ...any) {
	a.err = errors.Join(a.err, fmt.Errorf(format, args...))
}

func (a *adder) amount(d wire.Decimal) money.Amount {
	v, err := money.Parse(d, a.currency)
	if err != nil {
		a.fail("%w", err)
	}
	return v
}

func (a *adder) equal(what string, want money.Amount, d wire.Decimal) {
	if got := a.amount(d); got != want {
		a.fail("%s: %s, and it comes to %s", what, got.Fixed(a.currency), want.Fixed(a.currency))
	}
}

func (a *adder) tax(t *AppliedTax) (g taxGroup) {
	if t == nil {
		return g
	}
	rate, err := money.ParseRate(t.Rate)
	if err != nil {
		a.fail("%w", err)
	}
	return taxGroup{t.Name, rate}
}

// bill is what a calculation was made from. An option that costs nothing has no line, and changes nothing.
func (a *adder) bill(c *Calculation) bill {
	b := bill{currency: a.currency, taxIncluded: c.TaxIncluded, voucher: -a.amount(c.VoucherAmount)}
	var err error
	if b.service, err = money.ParseRate(c.ServiceChargePercentage); err != nil {
		a.fail("%w", err)
	}
	for _, l := range c.Lines {
		each := a.amount(l.UnitAmount)
		last := func() *entry { return &b.entries[len(b.entries)-1] }
		switch l.Kind {
		case LineItem:
			b.entries = append(b.entries, entry{
				quantity: l.Quantity, noDiscount: l.NoVoucher, parts: []part{{name: l.Name, price: each, tax: a.tax(l.Tax)}},
			})
			continue
		case LineServiceCharge:
			b.serviceTax = a.tax(l.Tax)
			continue
		case LineDelivery:
			b.delivery, b.onDelivery = charge{each, a.tax(l.Tax)}, !l.NoVoucher
			continue
		case LineProcessingFee:
			b.processing = each
			continue
		case LineTip:
			b.tip = each
			continue
		case LineVoucher, LineTax: // they follow from the others
			continue
		}
		if len(b.entries) == 0 {
			a.fail("a line %s before the first item", l.Kind)
			continue
		}
		switch l.Kind {
		case LineOption:
			last().parts = append(last().parts, part{name: l.Name, price: each, tax: a.tax(l.Tax)})
		case LineItemDiscount:
			last().itemDiscount = -each
		case LineDeposit:
			last().parts[0].deposit = each
		default:
			a.fail("a line of the unknown kind %s", l.Kind)
		}
	}
	return b
}

// document adds up an order as the contract shows it, item by item, and compares it with its total.
func (a *adder) document(o *wire.Order, t *total) {
	var price, deposit, tax, lines money.Amount
	for _, it := range o.OrderItems {
		unit := a.amount(it.Price)
		deposit += a.amount(wire.V(it.DepositReturnFee))
		tax += a.amount(it.TaxAmount)
		for _, op := range it.OrderItemOptions {
			unit += a.amount(op.Price)
			deposit += a.amount(wire.V(op.DepositReturnFee))
			tax += a.amount(op.TaxAmount)
		}
		a.equal(it.Name, unit, it.PriceIncludingOptionSetItems)
		price += unit
	}
	for _, l := range t.lines {
		if l.Kind == LineItem || l.Kind == LineOption {
			lines += a.amount(l.Amount)
		}
	}
	if price != lines {
		a.fail("the items come to %d, and the calculation has %d", price, lines)
	}
	var taxes money.Amount
	for _, units := range t.partTax {
		for _, parts := range units {
			for _, share := range parts {
				taxes += share
			}
		}
	}
	if tax != taxes {
		a.fail("the items carry a tax of %d, and the calculation has %d", tax, taxes)
	}
	voucher := wire.Decimal("0")
	if o.Voucher != nil {
		voucher = o.Voucher.Amount
	}
	var rates money.Amount
	for _, g := range o.TaxItems {
		rates += a.amount(g.Amount)
	}
	for _, m := range []struct {
		name  string
		total money.Amount
		said  wire.Decimal
	}{
		{"OrderItemsAmount", t.items, o.OrderItemsAmount},
		{"Voucher", t.voucher, voucher},
		{"ServiceChargeAmount", t.service, o.ServiceChargeAmount},
		{"DeliveryAmount", t.delivery, o.DeliveryAmount},
		{"ProcessingFee", t.processing, o.ProcessingFee},
		{"TipAmount", t.tip, o.TipAmount},
		{"Amount", t.amount, o.Amount},
		{"TotalTax", t.tax, o.TotalTax},
		{"TaxItems", t.tax, rates.Decimal(a.currency)},
		{"TotalDepositReturnFeeAmount", t.deposits, o.TotalDepositReturnFeeAmount},
		{"deposits of the items", deposit, o.TotalDepositReturnFeeAmount},
		{"the sum of the amounts", a.amount(o.OrderItemsAmount) + a.amount(voucher) + a.amount(o.ServiceChargeAmount) +
			a.amount(o.DeliveryAmount) + a.amount(o.ProcessingFee) + a.amount(o.TipAmount), o.Amount},
	} {
		a.equal(m.name, m.total, m.said)
	}
}
