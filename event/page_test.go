package event_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

// fact is an event of a name, subject and store.
func fact(t testing.TB, brand int, body wire.Event, subject string, store int) event.Record {
	t.Helper()
	rec, err := event.Encode(event.New{Brand: brand, AppID: "x", Subject: subject, Store: store, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func appendAll(t testing.TB, d *db.DB, log *event.Log, records ...event.Record) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error { log.Append(tx, records...); return nil }); err != nil {
		t.Fatal(err)
	}
}

func positions(events []event.Event) (out []int64) {
	for _, e := range events {
		out = append(out, e.Position)
	}
	return out
}

// Reading page by page brings what the reader takes, each event once and in sequence, whatever is hidden between.
func TestPagesBringWhatTheReaderTakes(t *testing.T) {
	event.FewChecks(t, "30")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		brand := 0
		rapid.Check(t, func(rt *rapid.T) {
			brand++
			var records []event.Record
			var names, stores []int
			for range rapid.IntRange(0, 60).Draw(rt, "events") {
				n, s := rapid.IntRange(0, 1).Draw(rt, "name"), rapid.IntRange(0, 2).Draw(rt, "store")
				names, stores = append(names, n), append(stores, s)
				records = append(records, fact(t, brand, []wire.Event{&wire.OrderCreatedEvent{}, &wire.MenuUpdatedEvent{}}[n], "s", s))
			}
			appendAll(t, d, log, records...)
			p := event.Pick{
				Sight: rapid.SampledFrom([]event.Sight{{Whole: true}, {}, {Stores: []int{1}}, {Stores: []int{}}}).Draw(rt, "sight"),
				Names: rapid.SampledFrom([][]string{nil, {"order.created"}, {"Menu"}, {"Order", "menu.updated"}}).Draw(rt, "names"),
			}
			if rapid.Bool().Draw(rt, "filtered by store") {
				p.Stores = []int{1}
			}
			var want []int64
			for i := range records {
				named := p.Names == nil || len(p.Names) == 2 || (p.Names[0] == "Menu") == (names[i] == 1)
				if named && p.Sight.Sees(stores[i]) && (p.Stores == nil || stores[i] == 1) {
					want = append(want, int64(i+1))
				}
			}
			at, err := log.Begin(t.Context(), brand, "after", event.FromOldest, time.Time{})
			var got []int64
			for more := true; err == nil && more; {
				var page event.Page
				page, err = log.Page(t.Context(), brand, at, p, rapid.IntRange(1, 7).Draw(rt, "limit"))
				got, more = append(got, positions(page.Events)...), page.More
				// The cursor survives its text, as it goes through a client.
				if err == nil {
					at, err = log.Begin(t.Context(), brand, "after", page.Next.String(), time.Time{})
				}
			}
			if err != nil || !slices.Equal(got, want) {
				rt.Fatalf("%v, want %v: %v", got, want, err)
			}
			if int(at.Position) != len(records) {
				rt.Fatalf("the cursor stands at %d of %d", at.Position, len(records))
			}
		})
	})
}

func TestAReaderBeginsWhereItAsks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var records []event.Record
		for i := range 9 {
			rec := record(t, 1, "s")
			rec.Created = day.Add(time.Duration(i) * time.Hour)
			records = append(records, rec)
		}
		begin := func(after string, start time.Time) any {
			c, err := log.Begin(t.Context(), 1, "after", after, start)
			if f := (*fault.Error)(nil); errors.As(err, &f) {
				return f.Kind
			}
			if err != nil {
				t.Fatal(err)
			}
			return c.Position
		}
		check := func(after string, start time.Time, want any) {
			t.Helper()
			if got := begin(after, start); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%q %v: %v, want %v", after, start, got, want)
			}
		}
		check(event.FromOldest, time.Time{}, 0)
		check(event.FromLatest, time.Time{}, 0)
		check("", day, 0)
		appendAll(t, d, log, records...)
		check(event.FromLatest, time.Time{}, 9)
		check("", day.Add(-time.Hour), 0)
		check("", day, 0)
		check("", day.Add(3*time.Hour), 3)
		check("", day.Add(3*time.Hour+time.Minute), 4)
		check("", day.Add(3*time.Hour+5*time.Second), 3) // ten seconds of slack
		check("", day.Add(99*time.Hour), 9)
		check("latest", day, fault.Invalid)
		check("nonsense", time.Time{}, fault.Invalid)
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from log_events where position <= 5`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		check(event.FromOldest, time.Time{}, 5)
		check("", day, 5)
		check("", day.Add(7*time.Hour), 7)
		check(event.Cursor{}.String(), time.Time{}, fault.Gone)
		at, err := log.Begin(t.Context(), 1, "after", event.FromOldest, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		page, err := event.NewLog(d).Page(t.Context(), 1, at, event.Pick{Sight: event.Sight{Whole: true}}, 10)
		if err != nil || fmt.Sprint(positions(page.Events)) != "[6 7 8 9]" || page.More {
			t.Error(positions(page.Events), page.More, err)
		}
	})
}

// One page looks at a bounded part of the log, and a reader that takes nothing gets on.
func TestAPageOfNothingGoesOn(t *testing.T) {
	d := dbtest.SQLite(t)
	log := event.NewLog(d)
	for range 5 {
		put(t, d, log, 1, 900)
	}
	p := event.Pick{Sight: event.Sight{Whole: true}, Names: []string{"menu.updated"}}
	var at event.Cursor
	for range 3 {
		page, err := log.Page(t.Context(), 1, at, p, 10)
		if err != nil || len(page.Events) > 0 || page.Next.Position <= at.Position || page.Next.Position-at.Position > 2300 || page.More != (page.Next.Position < 4500) {
			t.Fatal(page.Next.Position, page.More, err)
		}
		at = page.Next
	}
}
