package webhook

import (
	"container/heap"
	"time"

	"comanda/event"
)

// line is one subject: never two of its events are in flight, and they go in sequence.
type line struct {
	flying bool
	queue  []int64 // window positions that wait, ascending; the first is in ready when nothing stands before it
	rows   []*row  // ascending by position, all below the queue's
}

// rowState says what a row waits for.
type rowState string

const (
	rowDue    rowState = "due"    // its next attempt
	rowHeld   rowState = "held"   // the row before it of the same subject
	rowFlying rowState = "flying" // the answer of an attempt begun in the window
)

// row is an event that has left the window unsettled. Rows are what webhook_pending stores.
type row struct {
	position    int64
	subject     string
	name        string
	store       int
	created     time.Time // of the event
	state       rowState
	attempts    int       // attempts that failed
	at          time.Time // when it may be tried; zero for a held row whose predecessor has not failed yet
	firstFailed time.Time
	asked       time.Time // not tried before: the endpoint's Retry-After

	flying bool // an attempt is in flight on this node
	turned bool // the last attempt was turned away
	spared bool // not tried since an outage or a start: not to be given up
	index  int  // in due, -1 = not there
}

func (s *stream) line(subject string) *line {
	l := s.lines[subject]
	if l == nil {
		l = &line{}
		s.lines[subject] = l
	}
	return l
}

// enqueue makes the first waiting event of a line ready when nothing stands before it any more.
func (s *stream) enqueue(l *line) {
	if len(l.queue) > 0 && !l.flying && len(l.rows) == 0 {
		s.ready.push(l.queue[0])
	}
}

// dueRow is the row whose turn it is, nil when there is none.
func (s *stream) dueRow(now time.Time) *row {
	for len(s.due) > 0 {
		r := s.due[0]
		if r.at.After(now) {
			return nil
		}
		switch {
		case !s.sub.wants(r.name, r.store, r.position):
			s.remove(r, now)
		case now.Sub(r.created) >= retryWindow:
			s.remove(r, now)
			s.expire(r.position, r.name)
		case s.lines[r.subject].flying:
			heap.Pop(&s.due) // back when the subject is free
		case s.probing && r.state == rowHeld:
			// The time of an outage does not count. A row must not stay due here, however short the hold is.
			s.plan(r, rowHeld, now.Add(max(s.sub.settings.orderHold(), time.Second)))
		default:
			return r
		}
	}
	return nil
}

// rowOf moves an event out of the window into a new row.
func (s *stream) rowOf(e *event.Event, state rowState) *row {
	r := &row{
		position: e.Position, subject: e.Subject, name: e.Name, store: e.Store, created: e.Created,
		state: state, index: -1,
	}
	s.rows[r.position] = r
	l := s.line(r.subject)
	l.rows = append(l.rows, r)
	s.dirty[r.position] = struct{}{}
	return r
}

// failed plans the next attempt of a row.
func (s *stream) failed(r *row, o outcome, now time.Time) {
	r.attempts++
	r.spared, r.turned = false, o.turnedAway()
	wait := pause(r.attempts, r.position)
	if o.wait > wait {
		wait = o.wait
		r.asked = now.Add(wait)
	}
	s.plan(r, rowDue, now.Add(wait))
	if r.firstFailed.IsZero() {
		r.firstFailed = now
		if n := s.after(r); n != nil {
			s.plan(n, rowHeld, now.Add(s.sub.settings.orderHold()))
		}
	}
}

// plan sets when a row may be tried; never later than the end of its window, where it expires.
func (s *stream) plan(r *row, state rowState, at time.Time) {
	if end := r.created.Add(retryWindow); at.After(end) {
		at = end
	}
	r.state, r.at = state, at
	s.dirty[r.position] = struct{}{}
	if r.index >= 0 {
		heap.Fix(&s.due, r.index)
	} else if !r.flying {
		heap.Push(&s.due, r)
	}
}

// after is the row that follows r in its line.
func (s *stream) after(r *row) *row {
	rows := s.lines[r.subject].rows
	for i, x := range rows[:len(rows)-1] {
		if x == r {
			return rows[i+1]
		}
	}
	return nil
}

// before is the row that r waits behind, nil when it is the first of its line.
func (s *stream) before(r *row) *row {
	var last *row
	for _, x := range s.lines[r.subject].rows {
		if x == r {
			return last
		}
		last = x
	}
	return nil
}

// remove settles a row and lets the one that it held go.
func (s *stream) remove(r *row, now time.Time) {
	n := s.after(r)
	l := s.lines[r.subject]
	for i, x := range l.rows {
		if x == r {
			l.rows = append(l.rows[:i], l.rows[i+1:]...)
			break
		}
	}
	if r.index >= 0 {
		heap.Remove(&s.due, r.index)
	}
	delete(s.rows, r.position)
	s.dirty[r.position] = struct{}{}
	if n != nil && n.state == rowHeld && !n.flying {
		s.plan(n, rowDue, now)
	}
	if !l.flying {
		s.enqueue(l)
		s.tidy(r.subject, l)
	}
}

// release ends the flight of a subject.
func (s *stream) release(subject string) {
	l := s.lines[subject]
	l.flying = false
	for _, r := range l.rows {
		if r.index < 0 && !r.flying && !r.at.IsZero() {
			heap.Push(&s.due, r)
		}
	}
	s.enqueue(l)
	s.tidy(subject, l)
}

func (s *stream) tidy(subject string, l *line) {
	if !l.flying && len(l.queue) == 0 && len(l.rows) == 0 {
		delete(s.lines, subject)
	}
}
