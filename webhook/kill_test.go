package webhook_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/outbound"
	"comanda/oauth"
	"comanda/webhook"
)

// nodeConfig tells a node process where it belongs.
type nodeConfig struct {
	DB  db.Config
	Key []byte
}

const nodeLease = time.Second

// nodeMain is a node that delivers until it is killed: the tests start this binary again for it.
func nodeMain() bool {
	raw := os.Getenv("COMANDA_TEST_NODE")
	if raw == "" {
		return false
	}
	var c nodeConfig
	err := json.Unmarshal([]byte(raw), &c)
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	check(err)
	d, err := db.Open(ctx, c.DB)
	check(err)
	log := event.NewLog(d, event.LeaseTime(nodeLease))
	acc := account.New(d, log, account.Config{})
	apps, err := oauth.New(d, log, acc, oauth.Config{MasterKey: c.Key})
	check(err)
	hooks, err := webhook.New(d, log, acc, apps, webhook.Config{MasterKey: c.Key, Allow: outbound.Loopback})
	check(err)
	go func() { check(log.Run(ctx)) }()
	check(hooks.Run(ctx))
	return true
}

func startNode(t *testing.T, c db.Config) *exec.Cmd {
	t.Helper()
	raw, err := json.Marshal(nodeConfig{c, masterKey})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "COMANDA_TEST_NODE="+string(raw))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// engines make empty databases that several processes can open.
var engines = map[string]func(*testing.T) db.Config{
	"sqlite":   func(t *testing.T) db.Config { return db.Config{Path: filepath.Join(t.TempDir(), "comanda.db")} },
	"postgres": func(t *testing.T) db.Config { return db.Config{URL: dbtest.PostgresURL(t)} },
}

// A node that delivers is killed in the middle; another one goes on. On PostgreSQL that one has waited for its turn all
// along, on SQLite it starts afterwards, as after a restart.
func TestKilledNodeLosesNothingAndRepeatsLittle(t *testing.T) {
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			d, err := db.Open(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			w := newWorld(t, d)
			e := newEndpoint(t, nil)
			id := w.subscribe(e.URL)
			created := w.head()
			const n = 4000
			w.burst(1, n)
			node := startNode(t, c)

			e.wait(t, n/20)
			if name == "postgres" {
				w.run()
			}
			e.wait(t, n/4)
			if err := node.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = node.Wait()
			killed := time.Now()
			atKill := len(e.deliveries())
			if atKill >= n {
				t.Fatal("everything came before the kill")
			}
			if name == "sqlite" {
				w.run()
			}
			e.wait(t, atKill+1)
			pause := time.Since(killed)
			eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
			got := e.deliveries()
			seen := map[int64]int{}
			for _, d := range got {
				seen[d.position]++
			}
			for p := created + 1; p <= w.head(); p++ {
				if seen[p] == 0 {
					t.Errorf("position %d never came", p)
				}
			}
			twice := len(got) - len(seen)
			if twice > 512 {
				t.Errorf("%d deliveries came twice", twice)
			}
			if pause > 10*nodeLease {
				t.Errorf("the other node went on after %v", pause)
			}
			t.Logf("went on after %v, %d of %d came twice", pause.Round(time.Millisecond), twice, n)
		})
	}
}

// A node that owned the work stands still for longer than its lease, another one takes over, the first wakes up: it must
// not store anything any more, and what it has in flight is all that may come twice.
func TestPausedNodeSettlesNothing(t *testing.T) {
	c := db.Config{URL: dbtest.PostgresURL(t)}
	d, err := db.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	w := newWorld(t, d)
	e := newEndpoint(t, nil)
	id := w.subscribe(e.URL)
	node := startNode(t, c)
	w.burst(1, 3000)
	e.wait(t, 300)
	if err := node.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := len(e.deliveries())
	w.run()
	eventually(t, "the other node has delivered everything", func() bool { return w.cursor(id) == w.head() })
	before := len(e.deliveries())
	if err := node.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	w.orders(4000, 4400) // the owner goes on while the other one wakes up
	e.wait(t, before+401)
	eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
	seen := map[int64]int{}
	got := e.deliveries()
	for _, d := range got {
		seen[d.position]++
	}
	twice := len(got) - len(seen)
	if len(seen) != 3000+401 || twice > 512+16 || w.pending(id) != 0 {
		t.Errorf("%d positions, %d came twice, %d rows", len(seen), twice, w.pending(id))
	}
	t.Logf("paused after %d deliveries, %d came twice", stopped, twice)
}

// A node that stops in order gives the work back at once: another one goes on at its next beat, long before the lease
// could end, and repeats nothing.
func TestStoppedNodeReleasesAtOnce(t *testing.T) {
	d := dbtest.Postgres(t)
	w := newWorld(t, d)
	e := newEndpoint(t, nil)
	id := w.subscribe(e.URL)
	const lease = 15 * time.Second
	var stops []func()
	for range 2 {
		log := event.NewLog(d, event.LeaseTime(lease))
		stops = append(stops, w.runNode(log, w.newHooks(log)))
		if len(stops) == 1 {
			w.orders(1, 1)
			e.wait(t, 1) // the first node owns the work
		}
	}
	w.burst(2, 1000)
	e.wait(t, 100)
	stops[0]()
	stopped := time.Now()
	w.orders(1001, 1100)
	e.wait(t, 1100)
	if pause := time.Since(stopped); pause > lease*2/3 {
		t.Errorf("the other node needed %v", pause)
	}
	eventually(t, "the cursor is at the head", func() bool { return w.cursor(id) == w.head() })
	if n := len(e.deliveries()); n != 1100 {
		t.Errorf("%d deliveries of 1100 events", n)
	}
}
