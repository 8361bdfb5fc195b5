package db

import (
	"context"
	"errors"
	"fmt"
)

// Open opens the database, creating and migrating it as needed. It refuses a schema that a newer version has made
// incompatible with this one.
func Open(ctx context.Context, c Config) (*DB, error) {
	d, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	if c.ReadOnly {
		err = d.checkSchema(ctx)
	} else {
		err = d.migrate(ctx)
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// open opens the engine without looking at the schema.
func open(ctx context.Context, c Config) (*DB, error) {
	if (c.Path == "") == (c.URL == "") {
		return nil, errors.New("db: set either a SQLite path or a PostgreSQL URL")
	}
	d := &DB{url: c.URL}
	if c.Strict {
		d.guard = &guard{}
	}
	var err error
	if c.Path != "" {
		d.engine, err = openSQLite(ctx, c, &d.stats)
	} else {
		d.engine, err = openPostgres(ctx, c, &d.stats)
	}
	if err != nil {
		return nil, fmt.Errorf("db: open: %w", err)
	}
	if c.Around != nil {
		d.engine = surrounded{d.engine, c.Around}
	}
	return d, nil
}
