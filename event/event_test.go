package event_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// leakFree fails the test when it leaves goroutines behind, those of its databases included.
func leakFree(t *testing.T) {
	t.Helper()
	opt := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, opt) })
}

func record(t testing.TB, brand int, subject string) event.Record {
	t.Helper()
	rec, err := event.Encode(event.New{Brand: brand, AppID: "x", Subject: subject, Body: &wire.OrderCreatedEvent{}})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// put appends n events of one brand in one transaction.
func put(t testing.TB, d *db.DB, log *event.Log, brand, n int) {
	t.Helper()
	recs := make([]event.Record, n)
	for i := range recs {
		recs[i] = record(t, brand, fmt.Sprintf("order/%d", i))
	}
	if err := d.Write(t.Context(), func(tx *db.Tx) error { log.Append(tx, recs...); return nil }); err != nil {
		t.Fatal(err)
	}
}

// run runs the log's worker until the end of the test.
func run(t testing.TB, log *event.Log) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestReadersSeeWhatWasAppended(t *testing.T) {
	leakFree(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		run(t, log)
		put(t, d, log, 7, 3)
		put(t, d, log, 8, 1)
		events, err := log.Next(t.Context(), 7, 0, 10)
		if err != nil || len(events) != 3 {
			t.Fatal(len(events), err)
		}
		var flat, env map[string]any
		if err := json.Unmarshal(events[2].Flat(), &flat); err != nil || flat["Position"] != 3.0 || flat["EventName"] != "order.created" {
			t.Error(err, string(events[2].Flat()))
		}
		if err := json.Unmarshal(events[2].Envelope(), &env); err != nil || env["Type"] != "order.created" ||
			env["CreateTime"] != flat["CreateTime"] || env["Body"].(map[string]any)["Position"] != 3.0 {
			t.Error(err, string(events[2].Envelope()))
		}
		again, err := log.Read(t.Context(), 7, 1, 1)
		if err != nil || len(again) != 1 || again[0].Position != 2 {
			t.Error(again, err)
		}
		err = d.Read(t.Context(), func(tx *db.Tx) error {
			one, err := event.ByID(tx, 7, events[1].ID)
			if err != nil || one.Position != 2 {
				t.Error(one, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
