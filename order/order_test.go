package order_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

// each runs fn on a fresh shop on each engine.
func each(t *testing.T, fn func(t *testing.T, s *apptest.Shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, apptest.OpenShop(t, d)) })
}

// stored reads an order as its owner.
func stored(t *testing.T, s *apptest.Shop, id int) wire.Order {
	t.Helper()
	raw, err := s.Orders.Get(ctx, s.Owner, id)
	if err != nil {
		t.Fatal(err)
	}
	return decode[wire.Order](t, raw)
}

func decode[T any](t *testing.T, raw []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return v
}

// want fails the test unless err is a fault of a kind whose text holds all the words.
func want(t *testing.T, err error, kind fault.Kind, words ...string) {
	t.Helper()
	f := (*fault.Error)(nil)
	if !errors.As(err, &f) || f.Kind != kind {
		t.Errorf("got %v, want a fault of kind %d", err, kind)
		return
	}
	text := f.Error()
	for _, field := range f.Fields {
		text += " | " + field.Name + ": " + field.Message
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q does not say %q", text, w)
		}
	}
}

func names(events []event.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Name)
	}
	return strings.Join(out, " ")
}

// counts are the rows of all tables that an order can leave something in.
func counts(t *testing.T, s *apptest.Shop) (out [5]int) {
	t.Helper()
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`select (select count(*) from orders), (select count(*) from customers),
			(select count(*) from idempotency_keys), (select count(*) from log_events), (select count(*) from order_refunds)`).
			Scan(&out[0], &out[1], &out[2], &out[3], &out[4])
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func place(s *apptest.Shop, b order.Basket) ([]byte, error) {
	return s.Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, b)
}

func item(id wire.UUID, quantity int, options ...wire.UUID) order.BasketItem {
	it := order.BasketItem{MenuItemPublicId: id, Quantity: quantity}
	for _, o := range options {
		it.Options = append(it.Options, order.BasketOption{MenuItemOptionPublicId: o})
	}
	return it
}
