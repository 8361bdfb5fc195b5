package webhook

import (
	"container/heap"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"comanda/event"
)

// The bounds of one stream.
const (
	windowSize = 512 // positions read ahead of the stored cursor: the bound of duplicates after a crash
	maxRows    = 256 // events that wait outside the window; beyond it the one that has failed for longest is given up
	probeRows  = 16  // new events that an endpoint which is down is tried with at first, and
	probeEvery = 4   // then one with so many probes
	giveUpFrom = 3   // failed attempts, where the endpoint turned the event away, and
	giveUpLate = 8   // where it failed otherwise, which may pass: after some 20 minutes
	minFlights = 2   // attempts in flight at once, adapted between these two
	maxFlights = 16
	headLimit  = time.Second // a window's head in flight for longer becomes a row, so that the cursor moves on
	rowMargin  = 5 * time.Second
	slowAnswer = 2 * time.Second // answers slower than this do not earn more flights
	downAfter  = 5               // failures in a row …
	downSpread = 3               // … over so many subjects (or all of them failures to connect) mean: the endpoint is down
	downReject = 64              // … and so many when they were answers that turn the event away
)

// stream is the delivery state of one subscription on the node that owns it. It knows no clock, database or network: its
// methods are told the time and hand out attempts. Events run through a window of positions above the cursor; what fails
// leaves the window as a row, so that one bad event does not stop the others.
//
// What must be stored (the cursor and the rows that changed) is collected until take is called by settle.
// A stream is not safe for parallel use.
type stream struct {
	sub *Subscription // as of the newest reload

	saved  int64 // the stored cursor
	cursor int64 // every position up to here is settled or has a row
	read   int64 // newest position in the window
	window [windowSize]entry
	ready  positions        // window positions that wait for a free flight, lowest first
	lines  map[string]*line // by subject: what is in flight, waits or has a row

	rows     map[int64]*row
	due      dueRows
	dirty    map[int64]struct{} // positions whose row changed since the last settlement
	expired  []span             // positions given up since the last settlement
	touched  bool               // a wanted event was settled since the last settlement
	outFirst int                // first attempts in flight
	outRetry int                // attempts of rows in flight

	pausedTo time.Time     // nothing starts before: the log could not be read
	heldTo   time.Time     // nothing starts before: the endpoint asked for it
	bucket   *rate.Limiter // of attempts started; nil = there is no limit
	spentAt  time.Time     // when an attempt was taken from it last
	gone     bool          // the endpoint answered 410: nothing starts any more
	flights  int           // adaptive bound of attempts in flight
	failures failures
	probing  bool
	probes   int       // failed probes in a row
	fresh    int       // new events that this outage was probed with
	probeAt  time.Time // earliest next probe
	probe    int64     // position of the probe in flight, 0 = none
	turned   bool      // the newest probe that failed was turned away by an answer

	health  health
	stale   bool      // health changed since it was stored
	urgent  bool      // and is to be stored with the next settlement
	offered time.Time // when it was given to a settlement last
	untold  time.Time // since when events that expired are to be told of; zero = none are
	notices []notice  // what the owner is to be told with the next settlement
}

// entry is one position of the window.
type entry struct {
	ev      *event.Event // nil once settled
	started time.Time    // of the attempt in flight; zero while it waits
}

// span is a range of positions.
type span struct{ from, to int64 }

// attempt is a delivery to be tried now.
type attempt struct {
	sub      *Subscription
	position int64
	number   int          // 1 = first
	ev       *event.Event // nil or without Body = to be read from the log
}

func newStream(sub *Subscription, cursor int64, rows []*row, h health) *stream {
	s := &stream{
		sub: sub, saved: cursor, cursor: cursor, read: cursor,
		lines: map[string]*line{}, rows: map[int64]*row{}, dirty: map[int64]struct{}{}, flights: minFlights,
		bucket: newBucket(sub.settings.RatePerSecond), health: h,
	}
	if h.probing { // another node, or this one earlier, found the endpoint down
		s.probing, s.probes = true, 1
	}
	for _, r := range rows { // ascending by position
		r.index = -1
		r.spared = true
		s.rows[r.position] = r
		l := s.line(r.subject)
		l.rows = append(l.rows, r)
		if r.state == rowFlying {
			r.state = rowDue
		}
		if !r.at.IsZero() {
			heap.Push(&s.due, r)
		}
	}
	for _, l := range s.lines { // one may have been planned behind a row that has come since
		for i, r := range l.rows[1:] {
			if before := l.rows[i]; r.at.IsZero() && !before.firstFailed.IsZero() {
				s.plan(r, rowHeld, before.firstFailed.Add(s.sub.settings.orderHold()))
			}
		}
	}
	return s
}

func (s *stream) at(position int64) *entry { return &s.window[position%windowSize] }

// room is how many more positions the window takes: while the endpoint is down, a few when a new event is to probe it;
// while it is paused, a few when the oldest is to be looked at for its age.
func (s *stream) room() int {
	room := windowSize - int(s.read-s.saved)
	if s.paused() {
		if len(s.ready) > 0 || s.outFirst > 0 {
			return 0
		}
		return min(room, probeRows)
	}
	if !s.probing {
		return room
	}
	if len(s.ready) > 0 || s.outFirst > 0 || !s.wantsFresh() {
		return 0
	}
	return min(room, probeRows)
}

// push appends the next event of the log to the window; there must be room.
func (s *stream) push(e *event.Event) {
	s.read = e.Position
	*s.at(e.Position) = entry{}
	if s.rows[e.Position] != nil { // it failed before a restart that came before the cursor could pass it
		return
	}
	if !s.sub.wants(e.Name, e.Store, e.Position) {
		return
	}
	s.at(e.Position).ev = e
	l := s.line(e.Subject)
	l.queue = append(l.queue, e.Position)
	if len(l.queue) == 1 {
		s.enqueue(l)
	}
}

// next hands out the next attempt to start at now. Positions that are not to be sent any more (expired, or not wanted
// since a change of the subscription) are settled on the way.
func (s *stream) next(now time.Time) (attempt, bool) {
	if now.Before(s.pausedTo) || s.gone {
		return attempt{}, false
	}
	if s.paused() || now.Before(s.heldTo) {
		s.expireWaiting(now)
		return attempt{}, false
	}
	if !s.paced(now) {
		return attempt{}, false
	}
	if s.probing {
		return s.nextProbe(now)
	}
	if s.outFirst+s.outRetry >= s.flights {
		return attempt{}, false
	}
	for {
		r := s.dueRow(now)
		first := s.firstReady(now)
		switch {
		case r != nil && (first == 0 || s.outRetry < max(1, s.flights/2)):
			return s.startRow(r, now), true
		case first == 0:
			return attempt{}, false
		case len(s.rows)+s.outFirst < maxRows:
			return s.startFirst(first, now), true
		case !s.giveUp(now):
			return attempt{}, false
		} // what was given up may have let another event go first
	}
}

// firstReady is the lowest window position that may start, 0 when there is none.
func (s *stream) firstReady(now time.Time) int64 {
	for len(s.ready) > 0 {
		position := s.ready[0]
		e := s.at(position).ev
		switch {
		case !s.sub.wants(e.Name, e.Store, position):
			s.dropReady(position)
		case now.Sub(e.Created) >= retryWindow:
			s.dropReady(position)
			s.expire(position, e.Name)
		default:
			return position
		}
	}
	return 0
}

func (s *stream) dropReady(position int64) {
	s.ready.pop()
	e := s.at(position)
	l := s.lines[e.ev.Subject]
	subject := e.ev.Subject
	l.queue = l.queue[1:]
	*e = entry{}
	s.enqueue(l)
	s.tidy(subject, l)
}

func (s *stream) startFirst(position int64, now time.Time) attempt {
	s.spend(now)
	s.ready.pop()
	e := s.at(position)
	e.started = now
	l := s.lines[e.ev.Subject]
	l.queue = l.queue[1:]
	l.flying = true
	s.outFirst++
	return attempt{s.sub, position, 1, e.ev}
}

func (s *stream) startRow(r *row, now time.Time) attempt {
	s.spend(now)
	heap.Remove(&s.due, r.index)
	r.flying = true
	s.lines[r.subject].flying = true
	s.outRetry++
	return attempt{s.sub, r.position, r.attempts + 1, nil}
}

// outcome is what an attempt came to.
type outcome struct {
	received bool
	connect  bool          // failed without a connection: refused, DNS, TLS
	took     time.Duration // until the answer
	wait     time.Duration // the endpoint's Retry-After, 0 = none
	status   int           // of the answer, 0 = there was none
	reason   string        // why there was no whole answer, for people; may be empty
	gone     bool          // the endpoint answered 410 to the subscription as it is
}

// busy reports whether the answer's Retry-After is about the endpoint as a whole.
func (o *outcome) busy() bool {
	return o.status == http.StatusTooManyRequests || o.status == http.StatusServiceUnavailable
}

// turnedAway reports whether the endpoint answered in a way that may be about this event alone.
func (o *outcome) turnedAway() bool {
	return o.status/100 == 4 && o.status != http.StatusRequestTimeout && o.status != http.StatusTooManyRequests
}

// finish takes the outcome of an attempt that next handed out.
func (s *stream) finish(position int64, o outcome, now time.Time) {
	r := s.rows[position]
	first := r == nil || r.attempts == 0
	var subject, name string
	switch {
	case r == nil:
		e := s.at(position)
		subject, name = e.ev.Subject, e.ev.Name
		s.outFirst--
		if o.received {
			*e = entry{}
			s.touched = true
			break
		}
		r = s.rowOf(e.ev, rowDue)
		*e = entry{}
		s.failed(r, o, now)
	case r.state == rowFlying: // began in the window
		subject, name = r.subject, r.name
		s.outFirst--
		r.flying = false
		if o.received {
			s.remove(r, now)
		} else {
			s.failed(r, o, now)
		}
	default:
		subject, name = r.subject, r.name
		s.outRetry--
		r.flying = false
		if o.received {
			s.remove(r, now)
		} else {
			s.failed(r, o, now)
		}
	}
	if o.busy() {
		s.hold(now.Add(min(o.wait, maxEndpointHold)))
	}
	s.gone = s.gone || o.gone
	s.judge(position, subject, first, o, now)
	s.note(name, first, o, now)
	s.release(subject)
}

// abort takes back an attempt that next handed out but that could not be made.
func (s *stream) abort(position int64, now time.Time) {
	s.pausedTo = now.Add(retryGap)
	if s.probe == position {
		s.probe = 0
	}
	if r := s.rows[position]; r != nil {
		if r.state == rowFlying {
			s.outFirst--
		} else {
			s.outRetry--
		}
		r.flying = false
		s.plan(r, rowDue, s.pausedTo)
		s.release(r.subject)
		return
	}
	s.outFirst--
	e := s.at(position)
	e.started = time.Time{}
	l := s.lines[e.ev.Subject]
	l.flying = false
	l.queue = append([]int64{position}, l.queue...)
	s.enqueue(l)
}

// wake is the next instant after now at which next or advance may have something to do, though nothing else happens;
// zero = none. What could not start at now waits for an answer or a settlement, not for time.
func (s *stream) wake(now time.Time) time.Time {
	var at time.Time
	sooner := func(t time.Time) {
		if t.After(now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	sooner(s.pausedTo)
	waits := len(s.ready) > 0 || len(s.due) > 0
	switch {
	case s.gone:
	case s.paused() || now.Before(s.heldTo):
		sooner(s.heldTo)
		sooner(s.nextExpiry())
	case waits && !s.paced(now):
		sooner(s.nextToken(now))
	case s.probing && s.probe == 0:
		if waits {
			sooner(s.probeAt)
		}
		if len(s.due) > 0 {
			sooner(s.due[0].at)
		}
	case !s.probing && len(s.due) > 0:
		sooner(s.due[0].at)
	}
	sooner(s.nextNotice())
	if s.cursor < s.read {
		if e := s.at(s.cursor + 1); e.ev != nil && !e.started.IsZero() && len(s.rows) < maxRows {
			sooner(e.started.Add(headLimit))
		}
	}
	return at
}

// change takes a newer state of the subscription; it holds for everything that starts from now on.
func (s *stream) change(sub *Subscription) {
	was := s.sub
	s.sub = sub
	s.gone = false // that was said about the state before
	if was.CallbackURL != sub.CallbackURL {
		s.heldTo = time.Time{}
	}
	if was.settings.RatePerSecond != sub.settings.RatePerSecond {
		s.bucket = newBucket(sub.settings.RatePerSecond)
	}
	if s.paused() {
		s.slim()
		s.health.forget()
	}
}
