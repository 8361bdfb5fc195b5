package webhook

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"comanda/event"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func testSub(names ...string) *Subscription {
	s := &Subscription{ID: 1, Brand: 1, Enabled: true, Version: Envelope, names: map[string]int64{}}
	for _, n := range names {
		s.names[n] = 0
	}
	return s
}

func testEvent(position int64, subject, name string, created time.Time) *event.Event {
	e := &event.Event{Position: position}
	e.ID, e.Subject, e.Name, e.Created = fmt.Sprint("id-", position), subject, name, created
	e.Body = []byte(`{}`)
	return e
}

// model is a stream between a log and an endpoint that are plain data, in a time that the test owns.
type model struct {
	t      *testing.T
	s      *stream
	now    time.Time
	log    []*event.Event
	flying map[int64]attempt
	landed []int64 // in the order in which the endpoint said 2xx
	got    map[int64]bool
	failed map[int64]time.Time // first failure
	tries  map[int64]int
	// what a database would hold
	cursor int64
	table  map[int64]row
	health health
	lost   []span
	told   []notice
	heldTo time.Time      // by a 429 or 503
	gone   map[int64]bool // what lost holds, each position
	most   int            // rows at once
}

func newModel(t *testing.T) *model {
	m := &model{t: t, now: start, flying: map[int64]attempt{}, tries: map[int64]int{}, table: map[int64]row{}}
	m.gone = map[int64]bool{}
	m.got, m.failed = map[int64]bool{}, map[int64]time.Time{}
	m.s = newStream(testSub("a"), 0, nil, health{})
	return m
}

func (m *model) append(subject, name string) {
	m.log = append(m.log, testEvent(int64(len(m.log)+1), subject, name, m.now))
}

// pump does what a pump does: read, advance, start.
func (m *model) pump() {
	for room := m.s.room(); room > 0 && int(m.s.read) < len(m.log); room = m.s.room() {
		for ; room > 0 && int(m.s.read) < len(m.log); room-- {
			m.s.push(m.log[m.s.read])
		}
	}
	m.s.advance(m.now)
	for {
		a, ok := m.s.next(m.now)
		if !ok {
			break
		}
		if _, twice := m.flying[a.position]; twice {
			m.t.Fatalf("position %d is in flight twice", a.position)
		}
		subject := m.log[a.position-1].Subject
		for p := range m.flying {
			if m.log[p-1].Subject == subject {
				m.t.Fatalf("positions %d and %d of %s are in flight together", p, a.position, subject)
			}
		}
		if m.s.paused() || m.now.Before(m.heldTo) || m.s.gone {
			m.t.Fatalf("position %d starts although nothing may", a.position)
		}
		m.inSequence(a.position)
		m.flying[a.position] = a
		m.tries[a.position]++
	}
	if n := len(m.flying); n > maxFlights {
		m.t.Fatalf("%d attempts in flight", n)
	}
	if n := len(m.s.rows); n > m.most {
		m.most = n
	}
}

// givenUp reports whether the stream has expired a position, stored or not yet.
func (m *model) givenUp(position int64) bool {
	for _, x := range m.s.expired {
		if x.from <= position && position <= x.to {
			return true
		}
	}
	return m.gone[position]
}

// inSequence checks that every earlier event of the subject has landed, expired, or failed for the first time so long ago
// that its hold is over.
func (m *model) inSequence(position int64) {
	if m.got[position] {
		return // a repetition after a crash
	}
	subject := m.log[position-1].Subject
	for p := position - 1; p > max(0, position-1500); p-- {
		e := m.log[p-1]
		if e.Subject != subject || m.got[p] || !m.s.sub.wants(e.Name, e.Store, p) || m.now.Sub(e.Created) >= retryWindow || m.givenUp(p) {
			continue
		}
		if first, ok := m.failed[p]; !ok || m.now.Sub(first) < m.s.sub.settings.orderHold() {
			m.t.Fatalf("position %d of %s starts before %d has landed (it failed first at %v, now %v)", position, subject, p, first, m.now)
		}
	}
}

func (m *model) answer(position int64, received bool) {
	m.answerWith(position, outcome{received: received, took: 10 * time.Millisecond})
}

func (m *model) answerWith(position int64, o outcome) {
	if _, ok := m.flying[position]; !ok {
		m.t.Fatalf("position %d is not in flight", position)
	}
	delete(m.flying, position)
	if o.received {
		m.landed = append(m.landed, position)
		m.got[position] = true
	} else if _, ok := m.failed[position]; !ok {
		m.failed[position] = m.now
	}
	if until := m.now.Add(min(o.wait, maxEndpointHold)); o.wait > 0 && o.busy() && until.After(m.heldTo) {
		m.heldTo = until
	}
	m.s.finish(position, o, m.now)
	m.pump()
}

func (m *model) settle() {
	x := m.s.take()
	if x.cursor < m.cursor {
		m.t.Fatalf("the cursor went back from %d to %d", m.cursor, x.cursor)
	}
	m.cursor = x.cursor
	for _, r := range x.rows {
		m.table[r.position] = r
	}
	for _, p := range x.gone {
		delete(m.table, p)
	}
	m.lost = append(m.lost, x.expired...)
	for _, x := range x.expired {
		for p := x.from; p <= x.to; p++ {
			m.gone[p] = true
			early := m.now.Sub(m.log[p-1].Created) < retryWindow
			if early && (m.tries[p] < giveUpFrom || m.most < maxRows-maxFlights) {
				m.t.Fatalf("position %d was given up after %d attempts with %d rows at most", p, m.tries[p], m.most)
			}
		}
	}
	if x.health != nil {
		m.health = *x.health
	}
	m.told = append(m.told, x.notices...)
	m.s.settled(x)
	m.pump()
}

// crash forgets everything but what was settled; answers of what is in flight come to nobody.
func (m *model) crash() {
	var rows []*row
	for _, p := range slices.Sorted(maps.Keys(m.table)) {
		r := m.table[p]
		r.flying, r.index = false, -1
		rows = append(rows, &r)
	}
	m.flying = map[int64]attempt{}
	m.heldTo = time.Time{} // nobody remembers
	m.s = newStream(m.s.sub, m.cursor, rows, m.health)
	m.pump()
}

// restart is what disabling and enabling again leave: everything so far is dropped.
func (m *model) restart() {
	for _, e := range m.log {
		if !m.got[e.Position] {
			m.gone[e.Position] = true
		}
	}
	clear(m.table)
	m.cursor = int64(len(m.log))
	m.crash()
}

// pass lets time go by to the stream's next wake, at most d.
func (m *model) pass(d time.Duration) {
	at := m.s.wake(m.now)
	if at.IsZero() || at.After(m.now.Add(d)) {
		at = m.now.Add(d)
	}
	m.now = at
	m.pump()
}

// idle lets time go by until something starts, at most d.
func (m *model) idle(d time.Duration) {
	for end := m.now.Add(d); len(m.flying) == 0 && m.now.Before(end); {
		m.pass(end.Sub(m.now))
	}
}

func (m *model) inFlight() []int64 { return slices.Sorted(maps.Keys(m.flying)) }
