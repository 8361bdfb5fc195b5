package webhook

import (
	"testing"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// When the answer to a COMMIT is lost, what was given up is stored again, together with what was given up after it.
func TestExpiredRangeThatIsStoredAgainGrows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := newModel(t)
		m.s.expire(1, "a")
		put := func(x settlement) {
			t.Helper()
			s := share{p: &pump{id: 1, brand: 1}, what: x}
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				for _, stmt := range s.statements(nil, 1) {
					if _, err := tx.Exec(stmt.SQL, stmt.Args...); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		x := m.s.take()
		put(x)
		m.s.unsettle(x)
		m.s.expire(2, "a")
		put(m.s.take())
		var ranges, positions int
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`select count(*), cast(sum(to_position - from_position + 1) as integer) from webhook_expired`).Scan(&ranges, &positions)
		})
		if err != nil || ranges != 1 || positions != 2 {
			t.Error(ranges, positions, err)
		}
	})
}
