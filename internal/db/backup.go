package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"

	"comanda/internal/clock"
)

// Archived says what a backup or a restore moved.
type Archived struct {
	Tables int
	Rows   int64
	Level  int // schema level of the data
}

// Backup writes all of the database, as one snapshot, to a new file that Restore reads on either engine. Writers go on
// meanwhile, and memory stays flat. When it returns nil, the file is complete and on disk; when it fails, there is none.
// It refuses a destination that exists. The file holds personal data and hashes of secrets: it is readable by its owner only.
func (d *DB) Backup(ctx context.Context, destination string) (Archived, error) {
	// The name is taken at once, and gets its content at the end.
	name, err := os.OpenFile(destination, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return Archived{}, fmt.Errorf("%s exists already; a backup never overwrites a file, name another one", destination)
	}
	if err != nil {
		return Archived{}, err
	}
	partial := destination + ".partial"
	out, err := d.backup(ctx, partial)
	if e := name.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(partial, destination)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(destination))
	}
	if err != nil {
		_ = os.Remove(partial)
		_ = os.Remove(destination)
		return Archived{}, fmt.Errorf("backup: %w", err)
	}
	return out, nil
}

func (d *DB) backup(ctx context.Context, path string) (Archived, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return Archived{}, err
	}
	defer func() { _ = f.Close() }()
	var out Archived
	err = d.engine.export(ctx, func(tx *Tx) error {
		if err := f.Truncate(0); err != nil { // a closure may run again
			return err
		}
		if _, err := f.Seek(0, 0); err != nil {
			return err
		}
		out, err = d.archive(ctx, tx, f)
		return err
	})
	if err != nil {
		return out, err
	}
	if err := f.Sync(); err != nil {
		return out, err
	}
	return out, f.Close()
}

// archive writes every table but schema_migrations, which is the header. Statements are built here, and in restore and
// Verify, because they are about whatever tables there are; names come from the catalogue and are quoted.
func (d *DB) archive(ctx context.Context, tx *Tx, f *os.File) (Archived, error) {
	var out Archived
	have, err := readApplied(tx)
	if err != nil {
		return out, err
	}
	h := archiveHeader{Engine: d.Engine(), Created: clock.Now()}
	for _, m := range have.ordered {
		h.Migrations = append(h.Migrations, m.name)
	}
	a, err := newArchiveWriter(f, h)
	if err != nil {
		return out, err
	}
	tables, err := readTables(tx, d.Engine())
	if err != nil {
		return out, err
	}
	for _, t := range tables {
		if err := a.table(t.name, t.columns); err != nil {
			return out, err
		}
		if err := archiveRows(ctx, tx, a, t); err != nil {
			return out, fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	if err := a.close(); err != nil {
		return out, err
	}
	return Archived{a.end.Tables, a.end.Rows, have.newest}, nil
}

func archiveRows(ctx context.Context, tx *Tx, a *archiveWriter, t table) error {
	rows, err := tx.Query("select " + t.list() + " from " + quoted(t.name))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	values := make([]any, len(t.columns))
	into := make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values { // SQLite's booleans are numbers
			if n, ok := v.(int64); ok && t.types[t.columns[i]] == "boolean" {
				values[i] = n != 0
			}
		}
		if err := a.row(values); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// Restore fills a new database from an archive of either engine: into.Path must not exist, or the database of into.URL
// must have no tables. The schema is first made as it was at the time of the backup, and migrated after the data is in.
// It is all or nothing. Whoever restores into a data folder holds its LockFolder.
func Restore(ctx context.Context, archive string, into Config) (Archived, error) {
	target := into
	if into.Path != "" {
		for _, name := range []string{into.Path, into.Path + "-wal"} {
			if _, err := os.Lstat(name); err == nil {
				return Archived{}, fmt.Errorf("%s exists already; a backup is restored into an empty folder, name another one", name)
			}
		}
		target.Path = into.Path + ".restoring"
		removeSQLite(target.Path)
		defer removeSQLite(target.Path)
	}
	out, err := restore(ctx, archive, target)
	if err == nil && into.Path != "" {
		if err = os.Rename(target.Path, into.Path); err == nil {
			err = syncFolder(filepath.Dir(into.Path))
		}
	}
	if err != nil {
		return Archived{}, fmt.Errorf("restore %s: %w", archive, err)
	}
	return out, nil
}

func removeSQLite(path string) {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		_ = os.Remove(path + end)
	}
}

func restore(ctx context.Context, archive string, into Config) (out Archived, err error) {
	d, err := open(ctx, into)
	if err != nil {
		return out, err
	}
	defer func() {
		if e := d.Close(); err == nil {
			err = e
		}
	}()
	err = d.engine.load(ctx, func(tx *Tx) error {
		out, err = d.unarchive(ctx, tx, archive)
		return err
	})
	if err != nil {
		return out, err
	}
	return out, d.migrate(ctx)
}

func (d *DB) unarchive(ctx context.Context, tx *Tx, archive string) (Archived, error) {
	var out Archived
	f, err := os.Open(archive)
	if err != nil {
		return out, err
	}
	defer func() { _ = f.Close() }()
	a, err := newArchiveReader(f)
	if err != nil {
		return out, err
	}
	there, err := readTables(tx, d.Engine())
	if err != nil {
		return out, err
	}
	if len(there) > 0 {
		return out, fmt.Errorf("the database has tables already (%s and others); a backup is restored into an empty database", there[0].name)
	}
	if out.Level, err = d.migrateLike(tx, a.header.Migrations); err != nil {
		return out, err
	}
	if there, err = readTables(tx, d.Engine()); err != nil {
		return out, err
	}
	tables := map[string]table{}
	for _, t := range there { // migrations may have put rows in: the archive has them too
		tables[t.name] = t
		if _, err := tx.Exec("delete from " + quoted(t.name)); err != nil {
			return out, err
		}
	}
	for {
		head, err := a.table()
		if err != nil {
			return out, err
		}
		if head == nil {
			out.Tables, out.Rows = a.seen.Tables, a.seen.Rows
			return out, nil
		}
		t, ok := tables[head.Table]
		if !ok {
			return out, fmt.Errorf("the archive has a table %s that its schema level does not have", head.Table)
		}
		t.columns = head.Columns
		if err := d.fill(ctx, tx, t, a); err != nil {
			return out, fmt.Errorf("table %s: %w", t.name, err)
		}
	}
}

// migrateLike makes the schema that the archive was taken from.
func (d *DB) migrateLike(tx *Tx, names []string) (level int, err error) {
	files, err := known(migrationFiles)
	if err != nil {
		return 0, err
	}
	byName := map[string]migration{}
	for _, m := range files {
		byName[m.name] = m
	}
	if _, err := tx.Exec(sqlCreateMigrations); err != nil {
		return 0, err
	}
	for _, name := range names {
		m, ok := byName[name]
		if !ok {
			return 0, fmt.Errorf("the backup was made by a newer Comanda (its schema has %s); restore it with that version", name)
		}
		if err := m.apply(tx, d.Engine()); err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		level = m.level
	}
	return level, nil
}

// fill inserts a table's rows: on PostgreSQL by COPY.
func (d *DB) fill(ctx context.Context, tx *Tx, t table, a *archiveReader) error {
	next := func() ([]any, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, err := a.row()
		if err == nil && row != nil && len(row) != len(t.columns) {
			err = fmt.Errorf("a row has %d values for %d columns", len(row), len(t.columns))
		}
		for i, v := range row {
			row[i] = t.fitted(i, v)
		}
		return row, err
	}
	if c, ok := tx.conn.(*sql.Conn); ok {
		return c.Raw(func(dc any) error {
			_, err := dc.(*pgConn).Conn.Conn().CopyFrom(tx.ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(next))
			return err
		})
	}
	places := make([]string, len(t.columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	insert := "insert into " + quoted(t.name) + " (" + t.list() + ") values (" + strings.Join(places, ", ") + ")"
	for {
		row, err := next()
		if err != nil || row == nil {
			return err
		}
		if _, err := tx.Exec(insert, row...); err != nil {
			return err
		}
	}
}

// table is what the catalogue says of one.
type table struct {
	name    string
	columns []string
	types   map[string]string // column → declared type
}

func (t *table) list() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quoted(c)
	}
	return strings.Join(names, ", ")
}

// fitted lets a value enter its column on PostgreSQL too: SQLite keeps the bytes that somebody wrote into a text column
// as bytes.
func (t *table) fitted(column int, v any) any {
	if raw, ok := v.([]byte); ok && column < len(t.columns) && t.types[t.columns[column]] == "text" {
		return string(raw)
	}
	return v
}

// readTables lists the tables of Comanda but schema_migrations, by name.
func readTables(tx *Tx, engine string) ([]table, error) {
	query := catalogueOfPostgres
	if engine == "sqlite" {
		query = catalogueOfSQLite
	}
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []table
	for rows.Next() {
		var name, column, kind string
		if err := rows.Scan(&name, &column, &kind); err != nil {
			return nil, err
		}
		if name == "schema_migrations" {
			continue
		}
		if n := len(out); n == 0 || out[n-1].name != name {
			out = append(out, table{name: name, types: map[string]string{}})
		}
		t := &out[len(out)-1]
		t.columns = append(t.columns, column)
		t.types[column] = kind
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// syncFolder makes a new or renamed file's name survive a crash.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // does not know the notion
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	return errors.Join(err, f.Close())
}
