package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrationFiles is embedded but in a test.
var migrationFiles fs.FS = embedded

// fragments are the only differences between the two SQL dialects in migrations.
var fragments = map[string]*strings.Replacer{
	"sqlite":   strings.NewReplacer("{{blob}}", "blob"),
	"postgres": strings.NewReplacer("{{blob}}", "bytea"),
}

// migration is one file NNNN_name.sql; NNNN is its level. Its statements end with ";\n". A migration only expands the
// schema, so that one version back still runs; one that cannot says so in a line of its own:
//
//	-- needs level N
//
// From then on, programs whose newest migration is below level N refuse the database.
type migration struct {
	level, needs int
	name, text   string
}

var needsLevel = regexp.MustCompile(`(?m)^-- needs level (\d+)$`)

// known are the embedded migrations in rising order of level.
func known(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	out := make([]migration, 0, len(names))
	for _, f := range names {
		raw, err := fs.ReadFile(files, f)
		if err != nil {
			return nil, err
		}
		m := migration{name: strings.TrimSuffix(path.Base(f), ".sql"), text: string(raw)}
		number, _, _ := strings.Cut(m.name, "_")
		if m.level, err = strconv.Atoi(number); err != nil || m.level <= 0 {
			return nil, fmt.Errorf("db: migration %s: the name does not start with a number", f)
		}
		if n := len(out); n > 0 && out[n-1].level == m.level {
			return nil, fmt.Errorf("db: migrations %s and %s have the same number", out[n-1].name, m.name)
		}
		if needs := needsLevel.FindStringSubmatch(m.text); needs != nil {
			if m.needs, err = strconv.Atoi(needs[1]); err != nil {
				return nil, err
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// applied is what schema_migrations says.
type applied struct {
	ordered []migration // without their text
	newest  int
	needs   int // the least level a program has to know
}

func (a *applied) has(level int) bool {
	return slices.ContainsFunc(a.ordered, func(m migration) bool { return m.level == level })
}

// migrate brings the schema up to the newest embedded migration, one transaction each. The row in schema_migrations is
// the lock: a second process that starts at the same moment waits for it and then finds the work done. One may take long,
// such as an index on a large table: it has no time limit.
func (d *DB) migrate(ctx context.Context) error { return d.migrateFiles(ctx, migrationFiles) }

func (d *DB) migrateFiles(ctx context.Context, from fs.FS) error {
	files, err := known(from)
	if err != nil {
		return err
	}
	if err := d.createMigrations(ctx); err != nil {
		return fmt.Errorf("db: migrate: %w", err)
	}
	have, err := d.checkLevel(ctx, files)
	if err != nil {
		return err
	}
	for _, m := range files {
		if have.has(m.level) {
			continue
		}
		err := d.engine.load(ctx, func(tx *Tx) error { return m.apply(tx, d.Engine()) })
		if err != nil {
			return fmt.Errorf("db: migration %s: %w", m.name, err)
		}
	}
	return nil
}

// createMigrations makes the table that is the lock. PostgreSQL does not make "create table if not exists" safe against
// itself: the losers of that race are told that the table, its row type or its name is there, and find it the next time.
func (d *DB) createMigrations(ctx context.Context) error {
	for try := 1; ; try++ {
		err := d.engine.load(ctx, func(tx *Tx) error { _, err := tx.Exec(sqlCreateMigrations); return err })
		e := (*pgconn.PgError)(nil)
		lost := errors.As(err, &e) && (e.Code == "23505" || e.Code == "42P07" || e.Code == "42710")
		if !lost || try == 3 {
			return err
		}
	}
}

// apply runs the migration unless another process has.
func (m migration) apply(tx *Tx, engine string) error {
	n, err := tx.Exec(sqlClaimMigration, m.level, m.name, m.needs)
	if err != nil || n == 0 {
		return err
	}
	for stmt := range strings.SplitSeq(fragments[engine].Replace(m.text), ";\n") {
		if strings.TrimSpace(stmt) == "" {
			continue
		}
		if _, err := tx.Exec(stmt); err != nil {
			return fmt.Errorf("%.80q: %w", strings.TrimSpace(stmt), err)
		}
	}
	return nil
}

func readApplied(tx *Tx) (applied, error) {
	var have applied
	rows, err := tx.Query(sqlMigrations)
	if err != nil {
		return have, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m migration
		if err := rows.Scan(&m.level, &m.name, &m.needs); err != nil {
			return have, err
		}
		have.ordered = append(have.ordered, m)
		have.newest = max(have.newest, m.level)
		have.needs = max(have.needs, m.needs)
	}
	return have, errors.Join(rows.Err(), rows.Close())
}

// checkLevel reads what was applied and refuses a schema that needs a newer program.
func (d *DB) checkLevel(ctx context.Context, files []migration) (applied, error) {
	var have applied
	err := d.Read(ctx, func(tx *Tx) (err error) {
		have, err = readApplied(tx)
		return err
	})
	if err != nil {
		return have, fmt.Errorf("db: read the schema level: %w", err)
	}
	ours := files[len(files)-1].level
	if have.needs > ours {
		return have, fmt.Errorf("the database was upgraded by a newer Comanda: it needs schema level %d, this version knows %d; "+
			"start the newer version, or restore a backup made before the upgrade", have.needs, ours)
	}
	return have, nil
}

// checkSchema refuses, for a reader, a schema that is missing, older than this program or incompatible with it.
func (d *DB) checkSchema(ctx context.Context) error {
	files, err := known(migrationFiles)
	if err != nil {
		return err
	}
	have, err := d.checkLevel(ctx, files)
	if err != nil {
		return err
	}
	if ours := files[len(files)-1].level; have.newest < ours {
		return fmt.Errorf("the database is at schema level %d and this version reads level %d; start the server once to upgrade it", have.newest, ours)
	}
	return nil
}
