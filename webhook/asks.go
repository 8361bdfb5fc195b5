package webhook

import (
	"sync"

	"golang.org/x/time/rate"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/fault"
)

// Requests that a caller makes us send to a URL at once, verifications and tests together: so many at first, then one at a
// time. More would lend people a scanner or a hammer.
const (
	asksAtOnce = 10
	asksPerMin = 10
	maxAskers  = 4096 // remembered without a look at who has been quiet
)

// asks counts them by the account that is behind a caller, on this node.
type asks struct {
	mu sync.Mutex
	by map[int]*rate.Limiter
}

// take counts one more, or refuses it.
func (a *asks) take(c *account.Caller) error {
	if c.Kind == account.System {
		return nil
	}
	now := clock.Mono() // a clock that is set back makes nobody wait
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.by[c.Account]
	if l == nil {
		if len(a.by) >= maxAskers {
			a.forget()
		}
		l = rate.NewLimiter(asksPerMin/60.0, asksAtOnce)
		a.by[c.Account] = l
	}
	r := l.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		f := fault.Newf(fault.TooMany, "You have had %d verifications and tests sent in a short time.", asksAtOnce).
			With("Wait a few seconds, then try again.")
		f.RetryAfter = wait
		return f
	}
	return nil
}

// forget drops those who have been quiet for so long that they begin anew; a.mu is held.
func (a *asks) forget() {
	now := clock.Mono()
	for id, l := range a.by {
		if l.TokensAt(now) >= asksAtOnce {
			delete(a.by, id)
		}
	}
}
