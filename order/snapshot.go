package order

import (
	"strings"
	"time"

	"comanda/customer"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// snapshot makes the order as the contract shows it: names, prices and taxes as they are at this moment, for good.
func snapshot(id int, now time.Time, b *Basket, a *asked, s *store.Store, picked []chosen, t *total, c *customer.Guest) *wire.Order {
	d := func(a money.Amount) wire.Decimal { return a.Decimal(s.Currency) }
	o := &wire.Order{
		Store: s.Summary(),
		Customer: &wire.CustomerSummary{
			Id: c.ID, Name: a.name, EmailAddress: a.email, PhoneNumber: a.phone, PhoneNumberLocalFormat: a.local,
		},
		OrderItems:                  units(s, picked, t),
		TaxItems:                    t.taxItems(s.Currency),
		OrderId:                     id,
		DeliveryType:                b.DeliveryType,
		PickupLocationType:          a.pickup,
		TableServiceCatagory:        wire.P(wire.TableServiceCatagoryGeneric),
		TipAmount:                   d(t.tip),
		DeliveryAmount:              d(t.delivery),
		OrderItemsAmount:            d(t.items),
		ServiceChargeAmount:         d(t.service),
		ServiceChargePercentage:     a.service.Decimal(),
		Amount:                      d(t.amount),
		ProcessingFee:               d(t.processing),
		PaymentAccountType:          wire.PaymentAccountTypeCash,
		PaymentAccountDescription:   string(wire.PaymentAccountTypeCash),
		OrderState:                  readyToProcess,
		IsPreOrder:                  a.preOrder,
		PlacedTime:                  wire.At(now),
		RequestedForTime:            wire.At(a.when),
		ChefNote:                    strings.TrimSpace(wire.V(b.ChefNote)),
		AppType:                     wire.AppTypeWeb,
		PaymentStatus:               wire.PaymentStatusUnpaid,
		DeliveryTrackingStatus:      wire.P(wire.DeliveryTrackingStatusUnassigned),
		TotalTax:                    d(t.tax),
		OrderTrackingCode:           newCode(),
		TotalDepositReturnFeeAmount: d(t.deposits),
	}
	if b.DeliveryType == wire.DeliveryTypeDelivery {
		o.DeliveryLocation = location(b.DeliveryLocation)
	}
	return o
}

// units are the order's items: the wire has no quantity, so each unit is one.
func units(s *store.Store, picked []chosen, t *total) []wire.OrderItem {
	d := func(a money.Amount) wire.Decimal { return a.Decimal(s.Currency) }
	n := 0
	for _, c := range picked {
		n += c.quantity
	}
	out := make([]wire.OrderItem, 0, n)
	for i, c := range picked {
		it := c.item
		metadata := it.MetadataFor(s.ID)
		unit := wire.OrderItem{
			Metadata: metadata, MenuItemPublicId: it.PublicId, MenuItemId: it.MenuItemId,
			MenuSectionName: it.Section.Name, MenuSectionDisplayOrder: it.Section.DisplayOrder,
			Name: it.Name, Description: it.Description, MenuItemDisplayOrder: it.DisplayOrder,
			IsAvailable: true, DepositReturnFee: it.DepositReturnFee,
			Price: d(t.prices[i][0]), PriceIncludingOptionSetItems: d(t.unitPrice(i)),
		}
		for j := range c.quantity {
			taxes := t.partTax[i][j]
			unit.TaxAmount = d(taxes[0])
			unit.OrderItemOptions = make([]wire.OrderItemOption, len(c.options))
			for k, o := range c.options {
				unit.OrderItemOptions[k] = wire.OrderItemOption{
					Metadata: o.MetadataFor(s.ID), MenuItemOptionPublicId: o.PublicId,
					MenuItemOptionId: o.MenuItemOptionSetItemId, IsMasterOptionSetItem: o.Set.IsMasterOptionSet,
					Name: o.Name, Price: d(t.prices[i][k+1]), TaxAmount: d(taxes[k+1]),
					MenuItemOptionDisplayOrder: o.DisplayOrder, MenuItemOptionSetDisplayOrder: o.Set.DisplayOrder,
					DepositReturnFee: o.DepositReturnFee,
				}
			}
			out = append(out, unit)
		}
	}
	return out
}

// location is the delivery address with its one-line form filled in.
func location(in *wire.DeliveryLocation) *wire.DeliveryLocation {
	l := *in
	for _, f := range []*string{&l.Building, &l.Street, &l.Town, &l.PostCode, &l.DeliveryInstructions, &l.PrettyAddressString} {
		*f = strings.TrimSpace(*f)
	}
	if l.PrettyAddressString == "" {
		l.PrettyAddressString = pretty(l.Building, l.Street, l.Town, l.PostCode)
	}
	return &l
}
