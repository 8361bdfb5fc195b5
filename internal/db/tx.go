package db

import (
	"context"
	"database/sql"
)

// Tx is one try of one transaction. It must not be kept after its closure returns.
type Tx struct {
	ctx      context.Context
	conn     conn
	attached []attachment
	after    []func()
}

type attachment struct {
	key any
	f   Flusher
}

// conn is what a transaction needs of a connection.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Context is the transaction's own context. It refuses nested transactions.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Exec runs a statement and returns the number of rows it changed: a conditional update that changed none lost its race.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	r, err := tx.conn.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query runs a statement that returns rows; the caller closes them before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	return tx.conn.QueryContext(tx.ctx, query, args...)
}

// QueryRow runs a statement that returns one row at most; Scan returns ErrNoRows when there is none.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	return tx.conn.QueryRowContext(tx.ctx, query, args...)
}

// Attach returns the Flusher kept under key in this transaction, making it on first use.
func (tx *Tx) Attach(key any, make func() Flusher) Flusher {
	for _, a := range tx.attached {
		if a.key == key {
			return a.f
		}
	}
	f := make()
	tx.attached = append(tx.attached, attachment{key, f})
	return f
}

// AfterCommit calls fn once the commit is durable, on the committing goroutine: a wake hint that must be quick and may
// be lost, never work that must happen.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

func (tx *Tx) flush() error {
	for _, a := range tx.attached {
		for _, s := range a.f.Flush() {
			if _, err := tx.conn.ExecContext(tx.ctx, s.SQL, s.Args...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) committed() {
	for _, fn := range tx.after {
		fn()
	}
}
