package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConns   = 16
	postgresTries   = 8                // of one transaction that the server refuses with 40001 or 40P01
	postgresTime    = 10 * time.Second // of one transaction, so that a lost network does not hold it forever
	postgresWait    = 5 * time.Second  // for a free connection: people wait no longer for an answer
	postgresCommit  = 10 * time.Second // of a COMMIT; after that its outcome is unknown
	postgresConnect = 5 * time.Second  // of a connection attempt, where the URL has no connect_timeout

	beginWrite = "begin isolation level read committed"
	beginRead  = "begin isolation level repeatable read read only"
)

// postgresDB runs each transaction on a connection of its own, READ COMMITTED: every invariant is a conditional update,
// a unique key or a version check. A transaction is run again only when the server itself said that it was rolled back
// for a conflict, or when its BEGIN never arrived.
type postgresDB struct {
	pool       *sql.DB
	size       int
	twice      bool
	readOnly   bool
	time       time.Duration // of a transaction
	commitTime time.Duration
	stats      *counters

	mu      sync.RWMutex
	closed  bool
	running sync.WaitGroup
}

func openPostgres(ctx context.Context, c Config, stats *counters) (*postgresDB, error) {
	cfg, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresConnect
	}
	for name, value := range map[string]string{
		"application_name": "comanda",
		// A node that stands still or vanished in the middle of a transaction keeps its locks no longer than a lease lasts:
		// others wait for the head of a brand, and for the lease itself.
		"idle_in_transaction_session_timeout": "5000",
	} {
		if cfg.RuntimeParams[name] == "" {
			cfg.RuntimeParams[name] = value
		}
	}
	p := &postgresDB{size: c.Conns, twice: c.Twice, readOnly: c.ReadOnly, time: postgresTime, commitTime: postgresCommit, stats: stats}
	if p.size <= 0 {
		p.size = postgresConns
	}
	p.pool = sql.OpenDB(pgConnector{stdlib.GetConnector(*cfg)})
	p.pool.SetMaxOpenConns(p.size)
	p.pool.SetMaxIdleConns(p.size)
	p.pool.SetConnMaxIdleTime(5 * time.Minute)
	p.pool.SetConnMaxLifetime(time.Hour)
	if err := p.durable(ctx); err != nil {
		_ = p.pool.Close()
		return nil, errors.Join(ErrUnavailable, err)
	}
	return p, nil
}

// durable warns of a server that answers a COMMIT before it is on disk: that is the operator's choice, but not silently.
func (p *postgresDB) durable(ctx context.Context) error {
	for _, setting := range []string{"fsync", "synchronous_commit"} {
		var value string
		if err := p.pool.QueryRowContext(ctx, `select current_setting($1)`, setting).Scan(&value); err != nil {
			return err
		}
		if value == "off" {
			slog.Warn("PostgreSQL may lose acknowledged orders when it crashes", "setting", setting, "value", value)
		}
	}
	return nil
}

func (p *postgresDB) name() string { return "postgres" }

func (p *postgresDB) conns() (open, busy int64) {
	st := p.pool.Stats()
	return int64(st.OpenConnections), int64(st.InUse)
}

func (p *postgresDB) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.running.Wait()
	return p.pool.Close()
}

func (p *postgresDB) read(ctx context.Context, fn func(*Tx) error) error {
	return p.run(ctx, fn, beginRead, p.time, false)
}

func (p *postgresDB) write(ctx context.Context, fn func(*Tx) error) error {
	if p.readOnly {
		return ErrReadOnly
	}
	if p.twice {
		if err := p.run(ctx, fn, beginWrite, p.time, false); err != nil {
			return err
		}
	}
	return p.run(ctx, fn, beginWrite, p.time, true)
}

func (p *postgresDB) export(ctx context.Context, fn func(*Tx) error) error {
	return p.run(ctx, fn, beginRead, 0, false)
}

func (p *postgresDB) load(ctx context.Context, fn func(*Tx) error) error {
	return p.run(ctx, fn, beginWrite, 0, true)
}

// run tries fn until its outcome is final.
func (p *postgresDB) run(ctx context.Context, fn func(*Tx) error, begin string, limit time.Duration, commit bool) error {
	p.mu.RLock()
	if p.closed {
		p.mu.RUnlock()
		return ErrClosed
	}
	p.running.Add(1)
	p.mu.RUnlock()
	defer p.running.Done()

	conflicts, dead := 0, 0
	for {
		err, outcome := p.try(ctx, fn, begin, limit, commit)
		switch {
		case outcome == neverBegan && dead <= p.size: // each connection of the pool may have died with the server
			dead++
			continue
		case outcome == conflict && conflicts < postgresTries-1:
			conflicts++
			p.stats.retries.Add(1)
			if wait(ctx, conflicts) != nil {
				return err
			}
			continue
		}
		return err
	}
}

// wait pauses before try n+1, a random time that doubles at most, so that two transactions do not meet again.
func wait(ctx context.Context, n int) error {
	timer := time.NewTimer(rand.N(min(time.Millisecond<<n, 100*time.Millisecond))) //nolint:gosec // jitter
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// outcome says how a try ended.
type outcome int

const (
	final      outcome = iota
	conflict           // the server rolled back, for a serialization failure or a deadlock
	neverBegan         // the connection was dead before BEGIN
)

// try runs fn once. The statements run on a context that the caller cannot cancel, because that would cost the
// connection; the caller's is looked at between them.
func (p *postgresDB) try(ctx context.Context, fn func(*Tx) error, begin string, limit time.Duration, commit bool) (err error, how outcome) { //nolint:revive // how qualifies err
	waiting, stop := context.WithTimeout(ctx, postgresWait)
	c, err := p.pool.Conn(waiting)
	stop()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err(), final
		}
		return errors.Join(ErrUnavailable, err), final
	}
	inner := context.WithValue(context.WithoutCancel(ctx), nestedKey{}, true)
	if limit > 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeout(inner, limit)
		defer cancel()
	}
	var pc *pgConn
	if err := c.Raw(func(dc any) error { pc = dc.(*pgConn); return nil }); err != nil {
		_ = c.Close()
		return errors.Join(ErrUnavailable, err), final
	}
	pc.begin = begin
	tx := &Tx{ctx: inner, caller: ctx, conn: c}
	committed := false
	defer func() {
		if !committed {
			_ = tx.finish(nil)
			p.rollback(inner, c, pc)
		}
		_ = c.Close()
	}()
	if err := tx.finish(fn(tx)); err != nil {
		return p.failed(tx, pc, err)
	}
	if !commit {
		return nil, final
	}
	if err, how := p.commit(inner, c, pc, tx.last()); err != nil {
		return err, how
	}
	committed = true
	tx.committed()
	return nil, final
}

// failed judges a try whose closure or statement failed before COMMIT was sent: nothing of it was written.
func (p *postgresDB) failed(tx *Tx, pc *pgConn, err error) (error, outcome) { //nolint:revive // outcome qualifies err
	if isConflict(tx.broken) {
		return err, conflict
	}
	if tx.broken != nil && pc.dead() {
		if pc.begin != "" && tx.caller.Err() == nil {
			return errors.Join(ErrUnavailable, err), neverBegan
		}
		return errors.Join(ErrUnavailable, err), final
	}
	return exhausted(tx.broken, err), final
}

// exhausted marks an error that comes of the server's having no more disk, memory or connections (class 53); cause is the
// server's own.
func exhausted(cause, err error) error {
	e := (*pgconn.PgError)(nil)
	switch {
	case !errors.As(cause, &e) || !strings.HasPrefix(e.Code, "53"):
		return err
	case e.Code == "53100":
		return errors.Join(ErrUnavailable, ErrFull, err)
	}
	return errors.Join(ErrUnavailable, err)
}

// commit sends the last statements and COMMIT in one go and judges the answer.
func (p *postgresDB) commit(ctx context.Context, c *sql.Conn, pc *pgConn, last []Stmt) (err error, how outcome) { //nolint:revive // how qualifies err
	batch := &pgx.Batch{}
	if pc.begin != "" {
		if len(last) == 0 {
			return nil, final // not one statement: there is no transaction to commit
		}
		batch.Queue(pc.begin)
	}
	for _, s := range last {
		batch.Queue(s.SQL, s.Args...)
	}
	batch.Queue("commit")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.commitTime)
	defer cancel()
	var tag pgconn.CommandTag
	raw := c.Raw(func(any) error {
		conn := pc.Conn.Conn()
		results := conn.SendBatch(ctx, batch)
		for range batch.QueuedQueries {
			if tag, err = results.Exec(); err != nil {
				break
			}
		}
		if closing := results.Close(); err == nil {
			err = closing
		}
		if err != nil && !p.undone(conn, err) {
			p.stats.unknown.Add(1)
			err = errors.Join(ErrOutcomeUnknown, err)
			return driver.ErrBadConn // closes the connection
		}
		return nil
	})
	if err == nil && raw != nil {
		err = errors.Join(ErrOutcomeUnknown, raw)
	}
	switch {
	case err == nil && tag.String() != "COMMIT":
		return fmt.Errorf("db: the server answered COMMIT with %s", tag), final
	case err == nil:
		pc.begin = ""
		return nil, final
	case errors.Is(err, ErrOutcomeUnknown):
		return err, final
	case isConflict(err):
		return err, conflict
	}
	return exhausted(err, err), final
}

// undone says whether a failed COMMIT batch certainly committed nothing: it was not sent, or the server rolled it back,
// or it reports that the transaction is still open. A server that is going down may say so after it has committed.
func (p *postgresDB) undone(conn *pgx.Conn, err error) bool {
	if pgconn.SafeToRetry(err) {
		return true
	}
	if conn.IsClosed() {
		return false
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) && e.SeverityUnlocalized == "ERROR" && e.Code != "40003" {
		return true
	}
	status := conn.PgConn().TxStatus()
	return status == 'T' || status == 'E'
}

// rollback ends what BEGIN began. When that fails, the pool finds the connection closed or inside a transaction, and
// discards it.
func (p *postgresDB) rollback(ctx context.Context, c *sql.Conn, pc *pgConn) {
	if pc.begin != "" { // it never began
		pc.begin = ""
		return
	}
	if pc.dead() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.commitTime)
	defer cancel()
	_, _ = c.ExecContext(ctx, "rollback")
}

// isConflict says whether the server rolled the transaction back for a serialization failure or a deadlock.
func isConflict(err error) bool {
	e := (*pgconn.PgError)(nil)
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}
