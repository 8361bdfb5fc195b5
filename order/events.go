package order

import (
	"bytes"
	"errors"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/money"
	"comanda/wire"
)

// record makes the log's record of an event about an order. body leaves its Order null: the stored bytes of the document
// are put there, so that an order is encoded once for its row, its events and its answer. An event about the fulfilment
// has no such member.
func record(r *row, o *wire.Order, brand account.Brand, caller *account.Caller, now time.Time, body wire.Event) (event.Record, error) {
	body.Base().IpAddress = caller.EventIP()
	rec, err := event.Encode(event.New{
		Brand: r.brand, AppID: brand.AppID, Subject: subject(r.id), Store: r.store, Time: now, Body: body, Request: caller.Request, Order: o,
	})
	if err != nil {
		return rec, err
	}
	if _, without := body.(*wire.OrderFulfillmentStatusUpdatedEvent); without {
		return rec, nil
	}
	rec.Body, err = withOrder(rec.Body, r.doc)
	return rec, err
}

// noOrder can only be the event's own member: within a JSON text every quote is escaped.
var noOrder = []byte(`"Order":null`)

func withOrder(body, doc []byte) ([]byte, error) {
	i := bytes.Index(body, noOrder)
	if i < 0 {
		return nil, errors.New("order: an event without a place for its order")
	}
	const name = len(`"Order":`)
	out := make([]byte, 0, len(body)-len("null")+len(doc))
	out = append(out, body[:i+name]...)
	out = append(out, doc...)
	return append(out, body[i+len(noOrder):]...), nil
}

// sum writes an amount for people: 18.50 EUR.
func sum(a money.Amount, currency string) string { return a.Fixed(currency) + " " + currency }
