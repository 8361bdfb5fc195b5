package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite" // driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"comanda/internal/clock"
)

// sqliteDB is the embedded engine: one writer goroutine with group commit and a pool of connections that only read.
type sqliteDB struct {
	writer *writer // nil when opened read-only
	pool   *sql.DB // read-only connections, handed out by idle
	slots  chan struct{}
	ended  chan struct{} // closed by close

	mu     sync.Mutex
	idle   []*sqliteConn // the most recently used last
	closed bool
}

const (
	sqliteReaders   = 8
	sqliteBusyMilli = 10_000
	// sqliteStatements bounds the prepared statements of a connection. All of them are constants, so this is a net.
	sqliteStatements = 1000
)

func openSQLite(ctx context.Context, c Config, stats *counters) (*sqliteDB, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, err
	}
	if c.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	} else {
		// SQLite would make the file readable for everybody; its -wal and -shm files copy the mode.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	s := &sqliteDB{ended: make(chan struct{})}
	if !c.ReadOnly {
		if s.writer, err = startWriter(ctx, path, c.Twice, stats); err != nil {
			return nil, err
		}
	}
	readers := c.Conns
	if readers <= 0 {
		readers = sqliteReaders
	}
	s.slots = make(chan struct{}, readers)
	s.pool, err = sql.Open("sqlite", sqliteDSN(path, "mode=ro", "_pragma=query_only(1)"))
	if err != nil {
		_ = s.close()
		return nil, err
	}
	s.pool.SetMaxIdleConns(-1) // a connection lives as long as its sqliteConn
	return s, nil
}

// sqliteDSN names a database file, with the time-out first because the other settings may have to wait for a lock.
func sqliteDSN(path string, options ...string) string {
	dsn := fmt.Sprintf("file:%s?_pragma=busy_timeout(%d)", (&url.URL{Path: path}).EscapedPath(), sqliteBusyMilli)
	for _, o := range options {
		dsn += "&" + o
	}
	return dsn
}

func (s *sqliteDB) name() string { return "sqlite" }

func (s *sqliteDB) conns() (open, busy int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	busy = int64(len(s.slots))
	return busy + int64(len(s.idle)), busy
}

func (s *sqliteDB) write(ctx context.Context, fn func(*Tx) error) error {
	if s.writer == nil {
		return ErrReadOnly
	}
	return s.writer.write(ctx, fn)
}

// load needs nothing special: SQLite writes what does not fit its cache to the log.
func (s *sqliteDB) load(ctx context.Context, fn func(*Tx) error) error { return s.write(ctx, fn) }

// export keeps one of the reading connections. While it runs, the write-ahead log cannot start over and grows.
func (s *sqliteDB) export(ctx context.Context, fn func(*Tx) error) error { return s.read(ctx, fn) }

// read runs fn on the caller's goroutine. Statements run on a context without cancellation, because the driver would
// start a goroutine for each otherwise; the caller's is looked at between them.
func (s *sqliteDB) read(ctx context.Context, fn func(*Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
	default:
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ended:
			return ErrClosed
		}
	}
	c, err := s.reader(ctx)
	if err != nil {
		<-s.slots
		return err
	}
	healthy := false
	defer func() {
		if !healthy {
			c.discard()
			c = nil
		}
		s.release(c)
	}()
	inner := context.WithValue(context.WithoutCancel(ctx), nestedKey{}, true)
	if _, err := c.ExecContext(inner, "begin"); err != nil {
		return err
	}
	tx := &Tx{ctx: inner, caller: ctx, conn: c}
	err = tx.finish(fn(tx))
	_, bad := c.ExecContext(inner, "rollback")
	healthy = bad == nil
	return err
}

func (s *sqliteDB) reader(ctx context.Context) (*sqliteConn, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	return openSQLiteConn(ctx, s.pool)
}

func (s *sqliteDB) release(c *sqliteConn) {
	s.mu.Lock()
	if c != nil {
		s.idle = append(s.idle, c)
	}
	s.mu.Unlock()
	<-s.slots
}

func (s *sqliteDB) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.ended)
	s.mu.Unlock()
	if s.writer != nil {
		s.writer.drain()
	}
	if s.pool != nil {
		for range cap(s.slots) { // wait for the readers
			s.slots <- struct{}{}
		}
		for _, c := range s.idle {
			c.discard()
		}
		if err := s.pool.Close(); err != nil {
			return err
		}
	}
	if s.writer != nil { // last, so that it is the one that folds the -wal file into the database
		return s.writer.close()
	}
	return nil
}

// sqliteConn is a connection with its prepared statements: preparing costs more than running most of them.
type sqliteConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// openSQLiteConn opens a connection of its own. Another process that opens the same file at the same moment can make
// SQLite answer "locked" without waiting, so that is tried again.
func openSQLiteConn(ctx context.Context, pool *sql.DB) (*sqliteConn, error) {
	deadline := clock.Mono().Add(sqliteBusyMilli * time.Millisecond)
	for {
		c, err := pool.Conn(ctx)
		if err == nil {
			return &sqliteConn{c, map[string]*sql.Stmt{}}, nil
		}
		if !isBusy(err) || clock.Mono().After(deadline) {
			return nil, err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *sqliteConn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st := c.stmts[query]; st != nil {
		return st, nil
	}
	st, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.stmts) >= sqliteStatements {
		for q, old := range c.stmts {
			_ = old.Close()
			delete(c.stmts, q)
		}
	}
	c.stmts[query] = st
	return st, nil
}

func (c *sqliteConn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (c *sqliteConn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (c *sqliteConn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return c.conn.QueryRowContext(ctx, query, args...) // carries the same error
	}
	return st.QueryRowContext(ctx, args...)
}

// discard closes the connection, which rolls back what it has open. Its statements go first: SQLite keeps a connection
// with its locks until the last of them is gone, and database/sql leaves them to us.
func (c *sqliteConn) discard() {
	for _, st := range c.stmts {
		_ = st.Close()
	}
	c.stmts = nil
	_ = c.conn.Close()
}

func sqliteCode(err error) int {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func isBusy(err error) bool { return sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY }
