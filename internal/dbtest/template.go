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
	"testing"

	"comanda/internal/db"
)

// Migrating takes longer than most tests, so it is done once per test process and the result is copied.

var (
	sqliteOnce  sync.Once
	sqliteBytes []byte
)

// sqliteTemplate returns a migrated, empty database file.
func sqliteTemplate(t testing.TB) []byte {
	t.Helper()
	sqliteOnce.Do(func() {
		path := filepath.Join(t.TempDir(), "template.db")
		migrate(t, db.Config{Path: path})
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sqliteBytes = raw
	})
	if sqliteBytes == nil {
		t.Fatal("the template of the SQLite databases could not be made")
	}
	return sqliteBytes
}

var (
	serverOnce sync.Once
	server     string // connection URL of the maintenance database
	missing    string // why there is no PostgreSQL
	stop       = func() {}

	databasesMu sync.Mutex
	databases   []string // to be dropped

	templateOnce sync.Once
	template     string
)

// postgresTemplate returns the name of a migrated, empty database that nobody is connected to.
func postgresTemplate(t testing.TB) string {
	t.Helper()
	requireServer(t)
	templateOnce.Do(func() {
		at := newDatabase(t, "")
		migrate(t, db.Config{URL: at})
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		template = strings.TrimPrefix(u.Path, "/")
	})
	if template == "" {
		t.Fatal("the template of the PostgreSQL databases could not be made")
	}
	return template
}

func migrate(t testing.TB, c db.Config) {
	t.Helper()
	d, err := db.Open(context.Background(), c)
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func requireServer(t testing.TB) {
	t.Helper()
	serverOnce.Do(func() { server, missing, stop = findServer() })
	if missing != "" {
		skip(t, missing)
	}
}

// skip says loudly what is missing, and fails where it is required.
func skip(t testing.TB, missing string) {
	t.Helper()
	if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "postgres") {
		t.Fatalf("PostgreSQL is required by COMANDA_TEST_REQUIRE but missing: %s", missing)
	}
	t.Skipf("SKIPPED, no PostgreSQL: %s", missing)
}

// newDatabase makes a database, a copy of another one if that is named, and returns its URL.
func newDatabase(t testing.TB, like string) string {
	t.Helper()
	requireServer(t)
	databasesMu.Lock()
	name := fmt.Sprintf("comanda_%d_%d", os.Getpid(), len(databases)+1)
	databases = append(databases, name)
	databasesMu.Unlock()
	stmt := "create database " + name
	if like != "" {
		stmt += " template " + like
	}
	if err := admin(stmt); err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// dropDatabases drops all of them at the end, because each drop makes the server write everything to disk.
func dropDatabases() {
	for _, name := range databases {
		if err := admin("drop database if exists " + name + " with (force)"); err != nil {
			fmt.Fprintf(os.Stderr, "dbtest: database %s is left behind: %v\n", name, err)
		}
	}
}

func admin(stmt string) error {
	pool, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	_, err = pool.Exec(stmt)
	return err
}
