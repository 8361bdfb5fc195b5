// Package db runs transactions on one of two engines with one SQL text: SQLite in a file (the embedded default) or
// PostgreSQL. A transaction is a closure. It may run more than once, so it has no side effect but through its Tx.
//
// SQL conventions: placeholders $1, $2 …; times as bigint microseconds UTC (clock.Micros); booleans declared boolean;
// JSON documents as opaque text; searched fields as columns; ids that appear on the wire come from NextID and fit 31 bits.
// Every statement is a constant in its package's sql.go, where a test finds and prepares it on both engines.
//
// It owns the tables schema_migrations and id_sequences, the file lock of a data folder ([LockFolder]), and the archive
// of all tables ([DB.Backup], [Restore], [DB.Verify]).
package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Config says which engine to open. Exactly one of Path and URL is set.
type Config struct {
	Path string // SQLite database file; created when missing
	URL  string // postgres://… connection URL
	// ReadOnly opens an existing database beside the process that writes it. Write answers ErrReadOnly, and nothing is
	// created or migrated.
	ReadOnly bool
	// Conns bounds the connections: of PostgreSQL in all (default 16), of SQLite those that read (default 8).
	Conns int
	// Twice runs each write closure twice, the first time rolled back: tests use it to find closures with side effects.
	Twice bool
	// Strict finds a nested transaction even where the closure passes an outer context on, at the price of a stack
	// walk per transaction. Without it such a nested Write waits for itself on SQLite; tests run strict.
	Strict bool
	// Around, when set, stands between callers and the engine. Tests let a database fail with it.
	Around Around `json:"-"`
}

// Around is called for every Read and Write with the closure and with what runs it. It may run it, run another one, or
// answer by itself.
type Around func(ctx context.Context, write bool, fn func(*Tx) error, run Run) error

// Run is an engine's own way of running a transaction.
type Run func(ctx context.Context, fn func(*Tx) error) error

type surrounded struct {
	engine
	around Around
}

func (s surrounded) write(ctx context.Context, fn func(*Tx) error) error {
	return s.around(ctx, true, fn, s.engine.write)
}

func (s surrounded) read(ctx context.Context, fn func(*Tx) error) error {
	return s.around(ctx, false, fn, s.engine.read)
}

// Errors that callers can meet besides their own.
var (
	// ErrNoRows is what QueryRow(…).Scan returns when nothing matched.
	ErrNoRows = sql.ErrNoRows
	// ErrNested refuses Write or Read inside a closure.
	ErrNested = errors.New("db: a transaction was started inside another one")
	// ErrOutcomeUnknown says that a COMMIT was sent and its answer was lost. Repeat under the same idempotency key,
	// or read back by id and version.
	ErrOutcomeUnknown = errors.New("db: the outcome of the commit is unknown")
	// ErrUnavailable says that the database could not be reached or the connection broke before the COMMIT was sent:
	// nothing was written.
	ErrUnavailable = errors.New("db: the database is not available")
	// ErrFull comes with ErrUnavailable when the database's disk has no room: nothing was written.
	ErrFull = errors.New("db: the disk is full")
	// ErrReadOnly refuses Write on a database opened with Config.ReadOnly.
	ErrReadOnly = errors.New("db: the database is open for reading only")
	// ErrClosed refuses transactions after Close.
	ErrClosed = errors.New("db: the database is closed")
)

// Flusher holds what a package buffers during one transaction; see Tx.Attach.
type Flusher interface {
	// Flush returns the statements to run last, right before COMMIT, in this order. On PostgreSQL they travel with the
	// COMMIT in one pipelined batch, so a later one cannot read an earlier one's result into Go: it must do so in SQL.
	Flush() []Stmt
}

// Stmt is one statement with its arguments.
type Stmt struct {
	SQL  string
	Args []any
}

// DB is an open database. Its methods are safe for parallel use.
type DB struct {
	engine engine
	url    string   // of PostgreSQL, for connections outside the pool
	ids    sync.Map // sequence name → *idBlock
	guard  *guard   // nil unless strict
	stats  counters
	full   atomic.Bool // the disk was full at the last write that could tell
}

type engine interface {
	write(ctx context.Context, fn func(*Tx) error) error
	read(ctx context.Context, fn func(*Tx) error) error
	export(ctx context.Context, fn func(*Tx) error) error // a read of any length
	load(ctx context.Context, fn func(*Tx) error) error   // a write of any length
	close() error
	name() string
	conns() (open, busy int64)
}

type nestedKey struct{}

// Write runs fn in a read-write transaction and commits it. It returns nil only after the commit is durable. fn's error
// rolls back and is returned as it is. A statement that failed dooms its transaction: later statements of it fail, and
// it cannot commit even when fn returns nil (PostgreSQL's rule, kept on both engines).
//
// On SQLite many writes share one commit; fn runs on the writer's goroutine and context, and the caller's cancellation
// counts only while the write waits in the queue: once fn has started, Write returns the true outcome. On PostgreSQL a
// cancellation before COMMIT rolls back; COMMIT has its own time-out, and ErrOutcomeUnknown is its only doubt.
//
// A panic in fn rolls back and is raised again in the caller's goroutine, on SQLite as a *Panic.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if d.nested(ctx) {
		return ErrNested
	}
	d.stats.writes.Add(1)
	err := d.engine.write(ctx, d.watched("write", fn))
	switch {
	case err == nil && d.full.Load():
		d.full.Store(false)
	case errors.Is(err, ErrFull):
		d.full.Store(true)
	}
	return err
}

// Ping says whether transactions work: it makes one round trip and, after the disk was full, tries whether it still is.
func (d *DB) Ping(ctx context.Context) error {
	err := d.Read(ctx, func(tx *Tx) error {
		var one int
		return tx.QueryRow(sqlPing).Scan(&one)
	})
	if err == nil && d.full.Load() {
		err = d.Write(ctx, func(tx *Tx) error { _, err := tx.Exec(sqlTouch); return err })
	}
	return err
}

// Read runs fn in a read-only transaction that sees one snapshot. When ctx is cancelled, fn's next statement fails.
func (d *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	if d.nested(ctx) {
		return ErrNested
	}
	d.stats.reads.Add(1)
	return d.engine.read(ctx, d.watched("read", fn))
}

// Engine is "sqlite" or "postgres".
func (d *DB) Engine() string { return d.engine.name() }

// Close waits for running transactions, queued writes included, and closes the database.
func (d *DB) Close() error { return d.engine.close() }

// Clock is the database's own time: of SQLite this machine's, to a second.
func (d *DB) Clock(ctx context.Context) (time.Time, error) {
	var text string
	err := d.Read(ctx, func(tx *Tx) error { return tx.QueryRow(sqlClock).Scan(&text) })
	if err != nil {
		return time.Time{}, err
	}
	if at, err := time.Parse("2006-01-02 15:04:05", text); err == nil { // SQLite's is in UTC
		return at, nil
	}
	return time.Parse("2006-01-02 15:04:05.999999-07", text)
}
