package event

import (
	"context"
	"sort"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Where a reader outside may begin beside a cursor.
const (
	FromOldest = "oldest" // before the oldest event that is kept
	FromLatest = "latest" // after the newest one: what happens from now on
)

// Bounds of one page.
const (
	pageScan  = 2000    // events looked at, whether the reader takes them or not
	pageBytes = 4 << 20 // of bodies
	pageBatch = 256     // events read at once at most
)

// startSlack is how far before a start time reading begins: the log is in the order of the commits, and an event is made
// a little before its commit.
const startSlack = 10 * time.Second

// Page is a part of a brand's log for one reader.
type Page struct {
	Events []Event
	Next   Cursor // reads on after everything that was looked at, also what the reader does not take
	More   bool   // there may be more now
}

// Page returns up to limit events that p takes after a cursor of [Log.Begin] or of another Page. It looks at a bounded
// number of events, so a page may be empty though there are More.
func (l *Log) Page(ctx context.Context, brand int, after Cursor, p Pick, limit int) (Page, error) {
	out := Page{Next: after}
	size, batch := 0, min(max(limit+1, 64), pageBatch)
	for looked := 0; looked < pageScan; {
		events, err := l.Read(ctx, brand, out.Next.Position, batch)
		if err != nil && looked > 0 {
			break // what was found counts; the next page tells
		}
		if err != nil || len(events) == 0 {
			return out, err
		}
		for _, e := range events {
			if p.Takes(e) {
				if len(out.Events) == limit || size > 0 && size+len(e.Body) > pageBytes {
					out.More = true
					return out, nil
				}
				out.Events = append(out.Events, e)
				size += len(e.Body)
			}
			out.Next = e.Cursor()
		}
		looked += len(events)
	}
	out.More = true
	return out, nil
}

// Begin returns where a reader begins: at a cursor's text, [FromOldest] or [FromLatest] in after, or about ten seconds
// before a time. field is the wire name of after. A cursor that the log does not bear out is a Gone fault, see [Resolve].
func (l *Log) Begin(ctx context.Context, brand int, field, after string, start time.Time) (c Cursor, err error) {
	if !start.IsZero() {
		if after != "" {
			return c, fault.BadField("start", "goes without %s: one says where to begin.", field)
		}
		after = FromOldest
	}
	if after != FromOldest && after != FromLatest {
		if c, err = ParseCursor(field, after); err != nil {
			return c, err
		}
	}
	err = l.db.Read(ctx, func(tx *db.Tx) (err error) { c, err = begin(tx, brand, after, c, start); return err })
	return c, err
}

func begin(tx *db.Tx, brand int, after string, c Cursor, start time.Time) (Cursor, error) {
	if after != FromOldest && after != FromLatest {
		_, err := Resolve(tx, brand, c)
		return c, err
	}
	head, err := Head(tx, brand)
	if err != nil || after == FromLatest {
		return cursorAt(tx, brand, head, err)
	}
	first, err := OldestKept(tx, brand)
	if err != nil || first.Position == 0 {
		return Cursor{}, err
	}
	if start.IsZero() {
		return Cursor{Position: first.Position - 1}, nil
	}
	start = start.Add(-startSlack)
	n := sort.Search(int(head-first.Position+1), func(i int) bool {
		var created int64
		if err == nil {
			err = tx.QueryRow(sqlCreatedAt, brand, first.Position+int64(i)).Scan(&created)
		}
		return err != nil || !clock.FromMicros(created).Before(start)
	})
	if n == 0 {
		return Cursor{Position: first.Position - 1}, err
	}
	return cursorAt(tx, brand, first.Position+int64(n)-1, err)
}

// cursorAt is the cursor after the event at a position; err is passed through.
func cursorAt(tx *db.Tx, brand int, position int64, err error) (Cursor, error) {
	if err != nil || position == 0 {
		return Cursor{}, err
	}
	var id string
	err = tx.QueryRow(sqlIDAt, brand, position).Scan(&id)
	return Cursor{position, suffixOf(id)}, err
}
