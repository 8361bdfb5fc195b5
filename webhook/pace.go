package webhook

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// maxEndpointHold is the longest time that an answer's Retry-After keeps everything from an endpoint.
const maxEndpointHold = time.Hour

// burstPart of a second's attempts may start at once, one at least.
const burstPart = 20

func newBucket(perSecond int) *rate.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, perSecond/burstPart))
}

// paced reports whether the endpoint's pace lets an attempt start now. Every attempt counts: first ones, retries, probes.
func (s *stream) paced(now time.Time) bool {
	if s.bucket == nil {
		return true
	}
	if now.Before(s.spentAt) { // the clock was set back, and the bucket would fill again only when it has caught up
		s.bucket, s.spentAt = newBucket(s.sub.settings.RatePerSecond), now
		s.bucket.AllowN(now, s.bucket.Burst())
	}
	return s.bucket.TokensAt(now) >= 1
}

// spend takes an attempt from the pace.
func (s *stream) spend(now time.Time) {
	if s.bucket != nil {
		s.bucket.AllowN(now, 1)
		s.spentAt = now
	}
}

// nextToken is when the pace lets the next attempt start.
func (s *stream) nextToken(now time.Time) time.Time {
	missing := 1 - s.bucket.TokensAt(now)
	wait := time.Duration(missing / float64(s.bucket.Limit()) * float64(time.Second))
	return now.Add(wait.Truncate(time.Microsecond) + 2*time.Microsecond)
}

// hold keeps everything from the endpoint until an instant.
func (s *stream) hold(until time.Time) { s.heldTo = later(s.heldTo, until) }

// paused reports whether a person stopped the delivery for a while: the cursor stays, and what grows too old expires.
func (s *stream) paused() bool { return !s.sub.pausedAt.IsZero() }

// expireWaiting gives up what waits and has grown too old.
func (s *stream) expireWaiting(now time.Time) {
	old := func(r *row) bool { return !r.flying && now.Sub(r.created) >= retryWindow }
	for _, r := range s.rows {
		if old(r) {
			for _, position := range slices.Sorted(maps.Keys(s.rows)) {
				if r := s.rows[position]; old(r) {
					s.remove(r, now)
					s.expire(r.position, r.name)
				}
			}
			break
		}
	}
	s.firstReady(now)
}

// nextExpiry is when the next event that waits grows too old, zero when none waits.
func (s *stream) nextExpiry() time.Time {
	var at time.Time
	for _, r := range s.rows {
		if !r.flying {
			at = earlier(at, r.created.Add(retryWindow))
		}
	}
	if len(s.ready) > 0 {
		at = earlier(at, s.at(s.ready[0]).ev.Created.Add(retryWindow))
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
