package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// The states of a replay.
const (
	ReplayRunning   = "running"
	ReplayDone      = "done"      // everything was tried
	ReplayFailed    = "failed"    // it was given up; Reason says why
	ReplayCancelled = "cancelled" // somebody ended it
)

// Limits of replays.
const (
	maxReplayIDs = 1000 // events named one by one
	maxReplays   = 5    // running at once to one subscription
	replaysKept  = 30 * 24 * time.Hour
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

// Replay is one order to send events of the past again, and how far it is.
type Replay struct {
	ID           int
	Subscription int // whose events
	Target       int // who gets them
	State        string
	Reason       string
	Settled      int64 // every event up to this position is done with
	Last         int64 // the last position
	Delivered    int64
	Failed       int64
	Missing      int64 // positions that the log no longer has
	Created      time.Time
	Ended        time.Time

	brand  int
	chosen selection
}

// Replay sends events of the past to a subscription again: the same bytes under the same webhook-id, marked by the header
// X-Comanda-Replay, apart from the live deliveries and their sequence. It returns at once; the work goes on by itself.
// The receiving subscription must be enabled and not paused; more than five replays at once to one are a Conflict.
func (w *Webhooks) Replay(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, in Wanted) (*Replay, error) {
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, err
	}
	target := s
	if in.Target != 0 && in.Target != s.ID {
		if target, err = w.load(ctx, in.Target); err == nil && target.Brand != b.ID {
			err = errNoSubscription()
		}
		if err != nil {
			return nil, err
		}
	}
	if err := canReceive(target); err != nil {
		return nil, err
	}
	chosen, err := w.choose(ctx, b, s, in)
	if err != nil {
		return nil, err
	}
	r := &Replay{
		Subscription: s.ID, Target: target.ID, State: ReplayRunning, Last: chosen.last(), Created: clock.Now(), brand: b.ID, chosen: chosen,
	}
	text, err := json.Marshal(chosen)
	if err != nil {
		return nil, err
	}
	if r.ID, err = w.db.NextID(ctx, "webhook_replays"); err != nil {
		return nil, fmt.Errorf("webhook: replay: %w", err)
	}
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlInsertReplay, r.ID, b.ID, s.ID, target.ID, c.Account, string(text), clock.Micros(r.Created), maxReplays)
		if err != nil {
			return fmt.Errorf("webhook: replay: %w", err)
		}
		if n == 0 {
			return fault.Newf(fault.Conflict, "%d replays to this webhook subscription are running, the most at once.", maxReplays).
				With("Wait until one is done, or cancel one.")
		}
		tx.AfterCommit(func() { notify(w.replays) })
		return w.accounts.Audit(tx, c, b.ID, "webhook.replayed", "webhook/"+strconv.Itoa(target.ID), "")
	})
	return r, err
}

// canReceive refuses a subscription to which nothing may be sent.
func canReceive(s *Subscription) error {
	switch {
	case !s.Enabled:
		return fault.New(fault.Conflict, "The webhook subscription is disabled, so nothing can be sent to it.").
			With(`Enable it with UpdateWebhookSubscription and {"Enabled": true} first.`)
	case !s.pausedAt.IsZero():
		return fault.New(fault.Conflict, "The webhook subscription is paused, so nothing can be sent to it.").With("Resume it first.")
	}
	return nil
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

// Replays lists one page (from 1 on) of a subscription's replays, newest first, and how many there are. Finished ones are
// kept for 30 days.
func (w *Webhooks) Replays(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id, page, limit int,
) (out []*Replay, total int, err error) {
	if _, _, err := w.open(ctx, c, appID, oauthAppID, id); err != nil {
		return nil, 0, err
	}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if err := tx.QueryRow(sqlCountReplays, id).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(sqlReplaysOf, id, limit, (page-1)*limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			r, err := scanReplay(rows)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: replays of %d: %w", id, err)
	}
	return out, total, nil
}

// GetReplay returns one replay of a subscription.
func (w *Webhooks) GetReplay(ctx context.Context, c *account.Caller, appID, oauthAppID string, id, replay int) (r *Replay, err error) {
	if _, _, err := w.open(ctx, c, appID, oauthAppID, id); err != nil {
		return nil, err
	}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		r, err = loadReplay(tx, replay)
		return err
	})
	if err == nil && r.Subscription != id {
		err = errNoReplay()
	}
	return r, err
}

// CancelReplay ends a replay; what is in flight ends with it. One that has ended stays as it is.
func (w *Webhooks) CancelReplay(ctx context.Context, c *account.Caller, appID, oauthAppID string, id, replay int) error {
	if _, err := w.GetReplay(ctx, c, appID, oauthAppID, id, replay); err != nil {
		return err
	}
	return w.db.Write(ctx, func(tx *db.Tx) error {
		tx.AfterCommit(func() { notify(w.replays) })
		_, err := tx.Exec(sqlEndReplay, replay, ReplayCancelled, "", clock.Micros(clock.Now()))
		return err
	})
}

func errNoReplay() error {
	return fault.New(fault.NotFound, "The webhook subscription has no such replay.").
		With("GET …/subscriptions/{webhookSubscriptionId}/replays lists them; finished ones are kept for 30 days.")
}

func loadReplay(tx *db.Tx, id int) (*Replay, error) {
	r, err := scanReplay(tx.QueryRow(sqlReplay, id))
	if errors.Is(err, db.ErrNoRows) {
		return nil, errNoReplay()
	}
	return r, err
}

func scanReplay(row interface{ Scan(...any) error }) (*Replay, error) {
	r := &Replay{}
	var text string
	var created, ended int64
	err := row.Scan(&r.ID, &r.brand, &r.Subscription, &r.Target, &text, &r.State, &r.Reason, &r.Settled, &r.Delivered, &r.Failed,
		&r.Missing, &created, &ended)
	if err != nil {
		return nil, err
	}
	r.Created, r.Ended = clock.FromMicros(created), clock.FromMicros(ended)
	if err := json.Unmarshal([]byte(text), &r.chosen); err != nil {
		return nil, fmt.Errorf("webhook: replay %d: %w", r.ID, err)
	}
	r.Last = r.chosen.last()
	return r, nil
}

// trimReplays forgets replays that ended long ago.
func (w *Webhooks) trimReplays(ctx context.Context) (n int, err error) {
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		gone, err := tx.Exec(sqlTrimReplays, clock.Micros(clock.Now().Add(-replaysKept)))
		n = int(gone)
		return err
	})
	return n, err
}
