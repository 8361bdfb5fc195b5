// Package db runs transactions on one of two engines with one SQL text: SQLite in a file (the embedded default) or
// PostgreSQL. A transaction is a closure. It may run more than once, so it has no side effect but through its Tx.
//
// SQL conventions: placeholders $1, $2 …; times as bigint microseconds UTC (clock.Micros); booleans declared boolean;
// JSON documents as opaque text; searched fields as columns; ids that appear on the wire come from NextID and fit 31 bits.
// Every statement is a constant in its package's sql.go, where a test finds and prepares it on both engines.
package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// Config says which engine to open. Exactly one of Path and URL is set.
type Config struct {
	Path string // SQLite database file; created when missing
	URL  string // postgres://… connection URL
	// Twice runs each write closure twice, the first time rolled back: tests use it to find closures with side effects.
	Twice bool
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
}

type engine interface {
	write(ctx context.Context, fn func(*Tx) error) error
	read(ctx context.Context, fn func(*Tx) error) error
	close() error
	name() string
}

type nestedKey struct{}

// Write runs fn in a read-write transaction and commits it. It returns nil only after the commit is durable. fn's error
// rolls back and is returned as it is. On SQLite many writes share one commit; fn runs on the writer's context, and the
// caller's cancellation counts only while the write waits in the queue.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if ctx.Value(nestedKey{}) != nil {
		return ErrNested
	}
	return d.engine.write(ctx, fn)
}

// Read runs fn in a read-only transaction that sees one snapshot.
func (d *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	if ctx.Value(nestedKey{}) != nil {
		return ErrNested
	}
	return d.engine.read(ctx, fn)
}

// Engine is "sqlite" or "postgres".
func (d *DB) Engine() string { return d.engine.name() }

// Close waits for running transactions and closes the database.
func (d *DB) Close() error { return d.engine.close() }
