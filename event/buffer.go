package event

import (
	"slices"

	"comanda/internal/clock"
	"comanda/internal/db"
)

type bufferKey struct{}

// buffer holds the records of one transaction until db.Write flushes it.
type buffer struct{ records []Record }

// Flush moves each brand's head once, brands in ascending order so that two transactions never wait for each other in a
// circle, and inserts the records at the positions below the new head.
func (b *buffer) Flush() []db.Stmt {
	count := map[int]int{}
	for _, r := range b.records {
		count[r.Brand]++
	}
	brands := make([]int, 0, len(count))
	for brand := range count {
		brands = append(brands, brand)
	}
	slices.Sort(brands)
	var out []db.Stmt
	for _, brand := range brands {
		out = append(out, db.Stmt{SQL: sqlAdvanceHead, Args: []any{brand, count[brand]}})
		behind := count[brand]
		for _, r := range b.records {
			if r.Brand != brand {
				continue
			}
			behind--
			out = append(out, db.Stmt{SQL: sqlInsertEvent, Args: []any{
				brand, behind, r.ID, r.Name, r.Subject, r.Store, clock.Micros(r.Created), string(r.Body),
			}})
		}
	}
	return out
}
