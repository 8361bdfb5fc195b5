package db

import (
	"context"
	"io/fs"
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
