package db

import (
	"context"
	"io/fs"
	"strconv"
	"testing/fstest"
	"time"
)

// Cancel lets a test interrupt the statements of a transaction: they run on the returned transaction's own context.
func Cancel(tx *Tx) (cancel func()) {
	tx.ctx, cancel = context.WithCancel(tx.ctx)
	return cancel
}

// SetCommitTime sets after how long a COMMIT without an answer is of unknown outcome.
func SetCommitTime(d *DB, t time.Duration) { d.engine.(*postgresDB).commitTime = t }

// SetTime sets how long a transaction may take.
func SetTime(d *DB, t time.Duration) { d.engine.(*postgresDB).time = t }

// MigrateFiles runs the migrations of another file system.
func MigrateFiles(d *DB, files fs.FS) error { return d.migrateFiles(context.Background(), files) }

// AddMigration adds one to the embedded ones for the rest of the test process, and returns the names of all.
func AddMigration(name, text string) (names []string) {
	files := fstest.MapFS{"migrations/" + name + ".sql": {Data: []byte(text)}}
	old, err := known(embedded)
	if err != nil {
		panic(err)
	}
	for _, m := range old {
		files["migrations/"+m.name+".sql"] = &fstest.MapFile{Data: []byte(m.text)}
		names = append(names, m.name)
	}
	migrationFiles = files
	return append(names, name)
}

// FailCommits makes every Write of d fail at its end, after the closure has run, until lift is called.
func FailCommits(d *DB) (lift func()) {
	whole := d.engine
	d.engine = failingEngine{whole}
	return func() { d.engine = whole }
}

type failingEngine struct{ engine }

func (f failingEngine) write(ctx context.Context, fn func(*Tx) error) error {
	return f.engine.write(ctx, func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return ErrUnavailable
	})
}

// LimitPages lets the file of a SQLite database grow to a number of pages beyond what it has, until lift is called: a disk
// that is almost full.
func LimitPages(d *DB, more int) (lift func(), err error) {
	limit := func(pages int) error {
		return d.Write(context.Background(), func(tx *Tx) error {
			var now int
			return tx.QueryRow("pragma max_page_count = " + strconv.Itoa(pages)).Scan(&now)
		})
	}
	var have int
	if err := d.Write(context.Background(), func(tx *Tx) error { return tx.QueryRow("pragma page_count").Scan(&have) }); err != nil {
		return nil, err
	}
	return func() { _ = limit(1 << 30) }, limit(have + more)
}
