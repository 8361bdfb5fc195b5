package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	"comanda/internal/client"
	"comanda/internal/clock"
	"comanda/wire"
)

// rush is a part of the day and how many orders come in it.
type rush struct {
	from, to time.Duration // after midnight
	orders   int
}

func hm(hours, minutes int) time.Duration {
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
}

var rushes = []rush{
	{hm(11, 30), hm(12, 15), 6},
	{hm(12, 15), hm(13, 45), 22},
	{hm(13, 45), hm(17, 30), 8},
	{hm(17, 30), hm(18, 30), 9},
	{hm(18, 30), hm(20, 45), 33},
	{hm(20, 45), hm(22, 0), 8},
}

// turn is how far the clock goes at once: what happens within it is done in its sequence without moving the clock between.
const turn = 3 * time.Minute

// Day is what came of a day.
type Day struct {
	Orders     int   `json:"orders"`
	Accepted   int   `json:"accepted"`
	Rejected   int   `json:"rejected"`
	Dispatched int   `json:"dispatched"`
	Refunded   int   `json:"refunded"`
	Tipped     int   `json:"tipped"`
	Rated      int   `json:"rated"`
	Events     int64 `json:"events"` // in the brand's log

	Milliseconds int64 `json:"milliseconds"` // that it took
}

// day plays a day in the restaurant: sample orders for lunch and dinner, and what the sample apps and the diners do about
// them, by the clock of the sandbox brand. It is the same day each time.
type day struct {
	*demo
	as     map[string]*client.Client
	chance *rand.Rand
	zone   *time.Location
	shown  time.Time // the brand's clock
	to     []deed
	Day
}

// deed is something to do at a time.
type deed struct {
	at time.Time
	do func(ctx context.Context, at time.Time) error
}

// placed is a sample order, as it was answered.
type placed struct {
	OrderId       int
	TrackingToken string
	Amount        wire.Decimal
}

// playDay plays the day in a fresh brand, and returns when the POS has heard of all of it.
func (d *demo) playDay(ctx context.Context) (*Day, error) {
	began := clock.Mono()
	now, err := client.Data[struct{ Time wire.Time }](ctx, d.api, http.MethodGet, d.brand()+"/sandbox/clock", nil)
	if err != nil {
		return nil, err
	}
	if !d.JSON {
		fmt.Fprintf(d.out, "\nA day in the restaurant, by the clock of its sandbox …\n")
	}
	stores, err := client.Data[[]struct {
		StoreId         int
		IanaTimeZone    string
		DeliveryEnabled bool
	}](ctx, d.api, http.MethodGet, d.brand()+"/storefront/stores", nil)
	if err != nil {
		return nil, err
	}
	y := &day{demo: d, chance: rand.New(rand.NewPCG(11, 30)), shown: now.Time.Time} //nolint:gosec // chance, not secrecy
	if y.as, err = d.clients(ctx); err != nil {
		return nil, err
	}
	if y.zone, err = time.LoadLocation(stores[0].IanaTimeZone); err != nil {
		return nil, err
	}
	at := now.Time.In(y.zone)
	midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, y.zone)
	if at.After(midnight.Add(rushes[0].from)) {
		midnight = midnight.AddDate(0, 0, 1)
	}
	n := 0
	for _, r := range rushes {
		for range r.orders {
			n++
			store := stores[min(len(stores)-1, y.chance.IntN(5)/3)]
			y.plan(n, store.StoreId, midnight.Add(r.from+time.Duration(y.chance.Int64N(int64(r.to-r.from)))), store.DeliveryEnabled && y.chance.IntN(5) < 3)
		}
	}
	y.read(midnight)
	if err := y.play(ctx); err != nil {
		return nil, err
	}
	y.Events, err = d.delivered(ctx)
	y.Milliseconds = clock.Mono().Sub(began).Milliseconds()
	if err == nil && !d.JSON {
		fmt.Fprintf(d.out, "  %d orders: %d accepted, %d rejected, %d dispatched, %d refunded, %d tipped, %d rated\n  %d events in the log, after %.1f s. The webhook of Analytics fails, to be looked into.\n",
			y.Orders, y.Accepted, y.Rejected, y.Dispatched, y.Refunded, y.Tipped, y.Rated, y.Events, float64(y.Milliseconds)/1000)
	}
	return &y.Day, err
}

func (y *day) later(at time.Time, do func(context.Context, time.Time) error) {
	y.to = append(y.to, deed{at, do})
}

// play does what there is to do, the earliest first, with the brand's clock.
func (y *day) play(ctx context.Context) error {
	for len(y.to) > 0 {
		next := 0
		for i, d := range y.to {
			if d.at.Before(y.to[next].at) {
				next = i
			}
		}
		d := y.to[next]
		y.to = slices.Delete(y.to, next, next+1)
		if d.at.After(y.shown) {
			y.shown = d.at.Add(turn)
			if err := y.api.Call(ctx, http.MethodPost, y.brand()+"/sandbox/clock", map[string]any{"Time": wire.At(y.shown)}, nil); err != nil {
				return err
			}
		}
		if err := d.do(ctx, d.at); err != nil {
			return err
		}
	}
	return nil
}

// plan decides the life of an order.
func (y *day) plan(n, store int, at time.Time, delivery bool) {
	minutes := func(least, more int) time.Duration { return time.Duration(least+y.chance.IntN(more)) * time.Minute }
	answer, kitchen, after := minutes(1, 4), minutes(12, 16), minutes(45, 60)
	fate, stars := y.chance.IntN(100), 3+min(2, y.chance.IntN(5))
	body := map[string]any{"StoreId": store, "DeliveryType": "Pickup", "Count": 1}
	if delivery {
		body["DeliveryType"] = "Delivery"
	}
	var o placed
	of := func(path string) string { return fmt.Sprintf("/api/v1.0/orders/%d/%s", o.OrderId, path) }
	post := func(who, path string, body any, count *int) func(context.Context, time.Time) error {
		return func(ctx context.Context, _ time.Time) error {
			*count++
			return y.as[who].Call(ctx, http.MethodPost, of(path), body, nil)
		}
	}
	diner := func(path string, body any, count *int) func(context.Context, time.Time) error {
		return func(ctx context.Context, _ time.Time) error {
			*count++
			return y.api.Call(ctx, http.MethodPost, y.brand()+"/storefront/orders/"+url.PathEscape(o.TrackingToken)+"/"+path, body, nil)
		}
	}
	y.later(at, func(ctx context.Context, at time.Time) error {
		orders, err := client.Data[[]placed](ctx, y.api, http.MethodPost, y.brand()+"/sandbox/orders", body, "Idempotency-Key", fmt.Sprint("order ", n, " of the demo's day"))
		if err != nil {
			return err
		}
		o = orders[0]
		y.Orders++
		if fate < 10 {
			reasons := []string{"TooBusy", "FoodUnavailable", "UnableToDeliver"}
			y.later(at.Add(answer), post(posName, "reject", map[string]string{"RejectReason": reasons[n%len(reasons)]}, &y.Rejected))
			return nil
		}
		y.later(at.Add(answer), post(posName, "accept", map[string]int{"EstimatedMinutesForDelivery": 5 * int(2+kitchen/(5*time.Minute))}, &y.Accepted))
		if delivery {
			y.later(at.Add(answer+kitchen), post(driversName, "dispatch", nil, &y.Dispatched))
		}
		switch {
		case fate < 13:
			y.later(at.Add(after), post(posName, "refund", map[string]any{"RefundReason": "It never came", "RefundAmount": o.Amount, "NotifyCustomer": true}, &y.Refunded))
		case fate < 17:
			y.later(at.Add(after), post(posName, "refund", map[string]any{"RefundReason": "A drink was missing", "RefundAmount": 2, "NotifyCustomer": true}, &y.Refunded))
		case fate < 25:
			y.later(at.Add(answer/2), diner("tip", map[string]any{"TipAmount": 3.2}, &y.Tipped))
		case fate < 55:
			y.later(at.Add(after), diner("rating", map[string]int{"Rating": stars}, &y.Rated))
		}
		return nil
	})
}

// read has the apps read what such apps read, and make a mistake now and then.
func (y *day) read(midnight time.Time) {
	ask := func(at time.Duration, who, method, path string) {
		y.later(midnight.Add(at), func(ctx context.Context, _ time.Time) error {
			err := y.as[who].Call(ctx, method, path, nil, nil)
			if refused := (*client.Refusal)(nil); errors.As(err, &refused) {
				return nil
			}
			return err
		})
	}
	for hour := 12; hour <= 23; hour += 2 {
		ask(hm(hour, 5), analyticsName, http.MethodGet, "/api/v1.0/orders?limit=100")
		ask(hm(hour, 6), analyticsName, http.MethodGet, y.brand()+"/events/log?limit=100")
		ask(hm(hour, 20), driversName, http.MethodGet, "/api/v1.0/orders?state=AcceptedByRestaurant&limit=20")
		ask(hm(hour, 40), posName, http.MethodGet, fmt.Sprintf("/api/v1.0/menus/%d", y.creds.MenuID))
	}
	ask(hm(12, 50), posName, http.MethodPost, "/api/v1.0/orders/999999/accept")
	ask(hm(15, 10), analyticsName, http.MethodGet, "/api/v1.0/orders?state=Eaten")
	ask(hm(19, 30), driversName, http.MethodPost, "/api/v1.0/orders/999998/dispatch")
	ask(hm(22, 55), analyticsName, http.MethodGet, fmt.Sprintf("/api/v1.0/stores/%d/endofdayreport", y.creds.StoreID))
}

// delivered waits until the POS has heard of everything, and returns how many events the log has.
func (d *demo) delivered(ctx context.Context) (int64, error) {
	for end := clock.Mono().Add(stepTimeout); ; {
		h, err := client.Data[struct {
			Head      int64
			LagEvents int
		}](ctx, d.api, http.MethodGet, d.hook+"/health", nil)
		switch {
		case err != nil || h.LagEvents == 0:
			return h.Head, err
		case clock.Mono().After(end):
			return h.Head, fmt.Errorf("the POS has not heard of %d events within %s", h.LagEvents, stepTimeout)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return h.Head, ctx.Err()
		}
	}
}
