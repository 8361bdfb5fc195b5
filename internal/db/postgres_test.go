package db_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// proxy stands between a test and the server, and loses what one side sends when told to.
type proxy struct {
	loseRequests, loseAnswers atomic.Bool

	mu    sync.Mutex
	conns []net.Conn
}

func startProxy(t *testing.T, target string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	network, address := "tcp", u.Host
	if dir := u.Query().Get("host"); dir != "" {
		network, address = "unix", dir+"/.s.PGSQL.5432"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	t.Cleanup(func() { _ = l.Close(); p.cut() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, address)
			if err != nil {
				_ = client.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, server)
			p.mu.Unlock()
			go pump(server, client, &p.loseRequests)
			go pump(client, server, &p.loseAnswers)
		}
	}()
	u.Host = l.Addr().String()
	q := u.Query()
	q.Del("host")
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return p, u.String()
}

func pump(to io.WriteCloser, from io.Reader, lose *atomic.Bool) {
	defer func() { _ = to.Close() }()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if lose.Load() {
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// cut closes every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// atCommit is a Flusher: Flush is called when the closure is done and the COMMIT is about to be sent.
type atCommit func() []db.Stmt

func (f atCommit) Flush() []db.Stmt { return f() }

func TestCommitWithoutAnswerIsOfUnknownOutcome(t *testing.T) {
	for name, test := range map[string]struct {
		lose      func(p *proxy) *atomic.Bool
		cut       bool // else the line stays silent until the time-out
		committed string
	}{
		"the answer is lost":  {func(p *proxy) *atomic.Bool { return &p.loseAnswers }, true, "1 2 5"},
		"the COMMIT is lost":  {func(p *proxy) *atomic.Bool { return &p.loseRequests }, true, "1 5"},
		"the answer is late":  {func(p *proxy) *atomic.Bool { return &p.loseAnswers }, false, "1 2 5"},
		"the COMMIT is stuck": {func(p *proxy) *atomic.Bool { return &p.loseRequests }, false, "1 5"},
	} {
		t.Run(name, func(t *testing.T) {
			direct := dbtest.PostgresURL(t)
			p, via := startProxy(t, direct)
			d, err := db.Open(ctx, db.Config{URL: via, Conns: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			watch, err := db.Open(ctx, db.Config{URL: direct})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = watch.Close() }()
			table(t, d)
			db.SetCommitTime(d, 500*time.Millisecond)
			write := func(id int, before func()) error {
				return d.Write(ctx, func(tx *db.Tx) error {
					tx.Attach("test", func() db.Flusher {
						return atCommit(func() []db.Stmt {
							before()
							return []db.Stmt{{SQL: `insert into t (id, n) values ($1, 0)`, Args: []any{id}}}
						})
					})
					tx.AfterCommit(func() {
						if id == 2 {
							t.Error("a hook ran though nobody knows of a commit")
						}
					})
					_, err := tx.Exec(`update t set n = n + 1`)
					return err
				})
			}
			if err := write(1, func() {}); err != nil { // has the statements prepared on the connection
				t.Fatal(err)
			}
			tries := 0
			err = write(2, func() {
				tries++
				test.lose(p).Store(true)
				if test.cut {
					go func() {
						if test.committed == "1 2 5" {
							until(t, "the server has committed", func() bool { return rows(t, watch) == "1 2" })
						}
						p.cut()
					}()
				}
			})
			if !errors.Is(err, db.ErrOutcomeUnknown) {
				t.Errorf("Write answered %v", err)
			}
			if tries != 1 {
				t.Errorf("the closure was tried %d times", tries)
			}
			if n := d.Stats().Unknown; n != 1 {
				t.Errorf("Stats count %d unknown outcomes", n)
			}
			test.lose(p).Store(false)
			if err := write(5, func() {}); err != nil {
				t.Error("the next write:", err)
			}
			wantRows(t, watch, test.committed)
		})
	}
}

func TestConnectionLostBeforeCommitWritesNothing(t *testing.T) {
	p, via := startProxy(t, dbtest.PostgresURL(t))
	d, err := db.Open(ctx, db.Config{URL: via})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	table(t, d)
	tries := 0
	err = d.Write(ctx, func(tx *db.Tx) error {
		tries++
		if err := insert(1)(tx); err != nil {
			return err
		}
		p.cut()
		return insert(2)(tx)
	})
	if !errors.Is(err, db.ErrUnavailable) || errors.Is(err, db.ErrOutcomeUnknown) || tries != 1 {
		t.Errorf("Write answered %v after %d tries", err, tries)
	}
	wantRows(t, d, "")
}

// A restart of the server kills the pool's connections; the next transactions must not notice.
func TestDeadPooledConnectionIsReplaced(t *testing.T) {
	p, via := startProxy(t, dbtest.PostgresURL(t))
	d, err := db.Open(ctx, db.Config{URL: via, Conns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	table(t, d)
	var held sync.WaitGroup // opens all of the pool
	held.Add(4)
	race(t, 4, func(int) bool {
		return d.Read(ctx, func(*db.Tx) error { held.Done(); held.Wait(); return nil }) == nil
	})
	p.cut()
	if err := d.Write(ctx, insert(1)); err != nil {
		t.Error(err)
	}
	wantRows(t, d, "1")
}

func TestUnreachableServerIsUnavailable(t *testing.T) {
	_, err := db.Open(ctx, db.Config{URL: "postgres://nobody@127.0.0.1:1/none?sslmode=disable"})
	if !errors.Is(err, db.ErrUnavailable) {
		t.Error(err)
	}
}

// Two transactions lock two rows in opposite order: the server kills one, which is run again, and both commit.
func TestDeadlockIsRunAgain(t *testing.T) {
	d := dbtest.Postgres(t)
	table(t, d)
	exec(t, d, `insert into t (id, n) values (1, 0), (2, 0)`)
	var first [2]sync.Once
	var met sync.WaitGroup
	met.Add(2)
	var tries atomic.Int64
	won := race(t, 2, func(i int) bool {
		err := d.Write(ctx, func(tx *db.Tx) error {
			tries.Add(1)
			if _, err := tx.Exec(`update t set n = n + 1 where id = $1`, 1+i); err != nil {
				return err
			}
			first[i].Do(func() { met.Done(); met.Wait() })
			_, err := tx.Exec(`update t set n = n + 1 where id = $1`, 2-i)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return err == nil
	})
	var sum int
	if err := d.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`select sum(n) from t`).Scan(&sum) }); err != nil {
		t.Fatal(err)
	}
	if won != 2 || sum != 4 || tries.Load() < 3 || d.Stats().Retries < 1 {
		t.Errorf("%d committed, sum %d, %d tries, %d retries", won, sum, tries.Load(), d.Stats().Retries)
	}
}

// The server's verdict decides, also when the closure hides it behind an error of its own; and it comes to an end.
func TestSerializationFailureIsRunAgainAFewTimes(t *testing.T) {
	d := dbtest.Postgres(t)
	table(t, d)
	exec(t, d, `create function fail() returns bigint language plpgsql as $$ begin raise exception 'no' using errcode = '40001'; end $$`)
	tries, hooks := 0, 0
	hidden := errors.New("hidden")
	try := func(failing int) error {
		tries = 0
		return d.Write(ctx, func(tx *db.Tx) error {
			tries++
			tx.AfterCommit(func() { hooks++ })
			if err := insert(failing + tries)(tx); err != nil {
				return err
			}
			if tries <= failing {
				if _, err := tx.Exec(`select fail()`); err != nil {
					return hidden
				}
			}
			return nil
		})
	}
	if err := try(3); err != nil || tries != 4 || hooks != 1 {
		t.Errorf("%v after %d tries, %d hooks", err, tries, hooks)
	}
	wantRows(t, d, "7")
	if err := try(1000); !errors.Is(err, hidden) || tries != 8 {
		t.Errorf("%v after %d tries", err, tries)
	}
	wantRows(t, d, "7")
}

func TestOtherServerErrorsAreNotRunAgain(t *testing.T) {
	d := dbtest.Postgres(t)
	tries := 0
	err := d.Write(ctx, func(tx *db.Tx) error {
		tries++
		_, err := tx.Exec(`select 1 / 0`)
		return err
	})
	if err == nil || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

// A constraint that is checked at COMMIT, and a statement that fails inside the COMMIT's batch: certain failures both.
func TestFailureAtCommitIsCertain(t *testing.T) {
	d := dbtest.Postgres(t)
	exec(t, d, `create table p (id integer primary key)`)
	exec(t, d, `create table t (id integer primary key references p (id) deferrable initially deferred, n bigint not null)`)
	err := d.Write(ctx, insert(1))
	if err == nil || errors.Is(err, db.ErrOutcomeUnknown) {
		t.Errorf("deferred constraint: %v", err)
	}
	for name, stmt := range map[string]db.Stmt{
		"fails":         {SQL: `select 1 / $1::int`, Args: []any{0}},
		"cannot encode": {SQL: `select $1::int`, Args: []any{"no number"}},
		"no such table": {SQL: `select nothing from nowhere`},
	} {
		err := d.Write(ctx, func(tx *db.Tx) error {
			tx.Attach("test", func() db.Flusher { return atCommit(func() []db.Stmt { return []db.Stmt{stmt} }) })
			_, err := tx.Exec(`insert into p (id) values (1)`)
			return err
		})
		if err == nil || errors.Is(err, db.ErrOutcomeUnknown) {
			t.Errorf("last statement %s: %v", name, err)
		}
	}
	var n int
	if err := d.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`select count(*) from p`).Scan(&n) }); err != nil || n != 0 {
		t.Error(n, err)
	}
}

func TestCancelledBeforeCommitRollsBack(t *testing.T) {
	d := dbtest.Postgres(t)
	table(t, d)
	c, cancel := context.WithCancel(ctx)
	err := d.Write(c, func(tx *db.Tx) error {
		if err := insert(1)(tx); err != nil {
			return err
		}
		cancel()
		return insert(2)(tx)
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	wantRows(t, d, "")
}

func TestTypesComeBackExactly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		blob := map[string]string{"sqlite": "blob", "postgres": "bytea"}[d.Engine()]
		exec(t, d, `create table v (id integer primary key, big bigint, txt text, yes boolean, bin `+blob+`)`)
		exec(t, d, `insert into v (id, big, txt, yes, bin) values ($1, $2, $3, $4, $5)`,
			1, int64(-1)<<63, "Zoë\n\"€\"", true, []byte{0, 255, 1})
		exec(t, d, `insert into v (id, big, txt, yes, bin) values ($1, $2, $3, $4, $5)`, 2, nil, nil, nil, nil)
		err := d.Read(ctx, func(tx *db.Tx) error {
			for range 2 { // the first statement of a transaction takes another way than the second
				var id, big int64
				var txt string
				var yes bool
				var bin []byte
				if err := tx.QueryRow(`select id, big, txt, yes, bin from v where id = $1`, 1).Scan(&id, &big, &txt, &yes, &bin); err != nil {
					return err
				}
				if id != 1 || big != -1<<63 || txt != "Zoë\n\"€\"" || !yes || string(bin) != "\x00\xff\x01" {
					t.Error(id, big, txt, yes, bin)
				}
				var none [4]any
				if err := tx.QueryRow(`select big, txt, yes, bin from v where id = $1`, 2).Scan(&none[0], &none[1], &none[2], &none[3]); err != nil {
					return err
				}
				if none != [4]any{} {
					t.Error(none)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A migration may take longer than any other transaction: an index on years of events does.
func TestAMigrationMayTakeLong(t *testing.T) {
	d := dbtest.Postgres(t)
	db.SetTime(d, 200*time.Millisecond)
	err := db.MigrateFiles(d, fstest.MapFS{"migrations/9001_long.sql": {Data: []byte("select pg_sleep(0.5);\n")}})
	if err != nil {
		t.Error(err)
	}
	if err := d.Read(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec("select pg_sleep(0.5)"); return err }); err == nil {
		t.Error("the time limit of the test does not work")
	}
}
