package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/revision"
	"comanda/webhook"
	"comanda/wire"
)

func (w *world) update(id int, in wire.WebhookSubscription) {
	w.t.Helper()
	w.must(w.hooks.Update(ctx, w.owner, w.brand.AppID, w.app, id, in))
}

func positions(got []delivery) []int64 {
	var out []int64
	for _, d := range got {
		out = append(out, d.position)
	}
	slices.Sort(out)
	return out
}

// Names are added and removed while events pour in: exactly the events between the two reports are delivered.
func TestAddedNameCutsAtItsOwnPosition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		id := w.subscribe(e.URL, func(s *wire.WebhookSubscription) { s.EventNames = []string{} })
		w.run()
		var writers sync.WaitGroup
		quit := make(chan struct{})
		for k := range 4 {
			writers.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-quit:
						return
					default:
						w.happen(1000*k+i%500, &wire.OrderDispatchedEvent{}, &wire.OrderCreatedEvent{})
					}
				}
			})
		}
		for w.head() < 100 {
			w.happen(1, &wire.OrderCreatedEvent{})
		}
		w.must(w.hooks.AddEventName(ctx, w.owner, w.brand.AppID, w.app, id, "order.created"))
		e.wait(t, 50)
		close(quit)
		writers.Wait()
		from := int64(w.count(`select from_position from webhook_event_names where subscription_id = $1`, id))
		want := w.positionsOf("order.created", from)
		e.wait(t, len(want))
		eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
		if got := positions(e.deliveries()); !slices.Equal(got, want) {
			t.Errorf("from %d: %d deliveries of %d, first %d, want %d", from, len(got), len(want), got[0], want[0])
		}
		reported := w.positionsOf("webhook_subscription.updated", 0)
		if !slices.Equal(reported, []int64{from}) {
			t.Errorf("the name counts from %d, the change stands at %v", from, reported)
		}
		w.must(w.hooks.RemoveEventName(ctx, w.owner, w.brand.AppID, w.app, id, "order.created"))
		w.orders(1, 20)
		eventually(t, "the cursor is at the head again", func() bool { return w.cursor(id) == w.head() })
		if n := len(e.deliveries()); n != len(want) {
			t.Errorf("%d deliveries after the name was removed", n-len(want))
		}
	})
}

func (w *world) positionsOf(name string, after int64) (out []int64) {
	w.t.Helper()
	w.must(w.d.Read(ctx, func(tx *db.Tx) error {
		events, err := event.Read(tx, w.brand.ID, after, 1_000_000)
		out = nil
		for _, e := range events {
			if e.Name == name {
				out = append(out, e.Position)
			}
		}
		return err
	}))
	return out
}

func TestPendingEventsGoToTheNewURLWithTheNewToken(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		e.set(func(d delivery, rw http.ResponseWriter) {
			if d.uri == "/old" {
				rw.WriteHeader(500)
			}
		})
		id := w.subscribe("http://pos.test/old")
		w.run()
		w.orders(1, 2)
		time.Sleep(time.Second)
		w.update(id, wire.WebhookSubscription{CallbackUrl: wire.P("http://pos.test/new"), VerifyToken: wire.P("fresh"), Version: wire.P("1")})
		time.Sleep(10 * time.Second)
		got := e.deliveries()
		if len(got) != 4 {
			t.Fatalf("%d deliveries", len(got))
		}
		for _, d := range got[2:] {
			if d.uri != "/new" || d.attempt != 2 || d.header.Get("X-Verify-Token") != "fresh" || d.name != "" {
				t.Errorf("%s attempt %d token %q type %q", d.uri, d.attempt, d.header.Get("X-Verify-Token"), d.name)
			}
		}
	})
}

func TestDisablingDropsWhatIsPendingAndEnablingStartsAtTheHead(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		var mended atomic.Bool
		e.set(func(_ delivery, rw http.ResponseWriter) {
			if !mended.Load() {
				rw.WriteHeader(500)
			}
		})
		id := w.subscribe("http://pos.test/hook")
		w.run()
		w.orders(1, 3)
		time.Sleep(time.Second)
		if n := w.pending(id); n != 3 {
			t.Fatalf("%d rows", n)
		}
		w.update(id, wire.WebhookSubscription{Enabled: wire.P(false)})
		if n := w.pending(id); n != 0 {
			t.Errorf("%d rows after it was disabled", n)
		}
		before := len(e.deliveries())
		w.orders(4, 6)
		time.Sleep(time.Hour)
		if n := len(e.deliveries()) - before; n != 0 {
			t.Errorf("%d deliveries while disabled", n)
		}
		mended.Store(true)
		w.update(id, wire.WebhookSubscription{Enabled: wire.P(true)})
		w.orders(7, 8)
		time.Sleep(time.Minute)
		var orders []string
		for _, d := range e.deliveries()[before:] {
			orders = append(orders, d.order)
		}
		slices.Sort(orders)
		if !slices.Equal(orders, []string{"Order 7", "Order 8"}) {
			t.Errorf("after it was enabled came %v", orders)
		}
		if w.cursor(id) != w.head() || w.pending(id) != 0 {
			t.Errorf("cursor %d of %d, %d rows", w.cursor(id), w.head(), w.pending(id))
		}
	})
}

// A subscription is disabled, enabled and deleted again and again under load. Nothing that was reported while it was
// disabled may come, nothing may stay behind.
func TestChangesUnderLoad(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, func(d delivery, rw http.ResponseWriter) {
			if d.position%7 == 0 && d.attempt == 1 {
				rw.WriteHeader(500)
			}
		})
		w.run()
		for round := range 4 {
			id := w.subscribe(fmt.Sprint(e.URL, "/", round))
			for i := range 6 {
				w.burst(1+i*40, i*40+40)
				w.update(id, wire.WebhookSubscription{Enabled: wire.P(i%2 == 1)})
			}
			w.burst(1000, 1010)
			off := false
			var from, to []int64
			for _, p := range w.positionsOf("webhook_subscription.updated", 0) {
				if off = !off; off {
					from = append(from, p)
				} else {
					to = append(to, p)
				}
			}
			eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
			for _, d := range e.deliveries() {
				for i := range from {
					if d.uri == fmt.Sprint("/", round) && d.position > from[i] && d.position < to[i] {
						t.Errorf("round %d: position %d came, it was disabled from %d to %d", round, d.position, from[i], to[i])
					}
				}
			}
			w.must(w.hooks.Delete(ctx, w.owner, w.brand.AppID, w.app, id))
			for _, table := range []string{
				`select count(*) from webhook_pending where subscription_id = $1`,
				`select count(*) from webhook_event_names where subscription_id = $1`,
				`select count(*) from webhook_subscriptions where id = $1`,
			} {
				if n := w.count(table, id); n != 0 {
					t.Errorf("%s: %d", table, n)
				}
			}
			if at := w.cursor(id); at != -1 {
				t.Errorf("the cursor of the deleted subscription is at %d", at)
			}
		}
		// No settlement that was under way may bring a row back.
		w.orders(1, 5)
		if n := w.count(`select count(*) from webhook_pending`); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

func TestParallelChangesOfOneSubscription(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.subscribe("https://pos.example.com/")
		const n = 24
		results := make(chan error, n)
		for range n {
			go func() { results <- w.hooks.AddEventName(ctx, w.owner, w.brand.AppID, w.app, id, "order.rejected") }()
		}
		done := 0
		for range n {
			err := <-results
			switch {
			case err == nil:
				done++
			case fault.KindOf(err) != fault.Conflict:
				t.Error(err)
			}
		}
		if done != 1 {
			t.Errorf("%d of %d added the name", done, n)
		}
		if got := len(w.positionsOf("webhook_subscription.updated", 0)); got != 1 {
			t.Errorf("%d events", got)
		}
	})
}

func TestDeletedAppTakesItsSubscriptionsWithIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		for range 3 {
			w.subscribe(e.URL)
		}
		w.run()
		w.orders(1, 1)
		e.wait(t, 3)
		w.must(w.apps.DeleteApp(ctx, w.owner, w.brand.AppID, w.app))
		w.orders(2, 3)
		for _, table := range []string{"webhook_subscriptions", "webhook_event_names", "webhook_pending"} {
			if n := w.count("select count(*) from " + table); n != 0 {
				t.Errorf("%d rows in %s", n, table)
			}
		}
		if n := len(w.positionsOf("webhook_subscription.deleted", 0)); n != 3 {
			t.Errorf("%d events", n)
		}
		if n := w.count(`select count(*) from log_followers where name like 'webhook/%'`); n != 0 {
			t.Errorf("%d cursors", n)
		}
	})
}

// The name passes at registration and leads inside at delivery: nothing is connected, and the log says why.
func TestCallbackThatLeadsInsideIsNotCalled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(c *webhook.Config) { c.Allow = nil })
		e := newEndpoint(t, nil)
		port := e.URL[strings.LastIndex(e.URL, ":"):]
		id := w.subscribe("http://pos.example.com/hook")
		w.must(d.Write(ctx, func(tx *db.Tx) error { // stands for a name whose answer has changed since
			_, err := tx.Exec(`update webhook_subscriptions set callback_url = $2 where id = $1`, id, "http://localhost"+port+"/hook")
			return err
		}))
		w.run()
		w.orders(1, 1)
		var logs []wire.WebhookLog
		eventually(t, "the attempt is logged", func() bool {
			logs = w.logs(id)
			return len(logs) == 1
		})
		if n := len(e.deliveries()); n != 0 {
			t.Errorf("%d deliveries", n)
		}
		l := logs[0]
		if l.HttpResponseStatusCode != "" || !strings.Contains(l.HttpResponseStatus, "not public") || strings.Contains(l.HttpResponseStatus, "127.0.0.1") {
			t.Errorf("%q %q", l.HttpResponseStatusCode, l.HttpResponseStatus)
		}
	})
}

func (w *world) logs(id int) []wire.WebhookLog {
	w.t.Helper()
	now := clock.Now()
	logs, total, err := w.hooks.Logs(ctx, w.owner, w.brand.AppID, w.app, id, webhook.Range{
		Start: now.Add(-time.Hour), End: now.Add(time.Hour), Page: 1, Limit: 100,
	})
	w.must(err)
	if total != len(logs) {
		w.t.Errorf("total %d of %d", total, len(logs))
	}
	return logs
}

func TestAttemptLogShowsBothSidesAsTheyWere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, func(d delivery, rw http.ResponseWriter) {
			rw.Header().Set("X-Receiver", "till-4")
			if d.attempt == 1 {
				rw.WriteHeader(500)
				_, _ = rw.Write([]byte("kitchen on fire \xff\x00" + strings.Repeat("!", 20000)))
				return
			}
			rw.WriteHeader(202)
			_, _ = rw.Write([]byte("thanks"))
		})
		id := w.subscribe(e.URL+"/hook?a=1&a=2", func(s *wire.WebhookSubscription) { s.VerifyToken = wire.P("tok") })
		stop := w.run()
		w.orders(1, 1)
		e.wait(t, 2) // the second after five seconds
		stop()       // the log is written to its end
		logs := w.logs(id)
		got := e.deliveries()
		if len(logs) != 2 {
			t.Fatalf("%d entries", len(logs))
		}
		for i, l := range []wire.WebhookLog{logs[1], logs[0]} {
			if l.RequestBody != string(got[i].body) {
				t.Errorf("request body %q, sent %q", l.RequestBody, got[i].body)
			}
			if string(l.FlipdishWebhookId) != got[i].header.Get("Webhook-Id") {
				t.Errorf("id %s", l.FlipdishWebhookId)
			}
			for _, want := range []string{
				"Content-Type: application/json\r\n", "X-Verify-Token: tok\r\n", "Webhook-Signature: " + got[i].header.Get("Webhook-Signature"),
				"Content-Length: " + fmt.Sprint(len(got[i].body)), fmt.Sprint("X-Comanda-Attempt: ", i+1),
			} {
				if !strings.Contains(l.RequestHeaders, want) {
					t.Errorf("request headers lack %q:\n%s", want, l.RequestHeaders)
				}
			}
			if !strings.Contains(l.ResponseHeaders, "X-Receiver: till-4\r\n") {
				t.Errorf("response headers %q", l.ResponseHeaders)
			}
			if l.RetryCount != i || l.WebhookEventName != "order.created" || l.Version != "2" || l.WebhookSubscriptionOwnerUserId != w.owner.Account ||
				l.WebhookSubscriptionCallbackUrl != e.URL+"/hook?a=1&a=2" || !strings.HasPrefix(l.Duration, "00:00:0") || !strings.HasSuffix(l.EventCreated, "Z") {
				t.Errorf("%+v", l)
			}
		}
		first, second := logs[1], logs[0]
		if first.HttpResponseStatusCode != "500" || first.HttpResponseStatus != "Internal Server Error" || second.HttpResponseStatusCode != "202" {
			t.Errorf("%s %s, %s", first.HttpResponseStatusCode, first.HttpResponseStatus, second.HttpResponseStatusCode)
		}
		if !strings.HasPrefix(first.ResponseBody, "kitchen on fire \uFFFD\uFFFD!") || len(first.ResponseBody) > 16<<10+8 || second.ResponseBody != "thanks" {
			t.Errorf("%d %.40q, %q", len(first.ResponseBody), first.ResponseBody, second.ResponseBody)
		}
	})
}

// brokenTable makes every write of a table fail until mended. SQLite triggers do it inside one database.
func (w *world) breakTable(table string) (mend func()) {
	w.t.Helper()
	exec := func(stmt string) {
		w.must(w.d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(stmt); return err }))
	}
	exec("create trigger broken_insert before insert on " + table + " begin select raise(abort, 'broken'); end")
	exec("create trigger broken_update before update on " + table + " begin select raise(abort, 'broken'); end")
	return func() {
		exec("drop trigger broken_insert")
		exec("drop trigger broken_update")
	}
}

func TestTroubleOfTheAttemptLogRepeatsNothing(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	e := newEndpoint(t, nil)
	id := w.subscribe(e.URL)
	w.breakTable("webhook_attempt_blocks")
	stop := w.run()
	w.burst(1, 500)
	e.wait(t, 500)
	eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
	stop()
	if n := len(e.deliveries()); n != 500 {
		t.Errorf("%d deliveries", n)
	}
}

func TestNothingNewIsSentWhileSettlementFails(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		e.set(func(delivery, http.ResponseWriter) { time.Sleep(20 * time.Millisecond) })
		id := w.subscribe("http://pos.test/hook")
		w.run()
		mend := w.breakTable("log_followers")
		w.burst(1, 2000)
		time.Sleep(10 * time.Minute)
		sent := len(e.deliveries())
		if sent > 64 || sent == 0 { // the flights that had begun, not a window
			t.Errorf("%d deliveries while nothing could be settled", sent)
		}
		mend()
		time.Sleep(time.Minute)
		if n := len(e.deliveries()); n != 2000 || w.cursor(id) != w.head() {
			t.Errorf("%d deliveries of 2000, cursor %d of %d", n, w.cursor(id), w.head())
		}
	})
}

func TestManySubscriptionsAndBrands(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		var worlds []*world
		for i := range 5 {
			b, err := w.acc.CreateBrand(ctx, system, account.NewBrand{Name: fmt.Sprint("Brand ", i), Sandbox: true, Owner: w.owner.Account})
			w.must(err)
			other := *w
			other.brand = b
			other.owner, err = w.acc.PersonCaller(context.Background(), w.owner.Account)
			w.must(err)
			other.app, _, err = w.apps.CreateApp(ctx, other.owner, b.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
			w.must(err)
			worlds = append(worlds, &other)
		}
		w.run()
		for i, o := range worlds {
			for k := range 6 {
				o.subscribe(fmt.Sprintf("%s/%d/%d", e.URL, i, k)) // picked up while it runs
			}
		}
		for n := range 10 {
			for i, o := range worlds {
				o.happen(n, &wire.OrderCreatedEvent{Description: fmt.Sprint(i)})
			}
		}
		got := e.wait(t, 5*6*10)
		for _, d := range got {
			if !strings.HasPrefix(d.uri, "/"+d.order+"/") {
				t.Errorf("an event of brand %s went to %s", d.order, d.uri)
			}
		}
		if n := len(e.deliveries()); n != 300 {
			t.Errorf("%d deliveries", n)
		}
	})
}

func TestAChangeOfWhatSomebodyElseChangedMeanwhileIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.subscribe("http://pos.test/hook")
		s, err := w.hooks.Get(ctx, w.owner, w.brand.AppID, w.app, id)
		w.must(err)
		seen := revision.Seen(ctx, s.Revision)
		w.must(w.hooks.Update(seen, w.owner, w.brand.AppID, w.app, id, wire.WebhookSubscription{VerifyToken: wire.P("mine")}))
		err = w.hooks.Update(seen, w.owner, w.brand.AppID, w.app, id, wire.WebhookSubscription{VerifyToken: wire.P("theirs")})
		if fault.KindOf(err) != fault.Conflict || !revision.Stale(err) {
			t.Errorf("the second change from one revision: %v", err)
		}
		s, err = w.hooks.Get(ctx, w.owner, w.brand.AppID, w.app, id)
		w.must(err)
		if s.VerifyToken != "mine" {
			t.Errorf("the token is %q", s.VerifyToken)
		}
	})
}
