package order_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

// courier tells of an order's delivery, as an integration would; %s stands for something new.
func courier(body string) func(*apptest.Shop, order.PlacedOrder) error {
	return func(s *apptest.Shop, p order.PlacedOrder) error {
		var in wire.OrderDeliveryInformationBase
		body := strings.Replace(body, "%s", uuid.NewString(), 1)
		if err := json.Unmarshal([]byte(body), &in); err != nil {
			return err
		}
		return s.Orders.SetDelivery(ctx, s.Owner, p.OrderId, in)
	}
}

func fulfilled(state string) func(*apptest.Shop, order.PlacedOrder) error {
	return func(s *apptest.Shop, p order.PlacedOrder) error {
		return s.Orders.SetFulfilment(ctx, s.Owner, p.OrderId, wire.OrderFulfillmentStatusUpdate{StatusId: &state})
	}
}

func TestACourierTellsOfADelivery(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := brought(t, s, wire.OrderStateAcceptedByRestaurant)
		_, err := s.Orders.Delivery(ctx, s.Owner, p.OrderId)
		want(t, err, fault.NotFound, "yet")
		head := s.Head(t)
		for _, body := range []string{
			`{}`, // nothing
			`{"ExternalReferenceId":" job 7 ","IntegrationName":"Courier","Status":"Unaccepted"}`,
			`{"Status":"Unaccepted"}`, // the same
			`{"TrackUrl":"https://courier.example/7","ErrorMessage":"late"}`,
			`{"Status":"OnTheWay","ErrorMessage":""}`,
			`{"Status":"None"}`, // the courier gave it back
			`{"Status":"Carrying"}`,
			`{"Status":"Delivered","DeliveryStatusNotes":"At the door.\nRang twice."}`,
		} {
			if err := courier(body)(s, p); err != nil {
				t.Fatal(body, err)
			}
		}
		want(t, courier(`{"Status":"OnTheWay"}`)(s, p), fault.Conflict, "Delivered")
		if err := courier(`{"DeliveryStatusNotes":"Signed by Ann."}`)(s, p); err != nil {
			t.Error(err)
		}
		d, err := s.Orders.Delivery(ctx, s.Owner, p.OrderId)
		if err != nil {
			t.Fatal(err)
		}
		delivered := wire.DeliveryInformationStatusDelivered
		if wire.V(d.Status) != delivered || d.ExternalReferenceId != "job 7" || d.DeliveryStatusNotes != "Signed by Ann." || d.ErrorMessage != "" || d.OrderId != p.OrderId {
			t.Errorf("%+v", d)
		}
		var told []string
		for _, e := range s.Events(t, head) {
			if e.Name == "order.dispatched" {
				told = append(told, e.Name)
				continue
			}
			b := decode[wire.OrderDeliveryTrackingStatusUpdatedEvent](t, e.Flat())
			told = append(told, fmt.Sprint(wire.V(b.Order.DeliveryTrackingStatus), " ", b.Order.OrderState, " ", b.DeliveryIntegrationName, " ", b.DeliveryErrorMessage))
		}
		if got := strings.Join(told, "\n"); got != `Unaccepted AcceptedByRestaurant Courier 
Unaccepted AcceptedByRestaurant Courier late
order.dispatched
OnTheWay Dispatched Courier 
Unassigned Dispatched Courier 
Carrying Dispatched Courier 
Delivered Delivered Courier 
Delivered Delivered Courier ` {
			t.Errorf("told\n%s", got)
		}
		for body, field := range map[string]string{
			`{"TrackUrl":"javascript:alert(1)"}`:                                 "TrackUrl",
			`{"TrackUrl":"courier.example"}`:                                     "TrackUrl",
			`{"TrackUrl":"https://c.example/` + strings.Repeat("x", 2048) + `"}`: "TrackUrl",
			`{"ExternalReferenceId":"` + strings.Repeat("x", 256) + `"}`:         "ExternalReferenceId",
			`{"DeliveryStatusNotes":"` + strings.Repeat("x", 1001) + `"}`:        "DeliveryStatusNotes",
			`{"IntegrationName":"a\nb"}`:                                         "IntegrationName",
			`{"Status":"Eaten"}`:                                                 "Status",
		} {
			want(t, courier(body)(s, p), fault.Invalid, field)
		}
		reader := s.Member(t, wire.AppAccessLevelStoreReadOnlyAccess, s.Store)
		want(t, s.Orders.SetDelivery(ctx, reader, p.OrderId, wire.OrderDeliveryInformationBase{}), fault.Forbidden, "answering orders")
		other := s.Another(t)
		want(t, s.Orders.SetDelivery(ctx, other.Owner, p.OrderId, wire.OrderDeliveryInformationBase{}), fault.NotFound)
		_, err = s.Orders.Delivery(ctx, other.Owner, p.OrderId)
		want(t, err, fault.NotFound)
	})
}

// A workflow of the store's own: two ways to begin, a choice, a way back, states of other types of orders, one switched off.
const ownWorkflow = `{"Name":"Ours","StoreSelectorType":"Single","States":[
	{"StatusId":"Oven","StatusName":"In the oven","Icon":"fire","NextStatuses":["Box","Plate","Van","Gone"],
		"DefaultNextStatus":[{"OrderType":"Delivery","NextStatus":"Van"},{"OrderType":"Collection","NextStatus":"Box"}]},
	{"StatusId":"Cold","StatusName":"Cold kitchen","NextStatuses":["Box"]},
	{"StatusId":"Box","StatusName":"Boxed","OrderTypes":["Collection","Delivery"],"NextStatuses":["Oven","Gone","Off"]},
	{"StatusId":"Plate","StatusName":"Plated","OrderTypes":["DineIn"],"NextStatuses":["Gone"]},
	{"StatusId":"Van","StatusName":"In the van","OrderTypes":["Delivery"],"NextStatuses":["Gone"]},
	{"StatusId":"Off","StatusName":"Switched off","Enabled":false,"NextStatuses":["Gone"]},
	{"StatusId":"Gone","StatusName":"Gone","DisplayName":"Handed out"}]}`

func TestAnOrderGoesThroughTheWorkflowOfItsStore(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		next := func(p order.PlacedOrder) string {
			a, err := s.Orders.FulfilmentActions(ctx, s.Owner, p.OrderId)
			if err != nil {
				t.Fatal(err)
			}
			out := a.StatusId + " →"
			for _, n := range a.NextStatuses {
				out += " " + n.Id
			}
			return out + ", " + a.DefaultNextStatus
		}
		move := func(p order.PlacedOrder, state, after string) {
			t.Helper()
			if err := fulfilled(state)(s, p); err != nil {
				t.Fatal(err)
			}
			if got := next(p); got != after {
				t.Errorf("after %s: %s, want %s", state, got, after)
			}
		}
		p := brought(t, s, wire.OrderStateAcceptedByRestaurant)
		_, err := s.Orders.Fulfilment(ctx, s.Owner, p.OrderId)
		want(t, err, fault.NotFound, "yet")
		if got := next(p); got != " → Preparing, Preparing" {
			t.Error("the template:", got)
		}
		want(t, fulfilled("OnTheWay")(s, p), fault.Invalid, "StatusId") // that is for deliveries
		move(p, "Preparing", "Preparing → Ready, Ready")

		s.Workflow(t, ownWorkflow, s.Store)
		if got := next(p); got != "Preparing → Oven Cold, " {
			t.Error("a state that is no more:", got)
		}
		head := s.Head(t)
		move(p, "Oven", "Oven → Box Gone, Box")
		move(p, "Oven", "Oven → Box Gone, Box") // again
		move(p, "Box", "Box → Oven Gone, ")
		move(p, "Oven", "Oven → Box Gone, Box")
		for _, state := range []string{"Off", "Plate", "Van", "", "Nowhere"} {
			want(t, fulfilled(state)(s, p), fault.Invalid, "StatusId")
		}
		want(t, fulfilled("Cold")(s, p), fault.Conflict, "Oven")
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateAcceptedByRestaurant || *o.FulfillmentStatus != (wire.OrderFulfillmentStatusBase{StatusId: "Oven", StatusName: "In the oven", Icon: "fire"}) {
			t.Errorf("%s, %+v", o.OrderState, o.FulfillmentStatus)
		}
		move(p, "Gone", "Gone →, ")
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateDelivered {
			t.Error(o.OrderState)
		}
		events := s.Events(t, head)
		if got := names(events); got != strings.TrimSpace(strings.Repeat("order.fulfillment.status.updated ", 4)) {
			t.Errorf("events %s", got)
		}
		e := decode[wire.OrderFulfillmentStatusUpdatedEvent](t, events[3].Flat())
		if e.StatusId != "Gone" || e.StatusName != "Gone" || wire.V(e.OrderId) != p.OrderId || e.StoreId != s.Store || wire.V(e.IpAddress) != "192.0.2.7" ||
			e.Description != fmt.Sprintf("Ada Owner moved order %d at Dame Street to Handed out.", p.OrderId) {
			t.Errorf("%s", events[3].Flat())
		}
		without := s.Place(t, s.Basket())
		elsewhere := s.Another(t)
		theirs := brought(t, elsewhere, wire.OrderStateAcceptedByRestaurant)
		if err := fulfilled("Preparing")(elsewhere, theirs); err != nil {
			t.Fatal(err)
		}
		all, err := s.Orders.FulfilmentOf(ctx, s.Owner, s.Brand.AppID, fmt.Sprintf("%d, %d,%d,%[3]d,2147483647", without.OrderId, theirs.OrderId, p.OrderId))
		if err != nil || len(all) != 1 || all[0].OrderId != p.OrderId || all[0].StatusName != "Gone" {
			t.Errorf("%+v, %v", all, err)
		}
		for _, ids := range []string{"", "1,", "x", "0", "-1", "2147483648", strings.Repeat("1,", 100) + "1"} {
			_, err := s.Orders.FulfilmentOf(ctx, s.Owner, s.Brand.AppID, ids)
			want(t, err, fault.Invalid, "orderIds")
		}
		err = s.Orders.SetFulfilment(ctx, elsewhere.Owner, p.OrderId, wire.OrderFulfillmentStatusUpdate{StatusId: wire.P("Oven")})
		want(t, err, fault.NotFound)
	})
}

// Of all who move an order on in different directions at once one wins; the others are told the state that it made.
func TestRaceForTheNextFulfilmentState(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.Workflow(t, `{"Name":"Fork","States":[
			{"StatusId":"A","StatusName":"A","NextStatuses":["B","C"]},{"StatusId":"B","StatusName":"B","NextStatuses":["D"]},
			{"StatusId":"C","StatusName":"C","NextStatuses":["D"]},{"StatusId":"D","StatusName":"D"}]}`)
		for range rounds(t) {
			p := brought(t, s, wire.OrderStateAcceptedByRestaurant)
			if err := fulfilled("A")(s, p); err != nil {
				t.Fatal(err)
			}
			head := s.Head(t)
			var won [2]atomic.Int32
			parallel(32, func(i int) {
				if fulfilled(string("BC"[i%2]))(s, p) == nil {
					won[i%2].Add(1)
				}
			})
			// Who asks for the state that the winner made is told nothing new.
			if (won[0].Load() == 0) == (won[1].Load() == 0) || names(s.Events(t, head)) != "order.fulfillment.status.updated" {
				t.Errorf("%d moved it to B, %d to C, events %s", won[0].Load(), won[1].Load(), names(s.Events(t, head)))
			}
		}
	})
}

func TestAReceiptPrintsTheStoredCalculation(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.Items = []order.BasketItem{item(apptest.Margherita, 2, apptest.Ham), item(apptest.Cola, 1, apptest.Small), item(apptest.Cola, 2, apptest.Large)}
		b.TipAmount = wire.P(wire.Decimal("1.2"))
		p := s.Place(t, b)
		r, err := s.Orders.Receipt(ctx, s.Owner, p.OrderId)
		if err != nil {
			t.Fatal(err)
		}
		o := r.PreviousOrder
		if o.TotalAmount != p.Amount || o.TipAmount != "1.2" || len(o.Items) != 5 || o.OrderId != p.OrderId || o.RestaurantName != "Dame Street" || o.Currency != "EUR" ||
			o.CustomerName != "Ann Diner" || o.PhoneNumberInternationalFormatString != "+353871234567" || r.PaymentMethodDescription != "Cash" {
			t.Errorf("%+v", o)
		}
		sum := func(ds ...wire.Decimal) (total int64) {
			for _, d := range ds {
				total += int64(parse(t, d))
			}
			return total
		}
		var items, rates, deposits []wire.Decimal
		for _, it := range o.Items {
			items = append(items, it.TaxAmount)
		}
		for _, rate := range o.TaxRates {
			rates = append(rates, rate.Total)
		}
		for _, d := range r.DepositReturnFeesSummary {
			deposits = append(deposits, d.Total)
		}
		if sum(rates...) != sum(o.TotalTax) || sum(items...) != sum(o.TotalTax) || len(rates) != 2 {
			t.Errorf("taxes %v of rates, %v of items, %s in all", rates, items, o.TotalTax)
		}
		if sum(deposits...) != sum(o.DepositReturnFeeAmount) || len(deposits) != 2 || r.DepositReturnFeesSummary[1] != (wire.DepositReturnFeesSummary{Count: 2, Fee: "0.25", Total: "0.5"}) {
			t.Errorf("deposits %+v, %s in all", r.DepositReturnFeesSummary, o.DepositReturnFeeAmount)
		}
		dublin, err := time.LoadLocation("Europe/Dublin")
		if err != nil {
			t.Fatal(err)
		}
		if got, wall := r.TsOrderPlacedLocal.Format(), p.PlacedTime.In(dublin).Format("2006-01-02T15:04:05Z"); got != wall {
			t.Errorf("placed at %s, on the wall %s", got, wall)
		}
		_, err = s.Orders.Receipt(ctx, s.Another(t).Owner, p.OrderId)
		want(t, err, fault.NotFound)
	})
}
