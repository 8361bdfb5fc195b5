package db_test

import (
	"errors"
	"strings"
	"testing"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// A disk without room: writes say so and leave nothing, reads go on, Ping says no until a write works again.
func TestFullDisk(t *testing.T) {
	d := dbtest.SQLite(t)
	write := func(name, text string) error {
		return d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into installation (name, value) values ($1, $2)`, name, text)
			return err
		})
	}
	if err := write("before", "x"); err != nil {
		t.Fatal(err)
	}
	lift, err := db.LimitPages(d, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := write("large", strings.Repeat("x", 100_000)); !errors.Is(err, db.ErrFull) || !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("a write without room: %v", err)
	}
	count := 0
	err = d.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`select count(*) from installation where name in ('before', 'large')`).Scan(&count)
	})
	if err != nil || count != 1 {
		t.Errorf("%d rows, %v: the refused write left something, or what was there is gone", count, err)
	}
	lift()
	if err := d.Ping(ctx); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := write("large", strings.Repeat("x", 100_000)); err != nil {
		t.Errorf("a write with room again: %v", err)
	}
}
