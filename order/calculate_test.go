package order

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

func groupsFor(t *rapid.T) []taxGroup {
	return []taxGroup{
		{}, {"Zero", 0}, {"Food", 135_000}, {"Standard", 230_000}, {"Odd", money.Rate(rapid.IntRange(1, 2_000_000).Draw(t, "odd rate"))},
	}
}

func drawBill(t *rapid.T) bill {
	groups := rapid.SampledFrom(groupsFor(t))
	amount := func(most int, label string) money.Amount { return money.Amount(rapid.IntRange(0, most).Draw(t, label)) }
	b := bill{
		currency:    rapid.SampledFrom([]string{"EUR", "JPY", "KWD"}).Draw(t, "currency"),
		taxIncluded: rapid.Bool().Draw(t, "tax included"),
		voucher:     amount(50_000, "voucher"),
		onDelivery:  rapid.Bool().Draw(t, "on delivery"),
		service:     money.Rate(rapid.IntRange(0, 300_000).Draw(t, "service")),
		serviceTax:  groups.Draw(t, "service tax"),
		delivery:    charge{amount(1_000, "delivery"), groups.Draw(t, "delivery tax")},
		processing:  amount(500, "processing"),
		tip:         amount(2_000, "tip"),
	}
	for range rapid.IntRange(1, 6).Draw(t, "entries") {
		e := entry{quantity: rapid.IntRange(1, 12).Draw(t, "quantity"), noDiscount: rapid.Bool().Draw(t, "no discount")}
		if rapid.Bool().Draw(t, "discounted") {
			e.itemDiscount = amount(3_000, "item discount")
		}
		for range rapid.IntRange(1, 4).Draw(t, "parts") {
			e.parts = append(e.parts, part{"x", amount(2_500, "price"), amount(25, "deposit"), groups.Draw(t, "tax")})
		}
		b.entries = append(b.entries, e)
	}
	return b
}

func TestTotalIsTheSumOfItsMembersAndOfItsLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBill(t)
		got, err := calculate(b)
		if err != nil {
			t.Fatal(err)
		}
		c := got.explain(&b)
		sumOf := func(ds ...wire.Decimal) money.Amount {
			var s money.Amount
			for _, d := range ds {
				a, err := money.Parse(d, b.currency)
				if err != nil {
					t.Fatal(err)
				}
				s += a
			}
			return s
		}
		if s := sumOf(c.OrderItemsAmount, c.VoucherAmount, c.ServiceChargeAmount, c.DeliveryAmount, c.ProcessingFee, c.TipAmount); s != got.amount {
			t.Fatalf("members sum to %d, amount is %d", s, got.amount)
		}
		var lines money.Amount
		for _, l := range c.Lines {
			lines += sumOf(l.Amount)
			if u := sumOf(l.UnitAmount); u*money.Amount(l.Quantity) != sumOf(l.Amount) {
				t.Fatalf("line %+v: unit times quantity is not its amount", l)
			}
		}
		if lines != got.amount {
			t.Fatalf("lines sum to %d, amount is %d", lines, got.amount)
		}
	})
}

func TestTaxOfTheUnitsSumsToTheGroupsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBill(t)
		b.service, b.delivery = 0, charge{} // so that all tax is the units'
		got, err := calculate(b)
		if err != nil {
			t.Fatal(err)
		}
		var units, groups money.Amount
		for _, e := range got.partTax {
			for _, u := range e {
				for _, tax := range u {
					units += tax
				}
			}
		}
		for _, g := range got.groups {
			groups += g.tax
			want := g.rate.Of(g.base)
			if b.taxIncluded {
				want = g.rate.In(g.base)
			}
			if g.tax != want {
				t.Fatalf("group %+v: rounded more than once, want %d", g, want)
			}
		}
		if units != groups || groups != got.tax {
			t.Fatalf("units carry %d, groups %d, total tax is %d", units, groups, got.tax)
		}
	})
}

func TestNothingIsEverNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBill(t)
		got, err := calculate(b)
		if err != nil {
			t.Fatal(err)
		}
		discounted := got.items
		if b.onDelivery {
			discounted += got.delivery
		}
		for name, a := range map[string]money.Amount{
			"items": got.items, "what the voucher is on after it": discounted + got.voucher, "service": got.service,
			"delivery": got.delivery, "amount": got.amount, "tax": got.tax, "amount less tax": got.amount - got.tax,
		} {
			if a < 0 {
				t.Fatalf("%s is %d", name, a)
			}
		}
		if got.voucher > 0 || -got.voucher > b.voucher {
			t.Fatalf("a voucher of %d takes off %d", b.voucher, got.voucher)
		}
		for _, e := range got.partTax {
			for _, u := range e {
				for _, tax := range u {
					if tax < 0 {
						t.Fatalf("a part's tax is %d", tax)
					}
				}
			}
		}
	})
}

// Regression elsewhere: 10 % on many units was off by cents, because each unit was rounded.
func TestTaxOnManyUnitsIsRoundedOnceOnTheOrder(t *testing.T) {
	b := bill{currency: "EUR", taxIncluded: true, entries: []entry{{quantity: 99, parts: []part{{"Samosa", 33, 0, taxGroup{"VAT", 100_000}}}}}}
	got, err := calculate(b)
	if err != nil || got.tax != 297 || got.amount != 3267 { // 32.67 × 10 ÷ 110 = 2.97; by unit 99 × 0.03 would be the same, so:
		t.Error(got.tax, got.amount, err)
	}
	b.entries[0].parts[0].price = 38 // by unit 99 × 0.03 = 2.97; on the order 37.62 × 10 ÷ 110 = 3.42
	if got, err = calculate(b); err != nil || got.tax != 342 {
		t.Error(got.tax, err)
	}
	var units money.Amount
	for _, u := range got.partTax[0] {
		units += u[0]
	}
	if units != 342 {
		t.Errorf("the units carry %d", units)
	}
}

func TestOrderOfApplication(t *testing.T) {
	food, drink := taxGroup{"Food", 135_000}, taxGroup{"Drink", 230_000}
	b := bill{
		currency: "EUR", taxIncluded: false, voucher: 500, service: 100_000, delivery: charge{amount: 250}, processing: 50, tip: 200,
		entries: []entry{
			{quantity: 2, parts: []part{{"Pizza", 1000, 0, food}, {"Olives", 150, 0, food}}},
			{quantity: 1, parts: []part{{"Cola", 300, 20, drink}}, noDiscount: true},
		},
	}
	got, err := calculate(b)
	if err != nil {
		t.Fatal(err)
	}
	// Items 2 × 11.50 + 3.00 = 26.00, deposit 0.20. Voucher 5.00 on the pizzas only: food base 18.00, drink base 3.00.
	// Service 10 % of 21.00 = 2.10. Tax 2.43 + 0.69. Items with deposit and tax: 26.00 + 0.20 + 3.12.
	want := total{items: 2932, voucher: -500, service: 210, delivery: 250, processing: 50, tip: 200, deposits: 20, tax: 312, amount: 3142}
	if got.items != want.items || got.voucher != want.voucher || got.service != want.service || got.delivery != want.delivery ||
		got.deposits != want.deposits || got.tax != want.tax || got.amount != want.amount {
		t.Errorf("got %+v", got)
	}
	kinds := []LineKind{LineItem, LineOption, LineItem, LineDeposit, LineVoucher, LineServiceCharge, LineDelivery, LineTax, LineTax, LineProcessingFee, LineTip}
	for i, l := range got.lines {
		if i >= len(kinds) || l.Kind != kinds[i] {
			t.Fatalf("line %d is %+v", i, l)
		}
	}
}

// A voucher on the delivery fee alone takes all of it, with its tax, and leaves the items and their service charge alone.
func TestAVoucherOnTheDeliveryFee(t *testing.T) {
	vat := taxGroup{"VAT", 200_000}
	b := bill{
		currency: "EUR", taxIncluded: true, voucher: 300, onDelivery: true, service: 100_000, delivery: charge{300, vat},
		entries: []entry{{quantity: 2, parts: []part{{"Pizza", 1000, 0, taxGroup{}}}, noDiscount: true}},
	}
	got, err := calculate(b)
	if err != nil || got.voucher != -300 || got.delivery != 300 || got.items != 2000 || got.service != 200 || got.tax != 0 || got.amount != 2200 {
		t.Errorf("%+v, %v", got, err)
	}
	b.voucher, b.entries[0].noDiscount = 460, false // a fifth of 23.00: 4.00 of the items, 0.60 of the fee
	if got, err = calculate(b); err != nil || got.voucher != -460 || got.service != 160 || got.tax != 40 || got.amount != 2000+300-460+160 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTotalBeyondTheLargestAmountIsRefused(t *testing.T) {
	b := bill{currency: "EUR", entries: []entry{{quantity: 99, parts: []part{{"Gold", money.Max, 0, taxGroup{}}}}}}
	if _, err := calculate(b); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// The lines of a calculation say all that it was made from.
func TestCalculationIsMadeAgainFromItsLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBill(t)
		once, err := calculate(b)
		if err != nil {
			t.Fatal(err)
		}
		c := once.explain(&b)
		a := adder{currency: b.currency}
		again := a.bill(&c)
		twice, err := calculate(again)
		if err != nil || a.err != nil {
			t.Fatal(err, a.err)
		}
		if got := twice.explain(&again); !reflect.DeepEqual(got, c) {
			t.Fatalf("%+v\n%+v", got, c)
		}
	})
}
