package db_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// migrations are the names of the embedded ones, and of one more with a column of each type.
var migrations = db.AddMigration("9000_archived", `create table archived (
	id integer primary key,
	brand_id integer not null,
	big bigint,
	txt text,
	yes boolean,
	bin {{blob}}
);
`)

func TestMain(m *testing.M) {
	_ = os.Unsetenv("COMANDA_TEST_TWICE") // these closures count their runs and block on channels
	dbtest.Main(m)
}

var ctx = context.Background()

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if err := d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// table makes the table that most tests write to.
func table(t *testing.T, d *db.DB) {
	t.Helper()
	exec(t, d, `create table t (id integer primary key, n bigint not null)`)
}

func insert(id int) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into t (id, n) values ($1, 0)`, id)
		return err
	}
}

// rows returns the ids in t.
func rows(t *testing.T, d *db.DB) string {
	t.Helper()
	var out []string
	err := d.Read(ctx, func(tx *db.Tx) error {
		out = nil
		r, err := tx.Query(`select id from t order by id`)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		for r.Next() {
			var id int
			if err := r.Scan(&id); err != nil {
				return err
			}
			out = append(out, fmt.Sprint(id))
		}
		return r.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func wantRows(t *testing.T, d *db.DB, want string) {
	t.Helper()
	if got := rows(t, d); got != want {
		t.Errorf("rows %q, want %q", got, want)
	}
}

// until polls for something that another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 5000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("waited too long until %s", what)
}

func TestWriteCommitsAndItsErrorRollsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		if err := d.Write(ctx, insert(1)); err != nil {
			t.Fatal(err)
		}
		mine := errors.New("mine")
		err := d.Write(ctx, func(tx *db.Tx) error {
			if err := insert(2)(tx); err != nil {
				return err
			}
			return mine
		})
		if !errors.Is(err, mine) {
			t.Errorf("error %v, want the closure's own", err)
		}
		wantRows(t, d, "1")
	})
}

func TestAppendedEventIsReadBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		rec, err := event.Encode(event.New{Brand: 1, AppID: "x", Subject: "order/1", Body: &wire.OrderCreatedEvent{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, func(tx *db.Tx) error { log.Append(tx, rec); return nil }); err != nil {
			t.Fatal(err)
		}
		var pos int64
		err = d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select position from log_events where brand_id = $1`, 1).Scan(&pos)
		})
		if err != nil || pos != 1 {
			t.Fatal(pos, err)
		}
	})
}

func TestFailedStatementDoomsTheTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		exec(t, d, `insert into t (id, n) values (1, 0)`)
		err := d.Write(ctx, func(tx *db.Tx) error {
			if err := insert(2)(tx); err != nil {
				return err
			}
			if insert(1)(tx) == nil {
				t.Error("a duplicate key was taken")
			}
			if insert(3)(tx) == nil {
				t.Error("a statement ran after one had failed")
			}
			var n int
			if err := tx.QueryRow(`select 1`).Scan(&n); err == nil {
				t.Error("a query ran after a statement had failed")
			}
			return nil // overlooks all of it
		})
		if err == nil {
			t.Error("a transaction with a failed statement was committed")
		}
		wantRows(t, d, "1")
	})
}

func TestReadSeesOneSnapshotAndCannotWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		exec(t, d, `insert into t (id, n) values (1, 0)`)
		err := d.Read(ctx, func(tx *db.Tx) error {
			count := func() (n int) {
				if err := tx.QueryRow(`select count(*) from t`).Scan(&n); err != nil {
					t.Error(err)
				}
				return n
			}
			before := count()
			wrote := make(chan error)
			go func() { wrote <- d.Write(ctx, insert(2)) }()
			if err := <-wrote; err != nil {
				t.Error(err)
			}
			if after := count(); before != 1 || after != before {
				t.Errorf("counted %d, then %d in one snapshot", before, after)
			}
			if insert(3)(tx) == nil {
				t.Error("Read wrote")
			}
			return nil
		})
		if err == nil {
			t.Error("the failed statement was not reported")
		}
		wantRows(t, d, "1 2")
	})
}

func TestNestedTransactionsAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		empty := func(*db.Tx) error { return nil }
		both := func(where string, inner context.Context) {
			t.Helper()
			if err := d.Write(inner, empty); !errors.Is(err, db.ErrNested) {
				t.Errorf("Write in %s: %v", where, err)
			}
			if err := d.Read(inner, empty); !errors.Is(err, db.ErrNested) {
				t.Errorf("Read in %s: %v", where, err)
			}
		}
		if err := d.Write(ctx, func(tx *db.Tx) error {
			both("Write, its context", tx.Context())
			both("Write, an outer context", ctx)
			tx.AfterCommit(func() { both("AfterCommit", ctx) })
			return nil
		}); err != nil {
			t.Error(err)
		}
		if err := d.Read(ctx, func(tx *db.Tx) error {
			both("Read, its context", tx.Context())
			both("Read, an outer context", ctx)
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestAfterCommitRunsOncePerCommit(t *testing.T) {
	logger := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(logger) })
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		ran := 0
		if err := d.Write(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() {
				ran++
				done := make(chan string)
				go func() { done <- rows(t, d) }()
				if got := <-done; got != "1" {
					t.Errorf("the hook ran before the commit: rows %q", got)
				}
			})
			tx.AfterCommit(func() { panic("a hook's panic harms nobody") })
			return insert(1)(tx)
		}); err != nil {
			t.Fatal(err)
		}
		if ran != 1 {
			t.Errorf("the hook ran %d times before Write returned", ran)
		}
		_ = d.Write(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { t.Error("a hook ran after a rollback") })
			return errors.New("no")
		})
	})
}

func TestTwiceRunsEachClosureTwice(t *testing.T) {
	each := func(t *testing.T, c db.Config) {
		c.Twice = true
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		table(t, d)
		ran, hooks := 0, 0
		if err := d.Write(ctx, func(tx *db.Tx) error {
			ran++
			tx.AfterCommit(func() { hooks++ })
			return insert(1)(tx)
		}); err != nil {
			t.Fatal(err)
		}
		if ran != 2 || hooks != 1 {
			t.Errorf("the closure ran %d times and its hook %d times, want 2 and 1", ran, hooks)
		}
		wantRows(t, d, "1")
	}
	t.Run("sqlite", func(t *testing.T) { each(t, db.Config{Path: filepath.Join(t.TempDir(), "x.db")}) })
	t.Run("postgres", func(t *testing.T) { each(t, db.Config{URL: dbtest.PostgresURL(t)}) })
}

func TestPanicRollsBackAndReachesTheCaller(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		boom := errors.New("boom")
		try := func() (p any) {
			defer func() { p = recover() }()
			_ = d.Write(ctx, func(tx *db.Tx) error {
				if err := insert(1)(tx); err != nil {
					t.Error(err)
				}
				panic(boom)
			})
			return nil
		}
		p, _ := try().(error)
		if !errors.Is(p, boom) {
			t.Errorf("caller recovered %v", p)
		}
		if err := d.Write(ctx, insert(2)); err != nil {
			t.Error(err)
		}
		wantRows(t, d, "2")
	})
}

func TestConditionalUpdateHasOneWinner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		exec(t, d, `insert into t (id, n) values (1, 7)`)
		won := race(t, 64, func(int) bool {
			var n int64
			err := d.Write(ctx, func(tx *db.Tx) (err error) {
				n, err = tx.Exec(`update t set n = 8 where id = $1 and n = $2`, 1, 7)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return n == 1
		})
		if won != 1 {
			t.Errorf("%d of 64 won", won)
		}
	})
}

func TestUniqueKeyHasOneWinner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		if won := race(t, 64, func(int) bool { return d.Write(ctx, insert(1)) == nil }); won != 1 {
			t.Errorf("%d of 64 won", won)
		}
		wantRows(t, d, "1")
	})
}

// race calls try from n goroutines at once and counts those that won.
func race(t *testing.T, n int, try func(i int) bool) (won int) {
	t.Helper()
	var start, all sync.WaitGroup
	var mu sync.Mutex
	start.Add(1)
	for i := range n {
		all.Go(func() {
			start.Wait()
			if try(i) {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	start.Done()
	all.Wait()
	return won
}

func TestNextIDIsUniqueAndRises(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		seen := map[int]bool{}
		race(t, 100, func(int) bool {
			id, err := d.NextID(ctx, "orders")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[id] || id < 1001 || id > 1100 {
				t.Errorf("id %d", id)
			}
			seen[id] = true
			return true
		})
		if id, err := d.NextID(ctx, "stores"); err != nil || id != 1001 {
			t.Error("another sequence started at", id, err)
		}
	})
}

// Ids of a block whose commit failed are not reserved: another node may be given them.
func TestNextIDGivesNothingOutOfAFailedCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		last := 0
		for range 32 { // the first block
			id, err := d.NextID(ctx, "orders")
			if err != nil || id <= last {
				t.Fatal(id, err)
			}
			last = id
		}
		lift := db.FailCommits(d)
		for range 3 {
			if id, err := d.NextID(ctx, "orders"); err == nil {
				t.Errorf("id %d came out of a failed commit", id)
			}
		}
		lift()
		seen := map[int]bool{}
		for range 100 {
			id, err := d.NextID(ctx, "orders")
			if err != nil || id <= last || seen[id] {
				t.Fatalf("id %d after %d: %v", id, last, err)
			}
			seen[id] = true
		}
	})
}

func TestCloseWaitsAndLeavesNothingRunning(t *testing.T) {
	each := func(t *testing.T, c db.Config) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		table(t, d)
		started, wrote := make(chan bool), make(chan error)
		go func() {
			wrote <- d.Write(ctx, func(tx *db.Tx) error {
				started <- true
				return insert(1)(tx)
			})
		}()
		<-started
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := <-wrote; err != nil {
			t.Error("a write that was running during Close:", err)
		}
		if err := d.Write(ctx, insert(2)); err == nil {
			t.Error("Write worked after Close")
		}
		if err := d.Read(ctx, func(*db.Tx) error { return nil }); err == nil {
			t.Error("Read worked after Close")
		}
		if err := d.Close(); err != nil {
			t.Error("second Close:", err)
		}
	}
	t.Run("sqlite", func(t *testing.T) { each(t, db.Config{Path: filepath.Join(t.TempDir(), "x.db")}) })
	t.Run("postgres", func(t *testing.T) { each(t, db.Config{URL: dbtest.PostgresURL(t)}) })
}
