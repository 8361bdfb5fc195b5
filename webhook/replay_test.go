package webhook_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/webhook"
	"comanda/wire"
)

func (w *world) replay(id int, in webhook.Wanted) *webhook.Replay {
	w.t.Helper()
	r, err := w.hooks.Replay(ctx, w.owner, w.brand.AppID, w.app, id, in)
	w.must(err)
	return r
}

func (w *world) getReplay(id, replay int) *webhook.Replay {
	w.t.Helper()
	r, err := w.hooks.GetReplay(ctx, w.owner, w.brand.AppID, w.app, id, replay)
	w.must(err)
	return r
}

// ended waits until a replay is over.
func (w *world) ended(id, replay int) (r *webhook.Replay) {
	w.t.Helper()
	eventually(w.t, "the replay is over", func() bool {
		r = w.getReplay(id, replay)
		return r.State != webhook.ReplayRunning
	})
	return r
}

// The bytes and the id are those of the live delivery, in both versions; only the header tells; the live cursor stays.
func TestReplaySendsTheSameBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for _, version := range []string{webhook.Flat, webhook.Envelope} {
			e := newEndpoint(t, nil)
			id := w.subscribe(e.URL, func(s *wire.WebhookSubscription) { s.Version = &version })
			stop := w.run()
			w.orders(1, 3)
			live := slices.Clone(e.wait(t, 3)) // in any sequence: they are of different orders
			byPosition := func(a, b delivery) int { return int(a.position - b.position) }
			slices.SortFunc(live, byPosition)
			eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
			before := w.cursor(id)

			r := w.ended(id, w.replay(id, webhook.Wanted{EventIDs: []string{live[2].header.Get("Webhook-Id"), live[0].header.Get("Webhook-Id")}}).ID)
			if r.State != webhook.ReplayDone || r.Delivered != 2 || r.Failed != 0 || r.Missing != 0 {
				t.Errorf("%+v", r)
			}
			got := e.deliveries()[3:]
			if len(got) != 2 {
				t.Fatalf("%d deliveries", len(got))
			}
			slices.SortFunc(got, byPosition)
			for i, want := range []delivery{live[0], live[2]} {
				if !bytes.Equal(got[i].body, want.body) || got[i].header.Get("Webhook-Id") != want.header.Get("Webhook-Id") {
					t.Errorf("version %s: a replay of other bytes:\n%s\n%s", version, got[i].body, want.body)
				}
				if got[i].header.Get("X-Comanda-Replay") != fmt.Sprint(r.ID) || want.header.Get("X-Comanda-Replay") != "" {
					t.Errorf("X-Comanda-Replay: %q", got[i].header.Get("X-Comanda-Replay"))
				}
			}
			if w.cursor(id) != before || w.pending(id) != 0 {
				t.Error("the live cursor moved")
			}
			stop()
			w.must(w.hooks.Delete(ctx, w.owner, w.brand.AppID, w.app, id))
			w.hooks = w.newHooks(w.log)
		}
	})
}

func TestReplaySelections(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e, other := newEndpoint(t, nil), newEndpoint(t, nil)
		first := w.head()
		w.orders(1, 100) // before anybody subscribed
		w.happen(7, &wire.OrderRejectedEvent{Description: "Order 7"})
		id := w.subscribe(e.URL)
		second := w.subscribe(other.URL, func(s *wire.WebhookSubscription) { s.EventNames = []string{"menu.updated"} })
		w.run()
		for _, c := range []struct {
			name string
			in   webhook.Wanted
			to   *endpoint
			want int
		}{
			{"everything from the beginning, what the subscription chose", webhook.Wanted{From: 1}, e, 100},
			{"a range", webhook.Wanted{From: first + 11, To: first + 20}, e, 10},
			{"another name", webhook.Wanted{From: 1, EventNames: []string{"order.rejected"}}, e, 1},
			{"a name that never was", webhook.Wanted{From: 1, EventNames: []string{"menu.created"}}, e, 0},
			{"a store that has none", webhook.Wanted{From: 1, Stores: []int{99}}, e, 0},
			{"since an hour ago", webhook.Wanted{Start: clock.Now().Add(-time.Hour)}, e, 100},
			{"until an hour ago", webhook.Wanted{End: clock.Now().Add(-time.Hour)}, e, 0},
			{"to another subscription", webhook.Wanted{From: first + 1, To: first + 5, Target: second}, other, 5},
		} {
			before := len(c.to.deliveries())
			r := w.ended(id, w.replay(id, c.in).ID)
			if got := len(c.to.deliveries()) - before; got != c.want || r.State != webhook.ReplayDone || r.Delivered != int64(c.want) {
				t.Errorf("%s: %d came, want %d: %+v", c.name, got, c.want, r)
			}
		}
		page, total, err := w.hooks.Replays(ctx, w.owner, w.brand.AppID, w.app, id, 1, 3)
		if err != nil || total != 8 || len(page) != 3 || page[0].ID < page[1].ID {
			t.Error(len(page), total, err)
		}
	})
}

func TestReplayRefusals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		w.orders(1, 3)
		id := w.subscribe(e.URL)
		paused, disabled := w.subscribe(e.URL), w.subscribe(e.URL)
		w.must(w.hooks.Pause(ctx, w.owner, w.brand.AppID, w.app, paused))
		w.must(w.hooks.Update(ctx, w.owner, w.brand.AppID, w.app, disabled, wire.WebhookSubscription{Enabled: wire.P(false)}))
		for _, c := range []struct {
			name string
			id   int
			in   webhook.Wanted
			kind fault.Kind
		}{
			{"nothing said", id, webhook.Wanted{}, fault.Invalid},
			{"two ways", id, webhook.Wanted{From: 1, Expired: true}, fault.Invalid},
			{"no ids", id, webhook.Wanted{EventIDs: []string{}}, fault.Invalid},
			{"too many ids", id, webhook.Wanted{EventIDs: make([]string, 1001)}, fault.Invalid},
			{"an id of nothing", id, webhook.Wanted{EventIDs: []string{"0198a3f0-5b1c-7cc2-9f4e-2a6d1c0b7e55"}}, fault.NotFound},
			{"backwards", id, webhook.Wanted{From: 3, To: 2}, fault.Invalid},
			{"times backwards", id, webhook.Wanted{Start: start2026, End: start2026}, fault.Invalid},
			{"below nothing", id, webhook.Wanted{From: -1}, fault.Invalid},
			{"beyond the head", id, webhook.Wanted{From: 1 << 40}, fault.NotFound},
			{"nothing expired", id, webhook.Wanted{Expired: true}, fault.NotFound},
			{"a name that is none", id, webhook.Wanted{From: 1, EventNames: []string{"order.eaten"}}, fault.Invalid},
			{"a target that is none", id, webhook.Wanted{From: 1, Target: 999_999}, fault.NotFound},
			{"a paused one", paused, webhook.Wanted{From: 1}, fault.Conflict},
			{"a disabled one", disabled, webhook.Wanted{From: 1}, fault.Conflict},
			{"a disabled target", id, webhook.Wanted{From: 1, Target: disabled}, fault.Conflict},
		} {
			if _, err := w.hooks.Replay(ctx, w.owner, w.brand.AppID, w.app, c.id, c.in); fault.KindOf(err) != c.kind {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		var last *webhook.Replay
		for range 5 { // nobody delivers
			last = w.replay(id, webhook.Wanted{From: 1})
		}
		if _, err := w.hooks.Replay(ctx, w.owner, w.brand.AppID, w.app, id, webhook.Wanted{From: 1}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a sixth at once: %v", err)
		}
		w.must(w.hooks.CancelReplay(ctx, w.owner, w.brand.AppID, w.app, id, last.ID))
		w.must(w.hooks.CancelReplay(ctx, w.owner, w.brand.AppID, w.app, id, last.ID))
		if r := w.getReplay(id, last.ID); r.State != webhook.ReplayCancelled || r.Ended.IsZero() {
			t.Errorf("%+v", r)
		}
		w.replay(id, webhook.Wanted{From: 1})
		if _, err := w.hooks.GetReplay(ctx, w.owner, w.brand.AppID, w.app, paused, last.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another subscription's replay: %v", err)
		}
	})
}

var start2026 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// What retention deleted is counted, not skipped silently.
func TestReplayTellsWhatIsMissing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		first := w.head()
		w.orders(1, 20)
		id := w.subscribe(e.URL)
		w.must(d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from log_events where brand_id = $1 and position <= $2`, w.brand.ID, first+5)
			return err
		}))
		w.log = event.NewLog(d, event.LeaseTime(time.Second)) // without what this one had in memory
		w.hooks = w.newHooks(w.log)
		w.run()
		r := w.ended(id, w.replay(id, webhook.Wanted{From: first + 1, To: first + 20}).ID)
		if r.State != webhook.ReplayDone || r.Missing != 5 || r.Delivered != 15 {
			t.Errorf("%+v", r)
		}
	})
}

// In virtual time: an event that fails is tried six times, the others of its order wait, other orders do not; live events go
// on; an endpoint that is down ends the replay and says where to go on.
func TestReplayRetriesAndGivesUp(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		var down atomic.Bool
		e.set(func(d delivery, rw http.ResponseWriter) {
			replayed := d.header.Get("X-Comanda-Replay") != ""
			if replayed && (down.Load() || d.order == "Order 1") {
				rw.WriteHeader(500)
			}
		})
		w.orders(1, 3)
		w.happen(1, &wire.OrderAcceptedEvent{Description: "after Order 1"})
		id := w.subscribe("http://pos.test/hook")
		w.run()
		r := w.replay(id, webhook.Wanted{From: 1})
		time.Sleep(time.Second)
		synctest.Wait()
		w.orders(4, 4) // live
		time.Sleep(time.Second)
		synctest.Wait()
		var names []string
		for _, d := range e.deliveries() {
			names = append(names, d.order)
		}
		if !slices.Contains(names, "Order 3") || !slices.Contains(names, "Order 4") || slices.Contains(names, "after Order 1") {
			t.Errorf("after two seconds came %v", names)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		tries, after := 0, 0
		for _, d := range e.deliveries() {
			if d.order == "Order 1" {
				tries++
				if d.attempt != tries || after > 0 {
					t.Errorf("try %d says %d, with %d later events of the order before it", tries, d.attempt, after)
				}
			}
			if d.order == "after Order 1" {
				after++
			}
		}
		if got := w.getReplay(id, r.ID); got.State != webhook.ReplayDone || got.Delivered != 3 || got.Failed != 1 || tries != 6 || after != 1 {
			t.Errorf("%d tries, %d after: %+v", tries, after, got)
		}

		down.Store(true)
		w.burst(100, 300)
		time.Sleep(time.Minute) // they are delivered live
		r = w.replay(id, webhook.Wanted{From: 1})
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		got := w.getReplay(id, r.ID)
		if got.State != webhook.ReplayFailed || got.Delivered != 0 || got.Failed == 0 || !strings.Contains(got.Reason, fmt.Sprintf("position %d ", got.Settled+1)) {
			t.Errorf("%+v", got)
		}
		count := len(e.deliveries())
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(e.deliveries()) != count {
			t.Error("it goes on after it was given up")
		}
	})
}

// A node that dies in the middle of a replay: another goes on, nothing is missing, at most a batch comes twice.
func TestReplaySurvivesItsNode(t *testing.T) {
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			d, err := db.Open(ctx, c)
			w := newWorld(t, d)
			w.must(err)
			t.Cleanup(func() { _ = d.Close() })
			e := newEndpoint(t, func(delivery, http.ResponseWriter) { time.Sleep(2 * time.Millisecond) })
			first := w.head()
			const n = 1000
			w.burst(1, n)
			id := w.subscribe(e.URL)
			r := w.replay(id, webhook.Wanted{From: first + 1, To: first + n})
			node := startNode(t, c)
			e.wait(t, n/4)
			w.must(node.Process.Kill())
			_ = node.Wait()
			w.run()
			if r = w.ended(id, r.ID); r.State != webhook.ReplayDone || r.Delivered != n {
				t.Errorf("%+v", r)
			}
			seen := map[int64]int{}
			for _, d := range e.deliveries() {
				seen[d.position]++
			}
			twice := len(e.deliveries()) - len(seen)
			if len(seen) != n || twice > 64 {
				t.Errorf("%d of %d came, %d twice", len(seen), n, twice)
			}
		})
	}
}
