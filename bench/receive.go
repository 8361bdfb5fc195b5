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
}

// receive takes webhooks over plain HTTP until it is killed: any POST is answered 200, GET /stats tells what came.
func receive(listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	r := &receiver{ids: map[string]struct{}{}}
	return (&http.Server{Handler: r, ReadHeaderTimeout: time.Minute}).Serve(l)
}

type receiver struct {
	mu          sync.Mutex
	ids         map[string]struct{}
	first, last time.Time
	late        []time.Duration
}

var createTime = []byte(`"CreateTime":"`)

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
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
}

func (r *receiver) stats() received {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := received{Deliveries: len(r.late), Distinct: len(r.ids), Seconds: r.last.Sub(r.first).Seconds()}
	if s.Seconds > 0 {
		s.PerSecond = float64(s.Deliveries) / s.Seconds
	}
	s.MedianMs, s.P99Ms = quantiles(slices.Clone(r.late))
	return s
}

// quantiles sorts times and returns the median and the 99th percentile in milliseconds.
func quantiles(times []time.Duration) (median, p99 float64) {
	if len(times) == 0 {
		return 0, 0
	}
	slices.Sort(times)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return ms(times[len(times)/2]), ms(times[len(times)*99/100])
}
