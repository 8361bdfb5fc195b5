package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // driver "sqlite"

	"comanda/internal/db"
)

// Sizes of the ceilings' payloads: those of the basket, of the answer and of the webhook that the load makes.
const (
	basketBytes  = 700
	answerBytes  = 5000
	webhookBytes = 3000
	bareCommits  = 2000
	barePosts    = 20_000
)

// ceilings are the parts that measure what no code of ours can exceed on the machine.
var ceilings = map[string]func(args []string) error{"commit": bareCommit, "echo": bareEcho, "insert": bareInsert, "post": barePost}

// rate is what a ceiling came to.
type rate struct {
	PerSecond float64
	CPU       int64 // µs of the process per operation
}

func tell(n int, begin time.Time) error {
	r := rate{PerSecond: float64(n) / time.Since(begin).Seconds()}
	var err error
	if r.CPU, err = ownCPU(n); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// bareCommit inserts rows of the size of an answer into SQLite as durably as the program does: commit DIR ROWS, ROWS to
// each commit.
func bareCommit(args []string) error {
	if len(args) != 2 {
		return errors.New("commit DIR ROWS")
	}
	rows, err := strconv.Atoi(args[1])
	if err != nil || rows < 1 {
		return errors.New("commit: ROWS is not a number")
	}
	pool, err := sql.Open("sqlite", "file:"+filepath.Join(args[0], "bare"+args[1]+".db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	pool.SetMaxOpenConns(1)
	if _, err := pool.Exec("create table t (id integer primary key, doc text not null)"); err != nil {
		return err
	}
	doc := strings.Repeat("x", answerBytes)
	begin := time.Now()
	for range bareCommits {
		tx, err := pool.Begin()
		if err != nil {
			return err
		}
		for range rows {
			if _, err := tx.Exec("insert into t (doc) values ($1)", doc); err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return tell(bareCommits, begin)
}

// bareEcho answers every POST over HTTPS with as many bytes as an order has, and writes the bench.json that load reads:
// echo DIR.
func bareEcho(args []string) error {
	if len(args) != 1 {
		return errors.New("echo DIR")
	}
	answer := bytes.Repeat([]byte("x"), answerBytes)
	return serveBare(args[0], func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	})
}

// serveBare serves HTTPS for ever, with the bench.json that load reads in a folder.
func serveBare(dir string, handler http.HandlerFunc) error {
	debug.SetGCPercent(gcPercent)
	s := httptest.NewTLSServer(handler)
	ca := filepath.Join(dir, "bare.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		return err
	}
	basket, err := json.Marshal(strings.Repeat("x", basketBytes))
	if err != nil {
		return err
	}
	err = writeSeeded(dir, seeded{
		BaseURL: s.URL, CAFile: ca, Brands: []brand{{AppID: "bare", Basket: basket}},
		OAuth: grantor{TokenURL: s.URL, ClientID: "bare", Secret: "bare"},
	})
	if err != nil {
		return err
	}
	fmt.Println(s.URL)
	select {}
}

// sqlBareToken is the row of a client_credentials token.
const sqlBareToken = `insert into oauth_tokens
	(digest, token_key, brand_id, oauth_app_id, kind, subject_id, levels, stores, created_at, expires_at,
	authorization_id, scopes, key_thumbprint, used_at)
	values ($1, $2, 1, '1000000000000000000001', 'client_credentials', 1, '', '', $3, $4, '', 'api', '', 0)`

// bareInsert answers every POST over HTTPS with a token that nobody asked for by name: it reads the body and stores the
// row of a token, through the same database package as the program, and that is all: insert DIR [URL of PostgreSQL].
func bareInsert(args []string) error {
	if len(args) != 2 {
		return errors.New("insert DIR URL")
	}
	c := db.Config{URL: args[1]}
	if c.URL == "" {
		c.Path = filepath.Join(args[0], "bare.db")
	}
	d, err := db.Open(context.Background(), c)
	if err != nil {
		return err
	}
	return serveBare(args[0], func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		token := rand.Text() + rand.Text()
		digest, now := sha256.Sum256([]byte(token)), time.Now().UnixMicro()
		err := d.Write(r.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(sqlBareToken, digest[:], rand.Text(), now, now+time.Hour.Microseconds())
			return err
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"`+token+`","expires_in":3600,"token_type":"Bearer","scope":"api"}`)
	})
}

// barePost sends as many POSTs to the receiver as its first argument says, 16 at a time: post ADDRESS N.
func barePost(args []string) error {
	if len(args) != 2 {
		return errors.New("post ADDRESS N")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	const flights = 16
	transport := &http.Transport{MaxIdleConnsPerHost: flights, DisableCompression: true}
	body := bytes.Repeat([]byte("x"), webhookBytes)
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, flights)
	begin := time.Now()
	for range flights {
		wg.Go(func() {
			for next.Add(1) <= n {
				req, err := http.NewRequest(http.MethodPost, "http://"+args[0]+"/hook", bytes.NewReader(body))
				if err == nil {
					var res *http.Response
					if res, err = transport.RoundTrip(req); err == nil {
						_, err = io.Copy(io.Discard, res.Body)
						_ = res.Body.Close()
					}
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	return tell(int(n), begin)
}

// measureCeilings runs all of them and prints them.
func measureCeilings(o options, self, dir string) error {
	b := &bench{options: o, self: self, engine: "ceiling"}
	for _, rows := range []int{1, 32} {
		var r rate
		if err := b.part(&r, "commit", dir, strconv.Itoa(rows)); err != nil {
			return err
		}
		fmt.Printf("ceiling: SQLite, %2d rows of %d bytes per durable commit: %6.0f commits/s, %d µs CPU each\n", rows, answerBytes, r.PerSecond, r.CPU)
	}
	if err := b.echo(dir); err != nil {
		return err
	}
	receiver, address, err := b.receiver()
	if err != nil {
		return err
	}
	defer receiver.kill()
	var r rate
	if err := b.part(&r, "post", address, strconv.Itoa(barePosts)); err != nil {
		return err
	}
	fmt.Printf("ceiling: bare POST of %d bytes, 16 at a time: %6.0f/s, %d µs CPU each in the sender\n", webhookBytes, r.PerSecond, r.CPU)
	return nil
}

// echo loads the bare HTTPS server as the real one is loaded.
func (b *bench) echo(dir string) error {
	cmd := exec.Command(b.self, "echo", dir)
	p, _, err := b.child(cmd)
	if err != nil {
		return err
	}
	defer p.kill()
	for _, clients := range b.clients {
		var got loaded
		if err := b.part(&got, "load", dir, "orders", strconv.Itoa(clients), (b.period / 2).String(), strconv.Itoa(p.pid())); err != nil {
			return err
		}
		fmt.Printf("ceiling: bare HTTPS echo, %2d clients: %6.0f/s, %d µs CPU each, generator %d µs, %d failed %s\n", clients,
			got.PerSecond, got.ServerCPU, got.CPU, got.Failed, got.Failure)
	}
	return nil
}

// part runs this binary in another role and reads the JSON that it prints.
func (b *bench) part(into any, args ...string) error {
	cmd := exec.Command(b.self, args...)
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return json.Unmarshal(raw, into)
}
