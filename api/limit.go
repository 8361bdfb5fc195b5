package api

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter gives each client address its own budget. It remembers a bounded number of addresses: when the young
// generation is full it becomes the old one, and the old one is forgotten.
type limiter struct {
	rate  rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[netip.Addr]*rate.Limiter
}

// limiterGeneration bounds the memory: two generations of about 100 bytes an address.
const limiterGeneration = 16384

func newLimiter(perSecond float64, burst int) *limiter {
	l := &limiter{rate: rate.Limit(perSecond), burst: burst, young: map[netip.Addr]*rate.Limiter{}}
	switch {
	case perSecond < 0:
		l.rate = rate.Inf
	case perSecond == 0:
		l.rate = 10
	}
	if burst == 0 {
		l.burst = 40
	}
	return l
}

// take uses one of an address's requests; a positive answer is how long to wait instead.
func (l *limiter) take(a netip.Addr) time.Duration {
	if l.rate == rate.Inf {
		return 0
	}
	r := l.of(a).Reserve()
	if d := r.Delay(); d > 0 {
		r.Cancel()
		return d
	}
	return 0
}

func (l *limiter) of(a netip.Addr) *rate.Limiter {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil { // one household or server has a whole /64
			a = p.Addr()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if x := l.young[a]; x != nil {
		return x
	}
	x := l.old[a]
	if x == nil {
		x = rate.NewLimiter(l.rate, l.burst)
	}
	if len(l.young) >= limiterGeneration {
		l.old, l.young = l.young, map[netip.Addr]*rate.Limiter{}
	}
	l.young[a] = x
	return x
}
