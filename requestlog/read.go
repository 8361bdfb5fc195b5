package requestlog

import (
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
}

// cursor is a place in the log: a request of a block. What is at it and behind it is still to be read.
type cursor struct {
	last    int64
	process string
	low     int64
	index   int
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s %d %d", c.last, c.process, c.low, c.index))
}

func parseCursor(text string) (c cursor, err error) {
	if text == "" {
		return cursor{last: math.MaxInt64, index: math.MaxInt}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "%d %s %d %d", &c.last, &c.process, &c.low, &c.index)
	}
	if err != nil || c.String() != text {
		return c, fault.BadField("before", "%.40q is no place in the log: send the Next of an answer", text)
	}
	return c, nil
}

// List returns requests of a brand. One call looks at a bounded part of the log, so that a page may have fewer requests than
// its limit and go on all the same. Right: Develop.
func (l *Log) List(ctx context.Context, c *account.Caller, appID string, f Filter) (p Page, err error) {
	b, err := l.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return p, err
	}
	at, err := parseCursor(f.Before)
	if err != nil {
		return p, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		p, err = f.list(tx, b.ID, at)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("requestlog: list: %w", err)
	}
	return p, nil
}

func (f *Filter) list(tx *db.Tx, brand int, at cursor) (p Page, err error) {
	p.Requests = []Request{}
	for range maxBlocks / blocksAtOnce {
		blocks, err := f.blocks(tx, brand, at)
		if err != nil {
			return p, err
		}
		for _, b := range blocks {
			if b.cursor.last != at.last || b.cursor.process != at.process || b.cursor.low != at.low {
				at = b.cursor
				at.index = math.MaxInt
			}
			for at.index = min(at.index, len(b.requests)-1); at.index >= 0; at.index-- {
				if r := b.requests[at.index]; f.takes(&r) {
					if len(p.Requests) == f.Limit {
						p.Next = at.String()
						return p, nil
					}
					p.Requests = append(p.Requests, r)
				}
			}
		}
		if len(blocks) < blocksAtOnce {
			return p, nil
		}
	}
	p.Next = at.String()
	return p, nil
}

type decoded struct {
	cursor
	requests []Request
}

// blocks are the next ones from a cursor on. One that cannot be read is empty: the log is a help.
func (f *Filter) blocks(tx *db.Tx, brand int, at cursor) (out []decoded, err error) {
	to := int64(math.MaxInt64)
	if !f.To.IsZero() {
		to = clock.Micros(f.To)
	}
	rows, err := tx.Query(sqlBlocks, brand, clock.Micros(f.From), to, at.last, at.process, at.low, blocksAtOnce)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b decoded
		var body []byte
		if err := rows.Scan(&b.last, &b.process, &b.low, &body); err != nil {
			return nil, err
		}
		if b.requests, err = decode(body); err != nil {
			slog.Warn("requestlog: a block is left out", "brand", brand, "last", b.last, "error", err)
			b.requests = nil
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
