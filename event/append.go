package event

import (
	"slices"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// Append adds records to their brands' logs when tx commits. Their positions are taken last, right before the commit,
// in the order of the calls; a rolled-back transaction takes none.
func (l *Log) Append(tx *db.Tx, records ...Record) {
	b := l.buffer(tx)
	b.records = append(b.records, records...)
}

// Then adds statements to run after all events of tx have their positions, still before the commit: in them,
// `select position from log_heads where brand_id = …` is the position of the transaction's last event in that brand.
func (l *Log) Then(tx *db.Tx, stmts ...db.Stmt) {
	b := l.buffer(tx)
	b.then = append(b.then, stmts...)
}

type bufferKey struct{}

// buffer holds what one transaction appends until db.Write flushes it.
type buffer struct {
	records []Record
	then    []db.Stmt
}

func (l *Log) buffer(tx *db.Tx) *buffer {
	return tx.Attach(bufferKey{}, func() db.Flusher {
		b := &buffer{}
		tx.AfterCommit(func() { l.committed(b.brands()) })
		return b
	}).(*buffer)
}

// brands lists the brands appended to, ascending and once each.
func (b *buffer) brands() []int {
	brands := make([]int, 0, 1)
	for _, r := range b.records {
		brands = append(brands, r.Brand)
	}
	slices.Sort(brands)
	return slices.Compact(brands)
}

// Flush moves each brand's head once, brands in ascending order so that two transactions never wait for each other in a
// circle, and inserts the records at the positions below the new head.
func (b *buffer) Flush() []db.Stmt {
	var out []db.Stmt
	for _, brand := range b.brands() {
		behind := 0
		for _, r := range b.records {
			if r.Brand == brand {
				behind++
			}
		}
		out = append(out, db.Stmt{SQL: sqlAdvanceHead, Args: []any{brand, behind}})
		for _, r := range b.records {
			if r.Brand != brand {
				continue
			}
			behind--
			out = append(out, db.Stmt{SQL: sqlInsertEvent, Args: []any{
				brand, behind, r.ID, r.Name, r.Subject, r.Store, clock.Micros(r.Shown), clock.Micros(r.Created), string(r.Body), r.refs,
				r.Request,
			}})
		}
	}
	return append(out, b.then...)
}
