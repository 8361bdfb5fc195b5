package event

import (
	"errors"
	"testing"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

// age makes events of brand 1 that were created so long ago, oldest first.
func age(t *testing.T, l *Log, ages ...time.Duration) {
	t.Helper()
	err := l.db.Write(t.Context(), func(tx *db.Tx) error {
		for _, a := range ages {
			r, err := Encode(New{Brand: 1, AppID: "bella", Subject: "order/1", Body: &wire.OrderCreatedEvent{}})
			if err != nil {
				return err
			}
			r.Created = clock.Now().Add(-a)
			l.Append(tx, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func stored(t *testing.T, l *Log) (positions []int64) {
	t.Helper()
	err := l.db.Read(t.Context(), func(tx *db.Tx) error {
		all, err := Read(tx, 1, 0, 10_000)
		for _, e := range all {
			positions = append(positions, e.Position)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return positions
}

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLog(d)
		retain := func(want int) {
			t.Helper()
			total := 0
			for {
				n, err := l.retainOnce(t.Context(), 90*day)
				if err != nil {
					t.Fatal(err)
				}
				if n > retainChunk {
					t.Errorf("%d events in one transaction", n)
				}
				if total += n; n == 0 {
					break
				}
			}
			if total != want {
				t.Errorf("%d events were deleted, want %d", total, want)
			}
		}
		retain(0)
		old := make([]time.Duration, 450)
		for i := range old {
			old[i] = 100 * day
		}
		age(t, l, old...)
		reader, err := l.Read(t.Context(), 1, 448, 10) // this node's ring holds the end of it
		if err != nil || len(reader) != 2 {
			t.Fatal(len(reader), err)
		}
		retain(449)
		if got := stored(t, l); len(got) != 1 || got[0] != 450 {
			t.Errorf("kept: %v, want the newest alone", got)
		}
		age(t, l, 95*day, 89*day, 91*day, time.Hour)
		retain(2) // the old one behind a younger one has to wait, for there are no gaps
		if got := stored(t, l); len(got) != 3 || got[0] != 452 {
			t.Errorf("kept: %v, want 452 to 454", got)
		}

		fresh := NewLog(d) // as after a restart: nothing in memory
		var gone *fault.Error
		if _, err := fresh.Read(t.Context(), 1, 300, 10); !errors.As(err, &gone) || gone.Kind != fault.Gone || gone.Data.(Oldest).Position != 452 {
			t.Errorf("a reader who comes too late: %v", err)
		}
		err = d.Read(t.Context(), func(tx *db.Tx) error {
			_, err := Resolve(tx, 1, Cursor{})
			if !errors.As(err, &gone) || gone.Kind != fault.Gone {
				t.Errorf("the cursor before everything: %v", err)
			}
			_, err = Resolve(tx, 1, reader[0].Cursor())
			if !errors.As(err, &gone) || gone.Kind != fault.Gone {
				t.Errorf("the cursor of a deleted event: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		events, err := fresh.Read(t.Context(), 1, 451, 10)
		if err != nil || len(events) != 3 {
			t.Error(len(events), err)
		}
	})
}
