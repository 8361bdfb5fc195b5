package store

import (
	"context"
	"errors"

	"comanda/internal/db"
	"comanda/internal/fault"
)

// Load returns a store, parsed and shared, for other business code: no caller is asked for. It costs one query for the
// version; the document is read when that moved.
func (s *Stores) Load(ctx context.Context, id int) (*Store, error) {
	cached, _ := s.parsed.Get(id)
	var out *Store
	var row struct {
		brand, group, version int
		doc                   []byte
	}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if cached != nil {
			v, err := s.Version(tx, id)
			if err != nil || v == cached.Version {
				out = cached
				return err
			}
		}
		return tx.QueryRow(sqlStore, id).Scan(&row.brand, &row.group, &row.version, &row.doc)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, notFound(id)
	}
	if err != nil || out != nil {
		return out, err
	}
	if out, err = parse(id, row.brand, row.group, row.version, row.doc); err != nil {
		return nil, err
	}
	s.parsed.Add(id, out)
	return out, nil
}

// Version is the store's version inside a transaction, to be compared with that of a loaded Store.
func (s *Stores) Version(tx *db.Tx, id int) (int, error) {
	var v int
	err := tx.QueryRow(sqlStoreVersion, id).Scan(&v)
	if errors.Is(err, db.ErrNoRows) {
		return 0, notFound(id)
	}
	return v, err
}

// storeIDs are those of a brand's stores that are not archived, ascending.
func storeIDs(tx *db.Tx, brand int) ([]int, error) {
	rows, err := tx.Query(sqlBrandStores, brand)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []int
	for rows.Next() {
		var id, version int
		if err := rows.Scan(&id, &version); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

func notFound(id int) *fault.Error {
	return fault.Newf(fault.NotFound, "There is no store %d within your reach.", id)
}

// Cached returns the store as this process saw it last, without asking the database whether it has moved since; nil when
// it is not known. It is for callers who compare the version inside their transaction, and Load again when it differs or
// before they refuse anything.
func (s *Stores) Cached(id int) *Store {
	st, _ := s.parsed.Get(id)
	return st
}
