package webhook

import (
	"container/heap"
	"time"

	"comanda/event"
)

// The bounds of one stream.
const (
	windowSize = 512 // positions read ahead of the stored cursor: the bound of duplicates after a crash
	maxRows    = 256 // events that wait outside the window; beyond it the stream stops reading
	probeRows  = 16  // of which new ones while the endpoint is down
	minFlights = 2   // attempts in flight at once, adapted between these two
	maxFlights = 16
	headLimit  = time.Second // a window's head in flight for longer becomes a row, so that the cursor moves on
	rowMargin  = 5 * time.Second
	slowAnswer = 2 * time.Second // answers slower than this do not earn more flights
	downAfter  = 5               // failures in a row …
	downSpread = 3               // … over so many subjects (or all of them failures to connect) mean: the endpoint is down
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

	pausedTo time.Time // nothing starts before: the log could not be read
	flights  int       // adaptive bound of attempts in flight
	failures failures
	probing  bool
	probes   int       // failed probes in a row
	probeAt  time.Time // earliest next probe
	probe    int64     // position of the probe in flight, 0 = none
}

// entry is one position of the window.
type entry struct {
	ev      *event.Event // nil once settled
	started time.Time    // of the attempt in flight; zero while it waits
}

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
	created     time.Time // of the event
	state       rowState
	attempts    int       // attempts that failed
	at          time.Time // when it may be tried; zero for a held row whose predecessor has not failed yet
	firstFailed time.Time

	flying bool // an attempt is in flight on this node
	index  int  // in due, -1 = not there
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

func newStream(sub *Subscription, cursor int64, rows []*row) *stream {
	s := &stream{
		sub: sub, saved: cursor, cursor: cursor, read: cursor,
		lines: map[string]*line{}, rows: map[int64]*row{}, dirty: map[int64]struct{}{}, flights: minFlights,
	}
	for _, r := range rows { // ascending by position
		r.index = -1
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
	return s
}

func (s *stream) line(subject string) *line {
	l := s.lines[subject]
	if l == nil {
		l = &line{}
		s.lines[subject] = l
	}
	return l
}

func (s *stream) at(position int64) *entry { return &s.window[position%windowSize] }

// room is how many more positions the window takes: none while the endpoint is down, unless there is nothing to probe with.
func (s *stream) room() int {
	if s.probing && (len(s.ready) > 0 || len(s.rows) > 0 || s.outFirst > 0) {
		return 0
	}
	return windowSize - int(s.read-s.saved)
}

// push appends the next event of the log to the window; there must be room.
func (s *stream) push(e *event.Event) {
	s.read = e.Position
	*s.at(e.Position) = entry{}
	if s.rows[e.Position] != nil { // it failed before a restart that came before the cursor could pass it
		return
	}
	if !s.sub.wants(e.Name, e.Position) {
		return
	}
	s.at(e.Position).ev = e
	l := s.line(e.Subject)
	l.queue = append(l.queue, e.Position)
	if len(l.queue) == 1 {
		s.enqueue(l)
	}
}

// enqueue makes the first waiting event of a line ready when nothing stands before it any more.
func (s *stream) enqueue(l *line) {
	if len(l.queue) > 0 && !l.flying && len(l.rows) == 0 {
		s.ready.push(l.queue[0])
	}
}

// next hands out the next attempt to start at now. Positions that are not to be sent any more (expired, or not wanted
// since a change of the subscription) are settled on the way.
func (s *stream) next(now time.Time) (attempt, bool) {
	if now.Before(s.pausedTo) {
		return attempt{}, false
	}
	if s.probing {
		return s.nextProbe(now)
	}
	for s.outFirst+s.outRetry < s.flights {
		r := s.dueRow(now)
		first := s.firstReady(now)
		if r != nil && (first == 0 || s.outRetry < max(1, s.flights/2)) {
			return s.startRow(r), true
		}
		if first == 0 || len(s.rows)+s.outFirst >= maxRows {
			return attempt{}, false
		}
		return s.startFirst(first, now), true
	}
	return attempt{}, false
}

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

// firstReady is the lowest window position that may start, 0 when there is none.
func (s *stream) firstReady(now time.Time) int64 {
	for len(s.ready) > 0 {
		position := s.ready[0]
		e := s.at(position).ev
		switch {
		case !s.sub.wants(e.Name, position):
			s.dropReady(position)
		case now.Sub(e.Created) >= retryWindow:
			s.dropReady(position)
			s.expire(position)
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

// dueRow is the row whose turn it is, nil when there is none.
func (s *stream) dueRow(now time.Time) *row {
	for len(s.due) > 0 {
		r := s.due[0]
		if r.at.After(now) {
			return nil
		}
		switch {
		case !s.sub.wants(r.name, r.position):
			s.remove(r, now)
		case now.Sub(r.created) >= retryWindow:
			s.remove(r, now)
			s.expire(r.position)
		case s.lines[r.subject].flying:
			heap.Pop(&s.due) // back when the subject is free
		case s.probing && r.state == rowHeld:
			s.plan(r, rowHeld, now.Add(orderHold)) // the time of an outage does not count
		default:
			return r
		}
	}
	return nil
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

func (s *stream) startFirst(position int64, now time.Time) attempt {
	s.ready.pop()
	e := s.at(position)
	e.started = now
	l := s.lines[e.ev.Subject]
	l.queue = l.queue[1:]
	l.flying = true
	s.outFirst++
	return attempt{s.sub, position, 1, e.ev}
}

func (s *stream) startRow(r *row) attempt {
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
}

// finish takes the outcome of an attempt that next handed out.
func (s *stream) finish(position int64, o outcome, now time.Time) {
	r := s.rows[position]
	var subject string
	switch {
	case r == nil:
		e := s.at(position)
		subject = e.ev.Subject
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
		subject = r.subject
		s.outFirst--
		r.flying = false
		if o.received {
			s.remove(r, now)
		} else {
			s.failed(r, o, now)
		}
	default:
		subject = r.subject
		s.outRetry--
		r.flying = false
		if o.received {
			s.remove(r, now)
		} else {
			s.failed(r, o, now)
		}
	}
	s.judge(position, subject, o, now)
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

// jump gives up everything up to a position that the log no longer has, once the window is empty.
func (s *stream) jump(to int64) {
	if s.cursor != s.read || to <= s.cursor {
		return
	}
	s.expired = append(s.expired, span{s.cursor + 1, to})
	s.cursor, s.read = to, to
}

// rowOf moves an event out of the window into a new row.
func (s *stream) rowOf(e *event.Event, state rowState) *row {
	r := &row{
		position: e.Position, subject: e.Subject, name: e.Name, created: e.Created,
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
	wait := pause(r.attempts)
	if o.wait > wait {
		wait = o.wait
	}
	s.plan(r, rowDue, now.Add(wait))
	if r.firstFailed.IsZero() {
		r.firstFailed = now
		if n := s.after(r); n != nil {
			s.plan(n, rowHeld, now.Add(orderHold))
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

func (s *stream) expire(position int64) {
	if n := len(s.expired); n > 0 && s.expired[n-1].to == position-1 {
		s.expired[n-1].to = position
		return
	}
	s.expired = append(s.expired, span{position, position})
}

// advance moves the cursor over what is settled. A head that is in flight for too long, or blocks a full window, and one
// that waits behind a row of its subject, becomes a row itself.
func (s *stream) advance(now time.Time) {
	for s.cursor < s.read {
		position := s.cursor + 1
		e := s.at(position)
		switch {
		case e.ev == nil:
		case len(s.rows) >= maxRows:
			return
		case !e.started.IsZero():
			full := s.read-s.cursor == windowSize && len(s.ready) == 0
			if !full && now.Sub(e.started) < headLimit {
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
			l.queue = l.queue[1:]
			last := l.rows[len(l.rows)-1]
			r := s.rowOf(e.ev, rowHeld)
			if !last.firstFailed.IsZero() {
				s.plan(r, rowHeld, last.firstFailed.Add(orderHold))
			}
			*e = entry{}
		}
		s.cursor = position
	}
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
	if s.probing {
		if s.probe == 0 && (len(s.ready) > 0 || len(s.due) > 0) {
			sooner(s.probeAt)
		}
	} else if len(s.due) > 0 {
		sooner(s.due[0].at)
	}
	if s.cursor < s.read {
		if e := s.at(s.cursor + 1); e.ev != nil && !e.started.IsZero() && len(s.rows) < maxRows {
			sooner(e.started.Add(headLimit))
		}
	}
	return at
}

// change takes a newer state of the subscription; it holds for everything that starts from now on.
func (s *stream) change(sub *Subscription) { s.sub = sub }

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

// settlement is what one stream wants stored.
type settlement struct {
	cursor  int64
	rows    []row   // to be stored as they are
	gone    []int64 // whose rows are to be deleted
	expired []span
}

// unsettled reports whether there is something to store. What has only passed over events that nobody wants counts when
// lazy, or when it keeps the window from reading on.
func (s *stream) unsettled(lazy bool) bool {
	if len(s.dirty) > 0 || len(s.expired) > 0 {
		return true
	}
	return s.cursor > s.saved && (s.touched || lazy || s.read-s.saved > windowSize/2)
}

// take returns what has changed since the last settlement. It must be followed by settled or failedToSettle.
func (s *stream) take() settlement {
	out := settlement{cursor: s.cursor, expired: s.expired}
	for position := range s.dirty {
		if r := s.rows[position]; r != nil {
			out.rows = append(out.rows, *r)
		} else {
			out.gone = append(out.gone, position)
		}
	}
	s.expired, s.touched = nil, false
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
	s.touched = true
}

// positions is a min-heap of positions.
type positions []int64

func (p *positions) push(v int64) {
	*p = append(*p, v)
	h := *p
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up] <= h[i] {
			break
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
}

func (p *positions) pop() int64 {
	h := *p
	v, n := h[0], len(h)-1
	h[0] = h[n]
	*p = h[:n]
	h = *p
	for i := 0; ; {
		low := 2*i + 1
		if low >= n {
			break
		}
		if low+1 < n && h[low+1] < h[low] {
			low++
		}
		if h[i] <= h[low] {
			break
		}
		h[i], h[low] = h[low], h[i]
		i = low
	}
	return v
}

// dueRows is a heap of the rows that have a time, earliest first, of one time lowest position first.
type dueRows []*row

func (d dueRows) Len() int { return len(d) }
func (d dueRows) Less(i, j int) bool {
	if !d[i].at.Equal(d[j].at) {
		return d[i].at.Before(d[j].at)
	}
	return d[i].position < d[j].position
}
func (d dueRows) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}
func (d *dueRows) Push(x any) {
	r := x.(*row)
	r.index = len(*d)
	*d = append(*d, r)
}
func (d *dueRows) Pop() any {
	old := *d
	r := old[len(old)-1]
	r.index = -1
	*d = old[:len(old)-1]
	return r
}
