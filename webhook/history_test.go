package webhook

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// A long random history with failures, outages, slow answers, failing settlements and crashes: nothing is lost, order
// within a subject holds but for what the hold releases, and duplicates stay within the promise.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { randomHistory(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

var statuses = []int{0, 422, 429, 500, 503}

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
				o := outcome{received: m.now.After(downUntil) && r.Float64() > failRate, took: 10 * time.Millisecond, status: 200}
				if !o.received {
					o.status = statuses[r.IntN(len(statuses))]
					o.wait = time.Duration(r.IntN(8)/7*r.IntN(900)) * time.Second
				}
				if r.IntN(500) == 0 {
					o = outcome{status: http.StatusGone, gone: true}
				}
				m.answerWith(p, o)
			}
		}
		if m.s.gone {
			if r.IntN(2) == 0 {
				m.restart()
			} else {
				m.set(func(*Subscription) {}) // a person was faster
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
		case 3:
			m.set(func(s *Subscription) {
				s.pausedAt = time.Time{}
				if r.IntN(2) == 0 {
					s.pausedAt = m.now
				}
			})
		case 4:
			m.set(func(s *Subscription) { s.settings.RatePerSecond = r.IntN(3) * r.IntN(20) })
		case 2:
			x := m.s.take() // a settlement that fails
			m.s.unsettle(x)
		default:
			m.settle()
		}
		if r.IntN(3) == 0 || len(m.flying) == 0 {
			m.pass(time.Duration(r.IntN(60_000)) * time.Millisecond)
		}
		if len(m.log) >= count && m.s.paused() && r.IntN(20) == 0 {
			m.set(func(s *Subscription) { s.pausedAt = time.Time{} })
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
	for _, e := range m.log {
		wanted := e.Name == "a"
		if got := landed[e.Position] > 0; got != wanted && !(wanted && m.gone[e.Position]) {
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
