package requestlog

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	blocksAtOnce = 16
	maxBlocks    = 256 // that one call looks at
	maxEvents    = 100 // of one request that are told

	// overlap is longer than a block collects: one that ends so long after a request has nothing older than that.
	overlap = 10 * time.Second
)

// Filter narrows List; its zero fields match everything.
type Filter struct {
	OAuthApp string
	Method   string
	Status   int
	Class    int    // the first digit of the status
	Path     string // contained in the path, in any case
	From, To time.Time
	Before   string // the Next of the page before
	Limit    int
}

func (f *Filter) takes(r *Request) bool {
	return (f.OAuthApp == "" || r.OAuthApp == f.OAuthApp) && (f.Method == "" || strings.EqualFold(r.Method, f.Method)) &&
		(f.Status == 0 || r.Status == f.Status) && (f.Class == 0 || r.Status/100 == f.Class) &&
		(f.Path == "" || strings.Contains(strings.ToLower(r.Path), strings.ToLower(f.Path))) &&
		!r.At.Before(f.From) && (f.To.IsZero() || r.At.Before(f.To))
}

// Page is a part of the log, the newest first by when they were answered.
type Page struct {
	Requests []Request
	Next     string // where to go on; empty at the end
	Totals   Totals
}

// Totals count the requests of a brand in a time, to a second or so, whatever else the filter says.
type Totals struct {
	Requests int64
	Refused  int64 // answered with 4xx
	Failed   int64 // answered with 5xx
}

// place is where a request stands in the log: by the microsecond in which it was answered, then by its id.
type place struct {
	end int64
	id  string
}

// lastID is behind the ids of all requests of a microsecond.
const lastID = "~"

func placeOf(r *Request) place { return place{clock.Micros(r.At.Add(r.Duration)), r.ID} }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.end, q.end), cmp.Compare(p.id, q.id))
}

func (p place) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", p.end, p.id))
}

func parsePlace(text string) (p place, err error) {
	if text == "" {
		return place{math.MaxInt64, lastID}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "%d %s", &p.end, &p.id)
	}
	if err != nil || p.String() != text {
		return p, fault.BadField("before", "%.40q is no place in the log: send the Next of an answer", text)
	}
	return p, nil
}

// List returns requests of a brand. One call looks at a bounded part of the log, so that a page may have fewer requests than
// its limit and go on all the same. Right: Develop.
func (l *Log) List(ctx context.Context, c *account.Caller, appID string, f Filter) (p Page, err error) {
	b, err := l.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return p, err
	}
	at, err := parsePlace(f.Before)
	if err != nil {
		return p, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		if p, err = f.list(tx, b.ID, at); err != nil {
			return err
		}
		from, to := f.span()
		return tx.QueryRow(sqlTotals, b.ID, from, to).Scan(&p.Totals.Requests, &p.Totals.Refused, &p.Totals.Failed)
	})
	if err != nil {
		return p, fmt.Errorf("requestlog: list: %w", err)
	}
	return p, nil
}

// list merges the blocks, which overlap, into one sequence from a place on.
func (f *Filter) list(tx *db.Tx, brand int, at place) (p Page, err error) {
	p.Requests = []Request{}
	var merged []Request // of the blocks so far, what is not on the page yet
	// turn puts what was answered after an instant on the page and reports whether there is room for more.
	turn := func(after int64) bool {
		slices.SortFunc(merged, func(a, b Request) int { return placeOf(&b).compare(placeOf(&a)) })
		for i := range merged {
			switch here := placeOf(&merged[i]); {
			case here.end <= after:
				merged = merged[i:]
				return true
			case len(p.Requests) == f.Limit:
				p.Next = here.String()
				return false
			}
			p.Requests = append(p.Requests, merged[i])
		}
		merged = nil
		return true
	}
	below := key{last: math.MaxInt64}
	if at.end < math.MaxInt64-overlap.Microseconds() {
		below.last = at.end + overlap.Microseconds()
	}
	for n := 0; n < maxBlocks || below.last >= at.end; n += blocksAtOnce {
		blocks, err := f.blocks(tx, brand, below)
		if err != nil {
			return p, err
		}
		for _, b := range blocks {
			if !turn(b.last) {
				return p, nil
			}
			for _, r := range b.requests(brand) {
				if placeOf(&r).compare(at) <= 0 && f.takes(&r) {
					merged = append(merged, r)
				}
			}
			below = b.key
		}
		if len(blocks) < blocksAtOnce {
			turn(math.MinInt64)
			return p, nil
		}
	}
	if turn(below.last) {
		p.Next = place{below.last, lastID}.String()
	}
	return p, nil
}

// span is the filter's time.
func (f *Filter) span() (from, to int64) {
	to = math.MaxInt64
	if !f.To.IsZero() {
		to = clock.Micros(f.To)
	}
	return clock.Micros(f.From), to
}

// key is that of a block, by which they are in order.
type key struct {
	last    int64
	process string
	low     int64
}

// stored is a block as it is in the database: most pages need the first ones only.
type stored struct {
	key
	body []byte
}

// requests are those of the block. One that cannot be read is empty: the log is a help.
func (b *stored) requests(brand int) []Request {
	out, err := decode(b.body)
	if err != nil {
		slog.Warn("requestlog: a block is left out", "brand", brand, "last", b.last, "error", err)
		return nil
	}
	return out
}

// blocks are the next ones below a key.
func (f *Filter) blocks(tx *db.Tx, brand int, below key) (out []stored, err error) {
	from, to := f.span()
	rows, err := tx.Query(sqlBlocks, brand, from, to, below.last, below.process, below.low, blocksAtOnce)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b stored
		if err := rows.Scan(&b.last, &b.process, &b.low, &b.body); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// Get returns one request of a brand, with the events that it caused as far as the caller may see them. Right: Develop.
func (l *Log) Get(ctx context.Context, c *account.Caller, appID, id string) (r Request, caused []event.Event, err error) {
	b, err := l.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return r, nil, err
	}
	found := false
	if process, count, ok := parseID(id); ok {
		err = l.db.Read(ctx, func(tx *db.Tx) error {
			r, found, err = byID(tx, b.ID, id, process, count)
			return err
		})
	}
	if err != nil {
		return r, nil, fmt.Errorf("requestlog: get: %w", err)
	}
	if !found {
		return r, nil, fault.New(fault.NotFound, "This brand's log has no such request.").
			With("Requests are logged a second after their answer and kept for 14 days, fewer where the log is full. One in another brand's path is in the log of that brand.")
	}
	// The brand's clock, which events show, may be ahead of the real one, and never goes back.
	ahead := max(0, b.Now().Sub(clock.Now()))
	caused, _, err = l.accounts.FindEvents(ctx, c, appID, event.Query{
		Request: id, From: r.At.Add(-time.Second), To: r.At.Add(r.Duration + ahead + time.Second), Limit: maxEvents, Glance: true,
	})
	if fault.KindOf(err) == fault.Forbidden {
		return r, nil, nil
	}
	slices.Reverse(caused)
	return r, caused, err
}

func byID(tx *db.Tx, brand int, id, process string, count int64) (r Request, found bool, err error) {
	rows, err := tx.Query(sqlByID, brand, process, count)
	if err != nil {
		return r, false, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return r, false, err
		}
		requests, err := decode(body)
		if err != nil {
			return r, false, err
		}
		if i := slices.IndexFunc(requests, func(r Request) bool { return r.ID == id }); i >= 0 {
			return requests[i], true, nil
		}
	}
	return r, false, rows.Err()
}
