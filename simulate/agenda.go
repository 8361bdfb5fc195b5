package simulate

import (
	"cmp"
	"container/heap"
	"context"
	"sync"
	"testing/synctest"
	"time"

	"comanda/internal/clock"
)

// deed is something that somebody does at an instant.
type deed struct {
	at   time.Time
	what string // tells deeds of one instant apart, so that their sequence does not depend on who put them here first
	do   func(ctx context.Context)
}

// agenda is what is going to happen. It is safe for parallel use.
type agenda struct {
	mu    sync.Mutex
	deeds deeds
	more  chan struct{} // has a value when an earlier deed than all others came
}

func newAgenda() *agenda { return &agenda{more: make(chan struct{}, 1)} }

// add puts a deed on the agenda, half a millisecond off any tick of the server's loops.
func (a *agenda) add(at time.Time, what string, do func(ctx context.Context)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	heap.Push(&a.deeds, deed{at.Truncate(time.Millisecond).Add(time.Millisecond / 2), what, do})
	if a.deeds[0].what == what {
		select {
		case a.more <- struct{}{}:
		default:
		}
	}
}

func (a *agenda) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.deeds)
}

// next takes the deed whose time has come, or says how long that is still to wait for; with nothing to do that is at most for.
func (a *agenda) next(atMost time.Duration) (d deed, wait time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.deeds) == 0 {
		return d, atMost, false
	}
	if wait := a.deeds[0].at.Sub(clock.Now()); wait > 0 {
		return d, min(wait, atMost), false
	}
	return heap.Pop(&a.deeds).(deed), 0, true
}

// run does what is on the agenda until the instant end, one deed after the other, each when all that came of the one before is
// done as far as it can be at that instant.
func (a *agenda) run(ctx context.Context, end time.Time, interrupted func() bool) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !interrupted() {
		synctest.Wait()
		left := end.Sub(clock.Now())
		if left <= 0 {
			return
		}
		d, wait, ok := a.next(left)
		if ok {
			d.do(ctx)
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-a.more:
		}
	}
}

type deeds []deed

func (d deeds) Len() int { return len(d) }
func (d deeds) Less(i, j int) bool {
	return cmp.Or(d[i].at.Compare(d[j].at), cmp.Compare(d[i].what, d[j].what)) < 0
}
func (d deeds) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deeds) Push(x any)   { *d = append(*d, x.(deed)) }
func (d *deeds) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}
