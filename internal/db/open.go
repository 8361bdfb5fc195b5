package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// Open opens the database, creating and migrating it as needed.
func Open(ctx context.Context, c Config) (*DB, error) {
	if (c.Path == "") == (c.URL == "") {
		return nil, errors.New("db: set either a SQLite path or a PostgreSQL URL")
	}
	var e engine
	var err error
	if c.Path != "" {
		e, err = openSimple("sqlite", "file:"+c.Path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)", "begin immediate", 1, c.Twice)
	} else {
		e, err = openSimple("pgx", c.URL, "begin", 16, c.Twice)
	}
	if err != nil {
		return nil, fmt.Errorf("db: open: %w", err)
	}
	d := &DB{engine: e, url: c.URL}
	if err := d.migrate(ctx); err != nil {
		_ = e.close()
		return nil, err
	}
	return d, nil
}

// simple is one transaction per connection checkout on either engine.
type simple struct {
	pool  *sql.DB
	begin string
	kind  string
	twice bool
}

func openSimple(driver, dsn, begin string, conns int, twice bool) (engine, error) {
	pool, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	kind := "sqlite"
	if driver == "pgx" {
		kind = "postgres"
	}
	return &simple{pool, begin, kind, twice}, nil
}

func (s *simple) name() string { return s.kind }
func (s *simple) close() error { return s.pool.Close() }

func (s *simple) read(ctx context.Context, fn func(*Tx) error) error {
	return s.try(ctx, fn, "begin", false)
}

func (s *simple) write(ctx context.Context, fn func(*Tx) error) error {
	if s.twice {
		if err := s.try(ctx, fn, s.begin, false); err != nil {
			return err
		}
	}
	return s.try(ctx, fn, s.begin, true)
}

func (s *simple) try(ctx context.Context, fn func(*Tx) error, begin string, commit bool) error {
	c, err := s.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	inner := context.WithValue(context.WithoutCancel(ctx), nestedKey{}, true)
	if _, err := c.ExecContext(inner, begin); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_, _ = c.ExecContext(inner, "rollback")
		}
	}()
	tx := &Tx{ctx: inner, conn: c}
	if err := fn(tx); err != nil {
		return err
	}
	if !commit {
		return nil
	}
	if err := tx.flush(); err != nil {
		return err
	}
	if _, err := c.ExecContext(inner, "commit"); err != nil {
		return err
	}
	done = true
	tx.committed()
	return nil
}
