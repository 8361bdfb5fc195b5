// Package clock is the only place that reads the wall clock, so that tests in a synctest bubble own all of time.
package clock

import "time"

// Now returns the current instant in UTC with microseconds, the precision that is stored and sent.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

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
