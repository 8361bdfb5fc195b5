package webhook

import (
	"math/rand/v2"
	"time"
)

// The rules of delivery. Times are real time, never a brand's clock.
const (
	// attemptTimeout is how long an endpoint has to answer.
	attemptTimeout = 10 * time.Second
	// retryWindow is how long after its event's creation a delivery is tried; then it is expired.
	retryWindow = 24 * time.Hour
	// orderHold is how long after an event's first failed attempt the later events of its subject wait for it.
	orderHold = 10 * time.Minute
	// probeCeiling is the longest pause between two probes of an endpoint that is down.
	probeCeiling = 5 * time.Minute
)

// schedule are the pauses after the first, second … failed attempt: short at first because food is perishable. The last
// one repeats.
var schedule = []time.Duration{
	5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute,
	time.Hour,
}

// pause is how long to wait after the nth failed attempt, varied by 20 % so that what failed together does not come back
// together.
func pause(n int) time.Duration { return jitter(schedule[min(n, len(schedule))-1]) }

// probePause is how long to wait after the nth failed probe.
func probePause(n int) time.Duration {
	return jitter(min(schedule[min(n, len(schedule))-1], probeCeiling))
}

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // not a secret
}
