package webhook_test

import (
	"slices"
	"testing"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/webhook"
	"comanda/wire"
)

// A heading stands for the names below it from the event that reports the change on, and only for them.
func TestGroupsCutAtTheirChange(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		id := w.subscribe("http://pos.test/hook", func(s *wire.WebhookSubscription) { s.EventNames = []string{"menu.updated"} })
		w.orders(1, 2)
		w.set(id, webhook.Settings{Groups: &[]string{"Order"}}) // before anything was read
		w.orders(3, 4)
		w.happen(5, &wire.AppCreatedEvent{Description: "another heading"}, &wire.MenuUpdatedEvent{Description: "by its name"})
		w.run()
		time.Sleep(time.Second)
		w.set(id, webhook.Settings{Groups: &[]string{}})
		w.orders(6, 6)
		time.Sleep(time.Second)
		var got []string
		for _, d := range e.deliveries() {
			got = append(got, d.order)
		}
		slices.Sort(got)
		if want := []string{"Order 3", "Order 4", "by its name"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestStoreFilter(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		w.acc.StoresFrom(func(*db.Tx, int) ([]int, error) { return []int{11, 12, 13}, nil })
		id := w.subscribe("http://pos.test/hook", func(s *wire.WebhookSubscription) { s.EventNames = []string{"order.created"} })
		w.set(id, webhook.Settings{StoreIds: &[]int{13, 11}})
		w.run()
		for _, store := range []int{0, 11, 12, 13} {
			rec, err := event.Encode(event.New{
				Brand: w.brand.ID, AppID: w.brand.AppID, Store: store, Subject: "order/1", Body: &wire.OrderCreatedEvent{Description: string(rune('a' + store))},
			})
			w.must(err)
			w.must(w.d.Write(ctx, func(tx *db.Tx) error { w.log.Append(tx, rec); return nil }))
		}
		time.Sleep(time.Second)
		var got []string
		for _, d := range e.deliveries() {
			got = append(got, d.order)
		}
		if want := []string{string(rune('a' + 11)), string(rune('a' + 13))}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestStoresBeyondReachCannotBeChosen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.acc.StoresFrom(func(*db.Tx, int) ([]int, error) { return []int{11, 12}, nil })
		id := w.subscribe("https://pos.example.com/")
		bound := *w.owner
		bound.Grants = []account.Grant{w.owner.Grants[0].Limited(w.owner.Grants[0].Level, []int{11})}
		_, err := w.hooks.UpdateSettings(ctx, &bound, w.brand.AppID, w.app, id, webhook.Settings{StoreIds: &[]int{12}})
		if k := fault.KindOf(err); k != fault.Forbidden {
			t.Errorf("a caller held to one store changes a subscription of the brand: %v", err)
		}
		if got := w.set(id, webhook.Settings{StoreIds: &[]int{12, 11}}); !slices.Equal(*got.StoreIds, []int{11, 12}) {
			t.Errorf("stored %v", *got.StoreIds)
		}
	})
}

// Two changes at once: both hold, because the slower one is made again from what the faster one left.
func TestParallelChangesOfSettingsBothHold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.subscribe("https://pos.example.com/")
		changes := []webhook.Settings{
			{RatePerSecond: wire.P(7)}, {OrderHoldSeconds: wire.P(8)}, {Groups: &[]string{"Menu"}}, {Signatures: &[]string{"v1", "v1a"}},
		}
		results := make(chan error, len(changes))
		for _, in := range changes {
			go func() {
				_, err := w.hooks.UpdateSettings(ctx, w.owner, w.brand.AppID, w.app, id, in)
				results <- err
			}()
		}
		for range changes {
			w.must(<-results)
		}
		got, err := w.hooks.Settings(ctx, w.owner, w.brand.AppID, w.app, id)
		w.must(err)
		if *got.RatePerSecond != 7 || *got.OrderHoldSeconds != 8 || !slices.Equal(*got.Groups, []string{"Menu"}) || len(*got.Signatures) != 2 {
			t.Errorf("%+v", got)
		}
		if n := len(w.positionsOf("webhook_subscription.updated", 0)); n != len(changes) {
			t.Errorf("%d events", n)
		}
	})
}
