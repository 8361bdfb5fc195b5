package event

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// testClock is a node's two clocks, moved by hand.
type testClock struct {
	mu sync.Mutex
	at instant
}

func (c *testClock) now() instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) move(mono, wall time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = instant{c.at.mono.Add(mono), c.at.wall.Add(wall)}
}

const lease = 10 * time.Second

// twoNodes are two registered nodes on one PostgreSQL database with clocks of their own; nothing beats but by beatOnce.
func twoNodes(t *testing.T) (a, b *Log, clockA, clockB *testClock) {
	t.Helper()
	opt := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, opt) })
	url := dbtest.PostgresURL(t)
	node := func() (*Log, *testClock) {
		d, err := db.Open(t.Context(), db.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		c := &testClock{at: now()}
		l := NewLog(d, LeaseTime(lease))
		l.now = c.now
		beat(t, l)
		return l, c
	}
	a, clockA = node()
	b, clockB = node()
	return a, b, clockA, clockB
}

func beat(t *testing.T, l *Log) {
	t.Helper()
	if err := l.beatOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func acquire(t *testing.T, l *Log, name string) *Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	le, err := l.Acquire(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return le
}

// isFree tells whether node l could take name now.
func isFree(t *testing.T, l *Log, name string) bool {
	t.Helper()
	l.node.mu.Lock()
	id := l.node.id
	l.node.mu.Unlock()
	le, err := l.claim(t.Context(), name, id)
	if err != nil {
		t.Fatal(err)
	}
	return le != nil
}

func cursor(t *testing.T, l *Log, name string) Follower {
	t.Helper()
	var f []Follower
	err := l.db.Read(t.Context(), func(tx *db.Tx) (err error) { f, err = Followers(tx, name, 0); return err })
	if err != nil || len(f) != 1 {
		t.Fatal(f, err)
	}
	return f[0]
}

func place(t *testing.T, l *Log, name string, position int64) {
	t.Helper()
	if err := l.db.Write(t.Context(), func(tx *db.Tx) error { return Place(tx, name, 1, position) }); err != nil {
		t.Fatal(err)
	}
}

func save(l *Log, le *Lease, f Follower) (saved bool, err error) {
	err = l.db.Write(context.Background(), func(tx *db.Tx) (err error) { saved, err = le.Save(tx, f); return err })
	return saved, err
}

func TestFencedNodeNeverSettles(t *testing.T) {
	a, b, clockA, clockB := twoNodes(t)
	place(t, a, "hook", 0)
	le := acquire(t, a, "work")
	f := cursor(t, a, "hook")
	f.Cursor = 5
	if ok, err := save(a, le, f); !ok || err != nil {
		t.Fatal(ok, err)
	}
	beat(t, b) // B sees A's beat; A stands still from here on
	if !le.Valid() || isFree(t, b, "work") {
		t.Fatal("A does not own its work")
	}
	clockA.move(lease*4/5, lease*4/5)
	clockB.move(lease-1, lease-1)
	beat(t, b)
	if isFree(t, b, "work") {
		t.Fatal("B took over before the lease time")
	}
	if le.Valid() {
		t.Error("A trusts its lease for all of the lease time")
	}
	clockB.move(1, 1)
	beat(t, b)
	other := acquire(t, b, "work")
	if !other.Valid() {
		t.Error("B distrusts its new lease")
	}

	// A wakes up. It has not heard of anything yet.
	f.Cursor = 9
	if ok, err := save(a, le, f); !errors.Is(err, ErrFenced) {
		t.Errorf("a fenced node settled: %v %v", ok, err)
	}
	err := a.db.Write(t.Context(), func(tx *db.Tx) error {
		if err := Place(tx, "other", 1, 1); err != nil { // any work of a settling transaction
			return err
		}
		return le.Guard(tx)
	})
	if !errors.Is(err, ErrFenced) {
		t.Error("a fenced node's transaction passed its guard:", err)
	}
	if got := cursor(t, b, "").Cursor; got != 5 {
		t.Errorf("cursor %d, want 5", got)
	}
	select {
	case <-le.Done():
	default:
		t.Error("the lease does not know that it ended")
	}
	beat(t, a) // a new incarnation; the old lease stays dead although the node beats
	if le.Valid() {
		t.Error("a lost lease came back to life")
	}
	if err := le.Release(); err != nil {
		t.Error(err)
	}
	if !other.Valid() || isFree(t, a, "work") {
		t.Error("releasing a lost lease took it from its owner")
	}
	f = cursor(t, b, "hook")
	f.Cursor = 7
	if ok, err := save(b, other, f); !ok || err != nil {
		t.Error("the new owner cannot settle:", ok, err)
	}
}

func TestPausedNodeHearsOfItsEvictionByItsBeat(t *testing.T) {
	a, b, _, clockB := twoNodes(t)
	le := acquire(t, a, "work")
	beat(t, b)
	clockB.move(lease, lease)
	beat(t, b)
	beat(t, a)
	select {
	case <-le.Done():
	default:
		t.Error("the lease goes on")
	}
	if again := acquire(t, a, "work"); again.epoch <= le.epoch {
		t.Errorf("epoch %d after %d", again.epoch, le.epoch)
	}
}

func TestBeatingNodeKeepsItsLease(t *testing.T) {
	a, b, clockA, clockB := twoNodes(t)
	le := acquire(t, a, "work")
	for range 10 {
		clockA.move(lease*7/10, lease*7/10)
		clockB.move(lease*7/10, lease*7/10)
		beat(t, a)
		beat(t, b)
		if !le.Valid() || isFree(t, b, "work") {
			t.Fatal("a live node lost its lease")
		}
	}
	// What B saw is outdated when A beats between B's look and its eviction.
	var dead []sighted
	clockB.move(lease, lease)
	err := b.db.Read(t.Context(), func(tx *db.Tx) (err error) { dead, err = b.look(tx, b.node.id); return err })
	if err != nil || len(dead) != 1 {
		t.Fatal(dead, err)
	}
	beat(t, a)
	if err := b.evict(t.Context(), dead[0]); err != nil || isFree(t, b, "work") {
		t.Error("evicted although it had beaten again", err)
	}
}

func TestLeaseIsCheckedByBothClocks(t *testing.T) {
	for name, c := range map[string]struct {
		mono, wall time.Duration
		valid      bool
	}{
		"just beaten":              {0, 0, true},
		"shortly before":           {lease*4/5 - 1, lease*4/5 - 1, true},
		"over":                     {lease * 4 / 5, lease * 4 / 5, false},
		"machine slept":            {time.Second, lease, false},
		"wall clock set back":      {lease, time.Second, false},
		"wall clock set back much": {time.Second, -lease, false},
		"wall clock moved a bit":   {time.Second, -time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			start := now()
			end := instant{start.mono.Add(c.mono), start.wall.Add(c.wall)}
			if got := start.within(end, lease*4/5); got != c.valid {
				t.Error(got)
			}
		})
	}
}

// A settling transaction and a take-over meet in real time: whatever the new owner finds when it starts stays.
func TestTakeOverAndSettlementAreSerialised(t *testing.T) {
	a, b, _, clockB := twoNodes(t)
	place(t, a, "hook", 0)
	for round := range 20 {
		beat(t, a)
		le := acquire(t, a, "work")
		settled := make(chan int64)
		begun := make(chan struct{})
		go func() {
			f := cursor(t, a, "hook")
			for n := 0; ; n++ {
				f.Cursor++
				if ok, err := save(a, le, f); !ok || err != nil {
					settled <- f.Cursor - 1
					return
				}
				if n == round%5 {
					close(begun)
				}
			}
		}()
		<-begun
		beat(t, b)
		clockB.move(lease, lease)
		beat(t, b)
		other := acquire(t, b, "work")
		found := cursor(t, b, "hook").Cursor
		if last := <-settled; last != found {
			t.Fatalf("A settled up to %d, B began at %d", last, found)
		}
		if err := other.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCleanStopReleasesAtOnce(t *testing.T) {
	a, b, _, _ := twoNodes(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	le := acquire(t, a, "work")
	cancel()
	if err := a.db.Write(t.Context(), le.Guard); err != nil {
		t.Error("a stopping node cannot settle what it drains:", err)
	}
	if err := le.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !isFree(t, b, "work") {
		t.Error("not released")
	}
	var nodes int
	err := b.db.Read(t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(`select count(*) from log_nodes`).Scan(&nodes)
	})
	if err != nil || nodes != 1 {
		t.Errorf("%d nodes, want only B: %v", nodes, err)
	}
}

func TestFollowerIsTakenOverFromADeadNode(t *testing.T) {
	url := dbtest.PostgresURL(t)
	open := func() *db.DB {
		d, err := db.Open(t.Context(), db.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	short := LeaseTime(200 * time.Millisecond)
	a, b := NewLog(open(), short), NewLog(open(), short)
	beat(t, a)
	var wg sync.WaitGroup
	defer wg.Wait()

	// A handles two events and dies in the middle of the third: it never beats again and its handler hangs.
	appendTo(t, a, 1, 3)
	hung := make(chan struct{})
	dead, kill := context.WithCancel(ctx)
	defer kill()
	wg.Go(func() {
		n := 0
		_ = a.Follow(dead, "reader", func(ctx context.Context, _ int, events []Event) (func(*db.Tx) error, error) {
			if n += len(events); n < 3 {
				return nil, nil
			}
			close(hung)
			<-ctx.Done()
			return nil, ctx.Err()
		})
	})
	<-hung

	live, stop := context.WithCancel(ctx)
	wg.Go(func() { _ = b.Run(live) })
	var got []int64
	err := b.Follow(live, "reader", func(_ context.Context, _ int, events []Event) (func(*db.Tx) error, error) {
		for _, e := range events {
			got = append(got, e.Position)
		}
		if len(got) == 3 {
			stop()
		}
		return nil, nil
	})
	stop()
	if err != nil || fmt.Sprint(got) != "[1 2 3]" {
		t.Error(got, err)
	}
}

func TestNextProcessOnSQLiteOwnsAtOnce(t *testing.T) {
	d := dbtest.SQLite(t)
	first := NewLog(d)
	le := acquire(t, first, "work")
	second := NewLog(d) // the first one was killed
	other := acquire(t, second, "work")
	if err := d.Write(t.Context(), le.Guard); !errors.Is(err, ErrFenced) {
		t.Error("the dead process's lease still settles:", err)
	}
	if err := d.Write(t.Context(), other.Guard); err != nil || !other.Valid() {
		t.Error(err)
	}
}

func TestOneOwnerPerName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLog(d)
		beat(t, l)
		le := acquire(t, l, "work")
		acquire(t, l, "other work")
		second := make(chan *Lease)
		go func() {
			le, err := l.Acquire(t.Context(), "work")
			if err != nil {
				t.Error(err)
			}
			second <- le
		}()
		select {
		case <-second:
			t.Fatal("two owners")
		default:
		}
		if err := le.Release(); err != nil {
			t.Fatal(err)
		}
		if again := <-second; again.epoch <= le.epoch || le.Valid() || !again.Valid() {
			t.Error("the lease did not change hands")
		}
	})
}

func TestCursorsOfPlacedOrDroppedFollowersAreNotOverwritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLog(d)
		beat(t, l)
		le := acquire(t, l, "work")
		place(t, l, "hook/1", 3)
		old := cursor(t, l, "hook/")
		old.Cursor = 4
		appendTo(t, l, 1, 2)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			l.PlaceAtHead(tx, "hook/1", 1)
			l.PlaceAtHead(tx, "elsewhere", 2)
			l.Append(tx, encoded(t, 1))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := cursor(t, l, "elsewhere"); got.Cursor != 0 {
			t.Errorf("head of an empty brand: %+v", got)
		}
		if ok, err := save(l, le, old); ok || err != nil {
			t.Error("an older cursor was saved:", ok, err)
		}
		f := cursor(t, l, "hook/")
		if f.Cursor != 3 {
			t.Errorf("placed at %d, want the transaction's own event 3", f.Cursor)
		}
		f.Cursor = 4
		if ok, err := save(l, le, f); !ok || err != nil {
			t.Error(ok, err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return Drop(tx, "hook/1", 1) }); err != nil {
			t.Fatal(err)
		}
		if ok, err := save(l, le, f); ok || err != nil {
			t.Error("a dropped cursor was saved:", ok, err)
		}
	})
}

func encoded(t testing.TB, brand int) Record {
	t.Helper()
	rec, err := Encode(New{Brand: brand, AppID: "x", Subject: "order/1", Body: &wire.OrderCreatedEvent{}, Time: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// appendTo appends n events to a brand, each in a transaction of its own.
func appendTo(t testing.TB, l *Log, brand, n int) {
	t.Helper()
	for range n {
		rec := encoded(t, brand)
		if err := l.db.Write(context.Background(), func(tx *db.Tx) error { l.Append(tx, rec); return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// The answer to the COMMIT of a claim, or to a release, was lost: the row names this node, which holds no lease.
func TestLeaseThatTheNodeDoesNotKnowOfIsTakenAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLog(d, LeaseTime(lease))
		if l.shared() {
			beat(t, l)
		}
		first := acquire(t, l, "work")
		if isFree(t, l, "work") {
			t.Fatal("a lease was taken from its holder")
		}
		first.end() // a release that did not get through
		second := acquire(t, l, "work")
		if second.epoch <= first.epoch {
			t.Fatalf("epoch %d after %d", second.epoch, first.epoch)
		}
		guard := func(le *Lease) error { return d.Write(t.Context(), le.Guard) }
		if err := guard(first); !errors.Is(err, ErrFenced) {
			t.Fatal(err)
		}
		if err := guard(second); err != nil {
			t.Fatal(err)
		}
		if err := first.Release(); err != nil { // gets through late
			t.Fatal(err)
		}
		if isFree(t, l, "work") || guard(second) != nil {
			t.Fatal("the late release freed the lease of another time")
		}
		if err := second.Release(); err != nil {
			t.Fatal(err)
		}

		var epoch int64 // a claim that came through unheard
		l.node.mu.Lock()
		id := l.node.id
		l.node.mu.Unlock()
		err := d.Write(t.Context(), func(tx *db.Tx) error { return tx.QueryRow(sqlClaimLease, "work", id).Scan(&epoch) })
		if err != nil {
			t.Fatal(err)
		}
		if third := acquire(t, l, "work"); third.epoch != epoch+1 {
			t.Fatalf("epoch %d after %d", third.epoch, epoch)
		}
	})
}
