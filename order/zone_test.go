package order_test

import (
	"testing"

	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

// around is a circle of a kilometre in the middle of the shop's town.
const around = "CIRCLE (-6.26 53.34 1000)"

var (
	near = wire.Coordinates{Longitude: -6.26, Latitude: 53.34}
	edge = wire.Coordinates{Longitude: -6.5, Latitude: 53.2} // a corner of apptest.Dublin
	away = wire.Coordinates{Longitude: -6.26, Latitude: 54}
)

// zones replaces the delivery zones of the shop and returns their ids.
func zones(t *testing.T, s *apptest.Shop, all ...wire.DeliveryZoneBase) (ids []int) {
	t.Helper()
	for _, z := range apptest.Must(s.Stores.DeliveryZones(ctx, s.Owner, s.Store))(t) {
		if err := s.Stores.RemoveDeliveryZone(ctx, s.Owner, s.Store, z.Id); err != nil {
			t.Fatal(err)
		}
	}
	for _, z := range all {
		ids = append(ids, apptest.Must(s.Stores.AddDeliveryZone(ctx, s.Owner, s.Store, z))(t).Id)
	}
	return ids
}

func zone(fee, least, text string) wire.DeliveryZoneBase {
	return wire.DeliveryZoneBase{DeliveryFee: wire.P(wire.Decimal(fee)), MinimumDeliveryOrderAmount: wire.P(wire.Decimal(least)), WellKnownText: &text}
}

// delivered is a basket of some margheritas at 8.50, to be brought somewhere.
func delivered(s *apptest.Shop, units int, at wire.Coordinates) order.Basket {
	b := s.Basket()
	b.Items[0].Quantity = units
	b.DeliveryType = wire.DeliveryTypeDelivery
	b.DeliveryLocation = &wire.DeliveryLocation{Street: "Dame Street", Town: "Dublin", Coordinates: &at}
	return b
}

func TestADeliveryCostsTheFeeOfItsZone(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		zones(t, s, zone("3.5", "10", apptest.Dublin), zone("0", "25", apptest.Dublin), zone("1.2", "0", around))
		for _, c := range []struct {
			units       int
			at          wire.Coordinates
			fee, amount string
		}{
			{1, near, "1.2", "9.7"},
			{2, edge, "3.5", "20.5"},
			{3, edge, "0", "25.5"},
			{3, near, "0", "25.5"},
		} {
			b := delivered(s, c.units, c.at)
			q := apptest.Must(s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b))(t)
			b.ExpectedAmount = &q.Amount
			p := s.Place(t, b)
			if string(q.DeliveryAmount) != c.fee || string(q.Amount) != c.amount || p.DeliveryAmount != q.DeliveryAmount || p.Amount != q.Amount {
				t.Errorf("%d units: quoted %s of %s, placed %s of %s; want %s of %s", c.units, q.DeliveryAmount, q.Amount, p.DeliveryAmount, p.Amount, c.fee, c.amount)
			}
		}
		b := delivered(s, 1, near)
		b.DeliveryLocation = nil
		if q := apptest.Must(s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b))(t); q.DeliveryAmount != "0" || q.Amount != "8.5" {
			t.Errorf("a quote without a place costs %s, %s of it for the delivery", q.Amount, q.DeliveryAmount)
		}
	})
}

func TestDeliveriesThatAStoreDoesNotMakeAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		ids := zones(t, s, zone("2", "17", apptest.Dublin))
		refused := func(b order.Basket, kind fault.Kind, words ...string) {
			t.Helper()
			before := counts(t, s)
			_, err := place(s, b)
			want(t, err, kind, words...)
			if counts(t, s) != before {
				t.Error("something is stored")
			}
		}
		refused(delivered(s, 2, away), fault.Invalid, "DeliveryLocation.Coordinates", "does not deliver there", "choose an address within")
		_, err := s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, delivered(s, 2, away))
		want(t, err, fault.Invalid, "DeliveryLocation.Coordinates")
		nowhere := delivered(s, 2, near)
		nowhere.DeliveryLocation.Coordinates = nil
		refused(nowhere, fault.Invalid, "DeliveryLocation.Coordinates", "Latitude and Longitude")
		_, err = s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, delivered(s, 2, wire.Coordinates{Latitude: 1e300, Longitude: 5}))
		want(t, err, fault.Invalid, "DeliveryLocation.Coordinates", "from -90 to 90")

		refused(delivered(s, 1, near), fault.Invalid, "Items", "takes orders for Delivery from 17.00 EUR on, and these items cost 8.50 EUR")
		if q := apptest.Must(s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, delivered(s, 1, near)))(t); q.DeliveryAmount != "2" {
			t.Errorf("a quote below the minimum has the fee %s", q.DeliveryAmount)
		}
		if p := s.Place(t, delivered(s, 2, near)); p.DeliveryAmount != "2" { // exactly the minimum
			t.Errorf("%+v", p.Order)
		}

		if err := s.Stores.RemoveDeliveryZone(ctx, s.Owner, s.Store, ids[0]); err != nil {
			t.Fatal(err)
		}
		refused(delivered(s, 2, near), fault.Invalid, "DeliveryType", "takes no orders for Delivery")
		if shop := apptest.Must(s.Orders.Shop(ctx, apptest.Diner(), s.Brand.AppID, s.Store))(t); shop.DeliveryEnabled || len(shop.DeliveryZones) != 0 {
			t.Errorf("a store without zones shows %v, %v", shop.DeliveryEnabled, shop.DeliveryZones)
		}
	})
}

// Deposits are handed back, so they are not spent: three colas at 2.50 with 0.15 deposit each are 7.50, for both minimums.
func TestDepositsReachNoMinimum(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		zones(t, s, zone("0", "7.51", apptest.Dublin))
		b := delivered(s, 1, near)
		b.Items = []order.BasketItem{item(apptest.Cola, 3, apptest.Small)}
		_, err := place(s, b)
		want(t, err, fault.Invalid, "from 7.51 EUR on, and these items cost 7.50 EUR")
		b.DeliveryType = wire.DeliveryTypePickup
		s.EditStore(t, func(w map[string]any) { w["MinimumPickupOrderAmount"] = 7.51 })
		_, err = place(s, b)
		want(t, err, fault.Invalid, "takes orders for Pickup from 7.51 EUR on")
		s.EditStore(t, func(w map[string]any) { w["MinimumPickupOrderAmount"] = 7.5 })
		s.Place(t, b)
	})
}

// A zone that changes after the quote is like a menu that does: nobody pays more than they were shown.
func TestAFeeThatRoseIsToldBeforeItIsCharged(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		ids := zones(t, s, zone("2", "0", apptest.Dublin))
		b := delivered(s, 1, near)
		q := apptest.Must(s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b))(t)
		b.ExpectedAmount = &q.Amount
		s.Place(t, b)
		apptest.Must(s.Stores.UpdateDeliveryZone(ctx, s.Owner, s.Store, ids[0], wire.DeliveryZoneBase{DeliveryFee: wire.P(wire.Decimal("2.5"))}))(t)
		_, err := place(s, b)
		want(t, err, fault.Conflict, "The order costs 11.00 EUR now, not 10.50 EUR")
		apptest.Must(s.Stores.UpdateDeliveryZone(ctx, s.Owner, s.Store, ids[0], wire.DeliveryZoneBase{WellKnownText: wire.P(around)}))(t)
		b = delivered(s, 1, edge)
		_, err = place(s, b)
		want(t, err, fault.Invalid, "does not deliver there")
	})
}

func TestVouchersTakeTheDeliveryFeeOff(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		zones(t, s, zone("3", "8.5", apptest.Dublin), zone("0", "20", around))
		id := voucherOf(t, s, wire.VoucherTypeFreeDelivery, wire.CreateVoucher{Code: code("DOOR")})
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("HALF"), PercentDiscountDetails: percent(50), IncludeDeliveryFee: wire.P(true)})
		quote := func(c string, b order.Basket) (order.Calculation, error) {
			b.VoucherCode = &c
			return s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b)
		}
		q := apptest.Must(quote("door", delivered(s, 1, near)))(t)
		if q.DeliveryAmount != "3" || q.VoucherAmount != "-3" || q.Amount != "8.5" {
			t.Errorf("free delivery: fee %s, voucher %s, amount %s", q.DeliveryAmount, q.VoucherAmount, q.Amount)
		}
		q = apptest.Must(quote("HALF", delivered(s, 1, near)))(t)
		if q.DeliveryAmount != "3" || q.VoucherAmount != "-5.75" || q.Amount != "5.75" {
			t.Errorf("half of all: fee %s, voucher %s, amount %s", q.DeliveryAmount, q.VoucherAmount, q.Amount)
		}
		nowhere := delivered(s, 1, near)
		nowhere.DeliveryLocation = nil
		_, err := quote("DOOR", nowhere)
		want(t, err, fault.Invalid, "DeliveryLocation.Coordinates", "say where the delivery goes")
		_, err = quote("DOOR", delivered(s, 3, near)) // free as it is
		want(t, err, fault.Invalid, "VoucherCode", "takes nothing off")

		b := delivered(s, 1, near)
		b.VoucherCode = code("DOOR")
		p := s.Place(t, b)
		if p.Amount != "8.5" || p.DeliveryAmount != "3" || p.Voucher == nil || p.Voucher.Amount != "-3" {
			t.Errorf("placed at %s with %s for the delivery and %+v", p.Amount, p.DeliveryAmount, p.Voucher)
		}
		if uses, _ := used(t, s, id); uses != 1 {
			t.Errorf("used %d times", uses)
		}
		short := delivered(s, 1, near)
		short.VoucherCode = code("HALF") // the minimum is of the items before any voucher
		s.Place(t, short)
	})
}
