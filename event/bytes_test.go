package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// The bytes that are sent never change for an event that is stored: they are part of what receivers sign off.
func TestSentBytesAreFrozen(t *testing.T) {
	const body = `{"EventName":"order.created","FlipdishEventId":"0193f1e0-0000-7000-8000-123456789abc",` +
		`"CreateTime":"2026-11-21T18:04:05.12Z","Note":"é \u003c \"q\""}`
	const flat = `{"Position":42,"EventName":"order.created","FlipdishEventId":"0193f1e0-0000-7000-8000-123456789abc",` +
		`"CreateTime":"2026-11-21T18:04:05.12Z","Note":"é \u003c \"q\""}`
	const envelope = `{"Type":"order.created","CreateTime":"2026-11-21T18:04:05.12Z","Body":` + flat + `}`
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		put(t, d, log, 1, 41)
		rec := event.Record{
			Brand: 1, ID: "0193f1e0-0000-7000-8000-123456789abc", Name: "order.created", Subject: "order/1",
			Shown: time.Date(2026, 11, 21, 18, 4, 5, 120e6, time.UTC), Created: time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC),
			Body: []byte(body),
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { log.Append(tx, rec); return nil }); err != nil {
			t.Fatal(err)
		}
		events, err := log.Next(t.Context(), 1, 41, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(events[0].Flat()); got != flat {
			t.Errorf("flat:\n%s\nwant\n%s", got, flat)
		}
		if got := string(events[0].Envelope()); got != envelope {
			t.Errorf("envelope:\n%s\nwant\n%s", got, envelope)
		}
		if !events[0].Created.Equal(rec.Created) || !events[0].Shown.Equal(rec.Shown) {
			t.Error(events[0].Created, events[0].Shown)
		}
	})
}

func TestEncodedEventsShowOneCreateTime(t *testing.T) {
	brandTime := time.Date(2027, 1, 2, 3, 4, 5, 678_900, time.FixedZone("", 3600))
	rec, err := event.Encode(event.New{Brand: 1, AppID: "bella", Subject: "order/1", Time: brandTime, Body: &wire.OrderCreatedEvent{}})
	if err != nil {
		t.Fatal(err)
	}
	e := event.Event{Record: rec, Position: 1}
	var v struct {
		CreateTime string
		Body       struct {
			CreateTime, EventName, FlipdishEventId, AppId string
			Position                                      int
		}
	}
	if err := json.Unmarshal(e.Envelope(), &v); err != nil {
		t.Fatal(err)
	}
	if v.CreateTime != "2027-01-02T02:04:05.000678Z" || v.Body.CreateTime != v.CreateTime {
		t.Error(v)
	}
	if v.Body.EventName != "order.created" || v.Body.FlipdishEventId != rec.ID || v.Body.AppId != "bella" || v.Body.Position != 1 {
		t.Error(v)
	}
	if rec.Created.Equal(rec.Shown) {
		t.Error("the real creation time is lost")
	}
}
