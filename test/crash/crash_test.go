// Package crash proves with the real program what must survive a kill -9: an acknowledged order is there after the
// restart, its order.created stands once in a log without gaps, and the receiver got it at least once.
package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"comanda/internal/dbtest"
	"comanda/test/program"
)

func TestMain(m *testing.M) {
	code := dbtest.Run(m)
	program.Clean()
	os.Exit(code)
}

const (
	clients  = 8                // concurrent diners
	kills    = 20               // of each engine in the ordinary run
	between  = 60               // acknowledged orders from one kill to the next, on average
	patience = 60 * time.Second // for anything that must happen
)

func TestNothingIsLostByKillMinusNine(t *testing.T) {
	each(t, func(t *testing.T, shop *installation) {
		receiver := newReceiver(t)
		node := shop.serve(t, shop.data)
		shop.subscribe(t, node, receiver.url)
		load := startLoad(t, shop, node)
		count := soak(t)
		for range count {
			load.await(between/2 + rand.IntN(between))
			node.Kill()
			node.restart(t)
		}
		load.await(between)
		acknowledged := load.stop()
		shop.verify(t, node, acknowledged, receiver)
		t.Logf("%d kills, %d orders acknowledged, %d deliveries (%d repeated)",
			count, len(acknowledged), receiver.total(), receiver.repeated())
	})
}

func TestBackupUnderLoadRestores(t *testing.T) {
	each(t, func(t *testing.T, shop *installation) {
		node := shop.serve(t, shop.data)
		load := startLoad(t, shop, node)
		load.await(between)
		before := load.acknowledged()
		backup := t.TempDir() + "/comanda.backup"
		program.Run(t, patience, shop.args("backup", shop.data, backup)...)
		load.await(between)
		load.stop()
		node.Kill()

		restored := shop.emptyCopy(t)
		program.Run(t, patience, restored.args("restore", restored.data, "--verify", backup)...)
		node = restored.serve(t, restored.data)
		restored.verifyHolds(t, node, before)
		t.Logf("%d orders before the backup, all restored", len(before))
	})
}

func TestTwoServersOnOneDatabase(t *testing.T) {
	shop := install(t, "postgres")
	receiver := newReceiver(t)
	a := shop.serve(t, shop.data)
	shop.subscribe(t, a, receiver.url)
	first := shop.mustPlace(t, a)
	receiver.await(t, first) // a holds the lease of delivery
	b := shop.serve(t, t.TempDir())

	load := startLoad(t, shop, a, b)
	load.await(between)
	a.Kill()
	killed := time.Now()
	load.only(b)
	after := shop.mustPlace(t, b)
	receiver.await(t, after)
	took := time.Since(killed)
	// The lease time is 5 s; the contender must have seen the same beat for as long, and looks a few times in it.
	if limit := 10 * time.Second; took > limit {
		t.Errorf("the other node went on after %s, want at most %s", took, limit)
	}
	load.await(between)
	a.restart(t)
	load.only(a, b)
	load.await(between)
	acknowledged := append(load.stop(), first, after)
	shop.verify(t, a, acknowledged, receiver)
	t.Logf("the other node delivered again after %s; %d orders, %d deliveries (%d repeated)",
		took.Round(time.Millisecond), len(acknowledged), receiver.total(), receiver.repeated())
}

func each(t *testing.T, fn func(t *testing.T, shop *installation)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { fn(t, install(t, engine)) })
	}
}

// soak is how often to kill: COMANDA_SOAK_KILLS, or the ordinary number.
func soak(t *testing.T) int {
	t.Helper()
	s := os.Getenv("COMANDA_SOAK_KILLS")
	if s == "" {
		return kills
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(fmt.Errorf("COMANDA_SOAK_KILLS: %w", err))
	}
	return n
}
