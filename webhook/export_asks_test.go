package webhook

import "golang.org/x/time/rate"

// Unhurried lets the callers of a test have as many verifications and tests as they like.
func (w *Webhooks) Unhurried() {
	w.asks.mu.Lock()
	defer w.asks.mu.Unlock()
	for id := range 10_000 {
		w.asks.by[id] = rate.NewLimiter(rate.Inf, asksAtOnce)
	}
}
