package webhook

import (
	"time"

	"comanda/wire"
)

const (
	// alertAfter is how long an endpoint takes nothing before its owner is told.
	alertAfter = 5 * time.Minute
	// alertGap is between two messages of one kind about one subscription, at least.
	alertGap = time.Hour
	// gatherGap is how long events that expired are gathered before the owner is told.
	gatherGap = time.Minute
	// healthGap is how old the stored figures of the last attempt may be.
	healthGap = 5 * time.Second
)

// health is what other nodes, and the next one that delivers, are to know of a stream.
type health struct {
	probing      bool
	since        time.Time // of probing, or of streaming after it; zero = from the beginning
	lastAttempt  time.Time
	lastStatus   int
	lastError    string
	lastSuccess  time.Time
	failingSince time.Time // first failure since the last 2xx; zero = none
	toldFailing  time.Time // when the owner was told of it
	mailedAt     time.Time // when the owner was last written to because of a failing endpoint
	untold       span      // given up and not told yet; zero = none
	toldExpired  time.Time
}

// notice is something that the owner is told, by an event and perhaps by mail.
type notice struct {
	kind   noticeKind
	since  time.Time // failing since
	status int
	reason string
	span   span // that expired
	mail   bool
}

type noticeKind int

const (
	noticeFailing noticeKind = iota
	noticeRecovered
	noticeExpired
)

// own reports whether an event is one of ours about delivery. They are delivered like others, but what becomes of them is
// no news, or news would make news for ever.
func own(name string) bool { return catalogue[name].Group == wire.OwnGroup }

// lose notes that the owner is to be told of what was given up. That is stored with it, or a crash would make it less.
func (s *stream) lose(from, to int64) {
	h := &s.health
	if h.untold != (span{}) {
		from, to = min(h.untold.from, from), max(h.untold.to, to)
	}
	h.untold = span{from, to}
	s.stale, s.urgent = true, true
}

// forget drops an outage that nobody was told of: the delivery was paused.
func (h *health) forget() {
	if h.toldFailing.IsZero() {
		h.failingSince = time.Time{}
	}
}

// since notes that the stream began to probe, or to stream again.
func (s *stream) since(now time.Time) {
	s.health.since = now
	s.stale, s.urgent = true, true
}

// note takes down what an attempt came to. What an endpoint turned away once and turns away again does not make it fail.
func (s *stream) note(name string, first bool, o outcome, now time.Time) {
	h := &s.health
	h.lastAttempt, h.lastStatus, h.lastError = now, o.status, o.reason
	s.stale = true
	switch {
	case o.received:
		h.lastSuccess = now
		if !h.toldFailing.IsZero() {
			s.notices = append(s.notices, notice{kind: noticeRecovered, since: h.failingSince, mail: h.mailedAt.Equal(h.toldFailing)})
		}
		h.failingSince, h.toldFailing = time.Time{}, time.Time{}
	case h.failingSince.IsZero() && (first || o.connect || s.probing) && !own(name):
		h.failingSince = now
	}
}

// watch sees what the owner is to be told by now, and when the figures are to be stored.
func (s *stream) watch(now time.Time) {
	h := &s.health
	if s.alarmed() && now.Sub(h.failingSince) >= alertAfter {
		n := notice{kind: noticeFailing, since: h.failingSince, status: h.lastStatus, reason: h.lastError}
		if n.mail = now.Sub(h.mailedAt) >= alertGap; n.mail {
			h.mailedAt = now
		}
		h.toldFailing = now
		s.notices = append(s.notices, n)
	}
	switch {
	case h.untold == span{}:
	case s.untold.IsZero():
		s.untold = now
	case !now.Before(s.tellExpired()):
		s.notices = append(s.notices, notice{kind: noticeExpired, span: h.untold, mail: true})
		h.untold, h.toldExpired, s.untold = span{}, now, time.Time{}
	}
	if s.stale && !s.urgent && now.Sub(s.offered) >= healthGap {
		s.urgent = true
	}
	if s.urgent || len(s.notices) > 0 {
		s.offered = now
	}
}

// alarmed reports whether an outage runs that the owner will be told of.
func (s *stream) alarmed() bool {
	waits := len(s.rows) > 0 || len(s.ready) > 0 || s.outFirst+s.outRetry > 0
	return !s.health.failingSince.IsZero() && s.health.toldFailing.IsZero() && !s.paused() && waits
}

func (s *stream) tellExpired() time.Time {
	return later(s.untold.Add(gatherGap), s.health.toldExpired.Add(alertGap))
}

// nextNotice is when watch may have something to do.
func (s *stream) nextNotice() time.Time {
	var at time.Time
	if s.alarmed() {
		at = s.health.failingSince.Add(alertAfter)
	}
	if !s.untold.IsZero() {
		at = earlier(at, s.tellExpired())
	}
	if s.stale && !s.urgent {
		at = earlier(at, s.offered.Add(healthGap))
	}
	return at
}
