package webhook

import (
	"testing"
	"time"
)

// Found by the simulation: the second event of a subject failed and was stored, the first came, but a crash forgot that.
// Then the third was planned behind the first, which never failed.
func TestHoldEndsAfterARestartThatPutTheRowsInSequence(t *testing.T) {
	m := newModel(t)
	for range 3 {
		m.append("order/1", "a")
	}
	m.cursor = 3
	for position, r := range map[int64]row{
		1: {state: rowHeld, at: start.Add(orderHold)},
		2: {state: rowDue, at: start.Add(time.Second), attempts: 1, firstFailed: start},
		3: {state: rowHeld},
	} {
		r.position, r.subject, r.name, r.created = position, "order/1", "a", start
		m.table[position] = r
	}
	m.got[1], m.failed[2] = true, start
	m.crash()
	for m.now.Before(start.Add(2 * orderHold)) {
		for _, p := range m.inFlight() {
			m.answer(p, p != 2)
		}
		m.pass(time.Minute)
	}
	if !m.got[3] {
		t.Fatalf("after %v came %v", m.now.Sub(start), m.landed)
	}
}

// Found by the simulation: a held row was due again at once, for ever.
func TestNoHoldInAnOutage(t *testing.T) {
	m := newModel(t)
	none := 0
	m.s.sub.settings.HoldSeconds = &none
	for _, subject := range []string{"order/1", "order/1", "order/2", "order/2", "order/3", "order/3"} {
		m.append(subject, "a")
	}
	m.pump()
	for m.now.Before(start.Add(time.Hour)) {
		for _, p := range m.inFlight() {
			m.answer(p, false)
		}
		m.settle()
		m.pass(time.Minute)
	}
	if !m.s.probing {
		t.Fatal("the endpoint is not taken for down")
	}
}
