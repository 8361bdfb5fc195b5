package webhook

import (
	"strconv"
	"testing"
	"time"

	"comanda/wire"
)

// until answers everything up to an instant, and settles after each answer.
func (m *model) until(end time.Time, received func(p int64) bool) {
	for m.now.Before(end) {
		for _, p := range m.inFlight() {
			m.answer(p, received(p))
		}
		m.settle()
		m.pass(end.Sub(m.now))
	}
}

func TestOwnerIsToldOncePerOutage(t *testing.T) {
	m := newModel(t)
	never, always := func(int64) bool { return false }, func(int64) bool { return true }
	m.append("order/1", "a")
	m.pump()
	m.until(start.Add(alertAfter-time.Second), never)
	if len(m.told) != 0 {
		t.Fatal("told too early", m.told)
	}
	m.until(start.Add(alertAfter+time.Second), never)
	if len(m.told) != 1 || m.told[0].kind != noticeFailing || !m.told[0].mail || !m.told[0].since.Equal(start) {
		t.Fatal(m.told)
	}
	m.crash() // another node goes on
	m.append("order/2", "a")
	m.pump()
	m.until(start.Add(3*time.Hour), never)
	if len(m.told) != 1 || !m.health.failingSince.Equal(start) {
		t.Fatal(m.told, m.health)
	}
	m.until(start.Add(6*time.Hour), always)
	if len(m.told) != 2 || m.told[1].kind != noticeRecovered || !m.told[1].mail || !m.told[1].since.Equal(start) {
		t.Fatal(m.told)
	}
	if !m.health.failingSince.IsZero() || m.health.lastSuccess.IsZero() {
		t.Fatal(m.health)
	}
}

// A crash before the alert does not make the outage begin anew.
func TestOutageOutlivesItsNode(t *testing.T) {
	m := newModel(t)
	m.append("order/1", "a")
	m.pump()
	never := func(int64) bool { return false }
	m.until(start.Add(3*time.Minute), never)
	m.crash()
	m.until(start.Add(alertAfter+time.Minute), never)
	if len(m.told) != 1 || !m.told[0].since.Equal(start) {
		t.Fatal(m.told)
	}
}

func TestMailsAreSpacedWhenAnEndpointFlaps(t *testing.T) {
	m := newModel(t)
	mails, events := 0, 0
	for i := 0; m.now.Before(start.Add(6 * time.Hour)); i++ {
		m.append("order/"+strconv.Itoa(i), "a")
		m.pump()
		up := m.now.Add(8 * time.Minute)
		m.until(up.Add(12*time.Minute), func(int64) bool { return !m.now.Before(up) })
	}
	for _, n := range m.told {
		events++
		if n.mail {
			mails++
		}
	}
	if events < 30 || mails > 2*7 {
		t.Errorf("%d events, %d mails", events, mails)
	}
}

// One event that is turned away again and again is no outage while others are received.
func TestPoisonEventIsNoOutage(t *testing.T) {
	m := newModel(t)
	for i := range 20 {
		m.append("order/"+strconv.Itoa(i), "a")
		m.pump()
		m.until(m.now.Add(30*time.Minute), func(p int64) bool { return p != 1 })
	}
	if len(m.told) != 2 || m.told[0].kind != noticeFailing || m.told[1].kind != noticeRecovered { // before the others came
		t.Fatal(m.told)
	}
}

// Our own events are delivered, but what becomes of them makes no news: else they would multiply.
func TestNewsAboutDeliveryMakeNoNews(t *testing.T) {
	m := newModel(t)
	m.s.sub.names[wire.OwnGroup] = 0
	m.append("webhook_subscription/1", "webhook_subscription.failing")
	m.append("webhook_subscription/2", "webhook_subscription.expired")
	m.pump()
	m.until(start.Add(30*time.Hour), func(int64) bool { return false })
	if len(m.told) != 0 || len(m.gone) != 2 {
		t.Fatal(m.told, m.gone)
	}
}

func TestExpiryIsToldOnceAnHour(t *testing.T) {
	m := newModel(t)
	for i := range 300 {
		m.now = start.Add(time.Duration(i) * time.Minute)
		m.append("order/"+strconv.Itoa(i), "a")
	}
	m.now = start
	m.pump()
	m.until(start.Add(40*time.Hour), func(int64) bool { return false })
	var last span
	n := 0
	for _, x := range m.told {
		if x.kind != noticeExpired {
			continue
		}
		n++
		if x.span.from > x.span.to || x.span.to <= last.to {
			t.Errorf("%v after %v", x.span, last)
		}
		last = x.span
	}
	if n < 4 || n > 8 || last.to != 300 || len(m.gone) != 300 {
		t.Errorf("%d notices, the last %v, %d gone", n, last, len(m.gone))
	}
}

// While all goes well, health rides along once in a while and asks for nothing of its own.
func TestHealthIsStoredLazily(t *testing.T) {
	m := newModel(t)
	stored := 0
	for i := range 1000 {
		m.append("order/"+strconv.Itoa(i), "a")
		m.pump()
		m.answer(m.inFlight()[0], true)
		was := m.health.lastAttempt
		m.settle()
		if !m.health.lastAttempt.Equal(was) {
			stored++
		}
		m.now = m.now.Add(10 * time.Millisecond)
	}
	if stored > 3 {
		t.Errorf("%d times in ten seconds", stored)
	}
	last := m.now.Add(-10 * time.Millisecond)
	m.pass(healthGap)
	m.settle()
	if !m.health.lastSuccess.Equal(last) {
		t.Errorf("%v, want %v", m.health.lastSuccess, last)
	}
}

// What is given up and what the owner is still to be told of it are stored together.
func TestExpiredEventsAreToldAfterACrash(t *testing.T) {
	m := newModel(t)
	m.set(func(s *Subscription) { s.pausedAt = m.now })
	for i := range 3 {
		m.append("order/"+strconv.Itoa(i), "a")
		m.pump()
		m.now = m.now.Add(10 * time.Minute)
	}
	for m.now.Before(start.Add(retryWindow + 25*time.Minute)) {
		m.pass(time.Minute)
		m.settle()
	}
	if len(m.told) != 1 || m.told[0].span != (span{1, 1}) || len(m.gone) != 3 {
		t.Fatal(m.told, m.gone)
	}
	m.crash()
	for m.now.Before(start.Add(retryWindow + 2*time.Hour)) {
		m.pass(time.Minute)
		m.settle()
	}
	if len(m.told) != 2 || m.told[1].span != (span{2, 3}) {
		t.Fatal(m.told)
	}
}
