package webhook_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"comanda/internal/clock"
	"comanda/internal/dbtest"
	"comanda/webhook"
	"comanda/wire"
)

// Tests in virtual time: a whole installation on SQLite in a synctest bubble, with real HTTP over pipes.

// pipes is a network in memory: every host leads to one server.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// virtual runs fn in a bubble with a world whose requests all reach e.
func virtual(t *testing.T, fn func(t *testing.T, w *world, e *endpoint)) {
	t.Helper()
	dbtest.SQLite(t) // makes the shared template outside the bubble
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		e := &endpoint{more: make(chan struct{}, 1)}
		server := &http.Server{Handler: http.HandlerFunc(e.serve)}
		go func() { _ = server.Serve(network) }()
		transport := &http.Transport{DialContext: network.dial, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}
		w := newWorld(t, dbtest.SQLite(t), func(c *webhook.Config) { c.Transport = transport })
		fn(t, w, e)
		w.stopAll()
		transport.CloseIdleConnections()
		_ = server.Close()
	})
}

// at is a delivery with the time since the test began.
type at struct {
	delivery
	when time.Duration
}

func TestRetriesFollowTheScheduleInRealTime(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		var mu sync.Mutex
		var got []at
		began := clock.Now()
		e.set(func(d delivery, rw http.ResponseWriter) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, at{d, clock.Now().Sub(began)})
			if d.order == "Order 1" {
				rw.WriteHeader(500)
			}
		})
		id := w.subscribe("http://pos.test/hook")
		stop := w.run()
		began = clock.Now()
		w.orders(1, 1)
		for i := range 25 * 12 { // something else happens every five minutes, and is received
			time.Sleep(5 * time.Minute)
			w.orders(100+i, 100+i)
		}
		synctest.Wait()
		mu.Lock()
		var tries []at
		for _, d := range got {
			if d.order == "Order 1" {
				tries = append(tries, d)
			}
		}
		others := len(got) - len(tries)
		mu.Unlock()
		if others != 25*12 {
			t.Errorf("%d of the others came", others)
		}
		want := []time.Duration{5, 15, 30, 60, 120, 300, 600, 1200, 2400}
		for len(want) < len(tries) {
			want = append(want, 3600)
		}
		for i := 1; i < len(tries); i++ {
			pause, w := tries[i].when-tries[i-1].when, want[i-1]*time.Second
			if pause < w*8/10 || pause > w*12/10+time.Second {
				t.Errorf("pause %d was %v, want %v ± 20 %%", i, pause, w)
			}
			if tries[i].attempt != i+1 {
				t.Errorf("attempt %d says %d", i+1, tries[i].attempt)
			}
		}
		last := tries[len(tries)-1].when
		if last < 22*time.Hour || last >= 24*time.Hour {
			t.Errorf("the last of %d attempts was after %v", len(tries), last)
		}
		stop()
		if n := w.pending(id); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if n := w.count(`select count(*) from webhook_expired where subscription_id = $1`, id); n != 1 {
			t.Errorf("%d expired ranges", n)
		}
	})
}

func TestEndpointThatComesBackGetsEverythingInSequence(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		var up atomic.Bool
		e.set(func(_ delivery, rw http.ResponseWriter) {
			if !up.Load() {
				rw.WriteHeader(503)
			}
		})
		id := w.subscribe("http://pos.test/hook")
		stop := w.run()
		const orders = 400
		for n := 1; n <= orders; n++ {
			w.happen(n, &wire.OrderCreatedEvent{Description: fmt.Sprint(n)})
			time.Sleep(10 * time.Second)
			w.happen(n, &wire.OrderAcceptedEvent{Description: fmt.Sprint(n)})
		}
		synctest.Wait()
		tried := len(e.deliveries())
		if tried > 100 {
			t.Errorf("%d attempts in %v at an endpoint that is down", tried, orders*10*time.Second)
		}
		// each of the first failures and of the new events that probed holds the other event of its order
		if n := w.pending(id); n > 2*(5+16+tried/4) {
			t.Errorf("%d rows", n)
		}
		up.Store(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		received := map[int64]bool{}
		last := map[string]string{}
		for _, d := range e.deliveries()[tried:] {
			if received[d.position] {
				t.Errorf("position %d came twice", d.position)
			}
			received[d.position] = true
			if d.name == "order.accepted" && last[d.order] != "order.created" {
				t.Errorf("order %s: accepted came after %q", d.order, last[d.order])
			}
			last[d.order] = d.name
		}
		if len(received) != 2*orders {
			t.Errorf("%d of %d events came", len(received), 2*orders)
		}
		stop()
		if w.pending(id) != 0 || w.cursor(id) != w.head() {
			t.Errorf("%d rows, cursor %d of %d", w.pending(id), w.cursor(id), w.head())
		}
	})
}

func TestAnswerHasTenSeconds(t *testing.T) {
	for name, c := range map[string]struct {
		wait     time.Duration
		received bool
	}{"just in time": {9900 * time.Millisecond, true}, "too late": {10100 * time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T, w *world, e *endpoint) {
				var later atomic.Bool
				e.set(func(delivery, http.ResponseWriter) {
					if !later.Swap(true) {
						time.Sleep(c.wait)
					}
				})
				w.subscribe("http://pos.test/hook")
				w.run()
				w.orders(1, 1)
				w.orders(2, 2)
				time.Sleep(9 * time.Second)
				synctest.Wait()
				if n := len(e.deliveries()); n != 2 {
					t.Errorf("%d deliveries: the other order waits", n)
				}
				time.Sleep(20 * time.Second)
				synctest.Wait()
				if n := len(e.deliveries()); (n == 2) != c.received {
					t.Errorf("%d deliveries", n)
				}
			})
		})
	}
}

// An answer whose status is there counts, however slowly its body drips; one whose header drips does not.
func TestSlowDripIsBounded(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		e.set(func(_ delivery, rw http.ResponseWriter) {
			rw.WriteHeader(200)
			for range 3600 {
				if _, err := rw.Write([]byte(".")); err != nil {
					return
				}
				rw.(http.Flusher).Flush()
				time.Sleep(time.Second)
			}
		})
		id := w.subscribe("http://pos.test/hook")
		stop := w.run()
		for n := 1; n <= 10; n++ {
			w.happen(7, &wire.OrderCreatedEvent{Description: fmt.Sprint(n)})
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		got := e.deliveries()
		if len(got) != 10 {
			t.Errorf("%d deliveries of 10", len(got))
		}
		if !slices.IsSortedFunc(got, func(a, b delivery) int { return int(a.position - b.position) }) {
			t.Error("not in sequence")
		}
		stop()
		if w.pending(id) != 0 {
			t.Error("rows are left")
		}
	})
	t.Run("header", func(t *testing.T) {
		virtual(t, func(t *testing.T, w *world, e *endpoint) {
			e.set(func(_ delivery, rw http.ResponseWriter) {
				c, _, err := rw.(http.Hijacker).Hijack()
				if err != nil {
					return
				}
				defer func() { _ = c.Close() }()
				for _, b := range []byte("HTTP/1.1 200 OK\r\nX-Slow: " + fmt.Sprint(make([]byte, 100))) {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
			id := w.subscribe("http://pos.test/hook")
			stop := w.run()
			w.orders(1, 1)
			time.Sleep(12 * time.Second)
			synctest.Wait()
			stop()
			if w.pending(id) != 1 {
				t.Error("it counts as received")
			}
		})
	})
}

func TestStopWaitsForAnswersAndCutsOffWhatHangs(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		e.set(func(d delivery, _ http.ResponseWriter) {
			switch d.order {
			case "Order 1":
				time.Sleep(3 * time.Second)
			case "Order 2":
				time.Sleep(8 * time.Second)
			}
		})
		id := w.subscribe("http://pos.test/hook")
		stop := w.run()
		before := w.head()
		w.orders(1, 2)
		time.Sleep(100 * time.Millisecond)
		began := clock.Now()
		stop()
		if took := clock.Now().Sub(began); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("the stop took %v", took)
		}
		if at := w.cursor(id); at < before+1 {
			t.Errorf("cursor %d: the answer that came is not settled", at)
		}
		w.hooks = w.newHooks(w.log, func(c *webhook.Config) { c.Transport = w.transport })
		w.run()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		count := map[string]int{}
		for _, d := range e.deliveries() {
			count[d.order]++
		}
		if count["Order 1"] != 1 || count["Order 2"] != 2 {
			t.Errorf("deliveries: %v", count)
		}
	})
}
