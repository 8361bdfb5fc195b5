package webhook

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	replayLease = "webhook-replay"
	replayBatch = 64 // events between two settlements: the bound of duplicates after a crash
	replayLanes = 4  // attempts of one replay in flight at once
	// replayTries is how often one event is tried, with the pauses of the schedule between.
	replayTries = 6
	// replayGiveUp events failed in a row end a replay: the endpoint is down, and a person is better asked.
	replayGiveUp = 10
	replayGap    = 2 * time.Second // between looks for what other nodes changed
)

// runReplays makes replays until ctx ends, on one node at a time, apart from the live deliveries.
func (w *Webhooks) runReplays(ctx context.Context) {
	for ctx.Err() == nil {
		lease, err := w.log.Acquire(ctx, replayLease)
		if err == nil {
			owned, cancel := lease.Context(ctx)
			(&replayer{w: w, lease: lease, playing: map[int]*play{}}).run(owned)
			cancel()
			err = lease.Release()
		}
		if err != nil && ctx.Err() == nil {
			slog.Warn("webhook: replays pause", "for", replayGap, "error", err)
			sleep(ctx, replayGap)
		}
	}
}

// replayer runs the replays that are not over, on the node that owns them.
type replayer struct {
	w       *Webhooks
	lease   *event.Lease
	playing map[int]*play
	plays   sync.WaitGroup
}

// play is one replay under way.
type play struct {
	cancel context.CancelFunc
	over   chan struct{}
}

func (p *replayer) run(ctx context.Context) {
	defer p.plays.Wait()
	tick := time.NewTicker(replayGap)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := p.look(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("webhook: replays could not be read", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-p.w.replays:
		case <-tick.C:
		}
	}
}

// look starts what is to run and ends what is not any more.
func (p *replayer) look(ctx context.Context) error {
	wanted := map[int]bool{}
	err := p.w.db.Read(ctx, func(tx *db.Tx) error {
		clear(wanted)
		rows, err := tx.Query(sqlRunningReplays)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				return err
			}
			wanted[id] = true
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	for id, one := range p.playing {
		if !wanted[id] {
			one.cancel()
		}
		select {
		case <-one.over:
			delete(p.playing, id)
		default:
		}
	}
	for id := range wanted {
		if p.playing[id] == nil {
			p.start(ctx, id)
		}
	}
	return nil
}

func (p *replayer) start(ctx context.Context, id int) {
	own, cancel := context.WithCancel(ctx)
	one := &play{cancel: cancel, over: make(chan struct{})}
	p.playing[id] = one
	p.plays.Go(func() {
		defer close(one.over)
		defer cancel()
		for own.Err() == nil {
			over, err := p.step(own, id)
			if over {
				return
			}
			if err != nil && own.Err() == nil {
				slog.Warn("webhook: a replay pauses", "replay", id, "for", replayGap, "error", err)
				sleep(own, replayGap)
			}
		}
	})
}

// step sends one batch of a replay and stores how far it is.
func (p *replayer) step(ctx context.Context, id int) (over bool, err error) {
	var r *Replay
	var target *Subscription
	err = p.w.db.Read(ctx, func(tx *db.Tx) error {
		if r, err = loadReplay(tx, id); err != nil {
			return err
		}
		target, err = p.w.loadTx(tx, r.Target)
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		if r == nil {
			return true, nil
		}
		return true, p.end(r, ReplayFailed, "the webhook subscription was deleted")
	}
	if err != nil {
		return false, err
	}
	if r.State != ReplayRunning {
		return true, nil
	}
	if canReceive(target) != nil {
		return true, p.end(r, ReplayFailed, "the webhook subscription was disabled or paused")
	}
	b, err := p.read(ctx, r)
	if err != nil {
		return false, err
	}
	p.deliver(ctx, r, target, b)
	if ctx.Err() != nil && !b.done() { // cut off: repeated by whoever goes on
		return false, ctx.Err()
	}
	return p.settle(r, b)
}

// batch is a part of a replay.
type batch struct {
	events  []event.Event
	results []replayResult
	upTo    int64 // every position up to here was looked at
	missing int64
	down    atomic.Int64 // events failed in a row
}

type replayResult int8

const (
	replayUntried replayResult = iota
	replayDelivered
	replayLost
)

func (b *batch) done() bool {
	for _, r := range b.results {
		if r == replayUntried {
			return false
		}
	}
	return true
}

// read gathers the next events of a replay.
func (p *replayer) read(ctx context.Context, r *Replay) (*batch, error) {
	b := &batch{upTo: r.Settled}
	for looked := 0; len(b.events) < replayBatch && looked < 20*replayBatch; {
		from, to := r.chosen.after(b.upTo)
		if from == 0 {
			b.upTo = r.Last
			break
		}
		events, err := p.w.log.Read(ctx, r.brand, from-1, int(min(to-from+1, replayBatch)))
		var gone *fault.Error
		if errors.As(err, &gone) && gone.Kind == fault.Gone {
			oldest, ok := gone.Data.(event.Oldest)
			if !ok {
				return nil, err
			}
			skip := min(to, max(oldest.Position-1, from))
			b.missing += skip - from + 1
			b.upTo = skip
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(events) == 0 { // beyond the head, after a restore
			b.missing += to - from + 1
			b.upTo = to
			continue
		}
		for i := range events {
			if len(b.events) == replayBatch {
				break
			}
			b.upTo = events[i].Position
			if r.chosen.takes(&events[i]) {
				b.events = append(b.events, events[i])
			}
		}
		looked += len(events)
	}
	b.results = make([]replayResult, len(b.events))
	return b, nil
}

// deliver sends a batch: a few at once, the events of one subject one after the other.
func (p *replayer) deliver(ctx context.Context, r *Replay, target *Subscription, b *batch) {
	e := newEndpoint(target, p.w.agent)
	e.mark, e.marked = headerReplay, strconv.Itoa(r.ID)
	pace := newBucket(target.settings.RatePerSecond)
	lanes := make([][]int, replayLanes)
	for i := range b.events {
		h := fnv.New32a()
		_, _ = h.Write([]byte(b.events[i].Subject))
		lane := int(h.Sum32() % replayLanes)
		lanes[lane] = append(lanes[lane], i)
	}
	var all sync.WaitGroup
	for _, lane := range lanes {
		all.Go(func() {
			for _, i := range lane {
				if ctx.Err() != nil || b.down.Load() >= replayGiveUp {
					return
				}
				b.results[i] = p.try(ctx, e, pace, b, &b.events[i])
			}
		})
	}
	all.Wait()
}

// try sends one event until it is received or was tried often enough.
func (p *replayer) try(ctx context.Context, e *endpoint, pace *rate.Limiter, b *batch, ev *event.Event) replayResult {
	for number := 1; ; number++ {
		if pace != nil && pace.Wait(ctx) != nil || !p.lease.Valid() {
			return replayUntried
		}
		res := e.send(ctx, p.w.client, ev, number)
		if ctx.Err() != nil && !res.received {
			return replayUntried
		}
		p.w.attempts.add(logged{
			sub: e.sub, kind: kindReplay, number: number, position: ev.Position, eventID: ev.ID, name: ev.Name, created: ev.Created, result: res,
		})
		switch {
		case res.received:
			b.down.Store(0)
			return replayDelivered
		case number == replayTries:
			b.down.Add(1)
			return replayLost
		}
		if sleep(ctx, max(pause(number, ev.Position), res.wait)); ctx.Err() != nil || b.down.Load() >= replayGiveUp {
			return replayUntried
		}
	}
}

// settle stores what came of a batch. What lies behind the first event that was not tried is not settled.
func (p *replayer) settle(r *Replay, b *batch) (over bool, err error) {
	delivered, failed, upTo := int64(0), int64(0), b.upTo
	for i, x := range b.results {
		if x == replayUntried {
			upTo = b.events[i].Position - 1
			break
		}
		if x == replayDelivered {
			delivered++
		} else {
			failed++
		}
	}
	err = p.w.db.Write(context.Background(), func(tx *db.Tx) error {
		if err := p.lease.Guard(tx); err != nil {
			return err
		}
		n, err := tx.Exec(sqlSettleReplay, r.ID, r.Settled, upTo, delivered, failed, b.missing)
		over = n == 0 // cancelled, or dropped
		return err
	})
	switch {
	case err != nil || over:
		return over, err
	case b.down.Load() >= replayGiveUp:
		return true, p.end(r, ReplayFailed, fmt.Sprintf("%d events in a row were not received; replay from position %d when the endpoint is up", replayGiveUp, upTo+1))
	case upTo >= r.Last:
		return true, p.end(r, ReplayDone, "")
	}
	return false, nil
}

// end stores that a replay is over.
func (p *replayer) end(r *Replay, state, why string) error {
	return p.w.db.Write(context.Background(), func(tx *db.Tx) error {
		if err := p.lease.Guard(tx); err != nil {
			return err
		}
		_, err := tx.Exec(sqlEndReplay, r.ID, state, why, clock.Micros(clock.Now()))
		return err
	})
}
