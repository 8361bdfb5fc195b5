package webhook_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

func TestEachEventIsDeliveredOnceAndInSequence(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		id := w.subscribe(e.URL)
		created := w.head()
		w.run()
		const orders = 300
		for n := 1; n <= orders; n++ {
			name := fmt.Sprint(n)
			w.happen(n, &wire.OrderCreatedEvent{Description: name}, &wire.OrderDispatchedEvent{}, &wire.OrderAcceptedEvent{Description: name})
		}
		e.wait(t, 2*orders)
		eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
		got := e.deliveries()
		if len(got) != 2*orders {
			t.Errorf("%d deliveries of %d events", len(got), 2*orders)
		}
		seen := map[int64]bool{}
		last := map[string]string{}
		for _, d := range got {
			if seen[d.position] || d.position <= created || d.attempt != 1 {
				t.Errorf("position %d, attempt %d, seen before: %v", d.position, d.attempt, seen[d.position])
			}
			seen[d.position] = true
			if d.name == "order.accepted" && last[d.order] != "order.created" {
				t.Errorf("order %s: %s came after %q", d.order, d.name, last[d.order])
			}
			last[d.order] = d.name
		}
		if n := w.pending(id); n != 0 {
			t.Errorf("%d rows are pending", n)
		}
	})
}

func TestRequestCarriesSignatureTokenAndPosition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		path := "/hook%2Fin?storeId=1&storeId=2&q=a+b%20c&e="
		id := w.subscribe(e.URL+path, func(s *wire.WebhookSubscription) { s.VerifyToken = wire.P("s3cret token") })
		flat := w.subscribe(e.URL+"/flat", func(s *wire.WebhookSubscription) { s.Version = wire.P("1") })
		w.run()
		w.orders(1, 1)
		for _, d := range e.wait(t, 2) {
			sub, want := id, path
			if d.uri == "/flat" {
				sub, want = flat, "/flat"
			}
			if d.uri != want {
				t.Errorf("request line %q, want %q", d.uri, want)
			}
			secret, err := w.hooks.Secret(ctx, w.owner, w.brand.AppID, w.app, sub)
			if err != nil {
				t.Fatal(err)
			}
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify(d.body, d.header); err != nil {
				t.Errorf("signature: %v", err)
			}
			if err := verifier.Verify(append(d.body, ' '), d.header); err == nil {
				t.Error("a changed body verifies")
			}
			token, there := d.header["X-Verify-Token"]
			if sub == id && (!there || token[0] != "s3cret token") || sub == flat && there {
				t.Errorf("%s: token %q", d.uri, token)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json", "User-Agent": "Comanda-Webhooks/1.2.3", "X-Comanda-Attempt": "1",
				"X-Comanda-Position": fmt.Sprint(w.head()), "X-Idempotency-Key": "", "Accept-Encoding": "",
			} {
				if got := d.header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			begin := `{"Type":"order.created","CreateTime":"`
			if sub == flat {
				begin = fmt.Sprintf(`{"Position":%d,"EventName":"order.created"`, w.head())
			}
			if string(d.body[:len(begin)]) != begin {
				t.Errorf("body begins with %s", d.body[:len(begin)])
			}
		}
	})
}

func TestOnly2xxIsReceivedAndRedirectsAreNotFollowed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		other := newEndpoint(t, nil)
		for status, received := range map[int]bool{
			200: true, 202: true, 204: true, 299: true, 301: false, 302: false, 304: false, 307: false, 400: false, 404: false,
			429: false, 500: false, 503: false,
		} {
			e := newEndpoint(t, func(_ delivery, rw http.ResponseWriter) {
				rw.Header().Set("Location", other.URL)
				rw.WriteHeader(status)
			})
			id := w.subscribe(e.URL)
			stop := w.run()
			w.orders(1, 1)
			e.wait(t, 1)
			eventually(t, "settled", func() bool { return w.cursor(id) == w.head() })
			if got := w.pending(id) == 0; got != received {
				t.Errorf("%d: received %v", status, got)
			}
			stop()
			w.must(w.hooks.Delete(ctx, w.owner, w.brand.AppID, w.app, id))
		}
		if n := len(other.deliveries()); n != 0 {
			t.Errorf("%d redirects were followed", n)
		}
	})
}

func TestPoisonEventDoesNotStopTheOthersAndADeadEndpointDelaysNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		healthy := newEndpoint(t, nil)
		poisoned := newEndpoint(t, func(d delivery, rw http.ResponseWriter) {
			if d.order == "Order 3" {
				rw.WriteHeader(500)
			}
		})
		block := make(chan struct{})
		defer close(block)
		hanging := newEndpoint(t, func(delivery, http.ResponseWriter) { <-block })
		refused := newEndpoint(t, nil)
		refused.Close()
		dead, gone := w.subscribe(hanging.URL), w.subscribe(refused.URL)
		good, bad := w.subscribe(healthy.URL), w.subscribe(poisoned.URL)
		w.run()
		began := time.Now()
		const n = 1200
		w.orders(1, n/2)
		w.burst(n/2+1, n)
		healthy.wait(t, n)
		poisoned.wait(t, n)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		eventually(t, "the healthy cursors are at the head", func() bool { return w.cursor(good) == w.head() && w.cursor(bad) == w.head() })
		if g, b := w.pending(good), w.pending(bad); g != 0 || b != 1 {
			t.Errorf("pending rows: healthy %d, poisoned %d", g, b)
		}
		for _, id := range []int{dead, gone} {
			if p := w.pending(id); p > 40 {
				t.Errorf("subscription %d has %d rows", id, p)
			}
			if at := w.cursor(id); at > w.head()-400 {
				t.Errorf("subscription %d: the cursor ran on to %d of %d", id, at, w.head())
			}
		}
	})
}

func TestRestartLosesNothingAndRepeatsNothingThatWasSettled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		id := w.subscribe(e.URL)
		stop := w.run()
		w.burst(1, 500)
		e.wait(t, 200)
		stop() // in the middle: answers that are due are waited for
		first := len(e.deliveries())
		w.burst(501, 600)
		if n := len(e.deliveries()); n != first {
			t.Fatalf("%d deliveries after the stop", n-first)
		}
		w.hooks = w.newHooks(w.log)
		w.run()
		e.wait(t, 600)
		eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
		if n := len(e.deliveries()); n != 600 {
			t.Errorf("%d deliveries of 600 events: a clean stop repeats nothing", n)
		}
	})
}
