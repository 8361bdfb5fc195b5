package db_test

import (
	"database/sql"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// each runs fn with the configuration of an empty database on each engine.
func each(t *testing.T, fn func(t *testing.T, c db.Config)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, db.Config{Path: filepath.Join(t.TempDir(), "x.db")}) })
	t.Run("postgres", func(t *testing.T) { fn(t, db.Config{URL: dbtest.PostgresURL(t)}) })
}

func TestParallelOpenMigratesOnce(t *testing.T) {
	each(t, func(t *testing.T, c db.Config) {
		race(t, 8, func(int) bool {
			d, err := db.Open(ctx, c)
			if err != nil {
				t.Error(err)
				return false
			}
			if _, err := d.NextID(ctx, "orders"); err != nil {
				t.Error(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			return true
		})
	})
}

func TestMigrationRunsOnceAndAFailedOneNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, c db.Config) {
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		files := fstest.MapFS{
			"migrations/9001_a.sql": {Data: []byte("create table t (id integer primary key, n bigint not null);\ninsert into t (id, n) values (1, 0);\n")},
			"migrations/9002_b.sql": {Data: []byte("insert into t (id, n) values (2, 0);\ninsert into nowhere (id) values (1);\n")},
		}
		for range 2 {
			if db.MigrateFiles(d, files) == nil {
				t.Error("a failing migration was taken")
			}
			wantRows(t, d, "1")
		}
		files["migrations/9002_b.sql"] = &fstest.MapFile{Data: []byte("insert into t (id, n) values (3, 0);\n")}
		for range 2 {
			if err := db.MigrateFiles(d, files); err != nil {
				t.Error(err)
			}
			wantRows(t, d, "1 3")
		}
	})
}

func TestOlderProgramRunsUnlessTheSchemaNeedsANewerOne(t *testing.T) {
	each(t, func(t *testing.T, c db.Config) {
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		reopen := func() error {
			again, err := db.Open(ctx, c)
			if err == nil {
				err = again.Close()
			}
			return err
		}
		if err := db.MigrateFiles(d, fstest.MapFS{"migrations/9001_expands.sql": {Data: []byte("create table a (id integer primary key);\n")}}); err != nil {
			t.Fatal(err)
		}
		if err := reopen(); err != nil {
			t.Error("one version back does not run:", err)
		}
		if err := db.MigrateFiles(d, fstest.MapFS{"migrations/9002_breaks.sql": {Data: []byte("-- needs level 9002\ndrop table a;\n")}}); err != nil {
			t.Fatal(err)
		}
		err = reopen()
		if err == nil || !strings.Contains(err.Error(), "needs schema level 9002") || !strings.Contains(err.Error(), "start the newer version") {
			t.Errorf("an incompatible schema was answered %v", err)
		}
		c.ReadOnly = true
		if err := reopen(); err == nil {
			t.Error("a reader took an incompatible schema")
		}
	})
}

// Every statement of every package is a constant sql… in its sql.go, and both engines understand it.
func TestEveryStatementPreparesOnBothEngines(t *testing.T) {
	stmts := statements(t)
	if len(stmts) < 4 {
		t.Fatalf("found only %d statements", len(stmts))
	}
	each(t, func(t *testing.T, c db.Config) {
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		driver, dsn := "sqlite", c.Path
		if c.URL != "" {
			driver, dsn = "pgx", c.URL
		}
		pool, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pool.Close() }()
		for name, text := range stmts {
			st, err := pool.Prepare(text)
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
				continue
			}
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// statements collects the constants sql… of every sql.go of the module.
func statements(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		if entry.IsDir() || entry.Name() != "sql.go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		consts := map[string]ast.Expr{}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				for i, name := range spec.(*ast.ValueSpec).Names {
					if values := spec.(*ast.ValueSpec).Values; i < len(values) {
						consts[name.Name] = values[i]
					}
				}
			}
		}
		for name, expr := range consts {
			if !strings.HasPrefix(name, "sql") {
				continue
			}
			v := evaluate(consts, expr)
			if v.Kind() != constant.String {
				t.Errorf("%s: constant %s is not made of strings of this file", path, name)
				continue
			}
			out[path+" "+name] = constant.StringVal(v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// evaluate folds literals, names and sums of constants.
func evaluate(consts map[string]ast.Expr, expr ast.Expr) constant.Value {
	switch e := expr.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0)
	case *ast.Ident:
		if of, ok := consts[e.Name]; ok {
			return evaluate(consts, of)
		}
	case *ast.ParenExpr:
		return evaluate(consts, e.X)
	case *ast.BinaryExpr:
		x, y := evaluate(consts, e.X), evaluate(consts, e.Y)
		if x.Kind() == constant.String && y.Kind() == constant.String {
			return constant.BinaryOp(x, e.Op, y)
		}
	}
	return constant.MakeUnknown()
}
