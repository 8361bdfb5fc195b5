package order_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

func price(amount string) *wire.IngestPrice {
	return &wire.IngestPrice{Amount: wire.P(wire.Decimal(amount))}
}

// ingested is a paid delivery of two margheritas with ham, sold dearer than on the menu.
func ingested(s *apptest.Shop, id string) wire.OrderIngestSubmitOrderRequest {
	return wire.OrderIngestSubmitOrderRequest{
		StoreId: s.Store, CurrencyCode: wire.P(wire.CurrencyEUR), ChannelOrderId: id, ChannelPublicOrderId: wire.P("B-77"),
		AppType: wire.P(wire.AppTypeTelephoneCall), OrderDateUtc: wire.P(wire.At(time.Now())),
		Cart: &wire.IngestCart{
			LineItems: []wire.IngestLineItem{{
				ExternalId: wire.P(strings.ToUpper(string(apptest.Margherita))), Name: wire.P("Pizza M"), Quantity: wire.P(2), Price: price("9.9"), Notes: wire.P("no basil"),
				Options: []wire.IngestLineOption{{ExternalId: wire.P(string(apptest.Ham)), Price: price("2"), Metadata: map[string]string{"sku": "H1"}}}, Metadata: map[string]string{"line": "L-1"},
			}},
			CartAmount: price("23.8"), Tip: price("1"),
		},
		FulfillmentInfo: &wire.FulfillmentInfo{
			DispatchType: wire.DeliveryTypeDelivery, DispatchAmount: price("2.99"),
			Location: &wire.IngestLocation{AddressLine1: wire.P("Dame Street"), AddressLine2: wire.P("Flat 2"), City: wire.P("Dublin"), Notes: wire.P("ring twice"), Coordinates: &near},
		},
		PaymentInfo: &wire.IngestPaymentInfo{Paid: true, PaymentType: wire.P("paypal")},
		Contact:     &wire.IngestContact{PhoneNumber: wire.P("087 555 0101"), FirstName: wire.P("Cleo"), LastName: wire.P("Sample")},
	}
}

func submit(s *apptest.Shop, in wire.OrderIngestSubmitOrderRequest) ([]byte, error) {
	return s.Orders.Submit(ctx, s.Owner, s.Brand.AppID, in)
}

func TestAnOrderOfAChannelKeepsWhatItWasSoldFor(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		zones(t, s, zone("5", "50", apptest.Dublin))
		s.EditStore(t, func(w map[string]any) { w["AllowChefNotes"], w["TipsEnabled"] = true, false })
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{PercentDiscountDetails: percent(50), IsAutomaticallyApplied: wire.P(true)})
		head := s.Head(t)
		sent := ingested(s, "ch-1")
		first := apptest.Must(submit(s, sent))(t)
		told := decode[wire.OrderIngestSubmitOrderResponse](t, first)
		if *told.TotalPrice.Amount != "27.79" || *told.DeliveryFee.Amount != "2.99" || told.CurrencyCode != "EUR" || told.ChannelOrderId != "ch-1" {
			t.Errorf("told %s", first)
		}
		if wait := time.Until(told.EstimatedDeliveryTime.Time); wait <= 0 || wait > 3*time.Hour {
			t.Errorf("ready in %s", wait)
		}
		if got := names(s.Events(t, head)); got != "customer.created order.created" {
			t.Errorf("events %s", got)
		}
		o := stored(t, s, told.OrderId)
		unit := o.OrderItems[1]
		if len(o.OrderItems) != 2 || unit.Name != "Margherita" || unit.Price != "9.9" || unit.PriceIncludingOptionSetItems != "11.9" || unit.Metadata["line"] != "L-1" || unit.Metadata["posId"] != "PIZZA-1" ||
			unit.OrderItemOptions[0].Price != "2" || unit.OrderItemOptions[0].Metadata["sku"] != "H1" {
			t.Errorf("unit %+v", unit)
		}
		if o.ChannelOrderId != "ch-1" || o.ChannelOrderDisplayId != "B-77" || o.AppType != wire.AppTypeTelephoneCall || o.PaymentStatus != wire.PaymentStatusPaid ||
			o.PaymentAccountType != wire.PaymentAccountTypePayPal || o.PaymentAccountDescription != "paypal" || o.ChefNote != "2 × Margherita: no basil" ||
			o.DeliveryLocation.Building != "Flat 2" || o.DeliveryLocation.DeliveryInstructions != "ring twice" || o.Customer.Name != "Cleo Sample" || o.TipAmount != "1" || o.Voucher != nil {
			t.Errorf("order %+v", o)
		}
		apptest.Must(0, s.Orders.Verify(ctx, s.Owner, told.OrderId))(t)

		// The menu moves, the store closes: a repeat is the same order.
		s.EditStore(t, func(w map[string]any) { w["OpenForDelivery"], w["OpenForPickup"] = false, false })
		if again := apptest.Must(submit(s, sent))(t); string(again) != string(first) {
			t.Errorf("a repeat is answered %s", again)
		}
		other := ingested(s, "ch-1")
		other.Cart.Tip = price("2")
		_, err := submit(s, other)
		want(t, err, fault.Unprocessable, "ChannelOrderId")
		_, err = submit(s, ingested(s, "ch-2"))
		want(t, err, fault.Conflict, "takes no orders")

		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, told.OrderId, wire.Accept{}))(t)
		apptest.Must(0, s.Orders.Refund(ctx, s.Owner, told.OrderId, wire.Refund{RefundAmount: "27.79"}))(t)
		if o := stored(t, s, told.OrderId); o.PaymentStatus != wire.PaymentStatusRefunded {
			t.Errorf("refunded: %s", o.PaymentStatus)
		}
		apptest.Must(0, s.Orders.EraseCustomer(ctx, s.Owner, s.Brand.AppID, o.Customer.Id))(t)
		for n := 1; n > 0; {
			n = apptest.Must(s.Orders.EraseOnce(ctx))(t)
		}
		if o := stored(t, s, told.OrderId); o.PaymentAccountDescription != "PayPal" || o.ChannelOrderDisplayId != "Redacted" || len(o.OrderItems[0].Metadata) > 0 || len(o.OrderItems[0].OrderItemOptions[0].Metadata) > 0 || o.ChannelOrderId != "ch-1" {
			t.Errorf("erased: %+v", o)
		}
	})
}

func TestAnOrderOfAChannelWithoutPricesCostsWhatTheMenuSays(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		m := apptest.Must(s.Menus.Load(ctx, s.Menu))(t)
		cola := m.Item(apptest.Cola)
		small := cola.Sets[0].Options[0]
		in := wire.OrderIngestSubmitOrderRequest{
			StoreId: s.Store, ChannelOrderId: "kiosk/1",
			Cart: &wire.IngestCart{LineItems: []wire.IngestLineItem{
				{Id: &cola.MenuItemId, Quantity: wire.P(2), Options: []wire.IngestLineOption{{Id: &small.MenuItemOptionSetItemId}}},
				{Id: &cola.MenuItemId, Options: []wire.IngestLineOption{{Id: &small.MenuItemOptionSetItemId, Price: price("3")}}},
			}, CartAmount: price("8.3")},
			FulfillmentInfo: &wire.FulfillmentInfo{DispatchType: wire.DeliveryTypePickup},
			PaymentInfo:     &wire.IngestPaymentInfo{},
			Contact:         &wire.IngestContact{Email: wire.P("dan.sample@example.com")},
		}
		told := decode[wire.OrderIngestSubmitOrderResponse](t, apptest.Must(submit(s, in))(t))
		o := stored(t, s, told.OrderId)
		// A price of the channel's has the deposit in it, one of the menu's has it on top.
		if o.Amount != "8.3" || o.TotalDepositReturnFeeAmount != "0.3" || o.PaymentStatus != wire.PaymentStatusUnpaid || o.PaymentAccountType != wire.PaymentAccountTypeCash ||
			o.AppType != wire.AppTypeUnknown || o.OrderItems[0].OrderItemOptions[0].DepositReturnFee == nil || o.OrderItems[2].OrderItemOptions[0].DepositReturnFee != nil {
			t.Errorf("order %+v", o)
		}
		apptest.Must(0, s.Orders.Verify(ctx, s.Owner, told.OrderId))(t)
		if r := apptest.Must(s.Orders.Receipt(ctx, s.Owner, told.OrderId))(t); r.PreviousOrder.TotalAmount != "8.3" {
			t.Errorf("receipt of %s", r.PreviousOrder.TotalAmount)
		}
	})
}

func toTell(s *apptest.Shop, id int) (to order.Addressee, tell bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		to, tell, err = order.ToTell(tx, s.Brand.ID, fmt.Sprintf("order/%d", id))
		return err
	})
	return to, tell, err
}

func TestOrdersOfAChannelThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		zones(t, s, zone("5", "0", apptest.Dublin))
		s.EditStore(t, func(w map[string]any) { w["AllowChefNotes"] = true })
		before := counts(t, s)
		const line = "Cart.LineItems[0]"
		type request = wire.OrderIngestSubmitOrderRequest
		first := func(in *request) *wire.IngestLineItem { return &in.Cart.LineItems[0] }
		for name, c := range map[string]struct {
			edit  func(in *request)
			kind  fault.Kind
			words string
		}{
			"no id":                 {func(in *request) { in.ChannelOrderId = "" }, fault.Invalid, "ChannelOrderId"},
			"an id with a blank":    {func(in *request) { in.ChannelOrderId = "a b" }, fault.Invalid, "ChannelOrderId"},
			"a long id":             {func(in *request) { in.ChannelOrderId = strings.Repeat("x", 256) }, fault.Invalid, "255"},
			"no cart":               {func(in *request) { in.Cart = nil }, fault.Invalid, "Cart"},
			"no lines":              {func(in *request) { in.Cart.LineItems = nil }, fault.Invalid, "Cart.LineItems"},
			"no payment":            {func(in *request) { in.PaymentInfo = nil }, fault.Invalid, "PaymentInfo"},
			"no fulfilment":         {func(in *request) { in.FulfillmentInfo = nil }, fault.Invalid, "FulfillmentInfo"},
			"no contact":            {func(in *request) { in.Contact = nil }, fault.Invalid, "Contact"},
			"an empty contact":      {func(in *request) { in.Contact = &wire.IngestContact{} }, fault.Invalid, "Contact.PhoneNumber"},
			"no e-mail":             {func(in *request) { in.Contact.Email = wire.P("cleo") }, fault.Invalid, "Contact.Email"},
			"another currency":      {func(in *request) { in.CurrencyCode = wire.P(wire.CurrencyUSD) }, fault.Invalid, "CurrencyCode"},
			"another app":           {func(in *request) { in.AppType = wire.P(wire.AppType("Fax")) }, fault.Invalid, "AppType"},
			"no store":              {func(in *request) { in.StoreId = 424242 }, fault.NotFound, "StoreId"},
			"no item":               {func(in *request) { first(in).ExternalId = wire.P("ff") }, fault.Invalid, line + ".ExternalId"},
			"no item by number":     {func(in *request) { first(in).Id = wire.P(424242) }, fault.Invalid, line + ".Id"},
			"nothing named":         {func(in *request) { first(in).ExternalId = nil }, fault.Invalid, line + ".Id"},
			"no option":             {func(in *request) { first(in).Options[0].ExternalId = wire.P("ff") }, fault.Invalid, line + ".Options[0].ExternalId"},
			"another item's option": {func(in *request) { first(in).Options[0].ExternalId = wire.P(string(apptest.Pasta)) }, fault.Invalid, line + ".Options[0].Id"},
			"too few options":       {func(in *request) { first(in).ExternalId, first(in).Options = wire.P(string(apptest.Lunch)), nil }, fault.Invalid, line + ".Options"},
			"sold out": {func(in *request) {
				first(in).ExternalId, first(in).Options = wire.P(string(apptest.Soup)), nil
				in.Cart.CartAmount = nil
			}, fault.Conflict, line},
			"no units":          {func(in *request) { first(in).Quantity = wire.P(0) }, fault.Invalid, line + ".Quantity"},
			"many units":        {func(in *request) { first(in).Quantity = wire.P(100) }, fault.Invalid, line + ".Quantity"},
			"below zero":        {func(in *request) { first(in).Price = price("-1") }, fault.Invalid, line + ".Price.Amount"},
			"a third of a cent": {func(in *request) { first(in).Price = price("0.333") }, fault.Invalid, line + ".Price.Amount"},
			"too dear":          {func(in *request) { first(in).Price = price("99999999999"); in.Cart.CartAmount = nil }, fault.Invalid, line + ".Price.Amount"},
			"another sum":       {func(in *request) { in.Cart.CartAmount = price("23.79") }, fault.Invalid, "Cart.CartAmount.Amount"},
			"two tips":          {func(in *request) { in.TipAmount = wire.P(wire.Decimal("2")) }, fault.Invalid, "TipAmount"},
			"a taxed tip":       {func(in *request) { in.Cart.Tip.Tax = wire.P(wire.Decimal("1")) }, fault.Invalid, "Cart.Tip.Tax"},
			"no street":         {func(in *request) { in.FulfillmentInfo.Location.AddressLine1 = nil }, fault.Invalid, "FulfillmentInfo.Location.AddressLine1"},
			"no place":          {func(in *request) { in.FulfillmentInfo.Location = nil }, fault.Invalid, "FulfillmentInfo.Location"},
			"out of zone":       {func(in *request) { in.FulfillmentInfo.Location.Coordinates = &away }, fault.Invalid, "FulfillmentInfo.Location.Coordinates"},
			"no coordinates, no fee": {
				func(in *request) {
					in.FulfillmentInfo.Location.Coordinates, in.FulfillmentInfo.DispatchAmount = nil, nil
				}, fault.Invalid, "FulfillmentInfo.Location.Coordinates",
			},
			"a pickup with a fee": {func(in *request) { in.FulfillmentInfo.DispatchType = wire.DeliveryTypePickup }, fault.Invalid, "DispatchAmount"},
			"no way to get it":    {func(in *request) { in.FulfillmentInfo.DispatchType = "Drone" }, fault.Invalid, "FulfillmentInfo.DispatchType"},
			"past":                {func(in *request) { in.FulfillmentInfo.RequestedForUtc = wire.P(wire.At(time.Now().Add(-time.Hour))) }, fault.Invalid, "FulfillmentInfo.RequestedForUtc"},
			"a long note":         {func(in *request) { first(in).Notes = wire.P(strings.Repeat("x", 501)) }, fault.Invalid, line + ".Notes"},
			"long notes": {func(in *request) {
				first(in).Notes = wire.P(strings.Repeat("x", 300))
				in.Cart.LineItems, in.Cart.CartAmount = append(in.Cart.LineItems, *first(in)), nil
			}, fault.Invalid, "Cart.LineItems.Notes"},
			"a key too long": {func(in *request) { first(in).Metadata = map[string]string{strings.Repeat("k", 101): "v"} }, fault.Invalid, line + ".Metadata"},
			"much metadata": {func(in *request) {
				first(in).Quantity, in.Cart.CartAmount = wire.P(99), nil
				first(in).Metadata = map[string]string{"a": strings.Repeat("<", 250), "b": "<"} // 1,500 bytes as JSON
			}, fault.Invalid, line + ".Metadata"},
			"a control": {func(in *request) { in.ChannelPublicOrderId = wire.P("a\x1b") }, fault.Invalid, "ChannelPublicOrderId"},
		} {
			in := ingested(s, "refused")
			c.edit(&in)
			_, err := submit(s, in)
			if want(t, err, c.kind, c.words); t.Failed() {
				t.Fatal(name, err)
			}
		}
		s.EditStore(t, func(w map[string]any) { w["AllowChefNotes"] = false })
		_, err := submit(s, ingested(s, "refused"))
		want(t, err, fault.Invalid, "Cart.LineItems.Notes", "takes no notes")
		for who, kind := range map[*account.Caller]fault.Kind{
			s.Member(t, wire.AppAccessLevelStoreReadOnlyAccess, s.Store): fault.Forbidden,
			s.Another(t).Owner: fault.Forbidden,
		} {
			_, err := s.Orders.Submit(ctx, who, s.Brand.AppID, ingested(s, "refused"))
			want(t, err, kind)
		}
		if after := counts(t, s); after[0] != before[0] || after[2] != before[2] {
			t.Errorf("refused orders left something: %v became %v", before, after)
		}
		in := ingested(s, "without-coordinates")
		in.Cart.LineItems[0].Notes, in.FulfillmentInfo.Location.Coordinates = nil, nil
		apptest.Must(submit(s, in))(t)
	})
}

// What a channel attaches is nothing that Comanda reads: not where the order comes from, not who is told of it, not who delivers it.
func TestMetadataOfAChannelMeansNothing(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		in := ingested(s, "ch-1")
		in.Cart.LineItems[0].Notes = nil
		in.Cart.LineItems[0].Metadata = map[string]string{"AppType": "Ios", "ChannelOrderId": "", "x": "1"}
		id := decode[wire.OrderIngestSubmitOrderResponse](t, apptest.Must(submit(s, in))(t)).OrderId
		for channel, want := range map[string]int{"Ios": 0, "TelephoneCall": 1} {
			if n, _, err := s.Orders.Summaries(ctx, s.Owner, s.Brand.AppID, order.SummaryFilter{Channels: []string{channel}}, 1, 10); n != want || err != nil {
				t.Errorf("%d orders of %s, %v", n, channel, err)
			}
		}
		for _, text := range []string{"ch-1", "b-77", "cleo"} {
			if n, _, err := s.Orders.Summaries(ctx, s.Owner, s.Brand.AppID, order.SummaryFilter{Search: text}, 1, 10); n != 1 || err != nil {
				t.Errorf("%q finds %d, %v", text, n, err)
			}
		}
		if _, tell, err := toTell(s, id); tell || err != nil {
			t.Errorf("the customer is told: %v, %v", tell, err)
		}
	})
}

// What was paid elsewhere was paid, however, and is in no till.
func TestPaidToAChannelIsNotAskedForAgain(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		in := ingested(s, "ch-1")
		in.Cart.LineItems[0].Notes, in.PaymentInfo.PaymentType = nil, wire.P("Cash")
		in.Contact = &wire.IngestContact{PhoneNumber: wire.P("087 123 4567"), FirstName: wire.P("Ann")}
		apptest.Must(s.Customers.Update(ctx, s.Owner, s.Brand.AppID, s.Customer, wire.CustomerUpdateModel{CardOrdersEnabled: wire.P(false), CashOrdersEnabled: wire.P(false)}))(t)
		id := decode[wire.OrderIngestSubmitOrderResponse](t, apptest.Must(submit(s, in))(t)).OrderId
		if o := stored(t, s, id); o.PaymentStatus != wire.PaymentStatusPaid || o.PaymentAccountType == wire.PaymentAccountTypeCash || o.PaymentAccountDescription != "Cash" || o.Customer.Id != s.Customer {
			t.Errorf("%s by %s (%s)", o.PaymentStatus, o.PaymentAccountType, o.PaymentAccountDescription)
		}
	})
}

func TestRaceOfOneChannelOrder(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.EditStore(t, func(w map[string]any) { w["AllowChefNotes"] = true })
		for round := range rounds(t) {
			in := ingested(s, "race-"+time.Duration(round).String())
			head := s.Head(t)
			answers := make([]string, 32)
			var group sync.WaitGroup
			for i := range answers {
				group.Go(func() {
					raw, err := submit(s, in)
					if err != nil {
						t.Error(err)
					}
					answers[i] = string(raw)
				})
			}
			group.Wait()
			for _, a := range answers {
				if a != answers[0] {
					t.Fatalf("answered %s and %s", answers[0], a)
				}
			}
			if got := strings.Count(names(s.Events(t, head)), "order.created"); got != 1 {
				t.Fatalf("%d orders", got)
			}
		}
	})
}
