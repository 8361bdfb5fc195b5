package event

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"comanda/internal/db"
)

// node is this process among those that share the database.
type node struct {
	tag string // names this Log in signals

	registering turn // held while the node gets an incarnation
	claiming    turn // held from a look at a lease until it is in leases

	mu      sync.Mutex
	id      string // of this incarnation in log_nodes; "" before the first and after an eviction
	beaten  instant
	leases  map[*Lease]struct{}
	seen    map[string]sighting
	changed chan struct{} // closed when a lease may have become free, or the node registered
}

// turn is a mutex that may be held while the database is asked: who waits for it can be called off.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }

// sighting is another node's beat and when this node first saw it.
type sighting struct {
	beat  int64
	since instant
}

func (n *node) init() {
	n.tag = uuid.NewString()
	n.registering, n.claiming = make(turn, 1), make(turn, 1)
	n.leases = map[*Lease]struct{}{}
	n.seen = map[string]sighting{}
	n.changed = make(chan struct{})
}

func (n *node) signal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
}

// Run keeps the node's heartbeat, takes over from dead nodes and carries hints between nodes, until ctx ends. It then
// beats on until the node's leases are released, for four times the lease time at most, and signs off.
func (l *Log) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx) // one whose Done is never nil: runBeat takes nil for "done"
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { l.runNet(ctx) })
	if l.shared() {
		wg.Go(func() { l.runSend(ctx) })
		wg.Go(func() { l.runReceive(ctx) })
		l.runBeat(ctx)
	}
	wg.Wait()
	return nil
}

func (l *Log) runBeat(ctx context.Context) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(4*l.lease, cancel) })()
	tick := time.NewTicker(l.lease / 5)
	defer tick.Stop()
	stop := ctx.Done()
	for last.Err() == nil {
		if err := l.beatOnce(last); err != nil {
			slog.Warn("log: heartbeat failed", "error", err)
		}
		var released <-chan struct{}
		if stop == nil {
			if released = l.node.released(); released == nil {
				break
			}
		}
		select {
		case <-stop:
			stop = nil
		case <-tick.C:
		case <-released:
		case <-last.Done():
		}
	}
	if err := l.signOff(context.WithoutCancel(ctx)); err != nil {
		slog.Warn("log: sign-off failed, other nodes wait for the lease time", "error", err)
	}
}

// beatOnce registers the node or moves its beat, and looks for nodes that stand still.
func (l *Log) beatOnce(ctx context.Context) error {
	n := &l.node
	n.mu.Lock()
	id := n.id
	n.mu.Unlock()
	if id == "" {
		return l.register(ctx)
	}
	start := l.now()
	var dead []sighted
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec(sqlBeat, id)
		if err == nil && rows == 0 {
			return ErrFenced
		}
		return err
	})
	if errors.Is(err, ErrFenced) {
		n.fenced(id)
		return l.register(ctx)
	}
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.beaten = start
	n.mu.Unlock()
	err = l.db.Read(ctx, func(tx *db.Tx) (err error) { dead, err = l.look(tx, id); return err })
	if err != nil {
		return err
	}
	for _, d := range dead {
		if err := l.evict(ctx, d); err != nil {
			return err
		}
	}
	n.signal()
	return nil
}

// register gives the node a new incarnation. On SQLite no other process can be alive, so whatever is there is swept away.
func (l *Log) register(ctx context.Context) error {
	if err := l.node.registering.take(ctx); err != nil {
		return err
	}
	defer l.node.registering.give()
	l.node.mu.Lock()
	id := l.node.id
	l.node.mu.Unlock()
	if id != "" { // somebody was faster: what that one swept away is ours by now
		return nil
	}
	id = uuid.NewString()
	start := l.now()
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		if !l.shared() {
			if _, err := tx.Exec(sqlEvictAll); err != nil {
				return err
			}
			if _, err := tx.Exec(sqlFreeAllLeases); err != nil {
				return err
			}
			if _, err := tx.Exec(sqlEvictMembers); err != nil {
				return err
			}
		}
		_, err := tx.Exec(sqlInsertNode, id)
		return err
	})
	if err != nil {
		return err
	}
	l.node.mu.Lock()
	l.node.id, l.node.beaten = id, start
	l.node.mu.Unlock()
	l.node.signal()
	return nil
}

// sighted is another node at one beat.
type sighted struct {
	id   string
	beat int64
}

// look notes the other nodes' beats and returns those that have stood still for the lease time.
func (l *Log) look(tx *db.Tx, self string) (dead []sighted, err error) {
	rows, err := tx.Query(sqlNodes, self)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	at := l.now()
	l.node.mu.Lock()
	defer l.node.mu.Unlock()
	seen := map[string]sighting{}
	for rows.Next() {
		var s sighted
		if err := rows.Scan(&s.id, &s.beat); err != nil {
			return nil, err
		}
		last, ok := l.node.seen[s.id]
		if !ok || last.beat != s.beat {
			last = sighting{s.beat, at}
		}
		seen[s.id] = last
		if at.mono.Sub(last.since.mono) >= l.lease {
			dead = append(dead, s)
		}
	}
	l.node.seen = seen
	return dead, rows.Err()
}

// evict frees a dead node's leases, unless it beat in the meantime.
func (l *Log) evict(ctx context.Context, d sighted) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlEvictNode, d.id, d.beat)
		if err != nil || n == 0 {
			return err
		}
		return leaveAll(tx, d.id)
	})
}

// signOff releases everything at once, so that other nodes need not wait.
func (l *Log) signOff(ctx context.Context) error {
	l.node.mu.Lock()
	id := l.node.id
	l.node.mu.Unlock()
	if id == "" {
		return nil
	}
	l.node.fenced(id)
	ctx, cancel := context.WithTimeout(ctx, l.lease)
	defer cancel()
	return l.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlRemoveNode, id); err != nil {
			return err
		}
		return leaveAll(tx, id)
	})
}

// leaveAll frees what a node that is gone had: its leases and its part in shared work.
func leaveAll(tx *db.Tx, id string) error {
	if _, err := tx.Exec(sqlLeaveAll, id); err != nil {
		return err
	}
	_, err := tx.Exec(sqlFreeLeasesOf, id)
	return err
}

// fenced forgets an incarnation and ends its leases.
func (n *node) fenced(id string) {
	n.mu.Lock()
	var held []*Lease
	if n.id == id {
		n.id = ""
		for le := range n.leases {
			held = append(held, le)
		}
	}
	n.mu.Unlock()
	for _, le := range held {
		le.end()
	}
	n.signal()
}

// holds reports whether this process has a live lease of the name.
func (n *node) holds(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for le := range n.leases {
		if le.name == name {
			return true
		}
	}
	return false
}

// released returns a channel that closes when a lease was released, nil when none is held.
func (n *node) released() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.leases) == 0 {
		return nil
	}
	return n.changed
}
