package webhook

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/worker"
)

const (
	leaseName = "webhook"
	// shards is how many parts the work of delivery has: the brands whose id has the same remainder are one. Nodes that
	// share a database must agree on it. On SQLite, where there is one node, one part settles in fewer transactions.
	shards       = 8
	shardsSQLite = 1
	// stopGrace is how long attempts in flight may go on when the node stops.
	stopGrace = 5 * time.Second
	// lookGap is how often the owner asks whether another node changed a subscription; on SQLite there is no other.
	lookGap       = 500 * time.Millisecond
	lookGapSQLite = 10 * time.Second
	// checkGap is how often the owner asks, without being told, whether the OAuth apps still stand.
	checkGap = time.Minute
	// tellTimeout bounds how long a change of rights waits for its note to the delivering node.
	tellTimeout = 5 * time.Second
	trimGap     = time.Hour
)

// changes tells the dispatchers of this node that a subscription changed.
type changes struct {
	mu  sync.Mutex
	all map[*dispatcher]struct{}
}

func (c *changes) signal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for d := range c.all {
		notify(d.changed)
	}
}

func (c *changes) add(d *dispatcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[*dispatcher]struct{}{}
	}
	c.all[d] = struct{}{}
}

func (c *changes) remove(d *dispatcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, d)
}

// dispatchers are those that run on this node.
func (c *changes) dispatchers() []*dispatcher {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.all))
}

// rightsChanged tells the delivering node, which may be another, that somebody may do more or less on a brand than before.
// If the note is lost, checkGap finds it.
func (w *Webhooks) rightsChanged(brand int) {
	ctx, cancel := context.WithTimeout(context.Background(), tellTimeout)
	defer cancel()
	err := w.db.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(sqlNextRevision); return err })
	if err != nil {
		slog.Warn("webhook: a change of rights was not passed on", "brand", brand, "error", err)
	}
	w.changed.signal()
}

// Run delivers until ctx ends. The nodes on one database share the work by brands; each delivers its share alone. When ctx
// ends it starts nothing more, waits a little for the answers that are due, stores where it stands and gives its share
// back.
func (w *Webhooks) Run(ctx context.Context) error {
	logging, stopLogging := context.WithCancel(context.WithoutCancel(ctx))
	var logs sync.WaitGroup
	logs.Go(func() { w.attempts.run(logging) })
	logs.Go(func() { w.attempts.runTrim(ctx) })
	logs.Go(func() { _ = worker.Run(ctx, "forgetting expired events", trimGap, nil, w.trimExpired) })
	logs.Go(func() { _ = worker.Run(ctx, "forgetting old replays", trimGap, nil, w.trimReplays) })
	logs.Go(func() { w.runReplays(ctx) })
	defer logs.Wait()
	defer stopLogging()
	n := shards
	if w.db.Engine() != "postgres" {
		n = shardsSQLite
	}
	return w.log.Share(ctx, leaseName, n, func(owned context.Context, lease *event.Lease, shard int) {
		d := newDispatcher(w, lease, func(brand int) bool { return brand%n == shard })
		w.changed.add(d)
		defer w.changed.remove(d)
		d.run(owned)
	})
}

// dispatcher runs the streams of the enabled subscriptions of one shard on the node that owns it.
type dispatcher struct {
	w       *Webhooks
	lease   *event.Lease
	mine    func(brand int) bool // whether a brand is of the shard
	changed chan struct{}        // a subscription changed
	settler *settler

	sending  context.Context // ends when attempts in flight are cut off
	cut      context.CancelFunc
	stopping atomic.Bool
	running  sync.WaitGroup // pumps and attempts

	mu     sync.Mutex
	pumps  map[int]*pump
	brands map[int]map[int]*pump // brand → its pumps
}

func newDispatcher(w *Webhooks, lease *event.Lease, mine func(brand int) bool) *dispatcher {
	d := &dispatcher{
		w: w, lease: lease, mine: mine, changed: make(chan struct{}, 1), pumps: map[int]*pump{}, brands: map[int]map[int]*pump{},
	}
	d.sending, d.cut = context.WithCancel(context.Background())
	d.settler = newSettler(d)
	return d
}

// run is over when ctx is, or the lease.
func (d *dispatcher) run(ctx context.Context) {
	watch := d.w.log.Watch()
	defer watch.Close()
	settling, stopSettling := context.WithCancel(context.WithoutCancel(ctx))
	var settler sync.WaitGroup
	settler.Go(func() { d.settler.run(settling) })

	gap := lookGap
	if d.w.db.Engine() != "postgres" {
		gap = lookGapSQLite
	}
	tick := time.NewTicker(gap)
	defer tick.Stop()
	check := time.NewTicker(checkGap)
	defer check.Stop()
	seen := int64(-1)
	d.look(ctx, &seen, true)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-d.changed:
			d.look(ctx, &seen, true)
		case <-tick.C:
			d.look(ctx, &seen, false)
		case <-check.C:
			d.look(ctx, &seen, true)
		case <-watch.Ready():
			d.wake(watch.Take())
		}
	}
	d.stop(ctx)
	stopSettling()
	settler.Wait()
	if !errors.Is(context.Cause(ctx), event.ErrFenced) {
		d.settler.last()
	}
}

// stop ends all streams: nothing new starts, what is in flight has a grace.
func (d *dispatcher) stop(ctx context.Context) {
	d.stopping.Store(true)
	defer d.cut()
	if errors.Is(context.Cause(ctx), event.ErrFenced) {
		d.cut() // another node repeats it anyway
	}
	done := make(chan struct{})
	go func() { d.running.Wait(); close(done) }()
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-done:
		return
	case <-grace.C:
		d.cut()
	}
	<-done
}

// add and remove keep the table of running pumps.
func (d *dispatcher) add(p *pump) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pumps[p.id] = p
	if d.brands[p.brand] == nil {
		d.brands[p.brand] = map[int]*pump{}
	}
	d.brands[p.brand][p.id] = p
}

func (d *dispatcher) remove(p *pump) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.pumps, p.id)
	delete(d.brands[p.brand], p.id)
	if len(d.brands[p.brand]) == 0 {
		delete(d.brands, p.brand)
	}
}

// all are the running pumps by subscription.
func (d *dispatcher) all() map[int]*pump {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.pumps)
}

// wake tells the streams of brands whose log moved.
func (d *dispatcher) wake(brands []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range brands {
		for _, p := range d.brands[b] {
			p.wake()
		}
	}
}

// wakeAll makes every stream look again.
func (d *dispatcher) wakeAll() {
	for _, p := range d.all() {
		p.wake()
	}
}

// look compares the running streams with the subscriptions that are enabled and whose OAuth app stands. Unless forced it does so only when the
// revision moved.
func (d *dispatcher) look(ctx context.Context, seen *int64, force bool) {
	revision := int64(0)
	want := map[int]int64{}
	err := d.w.db.Read(ctx, func(tx *db.Tx) error {
		clear(want)
		if err := tx.QueryRow(sqlRevision).Scan(&revision); err != nil || revision == *seen && !force {
			return err
		}
		return d.enabled(tx, want)
	})
	if err != nil {
		slog.Warn("webhook: subscriptions could not be read", "error", err)
		return
	}
	if revision == *seen && !force {
		return
	}
	complete := true
	running := d.all()
	for id, p := range running {
		if rev, ok := want[id]; !ok || rev != p.revision() {
			p.askReload()
		}
	}
	for id := range want {
		if running[id] == nil && ctx.Err() == nil {
			complete = d.start(ctx, id) && complete
		}
	}
	if complete {
		*seen = revision
	}
}

// start runs the stream of a subscription; false asks for another try.
func (d *dispatcher) start(ctx context.Context, id int) bool {
	p, err := d.load(ctx, id)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound { // deleted or disabled in between
			return true
		}
		slog.Warn("webhook: a subscription could not be started", "subscription", id, "error", err)
		return false
	}
	d.add(p)
	d.running.Go(func() {
		p.run(ctx)
		if ctx.Err() != nil {
			return
		}
		d.remove(p)
		notify(d.changed) // it may have been enabled anew
	})
	return true
}

// load reads a subscription, its cursor and its rows as of one moment.
func (d *dispatcher) load(ctx context.Context, id int) (*pump, error) {
	p := &pump{d: d, id: id, poke: make(chan struct{}, 1)}
	err := d.w.db.Read(ctx, func(tx *db.Tx) error {
		sub, err := d.w.loadTx(tx, id)
		if err != nil {
			return err
		}
		if p.follower, err = d.w.follower(tx, sub); err != nil {
			return err
		}
		rows, err := pendingRows(tx, id)
		if err != nil {
			return err
		}
		h, err := loadHealth(tx, id)
		if err != nil {
			return err
		}
		p.brand = sub.Brand
		p.s = newStream(sub, p.follower.Cursor, rows, h)
		p.end = newEndpoint(sub, d.w.agent)
		return nil
	})
	return p, err
}

// enabled adds the shard's enabled subscriptions whose OAuth app stands, with their revisions.
func (d *dispatcher) enabled(tx *db.Tx, want map[int]int64) error {
	type app struct {
		brand int
		id    string
	}
	apps := map[int]app{}
	rows, err := tx.Query(sqlEnabled)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int
		var revision int64
		var a app
		if err := rows.Scan(&id, &revision, &a.brand, &a.id); err != nil {
			return err
		}
		if d.mine(a.brand) {
			want[id], apps[id] = revision, a
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	stands := map[app]bool{}
	for id, a := range apps {
		yes, known := stands[a]
		if !known {
			if yes, err = d.w.apps.Stands(tx, a.brand, a.id); err != nil {
				return err
			}
			stands[a] = yes
		}
		if !yes {
			delete(want, id)
		}
	}
	return nil
}

// follower reads the cursor of an enabled subscription; NotFound when it is none (any more), or when its OAuth app does not
// stand. Then it keeps its cursor, and goes on from there when the app stands again.
func (w *Webhooks) follower(tx *db.Tx, sub *Subscription) (event.Follower, error) {
	stands, err := w.apps.Stands(tx, sub.Brand, sub.OAuthApp)
	if err != nil {
		return event.Follower{}, err
	}
	if sub.Enabled && stands {
		all, err := event.Followers(tx, followerName(sub.ID), sub.Brand)
		if err != nil {
			return event.Follower{}, err
		}
		for _, f := range all {
			if f.Name == followerName(sub.ID) {
				return f, nil
			}
		}
	}
	return event.Follower{}, errNoSubscription()
}

func pendingRows(tx *db.Tx, id int) ([]*row, error) {
	rows, err := tx.Query(sqlPending, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []*row
	for rows.Next() {
		r := &row{}
		var at, first, created int64
		if err := rows.Scan(&r.position, &r.subject, &r.state, &r.attempts, &at, &first, &r.name, &r.store, &created); err != nil {
			return nil, err
		}
		r.at, r.firstFailed, r.created = clock.FromMicros(at), clock.FromMicros(first), clock.FromMicros(created)
		out = append(out, r)
	}
	return out, rows.Err()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
