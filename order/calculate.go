package order

import (
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// taxGroup is a tax rate as receipts list it. The zero group is "not taxed".
type taxGroup struct {
	name string
	rate money.Rate
}

// part is one priced thing of a unit: the item itself, or one of its options.
type part struct {
	name    string
	price   money.Amount // ≥ 0
	deposit money.Amount // ≥ 0, charged on top, neither discounted nor taxed
	tax     taxGroup
}

// entry is one line of the basket: quantity equal units, each of the same parts, the item first.
type entry struct {
	quantity     int
	parts        []part
	noDiscount   bool         // the order's voucher does not apply to it
	itemDiscount money.Amount // per unit, ≥ 0; cut at the unit's price
}

// charge is an addition to the order as a whole.
type charge struct {
	amount money.Amount // ≥ 0
	tax    taxGroup
}

// bill is all that a total depends on.
type bill struct {
	currency    string
	taxIncluded bool // the menu's prices include tax
	entries     []entry
	voucher     money.Amount // what the voucher takes off, ≥ 0; cut at what it applies to
	onDelivery  bool         // the voucher takes its share of the delivery fee too
	service     money.Rate   // service charge on the discounted items
	serviceTax  taxGroup
	delivery    charge
	processing  money.Amount // the online ordering fee, tax included; on cash orders only
	tip         money.Amount
}

// total is a bill calculated, in minor units. Its money members sum so that
// amount = items + voucher + service + delivery + processing + tip, where voucher is negative or zero.
type total struct {
	items      money.Amount // with deposits, less item discounts; with the excluded tax, for a menu that excludes it
	voucher    money.Amount
	service    money.Amount
	delivery   money.Amount
	processing money.Amount
	tip        money.Amount
	amount     money.Amount
	deposits   money.Amount
	tax        money.Amount
	groups     []groupTotal
	prices     [][]money.Amount   // by entry and part
	partTax    [][][]money.Amount // by entry, unit, part: shares of the groups' tax
	lines      []Line
}

type groupTotal struct {
	taxGroup
	base, tax money.Amount
}

// calculate is the one place where an order's total is made. The order of application is fixed:
//
//  1. items and options, each unit at its price, plus deposits
//  2. item discounts
//  3. the order's voucher, spread over the units, and the delivery fee where it applies to that, by largest remainder
//  4. service charge on what is left
//  5. delivery fee
//  6. tax, per group on the discounted base, rounded once per group on the order
//  7. processing fee
//  8. tip, never discounted and never taxed
//
// It is a pure function; the same bill gives the same total to the minor unit.
func calculate(b bill) (total, error) {
	t := total{processing: b.processing, tip: b.tip, delivery: b.delivery.amount}
	c := collector{bill: &b, total: &t, delivery: b.delivery.amount}
	c.units()
	c.discount()
	c.charges()
	c.taxes()
	t.items += t.deposits
	t.amount = t.items + t.voucher + t.service + t.delivery + t.processing + t.tip
	c.line(LineProcessingFee, "Online ordering fee", 1, b.processing)
	c.line(LineTip, tipName, 1, b.tip)
	if t.voucher == 0 {
		for i := range t.lines {
			t.lines[i].NoVoucher = false
		}
	}
	if t.amount > money.Max {
		return t, fault.BadField("Items", "the total is larger than one order may be; order less")
	}
	return t, nil
}

// collector carries the intermediate sums of one calculation.
type collector struct {
	bill  *bill
	total *total
	net   [][]money.Amount // by entry and unit: price less discounts
	bases []base

	delivery money.Amount // the fee less the voucher's share
	offItems money.Amount // the voucher's share of the items
}

// base is an amount that tax is taken of, and where its share of the tax goes.
type base struct {
	amount money.Amount
	tax    taxGroup
	to     *money.Amount
}

// units adds up step 1 and 2.
func (c *collector) units() {
	for _, e := range c.bill.entries {
		var price, deposit money.Amount
		prices := make([]money.Amount, len(e.parts))
		for i, p := range e.parts {
			price += p.price
			prices[i] = p.price
			deposit += p.deposit
			kind := LineOption
			if i == 0 {
				kind = LineItem
			}
			if i == 0 || p.price != 0 {
				c.taxed(kind, p.name, e.quantity, p.price, p.tax, e.noDiscount)
			}
		}
		c.total.prices = append(c.total.prices, prices)
		n := money.Amount(e.quantity)
		off := min(e.itemDiscount, price)
		c.line(LineItemDiscount, "Discount", e.quantity, -off)
		c.line(LineDeposit, "Deposit", e.quantity, deposit)
		c.total.deposits += deposit * n
		c.total.items += (price - off) * n
		net := make([]money.Amount, e.quantity)
		for i := range net {
			net[i] = price - off
		}
		c.net = append(c.net, net)
	}
}

// discount is step 3. The voucher's shares make the units' net prices; they sum to the voucher exactly.
func (c *collector) discount() {
	if c.bill.voucher == 0 {
		return
	}
	var weights []money.Amount
	var most money.Amount
	for i, e := range c.bill.entries {
		for _, net := range c.net[i] {
			if e.noDiscount {
				net = 0
			}
			weights = append(weights, net)
			most += net
		}
	}
	if c.bill.onDelivery {
		weights = append(weights, c.delivery)
		most += c.delivery
	}
	off := min(c.bill.voucher, most)
	if off <= 0 {
		return
	}
	shares := money.Split(off, weights)
	n := 0
	for i := range c.net {
		for j := range c.net[i] {
			c.net[i][j] -= shares[n]
			c.offItems += shares[n]
			n++
		}
	}
	if c.bill.onDelivery {
		c.delivery -= shares[n]
	}
	c.total.voucher = -off
	c.line(LineVoucher, "Voucher", 1, -off)
}

// charges is step 4 and 5.
func (c *collector) charges() {
	c.total.service = c.bill.service.Of(c.total.items - c.offItems)
	c.taxed(LineServiceCharge, "Service charge", 1, c.total.service, c.bill.serviceTax, false)
	c.taxed(LineDelivery, "Delivery", 1, c.total.delivery, c.bill.delivery.tax, !c.bill.onDelivery)
}

// taxes is step 6. Each group's tax is rounded once, on the sum of its bases, and handed back to the parts it came from
// by largest remainder. What a menu excludes is added where its base is: to the items, the service charge, the delivery.
func (c *collector) taxes() {
	t := c.total
	t.partTax = make([][][]money.Amount, len(c.bill.entries))
	for i, e := range c.bill.entries {
		t.partTax[i] = make([][]money.Amount, e.quantity)
		weights := make([]money.Amount, len(e.parts))
		for k, p := range e.parts {
			weights[k] = p.price
		}
		for j := range e.quantity {
			taxes := make([]money.Amount, len(e.parts))
			t.partTax[i][j] = taxes
			for k, net := range money.Split(c.net[i][j], weights) {
				c.bases = append(c.bases, base{net, e.parts[k].tax, &taxes[k]})
			}
		}
	}
	var serviceTax, deliveryTax money.Amount
	c.bases = append(c.bases,
		base{t.service, c.bill.serviceTax, &serviceTax},
		base{c.delivery, c.bill.delivery.tax, &deliveryTax})
	for _, b := range c.bases {
		c.group(b)
	}
	for i := range t.groups {
		c.spread(&t.groups[i])
	}
	if c.bill.taxIncluded {
		return
	}
	t.service += serviceTax
	t.delivery += deliveryTax
	t.items += t.tax - serviceTax - deliveryTax
	for _, g := range t.groups {
		c.line(LineTax, g.name, 1, g.tax)
	}
}

func (c *collector) group(b base) {
	if b.tax == (taxGroup{}) || b.amount == 0 {
		return
	}
	for i := range c.total.groups {
		if g := &c.total.groups[i]; g.taxGroup == b.tax {
			g.base += b.amount
			return
		}
	}
	c.total.groups = append(c.total.groups, groupTotal{taxGroup: b.tax, base: b.amount})
}

func (c *collector) spread(g *groupTotal) {
	if c.bill.taxIncluded {
		g.tax = g.rate.In(g.base)
	} else {
		g.tax = g.rate.Of(g.base)
	}
	c.total.tax += g.tax
	var weights []money.Amount
	var to []*money.Amount
	for _, b := range c.bases {
		if b.tax == g.taxGroup {
			weights = append(weights, b.amount)
			to = append(to, b.to)
		}
	}
	for i, share := range money.Split(g.tax, weights) {
		*to[i] = share
	}
}

func (c *collector) line(kind LineKind, name string, quantity int, each money.Amount) {
	if each == 0 && kind != LineItem {
		return
	}
	c.total.lines = append(c.total.lines, lineOf(kind, name, quantity, each, c.bill.currency))
}

// taxed adds a line that a tax applies to, and that the voucher may spare.
func (c *collector) taxed(kind LineKind, name string, quantity int, each money.Amount, tax taxGroup, spared bool) {
	n := len(c.total.lines)
	c.line(kind, name, quantity, each)
	if len(c.total.lines) == n {
		return
	}
	l := &c.total.lines[n]
	l.NoVoucher = spared
	if tax != (taxGroup{}) {
		l.Tax = &AppliedTax{Name: tax.name, Rate: tax.rate.Decimal()}
	}
}

func lineOf(kind LineKind, name string, quantity int, each money.Amount, currency string) Line {
	return Line{
		Kind: kind, Name: name, Quantity: quantity,
		UnitAmount: each.Decimal(currency), Amount: (each * money.Amount(quantity)).Decimal(currency),
	}
}

// tipName is the name of the tip's line, which is always the last.
const tipName = "Tip"

// LineKind says what a line of a calculation is.
type LineKind string

// The kinds of line, in their order of application.
const (
	LineItem          LineKind = "Item"
	LineOption        LineKind = "Option"
	LineItemDiscount  LineKind = "ItemDiscount"
	LineDeposit       LineKind = "Deposit"
	LineVoucher       LineKind = "Voucher"
	LineServiceCharge LineKind = "ServiceCharge"
	LineDelivery      LineKind = "Delivery"
	LineTax           LineKind = "Tax" // only where prices exclude tax
	LineProcessingFee LineKind = "ProcessingFee"
	LineTip           LineKind = "Tip"
)

// Line is one line of a calculation; the lines of an order sum to its Amount.
type Line struct {
	Kind       LineKind     `json:"Kind" enum:"Item,Option,ItemDiscount,Deposit,Voucher,ServiceCharge,Delivery,Tax,ProcessingFee,Tip" doc:"What the line is."`
	Name       string       `json:"Name" doc:"The line in words."`
	Quantity   int          `json:"Quantity" format:"int32" doc:"How many units."`
	UnitAmount wire.Decimal `json:"UnitAmount" doc:"What one unit adds, in the store's currency."`
	Amount     wire.Decimal `json:"Amount" doc:"What the line adds to the total; negative for a discount."`
	Tax        *AppliedTax  `json:"Tax,omitempty" required:"false" doc:"The tax that applies to the line; absent for none."`
	NoVoucher  bool         `json:"NoVoucher,omitempty" required:"false" doc:"The voucher takes nothing off this line."`
}

// AppliedTax names a tax rate of the menu.
type AppliedTax struct {
	Name string       `json:"Name"`
	Rate wire.Decimal `json:"Rate" doc:"In per cent."`
}

// Calculation explains a total line by line. Every order keeps the one it was placed with, updated when its tip changes.
type Calculation struct {
	Amount                      wire.Decimal              `json:"Amount" doc:"What is to pay: the sum of Lines."`
	Currency                    wire.Currency             `json:"Currency" doc:"ISO 4217 code."`
	OrderItemsAmount            wire.Decimal              `json:"OrderItemsAmount" doc:"Items with options and deposits, and their tax where the menu's prices exclude it."`
	VoucherAmount               wire.Decimal              `json:"VoucherAmount" doc:"What a voucher takes off; negative or 0."`
	ServiceChargeAmount         wire.Decimal              `json:"ServiceChargeAmount"`
	ServiceChargePercentage     wire.Decimal              `json:"ServiceChargePercentage"`
	DeliveryAmount              wire.Decimal              `json:"DeliveryAmount"`
	ProcessingFee               wire.Decimal              `json:"ProcessingFee"`
	TipAmount                   wire.Decimal              `json:"TipAmount"`
	TotalTax                    wire.Decimal              `json:"TotalTax" doc:"The tax in Amount."`
	TotalDepositReturnFeeAmount wire.Decimal              `json:"TotalDepositReturnFeeAmount" doc:"The deposits in OrderItemsAmount."`
	TaxIncluded                 bool                      `json:"TaxIncluded" doc:"Whether the menu's prices include tax."`
	TaxItems                    []wire.TaxItem            `json:"TaxItems" doc:"The tax in Amount, by rate."`
	Voucher                     *wire.OrderVoucherSummary `json:"Voucher,omitempty" required:"false" doc:"The voucher that takes VoucherAmount off, named by its code or applied without one; absent for none."`
	Lines                       []Line                    `json:"Lines" doc:"Every line of the calculation, in its order of application."`
}

// explain writes a total as the calculation that is shown and stored.
func (t *total) explain(b *bill) Calculation {
	d := func(a money.Amount) wire.Decimal { return a.Decimal(b.currency) }
	return Calculation{
		Amount: d(t.amount), Currency: wire.Currency(b.currency), OrderItemsAmount: d(t.items), VoucherAmount: d(t.voucher),
		ServiceChargeAmount: d(t.service), ServiceChargePercentage: b.service.Decimal(), DeliveryAmount: d(t.delivery),
		ProcessingFee: d(t.processing), TipAmount: d(t.tip), TotalTax: d(t.tax),
		TotalDepositReturnFeeAmount: d(t.deposits), TaxIncluded: b.taxIncluded,
		TaxItems: t.taxItems(b.currency), Lines: t.lines,
	}
}

// unitPrice is what one unit of an entry costs by the menu: the item with its options.
func (t *total) unitPrice(entry int) (sum money.Amount) {
	for _, p := range t.prices[entry] {
		sum += p
	}
	return sum
}

func (t *total) taxItems(currency string) []wire.TaxItem {
	out := make([]wire.TaxItem, 0, len(t.groups))
	for _, g := range t.groups {
		out = append(out, wire.TaxItem{Name: g.name, Rate: g.rate.Decimal(), Amount: g.tax.Decimal(currency)})
	}
	return out
}
