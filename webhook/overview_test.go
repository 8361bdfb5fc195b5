package webhook_test

import (
	"net/http"
	"testing"
	"time"

	"comanda/webhook"
	"comanda/wire"
)

// TestAListTellsHowDeliveryGoes asks for the subscriptions of one app and of the brand, and for what their events are about.
func TestAListTellsHowDeliveryGoes(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		first := w.subscribe("http://pos.test/hook")
		other, _, err := w.apps.CreateApp(ctx, w.owner, w.brand.AppID, wire.OAuthApp{OauthAppName: wire.P("Loyalty")})
		w.must(err)
		second, err := w.hooks.Create(ctx, w.owner, w.brand.AppID, other, wire.WebhookSubscription{CallbackUrl: wire.P("http://pos.test/second")})
		w.must(err)
		e.set(func(_ delivery, rw http.ResponseWriter) { rw.WriteHeader(http.StatusAccepted) })
		w.run()
		w.orders(1, 1)
		time.Sleep(time.Minute)
		w.pause(first)
		ids := func(app string, page, limit int) (out []int) {
			t.Helper()
			all, total, err := w.hooks.Overviews(ctx, w.owner, w.brand.AppID, app, page, limit)
			w.must(err)
			if want := map[string]int{"": 2, w.app: 1, other: 1}[app]; total != want {
				t.Errorf("%d of %q, want %d", total, app, want)
			}
			for _, o := range all {
				out = append(out, o.ID)
				if o.ID == first && (o.Health.State != webhook.Paused || o.Health.LastStatus != http.StatusAccepted) {
					t.Errorf("the health of the first is %+v", o.Health)
				}
			}
			return out
		}
		for _, c := range []struct {
			got, want []int
		}{
			{ids("", 1, 10), []int{first, second}},
			{ids("", 2, 1), []int{second}},
			{ids(w.app, 1, 10), []int{first}},
			{ids(other, 1, 10), []int{second}},
		} {
			if len(c.got) != len(c.want) || c.got[0] != c.want[0] {
				t.Errorf("%v, want %v", c.got, c.want)
			}
		}
		at := w.attempts(first, webhook.AttemptFilter{Limit: 1})[0]
		about, err := w.hooks.Subjects(ctx, w.owner, w.brand.AppID, []int64{0, at.Position, at.Position, 999})
		w.must(err)
		if len(about) != 1 || about[at.Position] != "order/1" {
			t.Errorf("subjects %v", about)
		}
		if h := w.health(first); h.Cursor != w.cursor(first) || h.Head != w.head() || h.Head == 0 {
			t.Errorf("the cursor is %d of %d", h.Cursor, h.Head)
		}
	})
}
