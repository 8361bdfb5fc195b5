package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"comanda/internal/db"
)

// Share splits work among the nodes that share it: into shards 0 … shards-1, each under the lease name/shard. While this
// node owns a shard it runs fn, whose context ends with the ownership (cause ErrFenced when the lease was lost); fn returns
// soon after that. Share returns when ctx has ended and every fn has returned.
//
// A node owns its fair share of the shards, rounded up. When a node joins, the others give back what they have too much;
// when one dies or stops, they take over what it had, in the times of [Lease]. On SQLite, where there is one process, it
// owns all. Every node must use the same number of shards.
func (l *Log) Share(ctx context.Context, name string, shards int, fn func(ctx context.Context, lease *Lease, shard int)) error {
	s := &sharing{log: l, name: name, shards: shards, fn: fn, held: map[int]*piece{}, ended: make(chan struct{}, 1)}
	defer s.stop()
	for {
		l.node.mu.Lock()
		changed := l.node.changed
		l.node.mu.Unlock()
		err := s.balance(ctx)
		if ctx.Err() != nil {
			return nil
		}
		again := l.lease / 5
		if err != nil && !errors.Is(err, ErrFenced) {
			slog.Warn("log: shards could not be claimed", "work", name, "again in", again, "error", err)
		}
		tick := time.NewTimer(again)
		if err == nil && !l.shared() {
			tick.Stop() // nobody else can change anything
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-s.ended:
		case <-tick.C:
		}
		tick.Stop()
	}
}

// sharing is one node's part in shared work.
type sharing struct {
	log    *Log
	name   string
	shards int
	fn     func(context.Context, *Lease, int)

	member string         // the incarnation of the node that is written down as a member; "" = none
	held   map[int]*piece // by shard
	ended  chan struct{}  // a piece is over
}

// piece is a shard that this node owns, until over is closed.
type piece struct {
	cancel  context.CancelFunc
	leaving bool // it was told to end
	over    chan struct{}
}

func (s *sharing) lease(shard int) string { return fmt.Sprintf("%s/%d", s.name, shard) }

// balance gives back what is too much and claims what is free and fair.
func (s *sharing) balance(ctx context.Context) error {
	staying := 0
	for shard, p := range s.held {
		select {
		case <-p.over:
			delete(s.held, shard)
		default:
			if !p.leaving {
				staying++
			}
		}
	}
	id, err := s.join(ctx)
	if err != nil || id == "" {
		return err
	}
	members, free, left, err := s.look(ctx)
	if err != nil {
		return err
	}
	fair := (s.shards + members - 1) / members
	for _, p := range s.held {
		if staying > fair && !p.leaving {
			p.leaving = true
			p.cancel()
			staying--
		}
	}
	for _, shard := range append(left, free...) {
		full := staying >= fair
		if full && !slices.Contains(left, shard) {
			break
		}
		lease, err := s.log.claim(ctx, s.lease(shard), id)
		switch {
		case err != nil:
			return err
		case lease == nil:
		case full:
			if err := lease.Release(); err != nil {
				return err
			}
		default:
			s.run(ctx, lease, shard)
			staying++
		}
	}
	return nil
}

// join writes the node down as a member, anew when it lost its incarnation, and returns that; "" = it has none yet.
func (s *sharing) join(ctx context.Context) (string, error) {
	n := &s.log.node
	n.mu.Lock()
	id := n.id
	n.mu.Unlock()
	if id == "" && !s.log.shared() {
		if err := s.log.register(ctx); err != nil {
			return "", err
		}
		return s.join(ctx)
	}
	if id == "" || id == s.member {
		return id, nil
	}
	err := s.log.db.Write(ctx, func(tx *db.Tx) error {
		// The beat locks the node's own row, so that nobody evicts it meanwhile and leaves the member behind.
		alive, err := tx.Exec(sqlBeat, id)
		if err == nil && alive == 0 {
			err = ErrFenced
		}
		if err == nil {
			_, err = tx.Exec(sqlJoin, s.name, id)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	s.member = id
	return id, nil
}

// look counts the members and finds the shards that nobody owns, and those that are left with this node although it does
// not run them: the answer to a claim was lost, or one could not be given back. Nobody else can free these.
func (s *sharing) look(ctx context.Context) (members int, free, left []int, err error) {
	err = s.log.db.Read(ctx, func(tx *db.Tx) error {
		members, free, left = 0, nil, nil
		if err := tx.QueryRow(sqlCountMembers, s.name).Scan(&members); err != nil {
			return err
		}
		owners := map[string]string{}
		prefix := s.name + "/"
		rows, err := tx.Query(sqlOwners, prefix, len(prefix))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name, owner string
			if err := rows.Scan(&name, &owner); err != nil {
				return err
			}
			owners[name] = owner
		}
		for shard := range s.shards {
			if s.held[shard] != nil {
				continue
			}
			switch owners[s.lease(shard)] {
			case "":
				free = append(free, shard)
			case s.member:
				left = append(left, shard)
			}
		}
		return rows.Err()
	})
	return max(members, 1), free, left, err
}

// run starts fn for a shard.
func (s *sharing) run(ctx context.Context, lease *Lease, shard int) {
	owned, cancel := lease.Context(ctx)
	p := &piece{cancel: cancel, over: make(chan struct{})}
	s.held[shard] = p
	go func() {
		defer func() {
			close(p.over)
			select {
			case s.ended <- struct{}{}:
			default:
			}
		}()
		defer cancel()
		s.fn(owned, lease, shard)
		if err := lease.Release(); err != nil {
			slog.Warn("log: a shard was not given back yet", "work", lease.name, "error", err)
		}
	}()
}

// stop leaves, so that the others may have more, and waits for what still runs.
func (s *sharing) stop() {
	if s.member != "" {
		ctx, cancel := context.WithTimeout(context.Background(), s.log.lease)
		defer cancel()
		err := s.log.db.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(sqlLeave, s.name, s.member); return err })
		if err != nil {
			slog.Warn("log: a member did not sign off; other nodes wait for the lease time", "work", s.name, "error", err)
		}
	}
	var all sync.WaitGroup
	for _, p := range s.held {
		all.Go(func() { <-p.over })
	}
	all.Wait()
}
