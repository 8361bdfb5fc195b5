package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"comanda/event"
	"comanda/money"
	"comanda/wire"
)

// Result is what came of a day. The names in JSON are stable.
type Result struct {
	Seed       uint64                  `json:"seed"`
	Opened     time.Time               `json:"opened"`
	Took       time.Duration           `json:"-"`
	Seconds    int                     `json:"seconds"` // of virtual time, until everything was settled
	Diners     int                     `json:"diners"`
	Placed     int                     `json:"placed"`
	TurnedAway int                     `json:"turnedAway"`
	Orders     map[wire.OrderState]int `json:"orders"`
	Money      map[string]*Takings     `json:"money"` // by currency
	Done       int                     `json:"done"`  // what people did about orders
	TooLate    int                     `json:"tooLate"`
	Events     int                     `json:"events"`
	Hash       string                  `json:"hash"` // SHA-256 of the log
	Webhook    Deliveries              `json:"webhook"`
	Promises   promises                `json:"promises"`
}

// Takings are sums of one currency.
type Takings struct {
	Card     wire.Decimal `json:"card"`     // charged
	Cash     wire.Decimal `json:"cash"`     // of orders that were accepted
	Refunded wire.Decimal `json:"refunded"` // of both
	Kept     wire.Decimal `json:"kept"`

	card, cash, refunded money.Amount
}

// add counts the money of an order.
func (r *Result) add(o row, paid, back money.Amount) {
	if r.Money == nil {
		r.Money = map[string]*Takings{}
	}
	t := r.Money[o.currency]
	if t == nil {
		t = &Takings{}
		r.Money[o.currency] = t
	}
	if o.payment == "" {
		t.cash += paid
	} else {
		t.card += paid
	}
	t.refunded += back
	t.Card, t.Cash, t.Refunded = t.card.Decimal(o.currency), t.cash.Decimal(o.currency), t.refunded.Decimal(o.currency)
	t.Kept = (t.card + t.cash - t.refunded).Decimal(o.currency)
}

// tally counts what does not need to be checked.
func (s *sim) tally(log []event.Event, orders []row) {
	r := &s.result
	r.Seed, r.Opened, r.Diners, r.Events, r.Hash, r.Webhook = s.Seed, s.opens, s.Options.Orders, len(log), fingerprint(log), s.till.figures
	r.Orders = map[wire.OrderState]int{}
	for _, o := range orders {
		r.Orders[o.state]++
		if !o.placed.IsZero() {
			r.Placed++
		}
	}
}

var errBroken = errors.New("a promise is broken; the same seed shows it again")

// report prints the result, and is an error when a promise is broken.
func (s *sim) report(w io.Writer, took time.Duration) error {
	r := &s.result
	r.Promises, r.Seconds = s.promises, int(r.Took.Seconds())
	if s.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		if err := e.Encode(r); err != nil {
			return err
		}
	} else {
		r.print(w, s.Hours, took)
	}
	for _, p := range r.Promises.list() {
		if len(p.of.Broken) > 0 {
			return errBroken
		}
	}
	return nil
}

type named struct {
	text string
	of   promise
}

// list is in the words of who runs a restaurant.
func (p promises) list() []named {
	return []named{
		{"every order that a diner saw confirmed is in the log, once", p.Logged},
		{"who orders twice by mistake gets one order", p.Repeats},
		{"the log has no gap", p.Gapless},
		{"the till had every event, as it stands in the log", p.Told},
		{"every total can be explained line by line", p.Explains},
		{"what cards paid and got back is what the orders say", p.Money},
		{"no voucher and no seat is given twice", p.Limits},
		{"nothing is left over", p.Settled},
		{"nobody was answered by an error", p.Answers},
	}
}

func (r *Result) print(w io.Writer, hours int, took time.Duration) {
	fmt.Fprintf(w, "%d diners in %d hours of %s, seed %d: a day in %.1f s\n\n", r.Diners, hours, r.Opened.Format("2 January 2006"), r.Seed, took.Seconds())
	fmt.Fprintf(w, "  Orders    %d placed; %d diners were turned away or thought better of it\n", r.Placed, r.TurnedAway)
	for _, state := range slices.Sorted(maps.Keys(r.Orders)) {
		fmt.Fprintf(w, "              %6d  %s\n", r.Orders[state], state)
	}
	fmt.Fprintf(w, "  Steps     %d taken by diners, kitchens and drivers; %d came too late\n", r.Done, r.TooLate)
	for _, currency := range slices.Sorted(maps.Keys(r.Money)) {
		m := r.Money[currency]
		fmt.Fprintf(w, "  Money     %s %s by card and %s in cash, %s refunded: %s kept\n", currency, m.card.Fixed(currency), m.cash.Fixed(currency), m.refunded.Fixed(currency), (m.card + m.cash - m.refunded).Fixed(currency))
	}
	fmt.Fprintf(w, "  Webhook   %d events in %d deliveries: %d failed, %d came again\n", r.Webhook.Received, r.Webhook.Tried, r.Webhook.Failed, r.Webhook.Again)
	fmt.Fprintf(w, "  Log       %d events, sha256 %s\n\n", r.Events, r.Hash)
	for _, p := range r.Promises.list() {
		said := "held"
		if len(p.of.Broken) > 0 {
			said = "BROKEN"
		}
		fmt.Fprintf(w, "  %-8s%7d  %s\n", said, p.of.Checked, p.text)
		for _, one := range p.of.Broken {
			fmt.Fprintf(w, "                   %s\n", strings.ReplaceAll(one, "\n", "\n                   "))
		}
	}
	fmt.Fprintln(w)
}
