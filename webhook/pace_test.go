package webhook

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"
)

// set changes the subscription under the stream.
func (m *model) set(change func(*Subscription)) {
	sub := *m.s.sub
	sub.Revision++
	change(&sub)
	m.s.change(&sub)
	m.pump()
}

func TestPaceBoundsAllAttempts(t *testing.T) {
	for _, perSecond := range []int{1, 3, 50} {
		t.Run(strconv.Itoa(perSecond), func(t *testing.T) {
			m := newModel(t)
			m.set(func(s *Subscription) { s.settings.RatePerSecond = perSecond })
			for i := range 300 {
				m.append("order/"+strconv.Itoa(i), "a")
			}
			m.pump()
			var started []time.Time
			for n := 0; len(m.landed) < 290; n++ {
				for _, p := range m.inFlight() {
					started = append(started, m.now)
					m.answer(p, n%3 != 0) // retries count too
				}
				m.settle()
				m.pass(time.Minute)
			}
			burst := max(1, perSecond/burstPart)
			for i := range started {
				n := 0
				for _, s := range started[i:] {
					if s.Sub(started[i]) < time.Second {
						n++
					}
				}
				if n > perSecond+burst {
					t.Fatalf("%d attempts within a second from %v", n, started[i].Sub(start))
				}
			}
			if took := started[289].Sub(start); took > time.Duration(float64(300)/float64(perSecond)*1.2*float64(time.Second)) {
				t.Errorf("290 attempts took %v", took)
			}
		})
	}
}

func TestBusyEndpointIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	for _, c := range []struct {
		name      string
		status    int
		ask, want time.Duration
	}{
		{"429", http.StatusTooManyRequests, 90 * time.Second, 90 * time.Second},
		{"503", http.StatusServiceUnavailable, 20 * time.Minute, 20 * time.Minute},
		{"too long", http.StatusServiceUnavailable, 9 * time.Hour, maxEndpointHold},
		{"another failure", http.StatusInternalServerError, 90 * time.Second, 0},
		{"did not ask", http.StatusServiceUnavailable, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newModel(t)
			m.append("order/1", "a")
			m.pump()
			m.answerWith(1, outcome{status: c.status, wait: c.ask})
			m.append("order/2", "a")
			m.pump()
			m.idle(2 * time.Hour)
			if got := m.now.Sub(start); got != c.want || len(m.flying) == 0 {
				t.Fatal(got, m.inFlight())
			}
		})
	}
}

// Down or not, what an endpoint asked to wait for is not what it is probed with.
func TestProbesHonourRetryAfter(t *testing.T) {
	m := newModel(t)
	for i := range 5 {
		m.append("order/"+strconv.Itoa(i), "a")
	}
	m.pump()
	for range 5 {
		m.answerWith(m.inFlight()[0], outcome{status: 500, wait: time.Hour})
	}
	if !m.s.probing {
		t.Fatal("it is not down")
	}
	m.idle(2 * time.Hour)
	if got := m.now.Sub(start); got != time.Hour {
		t.Fatal(got)
	}
}

func TestPausedStreamStartsNothingAndKeepsTheSequence(t *testing.T) {
	m := newModel(t)
	for i := range 40 {
		m.append("order/"+strconv.Itoa(i%4), "a")
	}
	m.pump()
	m.answer(1, false)
	m.set(func(s *Subscription) { s.pausedAt = m.now })
	for _, p := range m.inFlight() {
		m.answer(p, true) // what was in flight ends
	}
	m.settle()
	landed := len(m.landed)
	for m.now.Before(start.Add(23 * time.Hour)) {
		m.pass(time.Hour)
		m.settle()
		if len(m.flying) > 0 {
			t.Fatal("it starts", m.inFlight())
		}
	}
	m.set(func(s *Subscription) { s.pausedAt = time.Time{} })
	for len(m.flying) > 0 {
		for _, p := range m.inFlight() {
			m.answer(p, true)
		}
		m.settle()
	}
	if len(m.landed) != 40 || landed > 5 || len(m.lost) != 0 || m.cursor != 40 || len(m.table) != 0 {
		t.Fatal(len(m.landed), landed, m.lost, m.cursor, m.table)
	}
}

func TestExpiryGoesOnWhilePaused(t *testing.T) {
	m := newModel(t)
	for i := range 2000 { // far more than a window
		name := "a"
		if i%5 == 4 {
			name = "z"
		}
		m.append("order/"+strconv.Itoa(i%7), name)
	}
	m.pump()
	m.answer(1, false)
	m.set(func(s *Subscription) { s.pausedAt = m.now })
	for _, p := range m.inFlight() {
		m.answer(p, false)
	}
	m.now = start.Add(23 * time.Hour)
	for i := range 10 {
		m.append("order/"+strconv.Itoa(i), "a")
	}
	for m.now.Before(start.Add(24*time.Hour + time.Minute)) {
		m.pass(time.Minute)
		m.settle()
	}
	for range 2000 {
		m.settle()
	}
	if m.cursor != 2000 || len(m.table) != 0 || len(m.gone) != 1600 || len(m.landed) != 0 {
		t.Fatal(m.cursor, len(m.table), len(m.gone), m.landed)
	}
	if len(m.lost) > 500 {
		t.Errorf("%d ranges", len(m.lost))
	}
	m.set(func(s *Subscription) { s.pausedAt = time.Time{} })
	m.idle(time.Minute)
	if got := m.inFlight(); !slices.Equal(got, []int64{2001, 2002}) {
		t.Fatal(got)
	}
}

func TestEndpointThatIsGoneGetsNothingMore(t *testing.T) {
	m := newModel(t)
	for i := range 10 {
		m.append("order/"+strconv.Itoa(i), "a")
	}
	m.pump()
	m.answerWith(1, outcome{status: http.StatusGone, gone: true})
	for _, p := range m.inFlight() {
		m.answer(p, true)
	}
	m.pass(time.Hour)
	if len(m.flying) != 0 {
		t.Fatal(m.inFlight())
	}
	m.set(func(s *Subscription) { s.CallbackURL = "https://elsewhere.example" }) // a person was faster than the disabling
	m.idle(time.Hour)
	if len(m.flying) == 0 {
		t.Fatal("nothing starts")
	}
}

// It turns away the first event of every order with a 422, and takes the later ones: they are held for as long as the
// rules say, and not for a day.
func TestEndpointThatTurnsFirstEventsAwayGetsTheLaterOnes(t *testing.T) {
	for name, gap := range map[string]time.Duration{"quiet": time.Minute, "busy": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			m := newModel(t)
			m.s.sub.names["first"] = 0
			landed, worst, count := 0, time.Duration(0), 0
			for m.now.Before(start.Add(5 * time.Hour)) {
				if m.now.Before(start.Add(4 * time.Hour)) {
					count++
					m.append("order/"+strconv.Itoa(count), "first")
					m.append("order/"+strconv.Itoa(count), "a")
				}
				m.pump()
				for end := m.now.Add(gap); m.now.Before(end); m.pass(end.Sub(m.now)) {
					for len(m.flying) > 0 {
						for _, p := range m.inFlight() {
							o := outcome{received: m.log[p-1].Name == "a", took: time.Millisecond, status: 200}
							if !o.received {
								o.status = http.StatusUnprocessableEntity
							}
							m.answerWith(p, o)
						}
						m.settle()
					}
				}
				for ; landed < len(m.landed); landed++ {
					worst = max(worst, m.now.Sub(m.log[m.landed[landed]-1].Created))
				}
			}
			if landed != count || worst > time.Hour {
				t.Errorf("%d of %d came, after %v at most", landed, count, worst)
			}
			t.Logf("%d of %d came, after %v at most; %d ranges given up", landed, count, worst, len(m.lost))
		})
	}
}

// A pause, or an endpoint that asked to be left alone, leaves no room for new events, but it is no reason to lose old ones.
func TestNothingIsGivenUpForRoomWhileNothingIsSent(t *testing.T) {
	for name, stop := range map[string]func(*model){
		"paused": func(m *model) { m.set(func(s *Subscription) { s.pausedAt = m.now }) },
		"held": func(m *model) {
			m.append("order/last", "a")
			m.pump()
			for last := int64(len(m.log)); m.flying[last] == (attempt{}); m.settle() { // what is tried again may have all places
				for _, p := range m.inFlight() {
					m.answerWith(p, outcome{status: 400})
				}
			}
			m.answerWith(int64(len(m.log)), outcome{status: http.StatusServiceUnavailable, wait: time.Hour})
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel(t)
			for i := range 500 {
				m.append("order/"+strconv.Itoa(i), "a")
			}
			m.pump()
			end := m.now.Add(5 * time.Minute)
			for m.now.Before(end) { // every other one is turned away
				for _, p := range m.inFlight() {
					m.answerWith(p, outcome{received: p%2 == 0, status: 400})
				}
				m.settle()
				m.pass(end.Sub(m.now))
			}
			for _, p := range m.inFlight() {
				m.answerWith(p, outcome{status: 400})
			}
			m.settle()
			if len(m.s.rows) != 250 || m.s.probing {
				t.Fatal(len(m.s.rows), m.s.probing)
			}
			stop(m)
			for i := range 20 { // later events of the orders that wait
				m.append("order/"+strconv.Itoa(2*i), "a")
			}
			m.pump()
			for range 10 {
				m.settle()
				m.pass(time.Minute)
			}
			if m.settle(); len(m.lost) > 0 {
				t.Fatal("given up", m.lost)
			}
		})
	}
}

func TestPaceOutlivesAClockThatIsSetBack(t *testing.T) {
	m := newModel(t)
	m.set(func(s *Subscription) { s.settings.RatePerSecond = 1 })
	for i := range 20 {
		m.append("order/"+strconv.Itoa(i), "a")
	}
	m.pump()
	run := func(d time.Duration) {
		for end := m.now.Add(d); m.now.Before(end); m.pass(end.Sub(m.now)) {
			for _, p := range m.inFlight() {
				m.answer(p, true)
			}
			m.settle()
		}
	}
	run(5 * time.Second)
	was := len(m.landed)
	m.now = m.now.Add(-time.Hour)
	run(5 * time.Second)
	if n := len(m.landed) - was; n < 4 || n > 6 {
		t.Errorf("%d within five seconds of the hour before", n)
	}
}
