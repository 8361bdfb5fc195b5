// Package cache keeps values that were read from the database for a short, hard time. An entry dies a fixed time after
// the read that made it began, however often it is used, so that what another node changed is seen within that time.
package cache

import (
	"container/list"
	"sync"
	"time"

	"comanda/internal/clock"
)

// Cache holds at most a given number of entries; the least recently used goes first. It is safe for parallel use.
type Cache[K comparable, V any] struct {
	ttl  time.Duration
	size int

	mu      sync.Mutex
	entries map[K]*list.Element
	order   *list.List // most recently used in front
	evicted uint64     // counts Evict and Clear: a load that began before one is not kept
}

type entry[K comparable, V any] struct {
	key  K
	val  V
	dies time.Time
}

// New makes a cache of at most size entries that live for ttl at most.
func New[K comparable, V any](ttl time.Duration, size int) *Cache[K, V] {
	return &Cache[K, V]{ttl: ttl, size: size, entries: map[K]*list.Element{}, order: list.New()}
}

// Load returns the entry under key, or what load returns, which it keeps when load has no error. Loads of one key may
// run in parallel. A value whose load began before an Evict is returned but not kept.
func (c *Cache[K, V]) Load(key K, load func() (V, error)) (V, error) {
	began := clock.Mono()
	c.mu.Lock()
	if e, ok := c.entries[key]; ok {
		en := e.Value.(*entry[K, V])
		if began.Before(en.dies) {
			c.order.MoveToFront(e)
			c.mu.Unlock()
			return en.val, nil
		}
		c.drop(e)
	}
	evicted := c.evicted
	c.mu.Unlock()

	val, err := load()
	if err != nil {
		return val, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.evicted != evicted {
		return val, nil
	}
	if e, ok := c.entries[key]; ok {
		c.drop(e)
	}
	c.entries[key] = c.order.PushFront(&entry[K, V]{key, val, began.Add(c.ttl)})
	if c.order.Len() > c.size {
		c.drop(c.order.Back())
	}
	return val, nil
}

// Evict forgets the entries under the given keys at once.
func (c *Cache[K, V]) Evict(keys ...K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evicted++
	for _, k := range keys {
		if e, ok := c.entries[k]; ok {
			c.drop(e)
		}
	}
}

// Clear forgets every entry for which match is true.
func (c *Cache[K, V]) Clear(match func(V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evicted++
	for e := c.order.Front(); e != nil; {
		next := e.Next()
		if match(e.Value.(*entry[K, V]).val) {
			c.drop(e)
		}
		e = next
	}
}

// Len is the number of entries kept, dead ones included.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order.Len()
}

func (c *Cache[K, V]) drop(e *list.Element) {
	delete(c.entries, e.Value.(*entry[K, V]).key)
	c.order.Remove(e)
}
