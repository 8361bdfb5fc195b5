package idempotency

import (
	"context"

	"comanda/internal/db"
)

// Erase takes away the answers about some subjects: what they hold is somebody's who is erased. That the calls were made
// stays known, so that a repeat has no second effect; it is told so.
func Erase(ctx context.Context, d *db.DB, subjects map[string]bool) error {
	var ids []string
	err := d.Read(ctx, func(tx *db.Tx) error {
		ids = nil
		rows, err := tx.Query(sqlSubjects)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id, subject string
			if err := rows.Scan(&id, &subject); err != nil {
				return err
			}
			if subjects[subject] {
				ids = append(ids, id)
			}
		}
		return rows.Err()
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	return d.Write(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(sqlErase, id, []byte{}); err != nil {
				return err
			}
		}
		return nil
	})
}
