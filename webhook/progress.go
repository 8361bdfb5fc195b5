package webhook

import (
	"time"
)

// jump gives up everything up to a position that the log no longer has, once the window is empty.
func (s *stream) jump(to int64) {
	if s.cursor != s.read || to <= s.cursor {
		return
	}
	s.expired = append(s.expired, span{s.cursor + 1, to})
	s.lose(s.cursor+1, to)
	s.cursor, s.read = to, to
}

func (s *stream) expire(position int64, name string) {
	if !own(name) { // or the news that news were lost would go on for ever
		s.lose(position, position)
	}
	if n := len(s.expired); n > 0 && s.expired[n-1].to == position-1 {
		s.expired[n-1].to = position
		return
	}
	s.expired = append(s.expired, span{position, position})
}

// giveUp expires the row that has failed for longest, so that the events after it have a place; false when there is none
// to give up. What was turned away is soon tried often enough; what failed otherwise is kept until it has failed for long. In an outage nothing is given up, nor while nothing may be sent: then the stream waits.
func (s *stream) giveUp(now time.Time) bool {
	if s.probing || s.paused() || now.Before(s.heldTo) {
		return false
	}
	var worst *row
	for _, r := range s.rows {
		if !r.flying && !r.spared && r.hopeless() && (worst == nil || r.firstFailed.Before(worst.firstFailed)) {
			worst = r
		}
	}
	if worst == nil {
		return false
	}
	s.remove(worst, now)
	s.expire(worst.position, worst.name)
	return true
}

// hopeless reports whether a row has failed often enough to be given up where there is no place.
func (r *row) hopeless() bool {
	return r.attempts >= giveUpLate || r.turned && r.attempts >= giveUpFrom
}

// advance moves the cursor over what is settled. A head that is in flight for too long, or blocks a full window, and one
// that waits behind a row of its subject, becomes a row itself. It also sees what the owner is to be told.
func (s *stream) advance(now time.Time) {
	defer s.watch(now)
	for s.cursor < s.read {
		position := s.cursor + 1
		e := s.at(position)
		switch {
		case e.ev == nil:
		case !e.started.IsZero():
			full := s.read-s.cursor == windowSize && len(s.ready) == 0
			if !full && now.Sub(e.started) < headLimit {
				return
			}
			if len(s.rows) >= maxRows && !s.giveUp(now) {
				return
			}
			r := s.rowOf(e.ev, rowFlying)
			r.at = e.started.Add(attemptTimeout + rowMargin)
			r.flying = true
			*e = entry{}
		default:
			l := s.lines[e.ev.Subject]
			if len(l.rows) == 0 {
				return
			}
			if len(s.rows) >= maxRows {
				if !s.giveUp(now) {
					return
				}
				continue // it may have been what this one waits behind
			}
			l.queue = l.queue[1:]
			last := l.rows[len(l.rows)-1]
			r := s.rowOf(e.ev, rowHeld)
			if !last.firstFailed.IsZero() {
				s.plan(r, rowHeld, last.firstFailed.Add(s.sub.settings.orderHold()))
			}
			*e = entry{}
		}
		s.cursor = position
	}
}

// settlement is what one stream wants stored.
type settlement struct {
	cursor  int64
	rows    []row   // to be stored as they are
	gone    []int64 // whose rows are to be deleted
	expired []span
	health  *health // nil = as stored
	notices []notice
}

// unsettled reports whether there is something to store. What has only passed over events that nobody wants counts when
// lazy, or when it keeps the window from reading on.
func (s *stream) unsettled(lazy bool) bool {
	if len(s.dirty) > 0 || len(s.expired) > 0 || s.urgent || len(s.notices) > 0 {
		return true
	}
	return s.cursor > s.saved && (s.touched || lazy || s.read-s.saved > windowSize/2)
}

// take returns what has changed since the last settlement. It must be followed by settled or failedToSettle.
func (s *stream) take() settlement {
	out := settlement{cursor: s.cursor, expired: s.expired, notices: s.notices}
	if s.urgent || len(s.notices) > 0 {
		h := s.health
		h.probing = s.probing
		out.health = &h
		s.stale, s.urgent = false, false
	}
	for position := range s.dirty {
		if r := s.rows[position]; r != nil {
			out.rows = append(out.rows, *r)
		} else {
			out.gone = append(out.gone, position)
		}
	}
	s.expired, s.notices, s.touched = nil, nil, false
	clear(s.dirty)
	return out
}

// settled says that what take returned is durable.
func (s *stream) settled(t settlement) { s.saved = t.cursor }

// unsettle says that what take returned was not stored.
func (s *stream) unsettle(t settlement) {
	for i := range t.rows {
		s.dirty[t.rows[i].position] = struct{}{}
	}
	for _, position := range t.gone {
		s.dirty[position] = struct{}{}
	}
	s.expired = append(t.expired, s.expired...)
	s.notices = append(t.notices, s.notices...)
	s.urgent = s.urgent || t.health != nil
	s.touched = true
}
