package webhook

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// The attempt log's bounds. What does not fit is dropped and counted: it is a help for people, and never holds up a
// delivery.
const (
	logBytes   = 16 << 20 // waiting to be written
	logBatch   = 256      // attempts per transaction
	logKept    = 28 * 24 * time.Hour
	logTrim    = 500 // rows per deleting transaction
	logTrimGap = 10 * time.Minute
	logGap     = 50 * time.Millisecond
	maxHeaders = 16 << 10
)

// logged is one attempt as the log keeps it. The body that was sent is not kept: the event has it.
type logged struct {
	sub      *Subscription
	number   int // 1 = first attempt
	position int64
	eventID  string
	name     string
	created  time.Time // of the event
	result
}

// size is about what an attempt takes in memory; the subscription is shared.
func (l *logged) size() int {
	n := 1024 + cap(l.body) + len(l.eventID) + len(l.name) + headerSize(l.header)
	if l.request != nil {
		n += headerSize(l.request.Header) + int(l.request.ContentLength)
	}
	return n
}

// headerSize counts names and values, and what a map and slices take for each.
func headerSize(h http.Header) int {
	n := 0
	for name, values := range h {
		n += 64 + len(name)
		for _, v := range values {
			n += 16 + len(v)
		}
	}
	return n
}

// attemptLog writes attempts in batches, apart from settlement.
type attemptLog struct {
	db    *db.DB
	mu    sync.Mutex
	queue []logged
	bytes int
	lost  int64
	some  chan struct{} // the queue is not empty any more
	full  chan struct{} // it holds a batch
}

func newAttemptLog(d *db.DB) *attemptLog {
	return &attemptLog{db: d, some: make(chan struct{}, 1), full: make(chan struct{}, 1)}
}

// add notes an attempt; it never waits.
func (a *attemptLog) add(l logged) {
	a.mu.Lock()
	size := l.size()
	if a.bytes+size > logBytes {
		a.lost++
		a.mu.Unlock()
		return
	}
	a.queue = append(a.queue, l)
	a.bytes += size
	if n := len(a.queue); n == 1 {
		notify(a.some)
	} else if n == logBatch {
		notify(a.full)
	}
	a.mu.Unlock()
}

// notify makes a channel of one readable.
func notify(ready chan struct{}) {
	select {
	case ready <- struct{}{}:
	default:
	}
}

func (a *attemptLog) take() []logged {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := min(len(a.queue), logBatch)
	out := a.queue[:n:n]
	a.queue = a.queue[n:]
	for i := range out {
		a.bytes -= out[i].size()
	}
	if len(a.queue) == 0 {
		a.queue = nil
	}
	return out
}

// run writes until ctx ends, then what is left. An attempt waits a moment for others to go with.
func (a *attemptLog) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-a.some:
			timer := time.NewTimer(logGap)
			select {
			case <-ctx.Done():
			case <-a.full:
			case <-timer.C:
			}
			timer.Stop()
		}
		a.drain(context.WithoutCancel(ctx))
	}
}

func (a *attemptLog) drain(ctx context.Context) {
	for {
		n, err := a.runOnce(ctx)
		if err != nil {
			slog.Warn("webhook: attempts were not logged", "count", n, "error", err)
		}
		if n == 0 {
			return
		}
	}
}

// runOnce writes one batch and returns its size. A batch that cannot be written is given up.
func (a *attemptLog) runOnce(ctx context.Context) (int, error) {
	batch := a.take()
	if len(batch) == 0 {
		return 0, nil
	}
	stmts := make(statements, len(batch))
	for i := range batch {
		stmts[i] = batch[i].insert()
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		tx.Attach(stmts.key(), func() db.Flusher { return stmts })
		return nil
	})
	if err != nil {
		a.mu.Lock()
		a.lost += int64(len(batch))
		a.mu.Unlock()
	}
	return len(batch), err
}

// statements are flushed with the commit: on PostgreSQL in one round trip.
type statements []db.Stmt

type statementsKey struct{}

func (statements) key() any { return statementsKey{} }

// Flush returns them as they are.
func (s statements) Flush() []db.Stmt { return s }

func (l *logged) insert() db.Stmt {
	s := l.sub
	why := ""
	if l.err != nil && l.status == 0 {
		why = reason(l.err)
	}
	body := l.body
	if body == nil {
		body = []byte{}
	}
	return db.Stmt{SQL: sqlInsertAttempt, Args: []any{
		s.ID, clock.Micros(l.at), l.position, l.number, s.Brand, l.eventID, l.name, clock.Micros(l.created),
		s.Version, s.Owner, s.CallbackURL, requestText(l.request), l.status, headerText(l.header), body,
		l.duration.Microseconds(), why,
	}}
}

// requestText is the header of a request as text, a line each, in the order that it is read in.
func requestText(r *http.Request) string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	b.Grow(512)
	headerLine(&b, "Host", r.Host)
	headerLine(&b, "Content-Length", strconv.FormatInt(r.ContentLength, 10))
	for _, name := range sentNames(r.Header) {
		for _, v := range r.Header[name] {
			headerLine(&b, name, v)
		}
	}
	return b.String()
}

// headerText is the header of an answer as text, cut where it gets long. What is no text in it is replaced.
func headerText(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			if b.Len()+len(name)+len(v) > maxHeaders {
				return b.String()
			}
			headerLine(&b, name, clean(v))
		}
	}
	return b.String()
}

func headerLine(b *strings.Builder, name, value string) {
	b.WriteString(name)
	b.WriteString(": ")
	b.WriteString(value)
	b.WriteString("\r\n")
}

// clean makes outside bytes storable as text on both engines.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// trim deletes what is older than logKept, in small transactions, and returns how much.
func (a *attemptLog) trim(ctx context.Context) (int, error) {
	before := clock.Micros(clock.Now().Add(-logKept))
	total, id := 0, 0
	for ctx.Err() == nil {
		var next *int
		err := a.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlNextLogged, id).Scan(&next) })
		if err != nil || next == nil {
			return total, err
		}
		id = *next
		for ctx.Err() == nil {
			var n int64
			err := a.db.Write(ctx, func(tx *db.Tx) (err error) {
				n, err = tx.Exec(sqlTrimAttempts, id, before, logTrim)
				return err
			})
			total += int(n)
			if err != nil {
				return total, err
			}
			if n == 0 {
				break
			}
		}
	}
	return total, ctx.Err()
}

// runTrim trims now and then until ctx ends.
func (a *attemptLog) runTrim(ctx context.Context) {
	tick := time.NewTicker(logTrimGap)
	defer tick.Stop()
	for {
		if n, err := a.trim(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("webhook: old attempts were not all deleted", "deleted", n, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
