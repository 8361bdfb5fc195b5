package cache_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"comanda/internal/cache"
)

func TestEntryDiesATimeAfterItsReadBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.New[string, int](1500*time.Millisecond, 8)
		loads := 0
		load := func() (int, error) {
			loads++
			time.Sleep(time.Second) // a slow read is part of the entry's life
			return loads, nil
		}
		get := func() int { v, _ := c.Load("k", load); return v }
		if v := get(); v != 1 {
			t.Fatal(v)
		}
		time.Sleep(499 * time.Millisecond)
		if v := get(); v != 1 {
			t.Fatalf("got load %d before the entry's end", v)
		}
		time.Sleep(time.Millisecond) // using it at 1.499 s must not have prolonged it
		if v := get(); v != 2 {
			t.Fatalf("got load %d after the entry's end", v)
		}
	})
}

func TestEvictDuringLoadKeepsNothing(t *testing.T) {
	c := cache.New[string, int](time.Hour, 8)
	v, _ := c.Load("k", func() (int, error) { c.Evict("k"); return 1, nil })
	if v != 1 || c.Len() != 0 {
		t.Fatalf("got %d, kept %d entries read before the eviction", v, c.Len())
	}
	_, _ = c.Load("k", func() (int, error) { return 2, nil })
	c.Clear(func(v int) bool { return v == 2 })
	if c.Len() != 0 {
		t.Fatal("Clear left a matching entry")
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	c := cache.New[string, int](time.Hour, 8)
	if _, err := c.Load("k", func() (int, error) { return 0, errors.New("away") }); err == nil {
		t.Fatal("no error")
	}
	if v, err := c.Load("k", func() (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Fatal(v, err)
	}
}

func TestSizeIsBoundedByLeastRecentUse(t *testing.T) {
	c := cache.New[int, int](time.Hour, 3)
	id := func(k int) int {
		v, _ := c.Load(k, func() (int, error) { return k, nil })
		return v
	}
	for _, k := range []int{1, 2, 3, 1, 4} {
		id(k)
	}
	if c.Len() != 3 {
		t.Fatalf("%d entries", c.Len())
	}
	reloaded := false
	_, _ = c.Load(1, func() (int, error) { reloaded = true; return 1, nil })
	if reloaded {
		t.Fatal("the recently used entry went first")
	}
	_, _ = c.Load(2, func() (int, error) { reloaded = true; return 2, nil })
	if !reloaded {
		t.Fatal("the least recently used entry stayed")
	}
}
