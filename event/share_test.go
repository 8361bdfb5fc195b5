package event

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

const testShards = 8

// sharer is a node that shares work with others.
type sharer struct {
	t    *testing.T
	d    *db.DB
	stop func()

	mu   sync.Mutex
	mine map[int]*Lease // shards whose fn runs
}

// board knows what every sharer runs.
type board struct {
	mu   sync.Mutex
	runs map[int]*sharer
}

// begin notes that a shard runs at a node; it must run nowhere else, but where the node is dead.
func (b *board) begin(s *sharer, shard int, dead func(*sharer) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if other := b.runs[shard]; other != nil && !dead(other) {
		s.t.Errorf("shard %d runs at two nodes", shard)
	}
	b.runs[shard] = s
}

func (b *board) end(s *sharer, shard int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.runs[shard] == s {
		delete(b.runs, shard)
	}
}

func (s *sharer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mine)
}

func startSharer(t *testing.T, d *db.DB, lease time.Duration, b *board, dead func(*sharer) bool) *sharer {
	t.Helper()
	s := &sharer{t: t, d: d, mine: map[int]*Lease{}}
	l := NewLog(d, LeaseTime(lease))
	logCtx, stopLog := context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	var logs, shares sync.WaitGroup
	logs.Go(func() { _ = l.Run(logCtx) })
	shares.Go(func() {
		_ = l.Share(ctx, "work", testShards, func(ctx context.Context, le *Lease, shard int) {
			b.begin(s, shard, dead)
			s.mu.Lock()
			s.mine[shard] = le
			s.mu.Unlock()
			<-ctx.Done()
			b.end(s, shard)
			s.mu.Lock()
			delete(s.mine, shard)
			s.mu.Unlock()
		})
	})
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			shares.Wait()
			stopLog()
			logs.Wait()
		})
	}
	t.Cleanup(s.stop)
	return s
}

// settle waits until every shard runs and nobody runs more than most.
func settle(t *testing.T, most int, nodes ...*sharer) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		sum, fair := 0, true
		counts := make([]int, len(nodes))
		for i, n := range nodes {
			counts[i] = n.count()
			sum += counts[i]
			fair = fair && counts[i] <= most
		}
		if sum == testShards && fair {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("shards are spread as %v, want %d in all and at most %d each", counts, testShards, most)
		}
		<-tick.C
	}
}

func TestNodesShareFairlyAndTakeOver(t *testing.T) {
	opt := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, opt) })
	url := dbtest.PostgresURL(t)
	var gone sync.Map // sharers that are dead
	dead := func(s *sharer) bool { _, is := gone.Load(s); return is }
	b := &board{runs: map[int]*sharer{}}
	join := func() *sharer {
		d, err := db.Open(t.Context(), db.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return startSharer(t, d, 500*time.Millisecond, b, dead)
	}
	one := join()
	settle(t, 8, one)
	two := join()
	settle(t, 4, one, two)
	three := join()
	settle(t, 3, one, two, three)

	two.stop() // in order
	settle(t, 4, one, three)
	if two.count() != 0 {
		t.Error("a node that has stopped still runs shards")
	}

	gone.Store(three, true)
	_ = three.d.Close() // cut off from the database: it beats no more
	settle(t, 8, one)
	three.mu.Lock()
	defer three.mu.Unlock()
	for shard, le := range three.mine {
		if le.Valid() {
			t.Errorf("the node that was cut off still trusts its lease of shard %d", shard)
		}
	}
}

func TestOneProcessOwnsAllOnSQLite(t *testing.T) {
	d := dbtest.SQLite(t)
	b := &board{runs: map[int]*sharer{}}
	never := func(*sharer) bool { return false }
	one := startSharer(t, d, time.Second, b, never)
	settle(t, 8, one)
	one.stop()
	if one.count() != 0 {
		t.Error("it still runs shards")
	}
	again := startSharer(t, d, time.Second, b, never)
	settle(t, 8, again)
	again.stop()
	// A process that died left its leases and its membership behind.
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(`update log_leases set owner = 'dead'`); err != nil {
			return err
		}
		_, err := tx.Exec(sqlJoin, "work", "dead")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, 8, startSharer(t, d, time.Second, b, never))
}

// When a node could not give its shards back, the database still names it as their owner although nobody runs them.
func TestShardsThatWereNotGivenBackAreNotStuck(t *testing.T) {
	url := dbtest.PostgresURL(t)
	b := &board{runs: map[int]*sharer{}}
	never := func(*sharer) bool { return false }
	join := func() *sharer {
		d, err := db.Open(t.Context(), db.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return startSharer(t, d, 500*time.Millisecond, b, never)
	}
	one := join()
	settle(t, 8, one)
	exec := func(text string) {
		t.Helper()
		if err := one.d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(text); return err }); err != nil {
			t.Fatal(err)
		}
	}
	exec(`create sequence refused`)
	exec(`create function refuse() returns trigger language plpgsql as $$ begin perform nextval('refused'); raise exception 'no'; end $$`)
	exec(`create trigger refuse before update on log_leases for each row when (new.owner = '') execute function refuse()`)
	two := join()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for refused := 0; refused < 4; <-tick.C {
		err := one.d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`select case when is_called then last_value else 0 end from refused`).Scan(&refused)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	exec(`drop trigger refuse on log_leases`)
	settle(t, 4, one, two)
}
