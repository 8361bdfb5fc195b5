package webhook_test

import (
	"fmt"
	"testing"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/dbtest"
	"comanda/webhook"
	"comanda/wire"
)

// Two nodes deliver to half of the brands each; when one stops, the other delivers to all of them. Nothing comes twice.
func TestNodesShareBrands(t *testing.T) {
	d := dbtest.Postgres(t)
	w := newWorld(t, d)
	e := newEndpoint(t, nil)
	const brands = 8
	var worlds []*world
	ids := map[*world]int{}
	for i := range brands {
		b, err := w.acc.CreateBrand(ctx, system, account.NewBrand{Name: fmt.Sprint("Brand ", i), Sandbox: true, Owner: w.owner.Account})
		w.must(err)
		other := *w
		other.brand = b
		other.owner, err = w.acc.PersonCaller(ctx, w.owner.Account)
		w.must(err)
		other.app, _, err = w.apps.CreateApp(ctx, other.owner, b.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
		w.must(err)
		ids[&other] = other.subscribe(fmt.Sprint(e.URL, "/", i))
		worlds = append(worlds, &other)
	}
	var nodes []*webhook.Webhooks
	var stops []func()
	for range 2 {
		log := event.NewLog(d, event.LeaseTime(time.Second))
		hooks := w.newHooks(log)
		nodes = append(nodes, hooks)
		stops = append(stops, w.runNode(log, hooks))
	}
	eventually(t, "each node delivers to half of the brands", func() bool {
		return nodes[0].Stats().Streams == brands/2 && nodes[1].Stats().Streams == brands/2
	})
	happen := func(from, to int) {
		for n := from; n <= to; n++ {
			for _, o := range worlds {
				o.orders(n, n)
			}
		}
	}
	happen(1, 20)
	e.wait(t, 20*brands)
	eventually(t, "each delivered its half", func() bool {
		return nodes[0].Stats().Received == 10*brands && nodes[1].Stats().Received == 10*brands
	})
	stops[0]()
	happen(21, 30)
	e.wait(t, 30*brands)
	for _, o := range worlds {
		eventually(t, "all is settled", func() bool { return o.cursor(ids[o]) == o.head() })
	}
	seen := map[string]bool{}
	for _, d := range e.deliveries() {
		key := d.uri + " " + d.order
		if seen[key] {
			t.Error("came twice:", key)
		}
		seen[key] = true
	}
	if len(seen) != 30*brands || nodes[1].Stats().Streams != brands {
		t.Errorf("%d deliveries; the node that is left has %d streams", len(seen), nodes[1].Stats().Streams)
	}
}
