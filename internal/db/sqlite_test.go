package db_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// hold occupies the writer until the returned function is called, so that the writes queued meanwhile make one group.
func hold(t *testing.T, d *db.DB) (release func()) {
	t.Helper()
	started, free, done := make(chan bool), make(chan bool), make(chan error)
	go func() {
		done <- d.Write(ctx, func(*db.Tx) error {
			started <- true
			<-free
			return errors.New("only held the writer")
		})
	}()
	<-started
	return func() {
		close(free)
		<-done
	}
}

// queue starts a write and waits until it stands in the queue.
func queue(t *testing.T, d *db.DB, ctx context.Context, fn func(*db.Tx) error) <-chan error {
	t.Helper()
	n := d.Stats().Queued
	out := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				out <- p.(error)
			}
		}()
		out <- d.Write(ctx, fn)
	}()
	until(t, "the write is queued", func() bool { return d.Stats().Queued == n+1 })
	return out
}

func TestGroupIsAnsweredAfterItsCommit(t *testing.T) {
	d := dbtest.SQLite(t)
	table(t, d)
	release := hold(t, d)
	before := d.Stats()
	first := queue(t, d, ctx, insert(1))
	second, free := make(chan bool), make(chan bool)
	third := queue(t, d, ctx, func(tx *db.Tx) error {
		second <- true
		<-free
		return insert(2)(tx)
	})
	go release()
	<-second // the first has run by now
	select {
	case err := <-first:
		t.Fatalf("answered (%v) before the commit", err)
	default:
	}
	wantRows(t, d, "")
	close(free)
	if err := errors.Join(<-first, <-third); err != nil {
		t.Error(err)
	}
	wantRows(t, d, "1 2")
	after := d.Stats()
	if after.Batches != before.Batches+1 || after.Grouped != before.Grouped+2 {
		t.Errorf("%d commits of %d writes, want 1 of 2", after.Batches-before.Batches, after.Grouped-before.Grouped)
	}
}

func TestErrorInAGroupUndoesOnlyItsOwnWrite(t *testing.T) {
	for _, failing := range []int{1, 2, 3} {
		d := dbtest.SQLite(t)
		table(t, d)
		release := hold(t, d)
		mine := errors.New("mine")
		var answers []<-chan error
		for id := 1; id <= 3; id++ {
			answers = append(answers, queue(t, d, ctx, func(tx *db.Tx) error {
				err := insert(id)(tx)
				if id == failing {
					err = mine
				}
				return err
			}))
		}
		release()
		for i, a := range answers {
			if err := <-a; (i+1 == failing) != errors.Is(err, mine) {
				t.Errorf("failing %d: write %d answered %v", failing, i+1, err)
			}
		}
		wantRows(t, d, map[int]string{1: "2 3", 2: "1 3", 3: "1 2"}[failing])
	}
}

// A write that is refused because of what another write of its group did hears of it after that one's commit, so that it
// finds the cause when it looks.
func TestRefusalInAGroupWaitsForTheCommit(t *testing.T) {
	d := dbtest.SQLite(t)
	table(t, d)
	release := hold(t, d)
	mine := errors.New("mine")
	first := queue(t, d, ctx, insert(1))
	refused := queue(t, d, ctx, func(*db.Tx) error { return mine })
	looked := make(chan struct{})
	last := queue(t, d, ctx, func(tx *db.Tx) error {
		select { // keeps the group from its commit while a wrong answer could arrive
		case <-looked:
		case <-time.After(100 * time.Millisecond):
		}
		return insert(2)(tx)
	})
	release()
	err := <-refused
	var n int
	read := d.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`select count(*) from t`).Scan(&n) })
	close(looked)
	if !errors.Is(err, mine) || read != nil || n != 2 {
		t.Errorf("refused with %v (%v) while %d of 2 rows of its group were there", err, read, n)
	}
	for _, a := range []<-chan error{first, last} {
		if err := <-a; err != nil {
			t.Error(err)
		}
	}
}

// A poisoned closure breaks the connection under its group. Every other write of the group must be committed exactly
// once, and nothing of the poisoned one.
func TestBrokenConnectionRunsTheGroupAgainAlone(t *testing.T) {
	mine := errors.New("mine")
	poisons := map[string]func(tx *db.Tx) error{
		"interrupted statement": func(tx *db.Tx) error {
			cancel := db.Cancel(tx)
			go cancel()
			_, err := tx.Exec(`with recursive c (i) as (select 1 union all select i + 1 from c) insert into t (id, n) select i + 1000, 0 from c`)
			return err
		},
		"interrupted and overlooked": func(tx *db.Tx) error {
			cancel := db.Cancel(tx)
			go cancel()
			_, _ = tx.Exec(`with recursive c (i) as (select 1 union all select i + 1 from c) insert into t (id, n) select i + 1000, 0 from c`)
			_, _ = tx.Exec(`insert into t (id, n) values (99, 0)`) // in autocommit this would stay
			return nil
		},
		"savepoint gone": func(tx *db.Tx) error {
			_, _ = tx.Exec("rollback")
			return mine
		},
		"savepoint gone, no error": func(tx *db.Tx) error {
			_, _ = tx.Exec("rollback")
			return nil
		},
		"panic": func(tx *db.Tx) error {
			if err := insert(98)(tx); err != nil {
				return err
			}
			panic(mine)
		},
		"goroutine ended": func(*db.Tx) error {
			runtime.Goexit()
			return nil
		},
	}
	for name, poison := range poisons {
		for _, place := range []int{1, 3, 5} {
			t.Run(name, func(t *testing.T) {
				d := dbtest.SQLite(t)
				table(t, d)
				release := hold(t, d)
				answers := map[int]<-chan error{}
				exited := make(chan bool)
				for id := 1; id <= 5; id++ {
					switch {
					case id != place:
						answers[id] = queue(t, d, ctx, insert(id))
					case name == "goroutine ended":
						go func() {
							defer close(exited)
							_ = d.Write(ctx, poison)
							t.Error("Write returned to a goroutine that the closure had ended")
						}()
						until(t, "it is queued", func() bool { return d.Stats().Queued == int64(id) })
					default:
						close(exited)
						answers[id] = queue(t, d, ctx, poison)
					}
				}
				release()
				<-exited
				for id, a := range answers {
					if err := <-a; (err != nil) != (id == place) {
						t.Errorf("write %d answered %v", id, err)
					}
				}
				want := map[int]string{1: "2 3 4 5", 3: "1 2 4 5", 5: "1 2 3 4"}[place]
				wantRows(t, d, want)
				if err := d.Write(ctx, insert(6)); err != nil {
					t.Error("the writer did not go on:", err)
				}
				wantRows(t, d, want+" 6")
			})
		}
	}
}

func TestCancelledWhileQueuedIsNeverRun(t *testing.T) {
	d := dbtest.SQLite(t)
	table(t, d)
	release := hold(t, d)
	c, cancel := context.WithCancel(ctx)
	a := queue(t, d, c, func(*db.Tx) error { t.Error("ran"); return nil })
	cancel()
	if err := <-a; !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v", err)
	}
	release()
	if err := d.Write(ctx, insert(1)); err != nil {
		t.Error(err)
	}
	if err := d.Write(c, insert(2)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled caller was answered %v", err)
	}
	wantRows(t, d, "1")
}

func TestCancelledAfterStartGetsTheTrueOutcome(t *testing.T) {
	d := dbtest.SQLite(t)
	table(t, d)
	c, cancel := context.WithCancel(ctx)
	err := d.Write(c, func(tx *db.Tx) error {
		cancel()
		if tx.Context().Err() != nil {
			t.Error("the closure's context followed the caller's")
		}
		return insert(1)(tx)
	})
	if err != nil {
		t.Errorf("a committed write answered %v", err)
	}
	wantRows(t, d, "1")
}

func TestReadStopsBetweenStatementsWhenCancelled(t *testing.T) {
	d := dbtest.SQLite(t)
	c, cancel := context.WithCancel(ctx)
	var n int
	err := d.Read(c, func(tx *db.Tx) error {
		cancel()
		return tx.QueryRow(`select 1`).Scan(&n)
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The commit must have reached the write-ahead log, where another connection finds it, and the log must be synced for
// every commit, which is what synchronous=FULL (2) means.
func TestCommitIsInTheSyncedLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := db.Open(ctx, db.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	table(t, d)
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	var synchronous, n int
	var journal string
	if err := d.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(`pragma synchronous`).Scan(&synchronous); err != nil {
			return err
		}
		if err := tx.QueryRow(`pragma journal_mode`).Scan(&journal); err != nil {
			return err
		}
		tx.AfterCommit(func() {
			if err := other.QueryRow(`select count(*) from t`).Scan(&n); err != nil {
				t.Error(err)
			}
		})
		return insert(1)(tx)
	}); err != nil {
		t.Fatal(err)
	}
	if synchronous != 2 || journal != "wal" || n != 1 {
		t.Errorf("synchronous %d, journal %s, another connection sees %d rows after the commit", synchronous, journal, n)
	}
}

func TestReadOnlyBesideTheServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with space & % ? #.db")
	if _, err := db.Open(ctx, db.Config{Path: path, ReadOnly: true}); err == nil {
		t.Fatal("opened a database that is not there")
	}
	d, err := db.Open(ctx, db.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	table(t, d)
	look := func() {
		t.Helper()
		r, err := db.Open(ctx, db.Config{Path: path, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		wantRows(t, r, "1")
		if err := r.Write(ctx, insert(2)); !errors.Is(err, db.ErrReadOnly) {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := d.Write(ctx, insert(1)); err != nil {
		t.Fatal(err)
	}
	look()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	look()
}
