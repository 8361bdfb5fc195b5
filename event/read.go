package event

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Read returns up to limit events of a brand after a position, oldest first.
func Read(tx *db.Tx, brand int, after int64, limit int) ([]Event, error) {
	return scan(tx.Query(sqlRead, brand, after, limit))
}

// ByID returns one event of a brand by its FlipdishEventId; an unknown one is a NotFound fault.
func ByID(tx *db.Tx, brand int, id string) (Event, error) {
	found, err := scan(tx.Query(sqlByID, id, brand))
	if err != nil {
		return Event{}, err
	}
	if len(found) == 0 {
		return Event{}, Unknown(id)
	}
	return found[0], nil
}

// Unknown is the fault of asking for an event that is not there, or not for this reader.
func Unknown(id string) error {
	return fault.Newf(fault.NotFound, "This brand has no event %s.", id).
		With("Events are kept for a limited time; check the FlipdishEventId.")
}

// Head returns the position of a brand's newest event, 0 when it has none.
func Head(tx *db.Tx, brand int) (int64, error) {
	var head int64
	err := tx.QueryRow(sqlHead, brand).Scan(&head)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return head, err
}

// Heads returns the head of every brand that has a log.
func Heads(tx *db.Tx) (map[int]int64, error) {
	rows, err := tx.Query(sqlHeads)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	heads := map[int]int64{}
	for rows.Next() {
		var brand int
		var head int64
		if err := rows.Scan(&brand, &head); err != nil {
			return nil, err
		}
		heads[brand] = head
	}
	return heads, rows.Err()
}

func scan(rows *sql.Rows, err error) ([]Event, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Event
	for rows.Next() {
		var e Event
		var shown, created int64
		err := rows.Scan(&e.Brand, &e.Position, &e.ID, &e.Name, &e.Subject, &e.Store, &shown, &created, &e.Redacted, &e.Body, &e.Request)
		if err != nil {
			return nil, fmt.Errorf("event: read: %w", err)
		}
		e.Shown, e.Created = clock.FromMicros(shown), clock.FromMicros(created)
		out = append(out, e)
	}
	return out, rows.Err()
}

// Newest is when the last event of any brand was appended; zero when there is none.
func Newest(tx *db.Tx) (time.Time, error) {
	var at int64
	err := tx.QueryRow(sqlNewest).Scan(&at)
	return clock.FromMicros(at), err
}
