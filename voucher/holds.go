package voucher

import (
	"fmt"
	"slices"
	"time"

	"comanda/internal/fault"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// Basket is what a voucher is to take something off, as far as it matters to vouchers.
type Basket struct {
	Now      time.Time // the brand's time
	When     time.Time // when the order is wanted
	Store    *store.Store
	Delivery wire.DeliveryType
	Channel  wire.ChannelRestrictions
	Payment  Payment
	Spent    money.Amount // the items with their options, before any discount, without deposits
}

// Payment is how a basket is paid.
type Payment int

// The ways to pay that vouchers tell apart. While nobody has said how, no voucher is refused for it.
const (
	Unsaid Payment = iota
	Cash
	Online
)

// Fits is nil when the voucher holds for a basket, else why not: a Conflict where time or other uses have ended it, Invalid
// where the basket is not one that it is for. Whether a customer may use it is asked by [Vouchers.MayUse].
func (v *Voucher) Fits(b Basket) error {
	switch v.Status(b.Now) {
	case wire.VoucherStatusDisabled:
		return v.over("is not in use at the moment")
	case wire.VoucherStatusUsed:
		return v.over("is used up")
	case wire.VoucherStatusExpired:
		return v.over("ended at %s", wire.At(v.Expires).Format())
	case wire.VoucherStatusNotYetValid:
		return v.over("begins at %s", wire.At(v.Starts).Format())
	}
	d := &v.doc
	switch {
	case !v.HoldsIn(b.Store.ID):
		return v.wrong("does not hold at %s; leave it out, or order from a store that it is for", b.Store.Name)
	case v.Currency() != b.Store.Currency && hasAmounts(d):
		return v.wrong("is in %s, and %s sells in %s; leave it out", v.Currency(), b.Store.Name, b.Store.Currency)
	case b.Delivery == wire.DeliveryTypeDelivery && !d.IsValidForDeliveryOrders:
		return v.wrong("is for pickups; leave it out, or fetch the order")
	case b.Delivery == wire.DeliveryTypePickup && (!d.IsValidForPickupOrders || v.Kind == wire.VoucherTypeFreeDelivery):
		return v.wrong("is for deliveries; leave it out, or have the order delivered")
	case b.Payment == Cash && !d.IsValidForOrdersPayedByCash:
		return v.wrong("is not for orders that are paid in cash; leave it out, or pay online")
	case b.Payment == Online && !d.IsValidForOrdersPayedOnline:
		return v.wrong("is not for orders that are paid online; leave it out, or pay in cash")
	case !v.holdsOn(b.Channel):
		return v.wrong("is not for orders by %s, but by %v; leave it out", b.Channel, v.Channels)
	case !v.holdsAt(b.When, b.Store.Location()):
		return v.wrong("does not hold at the time that the order is wanted for; leave it out, or choose another time")
	}
	if least := v.amount(d.ValidOnOrdersOver); b.Spent < least {
		return v.wrong("is for orders from %s %s on; order more, or leave it out", least.Fixed(v.Currency()), v.Currency())
	}
	return nil
}

// holdsOn reports whether the voucher holds in a channel.
func (v *Voucher) holdsOn(ch wire.ChannelRestrictions) bool {
	return len(v.Channels) == 0 || slices.Contains(v.Channels, ch)
}

// fieldCode is the member of a basket that names a voucher.
const fieldCode = "VoucherCode"

// over refuses a voucher that time or its uses have ended.
func (v *Voucher) over(format string, args ...any) error {
	why := fmt.Sprintf(format, args...)
	return &fault.Error{
		Kind: fault.Conflict, Message: fmt.Sprintf("The voucher %s %s.", v.Code, why), Mend: "Leave VoucherCode out, or use another voucher.",
		Fields: []fault.Field{{Name: fieldCode, Message: why}},
	}
}

// wrong refuses a voucher that this basket is not for.
func (v *Voucher) wrong(format string, args ...any) error {
	return fault.BadField(fieldCode, "the voucher %s %s", v.Code, fmt.Sprintf(format, args...))
}

// Unknown is the refusal of a code that no voucher of the brand has.
func Unknown(code string) error {
	return fault.BadField(fieldCode, "there is no voucher %.60q; check how it is written, or leave it out", code)
}

// NotHere is the refusal of an AddItem voucher for a basket that has none of its dishes.
func (v *Voucher) NotHere(names []string) error {
	if len(names) == 0 {
		return v.wrong("gives a dish that this store does not sell; leave it out")
	}
	return v.wrong("gives %s for free: put it into the order, or leave the voucher out", anyOf(names))
}

// Nothing is the refusal of a voucher for a basket of which it takes nothing off, so that no use of it is wasted.
func (v *Voucher) Nothing() error { return v.wrong("takes nothing off this order; leave it out") }

func anyOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("one of %q", names)
}

// amount reads an amount of the document, which was checked when it came in.
func (v *Voucher) amount(d wire.Decimal) money.Amount {
	a, _ := money.Parse(d, v.Currency())
	return a
}

// Off is what the voucher takes off a sum that it applies to, at most the sum.
func (v *Voucher) Off(base money.Amount) money.Amount {
	off := base
	switch d := &v.doc; v.Kind {
	case wire.VoucherTypePercentageDiscount:
		const percent = 10_000 // of a Rate
		off = money.Rate(percent * wire.V(d.PercentDiscountDetails.PercentageDiscount)).Of(base)
		if most := d.PercentDiscountDetails.MaxDiscountAmount; most != nil {
			off = min(off, v.amount(*most))
		}
	case wire.VoucherTypeLumpDiscount:
		off = v.amount(*d.LumpDiscountDetails.DiscountAmount)
	case wire.VoucherTypeCreditNote:
		off = v.Credit
	}
	return min(off, base)
}

// OnItems reports whether it takes something off dishes at all.
func (v *Voucher) OnItems() bool { return v.Kind != wire.VoucherTypeFreeDelivery }

// OnDelivery reports whether it takes something off the delivery fee.
func (v *Voucher) OnDelivery() bool {
	return v.Kind == wire.VoucherTypeFreeDelivery || v.doc.IncludeDeliveryFee && v.Kind != wire.VoucherTypeAddItem
}

// OnAll reports whether it applies to dishes too that the menu keeps from vouchers.
func (v *Voucher) OnAll() bool { return v.doc.ForceDiscount }

// Awards are the PublicIds of the dishes of which it gives one unit; nil unless it is an AddItem.
func (v *Voucher) Awards() (out []wire.UUID) {
	if p := v.doc.PromotionDetails; p != nil {
		for _, a := range p.PromotionAwards {
			out = append(out, a.MenuItemPublicId)
		}
	}
	return out
}

// Priority reports whether it goes before other vouchers that are applied without a code, whatever they are worth.
func (v *Voucher) Priority() bool { return v.doc.TakesPriority }

// Summary is the voucher as an order shows it, with what it takes off.
func (v *Voucher) Summary(off money.Amount, currency string) *wire.OrderVoucherSummary {
	name := v.Code
	if p := v.doc.PromotionDetails; p != nil {
		name = p.Name
	}
	return &wire.OrderVoucherSummary{
		VoucherId: v.ID, Name: name, Description: v.doc.Description, Code: v.Code, Amount: (-off).Decimal(currency),
		Type: v.Kind, SubType: v.SubKind,
	}
}
