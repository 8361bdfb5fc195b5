package webhook

import "sync/atomic"

// Stats are a node's numbers since it started.
type Stats struct {
	Received int64 // attempts answered with 2xx
	Failed   int64 // attempts that were not
	Expired  int64 // events given up after the retry window
	Unlogged int64 // attempts that the attempt log could not take
	Streams  int64 // subscriptions that this node delivers to now
	Down     int64 // of them, those whose endpoint is probed because it is down
}

// tally counts on the way.
type tally struct{ received, failed, expired atomic.Int64 }

func (t *tally) count(received bool) {
	if received {
		t.received.Add(1)
	} else {
		t.failed.Add(1)
	}
}

// Stats reads the numbers.
func (w *Webhooks) Stats() Stats {
	s := Stats{Received: w.tally.received.Load(), Failed: w.tally.failed.Load(), Expired: w.tally.expired.Load()}
	w.attempts.mu.Lock()
	s.Unlogged = w.attempts.lost
	w.attempts.mu.Unlock()
	for _, d := range w.changed.dispatchers() {
		for _, p := range d.all() {
			s.Streams++
			p.mu.Lock()
			if p.s.probing {
				s.Down++
			}
			p.mu.Unlock()
		}
	}
	return s
}
