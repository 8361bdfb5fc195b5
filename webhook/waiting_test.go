package webhook_test

import (
	"net/http"
	"testing"
	"time"

	"comanda/internal/clock"
	"comanda/wire"
)

// TestWhatWaitsIsListed lets the first event of an order fail: it is tried again, the second one is held behind it.
func TestWhatWaitsIsListed(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		id := w.subscribe("http://pos.test/hook")
		e.set(func(d delivery, rw http.ResponseWriter) { rw.WriteHeader(http.StatusInternalServerError) })
		w.run()
		w.happen(1, &wire.OrderCreatedEvent{}, &wire.OrderAcceptedEvent{})
		time.Sleep(time.Second)
		got, total, err := w.hooks.Waiting(ctx, w.owner, w.brand.AppID, w.app, id, 1, 10)
		w.must(err)
		if total != 2 || len(got) != 2 {
			t.Fatalf("%d of %d wait", len(got), total)
		}
		first, second := got[0], got[1]
		if first.EventName != "order.created" || first.Subject != "order/1" || first.Held || first.Attempts != 1 || first.FirstFailed.IsZero() || first.EventID == "" || first.EventAt.IsZero() {
			t.Errorf("the first is %+v", first)
		}
		if wait := first.Next.Sub(clock.Now()); wait <= 0 || wait > 6*time.Second {
			t.Errorf("the first is tried in %s", wait)
		}
		if second.EventName != "order.accepted" || !second.Held || second.Attempts != 0 || !second.FirstFailed.IsZero() || second.Position <= first.Position {
			t.Errorf("the second is %+v", second)
		}
		got, _, err = w.hooks.Waiting(ctx, w.owner, w.brand.AppID, w.app, id, 2, 1)
		w.must(err)
		if len(got) != 1 || got[0].EventID != second.EventID {
			t.Errorf("the second page is %+v", got)
		}
	})
}
