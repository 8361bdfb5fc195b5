// Package dbtest gives tests a fresh, migrated database on each engine. SQLite is always there; PostgreSQL is used when
// COMANDA_TEST_POSTGRES names a server or when initdb is installed (a throw-away cluster per test process). A missing
// PostgreSQL skips loudly, and fails where COMANDA_TEST_REQUIRE lists postgres.
//
// A package that uses it has `func TestMain(m *testing.M) { dbtest.Main(m) }`.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"comanda/internal/db"
)

var (
	once    sync.Once
	server  string // connection URL of the maintenance database
	missing string // why there is no PostgreSQL
	stop    = func() {}
	count   atomic.Int64
)

// Main runs the package's tests, stops what was started for them and exits.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main without the exit, for a TestMain that has more to clean up.
func Run(m *testing.M) int {
	code := m.Run()
	stop()
	return code
}

// Each runs fn as a subtest on a fresh database of each engine.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite opens a fresh SQLite database, closed at the end of the test.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return open(t, db.Config{Path: filepath.Join(t.TempDir(), "comanda.db")})
}

// Postgres opens a fresh PostgreSQL database, dropped at the end of the test. It skips, or fails where required, when
// there is no server.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, db.Config{URL: PostgresURL(t)})
}

// PostgresURL makes a fresh empty database and returns its URL, for tests that open it themselves.
func PostgresURL(t testing.TB) string {
	t.Helper()
	once.Do(func() { server, missing, stop = findServer() })
	if missing != "" {
		if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "postgres") {
			t.Fatalf("PostgreSQL is required by COMANDA_TEST_REQUIRE but missing: %s", missing)
		}
		t.Skipf("SKIPPED, no PostgreSQL: %s", missing)
	}
	name := fmt.Sprintf("comanda_%d_%d", os.Getpid(), count.Add(1))
	admin(t, "create database "+name)
	t.Cleanup(func() { admin(t, "drop database "+name+" with (force)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func open(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	c.Twice = c.Twice || os.Getenv("COMANDA_TEST_TWICE") != ""
	c.Strict = true
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

func admin(t testing.TB, stmt string) {
	t.Helper()
	pool, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	if _, err := pool.Exec(stmt); err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
}
