package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// The attempt log's bounds. What does not fit is dropped and counted: it is a help for people, and never holds up a
// delivery.
const (
	logBytes   = 16 << 20 // waiting to be written
	logBatch   = 1024     // attempts per transaction
	logGap     = 500 * time.Millisecond
	maxHeaders = 16 << 10
)

// What an attempt was made for.
const (
	kindLive   = "live"
	kindReplay = "replay"
	kindTest   = "test"
)

// logged is one attempt as the log keeps it. The body that was sent is not kept: the event has it.
type logged struct {
	sub      *Subscription
	kind     string // kindLive …; empty = live
	number   int    // 1 = first attempt
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

// attemptLog writes attempts in blocks, apart from settlement, and drops old blocks.
type attemptLog struct {
	db    *db.DB
	limit int64     // bytes of all blocks
	code  blockCode // of the goroutine that writes

	mu    sync.Mutex
	queue []logged
	bytes int
	lost  int64
	some  chan struct{} // the queue is not empty any more
	full  chan struct{} // it holds a batch

	written atomic.Int64  // bytes since the last look at the bounds
	much    chan struct{} // they are a good part of them
}

func newAttemptLog(d *db.DB, limit int64) *attemptLog {
	return &attemptLog{
		db: d, limit: limit, some: make(chan struct{}, 1), full: make(chan struct{}, 1), much: make(chan struct{}, 1),
	}
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
	blocks, bytes := a.blocks(batch)
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		tx.Attach(blocks.key(), func() db.Flusher { return blocks })
		return nil
	})
	if err != nil {
		a.mu.Lock()
		a.lost += int64(len(batch))
		a.mu.Unlock()
		return len(batch), err
	}
	if a.written.Add(bytes) > a.limit/16 {
		notify(a.much)
	}
	return len(batch), nil
}

// blocks puts attempts of one subscription and kind together, in the order in which they began.
func (a *attemptLog) blocks(batch []logged) (out statements, bytes int64) {
	slices.SortStableFunc(batch, func(x, y logged) int {
		return cmp.Or(cmp.Compare(x.sub.ID, y.sub.ID), cmp.Compare(x.kind, y.kind), x.at.Compare(y.at), cmp.Compare(x.position, y.position))
	})
	var b block
	finish := func() {
		if a.code.n > 0 {
			body := a.code.close()
			b.bytes = int64(len(body) + rowBytes)
			bytes += b.bytes
			out = append(out, b.insert(body))
		}
	}
	for i := range batch {
		l := &batch[i]
		if s := l.sub; i == 0 || s.ID != b.sub || l.kind != batch[i-1].kind || len(a.code.raw) > blockRaw {
			finish()
			b = block{sub: s.ID, brand: s.Brand, kind: cmp.Or(l.kind, kindLive), first: clock.Micros(l.at), low: l.position, high: l.position}
		}
		k := l.asKept()
		a.code.add(&k)
		b.last = clock.Micros(l.at)
		b.low, b.high = min(b.low, l.position), max(b.high, l.position)
		b.count++
		if !k.received() {
			b.failed++
		}
	}
	finish()
	return out, bytes
}

// block is the head of a block: what can be asked without decoding it.
type block struct {
	sub, brand    int
	kind          string
	first, last   int64 // the attempts in it began from … to, in microseconds
	salt          int64
	low, high     int64 // positions
	count, failed int
	bytes         int64
}

func (b *block) insert(body []byte) db.Stmt {
	b.salt = rand.Int64N(1 << 31) //nolint:gosec // not a secret
	return db.Stmt{SQL: sqlInsertBlock, Args: []any{
		b.sub, b.last, b.salt, b.brand, b.kind, b.first, b.low, b.high, b.count, b.failed, b.bytes, body,
	}}
}

// statements are flushed with the commit: on PostgreSQL in one round trip.
type statements []db.Stmt

type statementsKey struct{}

func (statements) key() any { return statementsKey{} }

// Flush returns them as they are.
func (s statements) Flush() []db.Stmt { return s }

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
