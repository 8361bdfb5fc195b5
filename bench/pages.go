package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/app"
	"comanda/internal/db"
	"comanda/order"
	"comanda/wire"

	"github.com/google/uuid"
)

const (
	pageOrders   = 100_000 // in the brand whose pages are asked for
	pageEvents   = 300_000 // three an order
	pageAttempts = 10_000  // of the events that a webhook got
	pageWarm     = 500 * time.Millisecond
)

const (
	pagesTitle = "Pages of a brand with 100,000 orders and 300,000 events, 1 client; from the request to the last byte of the page"
	pagesHead  = "page|engine|p50|p99|server's CPU|page on the wire"
)

// shownPage is a page that is measured.
type shownPage struct {
	name, path string
	out        bool // asked for by nobody in particular, without a session
}

// pages measures how long pages take in a brand that has much to show.
func (b *bench) pages() error {
	receiver, address, err := b.receiver()
	if err != nil {
		return err
	}
	defer receiver.kill()
	c, remove, err := b.install("pages")
	if err != nil {
		return err
	}
	defer remove()
	begin := time.Now()
	if err := seed(context.Background(), sowing{config: c, brands: 1, grow: grow("http://" + address + "/hook")}); err != nil {
		return err
	}
	b.print("%d orders and %d events made in %v", pageOrders, pageEvents, time.Since(begin).Round(time.Second))
	p, _, err := b.serve(c, "pages")
	if err != nil {
		return err
	}
	defer p.kill()
	if _, err := await(address, pageAttempts, time.Minute); err != nil {
		return err
	}
	var placed loaded // requests for the log, and what warms up
	if err := b.part(&placed, "load", c.Data, "orders", "8", b.period.String(), strconv.Itoa(p.pid())); err != nil {
		return err
	}
	s, err := readSeeded(c.Data)
	if err != nil {
		return err
	}
	roots, err := s.roots()
	if err != nil {
		return err
	}
	client := newClient(roots)
	defer client.CloseIdleConnections()
	owner, err := s.signIn(client)
	if err != nil {
		return err
	}
	s.Session = owner.cookie
	if err := writeSeeded(c.Data, s); err != nil {
		return err
	}
	shown, err := owner.pages(client)
	if err != nil {
		return err
	}
	for _, page := range shown {
		work := "view " + page.path
		if page.out {
			work = "open " + page.path
		}
		var got loaded
		for _, period := range []time.Duration{pageWarm, b.period} {
			if err := b.part(&got, "load", c.Data, work, "1", period.String(), strconv.Itoa(p.pid())); err != nil {
				return err
			}
		}
		if got.Failed > 0 {
			return fmt.Errorf("%s: %s", page.path, got.Failure)
		}
		packed, err := s.at(page).view(client, page.path)
		if err != nil {
			return err
		}
		b.print("%-32s p50 %.1f ms, p99 %.1f ms, %d µs CPU, %.1f kB", page.name, got.MedianMs, got.P99Ms, got.ServerCPU, float64(len(packed))/1e3)
		b.tables.add(pagesTitle, pagesHead, page.name, b.engineName(), fmt.Sprintf("%.1f ms", got.MedianMs), fmt.Sprintf("%.1f ms", got.P99Ms),
			fmt.Sprintf("%.1f ms", float64(got.ServerCPU)/1e3), fmt.Sprintf("%.1f kB", float64(len(packed))/1e3))
	}
	return p.stop()
}

// grow gives a brand its orders and events: one order is placed, and its row copied in the database; the events are appended.
// The last of them are due for a webhook that takes them and for one that refuses the connection.
func grow(callback string) func(context.Context, *app.Server, *account.Caller, brand) error {
	return func(ctx context.Context, s *app.Server, owner *account.Caller, b brand) error {
		var basket order.Basket
		if err := json.Unmarshal(b.Basket, &basket); err != nil {
			return err
		}
		if _, err := s.Orders.Place(ctx, &account.Caller{Idempotent: uuid.NewString()}, b.AppID, basket); err != nil {
			return err
		}
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(copyOrders, b.ID, pageOrders-1)
			return err
		})
		if err != nil {
			return err
		}
		bodies := []wire.Event{&wire.OrderCreatedEvent{}, &wire.OrderAcceptedEvent{}, &wire.OrderDispatchedEvent{}}
		if err := appendMany(ctx, s.DB, s.Log, []brand{b}, bodies, pageEvents-pageAttempts, appendBatch); err != nil {
			return err
		}
		app, _, err := s.OAuth.CreateApp(ctx, owner, b.AppID, wire.OAuthApp{OauthAppName: wire.P("Till sync")})
		if err != nil {
			return err
		}
		for _, u := range []string{callback, "http://127.0.0.1:1/"} {
			in := wire.WebhookSubscription{CallbackUrl: &u, EventNames: []string{"order.created", "order.accepted", "order.dispatched"}}
			if _, err := s.Webhooks.Create(ctx, owner, b.AppID, app, in); err != nil {
				return err
			}
		}
		return appendMany(ctx, s.DB, s.Log, []brand{b}, bodies, pageAttempts, appendBatch)
	}
}

// copyOrders makes $2 more of a brand's one order, a second apart.
const copyOrders = `
with recursive copies(n) as (select 1 union all select n + 1 from copies where n < $2)
insert into orders (order_id, brand_id, store_id, customer_id, state, version, currency, placed_at, requested_for, customer_name, customer_phone,
	customer_email, tracking_code, tracking_hash, amount, refundable, refunded, silent, doc, calculation)
select order_id + n, brand_id, store_id, customer_id, state, version, currency, placed_at - cast(n as bigint) * 1000000, requested_for, customer_name, customer_phone,
	customer_email, tracking_code, tracking_hash, amount, refundable, refunded, silent, doc, calculation
from orders, copies where brand_id = $1`

// view asks for a page as a browser does and returns its bytes as they came.
func (b browser) view(c *http.Client, path string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, b.BaseURL+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	status, body, h, err := b.with(c, req)
	if err == nil && (status != http.StatusOK || h.Get("Content-Encoding") != "gzip") {
		err = fmt.Errorf("%s answers %d, %q, encoded by %q", path, status, h.Get("Location"), h.Get("Content-Encoding"))
	}
	return body, err
}

// at is who asks for a page.
func (s seeded) at(p shownPage) browser {
	if p.out {
		return browser{s, ""}
	}
	return browser{s, s.Session}
}

// pages are those that are measured; what they are about is taken from the lists that lead there.
func (b browser) pages(c *http.Client) (out []shownPage, err error) {
	brand := "/portal/" + b.Brands[0].AppID
	var failures []error
	link := func(from, pattern string) string {
		packed, err := b.view(c, from)
		var text []byte
		if z, e := gzip.NewReader(bytes.NewReader(packed)); e == nil {
			text, _ = io.ReadAll(z)
		}
		m := regexp.MustCompile(`href="(` + pattern + `)"`).FindSubmatch(text)
		if m == nil {
			failures = append(failures, fmt.Errorf("%s has no link to %s: %w", from, pattern, errors.Join(err, errNoLink)))
			return ""
		}
		return string(m[1])
	}
	oauthApp := brand + "/apps/" + b.OAuth.ClientID
	event := link(brand+"/events", brand+`/events/[^"?]+`)
	requested := link(brand+"/logs", brand+`/logs/[^"?]+`)
	hook := link(brand+"/webhooks", brand+`/apps/\w+/webhooks/\d+`)
	if len(failures) > 0 {
		return nil, errors.Join(failures...)
	}
	dead := hook[:strings.LastIndex(hook, "/")+1]
	number, err := strconv.Atoi(hook[len(dead):])
	if err != nil {
		return nil, err
	}
	dead += strconv.Itoa(number + 1)
	attempt := link(hook, regexp.QuoteMeta(hook)+`/attempts/[^"?]+`)
	out = []shownPage{
		{"nothing but a text (the ceiling)", "/developers/support", true},
		{"sign in", "/identity/login", true},
		{"account", "/identity/account", false},
		{"developer hub", "/developers", true},
		{"a guide", "/developers/using-webhooks", true},
		{"search of the hub", "/developers/search?q=webhook", true},
		{"OAuth apps", brand + "/apps", false},
		{"an OAuth app", oauthApp, false},
		{"webhooks", brand + "/webhooks", false},
		{"a webhook, its attempts", hook, false},
		{"its older attempts", hook + "?before=" + attempt[strings.LastIndex(attempt, "/")+1:], false},
		{"its failed attempts (none)", hook + "?show=failed", false},
		{"an attempt", attempt, false},
		{"a webhook that fails", dead, false},
		{"its failed attempts", dead + "?show=failed", false},
		{"what waits for it", dead + "?show=waiting", false},
		{"event names", hook + "/events", false},
		{"settings", hook + "/settings", false},
		{"logs", brand + "/logs", false},
		{"logs of refusals (none)", brand + "/logs?status=4", false},
		{"logs of one path", brand + "/logs?path=storefront", false},
		{"a request", requested, false},
		{"events", brand + "/events", false},
		{"events of one name", brand + "/events?name=order.accepted", false},
		{"events of a name with none", brand + "/events?name=menu.created", false},
		{"events of one order", brand + "/events?order=500", false},
		{"events, page 1,000", brand + "/events?page=1000", false},
		{"an event", event, false},
		{"sandbox", brand + "/sandbox", false},
	}
	return out, errors.Join(failures...)
}

var errNoLink = errors.New("no link")
