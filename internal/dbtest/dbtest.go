// Package dbtest gives tests a fresh, migrated database on each engine. SQLite is always there; PostgreSQL is used when
// COMANDA_TEST_POSTGRES names a server or when initdb is installed (a throw-away cluster per test process). A missing
// PostgreSQL skips loudly, and fails where COMANDA_TEST_REQUIRE lists postgres.
//
// A package that uses it has `func TestMain(m *testing.M) { dbtest.Main(m) }`.
package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"comanda/internal/db"
)

// Main runs the package's tests, stops what was started for them and exits.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main without the exit, for a TestMain that has more to clean up.
func Run(m *testing.M) int {
	code := m.Run()
	dropDatabases()
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
	path := filepath.Join(t.TempDir(), "comanda.db")
	if err := os.WriteFile(path, sqliteTemplate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, db.Config{Path: path})
}

// Postgres opens a fresh PostgreSQL database. It skips, or fails where required, when there is no server.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, db.Config{URL: newDatabase(t, postgresTemplate(t))})
}

// PostgresURL makes a fresh empty database and returns its URL, for tests that open it themselves.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return newDatabase(t, "")
}

func open(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	c.Twice = c.Twice || os.Getenv("COMANDA_TEST_TWICE") != ""
	_, measuring := t.(*testing.B)
	c.Strict = !measuring // the stack traces that it takes would be most of what is measured
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
