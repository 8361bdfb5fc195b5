package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"comanda/internal/clock"
)

const (
	groupMax  = 256                   // writes in one commit
	groupTime = 20 * time.Millisecond // after this much work a group takes no more writes, so that the first need not wait long
	queueMax  = 1024                  // writes waiting; more wait for a place
)

// writer is the only connection that writes. One goroutine takes writes from the queue, runs each in a savepoint, and
// commits as many as are waiting at once: the disk is asked to sync once per group. Callers are answered after that.
//
// When something is wrong with the connection rather than with one closure (a statement was interrupted, which rolls
// back the whole transaction and not the savepoint; a savepoint cannot be undone; COMMIT failed; a closure panicked),
// the connection is discarded and every closure of the group runs again, alone, on a fresh one.
type writer struct {
	pool  *sql.DB
	twice bool
	stats *counters
	ctx   context.Context // of every closure; never cancelled

	mu     sync.RWMutex // held for reading while a write is put into the queue
	closed bool
	queue  chan *job
	ended  chan struct{}

	// What follows belongs to the goroutine, and to its successor when a closure ended it (runtime.Goexit).
	conn    *sqliteConn // nil after a discard
	group   []*job      // ran well in the open transaction
	current *job        // running
	again   []*job      // to run alone
}

func startWriter(ctx context.Context, path string, twice bool, stats *counters) (*writer, error) {
	pool, err := sql.Open("sqlite", sqliteDSN(path,
		"_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(1)",
		// Savepoints keep the pages that they may have to bring back in memory, not in a file.
		"_pragma=temp_store(2)",
		// The log is folded into the database every 16 MB, and shrinks to 64 MB after a long export held it open.
		"_pragma=wal_autocheckpoint(4000)", "_pragma=journal_size_limit(67108864)", "_pragma=cache_size(-16000)"))
	if err != nil {
		return nil, err
	}
	pool.SetMaxIdleConns(-1)
	w := &writer{
		pool: pool, twice: twice, stats: stats,
		ctx:   context.WithValue(context.Background(), nestedKey{}, true),
		queue: make(chan *job, queueMax),
		ended: make(chan struct{}),
	}
	if w.conn, err = openSQLiteConn(ctx, pool); err == nil {
		err = w.durable(ctx)
	}
	if err != nil {
		_ = pool.Close()
		return nil, err
	}
	go w.loop()
	return w, nil
}

// durable refuses a file system on which SQLite fell back to another journal.
func (w *writer) durable(ctx context.Context) error {
	var mode string
	var sync int
	if err := w.conn.conn.QueryRowContext(ctx, "pragma journal_mode").Scan(&mode); err != nil {
		return err
	}
	if err := w.conn.conn.QueryRowContext(ctx, "pragma synchronous").Scan(&sync); err != nil {
		return err
	}
	if mode != "wal" || sync != 2 {
		return fmt.Errorf("the data folder does not support SQLite's write-ahead log (journal %s, synchronous %d); use a local file system", mode, sync)
	}
	return nil
}

// write queues fn and waits for its outcome.
func (w *writer) write(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{fn: fn, done: make(chan struct{})}
	if err := w.enqueue(ctx, j); err != nil {
		return err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(jobQueued, jobAbandoned) {
			return ctx.Err()
		}
		<-j.done
	}
	switch {
	case j.panic != nil:
		panic(j.panic)
	case j.exit:
		runtime.Goexit()
	}
	return j.err
}

func (w *writer) enqueue(ctx context.Context, j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	w.stats.queued.Add(1)
	select {
	case w.queue <- j:
		return nil
	case <-ctx.Done():
		w.stats.queued.Add(-1)
		return ctx.Err()
	}
}

// drain refuses new writes and waits for the queued ones.
func (w *writer) drain() {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) close() error {
	w.discard()
	return w.pool.Close()
}

func (w *writer) loop() {
	ended := false
	defer func() {
		if ended {
			close(w.ended)
			return
		}
		if w.current == nil {
			return // a panic of our own: let it end the process
		}
		// A closure called runtime.Goexit, as t.FailNow does. Its caller will do the same; the others go on.
		_ = w.current.tx.finish(nil)
		w.discard()
		w.current.exit = true
		close(w.current.done)
		w.again = append(w.again, w.group...)
		w.group, w.current = nil, nil
		go w.loop()
	}()
	for {
		for len(w.again) > 0 {
			j := w.again[0]
			w.again = w.again[1:]
			w.stats.reruns.Add(1)
			w.alone(j)
		}
		j, ok := <-w.queue
		if !ok {
			break
		}
		w.stats.queued.Add(-1)
		w.together(j)
	}
	ended = true
}

// together runs j and what else is waiting in one transaction.
func (w *writer) together(j *job) {
	start := clock.Mono()
	open := false // a transaction is open on the connection
	for n := 0; j != nil; n++ {
		if j.state.CompareAndSwap(jobQueued, jobStarted) {
			if !open {
				if err := w.begin(); err != nil {
					j.answer(err)
					w.discard()
					return
				}
				open = true
			}
			// Undoing the first needs no savepoint: nothing else would be lost.
			inSavepoint := len(w.group) > 0
			err, sick := w.run(j, inSavepoint)
			switch {
			case sick:
				w.discard()
				w.again, w.group = append(w.again, w.group...), nil
				if j.panic != nil || !inSavepoint {
					j.answer(err)
				} else {
					w.again = append(w.again, j)
				}
				return
			case err != nil && !inSavepoint:
				open = false
				j.answer(err)
			case err != nil:
				// What it was refused for may be the doing of the group, which is not true before the commit.
				j.err = err
				w.group = append(w.group, j)
			default:
				w.group = append(w.group, j)
			}
		}
		j = nil
		if n+1 < groupMax && clock.Mono().Sub(start) < groupTime {
			j = w.next()
		}
	}
	if !open {
		return
	}
	group := w.group
	w.group = nil
	if _, err := w.conn.ExecContext(w.ctx, "commit"); err != nil {
		w.discard()
		if len(group) == 1 {
			group[0].answer(commitFault(err))
			return
		}
		w.again = append(w.again, group...)
		return
	}
	w.committed(group)
}

// alone runs j in a transaction of its own.
func (w *writer) alone(j *job) {
	j.err = nil // of a group that did not commit
	err := w.begin()
	if err == nil {
		var sick bool
		if err, sick = w.run(j, false); err == nil && !sick {
			if _, err = w.conn.ExecContext(w.ctx, "commit"); err == nil {
				w.committed([]*job{j})
				return
			}
			err = commitFault(err)
			sick = true
		}
		if !sick {
			j.answer(err)
			return
		}
	}
	w.discard()
	j.answer(err)
}

// next returns a waiting write without waiting for one.
func (w *writer) next() *job {
	select {
	case j, ok := <-w.queue:
		if ok {
			w.stats.queued.Add(-1)
			return j
		}
	default:
	}
	return nil
}

func (w *writer) begin() error {
	if w.conn == nil {
		c, err := openSQLiteConn(w.ctx, w.pool)
		if err != nil {
			return errors.Join(ErrUnavailable, err)
		}
		w.conn = c
	}
	if _, err := w.conn.ExecContext(w.ctx, "begin immediate"); err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	return nil
}

// run tries j in the open transaction. On an error everything j did is undone: to the savepoint, or else the whole
// transaction. sick says that this did not work out, so that the connection is not to be used any more.
func (w *writer) run(j *job, inSavepoint bool) (err error, sick bool) { //nolint:revive // sick qualifies err
	enter, leave, undo := "", "", []string{"rollback"}
	if inSavepoint {
		enter, leave, undo = "savepoint one", "release one", []string{"rollback to one", "release one"}
	}
	if len(w.group) == 1 && !w.inTransaction() {
		return errLostTransaction, true
	}
	if w.twice {
		if err, sick := w.rehearse(j); err != nil || sick {
			if !sick && !inSavepoint {
				_, bad := w.conn.ExecContext(w.ctx, "rollback")
				sick = bad != nil
			}
			return err, sick
		}
	}
	if enter != "" {
		if _, err := w.conn.ExecContext(w.ctx, enter); err != nil {
			return err, true
		}
	}
	if err := w.call(j); err != nil {
		if j.panic != nil {
			return err, true
		}
		for _, stmt := range undo {
			if _, bad := w.conn.ExecContext(w.ctx, stmt); bad != nil {
				return err, true
			}
		}
		return err, false
	}
	if leave != "" {
		if _, err := w.conn.ExecContext(w.ctx, leave); err != nil {
			return err, true
		}
	}
	return nil, false
}

// inTransaction makes sure that the first closure of a group, which ran without a savepoint, left the transaction open:
// outside of one, a savepoint would begin one and its release commit it.
func (w *writer) inTransaction() bool {
	_, err := w.conn.ExecContext(w.ctx, "begin")
	return err != nil
}

// rehearse runs j and undoes it.
func (w *writer) rehearse(j *job) (err error, sick bool) { //nolint:revive // sick qualifies err
	if _, err := w.conn.ExecContext(w.ctx, "savepoint rehearsal"); err != nil {
		return err, true
	}
	err = w.call(j)
	if j.panic != nil {
		return err, true
	}
	for _, stmt := range []string{"rollback to rehearsal", "release rehearsal"} {
		if _, bad := w.conn.ExecContext(w.ctx, stmt); bad != nil {
			return cmp.Or(err, bad), true
		}
	}
	return err, false
}

// call runs j's closure and what it attached.
func (w *writer) call(j *job) (err error) {
	tx := &Tx{ctx: w.ctx, conn: w.conn}
	j.tx, w.current = tx, j
	defer func() {
		if p := recover(); p != nil {
			_ = tx.finish(nil)
			j.panic = &Panic{p, debug.Stack()}
			err = j.panic
			w.current = nil
		}
	}()
	err = tx.finish(j.fn(tx))
	if err == nil {
		for _, s := range tx.last() {
			if _, err = tx.Exec(s.SQL, s.Args...); err != nil {
				break
			}
		}
	}
	w.current = nil
	return err
}

func (w *writer) committed(group []*job) {
	w.stats.batches.Add(1)
	for _, j := range group {
		if j.err == nil {
			w.stats.grouped.Add(1)
			j.tx.committed()
		}
		j.answer(j.err)
	}
}

func (w *writer) discard() {
	if w.conn != nil {
		w.conn.discard()
		w.conn = nil
	}
}
