package webhook

import (
	"time"

	"comanda/event"
)

func (s *stream) nextProbe(now time.Time) (attempt, bool) {
	r := s.dueRow(now) // also drops what has expired
	if s.probe != 0 || now.Before(s.probeAt) {
		return attempt{}, false
	}
	first := s.firstReady(now)
	switch {
	case r != nil:
	case first != 0 && len(s.rows)+s.outFirst < probeRows:
		s.probe = first
		return s.startFirst(first, now), true
	default:
		if r = s.soonest(); r == nil {
			return attempt{}, false
		}
	}
	s.probe = r.position
	return s.startRow(r), true
}

// soonest is the row with the earliest turn whose subject is free; one that is held keeps its place.
func (s *stream) soonest() *row {
	var best *row
	for _, r := range s.due {
		if r.state == rowDue && !s.lines[r.subject].flying && (best == nil || r.at.Before(best.at)) {
			best = r
		}
	}
	return best
}

// failures is the run of failed attempts that decides whether an endpoint is down.
type failures struct {
	count, connect int
	subjects       []string // distinct ones, up to downSpread
}

func (f *failures) add(subject string, connect bool) {
	f.count++
	if connect {
		f.connect++
	}
	for _, x := range f.subjects {
		if x == subject {
			return
		}
	}
	if len(f.subjects) < downSpread {
		f.subjects = append(f.subjects, subject)
	}
}

func (f *failures) down() bool {
	return f.count >= downAfter && (len(f.subjects) >= downSpread || f.connect == f.count)
}

// judge adapts the number of flights and moves between streaming and probing.
func (s *stream) judge(position int64, subject string, o outcome, now time.Time) {
	wasProbe := s.probe == position
	if wasProbe {
		s.probe = 0
	}
	if o.received {
		s.failures = failures{}
		if s.probing {
			s.resume(now)
		} else if o.took < slowAnswer {
			s.flights = min(s.flights+1, maxFlights)
		} else {
			s.flights = max(s.flights-1, minFlights)
		}
		return
	}
	s.flights = max(s.flights/2, minFlights)
	s.failures.add(subject, o.connect)
	switch {
	case wasProbe:
		s.probes++
		s.probeAt = now.Add(probePause(s.probes))
	case !s.probing && s.failures.down():
		s.probing, s.probes = true, 1
		s.probeAt = now.Add(probePause(1))
		s.slim()
	}
}

// slim drops the bodies of what waits in the window: an endpoint may be down for long, and the log has them.
func (s *stream) slim() {
	for position := s.cursor + 1; position <= s.read; position++ {
		if e := s.at(position); e.ev != nil && e.started.IsZero() {
			e.ev = withoutBody(e.ev)
		}
	}
}

func withoutBody(e *event.Event) *event.Event {
	slim := *e
	slim.Body = nil
	return &slim
}

// resume returns to streaming after an outage: its rows come due at once, in sequence, and holds count from now.
func (s *stream) resume(now time.Time) {
	s.probing, s.probes, s.flights = false, 0, minFlights
	for _, r := range s.rows {
		if r.firstFailed.IsZero() {
			continue
		}
		r.firstFailed = now
		if r.state == rowDue {
			s.plan(r, rowDue, now)
		}
		if n := s.after(r); n != nil && n.state == rowHeld {
			s.plan(n, rowHeld, now.Add(orderHold))
		}
	}
}
