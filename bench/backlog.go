package main

import (
	"context"
	"fmt"
	"time"
)

// waiting measures a server that starts with a very long backlog of one subscription: when the first event arrives, and
// how much memory it takes to deliver the first part.
func (b *bench) waiting() error {
	receiver, address, err := b.receiver()
	if err != nil {
		return err
	}
	defer receiver.kill()
	c, remove, err := b.install("backlog")
	if err != nil {
		return err
	}
	defer remove()
	begin := time.Now()
	err = seed(context.Background(), sowing{config: c, brands: 1, subscribe: "http://" + address + "/hook", events: b.backlog})
	if err != nil {
		return err
	}
	b.print("backlog of %d made in %v", b.backlog, time.Since(begin).Round(time.Second))
	p, _, err := b.serve(c, "backlog")
	if err != nil {
		return err
	}
	defer p.kill()
	got, err := await(address, b.drain, 5*time.Minute)
	if err != nil {
		return err
	}
	used, err := p.cpu()
	if err != nil {
		return err
	}
	rss, err := p.rss()
	if err != nil {
		return err
	}
	peak, err := p.peak()
	if err != nil {
		return err
	}
	first := time.UnixMicro(got.First).Sub(p.started)
	cpu := used.Microseconds() / int64(got.Deliveries)
	b.print("backlog: first delivery after %v, %.0f/s, %d µs CPU each, RSS %.0f MB, at most %.0f MB",
		first.Round(time.Millisecond), got.PerSecond, cpu, float64(rss)/1e6, float64(peak)/1e6)
	b.tables.add(fmt.Sprintf("Backlog of %s events for one subscription, of which %s were drained", thousands(float64(b.backlog)), thousands(float64(b.drain))),
		"engine|first delivery after the start|deliveries/s|CPU each|RSS then|RSS at most",
		b.engineName(), fmt.Sprintf("%.2f s", first.Seconds()), thousands(got.PerSecond), fmt.Sprintf("%d µs", cpu),
		fmt.Sprintf("%.0f MB", float64(rss)/1e6), fmt.Sprintf("%.0f MB", float64(peak)/1e6))
	return p.stop()
}
