package webhook_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// The bytes of a callback URL reach the request line as they are.
func TestCallbackURLIsKeptByteForByte(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	e := newEndpoint(t, nil)
	want := map[string]string{ // as registered → on the request line
		"":                           "/",
		"/":                          "/",
		"/a/b":                       "/a/b",
		"/a%2Fb%20c":                 "/a%2Fb%20c",
		"/a//b/../c/.":               "/a//b/../c/.",
		"?x":                         "/?x",
		"/?":                         "/?",
		"/h?a=1&a=2&b=%7E~&c=a+b&=&": "/h?a=1&a=2&b=%7E~&c=a+b&=&",
		"/h?u=https://x/y?z":         "/h?u=https://x/y?z",
		"/%e4%b8?q=%E4":              "/%e4%b8?q=%E4",
		"/a;b=c,d:@e!$'()*":          "/a;b=c,d:@e!$'()*",
		"/{id}|^":                    "/{id}|^",
	}
	for raw := range want {
		w.subscribe(e.URL + raw)
	}
	w.run()
	w.orders(1, 1)
	left := map[string]int{}
	for _, line := range want {
		left[line]++
	}
	for _, d := range e.wait(t, len(want)) {
		if left[d.uri]--; left[d.uri] < 0 {
			t.Errorf("unexpected request line %q", d.uri)
		}
	}
	subs, _, err := w.hooks.List(ctx, w.owner, w.brand.AppID, w.app, 1, 100)
	w.must(err)
	for _, s := range subs {
		if _, ok := want[strings.TrimPrefix(s.CallbackURL, e.URL)]; !ok {
			t.Errorf("stored as %q", s.CallbackURL)
		}
	}
}

// An endpoint closes a kept connection just when the next request is on its way: that is no failed attempt.
func TestClosedKeptConnectionIsNoFailure(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		w.must(err)
		t.Cleanup(func() { _ = l.Close() })
		var answered, dropped atomic.Int64
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer func() { _ = c.Close() }()
					in := bufio.NewReader(c)
					for n := range 2 { // one answer a connection; the second request is read and dropped
						r, err := http.ReadRequest(in)
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, r.Body)
						if n == 1 {
							dropped.Add(1)
							return
						}
						_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
						answered.Add(1)
					}
				}()
			}
		}()
		id := w.subscribe("http://" + l.Addr().String() + "/hook")
		stop := w.run()
		for n := range 20 {
			w.orders(n+1, n+1)
			eventually(t, "the order is settled", func() bool { return w.cursor(id) == w.head() })
		}
		stop()
		if dropped.Load() == 0 {
			t.Fatal("no kept connection was used")
		}
		if w.pending(id) != 0 || answered.Load() != 20 || len(w.logs(id)) != 20 {
			t.Errorf("%d rows, %d answers, %d attempts, %d dropped", w.pending(id), answered.Load(), len(w.logs(id)), dropped.Load())
		}
	})
}

func TestUntrustedCertificateIsAFailure(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	reached := atomic.Bool{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	srv.Config.ErrorLog = nil
	srv.StartTLS()
	defer srv.Close()
	id := w.subscribe(srv.URL)
	stop := w.run()
	w.orders(1, 1)
	eventually(t, "it is settled", func() bool { return w.cursor(id) == w.head() })
	stop()
	logs := w.logs(id)
	if reached.Load() || w.pending(id) != 1 || len(logs) != 1 || !strings.Contains(logs[0].HttpResponseStatus, "certificate") {
		t.Errorf("reached %v, %d rows, %+v", reached.Load(), w.pending(id), logs)
	}
}

func TestBothSecretsSignForADayAfterRotation(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		id := w.subscribe("http://pos.test/hook")
		w.run()
		secret := func() string {
			s, err := w.hooks.Secret(ctx, w.owner, w.brand.AppID, w.app, id)
			w.must(err)
			return s
		}
		old := secret()
		fresh, err := w.hooks.RotateSecret(ctx, w.owner, w.brand.AppID, w.app, id)
		w.must(err)
		if fresh == old || secret() != fresh {
			t.Fatal(old, fresh, secret())
		}
		verifies := func(d delivery, secret string) bool {
			v, err := standardwebhooks.NewWebhook(secret)
			w.must(err)
			return v.VerifyIgnoringTimestamp(d.body, d.header) == nil
		}
		w.orders(1, 1)
		time.Sleep(25 * time.Hour)
		w.orders(2, 2)
		time.Sleep(time.Second)
		got := e.deliveries()
		if len(got) != 2 {
			t.Fatalf("%d deliveries", len(got))
		}
		for i, want := range []bool{true, false} {
			if !verifies(got[i], fresh) || verifies(got[i], old) != want {
				t.Errorf("delivery %d: new %v, old %v", i+1, verifies(got[i], fresh), verifies(got[i], old))
			}
		}
	})
}

// What an endpoint answers cannot hurt: too much of it, or no HTTP at all.
func TestStrangeAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer   string
		received bool
	}{
		"no HTTP":           {"SSH-2.0-OpenSSH_9.2\r\n", false},
		"nothing":           {"", false},
		"endless header":    {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", false},
		"endless body":      {"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + strings.Repeat("x", 1<<20), true},
		"broken chunks":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", true},
		"no status text":    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", true},
		"switching":         {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", false},
		"early hints first": {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", true},
		"status 999":        {"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, dbtest.SQLite(t))
			e := newEndpoint(t, func(_ delivery, rw http.ResponseWriter) {
				conn, _, err := rw.(http.Hijacker).Hijack()
				if err == nil {
					_, _ = fmt.Fprint(conn, c.answer)
					_ = conn.Close()
				}
			})
			id := w.subscribe(e.URL)
			stop := w.run()
			w.orders(1, 1)
			eventually(t, "it is settled", func() bool { return w.cursor(id) == w.head() })
			stop()
			if got := w.pending(id) == 0; got != c.received {
				t.Errorf("received %v, %+v", got, w.logs(id))
			}
		})
	}
}

// A receiver that answers 429 with Retry-After is asked again then, not before.
func TestRetryAfterIsWaitedFor(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		e.set(func(d delivery, rw http.ResponseWriter) {
			if d.attempt == 1 {
				rw.Header().Set("Retry-After", "90")
				rw.WriteHeader(429)
			}
		})
		w.subscribe("http://pos.test/hook", func(s *wire.WebhookSubscription) { s.EventNames = []string{"order.created"} })
		w.run()
		w.orders(1, 1)
		time.Sleep(89 * time.Second)
		if n := len(e.deliveries()); n != 1 {
			t.Errorf("%d attempts after 89 s", n)
		}
		time.Sleep(3 * time.Second)
		if n := len(e.deliveries()); n != 2 {
			t.Errorf("%d attempts after 92 s", n)
		}
	})
}
