package webhook_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

func TestTestIsSentNowAndToldWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, func(d delivery, rw http.ResponseWriter) {
			rw.Header().Set("X-Receiver", "till-4")
			if strings.HasSuffix(d.uri, "/down") {
				rw.WriteHeader(503)
			}
			_, _ = io.WriteString(rw, "thanks \xff")
		})
		id := w.subscribe(e.URL+"/hook", func(s *wire.WebhookSubscription) {
			s.Enabled, s.Version, s.VerifyToken = wire.P(false), wire.P("1"), wire.P("tok")
		})
		stop := w.run()
		seen := map[string]bool{}
		for _, name := range []string{"order.created", "MENU.updated", "webhook_subscription.failing"} {
			got, err := w.hooks.SendTest(ctx, w.owner, w.brand.AppID, w.app, id, name)
			w.must(err)
			all := e.deliveries()
			last := all[len(all)-1]
			if !got.Received || got.Status != 200 || got.Reason != "" || got.EventName != strings.ToLower(name) || seen[got.ID] ||
				got.RequestBody != string(last.body) || got.ResponseBody != "thanks \uFFFD" || got.Duration <= 0 || got.At.IsZero() ||
				!strings.Contains(got.Response, "X-Receiver: till-4\r\n") || !strings.Contains(got.Request, "X-Comanda-Test: true\r\n") {
				t.Errorf("%+v", got)
			}
			seen[got.ID] = true
			h := last.header
			if h.Get("X-Comanda-Test") != "true" || h.Get("Webhook-Id") != got.ID || h.Get("X-Comanda-Position") != "" || h.Get("X-Verify-Token") != "tok" {
				t.Errorf("%v", h)
			}
			lib, err := standardwebhooks.NewWebhook(w.secret(id))
			w.must(err)
			w.must(lib.Verify(last.body, h))
			if !strings.Contains(string(last.body), `"EventName":"`+got.EventName+`"`) || strings.HasPrefix(string(last.body), `{"Type"`) {
				t.Errorf("body of version 1: %s", last.body)
			}
		}
		w.update(id, wire.WebhookSubscription{CallbackUrl: wire.P(e.URL + "/down"), Version: wire.P("2")})
		head := w.head()
		got, err := w.hooks.SendTest(ctx, w.owner, w.brand.AppID, w.app, id, "order.created")
		w.must(err)
		if got.Received || got.Status != 503 || !strings.HasPrefix(got.RequestBody, `{"Type":"order.created"`) {
			t.Errorf("%+v", got)
		}
		w.update(id, wire.WebhookSubscription{CallbackUrl: wire.P("http://127.0.0.1:1/")})
		got, err = w.hooks.SendTest(ctx, w.owner, w.brand.AppID, w.app, id, "order.created")
		w.must(err)
		if got.Received || got.Status != 0 || got.Reason != "the endpoint refused the connection" {
			t.Errorf("%+v", got)
		}
		if _, err := w.hooks.SendTest(ctx, w.owner, w.brand.AppID, w.app, id, "order.eaten"); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		stop() // the log is written to its end
		if n := len(e.deliveries()); n != 4 || w.head() != head+1 || w.pending(id) != 0 {
			t.Errorf("%d deliveries, the head moved from %d to %d, %d rows", n, head, w.head(), w.pending(id))
		}
		if logs := w.logs(id); len(logs) != 5 {
			t.Errorf("%d attempts are logged", len(logs))
		}
	})
}
