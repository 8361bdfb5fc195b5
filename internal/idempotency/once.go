package idempotency

import (
	"context"
	"encoding/json"

	"comanda/internal/db"
)

// Once runs what makes something, in a transaction of its own, unless the call was made before: then it returns what that call
// returned. made is what this call returns. Without a claim it makes something each time.
func Once[T any](ctx context.Context, d *db.DB, c *Claim, made T, effect func(tx *db.Tx) error) (T, error) {
	answer, err := json.Marshal(made)
	if err != nil {
		return made, err
	}
	if err := c.Seal(answer); err != nil {
		return made, err
	}
	var kept []byte
	err = d.Write(ctx, func(tx *db.Tx) (err error) {
		if kept, err = c.Take(tx); err != nil || kept != nil {
			return err
		}
		return effect(tx)
	})
	if err != nil || kept == nil {
		return made, err
	}
	var first T
	return first, json.Unmarshal(kept, &first)
}
