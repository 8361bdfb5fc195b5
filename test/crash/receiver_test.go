package crash

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// receiver is an integration that takes every webhook and counts them by order and by event.
type receiver struct {
	url string

	mu     sync.Mutex
	orders map[int]int
	events map[string]int
	wrong  []string
	wake   chan struct{}
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{orders: map[int]int{}, events: map[string]int{}, wake: make(chan struct{})}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	r.url = s.URL + "/hook"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	raw, err := io.ReadAll(q.Body)
	if err != nil {
		return // the sender was killed in the middle
	}
	var body struct {
		Type string
		Body struct {
			EventName, FlipdishEventId string
			Order                      struct{ OrderId int }
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := json.Unmarshal(raw, &body); err != nil || body.Type != "order.created" || body.Body.Order.OrderId == 0 ||
		q.Header.Get("X-Verify-Token") != "kill-9" || q.Header.Get("Webhook-Signature") == "" {
		r.wrong = append(r.wrong, string(raw))
	}
	r.orders[body.Body.Order.OrderId]++
	r.events[body.Body.FlipdishEventId]++
	close(r.wake)
	r.wake = make(chan struct{})
	w.WriteHeader(http.StatusNoContent)
}

// await waits until each of the orders was delivered.
func (r *receiver) await(t *testing.T, orders ...acknowledgement) {
	t.Helper()
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		missing := 0
		for _, o := range orders {
			if r.orders[o.id] == 0 {
				missing++
			}
		}
		wake, wrong := r.wake, r.wrong
		r.mu.Unlock()
		if len(wrong) > 0 {
			t.Fatalf("a delivery is not as it should be: %s", wrong[0])
		}
		if missing == 0 {
			return
		}
		select {
		case <-wake:
		case <-deadline:
			t.Fatalf("%d of %d orders were not delivered within %s", missing, len(orders), patience)
		}
	}
}

func (r *receiver) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, count := range r.events {
		n += count
	}
	return n
}

// repeated is how many deliveries brought an event that had come before.
func (r *receiver) repeated() int {
	total := r.total()
	r.mu.Lock()
	defer r.mu.Unlock()
	return total - len(r.events)
}
