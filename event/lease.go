package event

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"comanda/internal/db"
)

// ErrFenced rolls back the transaction of a node that lost its lease: another owns the work now.
var ErrFenced = errors.New("event: the lease was lost to another node")

// Lease is this node's ownership of a named piece of work.
type Lease struct {
	log   *Log
	name  string
	node  string
	epoch int64

	once sync.Once
	done chan struct{}
}

// Acquire waits until this node owns name. On PostgreSQL it needs [Log.Run]. The owner calls Release when it stops.
func (l *Log) Acquire(ctx context.Context, name string) (*Lease, error) {
	for {
		l.node.mu.Lock()
		changed, id := l.node.changed, l.node.id
		l.node.mu.Unlock()
		if id == "" && !l.shared() {
			if err := l.register(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if id != "" {
			lease, err := l.claim(ctx, name, id)
			if lease != nil || err != nil {
				return lease, err
			}
		}
		if !wait(ctx, changed) {
			return nil, ctx.Err()
		}
	}
}

// claim takes a free lease; nil means that it is not free. One that the database gives to this node though it holds none
// is free too: the answer to its claim or its release was lost.
func (l *Log) claim(ctx context.Context, name, id string) (*Lease, error) {
	if err := l.node.claiming.take(ctx); err != nil {
		return nil, err
	}
	defer l.node.claiming.give()
	owner := ""
	err := l.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlLeaseOwner, name).Scan(&owner) })
	if errors.Is(err, sql.ErrNoRows) {
		err = l.db.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(sqlCreateLease, name); return err })
	}
	if err != nil || owner != "" && (owner != id || l.node.holds(name)) {
		return nil, err
	}
	var epoch int64
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		// The beat locks the node's own row, so that nobody evicts it while it claims.
		n, err := tx.Exec(sqlBeat, id)
		if err == nil && n == 0 {
			return ErrFenced
		}
		if err != nil {
			return err
		}
		return tx.QueryRow(sqlClaimLease, name, id).Scan(&epoch)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows): // another was faster
		return nil, nil
	case errors.Is(err, ErrFenced): // the node registers anew, by its next beat or in Acquire
		l.node.fenced(id)
		return nil, nil
	case err != nil:
		return nil, err
	}
	lease := &Lease{log: l, name: name, node: id, epoch: epoch, done: make(chan struct{})}
	l.node.mu.Lock()
	lost := l.node.id != id
	if !lost {
		l.node.leases[lease] = struct{}{}
	}
	l.node.mu.Unlock()
	if lost {
		return nil, nil
	}
	return lease, nil
}

// Valid says whether the node may still act on the lease. Ask before each effect outside the database. It can turn true
// again when the database was out of reach for a while and nobody took over.
func (le *Lease) Valid() bool {
	select {
	case <-le.done:
		return false
	default:
	}
	if !le.log.shared() {
		return true
	}
	le.log.node.mu.Lock()
	beaten := le.log.node.beaten
	le.log.node.mu.Unlock()
	return beaten.within(le.log.now(), le.log.lease*4/5)
}

// Done is closed when the lease is known to be lost, or was released.
func (le *Lease) Done() <-chan struct{} { return le.done }

// Context returns a context that ends, with cause ErrFenced, when the lease does.
func (le *Lease) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-le.done:
			cancel(ErrFenced)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Guard makes tx fail with ErrFenced unless this node still owns the lease when tx commits. Every transaction that
// settles work calls it; again in the same transaction it costs nothing.
func (le *Lease) Guard(tx *db.Tx) error {
	g := tx.Attach(guardKey{le}, func() db.Flusher { return &guarded{} }).(*guarded)
	if g.done {
		return nil
	}
	n, err := tx.Exec(sqlGuardLease, le.name, le.node, le.epoch)
	if err != nil {
		return err
	}
	if n == 0 {
		le.end()
		return ErrFenced
	}
	g.done = true
	return nil
}

type guardKey struct{ lease *Lease }

// guarded remembers within one transaction that the guard ran.
type guarded struct{ done bool }

// Flush has nothing to add.
func (*guarded) Flush() []db.Stmt { return nil }

// Release gives the work back; the next owner need not wait. It is not bound to a context, because it belongs to stopping.
func (le *Lease) Release() error {
	le.end()
	return le.log.db.Write(context.Background(), func(tx *db.Tx) error {
		tx.AfterCommit(le.log.node.signal)
		_, err := tx.Exec(sqlReleaseLease, le.name, le.node, le.epoch)
		return err
	})
}

func (le *Lease) end() {
	le.once.Do(func() {
		close(le.done)
		le.log.node.mu.Lock()
		delete(le.log.node.leases, le)
		le.log.node.mu.Unlock()
	})
}
