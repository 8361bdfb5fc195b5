package event_test

import (
	"fmt"
	"testing"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// The events of a request are found by its id within the brand.
func TestEventsAreFoundByTheirRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		var records []event.Record
		for _, n := range []event.New{{Brand: 1, Request: "a-1"}, {Brand: 1}, {Brand: 2, Request: "a-1"}, {Brand: 1, Request: "a-2"}, {Brand: 1, Request: "a-1"}} {
			n.AppID, n.Body = "x", &wire.MenuUpdatedEvent{}
			rec, err := event.Encode(n)
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, rec)
		}
		appendAll(t, d, log, records...)
		for request, want := range map[string]string{"a-1": "[4 1]", "a-2": "[3]", "a-3": "[]"} {
			var got []event.Event
			err := d.Read(t.Context(), func(tx *db.Tx) (err error) {
				got, _, err = event.Find(tx, 1, event.Query{Sight: event.Sight{Whole: true}, From: records[0].Shown, Request: request, Limit: 10})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if text := fmt.Sprint(positions(got)); text != want {
				t.Errorf("events of %q at %s, want %s", request, text, want)
			}
			for _, e := range got {
				if e.Request != request {
					t.Errorf("the event at %d is of %q, want %q", e.Position, e.Request, request)
				}
			}
		}
	})
}
