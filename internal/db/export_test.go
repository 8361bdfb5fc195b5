package db

import "context"

// Cancel lets a test interrupt the statements of a transaction: they run on the returned transaction's own context.
func Cancel(tx *Tx) (cancel func()) {
	tx.ctx, cancel = context.WithCancel(tx.ctx)
	return cancel
}
