package event_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
)

func TestCursorsAreHeldAgainstTheStoredEvents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		put(t, d, log, 1, 4)
		put(t, d, log, 2, 4)
		events, err := log.Read(t.Context(), 1, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := log.Read(t.Context(), 2, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		beyond := events[0]
		beyond.Position = 9
		const gone = -1
		check := func(name string, brand int, text string, want, oldest int64) {
			t.Helper()
			c, err := event.ParseCursor("cursor", text)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			var pos int64
			err = d.Read(t.Context(), func(tx *db.Tx) (err error) { pos, err = event.Resolve(tx, brand, c); return err })
			if want != gone {
				if err != nil || pos != want {
					t.Errorf("%s: position %d, %v", name, pos, err)
				}
				return
			}
			f := &fault.Error{}
			if !errors.As(err, &f) || f.Kind != fault.Gone || f.Data.(event.Oldest).Position != oldest {
				t.Errorf("%s: position %d, %v", name, pos, err)
			}
		}
		check("start", 1, "", 0, 0)
		check("written start", 1, event.Cursor{}.String(), 0, 0)
		check("an event", 1, events[1].Cursor().String(), 2, 0)
		check("the head", 1, events[3].Cursor().String(), 4, 0)
		check("another event at the position", 1, foreign[1].Cursor().String(), gone, 1)
		check("beyond the head", 1, beyond.Cursor().String(), gone, 1)
		check("empty log", 3, "", 0, 0)
		check("cursor into an empty log", 3, events[1].Cursor().String(), gone, 0)
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from log_events where position <= 2`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		check("deleted", 1, events[0].Cursor().String(), gone, 3)
		check("start of a shortened log", 1, "", gone, 3)
		check("kept", 1, events[2].Cursor().String(), 3, 3)
	})
}

func TestCursorTextSurvivesTheRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := event.Event{Position: rapid.Int64Range(0, 1<<62).Draw(t, "position")}
		e.ID = rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`).Draw(t, "id")
		got, err := event.ParseCursor("cursor", e.Cursor().String())
		if err != nil || got != e.Cursor() {
			t.Fatal(got, err)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add(event.Cursor{}.String())
	f.Add(event.Event{Record: event.Record{ID: "0193f1e0-0000-7000-8000-123456789abc"}, Position: 300}.Cursor().String())
	f.Add("gAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := event.ParseCursor("cursor", text)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		if c.Position < 0 || text != "" && c.String() != text {
			t.Errorf("%q is read as %d and written as %q", text, c.Position, c)
		}
	})
}
