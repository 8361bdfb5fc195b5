package db_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// furnish puts rows of every column type into d.
func furnish(t *testing.T, d *db.DB) {
	t.Helper()
	exec(t, d, `insert into brands (id, app_id, name, country_id, config, sandbox, disabled, clock_offset, created_at, version)
		values (7, 'pizzeria', '', 'IE', '{}', true, false, 0, 0, 0)`)
	for i, row := range [][]any{
		{int64(-1) << 63, "Zoë's “Pizza”\n\t<b>&\\ \u2028", true, []byte{0, 255, 254, '"', '\n'}},
		{int64(1)<<53 + 1, "", false, []byte{}},
		{nil, nil, nil, nil},
	} {
		exec(t, d, `insert into archived (id, brand_id, big, txt, yes, bin) values ($1, 7, $2, $3, $4, $5)`, append([]any{i}, row...)...)
	}
	if _, err := d.NextID(ctx, "orders"); err != nil {
		t.Fatal(err)
	}
	appendEvents(t, d, 3)
}

func appendEvents(t *testing.T, d *db.DB, n int) {
	t.Helper()
	log := event.NewLog(d)
	for range n {
		rec, err := event.Encode(event.New{Brand: 7, AppID: "pizzeria", Subject: "order/1", Body: &wire.OrderCreatedEvent{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, func(tx *db.Tx) error { log.Append(tx, rec); return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

func backup(t *testing.T, d *db.DB) (path string, what db.Archived) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "backup.gz")
	what, err := d.Backup(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	return path, what
}

// content returns an archive's lines behind its header.
func content(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "\n")
	return rest
}

func TestBackupIsRestoredExactlyOnEitherEngine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		furnish(t, d)
		path, what := backup(t, d)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Error("mode of the archive:", info.Mode(), err)
		}
		each(t, func(t *testing.T, c db.Config) {
			got, err := db.Restore(ctx, path, c)
			if err != nil {
				t.Fatal(err)
			}
			if got != what {
				t.Errorf("restored %+v of %+v", got, what)
			}
			r, err := db.Open(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			again, _ := backup(t, r)
			if content(t, again) != content(t, path) {
				t.Errorf("a backup of the restored database differs:\n%s\n%s", content(t, path), content(t, again))
			}
			v, err := r.Verify(ctx)
			if err != nil || v.Brands != 1 || v.Events != 3 || v.Tables != what.Tables {
				t.Errorf("%+v %v", v, err)
			}
			if id, err := r.NextID(ctx, "orders"); err != nil || id <= 1001 {
				t.Errorf("id %d was given before the backup (%v)", id, err)
			}
			appendEvents(t, r, 1)
			if _, err := db.Restore(ctx, path, c); err == nil || !strings.Contains(err.Error(), "empty") {
				t.Error("restored over data:", err)
			}
		})
	})
}

// What only SQLite can hold comes back on SQLite, and what means the same on PostgreSQL too.
func TestBackupKeepsWhatSQLiteTolerates(t *testing.T) {
	d := dbtest.SQLite(t)
	furnish(t, d)
	exec(t, d, `update archived set txt = $1`, []byte(`{"bytes":"in a text column"}`))
	path, _ := backup(t, d)
	each(t, func(t *testing.T, c db.Config) {
		if _, err := db.Restore(ctx, path, c); err != nil {
			t.Error(err)
		}
	})
	exec(t, d, `update archived set txt = $1`, "not UTF-8: \xff")
	path, _ = backup(t, d)
	c := db.Config{Path: filepath.Join(t.TempDir(), "x.db")}
	if _, err := db.Restore(ctx, path, c); err != nil {
		t.Fatal(err)
	}
	r, err := db.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var txt string
	if err := r.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`select txt from archived`).Scan(&txt) }); err != nil || txt != "not UTF-8: \xff" {
		t.Errorf("%q %v", txt, err)
	}
}

func TestBackupUnderLoadIsOneSnapshot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		furnish(t, d)
		var stop atomic.Bool
		wrote := make(chan bool)
		go func() {
			defer close(wrote)
			for !stop.Load() {
				appendEvents(t, d, 1)
			}
		}()
		until(t, "the load has begun", func() bool { return d.Stats().Writes > 20 })
		path, _ := backup(t, d)
		stop.Store(true)
		<-wrote
		c := db.Config{Path: filepath.Join(t.TempDir(), "x.db")}
		if _, err := db.Restore(ctx, path, c); err != nil {
			t.Fatal(err)
		}
		r, err := db.Open(ctx, db.Config{Path: c.Path, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		if v, err := r.Verify(ctx); err != nil || v.Events < 4 {
			t.Error(v, err)
		}
	})
}

func TestBackupRefusesAnExistingFileAndLeavesNoHalfOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		furnish(t, d)
		dir := t.TempDir()
		path := filepath.Join(dir, "backup.gz")
		c, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := d.Backup(c, path); err == nil {
			t.Error("a cancelled backup succeeded")
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Error("left behind:", left)
		}
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Backup(ctx, path); err == nil || !strings.Contains(err.Error(), "exists already") {
			t.Error(err)
		}
		if raw, err := os.ReadFile(path); err != nil || string(raw) != "precious" {
			t.Errorf("%q %v", raw, err)
		}
	})
}

func TestDamagedArchiveRestoresNothing(t *testing.T) {
	d := dbtest.SQLite(t)
	furnish(t, d)
	path, _ := backup(t, d)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := content(t, path)
	header := `{"comanda":"backup","version":1,"migrations":["` + strings.Join(migrations, `","`) + `"]}` + "\n"
	lines := strings.SplitAfter(text, "\n")
	lines = lines[:len(lines)-1]
	damaged := map[string][]byte{
		"empty":         {},
		"not gzip":      []byte("hello"),
		"half":          whole[:len(whole)/2],
		"last byte off": whole[:len(whole)-1],
		"flipped bit":   append(append(bytes.Clone(whole[:len(whole)/2]), whole[len(whole)/2]^4), whole[len(whole)/2+1:]...),
		"other file":    zipped(t, "{}\n"),
		"end missing":   zipped(t, header+strings.Join(lines[:len(lines)-1], "")),
		"row missing":   zipped(t, header+strings.Join(lines[:2], "")+strings.Join(lines[3:], "")),
		"more behind":   zipped(t, header+text+"[]\n"),
		"newer format":  zipped(t, strings.Replace(header, `"version":1`, `"version":2`, 1)+text),
	}
	each(t, func(t *testing.T, c db.Config) {
		for name, raw := range damaged {
			bad := filepath.Join(t.TempDir(), "bad.gz")
			if err := os.WriteFile(bad, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Restore(ctx, bad, c); err == nil {
				t.Errorf("%s: restored", name)
			}
		}
		if c.Path != "" {
			if left, _ := os.ReadDir(filepath.Dir(c.Path)); len(left) > 0 {
				t.Error("left behind:", left)
			}
		}
		if _, err := db.Restore(ctx, path, c); err != nil { // so nothing was left in PostgreSQL either
			t.Error("the whole archive:", err)
		}
	})
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRestoreOfAnOlderSchemaIsMigrated(t *testing.T) {
	old := filepath.Join(t.TempDir(), "old.gz")
	text := `{"comanda":"backup","version":1,"migrations":["0001_log"]}
{"table":"id_sequences","columns":["name","last_id"]}
["orders",64]
{"tables":1,"rows":1}
`
	if err := os.WriteFile(old, zipped(t, text), 0o600); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, c db.Config) {
		if got, err := db.Restore(ctx, old, c); err != nil || got != (db.Archived{Tables: 1, Rows: 1, Level: 1}) {
			t.Fatal(got, err)
		}
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		furnish(t, d)
		if id, err := d.NextID(ctx, "orders"); err != nil || id != 1066 {
			t.Error(id, err)
		}
	})
}

func TestRestoreRefusesABackupOfANewerSchema(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := db.MigrateFiles(d, fstest.MapFS{"migrations/9001_later.sql": {Data: []byte("create table later (id integer primary key);\n")}}); err != nil {
		t.Fatal(err)
	}
	path, _ := backup(t, d)
	_, err := db.Restore(ctx, path, db.Config{Path: filepath.Join(t.TempDir(), "x.db")})
	if err == nil || !strings.Contains(err.Error(), "newer Comanda") {
		t.Error(err)
	}
}

func TestVerifyFindsEachKindOfDamage(t *testing.T) {
	for _, damage := range []struct{ stmt, found string }{
		{`delete from log_events where position = 2`, "log of brand 7"},
		{`update log_heads set position = 4`, "log of brand 7"},
		{`delete from log_heads`, "without a log head"},
		{`insert into log_followers (name, brand_id, cursor_position, epoch) values ('w', 7, 4, 0)`, "ahead of their log"},
		{`delete from brands`, "brands that do not exist"},
		{`delete from log_events where position = 1`, ""}, // retention does that
		{`delete from log_events`, ""},
	} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			furnish(t, d)
			if _, err := d.Verify(ctx); err != nil {
				t.Fatal("before the damage:", err)
			}
			exec(t, d, damage.stmt)
			_, err := d.Verify(ctx)
			if (err == nil) != (damage.found == "") || err != nil && !strings.Contains(err.Error(), damage.found) {
				t.Errorf("%s: %v", damage.stmt, err)
			}
		})
	}
}

func TestVerifyFindsACorruptFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := db.Open(ctx, db.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	furnish(t, d)
	appendEvents(t, d, 50)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// An index entry that its row does not have.
	at := bytes.LastIndex(raw, []byte("order/1"))
	raw[at] = 'x'
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := db.Open(ctx, db.Config{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := r.Verify(ctx); err == nil || !strings.Contains(err.Error(), "integrity check") {
		t.Error(err)
	}
}

func TestDataFolderHasOneServer(t *testing.T) {
	dir := t.TempDir()
	first, err := db.LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.LockFolder(dir)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d is running on %s", os.Getpid(), dir)) {
		t.Error(err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := db.LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
}
