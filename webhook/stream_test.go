package webhook

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

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
		m.idle(24 * time.Hour)
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
	m.idle(24 * time.Hour)
	if got := m.now.Sub(start); got != 17*time.Minute {
		t.Fatal(got)
	}
	m.answerWith(1, outcome{wait: 48 * time.Hour})
	for m.now.Before(start.Add(24 * time.Hour)) {
		m.pass(24 * time.Hour)
	}
	if got := m.now.Sub(start); got != 24*time.Hour || len(m.flying) != 0 || m.givenUp(1) == false {
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
	if few := probeRows + tries/probeEvery + downAfter + minFlights; len(m.table) > few || m.most > few {
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

// An endpoint that never takes one kind of event gets all others soon, however long that goes on; only what it rejects
// is given up, and not before its place is needed.
func TestEndpointThatRejectsOneKindGetsTheOthersSoon(t *testing.T) {
	for name, every := range map[string]int{"one in five": 5, "every other": 2} {
		t.Run(name, func(t *testing.T) {
			m := newModel(t)
			m.s.sub.names["bad"] = 0
			const gap = 10 * time.Second
			landed, worst := 0, time.Duration(0)
			for i := 0; m.now.Before(start.Add(8 * time.Hour)); i++ {
				kind := "a"
				if i%every == 0 {
					kind = "bad"
				}
				subject := strconv.Itoa(i / 2)
				if every == 2 {
					subject = strconv.Itoa(i)
				}
				m.append("order/"+subject, kind)
				m.pump()
				for end := m.now.Add(gap); m.now.Before(end); m.pass(end.Sub(m.now)) {
					for len(m.flying) > 0 {
						for _, p := range m.inFlight() {
							m.answer(p, m.log[p-1].Name == "a")
						}
						m.settle()
					}
				}
				for ; landed < len(m.landed); landed++ {
					p := m.landed[landed]
					if p%2 == 1 || every == 2 || m.log[p-2].Name == "a" { // not held behind one that is rejected
						worst = max(worst, m.now.Sub(m.log[p-1].Created))
					}
				}
			}
			good := 0
			for _, e := range m.log {
				if e.Name == "a" && m.now.Sub(e.Created) > orderHold+2*time.Minute {
					if good++; !m.got[e.Position] {
						t.Fatalf("position %d of %d did not come", e.Position, len(m.log))
					}
				}
			}
			if worst > time.Minute {
				t.Errorf("an event that nothing held waited for %v", worst)
			}
			if len(m.lost) == 0 || len(m.s.rows) > maxRows+maxFlights {
				t.Errorf("%d ranges given up, %d rows, of %d good events", len(m.lost), len(m.s.rows), good)
			}
		})
	}
}

// In an outage nothing is given up, and when it ends every event has another attempt first.
func TestOutageGivesUpNothing(t *testing.T) {
	m := newModel(t)
	for i := range 600 {
		m.append("order/"+strconv.Itoa(i%7), "a") // more than there are rows waits behind what failed
	}
	m.pump()
	for m.now.Before(start.Add(6 * time.Hour)) {
		for _, p := range m.inFlight() {
			m.answer(p, false)
		}
		m.settle()
		m.pass(time.Minute)
	}
	if len(m.s.rows) < maxRows {
		t.Fatalf("%d rows", len(m.s.rows))
	}
	for m.now.Before(start.Add(7 * time.Hour)) {
		for _, p := range m.inFlight() {
			m.answer(p, true)
		}
		m.settle()
		if len(m.flying) == 0 {
			m.pass(time.Minute)
		}
	}
	if len(m.got) != 600 || len(m.lost) != 0 {
		t.Fatalf("%d of 600 came, %v were given up", len(m.got), m.lost)
	}
}

// Of what waits for the same instant, as all that failed does after an outage, the oldest is tried first, in whatever sequence
// it came to wait. The first one here has been asked to wait for longer.
func TestOfWhatIsDueAtOneInstantTheOldestGoesFirst(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for range 50 {
		var rows []*row
		for i := range 9 {
			rows = append(rows, &row{position: int64(i + 1), subject: strconv.Itoa(i), state: rowDue, created: now, at: now.Add(time.Hour)})
		}
		rows[0].asked = now.Add(time.Minute)
		s := newStream(testSub("a"), 9, rows, health{})
		for _, i := range rand.Perm(len(rows)) {
			s.plan(rows[i], rowDue, now)
		}
		if got := s.soonest(now); got == nil || got.position != 2 {
			t.Fatalf("got %+v", got)
		}
	}
}
