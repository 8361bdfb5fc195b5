// Package backoff makes whoever fails wait longer and longer before the next try. What is counted is one thing (an OAuth
// app, a person's address) from one network address, and a network address whatever it asks for; one thing from everywhere
// only where a caller leaves the address out, because a delay for everybody lets one person lock out another.
//
// The counts are in memory and belong to one node: with n nodes behind a proxy somebody has n times the free tries.
package backoff

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"comanda/internal/clock"
)

// Rule says how patient a Limiter is.
type Rule struct {
	Free        int           // failures of one thing from one address that cost nothing
	FreeAddress int           // failures of one address that cost nothing; 0 = addresses are not counted by themselves
	First       time.Duration // the first delay; each failure doubles it
	Longest     time.Duration // where the delay stops growing
	Forget      time.Duration // after so long without a failure the count starts anew
	Size        int           // counts kept; the one that failed longest ago goes first
}

type key struct {
	from netip.Addr // of IPv6 the first 64 bits, which one site has to itself
	of   string     // empty: the address as a whole
}

type failures struct {
	key   key
	count int
	last  time.Time
	until time.Time
}

// Limiter counts failures. It is safe for parallel use.
type Limiter struct {
	rule  Rule
	mu    sync.Mutex
	byKey map[key]*list.Element
	order *list.List // latest failure in front
}

// New makes a Limiter.
func New(r Rule) *Limiter {
	return &Limiter{rule: r, byKey: map[key]*list.Element{}, order: list.New()}
}

// Site is the part of an address that one site has to itself: of IPv6 the first 64 bits, of IPv4 the address.
func Site(from netip.Addr) netip.Addr {
	from = from.Unmap()
	if from.Is6() {
		if p, err := from.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return from
}

// keys are what a try counts under: the thing at the address unless it has no name, and the address.
func (l *Limiter) keys(from netip.Addr, of string) []key {
	from = Site(from)
	keys := make([]key, 0, 2)
	if of != "" {
		keys = append(keys, key{from, of})
	}
	if l.rule.FreeAddress > 0 {
		keys = append(keys, key{from, ""})
	}
	return keys
}

// Wait returns how long to wait before a try; zero or less = it may be made now.
func (l *Limiter) Wait(from netip.Addr, of string) time.Duration {
	now := clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var longest time.Duration
	for _, k := range l.keys(from, of) {
		if e, ok := l.byKey[k]; ok {
			longest = max(longest, e.Value.(*failures).until.Sub(now))
		}
	}
	return longest
}

// Failed notes a failure.
func (l *Limiter) Failed(from netip.Addr, of string) {
	now := clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.keys(from, of) {
		free := l.rule.Free
		if k.of == "" {
			free = l.rule.FreeAddress
		}
		e, ok := l.byKey[k]
		if !ok {
			e = l.order.PushFront(&failures{key: k})
			l.byKey[k] = e
		}
		f := e.Value.(*failures)
		if now.Sub(f.last) > l.rule.Forget {
			f.count = 0
		}
		f.count++
		f.last = now
		if over := f.count - free; over > 0 {
			f.until = now.Add(min(l.rule.First<<min(over-1, 20), l.rule.Longest))
		}
		l.order.MoveToFront(e)
	}
	for l.order.Len() > l.rule.Size {
		e := l.order.Back()
		delete(l.byKey, e.Value.(*failures).key)
		l.order.Remove(e)
	}
}

// Succeeded forgets the failures of one thing from an address. Those of the address as a whole stay: a spray of guesses
// that hits once goes on.
func (l *Limiter) Succeeded(from netip.Addr, of string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := key{Site(from), of}
	if e, ok := l.byKey[k]; ok && of != "" {
		delete(l.byKey, k)
		l.order.Remove(e)
	}
}

// Len is the number of counts kept.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.order.Len()
}
