package webhook

import (
	"time"

	"comanda/event"
)

func (s *stream) nextProbe(now time.Time) (attempt, bool) {
	r := s.dueRow(now) // also drops what has expired
	first := s.firstReady(now)
	if s.probe != 0 || now.Before(s.probeAt) {
		return attempt{}, false
	}
	held := s.overdue(now)
	switch {
	case held != nil:
		r = held
	case first != 0 && s.wantsFresh() && len(s.rows)+s.outFirst < maxRows:
		s.fresh++
		s.probe = first
		return s.startFirst(first, now), true
	case r != nil:
	default:
		if r = s.soonest(now); r == nil {
			return attempt{}, false
		}
	}
	s.probe = r.position
	return s.startRow(r, now), true
}

// overdue is a held row that a probe is to be made with: now and then, when the endpoint turned the last probe away and the
// hold has been over for the row by the clock. An endpoint that never takes the first event of an order, but takes later
// ones, would else be down for ever.
func (s *stream) overdue(now time.Time) *row {
	if !s.turned || s.probes%probeEvery != 0 {
		return nil
	}
	var best *row
	for _, r := range s.due {
		if r.state != rowHeld || s.lines[r.subject].flying || best != nil && best.position < r.position {
			continue
		}
		if p := s.before(r); p != nil && !p.firstFailed.IsZero() && now.Sub(p.firstFailed) >= s.sub.settings.orderHold() {
			best = r
		}
	}
	return best
}

// wantsFresh reports whether the next probe is to be an event that has not failed yet: what failed may be what this
// endpoint never takes, while it takes the rest. Where nothing that failed is left, only a new event can probe.
func (s *stream) wantsFresh() bool {
	return len(s.rows) == 0 || s.fresh < probeRows+s.probes/probeEvery
}

// soonest is the row with the earliest turn whose subject is free; one that is held keeps its place, and one that the
// endpoint asked to wait for waits.
func (s *stream) soonest(now time.Time) *row {
	var best *row
	for _, r := range s.due {
		if r.state == rowDue && !r.asked.After(now) && !s.lines[r.subject].flying && (best == nil || r.sooner(best)) {
			best = r
		}
	}
	return best
}

// failures is the run of failed attempts that decides whether an endpoint is down.
type failures struct {
	count, connect, turned int
	subjects               []string // distinct ones, up to downSpread
}

func (f *failures) add(subject string, o outcome) {
	f.count++
	if o.connect {
		f.connect++
	}
	if o.turnedAway() {
		f.turned++
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

// down reports whether the run says that the endpoint is down. An answer that turns an event away weighs little: the
// endpoint is there, and may take the next one.
func (f *failures) down() bool {
	return (f.count-f.turned >= downAfter || f.count >= downReject) &&
		(len(f.subjects) >= downSpread || f.connect == f.count)
}

// judge adapts the number of flights and moves between streaming and probing. A later attempt's failure says nothing about
// the endpoint, unless it could not connect: what it rejected once it rejects again.
func (s *stream) judge(position int64, subject string, first bool, o outcome, now time.Time) {
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
	if first || o.connect {
		s.failures.add(subject, o)
	}
	s.turned = o.turnedAway()
	switch {
	case wasProbe:
		s.probes++
		s.probeAt = now.Add(probePause(s.probes, s.sub.ID))
	case !s.probing && s.failures.down():
		s.probing, s.probes, s.fresh = true, 1, 0
		s.since(now)
		s.probeAt = now.Add(probePause(1, s.sub.ID))
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
	s.since(now)
	for _, r := range s.rows {
		if r.firstFailed.IsZero() {
			continue
		}
		r.firstFailed, r.spared = now, true
		if r.state == rowDue {
			s.plan(r, rowDue, later(now, r.asked))
		}
		if n := s.after(r); n != nil && n.state == rowHeld {
			s.plan(n, rowHeld, now.Add(s.sub.settings.orderHold()))
		}
	}
}
