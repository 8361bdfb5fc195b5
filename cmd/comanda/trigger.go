package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"comanda/internal/client"
	"comanda/wire"
)

type triggerCommand struct {
	connection
	Event        string `arg:"" help:"Event name, such as order.created."`
	Subscription []int  `help:"Send a marked test of the event to this webhook subscription, whatever the event is; may be repeated." placeholder:"ID"`
}

// placed is a sample order.
type placed struct {
	OrderId       int
	TrackingToken string
	Amount        wire.Decimal
}

// step is what the store or the diner does to an order.
type step struct {
	done string // said of the order: "accepted"
	do   func(ctx context.Context, api *client.Client, c *connection, o placed) error
}

// ofStore is a step of who answers the store's orders.
func ofStore(done, operation string, body func(o placed) any) step {
	return step{done, func(ctx context.Context, api *client.Client, _ *connection, o placed) error {
		return api.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/orders/%d/%s", o.OrderId, operation), body(o), nil)
	}}
}

// tracked is the path of the order for its diner.
func (o placed) tracked(c *connection) string {
	return c.brand() + "/storefront/orders/" + url.PathEscape(o.TrackingToken)
}

var (
	accept   = ofStore("accepted", "accept", func(placed) any { return map[string]int{"EstimatedMinutesForDelivery": 25} })
	reject   = ofStore("rejected", "reject", func(placed) any { return map[string]string{"RejectReason": "TooBusy"} })
	dispatch = ofStore("dispatched", "dispatch", func(placed) any { return nil })
	refund   = ofStore("refunded", "refund", func(o placed) any {
		return map[string]any{"RefundReason": "A trial", "RefundAmount": o.Amount, "NotifyCustomer": false}
	})
	tip = step{"given another tip", func(ctx context.Context, api *client.Client, c *connection, o placed) error {
		is, err := client.Data[struct{ TipAmount wire.Decimal }](ctx, api, http.MethodGet, o.tracked(c), nil)
		if err != nil {
			return err
		}
		amount := wire.Decimal("2")
		if is.TipAmount == amount {
			amount = "3"
		}
		return api.Call(ctx, http.MethodPost, o.tracked(c)+"/tip", map[string]any{"TipAmount": amount}, nil)
	}}
	rate = step{"rated", func(ctx context.Context, api *client.Client, c *connection, o placed) error {
		return api.Call(ctx, http.MethodPost, o.tracked(c)+"/rating", map[string]int{"Rating": 5}, nil)
	}}
)

// causes are what happens to a new sample order until the event has come about.
var causes = map[string][]step{
	"order.created":        {},
	"order.accepted":       {accept},
	"order.rejected":       {reject},
	"order.dispatched":     {accept, dispatch},
	"order.refunded":       {accept, refund},
	"order.tip.updated":    {tip},
	"order.rating.updated": {accept, rate},
}

// Run makes the event happen, in a sandbox brand, or else sends tests of it.
func (c *triggerCommand) Run(ctx context.Context) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	if steps, known := causes[strings.ToLower(c.Event)]; known && len(c.Subscription) == 0 {
		return c.cause(ctx, api, steps)
	}
	return c.test(ctx, api)
}

// cause places a sample order and takes the steps.
func (c *triggerCommand) cause(ctx context.Context, api *client.Client, steps []step) error {
	orders, err := client.Data[[]placed](ctx, api, http.MethodPost, c.brand()+"/sandbox/orders", map[string]int{"Count": 1})
	if err != nil {
		return err
	}
	if len(orders) != 1 {
		return fmt.Errorf("the server placed %d orders instead of one", len(orders))
	}
	order, done := orders[0], []string{"placed"}
	for _, s := range steps {
		err := s.do(ctx, api, &c.connection, order)
		var refused *client.Refusal
		if errors.As(err, &refused) && refused.Status == http.StatusConflict && s.done == accept.done {
			err = nil // an integration that listens was faster
		}
		if err != nil {
			return fmt.Errorf("order %d was %s, but: %w", order.OrderId, strings.Join(done, ", "), err)
		}
		done = append(done, s.done)
	}
	if c.JSON {
		return printJSON(struct {
			EventName string
			OrderId   int
		}{strings.ToLower(c.Event), order.OrderId})
	}
	fmt.Printf("Order %d was %s.\n", order.OrderId, strings.Join(done, ", "))
	return nil
}

// test sends marked samples of the event to subscriptions: those that were named, or all enabled ones of the OAuth app.
func (c *triggerCommand) test(ctx context.Context, api *client.Client) error {
	path, err := c.hooks(ctx, api)
	if err != nil {
		return err
	}
	ids := c.Subscription
	if len(ids) == 0 {
		subs, err := client.Data[[]struct {
			Id      int
			Enabled bool
		}](ctx, api, http.MethodGet, path+"?limit=100", nil)
		if err != nil {
			return err
		}
		for _, s := range subs {
			if s.Enabled {
				ids = append(ids, s.Id)
			}
		}
		if len(ids) == 0 {
			return fmt.Errorf("nothing can be made to cause %s here, and the OAuth app has no enabled subscription to send a test to; comanda webhooks create makes one", c.Event)
		}
	}
	slices.Sort(ids)
	tests := make([]json.RawMessage, len(ids))
	lost := 0
	for i, id := range ids {
		if tests[i], err = client.Data[json.RawMessage](ctx, api, http.MethodPost, path+"/"+strconv.Itoa(id)+"/events/"+url.PathEscape(c.Event)+"/test", nil); err != nil {
			return err
		}
		var got struct {
			attempt
			Received bool
		}
		if err := json.Unmarshal(tests[i], &got); err != nil {
			return err
		}
		if !got.Received {
			lost++
		}
		if !c.JSON {
			fmt.Printf("A test of %s to subscription %d: %s after %.1f ms\n", got.EventName, id, got.answer(), got.Duration)
		}
	}
	if c.JSON {
		err = printJSON(tests)
	}
	if err == nil && lost > 0 {
		err = fmt.Errorf("%d of %d endpoints did not take the test", lost, len(ids))
	}
	return err
}
