package db

import (
	"context"
	"database/sql"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
)

type postgresDB struct {
	pool  *sql.DB
	twice bool
}

func openPostgres(_ context.Context, c Config, _ *counters) (*postgresDB, error) {
	pool, err := sql.Open("pgx", c.URL)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	return &postgresDB{pool, c.Twice}, nil
}

func (s *postgresDB) name() string { return "postgres" }
func (s *postgresDB) close() error { return s.pool.Close() }
func (s *postgresDB) conns() (open, busy int64) {
	st := s.pool.Stats()
	return int64(st.OpenConnections), int64(st.InUse)
}

func (s *postgresDB) read(ctx context.Context, fn func(*Tx) error) error {
	return s.try(ctx, fn, "begin isolation level repeatable read read only", false)
}

func (s *postgresDB) write(ctx context.Context, fn func(*Tx) error) error {
	if s.twice {
		if err := s.try(ctx, fn, "begin", false); err != nil {
			return err
		}
	}
	return s.try(ctx, fn, "begin", true)
}

func (s *postgresDB) try(ctx context.Context, fn func(*Tx) error, begin string, commit bool) error {
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
	if err := tx.finish(fn(tx)); err != nil {
		return err
	}
	if !commit {
		return nil
	}
	for _, s := range tx.last() {
		if _, err := tx.Exec(s.SQL, s.Args...); err != nil {
			return err
		}
	}
	if _, err := c.ExecContext(inner, "commit"); err != nil {
		return err
	}
	done = true
	tx.committed()
	return nil
}
