package webhook

import (
	"strconv"
	"testing"
	"time"

	"comanda/event"
)

// BenchmarkStream measures the pure stream: an event is pushed, handed out, answered and settled, in rounds of a window's
// half, with nothing around it. One op is one event.
func BenchmarkStream(b *testing.B) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	sub := testSub("a")
	events := make([]event.Event, windowSize/2)
	for i := range events {
		events[i].Record = event.Record{Name: "a", Subject: "order/" + strconv.Itoa(i), Created: now}
	}
	s := newStream(sub, 0, nil, health{})
	done := 0
	b.ReportAllocs()
	for b.Loop() {
		e := &events[done%len(events)]
		done++
		e.Position = int64(done)
		s.push(e)
		a, ok := s.next(now)
		if !ok {
			b.Fatal("no attempt for ", done)
		}
		s.finish(a.position, outcome{received: true, took: time.Millisecond, status: 200}, now)
		s.advance(now)
		if done%len(events) == 0 {
			s.settled(s.take())
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
