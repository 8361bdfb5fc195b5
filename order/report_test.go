package order_test

import (
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/payment/simulator"
	"comanda/wire"
)

func TestEndOfDayCountsWhatTheStoreTook(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		delivery := s.Basket()
		delivery.DeliveryType = wire.DeliveryTypeDelivery
		delivery.DeliveryLocation = &wire.DeliveryLocation{Street: "Dame Street", Town: "Dublin", PostCode: "D02", Coordinates: &wire.Coordinates{Latitude: 53.344, Longitude: -6.267}}
		var all []order.PlacedOrder
		for _, b := range []order.Basket{s.Basket(), s.Basket(), s.Basket(), s.Basket(), delivery} {
			all = append(all, s.Place(t, b))
		}
		elsewhere := s.Basket()
		elsewhere.StoreId = s.AddStore(t, "Temple Bar")
		for i, do := range []string{"accepted", "accepted", "rejected", "", "accepted"} {
			if do == "" {
				continue // waits for an answer: not taken yet
			}
			if err := actions[do](s, all[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := actions["accepted"](s, s.Place(t, elsewhere)); err != nil {
			t.Fatal(err)
		}
		if err := s.Orders.Refund(ctx, s.Owner, all[1].OrderId, wire.Refund{RefundAmount: "3.5"}); err != nil {
			t.Fatal(err)
		}
		if err := actions["dispatched"](s, all[4]); err != nil {
			t.Fatal(err)
		}
		r, err := s.Orders.EndOfDay(ctx, s.Owner, s.Store, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if r.OrderCount != 3 || r.OrderValue != "22" || r.CollectionOrderCount != 2 || r.CollectionOrderValue != "13.5" || r.DeliveryCashOrderCount != 1 ||
			r.DeliveryOrderValue != "8.5" || r.CashOrderValue != "22" || r.PaidOnlineOrderCount != 0 || r.PaidOnlineOrderValue != "0" || r.StoreName != "Dame Street" || r.Currency != "EUR" {
			t.Errorf("%+v", r)
		}
		if placed := all[0].PlacedTime.Time; placed.Before(r.StartTime.Time) || !placed.Before(r.EndTime.Time) {
			t.Errorf("%s is not from %s to %s", placed, r.StartTime, r.EndTime)
		}
		for name, date := range map[string]time.Time{
			"a bare date in summer":         time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC),
			"a time before midnight in UTC": time.Date(2026, 6, 1, 23, 30, 0, 0, time.UTC),
		} {
			r, err := s.Orders.EndOfDay(ctx, s.Owner, s.Store, date)
			if err != nil || r.OrderCount != 0 || r.StartTime.Format() != "2026-06-01T23:00:00Z" || r.EndTime.Format() != "2026-06-02T23:00:00Z" {
				t.Errorf("%s: %+v %v", name, r, err)
			}
		}
	})
}

// The money of a card that could not be taken, or that a bank took back, is not the store's.
func TestRegressionEndOfDayCountsMoneyThatTheStoreHasNot(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		for _, token := range []string{simulator.Visa, simulator.Expired, simulator.Dispute} {
			p := s.Place(t, card(s, token))
			apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
			settle(t, s)
			if token != simulator.Visa {
				apptest.Must(0, reviewed(s, p, order.ReviewRelease))(t)
			}
		}
		r := apptest.Must(s.Orders.EndOfDay(ctx, s.Owner, s.Store, time.Time{}))(t)
		if r.PaidOnlineOrderCount != 3 || r.PaidOnlineOrderValue != "8.5" || r.OrderValue != "8.5" {
			t.Errorf("%+v", r)
		}
	})
}

func TestEndOfDayOfOthersIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		stranger := &account.Caller{Kind: account.Person}
		_, there := s.Orders.EndOfDay(ctx, stranger, s.Store, time.Time{})
		want(t, there, fault.NotFound, "within your reach")
		_, missing := s.Orders.EndOfDay(ctx, s.Owner, 5, time.Time{})
		want(t, missing, fault.NotFound, "There is no store 5 within your reach")
		_, err := s.Orders.EndOfDay(ctx, s.Member(t, wire.AppAccessLevelOnboarding), s.Store, time.Time{})
		want(t, err, fault.Forbidden, "reading orders")
	})
}
