package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// received is what a receiver saw so far.
type received struct {
	Deliveries int     // requests
	Distinct   int     // different webhook-id
	Seconds    float64 // from the first to the last
	PerSecond  float64
	MedianMs   float64 // from the event's CreateTime to its arrival
	P99Ms      float64
	First      int64 // Unix µs
}

// arrival is when an order's event was made and when it came first, Unix µs.
type arrival struct{ Made, Came int64 }

// hangPath is where a POST is never answered.
const hangPath = "/hang"

// receive takes webhooks over plain HTTP until it is killed: any POST but to hangPath is answered 200, GET /stats tells
// what came, GET /orders the arrivals by order.
func receive(listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	r := &receiver{ids: map[string]struct{}{}, orders: map[int64]arrival{}}
	return (&http.Server{Handler: r, ReadHeaderTimeout: time.Minute}).Serve(l)
}

type receiver struct {
	mu          sync.Mutex
	ids         map[string]struct{}
	first, last time.Time
	late        []time.Duration
	orders      map[int64]arrival
}

var createTime = []byte(`"CreateTime":"`)

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.URL.Path == hangPath:
		_, _ = io.Copy(io.Discard, req.Body)
		<-req.Context().Done()
		return
	case req.URL.Path == "/orders":
		r.mu.Lock()
		defer r.mu.Unlock()
		_ = json.NewEncoder(w).Encode(r.orders)
		return
	case req.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode(r.stats())
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := time.Now()
	var late time.Duration
	if _, rest, ok := bytes.Cut(body, createTime); ok {
		text, _, _ := bytes.Cut(rest, []byte(`"`))
		if at, err := time.Parse(time.RFC3339, string(text)); err == nil {
			late = now.Sub(at)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first.IsZero() {
		r.first = now
	}
	r.last = now
	r.ids[req.Header.Get("webhook-id")] = struct{}{}
	r.late = append(r.late, late)
	if id := orderID(body); id != 0 {
		if _, twice := r.orders[id]; !twice {
			r.orders[id] = arrival{now.Add(-late).UnixMicro(), now.UnixMicro()}
		}
	}
}

func (r *receiver) stats() received {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := received{Deliveries: len(r.late), Distinct: len(r.ids), Seconds: r.last.Sub(r.first).Seconds()}
	if !r.first.IsZero() {
		s.First = r.first.UnixMicro()
	}
	if s.Seconds > 0 {
		s.PerSecond = float64(s.Deliveries) / s.Seconds
	}
	late := slices.Clone(r.late)
	s.MedianMs, s.P99Ms = quantile(late, 0.5), quantile(late, 0.99)
	return s
}

// quantile sorts times and returns the one that a share of them does not exceed, in milliseconds.
func quantile(times []time.Duration, share float64) float64 {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return float64(times[int(float64(len(times)-1)*share)].Microseconds()) / 1000
}
