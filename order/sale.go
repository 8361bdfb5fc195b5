package order

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// byChannel is the way to pay of an order that another channel has taken the money for.
const byChannel PaymentMethod = "Channel"

// sale is what another channel has agreed with its customer about an order: it stands, whatever the menu, the zones and the
// vouchers say. That the store can make the order at that time is another matter, and judged as for everybody.
type sale struct {
	in    *wire.OrderIngestSubmitOrderRequest
	lines []soldLine // by entry of the basket
	cart  *money.Amount
	tax   *money.Amount // of the cart
	fee   *money.Amount // nil = the fee of the store's zone
}

type soldLine struct {
	sold
	options map[wire.UUID]sold
}

// sold is an item or an option as the channel sold it.
type sold struct {
	price    *money.Amount // nil = the menu's
	metadata map[string]string
}

// attached is how much metadata each unit of the line has, in bytes of JSON.
func (l *soldLine) attached() (n int) {
	for _, m := range append(slices.Collect(maps.Values(l.options)), l.sold) {
		if len(m.metadata) > 0 {
			raw, _ := json.Marshal(m.metadata) // texts can be written
			n += len(raw)
		}
	}
	return n
}

// priced puts the channel's prices on a bill of what was picked. A price that the channel gives is all that a unit costs, so
// there is no deposit on top.
func (s *sale) priced(b *bill, picked []chosen) {
	for i := range b.entries {
		line, parts := s.lines[i], b.entries[i].parts
		line.on(&parts[0])
		for k, o := range picked[i].options {
			line.options[o.PublicId].on(&parts[k+1])
		}
	}
}

func (s sold) on(p *part) {
	if s.price != nil {
		p.price, p.deposit = *s.price, 0
	}
}

// agrees is nil when the lines come to what the channel says of its cart.
func (s *sale) agrees(d *draft, taxIncluded bool) error {
	net := d.spent + d.total.deposits
	currency := d.store.Currency
	if s.cart != nil && *s.cart != net {
		return fault.BadField("Cart.CartAmount.Amount", "the lines come to %s, not to %s", sum(net, currency), sum(*s.cart, currency))
	}
	if tax := d.total.items - net; s.tax != nil && !taxIncluded && *s.tax != tax {
		return fault.BadField("Cart.CartAmount.Tax", "by the rates of the menu the tax is %s, not %s", sum(tax, currency), sum(*s.tax, currency))
	}
	return nil
}

// mark writes into the document where the order comes from and how it is paid.
func (s *sale) mark(o *wire.Order, picked []chosen) {
	in := s.in
	o.ChannelOrderId, o.ChannelOrderDisplayId = in.ChannelOrderId, strings.TrimSpace(wire.V(in.ChannelPublicOrderId))
	o.AppType = wire.AppTypeUnknown
	if in.AppType != nil {
		o.AppType = *in.AppType
	}
	if in.PaymentInfo.Paid {
		o.PaymentStatus = wire.PaymentStatusPaid
		o.PaymentAccountType = accountType(wire.V(in.PaymentInfo.PaymentType))
		o.PaymentAccountDescription = string(o.PaymentAccountType)
	}
	if said := strings.TrimSpace(wire.V(in.PaymentInfo.PaymentType)); said != "" {
		o.PaymentAccountDescription = said
	}
	n := 0
	for i, c := range picked {
		for range c.quantity {
			unit := &o.OrderItems[n]
			s.lines[i].mark(&unit.Metadata, &unit.DepositReturnFee)
			for k, option := range c.options {
				of := &unit.OrderItemOptions[k]
				s.lines[i].options[option.PublicId].mark(&of.Metadata, &of.DepositReturnFee)
			}
			n++
		}
	}
}

// mark adds the channel's metadata to those of the menu, and takes a deposit away that is in the channel's price.
func (s sold) mark(metadata *map[string]string, deposit **wire.Decimal) {
	if len(s.metadata) > 0 {
		*metadata = maps.Clone(*metadata)
		maps.Copy(*metadata, s.metadata)
	}
	if s.price != nil {
		*deposit = nil
	}
}

// accountType is the contract's word for the way in which a channel was paid. What has none is shown as a card, and so is cash: it
// is in no till of the store, and nobody is to ask for it again.
func accountType(said string) wire.PaymentAccountType {
	for _, v := range wire.PaymentAccountType("").Values() {
		if v != string(wire.PaymentAccountTypeCash) && strings.EqualFold(v, strings.TrimSpace(said)) {
			return wire.PaymentAccountType(v)
		}
	}
	return wire.PaymentAccountTypeCard
}

// answer is what the channel is told of its order. It holds nothing that is the customer's, so it may be kept for good.
func (s *sale) answer(o *wire.Order, d *draft) ([]byte, error) {
	ready := d.asked.when
	if !d.asked.preOrder {
		ready = d.store.Ready(o.DeliveryType, d.now)
	}
	if o.AcceptedFor != nil {
		ready = o.AcceptedFor.Time
	}
	return json.Marshal(wire.OrderIngestSubmitOrderResponse{
		OrderId: o.OrderId, CurrencyCode: wire.Currency(d.store.Currency),
		TotalPrice:            wire.IngestPrice{Amount: &o.Amount, Tax: &o.TotalTax},
		DeliveryFee:           wire.IngestPrice{Amount: &o.DeliveryAmount, Tax: wire.P(wire.Decimal("0"))},
		EstimatedDeliveryTime: wire.At(ready), ChannelOrderId: s.in.ChannelOrderId,
	})
}
