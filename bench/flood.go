package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	orderRate   = 40 // a second, well below what the server can do
	tryRate     = 50
	floodRounds = 6
)

// The outcomes of trying a password, apart from failures.
const (
	triedWrong = "answered" // 401: a password hash was computed
	triedBusy  = "busy"     // 429: too many people sign in at this moment
	triedOften = "delayed"  // 429: this address or person has to wait
)

// steadied is the outcome of a load at a fixed rate. Times count from when a request was due, so that one that had to
// wait for another counts in full.
type steadied struct {
	Done    map[string]int
	P50Ms   float64
	P95Ms   float64
	P99Ms   float64
	MaxMs   float64
	Failed  int
	Failure string
	Placed  map[int64]int64 `json:",omitempty"` // order → when its answer was read, Unix µs
}

// steady sends a request every 1/rate s for a period, whatever becomes of the others, and prints what came of it. block
// numbers the addresses that passwords are tried from: 0 = another one for each, else all from that one.
func steady(data, name string, rate int, period time.Duration, block int) error {
	s, err := readSeeded(data)
	if err != nil {
		return err
	}
	roots, err := s.roots()
	if err != nil {
		return err
	}
	client := newClient(roots)
	base := uint32(time.Now().UnixMilli()) // other addresses than the last time
	out := steadied{Done: map[string]int{}, Placed: map[int64]int64{}}
	var mu sync.Mutex
	do := map[string]func(turn int) (string, error){
		"orders": func(turn int) (string, error) {
			id, err := placeOne(client, s.BaseURL, &s.Brands[turn%len(s.Brands)])
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				out.Placed[id] = time.Now().UnixMicro()
			}
			return "placed", err
		},
		"passwords": func(turn int) (string, error) {
			from := base + uint32(turn)
			if block > 0 {
				from = uint32(block)
			}
			return try(client, s.BaseURL, netip.AddrFrom4([4]byte{10, byte(from >> 16), byte(from >> 8), byte(from)}))
		},
	}[name]
	if do == nil {
		return fmt.Errorf("there is no work %q", name)
	}
	var times []time.Duration
	var wg sync.WaitGroup
	begin, pause := time.Now(), time.Second/time.Duration(rate)
	for turn := range int(period / pause) {
		due := begin.Add(time.Duration(turn) * pause)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			how, err := do(turn)
			took := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				out.Failed++
				out.Failure = err.Error()
				return
			}
			out.Done[how]++
			times = append(times, took)
		})
	}
	wg.Wait()
	out.P50Ms, out.P95Ms, out.P99Ms, out.MaxMs = quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99), quantile(times, 1)
	return json.NewEncoder(os.Stdout).Encode(out)
}

// try signs in as somebody new with a password that is wrong.
func try(c *http.Client, base string, from netip.Addr) (string, error) {
	body := fmt.Sprintf(`{"Email":"%s@example.com","Password":"not the right one"}`, uuid.NewString())
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1.0/accounts/login", bytes.NewReader([]byte(body)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", from.String())
	status, answer, _, err := send(c, req)
	switch {
	case err != nil:
		return "", err
	case status == http.StatusUnauthorized:
		return triedWrong, nil
	case status == http.StatusTooManyRequests && bytes.Contains(answer, []byte("Too many people")):
		return triedBusy, nil
	case status == http.StatusTooManyRequests:
		return triedOften, nil
	}
	return "", fmt.Errorf("%d: %.300s", status, answer)
}

// flood measures the latency of orders at a steady rate while nobody signs in, while wrong passwords come from many
// addresses, and while they come from one: in turn, round after round.
func (b *bench) flood() error {
	c, remove, err := b.install("flood")
	if err != nil {
		return err
	}
	defer remove()
	c.BehindProxy = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} // the flood says in a header where it comes from
	if err := seed(context.Background(), sowing{config: c, brands: b.nBrands}); err != nil {
		return err
	}
	p, _, err := b.serve(c, "flood")
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	names := []string{"quiet", "many addresses", "one address"}
	orders, tries := map[string][]steadied{}, map[string][]steadied{}
	cpu := map[string][]float64{}
	for round := range floodRounds + 1 {
		for i := range names {
			i = (i + round) % len(names)
			block := 0
			if names[i] == "one address" {
				block = round + 1
			}
			before, err := p.cpu()
			if err != nil {
				return err
			}
			placed, tried, err := b.together(c.Data, names[i] != "quiet", block)
			if err != nil {
				return err
			}
			after, err := p.cpu()
			if err != nil {
				return err
			}
			if round == 0 {
				continue // to warm up
			}
			orders[names[i]], tries[names[i]] = append(orders[names[i]], placed), append(tries[names[i]], tried)
			cpu[names[i]] = append(cpu[names[i]], 100*(after-before).Seconds()/b.period.Seconds())
		}
	}
	for _, name := range names {
		b.print("%d orders/s, sign-ins: %-14s %s; server %s %% of a core", orderRate, name+":", latencies(orders[name]), spread(cpu[name], 0))
		if name != "quiet" {
			b.print("  %d sign-ins/s tried: %s", tryRate, latencies(tries[name]))
		}
	}
	return nil
}

// together places orders, and tries passwords beside it where that is asked for.
func (b *bench) together(data string, flooded bool, block int) (placed, tried steadied, err error) {
	var wg sync.WaitGroup
	var failed error
	if flooded {
		wg.Go(func() {
			failed = b.part(&tried, "steady", data, "passwords", strconv.Itoa(tryRate), b.period.String(), strconv.Itoa(block))
		})
	}
	err = b.part(&placed, "steady", data, "orders", strconv.Itoa(orderRate), b.period.String(), "0")
	wg.Wait()
	return placed, tried, errors.Join(err, failed)
}

// latencies tells the middle round's quantiles, least and most of all rounds in brackets, and what came of the requests.
func latencies(rounds []steadied) string {
	var p50, p95, p99 []float64
	done, failed, failure := map[string]int{}, 0, ""
	for _, r := range rounds {
		p50, p95, p99 = append(p50, r.P50Ms), append(p95, r.P95Ms), append(p99, r.P99Ms)
		for how, n := range r.Done {
			done[how] += n
		}
		failed += r.Failed
		if failure == "" {
			failure = r.Failure
		}
	}
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s ms; %v, %d failed %s", spread(p50, 1), spread(p95, 1), spread(p99, 1), done, failed, failure)
}
