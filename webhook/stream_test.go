package webhook

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
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
	lost   []span
	most   int // rows at once
}

func newModel(t *testing.T) *model {
	m := &model{t: t, now: start, flying: map[int64]attempt{}, tries: map[int64]int{}, table: map[int64]row{}}
	m.got, m.failed = map[int64]bool{}, map[int64]time.Time{}
	m.s = newStream(testSub("a"), 0, nil)
	return m
}

func (m *model) append(subject, name string) {
	m.log = append(m.log, testEvent(int64(len(m.log)+1), subject, name, m.now))
}

// pump does what a pump does: read, advance, start.
func (m *model) pump() {
	for m.s.room() > 0 && int(m.s.read) < len(m.log) {
		m.s.push(m.log[m.s.read])
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

// inSequence checks that every earlier event of the subject has landed, expired, or failed for the first time so long ago
// that its hold is over.
func (m *model) inSequence(position int64) {
	if m.got[position] {
		return // a repetition after a crash
	}
	subject := m.log[position-1].Subject
	for p := position - 1; p > max(0, position-1500); p-- {
		e := m.log[p-1]
		if e.Subject != subject || m.got[p] || !m.s.sub.wants(e.Name, p) || m.now.Sub(e.Created) >= retryWindow {
			continue
		}
		if first, ok := m.failed[p]; !ok || m.now.Sub(first) < orderHold {
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
	m.s = newStream(m.s.sub, m.cursor, rows)
	m.pump()
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

func (m *model) inFlight() []int64 { return slices.Sorted(maps.Keys(m.flying)) }

func TestEventsOfOneSubjectGoInSequence(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.append("order/1", "a")
	m.append("order/2", "a")
	m.pump()
	if got := m.inFlight(); !slices.Equal(got, []int64{1, 3}) {
		t.Fatal(got)
	}
	m.answer(1, true)
	if got := m.inFlight(); !slices.Equal(got, []int64{2, 3}) {
		t.Fatal(got)
	}
}

func TestFailedEventIsRetriedByTheScheduleAndHoldsItsSubjectOnly(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.append("order/1", "a")
	m.append("order/2", "a")
	m.pump()
	m.answer(1, false)
	m.answer(3, true)
	m.settle()
	if m.cursor != 3 || len(m.table) != 2 || m.table[1].state != rowDue || m.table[2].state != rowHeld {
		t.Fatal(m.cursor, m.table)
	}
	for i, want := range schedule[:5] {
		was := m.now
		m.pass(24 * time.Hour)
		got := m.now.Sub(was)
		if low, high := want*8/10, want*12/10; got < low || got > high {
			t.Fatalf("pause %d was %v, want %v ± 20 %%", i+1, got, want)
		}
		if got := m.inFlight(); !slices.Equal(got, []int64{1}) {
			t.Fatal(got)
		}
		if a := m.flying[1]; a.number != i+2 {
			t.Fatalf("attempt %d, want %d", a.number, i+2)
		}
		m.append("order/"+strconv.Itoa(10+i), "a") // the endpoint is not down
		m.pump()
		m.answer(m.inFlight()[1], true)
		m.answer(1, i == 4)
	}
	if got := m.inFlight(); !slices.Equal(got, []int64{2}) {
		t.Fatalf("the held event was not released: %v", got)
	}
	m.answer(2, true)
	m.settle()
	if len(m.table) != 0 || len(m.s.lines) != 0 || m.cursor != 8 {
		t.Fatal(m.table, m.s.lines, m.cursor)
	}
}

func TestHoldEndsTenMinutesAfterTheFirstFailure(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.append("order/1", "a")
	m.pump()
	m.answer(1, false)
	for {
		m.pass(time.Minute)
		if m.flying[2].position == 2 {
			break
		}
		for _, p := range m.inFlight() {
			m.answer(p, false)
		}
		m.append("order/9", "a") // keeps the endpoint alive
		m.pump()
		for _, p := range m.inFlight() {
			if p > 2 {
				m.answer(p, true)
			}
		}
	}
	if held := m.now.Sub(start); held < orderHold || held > orderHold+time.Minute {
		t.Fatalf("held for %v", held)
	}
}

func TestEventExpiresADayAfterItsCreation(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.append("order/1", "a")
	m.pump()
	tries := 0
	for m.now.Sub(start) < 25*time.Hour {
		for _, p := range m.inFlight() {
			tries++
			m.answer(p, false)
		}
		m.pass(time.Hour)
		m.settle()
	}
	if len(m.table) != 0 || len(m.flying) != 0 || m.cursor != 2 {
		t.Fatal(m.table, m.flying, m.cursor)
	}
	if !slices.Equal(m.lost, []span{{1, 1}, {2, 2}}) && !slices.Equal(m.lost, []span{{1, 2}}) {
		t.Fatal(m.lost)
	}
	if tries < 30 {
		t.Fatalf("only %d tries in a day", tries)
	}
}

func TestRetryAfterIsHonouredInsideTheWindow(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.pump()
	m.answerWith(1, outcome{wait: 17 * time.Minute})
	m.pass(24 * time.Hour)
	if got := m.now.Sub(start); got != 17*time.Minute {
		t.Fatal(got)
	}
	m.answerWith(1, outcome{wait: 48 * time.Hour})
	m.pass(30 * time.Hour)
	if got := m.now.Sub(start); got != 24*time.Hour || len(m.flying) != 0 {
		t.Fatal(got, m.flying)
	}
}

func TestPoisonEventDoesNotStopTheOthers(t *testing.T) {
	m := newModel(t)
	for i := range 5000 {
		m.append("order/"+strconv.Itoa(i%1000), "a")
	}
	m.pump()
	for len(m.landed) < 5000-5 {
		for _, p := range m.inFlight() {
			m.answer(p, p%1000 != 7)
		}
		m.settle()
		m.now = m.now.Add(time.Millisecond)
		m.pump()
	}
	if m.s.probing {
		t.Fatal("one poison event took the endpoint down")
	}
	if took := m.now.Sub(start); took > 2*time.Second {
		t.Fatalf("the others took %v", took)
	}
	if m.cursor != 5000 || len(m.table) != 5 {
		t.Fatal(m.cursor, m.table)
	}
}

// A dead endpoint: the cursor stops, the rows stay few, the attempts get rare, and the first answer brings all back.
func TestDeadEndpointCostsAFewRows(t *testing.T) {
	m := newModel(t)
	tries := 0
	end := start.Add(20 * time.Hour)
	for i := 0; m.now.Before(end); i++ {
		m.append("order/"+strconv.Itoa(i), "a")
		m.pump()
		for _, p := range m.inFlight() {
			tries++
			m.answer(p, false)
		}
		m.settle()
		m.pass(time.Minute)
	}
	if !m.s.probing {
		t.Fatal("the endpoint is not taken for down")
	}
	if len(m.table) > probeRows+maxFlights || m.most > probeRows+maxFlights {
		t.Fatalf("%d rows, %d at most", len(m.table), m.most)
	}
	if tries > 20*60/4+50 {
		t.Fatalf("%d attempts in 20 hours", tries)
	}
	recovered := m.now
	for len(m.landed) < len(m.log) && m.now.Before(recovered.Add(10*time.Minute)) {
		for _, p := range m.inFlight() {
			m.answer(p, true)
		}
		m.settle()
		if len(m.flying) == 0 {
			m.pass(time.Minute)
		}
	}
	if len(m.landed) != len(m.log) || m.s.probing || len(m.lost) > 0 {
		t.Fatalf("%d of %d landed, %v lost", len(m.landed), len(m.log), m.lost)
	}
	if took := m.now.Sub(recovered); took > probeCeiling*12/10 {
		t.Fatalf("it took %v", took)
	}
}

func TestOutageDoesNotEndAHold(t *testing.T) {
	m := newModel(t)
	for i := range 20 {
		m.append("order/"+strconv.Itoa(i/2), "a")
	}
	m.pump()
	for m.now.Before(start.Add(5 * time.Hour)) {
		for _, p := range m.inFlight() {
			m.answer(p, false)
		}
		m.settle()
		m.pass(time.Minute)
	}
	for len(m.landed) < 20 && m.now.Before(start.Add(6*time.Hour)) {
		for _, p := range m.inFlight() {
			m.answer(p, true)
		}
		m.pass(time.Minute)
	}
	for p := int64(1); p <= 20; p += 2 {
		if a, b := slices.Index(m.landed, p), slices.Index(m.landed, p+1); a < 0 || b < a {
			t.Errorf("position %d landed as number %d, the one before it as %d", p+1, b, a)
		}
	}
}

func TestRefusedConnectionsOfOneSubjectMeanDown(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.pump()
	for range downAfter {
		m.answerWith(1, outcome{connect: true})
		m.pass(time.Hour)
	}
	if !m.s.probing {
		t.Fatal("not probing")
	}
	m.answerWith(1, outcome{received: true})
	if m.s.probing || len(m.s.rows) != 0 {
		t.Fatal("still probing")
	}
}

func TestSlowHeadBecomesARow(t *testing.T) {
	m := newModel(t)
	for i := range 3 {
		m.append("order/"+strconv.Itoa(i%2), "a")
	}
	m.pump()
	m.answer(2, true)
	m.pass(headLimit)
	m.settle()
	if m.cursor != 3 || m.table[1].state != rowFlying || m.table[3].state != rowHeld {
		t.Fatal(m.cursor, m.table)
	}
	if want := start.Add(attemptTimeout + rowMargin); !m.table[1].at.Equal(want) {
		t.Fatal(m.table[1].at)
	}
	m.answer(1, true)
	m.answer(3, true)
	m.settle()
	if len(m.table) != 0 {
		t.Fatal(m.table)
	}
}

// The window is full and its head alone is slow: it must not wait for the head limit.
func TestHeadThatBlocksAFullWindowBecomesARowAtOnce(t *testing.T) {
	m := newModel(t)
	for i := range 3 * windowSize {
		m.append("order/"+strconv.Itoa(i), "a")
	}
	m.pump()
	for len(m.landed) < 3*windowSize-1 {
		did := false
		for _, p := range m.inFlight() {
			if p != 1 {
				m.answer(p, true)
				did = true
			}
		}
		m.settle()
		if !did && len(m.flying) == 1 {
			t.Fatalf("stuck after %d", len(m.landed))
		}
	}
	if !m.now.Equal(start) {
		t.Fatal("time passed")
	}
}

func TestChangeOfTheSubscriptionCancelsWhatItNoLongerWants(t *testing.T) {
	m := newModel(t)
	m.s.sub.names["b"] = 0
	m.append("order/1", "b")
	m.append("order/1", "a")
	m.append("order/2", "b")
	m.append("order/3", "a")
	m.pump()
	m.answer(1, false)
	m.s.change(testSub("a"))
	m.pass(time.Minute) // the row of "b" comes due and is dropped; "a" behind it is free
	for len(m.flying) > 0 {
		for _, p := range m.inFlight() {
			m.answer(p, true)
		}
		m.pass(time.Minute)
	}
	slices.Sort(m.landed)
	if m.tries[1] != 1 || !slices.Contains(m.landed, 2) || !slices.Contains(m.landed, 4) {
		t.Fatal(m.landed, m.tries)
	}
	m.settle()
	if m.cursor != 4 || len(m.table) != 0 {
		t.Fatal(m.cursor, m.table)
	}
}

func TestNameCountsFromItsOwnPosition(t *testing.T) {
	m := newModel(t)
	m.s.sub.names["b"] = 2
	for range 4 {
		m.append("order/1", "b")
	}
	m.append("order/2", "c")
	for range 10 {
		m.pump()
		for _, p := range m.inFlight() {
			m.answer(p, true)
		}
	}
	if !slices.Equal(m.landed, []int64{3, 4}) {
		t.Fatal(m.landed)
	}
	if m.s.cursor != 5 {
		t.Fatal(m.s.cursor)
	}
}

func TestEventThatCouldNotBeReadIsTriedAgain(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.append("order/1", "a")
	m.append("order/2", "a")
	m.pump()
	m.s.abort(1, m.now)
	delete(m.flying, 1)
	m.answer(3, true)
	if len(m.flying) != 0 {
		t.Fatal("it goes on at once")
	}
	m.pass(time.Hour)
	if got := m.inFlight(); !slices.Equal(got, []int64{1}) || m.flying[1].number != 1 {
		t.Fatal(got)
	}
	m.answer(1, false)
	m.pass(time.Hour)
	m.s.abort(1, m.now)
	delete(m.flying, 1)
	m.pass(time.Hour)
	m.answer(1, true)
	m.answer(2, true)
	m.settle()
	if m.cursor != 3 || len(m.table) != 0 {
		t.Fatal(m.cursor, m.table)
	}
}

// A long random history with failures, outages, slow answers, failing settlements and crashes: nothing is lost, order
// within a subject holds but for what the hold releases, and duplicates stay within the promise.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { randomHistory(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func randomHistory(t *testing.T, r *rand.Rand) {
	m := newModel(t)
	var downUntil time.Time
	bound, crashes := 0, 0
	count := 300 + r.IntN(3000)
	subjects := 1 + r.IntN(400)
	failRate := r.Float64() * 0.3
	for step := 0; ; step++ {
		if len(m.log) < count && r.IntN(3) > 0 {
			for range r.IntN(30) {
				name := "a"
				if r.IntN(4) == 0 {
					name = "z"
				}
				m.append("order/"+strconv.Itoa(r.IntN(subjects)), name)
			}
		}
		m.pump()
		flights := m.inFlight()
		r.Shuffle(len(flights), func(i, j int) { flights[i], flights[j] = flights[j], flights[i] })
		for _, p := range flights {
			if r.IntN(4) > 0 {
				m.answer(p, m.now.After(downUntil) && r.Float64() > failRate)
			}
		}
		switch r.IntN(40) {
		case 0:
			downUntil = m.now.Add(time.Duration(r.IntN(7200)) * time.Second)
		case 1:
			if len(m.log) < count {
				crashes++
				bound += windowSize + len(m.s.rows)
				m.crash()
			}
		case 2:
			x := m.s.take() // a settlement that fails
			m.s.unsettle(x)
		default:
			m.settle()
		}
		if r.IntN(3) == 0 || len(m.flying) == 0 {
			m.pass(time.Duration(r.IntN(60_000)) * time.Millisecond)
		}
		if len(m.log) >= count && m.s.cursor == int64(len(m.log)) && len(m.s.rows) == 0 {
			break
		}
		if step > 100_000 {
			t.Fatalf("no end: cursor %d of %d, %d rows, probing %v", m.s.cursor, len(m.log), len(m.s.rows), m.s.probing)
		}
	}
	m.settle()
	if m.most > maxRows+maxFlights {
		t.Fatalf("%d rows", m.most)
	}
	for subject, l := range m.s.lines {
		t.Errorf("line left: %s %+v", subject, *l)
	}
	landed := map[int64]int{}
	for _, p := range m.landed {
		landed[p]++
	}
	lost := map[int64]bool{}
	for _, x := range m.lost {
		for p := x.from; p <= x.to; p++ {
			lost[p] = true
		}
	}
	for _, e := range m.log {
		wanted := e.Name == "a"
		if got := landed[e.Position] > 0; got != wanted && !(wanted && lost[e.Position]) {
			t.Fatalf("position %d (%s %s) landed %d of %d times", e.Position, e.Subject, e.Name, landed[e.Position], m.tries[e.Position])
		}
	}
	if crashes == 0 {
		for p, n := range landed {
			if n > 1 {
				t.Fatalf("position %d landed %d times without a crash", p, n)
			}
		}
	}
	if twice := len(m.landed) - len(landed); twice > bound {
		t.Fatalf("%d duplicates, %d are the bound of %d crashes", twice, bound, crashes)
	}
}
