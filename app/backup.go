package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"comanda/internal/db"
)

// Backup writes the whole database of an installation, running or not, to a new file. The master key is not in it.
func Backup(ctx context.Context, c Config, destination string) (made db.Archived, err error) {
	d, err := existing(ctx, c)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Backup(ctx, destination)
}

// Restore fills the empty database of an installation from a backup of either engine.
func Restore(ctx context.Context, c Config, archive string) (db.Archived, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return db.Archived{}, err
	}
	lock, err := db.LockFolder(c.Data)
	if err != nil {
		return db.Archived{}, err
	}
	restored, err := db.Restore(ctx, archive, c.Database())
	return restored, errors.Join(err, lock.Release())
}

// Verify checks the database of an installation that is not being written: integrity, and that no log has a gap.
func Verify(ctx context.Context, c Config) (checked db.Verified, err error) {
	d, err := existing(ctx, c)
	if err != nil {
		return checked, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Verify(ctx)
}

// existing opens the database of an installation beside the process that may be writing it.
func existing(ctx context.Context, c Config) (*db.DB, error) {
	from := c.Database()
	from.ReadOnly = true
	if from.Path != "" {
		if _, err := os.Stat(from.Path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no database at %s: name the installation's folder with --data, or its PostgreSQL with --database-url", from.Path)
		}
	}
	return db.Open(ctx, from)
}
