package db

import (
	"context"
	"sync"
)

// A process takes ids in blocks, each twice as large as the one before up to a bound, so that a busy sequence rarely waits
// for a commit. A restart leaves the rest of its block unused, which the 31 bits of a wire id can afford.
const (
	firstIDBlock   = 32
	largestIDBlock = 1024
)

type idBlock struct {
	mu               sync.Mutex
	next, last, size int
}

// NextID returns the next id of a named sequence: unique across nodes, rising within one, from 1001 on, 31 bits on the
// wire. Call it before the transaction, so that documents holding the id are prepared outside.
func (d *DB) NextID(ctx context.Context, sequence string) (int, error) {
	v, _ := d.ids.LoadOrStore(sequence, &idBlock{})
	b := v.(*idBlock)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next >= b.last {
		size := min(max(firstIDBlock, 2*b.size), largestIDBlock)
		var last int // the block's only after the commit: what a failed one returned is taken again by somebody
		err := d.Write(ctx, func(tx *Tx) error {
			return tx.QueryRow(sqlTakeIDs, sequence, size).Scan(&last)
		})
		if err != nil {
			return 0, err
		}
		b.next, b.last, b.size = last-size, last, size
	}
	b.next++
	return 1000 + b.next, nil
}

// NextIDs returns the first of n ids in a row of a named sequence, for a document that needs many at once.
func (d *DB) NextIDs(ctx context.Context, sequence string, n int) (int, error) {
	var last int
	err := d.Write(ctx, func(tx *Tx) error {
		return tx.QueryRow(sqlTakeIDs, sequence, n).Scan(&last)
	})
	return 1000 + last - n + 1, err
}
