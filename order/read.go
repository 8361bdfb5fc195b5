package order

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Get returns an order's document, the stored bytes of a wire.Order. The caller needs ReadOrders.
func (o *Orders) Get(ctx context.Context, caller *account.Caller, id int) ([]byte, error) {
	r, err := o.read(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	return r.doc, nil
}

// read reads an order for a caller with ReadOrders; an order out of reach is not there.
func (o *Orders) read(ctx context.Context, caller *account.Caller, id int) (*row, error) {
	var r *row
	err := o.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = load(tx, id)
		return err
	})
	if err == nil {
		err = r.mayRead(caller)
	}
	if err != nil {
		return nil, hidden(id, err)
	}
	return r, nil
}

// Filter says which orders a list is about. Zero members do not filter.
type Filter struct {
	Stores   []int
	States   []wire.OrderState
	From, To time.Time // of PlacedTime, both included
}

// span is the placing times as they are stored.
func (f *Filter) span() (from, to int64) {
	from, to = 1, 1<<62 // an order with the time 0 is not placed
	if !f.From.IsZero() {
		from = max(from, clock.Micros(f.From))
	}
	if !f.To.IsZero() {
		to = clock.Micros(f.To)
	}
	return from, to
}

// Page is a page of documents, newest PlacedTime first, and how many there are in all.
type Page struct {
	Total int
	Docs  [][]byte
}

// List returns the page-th page (from 1 on) of limit orders that the caller may read.
func (o *Orders) List(ctx context.Context, caller *account.Caller, f Filter, page, limit int) (Page, error) {
	if page < 1 {
		return Page{}, fault.BadField("page", "must be 1 or more")
	}
	if limit < 1 {
		return Page{}, fault.BadField("limit", "must be 1 or more")
	}
	if !f.To.IsZero() && f.To.Before(f.From) {
		return Page{}, fault.BadField("to", "is before from")
	}
	reach := caller.Reach(account.ReadOrders)
	if page > maxID/limit {
		page = maxID / limit
	}
	var out Page
	var all []listed
	err := o.db.Read(ctx, func(tx *db.Tx) error {
		out, all = Page{}, nil
		for _, g := range reach {
			stores, any := within(g.Stores, f.Stores)
			if !any {
				continue
			}
			// One brand, as nearly every caller has, is paged by the database. Of several the newest are merged.
			take, skip := limit, (page-1)*limit
			if len(reach) > 1 {
				take, skip = page*limit, 0
			}
			n, docs, err := list(tx, g.Brand, stores, f, take, skip)
			if err != nil {
				return err
			}
			out.Total += n
			all = append(all, docs...)
		}
		return nil
	})
	if err != nil {
		return Page{}, err
	}
	if len(reach) > 1 {
		slices.SortFunc(all, func(a, b listed) int {
			return cmp.Or(-cmp.Compare(a.placed, b.placed), -cmp.Compare(a.id, b.id))
		})
		all = all[min(len(all), (page-1)*limit):]
		all = all[:min(len(all), limit)]
	}
	for _, l := range all {
		out.Docs = append(out.Docs, l.doc)
	}
	return out, nil
}

type listed struct {
	id     int
	placed int64
	doc    []byte
}

// list counts and reads one brand's orders.
func list(tx *db.Tx, brand int, stores string, f Filter, take, skip int) (n int, out []listed, err error) {
	from, to := f.span()
	args := []any{brand, stores, from, to}
	count, query := sqlCountByTime, sqlListByTime
	if len(f.States) > 0 {
		count, query = sqlCountByState, sqlListByState
		states := slices.Compact(slices.Sorted(slices.Values(f.States)))
		for i := range wantedStates {
			state := ""
			if i < len(states) {
				state = string(states[i])
			}
			args = append(args, state)
		}
	}
	if err := tx.QueryRow(count, args...).Scan(&n); err != nil {
		return 0, nil, err
	}
	if n <= skip {
		return n, nil, nil
	}
	rows, err := tx.Query(query, append(args, take, skip)...)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l listed
		if err := rows.Scan(&l.id, &l.placed, &l.doc); err != nil {
			return 0, nil, err
		}
		out = append(out, l)
	}
	return n, out, rows.Err()
}

// wantedStates is how many states the lists by state have placeholders for: all there are.
const wantedStates = 14

// within makes the store filter of the queries from the stores in reach (nil = all) and the wanted ones (none = all);
// any is false when they have no store in common.
func within(reach, want []int) (filter string, any bool) {
	both := want
	switch {
	case len(want) == 0 && reach == nil:
		return "", true
	case len(want) == 0:
		both = reach
	case reach != nil:
		both = nil
		for _, s := range want {
			if slices.Contains(reach, s) {
				both = append(both, s)
			}
		}
	}
	if len(both) == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteByte(',')
	for _, s := range both {
		b.WriteString(strconv.Itoa(s))
		b.WriteByte(',')
	}
	return b.String(), true
}

// ReadyToProcess lists the ids of a brand's orders that wait for an answer, oldest first. The caller needs ReadOrders.
func (o *Orders) ReadyToProcess(ctx context.Context, caller *account.Caller, appID string, stores []int) ([]int, error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.ReadOrders)
	if err != nil {
		return nil, err
	}
	out := []int{}
	filter, some := storesOf(caller, brand.ID, stores)
	if !some {
		return out, nil
	}
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.Column[int](tx, sqlWaiting, brand.ID, filter)
		return err
	})
	return out, err
}

// TrackedOrder is what a customer sees of their order: the order and how its total came about.
type TrackedOrder struct {
	wire.Order
	Calculation Calculation `json:"Calculation"`
	CanCancel   bool        `json:"CanCancel" doc:"Whether the customer can cancel the order now."`
	CancelUntil *wire.Time  `json:"CancelUntil" nullable:"true" doc:"When the store gets the order; null when it has it, or when it is over."`
}

// Track returns the JSON of the [TrackedOrder] that a tracking token opens.
func (o *Orders) Track(ctx context.Context, _ *account.Caller, appID, token string) ([]byte, error) {
	id, err := o.byToken(ctx, appID, token)
	if err != nil {
		return nil, err
	}
	r, s, err := o.at(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("order: track: %w", err)
	}
	_, refused := step(cancel, r, ask{rules: s.Deadlines()})
	var us int64
	if r.state == cancellable {
		err = o.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlDeadline, id, string(windowOver)).Scan(&us) })
		if errors.Is(err, db.ErrNoRows) { // it arrives at this moment
			err = nil
		}
		if err != nil {
			return nil, fmt.Errorf("order: track: %w", err)
		}
	}
	more, err := json.Marshal(struct {
		Calculation json.RawMessage
		CanCancel   bool
		CancelUntil *wire.Time
	}{r.calculation, refused == nil, wire.AtOrNil(clock.FromMicros(us))})
	if err != nil {
		return nil, fmt.Errorf("order: track: %w", err)
	}
	out := make([]byte, 0, len(r.doc)+len(more))
	out = append(append(out, r.doc[:len(r.doc)-1]...), ',')
	return append(out, more[1:]...), nil
}
