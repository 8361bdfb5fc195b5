package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"comanda/app"
	"comanda/event"
	"comanda/internal/db"
)

const (
	burstRounds = 3
	// settleNodes is how long nodes get to share the work among them.
	settleNodes = 5 * time.Second
	nodeBrands  = 50
)

// ceiling is what bare POSTs of a webhook's size to a receiver come to now.
func (b *bench) ceiling() (r rate, err error) {
	receiver, address, err := b.receiver()
	if err != nil {
		return r, err
	}
	defer receiver.kill()
	return r, b.part(&r, "post", address, strconv.Itoa(barePosts))
}

// burstRounds measures how a burst of events that waits in the log is delivered, beside bare POSTs before each round.
func (b *bench) burstRounds() error {
	var bare, perSecond, cpu, share []float64
	twice := 0
	for range burstRounds {
		ceiling, err := b.ceiling()
		if err != nil {
			return err
		}
		got, used, err := b.burstRound()
		if err != nil {
			return err
		}
		bare, perSecond = append(bare, ceiling.PerSecond), append(perSecond, got.PerSecond)
		cpu = append(cpu, float64(used.Microseconds())/float64(got.Deliveries))
		share = append(share, got.PerSecond/ceiling.PerSecond)
		twice += got.Deliveries - got.Distinct
	}
	b.print("webhooks, burst of %d: %s deliveries/s, %s µs CPU each (start included), %.2f of bare POSTs, %d twice",
		b.burst, spread(perSecond, 0), spread(cpu, 0), middle(share), twice)
	b.tables.add(fmt.Sprintf("Burst of %s events that wait in the log, bodies of %s bytes; median of %d rounds, least and most in brackets",
		thousands(float64(b.burst)), thousands(webhookBytes), burstRounds),
		"engine|brands|deliveries/s|CPU each|bare POSTs/s|of bare|twice",
		b.engineName(), strconv.Itoa(b.nBrands), spread(perSecond, 0), spread(cpu, 0)+" µs", spread(bare, 0),
		fmt.Sprintf("%.2f", middle(share)), strconv.Itoa(twice))
	return nil
}

// burstRound starts a server with a whole burst due.
func (b *bench) burstRound() (got received, used time.Duration, err error) {
	receiver, address, err := b.receiver()
	if err != nil {
		return got, 0, err
	}
	defer receiver.kill()
	c, remove, err := b.install("burst")
	if err != nil {
		return got, 0, err
	}
	defer remove()
	err = seed(context.Background(), sowing{config: c, brands: b.nBrands, subscribe: "http://" + address + "/hook", events: b.burst})
	if err != nil {
		return got, 0, err
	}
	p, _, err := b.serve(c, "burst")
	if err != nil {
		return got, 0, err
	}
	defer p.kill()
	if got, err = await(address, b.burst, 2*time.Minute); err != nil {
		return got, 0, err
	}
	if used, err = p.cpu(); err != nil {
		return got, 0, err
	}
	return got, used, p.stop()
}

// nodes measures a burst that one, two and three nodes on one PostgreSQL share, and who uses the processors meanwhile.
func (b *bench) nodes() error {
	if b.engine != "postgres" {
		return nil
	}
	ceiling, err := b.ceiling()
	if err != nil {
		return err
	}
	for n := 1; n <= 3; n++ {
		if err := b.nodesOf(n, ceiling); err != nil {
			return fmt.Errorf("%d nodes: %w", n, err)
		}
	}
	return nil
}

func (b *bench) nodesOf(n int, ceiling rate) error {
	ctx := context.Background()
	receiver, address, err := b.receiver()
	if err != nil {
		return err
	}
	defer receiver.kill()
	c, remove, err := b.install("nodes" + strconv.Itoa(n))
	if err != nil {
		return err
	}
	defer remove()
	if err := seed(ctx, sowing{config: c, brands: nodeBrands, subscribe: "http://" + address + "/hook"}); err != nil {
		return err
	}
	seeded, err := readSeeded(c.Data)
	if err != nil {
		return err
	}
	var nodes []*process
	for i := range n {
		own := app.Config{
			Data: fmt.Sprintf("%s-%d", c.Data, i), DatabaseURL: c.DatabaseURL, MasterKeyFile: filepath.Join(c.Data, "master.key"),
		}
		if own.Listen, err = freeAddress(); err != nil {
			return err
		}
		p, _, err := b.serve(own, fmt.Sprintf("nodes%d-%d", n, i))
		if err != nil {
			return err
		}
		defer p.kill()
		nodes = append(nodes, p)
	}
	time.Sleep(settleNodes)
	d, err := db.Open(ctx, c.Database())
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()

	// All of them lands with one commit, so that no node begins before the others.
	if err := appendMany(ctx, d, event.NewLog(d), seeded.Brands, orderCreated, b.burst, b.burst); err != nil {
		return err
	}
	database := c.DatabaseURL[strings.LastIndex(c.DatabaseURL, "/")+1:]
	database, _, _ = strings.Cut(database, "?")
	begin := time.Now()
	before, err := usage(nodes, receiver, database)
	if err != nil {
		return err
	}
	got, err := await(address, b.burst, 2*time.Minute)
	if err != nil {
		return err
	}
	after, err := usage(nodes, receiver, database)
	if err != nil {
		return err
	}
	wall := time.Since(begin)
	var each []string
	ours, all := time.Duration(0), time.Duration(0)
	shareOf := func(d time.Duration) string {
		return fmt.Sprintf("%.0f %%", 100*d.Seconds()/wall.Seconds()/float64(runtime.NumCPU()))
	}
	for i := range after {
		used := after[i] - before[i]
		all += used
		if i < n {
			ours += used
			each = append(each, shareOf(used))
		}
	}
	perEvent := ours.Microseconds() / int64(got.Deliveries)
	b.print("%d nodes: %6.0f deliveries/s, %d µs CPU each in the nodes, %d twice", n, got.PerSecond, perEvent, got.Deliveries-got.Distinct)
	b.tables.add(fmt.Sprintf("Burst of %s events over %d brands on nodes that share one PostgreSQL; shares of all %d processors while it lasts",
		thousands(float64(b.burst)), nodeBrands, runtime.NumCPU()),
		"nodes|deliveries/s|of bare POSTs|CPU each, all nodes|each node|PostgreSQL|receiver|all of these|twice",
		strconv.Itoa(n), thousands(got.PerSecond), fmt.Sprintf("%.2f", got.PerSecond/ceiling.PerSecond), fmt.Sprintf("%d µs", perEvent),
		strings.Join(each, ", "), shareOf(after[n+1]-before[n+1]), shareOf(after[n]-before[n]), shareOf(all), strconv.Itoa(got.Deliveries-got.Distinct))
	for _, p := range nodes {
		if err := p.stop(); err != nil {
			return err
		}
	}
	return nil
}

// usage is the CPU time so far of the nodes, of the receiver and of PostgreSQL, in this order.
func usage(nodes []*process, receiver *process, database string) (out []time.Duration, err error) {
	for _, p := range append(nodes[:len(nodes):len(nodes)], receiver) {
		used, err := p.cpu()
		if err != nil {
			return nil, err
		}
		out = append(out, used)
	}
	used, err := cpuOfDatabase(database)
	return append(out, used), err
}
