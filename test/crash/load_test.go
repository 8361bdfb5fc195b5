package crash

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// acknowledgement is an order that a diner saw confirmed.
type acknowledgement struct {
	key string
	id  int
}

// load is diners who order all the time. A diner who gets no answer asks again with the same key until there is one.
type load struct {
	t      *testing.T
	shop   *installation
	ending chan struct{}
	diners sync.WaitGroup
	nodes  atomic.Pointer[[]*node]

	mu    sync.Mutex
	done  []acknowledgement
	wake  chan struct{}
	fault error
}

func startLoad(t *testing.T, shop *installation, nodes ...*node) *load {
	t.Helper()
	shop.prepare(t, nodes[0])
	l := &load{t: t, shop: shop, ending: make(chan struct{}), wake: make(chan struct{})}
	l.only(nodes...)
	for i := range clients {
		l.diners.Go(func() { l.diner(i) })
	}
	t.Cleanup(func() { l.end() })
	return l
}

// only sends the diners to these nodes from now on.
func (l *load) only(nodes ...*node) { l.nodes.Store(&nodes) }

func (l *load) diner(number int) {
	for turn := number; !l.isEnding(); turn++ {
		key := rand.Text()
		id, err := l.insist(key, turn)
		l.mu.Lock()
		if err != nil {
			l.fault = errors.Join(l.fault, err)
		} else {
			l.done = append(l.done, acknowledgement{key, id})
		}
		close(l.wake)
		l.wake = make(chan struct{})
		l.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// insist repeats one order until it is answered.
func (l *load) insist(key string, turn int) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience) // longer than any trouble
	defer cancel()
	for ; ; turn++ {
		nodes := *l.nodes.Load()
		id, err := nodes[turn%len(nodes)].place(ctx, key)
		if no := (*refused)(nil); err == nil || errors.As(err, &no) || ctx.Err() != nil {
			return id, err
		}
		time.Sleep(20 * time.Millisecond) // the server is down, or could not say
	}
}

func (l *load) isEnding() bool {
	select {
	case <-l.ending:
		return true
	default:
		return false
	}
}

// await waits until n more orders are acknowledged.
func (l *load) await(n int) {
	l.t.Helper()
	deadline := time.After(patience)
	l.mu.Lock()
	target := len(l.done) + n
	for l.fault == nil && len(l.done) < target {
		wake := l.wake
		l.mu.Unlock()
		select {
		case <-wake:
		case <-deadline:
			l.t.Fatalf("fewer than %d orders in %s", n, patience)
		}
		l.mu.Lock()
	}
	err := l.fault
	l.mu.Unlock()
	if err != nil {
		l.t.Fatalf("a diner was refused: %v", err)
	}
}

func (l *load) acknowledged() []acknowledgement {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.done)
}

func (l *load) end() {
	if !l.isEnding() {
		close(l.ending)
	}
	l.diners.Wait()
}

// stop lets every diner get the answer to the last order and returns all that were acknowledged.
func (l *load) stop() []acknowledgement {
	l.t.Helper()
	l.end()
	l.await(0)
	return l.acknowledged()
}
