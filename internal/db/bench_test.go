package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// The shape of an accepted order: read a row, change it by its version, move the brand's head and insert an event.
const (
	benchOrders = `create table o (id integer primary key, version bigint not null, doc text not null)`
	benchHeads  = `create table h (brand_id integer primary key, position bigint not null)`
	benchEvents = `create table e (brand_id integer not null, position bigint not null, event_id text not null,
		body text not null, primary key (brand_id, position))`
	benchIndex = `create unique index e_by_id on e (event_id)`

	benchSelect = `select version, doc from o where id = $1`
	benchUpdate = `update o set version = version + 1, doc = $2 where id = $1 and version = $3`
	benchInsert = `insert into o (id, version, doc) values ($1, 0, $2)`
	benchHead   = `insert into h (brand_id, position) values ($1, 1)
		on conflict (brand_id) do update set position = h.position + 1`
	benchEvent = `insert into e (brand_id, position, event_id, body)
		select brand_id, position, $2, $3 from h where brand_id = $1`
)

var benchDoc = fmt.Sprintf("%02000d", 7)

type benchFlush struct{ brand, id int }

func (f *benchFlush) Flush() []db.Stmt {
	return []db.Stmt{
		{SQL: benchHead, Args: []any{f.brand}},
		{SQL: benchEvent, Args: []any{f.brand, fmt.Sprint(f.id), benchDoc}},
	}
}

// BenchmarkDurableWrite measures durable transactions at 1, 8 and 64 writers. Beside the time it reports this process's
// CPU per transaction (PostgreSQL's own is not in it) and the mean size of a commit.
//
//	go test ./internal/db -run - -bench 'Durable|Ceiling'
func BenchmarkDurableWrite(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, writers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", engine, writers), func(b *testing.B) {
				c := db.Config{}
				if engine == "sqlite" {
					c.Path = filepath.Join(b.TempDir(), "bench.db")
				} else {
					c.URL = dbtest.PostgresURL(b)
				}
				d, err := db.Open(ctx, c)
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = d.Close() }()
				benchWrites(b, d, writers)
			})
		}
	}
}

func benchWrites(b *testing.B, d *db.DB, writers int) {
	if err := d.Write(ctx, func(tx *db.Tx) error {
		for _, stmt := range []string{benchOrders, benchHeads, benchEvents, benchIndex} {
			if _, err := tx.Exec(stmt); err != nil {
				return err
			}
		}
		for id := range 1000 {
			if _, err := tx.Exec(benchInsert, id, benchDoc); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	if d.Engine() == "postgres" {
		var fsync string
		if err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select current_setting('fsync')`).Scan(&fsync)
		}); err != nil || fsync != "on" {
			b.Logf("fsync is %s: these writes are not durable (%v)", fsync, err)
		}
	}
	var next atomic.Int64
	before := d.Stats()
	measure(b, func() {
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
					if err := benchWrite(d, int(i)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	})
	after := d.Stats()
	if n := after.Batches - before.Batches; n > 0 {
		b.ReportMetric(float64(after.Grouped-before.Grouped)/float64(n), "tx/commit")
	}
}

func benchWrite(d *db.DB, i int) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		var version int64
		var doc string
		if err := tx.QueryRow(benchSelect, i%1000).Scan(&version, &doc); err != nil {
			return err
		}
		if _, err := tx.Exec(benchUpdate, i%1000, doc, version); err != nil {
			return err
		}
		tx.Attach("bench", func() db.Flusher { return &benchFlush{i%50 + 1, i} })
		return nil
	})
}

// BenchmarkCeiling is what the raw driver does with the same rows: all of the statements of 1,000 transactions in one
// transaction, which no engine of ours can beat.
func BenchmarkCeiling(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		pool, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "x.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = pool.Close() }()
		pool.SetMaxOpenConns(1)
		if _, err := pool.Exec(`create table e (id integer primary key, body text not null)`); err != nil {
			b.Fatal(err)
		}
		measure(b, func() {
			for done := 0; done < b.N; done += 1000 {
				tx, err := pool.Begin()
				if err != nil {
					b.Fatal(err)
				}
				st, err := tx.Prepare(`insert into e (id, body) values ($1, $2)`)
				if err != nil {
					b.Fatal(err)
				}
				for i := done; i < min(done+1000, b.N); i++ {
					if _, err := st.Exec(i, benchDoc); err != nil {
						b.Fatal(err)
					}
				}
				if err := tx.Commit(); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("postgres", func(b *testing.B) {
		c, err := pgx.Connect(ctx, dbtest.PostgresURL(b))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = c.Close(context.Background()) }()
		if _, err := c.Exec(ctx, `create table e (id integer primary key, body text not null)`); err != nil {
			b.Fatal(err)
		}
		measure(b, func() {
			for done := 0; done < b.N; done += 1000 {
				batch := &pgx.Batch{}
				for i := done; i < min(done+1000, b.N); i++ {
					batch.Queue(`insert into e (id, body) values ($1, $2)`, i, benchDoc)
				}
				if err := c.SendBatch(ctx, batch).Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// measure times run and reports the CPU that this process used per operation.
func measure(b *testing.B, run func()) {
	cpu := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := cpu()
	b.ResetTimer()
	run()
	b.StopTimer()
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}
