// Package clock is the only place that reads the wall clock, so that tests in a synctest bubble own all of time.
package clock

import (
	"context"
	"sync/atomic"
	"time"
)

// shifted is by how much a test has set the wall clock, in nanoseconds.
var shifted atomic.Int64

// Now returns the current instant in UTC with microseconds, the precision that is stored and sent.
func Now() time.Time {
	return time.Now().Add(time.Duration(shifted.Load())).UTC().Truncate(time.Microsecond)
}

// Shift sets the wall clock of this process, and nothing that measures elapsed time, forward or back from where it stands.
// Tests do with it what people and time servers do; a shift of the sum with its sign turned undoes all.
func Shift(d time.Duration) { shifted.Add(int64(d)) }

// Micros is an instant as it is stored: int64 microseconds since 1970 UTC; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Mono returns a reading for measuring elapsed time; it must not be stored.
func Mono() time.Time { return time.Now() }

// Sleep waits, or returns why ctx ended before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
