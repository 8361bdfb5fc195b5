package order_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/order"
	"comanda/wire"
)

func TestPlacedOrderIsStoredAnsweredAndToldAlike(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		mixed := wire.UUID(strings.ToUpper(string(apptest.Margherita)))
		b.Items = []order.BasketItem{item(mixed, 2, apptest.Olives, apptest.Ham), item(apptest.Cola, 1, apptest.Large)}
		b.TipAmount, b.ChefNote = wire.P(wire.Decimal("2")), wire.P(" No basil, please ")
		head := s.Head(t)
		answer, err := place(s, b)
		if err != nil {
			t.Fatal(err)
		}
		p := decode[order.PlacedOrder](t, answer)
		doc, err := s.Orders.Get(ctx, s.Owner, p.OrderId)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(answer, doc[:len(doc)-1]) {
			t.Errorf("the answer is not the stored document:\n%s\n%s", answer, doc)
		}
		events := s.Events(t, head)
		if names(events) != "order.created" {
			t.Fatalf("events %s", names(events))
		}
		e := events[0]
		if !bytes.Contains(e.Flat(), append([]byte(`"Order":`), doc...)) {
			t.Errorf("the event does not hold the stored document: %s", e.Flat())
		}
		created := decode[wire.OrderCreatedEvent](t, e.Flat())
		if created.AppId != s.Brand.AppID || created.EventName != "order.created" || wire.V(created.IpAddress) != "198.51.100.9" ||
			!created.OrderCreatedTime.Equal(p.PlacedTime.Time) || !created.CreateTime.Equal(p.PlacedTime.Time) ||
			created.Description != fmt.Sprintf("A customer placed order %d of 27.55 EUR at Dame Street.", p.OrderId) {
			t.Errorf("%s", e.Flat())
		}
		if e.Subject != fmt.Sprintf("order/%d", p.OrderId) || e.Store != s.Store {
			t.Errorf("subject %q, store %d", e.Subject, e.Store)
		}
	})
}

// The wire has no quantity: every unit is an item of its own. Prices come from the menu, the master option's included.
func TestOrderHasOneItemForEachUnit(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.Items = []order.BasketItem{item(apptest.Margherita, 2, apptest.Ham, apptest.Olives), item(apptest.Cola, 3, apptest.Small)}
		p := s.Place(t, b)
		if len(p.OrderItems) != 5 {
			t.Fatalf("%d items", len(p.OrderItems))
		}
		pizza, cola := p.OrderItems[1], p.OrderItems[4]
		if pizza.Name != "Margherita" || pizza.Price != "8.5" || pizza.PriceIncludingOptionSetItems != "11" ||
			pizza.MenuSectionName != "Food" || pizza.Metadata["posId"] != "PIZZA-1" || !pizza.IsAvailable || pizza.MenuItemPublicId != apptest.Margherita {
			t.Errorf("%+v", pizza)
		}
		if o := pizza.OrderItemOptions; len(o) != 2 || o[0].Name != "Olives" || o[1].Name != "Ham" || o[1].Price != "1.5" {
			t.Errorf("options are not in the menu's order: %+v", o)
		}
		if o := cola.OrderItemOptions; cola.Price != "0" || cola.PriceIncludingOptionSetItems != "2.5" || len(o) != 1 ||
			!o[0].IsMasterOptionSetItem || o[0].Price != "2.5" || o[0].Metadata["posId"] != "COLA-S" || wire.V(o[0].DepositReturnFee) != "0.15" {
			t.Errorf("%+v", cola)
		}
		// 2 × 11.00 + 3 × (2.50 + 0.15)
		if p.OrderItemsAmount != "29.95" || p.Amount != "29.95" || p.TotalDepositReturnFeeAmount != "0.45" {
			t.Errorf("items %s, amount %s, deposits %s", p.OrderItemsAmount, p.Amount, p.TotalDepositReturnFeeAmount)
		}
		// 22.00 with 13.5 % in it is 2.62; 7.50 with 23 % in it is 1.40.
		if fmt.Sprint(p.TaxItems) != "[{Food 13.5 2.62} {Drinks 23 1.4}]" || p.TotalTax != "4.02" {
			t.Errorf("tax %v, %s", p.TaxItems, p.TotalTax)
		}
		var tax money.Amount
		for _, it := range p.OrderItems {
			tax += parse(t, it.TaxAmount)
			for _, o := range it.OrderItemOptions {
				tax += parse(t, o.TaxAmount)
			}
		}
		if tax != parse(t, p.TotalTax) {
			t.Errorf("the items' taxes sum to %d, not to %s", tax, p.TotalTax)
		}
	})
}

func TestServiceChargeIsChargedWhileTheStoreHasIt(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		set := func(in wire.ServiceCharge) {
			if _, err := s.Stores.SetServiceCharge(ctx, s.Owner, s.Store, in); err != nil {
				t.Fatal(err)
			}
		}
		before := s.Place(t, s.Basket())
		set(wire.ServiceCharge{PercentageValue: wire.P(wire.Decimal("12.5")), Enabled: wire.P(true)})
		with := s.Place(t, s.Basket())
		set(wire.ServiceCharge{Enabled: wire.P(false)})
		after := s.Place(t, s.Basket())
		// 12.5 % of 8.50 is 1.0625.
		if with.ServiceChargeAmount != "1.06" || with.ServiceChargePercentage != "12.5" || with.Amount != "9.56" {
			t.Errorf("%s at %s, %s in all", with.ServiceChargeAmount, with.ServiceChargePercentage, with.Amount)
		}
		if before.ServiceChargeAmount != "0" || before.Amount != "8.5" || after.Amount != before.Amount {
			t.Errorf("before %s, after %s", before.Amount, after.Amount)
		}
	})
}

func TestAnOptionalServiceChargeCanBeDeclined(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		decline := s.Basket()
		decline.NoServiceCharge = wire.P(true)
		if p := s.Place(t, decline); p.Amount != "8.5" {
			t.Errorf("nothing to decline: %s", p.Amount)
		}
		charge := wire.ServiceCharge{PercentageValue: wire.P(wire.Decimal("10")), Enabled: wire.P(true)}
		apptest.Must(s.Stores.SetServiceCharge(ctx, s.Owner, s.Store, charge))(t)
		_, err := place(s, decline)
		want(t, err, fault.Invalid, "NoServiceCharge", "part of every order")
		apptest.Must(s.Stores.SetServiceCharge(ctx, s.Owner, s.Store, wire.ServiceCharge{IsOptional: wire.P(true)}))(t)
		p := s.Place(t, decline)
		if p.Amount != "8.5" || p.ServiceChargeAmount != "0" || p.ServiceChargePercentage != "0" {
			t.Errorf("declined: %s of %s %%, %s in all", p.ServiceChargeAmount, p.ServiceChargePercentage, p.Amount)
		}
		if p := s.Place(t, s.Basket()); p.Amount != "9.35" || p.ServiceChargePercentage != "10" {
			t.Errorf("not declined: %s", p.Amount)
		}
		if shop := apptest.Must(s.Orders.Shop(ctx, apptest.Diner(), s.Brand.AppID, s.Store))(t); shop.ServiceChargePercentage != "10" || !shop.ServiceChargeIsOptional {
			t.Errorf("%s, %v", shop.ServiceChargePercentage, shop.ServiceChargeIsOptional)
		}
	})
}

func parse(t *testing.T, d wire.Decimal) money.Amount {
	t.Helper()
	a, err := money.Parse(d, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAmountIsTheSumThatTheContractSays(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.TipAmount = wire.P(wire.Decimal("1.05"))
		p := s.Place(t, b)
		sum := parse(t, p.OrderItemsAmount) + parse(t, p.DeliveryAmount) + parse(t, p.TipAmount) + parse(t, p.ServiceChargeAmount) + parse(t, p.ProcessingFee)
		if p.Voucher != nil || sum != parse(t, p.Amount) || p.Amount != "9.55" {
			t.Errorf("%d, %s", sum, p.Amount)
		}
	})
}

func TestQuoteIsWhatTheOrderCosts(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.Items = []order.BasketItem{item(apptest.Lunch, 2, apptest.Pasta, apptest.Water)}
		bare := b
		bare.Contact, bare.Payment = nil, nil
		before := counts(t, s)
		q, err := s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, bare)
		if err != nil {
			t.Fatal(err)
		}
		if counts(t, s) != before {
			t.Error("a quote stored something")
		}
		b.ExpectedAmount = &q.Amount
		p := s.Place(t, b)
		if p.Amount != q.Amount || q.Amount != "24" || len(q.Lines) != 1 || q.Lines[0].Kind != order.LineItem {
			t.Errorf("order %s, quote %+v", p.Amount, q)
		}
		raw, err := s.Orders.Track(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken)
		if err != nil {
			t.Fatal(err)
		}
		if c := decode[order.TrackedOrder](t, raw).Calculation; !reflect.DeepEqual(c, q) {
			t.Errorf("the order's calculation is %+v, the quote was %+v", c, q)
		}
	})
}

func TestMovedPriceIsAConflictWithTheNewQuote(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.ExpectedAmount = wire.P(wire.Decimal("8.5"))
		s.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{Price: wire.P(wire.Decimal("9.5"))})
		before := counts(t, s)
		_, err := place(s, b)
		want(t, err, fault.Conflict, "9.50 EUR", "8.50 EUR", "ExpectedAmount")
		f := (*fault.Error)(nil)
		if errors.As(err, &f); f == nil {
			t.Fatal("no fault")
		}
		if q, ok := f.Data.(order.Calculation); !ok || q.Amount != "9.5" {
			t.Errorf("data %+v", f.Data)
		}
		if counts(t, s) != before {
			t.Error("something was stored")
		}
		b.ExpectedAmount = wire.P(wire.Decimal("9.50"))
		if p := s.Place(t, b); p.Amount != "9.5" {
			t.Error(p.Amount)
		}
	})
}

func TestMenuEditsNeverReachAPlacedOrder(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		before, err := s.Orders.Get(ctx, s.Owner, p.OrderId)
		if err != nil {
			t.Fatal(err)
		}
		s.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{Price: wire.P(wire.Decimal("99")), Name: wire.P("Marinara")})
		after, err := s.Orders.Get(ctx, s.Owner, p.OrderId)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%v\n%s\n%s", err, before, after)
		}
	})
}

// Every wrong basket is refused with the member's name, and leaves nothing behind.
func TestBadBasketsAreRefusedAndLeaveNothing(t *testing.T) {
	cases := []struct {
		name  string
		edit  func(b *order.Basket)
		kind  fault.Kind
		words []string
	}{
		{"no items", func(b *order.Basket) { b.Items = nil }, fault.Invalid, []string{"Items"}},
		{"quantity 0", func(b *order.Basket) { b.Items[0].Quantity = 0 }, fault.Invalid, []string{"Items[0].Quantity"}},
		{"quantity below 0", func(b *order.Basket) { b.Items[0].Quantity = -1 }, fault.Invalid, []string{"Items[0].Quantity"}},
		{"quantity 100", func(b *order.Basket) { b.Items[0].Quantity = 100 }, fault.Invalid, []string{"Items[0].Quantity", "99"}},
		{"too many entries", func(b *order.Basket) { b.Items = make([]order.BasketItem, 101) }, fault.Invalid, []string{"Items", "100"}},
		{"too many units", func(b *order.Basket) {
			b.Items = []order.BasketItem{item(apptest.Margherita, 99), item(apptest.Margherita, 99), item(apptest.Margherita, 99), item(apptest.Margherita, 4)}
		}, fault.Invalid, []string{"Items", "301"}},
		{"unknown item", func(b *order.Basket) { b.Items[0].MenuItemPublicId = wire.UUID(uuid.NewString()) }, fault.Invalid, []string{"Items[0].MenuItemPublicId", "read the menu again"}},
		{"blank item", func(b *order.Basket) { b.Items[0].MenuItemPublicId = "" }, fault.Invalid, []string{"Items[0].MenuItemPublicId"}},
		{"an option as an item", func(b *order.Basket) { b.Items[0].MenuItemPublicId = apptest.Olives }, fault.Invalid, []string{"Items[0].MenuItemPublicId"}},
		{"unavailable item", func(b *order.Basket) { b.Items = []order.BasketItem{item(apptest.Soup, 1)} }, fault.Conflict, []string{"Soup", "Items[0]", "not available"}},
		{"hidden section", func(b *order.Basket) { b.Items = []order.BasketItem{item(apptest.StaffMeal, 1)} }, fault.Conflict, []string{"Staff meal"}},
		{"unavailable option", func(b *order.Basket) { b.Items = []order.BasketItem{item(apptest.Margherita, 1, apptest.Truffle)} }, fault.Conflict, []string{"Truffle"}},
		{"option of another item", func(b *order.Basket) { b.Items = []order.BasketItem{item(apptest.Margherita, 1, apptest.Small)} }, fault.Invalid, []string{"Items[0].Options[0].MenuItemOptionPublicId"}},
		{"option twice", func(b *order.Basket) {
			b.Items = []order.BasketItem{item(apptest.Margherita, 1, apptest.Ham, apptest.Ham)}
		}, fault.Invalid, []string{"Items[0].Options[1]", "twice"}},
		{"too many options", func(b *order.Basket) {
			b.Items = []order.BasketItem{item(apptest.Margherita, 1, apptest.Ham, apptest.Olives, apptest.Anchovies)}
		}, fault.Invalid, []string{"Items[0].Options", "0 to 2", "Extras"}},
		{"required option skipped", func(b *order.Basket) { b.Items = []order.BasketItem{item(apptest.Cola, 1)} }, fault.Invalid, []string{"Items[0].Options", "choose 1", "Size"}},
		{"two of one", func(b *order.Basket) {
			b.Items = []order.BasketItem{item(apptest.Cola, 1, apptest.Small, apptest.Large)}
		}, fault.Invalid, []string{"Items[0].Options"}},
		{"required later choice skipped", func(b *order.Basket) { b.Items = []order.BasketItem{item(apptest.Lunch, 1, apptest.Steak)} }, fault.Invalid, []string{"Done"}},
		{"choice that is jumped over", func(b *order.Basket) {
			b.Items = []order.BasketItem{item(apptest.Lunch, 1, apptest.Pasta, apptest.Rare)}
		}, fault.Invalid, []string{"Rare", "not offered"}},
		{"no store", func(b *order.Basket) { b.StoreId = 0 }, fault.Invalid, []string{"StoreId"}},
		{"store beyond 31 bits", func(b *order.Basket) { b.StoreId = 1 << 31 }, fault.Invalid, []string{"StoreId"}},
		{"unknown store", func(b *order.Basket) { b.StoreId = 999_999 }, fault.NotFound, []string{"999999", "StoreId"}},
		{"delivery type", func(b *order.Basket) { b.DeliveryType = "Drone" }, fault.Invalid, []string{"DeliveryType"}},
		{"pickup kind", func(b *order.Basket) { b.PickupLocationType = wire.P(wire.PickupLocationType("Sofa")) }, fault.Invalid, []string{"PickupLocationType"}},
		{"pickup kind not offered", func(b *order.Basket) { b.PickupLocationType = wire.P(wire.PickupLocationTypeDineIn) }, fault.Invalid, []string{"PickupLocationType", "DineIn"}},
		{"delivery without address", func(b *order.Basket) { b.DeliveryType = wire.DeliveryTypeDelivery }, fault.Invalid, []string{"DeliveryLocation"}},
		{"delivery without street", func(b *order.Basket) {
			b.DeliveryType, b.DeliveryLocation = wire.DeliveryTypeDelivery, &wire.DeliveryLocation{Town: "Dublin"}
		}, fault.Invalid, []string{"DeliveryLocation.Street"}},
		{"delivery without town", func(b *order.Basket) {
			b.DeliveryType, b.DeliveryLocation = wire.DeliveryTypeDelivery, &wire.DeliveryLocation{Street: "Dame Street"}
		}, fault.Invalid, []string{"DeliveryLocation.Town"}},
		{"off the globe", func(b *order.Basket) {
			b.DeliveryType = wire.DeliveryTypeDelivery
			b.DeliveryLocation = &wire.DeliveryLocation{Street: "X", Town: "Y", Coordinates: &wire.Coordinates{Latitude: 91}}
		}, fault.Invalid, []string{"DeliveryLocation.Coordinates"}},
		{"no contact", func(b *order.Basket) { b.Contact = nil }, fault.Invalid, []string{"Contact"}},
		{"empty contact", func(b *order.Basket) { b.Contact = &order.Contact{} }, fault.Invalid, []string{"Contact.PhoneNumber", "EmailAddress"}},
		{"bad phone", func(b *order.Basket) { b.Contact.PhoneNumber = wire.P("12") }, fault.Invalid, []string{"Contact.PhoneNumber", "+353"}},
		{"endless phone", func(b *order.Basket) { b.Contact.PhoneNumber = wire.P(strings.Repeat("0", 5000)) }, fault.Invalid, []string{"Contact.PhoneNumber"}},
		{"bad e-mail", func(b *order.Basket) { b.Contact.EmailAddress = wire.P("ann@") }, fault.Invalid, []string{"Contact.EmailAddress"}},
		{"e-mail with a name", func(b *order.Basket) { b.Contact.EmailAddress = wire.P("Ann <ann@example.com>") }, fault.Invalid, []string{"Contact.EmailAddress"}},
		{"long name", func(b *order.Basket) { b.Contact.Name = wire.P(strings.Repeat("ä", 101)) }, fault.Invalid, []string{"Contact.Name", "100"}},
		{"control characters", func(b *order.Basket) { b.Contact.Name = wire.P("Ann\x00") }, fault.Invalid, []string{"Contact.Name", "control"}},
		{"long note", func(b *order.Basket) { b.ChefNote = wire.P(strings.Repeat("x", 501)) }, fault.Invalid, []string{"ChefNote", "500"}},
		{"note with a NUL", func(b *order.Basket) { b.ChefNote = wire.P("a\x00b") }, fault.Invalid, []string{"ChefNote"}},
		{"no payment", func(b *order.Basket) { b.Payment = nil }, fault.Invalid, []string{"Payment.Method", "Cash"}},
		{"an unknown way to pay", func(b *order.Basket) { b.Payment.Method = "Cheque" }, fault.Invalid, []string{"Payment.Method", "Cash or Card"}},
		{"voucher", func(b *order.Basket) { b.VoucherCode = wire.P("TENOFF") }, fault.Invalid, []string{"VoucherCode", `no voucher "TENOFF"`}},
		{"negative tip", func(b *order.Basket) { b.TipAmount = wire.P(wire.Decimal("-1")) }, fault.Invalid, []string{"TipAmount"}},
		{"fraction of a cent", func(b *order.Basket) { b.TipAmount = wire.P(wire.Decimal("1.005")) }, fault.Invalid, []string{"TipAmount", "decimals"}},
		{"endless tip", func(b *order.Basket) { b.TipAmount = wire.P(wire.Decimal("99999999999")) }, fault.Invalid, []string{"TipAmount"}},
		{"expected fraction", func(b *order.Basket) { b.ExpectedAmount = wire.P(wire.Decimal("8.505")) }, fault.Invalid, []string{"ExpectedAmount"}},
		{"past", func(b *order.Basket) { b.RequestedForTime = wire.AtOrNil(clock.Now().Add(-time.Hour)) }, fault.Invalid, []string{"RequestedForTime", "past"}},
		{"far ahead", func(b *order.Basket) { b.RequestedForTime = wire.AtOrNil(clock.Now().AddDate(0, 1, 0)) }, fault.Invalid, []string{"RequestedForTime", "days ahead"}},
	}
	each(t, func(t *testing.T, s *apptest.Shop) {
		before := counts(t, s)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				b := s.Basket()
				c.edit(&b)
				_, err := place(s, b)
				want(t, err, c.kind, c.words...)
			})
		}
		if after := counts(t, s); after != before {
			t.Errorf("refused orders left something: %v, before %v", after, before)
		}
	})
}

func TestBasketOfAnotherBrandsStoreOrMenuIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		other := s.Another(t)
		b := s.Basket()
		_, err := s.Orders.Place(ctx, apptest.Diner(), other.Brand.AppID, b)
		want(t, err, fault.NotFound, "StoreId")
		_, err = s.Orders.Place(ctx, apptest.Diner(), "no-such-brand", b)
		want(t, err, fault.NotFound)
		mine := wire.UUID(uuid.NewString())
		dishes := apptest.Dishes()
		dishes.MenuSections[0].MenuItems[0].PublicId = &mine
		m, err := s.Menus.Create(ctx, s.Owner, s.Brand.AppID, dishes)
		if err != nil {
			t.Fatal(err)
		}
		b.Items = []order.BasketItem{item(mine, 1)} // on a menu of the brand, but not on the store's
		_, err = place(s, b)
		want(t, err, fault.Invalid, "Items[0].MenuItemPublicId")
		if err := s.Menus.Assign(ctx, s.Owner, s.Store, m.ID); err != nil {
			t.Fatal(err)
		}
		s.Place(t, b)
	})
}

func TestStoreThatTakesNoOrdersRefusesThem(t *testing.T) {
	set := func(name string, v any) func(t *testing.T, s *apptest.Shop) {
		return func(t *testing.T, s *apptest.Shop) {
			s.EditStore(t, func(w map[string]any) { w[name] = v })
		}
	}
	cases := []struct {
		name  string
		edit  func(t *testing.T, s *apptest.Shop)
		kind  fault.Kind
		words []string
	}{
		{"unpublished", func(t *testing.T, s *apptest.Shop) {
			if err := s.Stores.Unpublish(ctx, s.Owner, s.Store); err != nil {
				t.Fatal(err)
			}
		}, fault.NotFound, []string{"StoreId"}},
		{"archived", set("IsArchived", true), fault.NotFound, []string{"StoreId"}},
		{"without a menu", set("MenuId", 0), fault.Conflict, []string{"no menu"}},
		{"without pickup", set("PickupEnabled", false), fault.Invalid, []string{"DeliveryType"}},
		{"without cash", set("CashOrdersPickupEnabled", false), fault.Invalid, []string{"Payment.Method"}},
		{"paused", set("OpenForPickup", false), fault.Conflict, []string{"at the moment"}},
		{"without tips", set("TipsEnabled", false), fault.Invalid, []string{"TipAmount"}},
		{"without notes", set("AllowChefNotes", false), fault.Invalid, []string{"ChefNote"}},
		{"with a minimum", set("MinimumPickupOrderAmount", 8.51), fault.Invalid, []string{"Items", "8.51 EUR"}},
		{"closed", func(t *testing.T, s *apptest.Shop) {
			var days []wire.BusinessHoursPeriodBase
			for _, d := range wire.DayOfWeek("").Values() {
				days = append(days, wire.BusinessHoursPeriodBase{DayOfWeek: wire.P(wire.DayOfWeek(d))})
			}
			if _, err := s.Stores.SetHours(ctx, s.Owner, s.Store, wire.DeliveryTypePickup, days...); err != nil {
				t.Fatal(err)
			}
		}, fault.Conflict, []string{"closed now"}},
	}
	each(t, func(t *testing.T, first *apptest.Shop) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				s := first.Another(t)
				b := s.Basket()
				b.TipAmount, b.ChefNote = wire.P(wire.Decimal("1")), wire.P("Quick")
				s.Place(t, b)
				c.edit(t, s)
				before := counts(t, s)
				_, err := place(s, b)
				want(t, err, c.kind, c.words...)
				if counts(t, s) != before {
					t.Error("something was stored")
				}
			})
		}
	})
}

func TestExactMinimumQualifies(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.EditStore(t, func(w map[string]any) { w["MinimumPickupOrderAmount"] = 8.5 })
		s.Place(t, s.Basket())
	})
}

func TestPreOrderIsForItsTimeWithinHours(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		at := clock.Now().Add(26 * time.Hour).Truncate(time.Second)
		b := s.Basket()
		b.RequestedForTime = wire.AtOrNil(at)
		p := s.Place(t, b)
		if !p.IsPreOrder || !p.RequestedForTime.Equal(at) || p.PlacedTime.After(clock.Now()) {
			t.Errorf("%v, %v", p.IsPreOrder, p.RequestedForTime)
		}
		day := wire.DayOfWeek(at.In(dublin(t)).Weekday().String())
		_, err := s.Stores.SetHours(ctx, s.Owner, s.Store, wire.DeliveryTypePickup, wire.BusinessHoursPeriodBase{DayOfWeek: &day})
		if err != nil {
			t.Fatal(err)
		}
		_, err = place(s, b)
		want(t, err, fault.Invalid, "RequestedForTime", "closed", "it opens at")
		s.EditStore(t, func(w map[string]any) { w["PreOrderPickupEnabled"] = false })
		_, err = place(s, b)
		want(t, err, fault.Invalid, "RequestedForTime", "as soon as possible")
	})
}

func dublin(t *testing.T) *time.Location {
	t.Helper()
	l, err := time.LoadLocation("Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDeliveryKeepsItsAddress(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.DeliveryType = wire.DeliveryTypeDelivery
		b.DeliveryLocation = &wire.DeliveryLocation{
			Building: "12 ", Street: "Dame Street", Town: "Dublin", PostCode: "D02 X285", DeliveryInstructions: "Ring twice",
			Coordinates: &wire.Coordinates{Latitude: 53.344, Longitude: -6.267},
		}
		l := s.Place(t, b).DeliveryLocation
		if l == nil || l.PrettyAddressString != "12, Dame Street, Dublin, D02 X285" || l.Coordinates.Latitude != 53.344 || l.DeliveryInstructions != "Ring twice" {
			t.Errorf("%+v", l)
		}
		b.DeliveryType = wire.DeliveryTypePickup
		if l := s.Place(t, b).DeliveryLocation; l != nil {
			t.Errorf("a pickup has an address: %+v", l)
		}
	})
}

// parallel runs n calls at the same time.
func parallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestTwinsOfOneKeyAreOneOrderAndOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		before, head := counts(t, s), s.Head(t)
		diner := apptest.Diner()
		answers := make([]string, 64)
		parallel(len(answers), func(i int) {
			raw, err := s.Orders.Place(ctx, diner, s.Brand.AppID, s.Basket())
			if err != nil {
				t.Error(err)
			}
			answers[i] = string(raw)
		})
		for _, a := range answers {
			if a == "" || a != answers[0] {
				t.Fatalf("answers differ:\n%s\n%s", a, answers[0])
			}
		}
		if n := counts(t, s)[0] - before[0]; n != 1 {
			t.Errorf("%d orders", n)
		}
		if got := names(s.Events(t, head)); got != "order.created" {
			t.Errorf("events %s", got)
		}
	})
}

func TestRepeatIsAnsweredAlikeWhateverHappenedSince(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		diner := apptest.Diner()
		b := s.Basket()
		first, err := s.Orders.Place(ctx, diner, s.Brand.AppID, b)
		if err != nil {
			t.Fatal(err)
		}
		id := decode[wire.Order](t, first).OrderId
		if err := s.Orders.Accept(ctx, s.Owner, id, wire.Accept{}); err != nil {
			t.Fatal(err)
		}
		s.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{IsAvailable: wire.P(false)})
		again, err := s.Orders.Place(ctx, diner, s.Brand.AppID, b)
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("%v\n%s\n%s", err, first, again)
		}
		b.ChefNote = wire.P("another body")
		_, err = s.Orders.Place(ctx, diner, s.Brand.AppID, b)
		want(t, err, fault.Unprocessable, "Idempotency-Key")
		b.Items = nil
		_, err = s.Orders.Place(ctx, diner, s.Brand.AppID, b)
		want(t, err, fault.Unprocessable, "Idempotency-Key")
	})
}

func TestRefusedOrderMayBeRepeatedUnderItsKey(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{IsAvailable: wire.P(false)})
		diner := apptest.Diner()
		_, err := s.Orders.Place(ctx, diner, s.Brand.AppID, s.Basket())
		want(t, err, fault.Conflict, "Margherita")
		s.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{IsAvailable: wire.P(true)})
		if _, err := s.Orders.Place(ctx, diner, s.Brand.AppID, s.Basket()); err != nil {
			t.Error(err)
		}
	})
}

func TestIdempotencyKeyIsRequired(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for _, key := range []string{"", "short", "fifteen-signs-x"} {
			_, err := s.Orders.Place(ctx, &account.Caller{Kind: account.Anonymous, Idempotent: key}, s.Brand.AppID, s.Basket())
			want(t, err, fault.Invalid, "Idempotency-Key")
		}
	})
}

func TestAutomaticAcceptanceIsItsOwnEvent(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.EditStore(t, func(w map[string]any) { w["AutomaticallyAcceptOrders"] = true })
		head := s.Head(t)
		p := s.Place(t, s.Basket())
		events := s.Events(t, head)
		if names(events) != "order.created order.accepted" {
			t.Fatalf("events %s", names(events))
		}
		if o := decode[wire.OrderCreatedEvent](t, events[0].Flat()).Order; o.OrderState != wire.OrderStateReadyToProcess || o.AcceptedFor != nil {
			t.Errorf("created event shows %s", o.OrderState)
		}
		e := decode[wire.OrderAcceptedEvent](t, events[1].Flat())
		if e.Order.OrderState != wire.OrderStateAcceptedByRestaurant || !strings.HasPrefix(e.Description, "Comanda accepted order") || e.User.UserName != "Comanda" {
			t.Errorf("%s", events[1].Flat())
		}
		if p.OrderState != wire.OrderStateAcceptedByRestaurant || p.AcceptedFor == nil {
			t.Errorf("answered %s", p.OrderState)
		}
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateAcceptedByRestaurant {
			t.Errorf("stored %s", o.OrderState)
		}
		err := s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{})
		want(t, err, fault.Conflict, "AcceptedByRestaurant")
		if err := s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: p.Amount}); err != nil {
			t.Error(err)
		}
	})
}

// Prices move while orders are placed: every order costs one of the prices, as its event says, and never more than its
// customer expected.
func TestOrdersDuringMenuEditsAreOfOneMenu(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		prices := []wire.Decimal{"8.5", "9.5"}
		parallel(9, func(i int) {
			if i == 0 {
				for n := range 20 {
					s.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{Price: &prices[n%2]})
				}
				return
			}
			for n := range 6 {
				b := s.Basket()
				b.ExpectedAmount = &prices[(i+n)%2]
				raw, err := place(s, b)
				if err != nil {
					want(t, err, fault.Conflict)
					continue
				}
				if p := decode[wire.Order](t, raw); p.Amount != *b.ExpectedAmount || p.OrderItems[0].Price != p.Amount {
					t.Errorf("expected %s, item costs %s, order %s", *b.ExpectedAmount, p.OrderItems[0].Price, p.Amount)
				}
			}
		})
	})
}

// A node places orders by what it remembers of store and menu; what another node has changed since is found out in the
// transaction, and before anything is refused.
func TestChangesMadeOnAnotherNodeAreSeen(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		other := s.Node()
		b := s.Basket()
		s.Place(t, b)
		other.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{Price: wire.P(wire.Decimal("9.5"))})
		if p := s.Place(t, b); p.Amount != "9.5" {
			t.Errorf("placed at the old price: %s", p.Amount)
		}
		other.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{Price: wire.P(wire.Decimal("10.5"))})
		b.ExpectedAmount = wire.P(wire.Decimal("9.5"))
		_, err := place(s, b)
		want(t, err, fault.Conflict, "10.50 EUR")
		b.ExpectedAmount = nil
		other.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{IsAvailable: wire.P(false)})
		_, err = place(s, b)
		want(t, err, fault.Conflict, "Margherita")
		other.EditItem(t, apptest.Margherita, wire.MenuSectionItemBase{IsAvailable: wire.P(true)})
		s.Place(t, b)
		if err := other.Stores.Unpublish(ctx, other.Owner, s.Store); err != nil {
			t.Fatal(err)
		}
		_, err = place(s, b)
		want(t, err, fault.NotFound, "StoreId")
		if err := other.Stores.Publish(ctx, other.Owner, s.Store); err != nil {
			t.Fatal(err)
		}
		s.Place(t, b)
	})
}

// Regression elsewhere: parallel orders of one popular dish failed.
func TestParallelOrdersOfOneDishAllSucceed(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		before := counts(t, s)
		parallel(64, func(i int) {
			b := s.Basket()
			b.Contact = &order.Contact{EmailAddress: wire.P(fmt.Sprintf("diner%d@example.com", i))}
			if _, err := place(s, b); err != nil {
				t.Error(err)
			}
		})
		if n := counts(t, s)[0] - before[0]; n != 64 {
			t.Errorf("%d orders", n)
		}
	})
}

// Regression elsewhere: an event was sent before the transaction that could still roll back.
func TestFailedPlacementTellsNobody(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		before := counts(t, s)
		// The next order meets a row of its own id, as after a restore gone wrong.
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update orders set order_id = order_id + 1 where order_id = $1`, p.OrderId)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := place(s, s.Basket()); err == nil {
			t.Fatal("the order was placed over another one")
		}
		if after := counts(t, s); after != before {
			t.Errorf("%v, before %v", after, before)
		}
	})
}

func TestADocumentBeyondHalfAMebibyteIsRefused(t *testing.T) {
	if err := order.CheckSize(512 << 10); err != nil {
		t.Error(err)
	}
	want(t, order.CheckSize(512<<10+1), fault.Invalid, "Items", "Split the order")
}
