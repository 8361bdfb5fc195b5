package webhook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/webhook"
	"comanda/wire"
)

// challengeOf is the challenge of a verification, or empty.
func challengeOf(d delivery) string {
	var v struct {
		Type, CreateTime string
		Body             struct{ Challenge string }
	}
	if json.Unmarshal(d.body, &v) != nil || v.Type != "webhook_subscription.verification" || v.CreateTime == "" {
		return ""
	}
	return v.Body.Challenge
}

func TestVerifiedSubscriptionIsStoredAfterTheChallenge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for name, answer := range map[string]func(string, http.ResponseWriter){
			"JSON":         func(c string, rw http.ResponseWriter) { _, _ = fmt.Fprintf(rw, `{"Challenge":%q,"More":1}`, c) },
			"other case":   func(c string, rw http.ResponseWriter) { _, _ = fmt.Fprintf(rw, `{"challenge":%q}`, c) },
			"JSON string":  func(c string, rw http.ResponseWriter) { _, _ = fmt.Fprintf(rw, "%q\n", c) },
			"plain text":   func(c string, rw http.ResponseWriter) { _, _ = io.WriteString(rw, c+"\r\n") },
			"202 accepted": func(c string, rw http.ResponseWriter) { rw.WriteHeader(202); _, _ = io.WriteString(rw, c) },
		} {
			stored := w.count(`select count(*) from webhook_subscriptions`)
			e := newEndpoint(t, func(d delivery, rw http.ResponseWriter) {
				if n := w.count(`select count(*) from webhook_subscriptions`); n != stored {
					t.Errorf("%s: it was stored before it was verified", name)
				}
				answer(challengeOf(d), rw)
			})
			url := e.URL + "/hook?a=1&a=2"
			id, err := w.hooks.CreateVerified(ctx, w.owner, w.brand.AppID, w.app, wire.WebhookSubscription{CallbackUrl: &url, VerifyToken: wire.P("tok"), Version: wire.P("1")})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := e.deliveries()
			if len(got) != 1 || got[0].uri != "/hook?a=1&a=2" || len(challengeOf(got[0])) < 20 || got[0].header.Get("X-Verify-Token") != "tok" || got[0].header.Get("X-Comanda-Position") != "" {
				t.Fatalf("%s: %+v", name, got)
			}
			lib, err := standardwebhooks.NewWebhook(w.secret(id))
			w.must(err)
			w.must(lib.Verify(got[0].body, got[0].header))
		}
	})
}

func TestUnverifiedURLChangesNothing(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.hooks.Unhurried()
	mine := newEndpoint(t, nil)
	id := w.subscribe(mine.URL)
	closed := httptest.NewServer(nil)
	closed.Close()
	long := "<html>" + strings.Repeat("secret ", 100) + "\x1b[31m\u202e\x00"
	for name, c := range map[string]struct {
		answer func(delivery, http.ResponseWriter)
		says   string
	}{
		"refuses": {func(_ delivery, rw http.ResponseWriter) {
			rw.WriteHeader(404)
			_, _ = io.WriteString(rw, "no such\n\n page")
		}, `it answered 404: "no such page".`},
		"says nothing": {func(delivery, http.ResponseWriter) {}, "without the challenge, with an empty body"},
		"says OK":      {func(_ delivery, rw http.ResponseWriter) { _, _ = io.WriteString(rw, "OK") }, `it answered 200 without the challenge: "OK"`},
		"echoes":       {func(d delivery, rw http.ResponseWriter) { _, _ = rw.Write(d.body) }, "without the challenge"},
		"another one":  {func(_ delivery, rw http.ResponseWriter) { _, _ = io.WriteString(rw, `{"Challenge":"x"}`) }, "without the challenge"},
		"in an error": {func(d delivery, rw http.ResponseWriter) {
			rw.WriteHeader(500)
			_, _ = io.WriteString(rw, challengeOf(d))
		}, "it answered 500"},
		"redirects":      {func(_ delivery, rw http.ResponseWriter) { rw.Header().Set("Location", mine.URL); rw.WriteHeader(307) }, "it answered 307"},
		"strange signs":  {func(_ delivery, rw http.ResponseWriter) { _, _ = io.WriteString(rw, "\x1b[31m\u202e\"\x00") }, `"?[31m???"`},
		"much of it":     {func(_ delivery, rw http.ResponseWriter) { _, _ = io.WriteString(rw, long) }, `…"`},
		"hangs up":       {func(_ delivery, rw http.ResponseWriter) { conn, _, _ := rw.(http.Hijacker).Hijack(); _ = conn.Close() }, "closed the connection without an answer"},
		"nobody is here": {nil, "the endpoint refused the connection"},
	} {
		url := closed.URL
		if c.answer != nil {
			url = newEndpoint(t, c.answer).URL
		}
		_, err := w.hooks.CreateVerified(ctx, w.owner, w.brand.AppID, w.app, wire.WebhookSubscription{CallbackUrl: &url})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "CallbackUrl") {
			t.Errorf("%s: create: %v", name, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.says) || strings.Contains(text, "127.0.0.1") || len(text) > 500 {
			t.Errorf("%s: %q lacks %q", name, text, c.says)
		}
		if err := w.hooks.UpdateVerified(ctx, w.owner, w.brand.AppID, w.app, id, wire.WebhookSubscription{CallbackUrl: &url, Enabled: wire.P(false)}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: update: %v", name, err)
		}
	}
	if n := w.count(`select count(*) from webhook_subscriptions`); n != 1 {
		t.Errorf("%d subscriptions", n)
	}
	s, err := w.hooks.Get(ctx, w.owner, w.brand.AppID, w.app, id)
	w.must(err)
	if s.CallbackURL != mine.URL || !s.Enabled {
		t.Errorf("it became %s, enabled %v", s.CallbackURL, s.Enabled)
	}
	w.must(w.hooks.UpdateVerified(ctx, w.owner, w.brand.AppID, w.app, id, wire.WebhookSubscription{CallbackUrl: &mine.URL, VerifyToken: wire.P("t")}))
	if n := len(mine.deliveries()); n != 0 {
		t.Errorf("a URL that stays was asked %d times", n)
	}
}

func TestVerificationWaitsTenSeconds(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		e.set(func(d delivery, rw http.ResponseWriter) {
			time.Sleep(11 * time.Second)
			_, _ = io.WriteString(rw, challengeOf(d))
		})
		began := time.Now()
		_, err := w.hooks.CreateVerified(ctx, w.owner, w.brand.AppID, w.app, wire.WebhookSubscription{CallbackUrl: wire.P("http://pos.test/")})
		if err == nil || !strings.Contains(err.Error(), "did not answer in time") || time.Since(began) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		time.Sleep(5 * time.Second)
	})
}

// A verification connects to public addresses only, and a caller has few of them.
func TestVerificationIsNoScanner(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		refusedAfter := 0
		for n := range 30 {
			_, err := w.hooks.CreateVerified(ctx, w.owner, w.brand.AppID, w.app, wire.WebhookSubscription{CallbackUrl: wire.P(fmt.Sprintf("http://pos.test:%d/", n+1))})
			if fault.KindOf(err) == fault.TooMany {
				refusedAfter = n
				break
			}
		}
		if n := len(e.deliveries()); refusedAfter != 10 || n != 10 {
			t.Errorf("refused after %d, %d requests", refusedAfter, n)
		}
		id := w.subscribe("http://pos.test/")
		if _, err := w.hooks.SendTest(ctx, w.owner, w.brand.AppID, w.app, id, "order.created"); fault.KindOf(err) != fault.TooMany {
			t.Errorf("tests have a budget of their own: %v", err)
		}
		time.Sleep(6 * time.Second)
		if _, err := w.hooks.SendTest(ctx, w.owner, w.brand.AppID, w.app, id, "order.created"); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t, dbtest.SQLite(t), func(c *webhook.Config) { c.Allow = nil })
	var reached atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer srv.Close()
	_, err := w.hooks.CreateVerified(ctx, w.owner, w.brand.AppID, w.app, wire.WebhookSubscription{CallbackUrl: &srv.URL})
	if fault.KindOf(err) != fault.Invalid || reached.Load() {
		t.Errorf("reached %v: %v", reached.Load(), err)
	}
}
