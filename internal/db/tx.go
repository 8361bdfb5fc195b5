package db

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"runtime/debug"
)

// Tx is one try of one transaction. It must not be kept after its closure returns.
type Tx struct {
	ctx      context.Context
	caller   context.Context // not nil: statements are refused once it is cancelled
	conn     conn
	broken   error // the first statement that failed
	open     []*sql.Rows
	attached []attachment
	after    []func()
	guard    *guard
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

// errDoomed answers statements after one failed.
var errDoomed = errors.New("db: an earlier statement of this transaction failed")

// cancelled makes a *sql.Row that carries an error without asking the database.
var cancelled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Context is the transaction's own context. It refuses nested transactions.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Exec runs a statement and returns the number of rows it changed: a conditional update that changed none lost its race.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.check(); err != nil {
		return 0, err
	}
	r, err := tx.conn.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	return r.RowsAffected()
}

// Query runs a statement that returns rows; the caller closes them before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := tx.check(); err != nil {
		return nil, err
	}
	rows, err := tx.conn.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	tx.open = append(tx.open, rows)
	return rows, nil
}

// QueryRow runs a statement that returns one row at most; Scan returns ErrNoRows when there is none.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	if tx.check() != nil {
		return tx.conn.QueryRowContext(cancelled, query, args...)
	}
	row := tx.conn.QueryRowContext(tx.ctx, query, args...)
	if err := row.Err(); err != nil {
		_ = tx.fail(err)
	}
	return row
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

// AfterCommit calls fn once the commit is durable and before Write returns, on the committing goroutine: a wake hint
// that must be quick and may be lost, never work that must happen.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// check refuses a statement when the transaction is doomed. It also looks at rows that were read before: an error that
// the closure overlooked there may have rolled the whole transaction back.
func (tx *Tx) check() error {
	for _, r := range tx.open {
		if err := r.Err(); err != nil {
			_ = tx.fail(err)
		}
	}
	if tx.broken != nil {
		return errDoomed
	}
	if tx.caller != nil {
		if err := tx.caller.Err(); err != nil {
			return tx.fail(err)
		}
	}
	return nil
}

func (tx *Tx) fail(err error) error {
	if tx.broken == nil {
		tx.broken = err
	}
	return err
}

// finish closes what the closure left open and says whether the transaction may commit.
func (tx *Tx) finish(err error) error {
	for _, r := range tx.open {
		if e := r.Err(); e != nil {
			_ = tx.fail(e)
		}
		_ = r.Close()
	}
	tx.open = nil
	if err == nil {
		err = tx.broken
	}
	return err
}

// last returns the attached packages' statements, to be run right before COMMIT.
func (tx *Tx) last() []Stmt {
	var out []Stmt
	for _, a := range tx.attached {
		out = append(out, a.f.Flush()...)
	}
	return out
}

// committed runs the hooks.
func (tx *Tx) committed() {
	if len(tx.after) == 0 {
		return
	}
	tx.guard.enter()
	defer tx.guard.leave()
	for _, fn := range tx.after {
		func() {
			defer func() {
				if p := recover(); p != nil {
					slog.Error("panic after a commit", "panic", p, "stack", string(debug.Stack()))
				}
			}()
			fn()
		}()
	}
}

// Column is the only column of a query's rows; empty, not nil, when there are none.
func Column[T any](tx *Tx, query string, args ...any) ([]T, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []T{}
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
