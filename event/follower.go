package event

import "comanda/internal/db"

// Follower is a durable cursor: all events of the brand up to Cursor are settled for Name.
type Follower struct {
	Name   string
	Brand  int
	Cursor int64
	Epoch  int64 // rises each time the cursor is placed anew
}

// Place creates a follower at a position, or moves it there: what its owner then saves of the earlier one is refused.
// The name of a dropped follower must not be used again.
func Place(tx *db.Tx, name string, brand int, position int64) error {
	_, err := tx.Exec(sqlPlace, name, brand, position)
	return err
}

// PlaceAtHead is Place at the brand's head as tx leaves it: after the last event that tx appends.
func (l *Log) PlaceAtHead(tx *db.Tx, name string, brand int) {
	l.Then(tx, db.Stmt{SQL: sqlPlaceAtHead, Args: []any{name, brand}})
}

// Drop removes a follower.
func Drop(tx *db.Tx, name string, brand int) error {
	_, err := tx.Exec(sqlDrop, name, brand)
	return err
}

// Load returns one follower, or db.ErrNoRows.
func Load(tx *db.Tx, name string, brand int) (f Follower, err error) {
	return f, tx.QueryRow(sqlFollower, name, brand).Scan(&f.Name, &f.Brand, &f.Cursor, &f.Epoch)
}

// Followers returns the followers whose name begins with prefix, of one brand or, with brand 0, of all, by brand.
func Followers(tx *db.Tx, prefix string, brand int) ([]Follower, error) {
	rows, err := tx.Query(sqlFollowers, prefix, len(prefix), brand)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Follower
	for rows.Next() {
		var f Follower
		if err := rows.Scan(&f.Name, &f.Brand, &f.Cursor, &f.Epoch); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// Save moves a follower to f.Cursor, guarded by the lease. It is false, and nothing changes, when the follower was
// dropped or placed anew since f was read.
func (le *Lease) Save(tx *db.Tx, f Follower) (bool, error) {
	if err := le.Guard(tx); err != nil {
		return false, err
	}
	n, err := tx.Exec(sqlSave, f.Name, f.Brand, f.Epoch, f.Cursor)
	return n == 1, err
}
