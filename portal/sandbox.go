package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"comanda/account"
	"comanda/account/visit"
	"comanda/event"
	"comanda/internal/web"
	"comanda/money"
	"comanda/order"
	"comanda/store"
	"comanda/wire"
)

type sandboxPage struct {
	Clock    account.Clock
	Ahead    string // by how much the clock is; empty = not at all
	Zone     *time.Location
	Here     string
	Done     string
	Form     web.Form // of the clock
	Order    web.Form // of test orders
	Problem  string   // why test orders were not placed, or not all
	Stores   []*store.Store
	Placed   []testOrder
	Webhooks bool // there are some, which the orders' events may have gone to
	Sandbox  bool
}

// testOrder is one that was placed just now, as its order.created has it.
type testOrder struct {
	Link   string // to the event
	Order  wire.Order
	Amount string
}

// sandbox shows what only a brand for trying out has: test orders and a clock.
func (d *Door) sandbox(v *desk) error {
	q := v.R.URL.Query()
	var p sandboxPage
	if q.Get("done") != "" {
		p.Done = "The clock is set."
	}
	for _, text := range q["order"][:min(len(q["order"]), order.MaxSamples)] {
		if err := d.addPlaced(v, &p, number(text)); err != nil {
			return err
		}
	}
	if n := len(p.Placed); n > 0 {
		p.Done = count(n, "test order was", "test orders were") + " placed."
	}
	return d.showSandbox(v, http.StatusOK, p)
}

func (d *Door) addPlaced(v *desk, p *sandboxPage, id int) error {
	found, _, err := d.Accounts.FindEvents(v.ctx(), v.Caller, v.Brand.AppID, event.Query{
		Names: []string{"order.created"}, About: []event.About{event.AboutOrder(id)}, Limit: 1,
	})
	if err != nil || len(found) == 0 {
		return err
	}
	var body struct{ Order wire.Order }
	if err := json.Unmarshal(found[0].Body, &body); err != nil {
		return err
	}
	currency := string(body.Order.Store.Currency)
	paid, err := money.Parse(body.Order.Amount, currency)
	p.Placed = append(p.Placed, testOrder{eventRows(v, found)[0].Link, body.Order, paid.Fixed(currency) + " " + currency})
	return err
}

// placeOrders places test orders.
func (d *Door) placeOrders(v *desk) error {
	var in order.SampleOrders
	if id := v.Form.Get("storeid"); id != "" {
		in.StoreId = wire.P(number(id))
	}
	if dt := v.Form.Get("deliverytype"); dt != "" {
		in.DeliveryType = wire.P(wire.DeliveryType(dt))
	}
	in.Count = wire.P(number(v.Form.Get("count")))
	placed, err := d.Orders.PlaceSamples(v.ctx(), v.Caller, v.Brand.AppID, in)
	switch {
	case err == nil:
		to := url.Values{}
		for _, o := range placed {
			to.Add("order", strconv.Itoa(o.OrderId))
		}
		web.SeeOther(v.W, v.path("sandbox")+"?"+to.Encode())
		return nil
	case !visit.Refused(err) || !v.Brand.Sandbox:
		return err
	}
	p := sandboxPage{Order: web.Again(v.Form, err, "count")}
	p.Problem = p.Order.Problem
	for _, o := range placed {
		if err := d.addPlaced(v, &p, o.OrderId); err != nil {
			return err
		}
	}
	return d.showSandbox(v, again(v.Visit, err), p)
}

func (d *Door) showSandbox(v *desk, status int, p sandboxPage) (err error) {
	p.Here, p.Sandbox = v.path("sandbox"), v.Brand.Sandbox
	if p.Order.Value("count") == "" && len(p.Order.Errors) == 0 {
		p.Order = web.Filled("count", "1")
	}
	if p.Stores, err = d.Stores.ByApp(v.ctx(), v.Caller, v.Brand.AppID, store.Filter{}); err != nil {
		return err
	}
	_, hooks, err := d.Webhooks.Overviews(v.ctx(), v.Caller, v.Brand.AppID, "", 1, 1)
	if err != nil {
		return err
	}
	p.Webhooks = hooks > 0
	if p.Clock, err = d.Accounts.Clock(v.ctx(), v.Caller, v.Brand.AppID); err != nil {
		return err
	}
	if seconds := int(p.Clock.OffsetSeconds); seconds > 0 {
		p.Ahead = spelled(seconds)
	}
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	return d.show(v, view{Name: "sandbox", Title: "Sandbox", Status: status, Data: p})
}

// moveClock sets the clock ahead by one of the buttons, or by the minutes that were typed.
func (d *Door) moveClock(v *desk) error {
	by := v.Form.Get("by")
	if by == "" {
		by = v.Form.Get("minutes")
	}
	minutes, err := strconv.Atoi(by)
	if err != nil {
		return d.showSandbox(v, http.StatusBadRequest, sandboxPage{Form: web.Again(v.Form, nil).Wrong("minutes", "Must be a whole number.")})
	}
	seconds := 60 * minutes
	_, err = d.Accounts.SetClock(v.ctx(), v.Caller, v.Brand.AppID, account.ClockChange{AdvanceSeconds: &seconds})
	switch {
	case err == nil:
		web.SeeOther(v.W, v.path("sandbox")+"?done=clock")
		return nil
	case !visit.Refused(err) || !v.Brand.Sandbox:
		return err
	}
	return d.showSandbox(v, again(v.Visit, err), sandboxPage{
		Form: web.Again(v.Form, err).Wrong("minutes", "Must be 1 at least, and the clock can be ten years ahead at most."),
	})
}
