package webhook_test

import (
	"context"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// An OAuth app whose owner lost the brand, or the level that the app needs, gets no more events; when it stands again it
// gets what happened meanwhile.
func TestSubscriptionPausesWhileTheAppsOwnerHasNoAccess(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		dev, err := w.acc.SignUp(ctx, system, account.NewAccount{Email: "dev@example.com", Password: "correct horse"})
		w.must(err)
		w.must(w.acc.SetMember(ctx, w.owner, w.brand.ID, dev, wire.AppAccessLevelIntegrator, nil))
		c, err := w.acc.PersonCaller(ctx, dev)
		w.must(err)
		theirs, _, err := w.apps.CreateApp(ctx, c, w.brand.AppID, wire.OAuthApp{OauthAppName: wire.P("theirs")})
		w.must(err)
		url := e.URL + "/theirs"
		id, err := w.hooks.Create(ctx, c, w.brand.AppID, theirs, wire.WebhookSubscription{
			CallbackUrl: &url, EventNames: []string{"order.created"},
		})
		w.must(err)
		w.run()
		w.orders(1, 1)
		want := 1
		e.wait(t, want)
		next := 2
		for name, lose := range map[string]func() error{
			"removed": func() error { return w.acc.RemoveMember(ctx, w.owner, w.brand.ID, dev) },
			"lowered": func() error {
				return w.acc.SetMember(ctx, w.owner, w.brand.ID, dev, wire.AppAccessLevelPropertyManager, []int{1})
			},
		} {
			eventually(t, "the cursor is stored", func() bool { return w.cursor(id) == w.head() })
			w.must(lose())
			time.Sleep(2 * time.Second) // the promise
			w.orders(next, next+2)
			time.Sleep(200 * time.Millisecond)
			if n := len(e.deliveries()); n != want {
				t.Fatalf("%s: %d deliveries after the access ended", name, n-want)
			}
			w.must(w.acc.SetMember(ctx, w.owner, w.brand.ID, dev, wire.AppAccessLevelIntegrator, nil))
			next, want = next+3, want+3
			e.wait(t, want)
		}
		w.must(w.d.Write(context.Background(), func(tx *db.Tx) error {
			_, err := tx.Exec(`update oauth_apps set disabled = true where id = $1`, theirs)
			return err
		}))
		eventually(t, "the cursor is stored", func() bool { return w.cursor(id) == w.head() })
		w.must(w.acc.RemoveMember(ctx, w.owner, w.brand.ID, dev)) // has the node look
		w.must(w.acc.SetMember(ctx, w.owner, w.brand.ID, dev, wire.AppAccessLevelIntegrator, nil))
		time.Sleep(2 * time.Second)
		w.orders(next, next)
		time.Sleep(200 * time.Millisecond)
		if n := len(e.deliveries()); n != want {
			t.Fatal("a disabled app still gets events")
		}
	})
}
