package webhook_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/webhook"
	"comanda/wire"
)

func (w *world) health(id int) *webhook.Health {
	w.t.Helper()
	h, err := w.hooks.Health(ctx, w.owner, w.brand.AppID, w.app, id)
	w.must(err)
	return h
}

func (w *world) pause(id int)  { w.must(w.hooks.Pause(ctx, w.owner, w.brand.AppID, w.app, id)) }
func (w *world) resume(id int) { w.must(w.hooks.Resume(ctx, w.owner, w.brand.AppID, w.app, id)) }

// events counts the events of a name in the log.
func (w *world) events(name string) int {
	return w.count(`select count(*) from log_events where brand_id = $1 and name = $2`, w.brand.ID, name)
}

func (w *world) mails() int { return w.count(`select count(*) from mail_outbox`) }

func TestFailingEndpointIsToldByMailAndEventOnce(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		var up atomic.Bool
		e.set(func(d delivery, rw http.ResponseWriter) {
			if !up.Load() {
				rw.WriteHeader(500)
			}
		})
		id := w.subscribe("http://pos.test/hook", func(s *wire.WebhookSubscription) {
			s.EventNames = append(s.EventNames, "webhook_subscription.failing", "webhook_subscription.recovered")
		})
		stop := w.run()
		mails := w.mails()
		w.orders(1, 20)
		began := clock.Now()
		time.Sleep(4*time.Minute + 50*time.Second)
		synctest.Wait()
		if n := w.events("webhook_subscription.failing"); n != 0 || w.mails() != mails {
			t.Errorf("told after less than five minutes: %d", n)
		}
		h := w.health(id)
		if h.State != webhook.Probing || h.FailingSince.Sub(began) > time.Second || h.LastStatus != 500 || h.Lag != 20 || h.Pending == 0 {
			t.Errorf("%+v", h)
		}
		stop() // another node takes over, and knows since when
		w.hooks = w.newHooks(w.log, func(c *webhook.Config) { c.Transport = w.transport })
		w.run()
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		if n, m := w.events("webhook_subscription.failing"), w.mails()-mails; n != 1 || m != 1 {
			t.Errorf("%d events, %d mails", n, m)
		}
		if h := w.health(id); !h.FailingSince.Before(began.Add(time.Second)) || h.LagSince.Before(began.Add(-time.Second)) {
			t.Errorf("%+v", h)
		}
		up.Store(true)
		time.Sleep(12 * time.Minute)
		synctest.Wait()
		if n, m := w.events("webhook_subscription.recovered"), w.mails()-mails; n != 1 || m != 2 {
			t.Errorf("%d events, %d mails", n, m)
		}
		if h := w.health(id); h.State != webhook.Streaming || !h.FailingSince.IsZero() || h.Lag != 0 || h.LastStatus != 200 || h.LastSuccess.IsZero() {
			t.Errorf("%+v", h)
		}
		got := map[string]int{}
		for _, d := range e.deliveries() {
			if d.name != "order.created" {
				got[d.name]++
			}
		}
		if got["webhook_subscription.recovered"] == 0 || got["webhook_subscription.failing"] == 0 {
			t.Error("the subscription did not get the news it wants:", got)
		}
	})
}

func TestPauseKeepsTheCursorAndExpires(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		id := w.subscribe("http://pos.test/hook")
		w.run()
		w.orders(1, 3)
		time.Sleep(time.Second)
		w.pause(id)
		time.Sleep(time.Second)
		w.orders(4, 9)
		time.Sleep(20 * time.Hour)
		w.orders(10, 12)
		synctest.Wait()
		if n := len(e.deliveries()); n != 3 {
			t.Errorf("%d deliveries while paused", n)
		}
		if h := w.health(id); h.State != webhook.Paused || h.Lag != 9 || h.Expired != 0 || clock.Now().Sub(h.LagSince) < 20*time.Hour {
			t.Errorf("%+v", h)
		}
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		if h := w.health(id); h.Lag != 3 || h.Expired != 6 {
			t.Errorf("%+v", h)
		}
		ranges, total, err := w.hooks.Expired(ctx, w.owner, w.brand.AppID, w.app, id, 1, 10)
		if err != nil || total == 0 || len(ranges) != total {
			t.Error(ranges, total, err)
		}
		if n := w.events("webhook_subscription.expired"); n != 1 {
			t.Errorf("%d events tell of it", n)
		}
		w.resume(id)
		time.Sleep(time.Minute)
		synctest.Wait()
		var got []string
		for _, d := range e.deliveries()[3:] {
			got = append(got, d.order)
		}
		slices.Sort(got)
		if fmt.Sprint(got) != "[Order 10 Order 11 Order 12]" {
			t.Error(got)
		}
	})
}

func TestRetryAfterOfABusyEndpoint(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		var busy atomic.Bool
		busy.Store(true)
		e.set(func(_ delivery, rw http.ResponseWriter) {
			if busy.Swap(false) {
				rw.Header().Set("Retry-After", "120")
				rw.WriteHeader(429)
			}
		})
		w.subscribe("http://pos.test/hook")
		w.run()
		w.orders(1, 1)
		time.Sleep(time.Second)
		w.orders(2, 5)
		time.Sleep(118 * time.Second)
		synctest.Wait()
		if n := len(e.deliveries()); n != 1 {
			t.Errorf("%d deliveries to a busy endpoint", n)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(e.deliveries()); n != 6 {
			t.Errorf("%d deliveries", n)
		}
	})
}

func TestGoneEndpointIsDisabledOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		var back atomic.Bool
		e := newEndpoint(t, func(_ delivery, rw http.ResponseWriter) {
			if !back.Load() {
				rw.WriteHeader(410)
			}
		})
		id := w.subscribe(e.URL)
		mails, first := w.mails(), w.head()+1
		w.orders(1, 30)
		w.run()
		eventually(t, "it is disabled", func() bool { return w.health(id).State == webhook.Disabled })
		h := w.health(id)
		if h.DisabledReason == "" || h.ReplayFrom != first || h.ReplayTo != 0 || h.Lag != 0 || w.pending(id) != 0 {
			t.Errorf("%+v", h)
		}
		if n, m := w.events("webhook_subscription.disabled"), w.mails()-mails; n != 1 || m != 1 {
			t.Errorf("%d events, %d mails", n, m)
		}
		back.Store(true)
		tried := len(e.deliveries())
		w.must(w.hooks.Update(ctx, w.owner, w.brand.AppID, w.app, id, wire.WebhookSubscription{Enabled: wire.P(true)}))
		w.orders(31, 31)
		got := e.wait(t, tried+1)
		if last := got[len(got)-1]; last.order != "Order 31" {
			t.Error("it does not go on at the head:", last.order)
		}
		if h := w.health(id); h.State != webhook.Streaming || h.DisabledReason != "" || h.ReplayFrom != first || h.ReplayTo < first+29 {
			t.Errorf("%+v", h)
		}
	})
}

// A person moves the subscription to another URL while the old one answers 410: what they say counts.
func TestChangeByAPersonCountsMoreThanA410(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id, moved := 0, make(chan struct{})
		var e *endpoint
		e = newEndpoint(t, func(d delivery, rw http.ResponseWriter) {
			if d.uri == "/new" {
				return
			}
			if d.order == "Order 1" {
				url := e.URL + "/new"
				w.must(w.hooks.Update(ctx, w.owner, w.brand.AppID, w.app, id, wire.WebhookSubscription{CallbackUrl: &url}))
				close(moved)
			}
			<-moved
			rw.WriteHeader(410)
		})
		id = w.subscribe(e.URL + "/old")
		w.orders(1, 10)
		w.run()
		eventually(t, "all came to the new URL", func() bool {
			seen := map[string]bool{}
			for _, d := range e.deliveries() {
				if d.uri == "/new" {
					seen[d.order] = true
				}
			}
			return len(seen) == 10
		})
		if h := w.health(id); h.State == webhook.Disabled || w.events("webhook_subscription.disabled") != 0 {
			t.Errorf("%+v", h)
		}
	})
}

func TestExpiredEventsAreForgottenAfterThirtyDays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.subscribe(newEndpoint(t, nil).URL)
		put := func(position int64, ago time.Duration) {
			w.must(d.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`insert into webhook_expired (subscription_id, from_position, to_position, brand_id, expired_at)
					values ($1, $2, $3, $4, $5)`, id, position, position+9, w.brand.ID, clock.Micros(clock.Now().Add(-ago)))
				return err
			}))
		}
		put(100, 29*24*time.Hour)
		w.must(d.Write(ctx, func(tx *db.Tx) error { // more than are forgotten at once
			for i := range 1100 {
				_, err := tx.Exec(`insert into webhook_expired (subscription_id, from_position, to_position, brand_id, expired_at)
					values ($1, $2, $2, $3, $4)`, id, 200+i, w.brand.ID, clock.Micros(clock.Now().Add(-31*24*time.Hour)))
				if err != nil {
					return err
				}
			}
			return nil
		}))
		ranges, total, err := w.hooks.Expired(ctx, w.owner, w.brand.AppID, w.app, id, 1, 10)
		if err != nil || total != 1 || len(ranges) != 1 || ranges[0].From != 100 || ranges[0].To != 109 || w.health(id).Expired != 10 {
			t.Error(ranges, total, err)
		}
		w.run()
		eventually(t, "the older ones are forgotten", func() bool { return w.count(`select count(*) from webhook_expired`) == 1 })
	})
}

// Health is read on a node that does not deliver.
func TestHealthIsReadFromAnyNode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, func(_ delivery, rw http.ResponseWriter) { rw.WriteHeader(500) })
		id := w.subscribe(e.URL)
		w.orders(1, 30)
		w.run()
		other := w.newHooks(w.log)
		eventually(t, "the other node sees that it is probed", func() bool {
			h, err := other.Health(ctx, w.owner, w.brand.AppID, w.app, id)
			w.must(err)
			return h.State == webhook.Probing && h.LastStatus == 500 && h.Lag == 30 && !h.FailingSince.IsZero()
		})
	})
}
