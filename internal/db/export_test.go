package db

import (
	"context"
	"io/fs"
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
