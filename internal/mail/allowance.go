package mail

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// Allowance is how many messages of a kind there may be.
type Allowance struct {
	Most int // 1 at least
	Per  time.Duration
}

// Spend counts a message under what it is limited by, such as a phone number, and is false when the allowance is used up
// until its period ends; periods begin at multiples of Per. All nodes count together. Transactions that spend for several
// things do so in one sequence everywhere, because each holds its count until it ends.
func (o *Outbox) Spend(tx *db.Tx, what string, a Allowance) (bool, error) {
	m := hmac.New(sha256.New, o.key)
	m.Write([]byte(what))
	ends := clock.Now().Truncate(a.Per).Add(a.Per)
	n, err := tx.Exec(sqlSpend, m.Sum(nil), clock.Micros(ends), a.Most)
	return n == 1, err
}

// Sweep deletes counts whose period is over and returns how many.
func (o *Outbox) Sweep(ctx context.Context) (n int, err error) {
	var swept int64
	err = o.db.Write(ctx, func(tx *db.Tx) (err error) {
		swept, err = tx.Exec(sqlSweepCounts, clock.Micros(clock.Now()))
		return err
	})
	return int(swept), err
}
