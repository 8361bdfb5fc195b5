package order

import (
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// fieldPlace is where the basket says where a delivery goes. There is no address that a fee could be told of without it.
const fieldPlace = "DeliveryLocation.Coordinates"

// place is where a delivery goes; nil for a pickup, and for a quote that does not say it yet.
func (b *Basket) place() *wire.Coordinates {
	if b.DeliveryType != wire.DeliveryTypeDelivery || b.DeliveryLocation == nil {
		return nil
	}
	return b.DeliveryLocation.Coordinates
}

// deliver finds the zone that a delivery goes to and charges its fee. A quote that does not say where it goes has no fee.
func (d *draft) deliver(b *Basket, bill *bill) error {
	if b.sale != nil && b.sale.fee != nil {
		bill.delivery.amount = *b.sale.fee
	}
	at := b.place()
	if at == nil {
		return nil
	}
	if d.zone = d.store.ZoneOf(*at, d.spent); d.zone == nil {
		return fault.BadField(fieldPlace, "%s does not deliver there; choose an address within its delivery zones, or collect the order", d.store.Name)
	}
	if b.sale == nil || b.sale.fee == nil {
		bill.delivery.amount = d.zone.Fee
	}
	return nil
}

// least is what the items must cost for the order to be taken.
func (d *draft) least(b *Basket) money.Amount {
	switch {
	case b.DeliveryType == wire.DeliveryTypePickup:
		return d.store.MinimumPickupOrderAmount
	case d.zone != nil:
		return d.zone.Minimum
	default:
		return 0
	}
}
