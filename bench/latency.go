package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	latencyRate  = 100 // orders a second
	latencyWarm  = 3 * time.Second
	queuedEvents = 1000
	deadCount    = 100
	arriveWithin = 20 * time.Second
)

const (
	latencyTitle = "From an order to its receiver, 100 orders a second over HTTPS; told is the time from the event's creation, before its commit, and from the order's answer at the client, after it"
	latencyHead  = "engine|beside|orders|p50 from creation|p99|most|p50 from the answer|p99|lost|twice"
)

// latency measures the way from an order to the receiver when little else happens.
func (b *bench) latency() error {
	return b.latencyBeside("nothing", 0, func(string) ([]string, error) { return nil, nil })
}

// beside measures the same while other endpoints of the brand are in trouble.
func (b *bench) beside() error {
	repeat := func(u string, err error) ([]string, error) { return slices.Repeat([]string{u}, deadCount), err }
	for _, c := range []struct {
		name   string
		queued int
		others func(hanging string) ([]string, error)
	}{
		{"1 endpoint that hangs, 1,000 events queued", queuedEvents, func(hanging string) ([]string, error) { return []string{hanging}, nil }},
		{"100 endpoints that hang", 0, func(hanging string) ([]string, error) { return repeat(hanging, nil) }},
		{"100 endpoints that refuse", 0, func(string) ([]string, error) {
			free, err := freeAddress()
			return repeat("http://"+free+"/", err)
		}},
	} {
		if err := b.latencyBeside(c.name, c.queued, c.others); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func (b *bench) latencyBeside(name string, queued int, others func(hanging string) ([]string, error)) error {
	receiver, address, err := b.receiver()
	if err != nil {
		return err
	}
	defer receiver.kill()
	hanging, hangAddress, err := b.receiver()
	if err != nil {
		return err
	}
	defer hanging.kill()
	also, err := others("http://" + hangAddress + hangPath)
	if err != nil {
		return err
	}
	c, remove, err := b.install("latency")
	if err != nil {
		return err
	}
	defer remove()
	err = seed(context.Background(), sowing{
		config: c, brands: 1, subscribe: "http://" + address + "/hook", also: also, events: queued,
	})
	if err != nil {
		return err
	}
	p, _, err := b.serve(c, "latency")
	if err != nil {
		return err
	}
	defer p.kill()
	if _, err := await(address, queued, arriveWithin); err != nil {
		return err
	}
	var got steadied
	for _, period := range []time.Duration{latencyWarm, b.period} {
		if err := b.part(&got, "steady", c.Data, "orders", strconv.Itoa(latencyRate), period.String(), "0"); err != nil {
			return err
		}
	}
	if len(got.Placed) == 0 {
		return fmt.Errorf("no order was placed: %s", got.Failure)
	}
	var arrived map[int64]arrival
	for begin := time.Now(); time.Since(begin) < arriveWithin; time.Sleep(50 * time.Millisecond) {
		if arrived, err = arrivals(address); err != nil {
			return err
		}
		if lost(got.Placed, arrived) == 0 {
			break
		}
	}
	stats, err := await(address, 0, time.Second)
	if err != nil {
		return err
	}
	var fromMade, fromAnswer []time.Duration
	for id, answered := range got.Placed {
		a, ok := arrived[id]
		if !ok {
			continue
		}
		fromMade = append(fromMade, time.Duration(a.Came-a.Made)*time.Microsecond)
		fromAnswer = append(fromAnswer, time.Duration(max(0, a.Came-answered))*time.Microsecond)
	}
	missing, twice := lost(got.Placed, arrived), stats.Deliveries-stats.Distinct
	ms := func(of []time.Duration, share float64) string { return fmt.Sprintf("%.1f ms", quantile(of, share)) }
	b.print("100 orders/s beside %s: creation to receiver p50 %s, p99 %s, %d lost, %d twice, %d orders failed %s",
		name, ms(fromMade, 0.5), ms(fromMade, 0.99), missing, twice, got.Failed, got.Failure)
	b.tables.add(latencyTitle, latencyHead, b.engineName(), name, thousands(float64(len(got.Placed))),
		ms(fromMade, 0.5), ms(fromMade, 0.99), ms(fromMade, 1), ms(fromAnswer, 0.5), ms(fromAnswer, 0.99), strconv.Itoa(missing), strconv.Itoa(twice))
	return p.stop()
}

// lost counts the placed orders that have not arrived.
func lost(placed map[int64]int64, arrived map[int64]arrival) (n int) {
	for id := range placed {
		if _, ok := arrived[id]; !ok {
			n++
		}
	}
	return n
}

// arrivals asks a receiver for the orders that it got.
func arrivals(address string) (out map[int64]arrival, err error) {
	res, err := http.Get("http://" + address + "/orders")
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	return out, json.NewDecoder(res.Body).Decode(&out)
}
