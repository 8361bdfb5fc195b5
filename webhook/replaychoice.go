package webhook

import (
	"context"
	"slices"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Wanted says which events of the past a replay sends. Exactly one of EventIDs, Expired and a range (Positions or times, of
// which each end may be left open) is given; the rest narrows it.
type Wanted struct {
	EventIDs   []string
	Expired    bool      // all that the subscription lost and still remembers
	From, To   int64     // positions, both included; 0 = open
	Start, End time.Time // of the events' real creation, End excluded; zero = open
	EventNames []string  // empty = what the subscription chose; not looked at with EventIDs
	Stores     []int     // empty = what the subscription chose; not looked at with EventIDs
	Target     int       // subscription of the brand that gets them; 0 = the subscription itself
}

// selection is what a replay sends, as stored: everything is decided when it is made.
type selection struct {
	Spans  [][2]int64 // positions, both included, ascending and apart
	Names  []string   // nil = all
	Stores []int      `json:",omitempty"` // empty = all
	Start  int64      `json:",omitempty"` // microseconds
	End    int64      `json:",omitempty"`
}

// takes reports whether an event inside the spans is sent.
func (s *selection) takes(e *event.Event) bool {
	at := clock.Micros(e.Created)
	return (s.Names == nil || slices.Contains(s.Names, e.Name)) && (len(s.Stores) == 0 || slices.Contains(s.Stores, e.Store)) &&
		at >= s.Start && (s.End == 0 || at < s.End)
}

// last is the last position of the selection, 0 when it is empty.
func (s *selection) last() int64 {
	if len(s.Spans) == 0 {
		return 0
	}
	return s.Spans[len(s.Spans)-1][1]
}

// after is the first position of the selection after one, 0 when there is none, and how far its span goes.
func (s *selection) after(position int64) (from, to int64) {
	for _, x := range s.Spans {
		if x[1] > position {
			return max(x[0], position+1), x[1]
		}
	}
	return 0, 0
}

// choose turns what was wanted into positions and filters.
func (w *Webhooks) choose(ctx context.Context, b account.Brand, s *Subscription, in Wanted) (out selection, err error) {
	bad := &fault.Collector{}
	in.check(bad)
	if len(in.EventNames) > 0 {
		out.Names = checkNames(bad, in.EventNames)
	} else {
		out.Names = s.chosenNames()
	}
	if out.Stores = in.Stores; len(out.Stores) == 0 {
		out.Stores = s.settings.Stores
	}
	if err := bad.Err(); err != nil {
		return out, err
	}
	err = w.db.Read(ctx, func(tx *db.Tx) (err error) {
		switch {
		case in.EventIDs != nil:
			out.Spans, err = positionsOf(tx, b.ID, in.EventIDs)
			out.Names, out.Stores = nil, nil
		case in.Expired:
			out.Spans, err = w.expiredSpans(tx, s.ID)
		default:
			out.Start, out.End = clock.Micros(in.Start), clock.Micros(in.End)
			out.Spans, err = rangeOf(tx, b.ID, in)
		}
		return err
	})
	if err == nil && len(out.Spans) == 0 {
		err = fault.New(fault.NotFound, "There are no such events to send again.").
			With("GET …/events/log lists the events that are kept, GET …/subscriptions/{webhookSubscriptionId}/expired what was given up.")
	}
	return out, err
}

// check refuses a wish that contradicts itself.
func (in *Wanted) check(bad *fault.Collector) {
	isRange := in.From != 0 || in.To != 0 || !in.Start.IsZero() || !in.End.IsZero()
	ways := 0
	for _, given := range []bool{in.EventIDs != nil, in.Expired, isRange} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		bad.Add("EventIds", "says nothing, nor does anything else which events are wanted. Give EventIds, Expired, or a range by FromPosition, ToPosition, Start and End.")
	case ways > 1:
		bad.Add("EventIds", "goes without Expired and without a range. Give one of the three.")
	case in.EventIDs != nil && (len(in.EventIDs) == 0 || len(in.EventIDs) > maxReplayIDs):
		bad.Add("EventIds", "has %d ids. Give 1 to %d.", len(in.EventIDs), maxReplayIDs)
	case in.From < 0, in.To < 0:
		bad.Add("FromPosition", "counts from 1.")
	case in.To != 0 && in.To < in.From:
		bad.Add("ToPosition", "lies before FromPosition.")
	case !in.End.IsZero() && !in.End.After(in.Start):
		bad.Add("End", "is not after Start.")
	}
}

// chosenNames are the names that a subscription chose, one by one or by their heading.
func (s *Subscription) chosenNames() []string {
	out := []string{}
	for name, e := range catalogue {
		_, one := s.names[name]
		if _, all := s.names[e.Group]; one || all {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// positionsOf finds events by their ids; an unknown one is a NotFound fault.
func positionsOf(tx *db.Tx, brand int, ids []string) ([][2]int64, error) {
	var all []int64
	for _, id := range ids {
		e, err := event.ByID(tx, brand, id)
		if err != nil {
			return nil, err
		}
		all = append(all, e.Position)
	}
	slices.Sort(all)
	var out [][2]int64
	for _, p := range slices.Compact(all) {
		out = join(out, p, p)
	}
	return out, nil
}

// expiredSpans are the ranges that a subscription lost.
func (w *Webhooks) expiredSpans(tx *db.Tx, id int) ([][2]int64, error) {
	rows, err := tx.Query(sqlExpiredSpans, id, clock.Micros(clock.Now().Add(-expiredKept)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out [][2]int64
	for rows.Next() {
		var from, to int64
		if err := rows.Scan(&from, &to); err != nil {
			return nil, err
		}
		out = join(out, from, to)
	}
	return out, rows.Err()
}

// join appends a span that does not begin before the last one; the two become one where they touch.
func join(spans [][2]int64, from, to int64) [][2]int64 {
	if n := len(spans); n > 0 && from <= spans[n-1][1]+1 {
		spans[n-1][1] = max(spans[n-1][1], to)
		return spans
	}
	return append(spans, [2]int64{from, to})
}

// rangeOf is one span, cut to what the log has or had; none when that is nothing.
func rangeOf(tx *db.Tx, brand int, in Wanted) ([][2]int64, error) {
	head, err := event.Head(tx, brand)
	if err != nil {
		return nil, err
	}
	from, to := max(in.From, 1), head
	if in.To != 0 {
		to = min(in.To, head)
	}
	if in.From == 0 { // not by position, so what is gone is not missed
		oldest, err := event.OldestKept(tx, brand)
		if err != nil {
			return nil, err
		}
		from = max(from, oldest.Position)
	}
	if from > to {
		return nil, nil
	}
	return [][2]int64{{from, to}}, nil
}
