package oauth

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"comanda/internal/clock"
)

// A client that fails to authenticate waits longer and longer before it may try again. What is counted is an OAuth app
// from an address, and an address whatever it asks for; never an app from everywhere, so that nobody can lock out an
// integration from elsewhere.
const (
	freeForApp     = 5  // failures of one app from one address that cost nothing
	freeForAddress = 50 // failures of one address that cost nothing
	firstDelay     = time.Second
	longestDelay   = 5 * time.Minute
	forgetAfter    = 15 * time.Minute
	maxRemembered  = 10_000 // app and address pairs; the one that failed longest ago goes first
)

type limitKey struct {
	address netip.Addr // of IPv6 the first 64 bits, which one site has to itself
	app     string     // empty: the address as a whole
}

type failures struct {
	key   limitKey
	count int
	last  time.Time
	until time.Time
}

type limiter struct {
	mu    sync.Mutex
	byKey map[limitKey]*list.Element
	order *list.List // latest failure in front
}

func newLimiter() *limiter { return &limiter{byKey: map[limitKey]*list.Element{}, order: list.New()} }

func limitKeys(address netip.Addr, app string) [2]limitKey {
	address = address.Unmap()
	if address.Is6() {
		if p, err := address.Prefix(64); err == nil {
			address = p.Addr()
		}
	}
	return [2]limitKey{{address, app}, {address, ""}}
}

// wait returns how long this client has to wait before it may try; zero or less = it may.
func (l *limiter) wait(address netip.Addr, app string) time.Duration {
	now := clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var longest time.Duration
	for _, k := range limitKeys(address, app) {
		if e, ok := l.byKey[k]; ok {
			longest = max(longest, e.Value.(*failures).until.Sub(now))
		}
	}
	return longest
}

// failed notes a failure.
func (l *limiter) failed(address netip.Addr, app string) {
	now := clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range limitKeys(address, app) {
		if i == 0 && app == "" {
			continue
		}
		free := freeForApp
		if k.app == "" {
			free = freeForAddress
		}
		e, ok := l.byKey[k]
		if !ok {
			e = l.order.PushFront(&failures{key: k})
			l.byKey[k] = e
		}
		f := e.Value.(*failures)
		if now.Sub(f.last) > forgetAfter {
			f.count = 0
		}
		f.count++
		f.last = now
		if over := f.count - free; over > 0 {
			f.until = now.Add(min(firstDelay<<min(over-1, 20), longestDelay))
		}
		l.order.MoveToFront(e)
	}
	for l.order.Len() > maxRemembered {
		e := l.order.Back()
		delete(l.byKey, e.Value.(*failures).key)
		l.order.Remove(e)
	}
}

// succeeded forgets the failures of an app from an address.
func (l *limiter) succeeded(address netip.Addr, app string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := limitKeys(address, app)[0]
	if e, ok := l.byKey[k]; ok {
		delete(l.byKey, k)
		l.order.Remove(e)
	}
}
