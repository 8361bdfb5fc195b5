package event

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"comanda/internal/db"
)

const (
	signalChannel = "comanda_log"
	signalEvery   = 5 * time.Millisecond
	signalBrands  = 500 // fit a payload; when more moved at once, the others wait for the net

	netEvery       = 250 * time.Millisecond
	netEverySQLite = 5 * time.Second // only for a commit whose hint was lost with its answer
	reconnectAfter = time.Second
)

// hints carries "brand moved" from commits on this node to other nodes.
type hints struct {
	mu    sync.Mutex
	moved map[int]struct{}
	ready chan struct{}
}

func (h *hints) init() {
	h.moved = map[int]struct{}{}
	h.ready = make(chan struct{}, 1)
}

// committed is called on the committing goroutine: it must be quick.
func (l *Log) committed(brands []int) {
	l.wake(brands...)
	if !l.shared() || len(brands) == 0 {
		return
	}
	l.signals.mu.Lock()
	for _, b := range brands {
		l.signals.moved[b] = struct{}{}
	}
	l.signals.mu.Unlock()
	select {
	case l.signals.ready <- struct{}{}:
	default:
	}
}

// wake tells this node's readers that brands moved.
func (l *Log) wake(brands ...int) {
	for _, b := range brands {
		if t, ok := l.tails.Load(b); ok {
			t.(*tail).hint()
		}
	}
	l.watches.tell(brands)
}

// Watch gathers the brands whose log moved, for a reader of many brands.
type Watch struct {
	all   *watches
	mu    sync.Mutex
	moved map[int]struct{}
	ready chan struct{}
}

type watches struct {
	mu  sync.Mutex
	set map[*Watch]struct{}
}

// Watch starts gathering. Brands that moved before are the caller's to look up.
func (l *Log) Watch() *Watch {
	w := &Watch{all: &l.watches, moved: map[int]struct{}{}, ready: make(chan struct{}, 1)}
	l.watches.mu.Lock()
	defer l.watches.mu.Unlock()
	if l.watches.set == nil {
		l.watches.set = map[*Watch]struct{}{}
	}
	l.watches.set[w] = struct{}{}
	return w
}

func (s *watches) tell(brands []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.set {
		w.mu.Lock()
		for _, b := range brands {
			w.moved[b] = struct{}{}
		}
		w.mu.Unlock()
		select {
		case w.ready <- struct{}{}:
		default:
		}
	}
}

// Ready is readable when Take has something to return.
func (w *Watch) Ready() <-chan struct{} { return w.ready }

// Take returns the brands that may have moved since the last Take, in ascending order.
func (w *Watch) Take() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return take(&w.moved)
}

// Close stops gathering.
func (w *Watch) Close() {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	delete(w.all.set, w)
}

func take(set *map[int]struct{}) []int {
	out := make([]int, 0, len(*set))
	for b := range *set {
		out = append(out, b)
	}
	slices.Sort(out)
	clear(*set)
	return out
}

// runNet asks for all heads at every tick, so that a lost hint costs time only. runNet and the two below end with ctx.
func (l *Log) runNet(ctx context.Context) {
	tick := time.NewTicker(l.net)
	defer tick.Stop()
	seen := map[int]int64{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_, _ = l.castNet(ctx, seen) // the next tick tries again
		}
	}
}

// castNet wakes the readers of brands whose head moved since seen and returns how many there were.
func (l *Log) castNet(ctx context.Context, seen map[int]int64) (int, error) {
	var heads map[int]int64
	err := l.db.Read(ctx, func(tx *db.Tx) (err error) { heads, err = Heads(tx); return err })
	if err != nil {
		return 0, err
	}
	var moved []int
	for brand, head := range heads {
		if head == seen[brand] {
			continue
		}
		seen[brand] = head
		moved = append(moved, brand)
		if t, ok := l.tails.Load(brand); ok && t.(*tail).known.Load() < head {
			t.(*tail).hint()
		}
	}
	l.watches.tell(moved)
	return len(moved), nil
}

// runSend tells other nodes of this node's commits, at most once per signalEvery.
func (l *Log) runSend(ctx context.Context) {
	var conn *db.Signals
	defer func() { closeSignals(conn) }()
	for wait(ctx, l.signals.ready) {
		l.signals.mu.Lock()
		brands := take(&l.signals.moved)
		l.signals.mu.Unlock()
		var err error
		if conn == nil {
			conn, err = l.db.OpenSignals(ctx, "")
		}
		if err == nil {
			err = conn.Send(ctx, signalChannel, l.payload(brands))
		}
		pause := signalEvery
		if err != nil { // the brands are left to the other nodes' nets
			closeSignals(conn)
			conn, pause = nil, reconnectAfter
		}
		sleep(ctx, pause)
	}
}

func closeSignals(s *db.Signals) {
	if s != nil {
		s.Close()
	}
}

// payload is "sender:brand,brand…".
func (l *Log) payload(brands []int) string {
	b := append([]byte(l.node.tag), ':')
	for i, brand := range brands[:min(len(brands), signalBrands)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(brand), 10)
	}
	return string(b)
}

// runReceive wakes this node's readers on other nodes' commits.
func (l *Log) runReceive(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := l.db.OpenSignals(ctx, signalChannel)
		for err == nil {
			var payload string
			if payload, err = conn.Receive(ctx); err == nil {
				l.receive(payload)
			}
		}
		closeSignals(conn)
		sleep(ctx, reconnectAfter)
	}
}

func (l *Log) receive(payload string) {
	sender, list, _ := strings.Cut(payload, ":")
	if sender == l.node.tag {
		return
	}
	var brands []int
	for part := range strings.SplitSeq(list, ",") {
		if b, err := strconv.Atoi(part); err == nil {
			brands = append(brands, b)
		}
	}
	l.wake(brands...)
}

// wait is false when ctx ended first.
func wait(ctx context.Context, ready <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-ready:
		return true
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
