package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// fragments are the only differences between the two SQL dialects in migrations.
var fragments = map[string]*strings.Replacer{
	"sqlite":   strings.NewReplacer("{{blob}}", "blob"),
	"postgres": strings.NewReplacer("{{blob}}", "bytea"),
}

// migrate brings the schema up to the newest embedded migration, one transaction each, in order of file name.
func (d *DB) migrate(ctx context.Context) error {
	err := d.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(sqlCreateMigrations)
		return err
	})
	if err != nil {
		return fmt.Errorf("db: migrate: %w", err)
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, f := range files {
		raw, err := migrations.ReadFile(f)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(f, "migrations/"), ".sql")
		err = d.Write(ctx, func(tx *Tx) error {
			n, err := tx.Exec(sqlClaimMigration, name)
			if err != nil || n == 0 {
				return err
			}
			for _, stmt := range strings.Split(fragments[d.Engine()].Replace(string(raw)), ";\n") {
				if strings.TrimSpace(stmt) == "" {
					continue
				}
				if _, err := tx.Exec(stmt); err != nil {
					return fmt.Errorf("%.80q: %w", strings.TrimSpace(stmt), err)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("db: migration %s: %w", name, err)
		}
	}
	return nil
}
