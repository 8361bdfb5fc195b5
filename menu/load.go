package menu

import (
	"context"
	"errors"

	"comanda/internal/db"
	"comanda/internal/fault"
)

// Load returns a menu, parsed and shared, for other business code: no caller is asked for. It costs one query for the
// version; the document is read when that moved.
func (m *Menus) Load(ctx context.Context, id int) (*Menu, error) {
	cached, _ := m.parsed.Get(id)
	var out *Menu
	var brand, version int
	var showTax bool
	var parts, doc []byte
	err := m.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if cached != nil {
			v, err := m.Version(tx, id)
			if err != nil || v == cached.Version {
				out = cached
				return err
			}
		}
		return tx.QueryRow(sqlMenu, id).Scan(&brand, &version, &showTax, &parts, &doc)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, notFound(id)
	}
	if err != nil || out != nil {
		return out, err
	}
	if out, err = parse(id, brand, version, showTax, parts, doc); err != nil {
		return nil, err
	}
	m.parsed.Add(id, out)
	return out, nil
}

// Version is the menu's version inside a transaction, to be compared with that of a loaded Menu.
func (m *Menus) Version(tx *db.Tx, id int) (int, error) {
	var v int
	err := tx.QueryRow(sqlMenuVersion, id).Scan(&v)
	if errors.Is(err, db.ErrNoRows) {
		return 0, notFound(id)
	}
	return v, err
}

func notFound(id int) *fault.Error {
	return fault.Newf(fault.NotFound, "There is no menu %d within your reach.", id)
}

// Cached returns the menu as this process saw it last, without asking the database whether it has moved since; nil when
// it is not known. It is for callers who compare the version inside their transaction, and Load again when it differs or
// before they refuse anything.
func (m *Menus) Cached(id int) *Menu {
	menu, _ := m.parsed.Get(id)
	return menu
}
