package event_test

import (
	"fmt"
	"testing"
	"time"

	"comanda/event"
	"comanda/internal/db"
	"comanda/wire"
)

// BenchmarkFind searches 300,000 events of 3 kB, most of them of orders, for the first page of each filter.
//
//	go test ./event -run - -bench Find -benchtime 5x
func BenchmarkFind(b *testing.B) {
	engines(b, func(b *testing.B, d *db.DB) {
		const events = 300_000
		fill(b, d, events)
		var all []event.Event
		read := func(fn func(tx *db.Tx) error) {
			if err := d.Read(b.Context(), fn); err != nil {
				b.Fatal(err)
			}
		}
		read(func(tx *db.Tx) (err error) { all, err = event.Read(tx, 1, 0, 1); return err })
		whole := event.Sight{Whole: true}
		for _, c := range []struct {
			name string
			q    event.Query
		}{
			{"all", event.Query{Sight: whole}},
			{"deep", event.Query{Sight: whole, Skip: events - 20}},
			{"order", event.Query{Sight: whole, About: []event.About{event.AboutOrder(777)}}},
			{"customer", event.Query{Sight: whole, About: []event.About{event.AboutCustomer(777)}}},
			{"user-email", event.Query{Sight: whole, About: []event.About{event.AboutUserEmail("staff3@example.com")}}},
			{"nobody", event.Query{Sight: whole, About: []event.About{event.AboutUserName("nobody")}}},
			{"glance", event.Query{Sight: whole, Glance: true}},
			{"one-name", event.Query{Sight: whole, Names: []string{"order.accepted"}, Glance: true}},
			{"no-such-name", event.Query{Sight: whole, Names: []string{"order.rejected"}, Glance: true}},
			{"name", event.Query{Sight: whole, Names: []string{"order.rejected", "menu.updated"}}},
			{"stores", event.Query{Sight: event.Sight{Stores: []int{3, 4}}}},
			{"hour", event.Query{Sight: whole, From: all[0].Shown.Add(time.Hour), To: all[0].Shown.Add(2 * time.Hour)}},
			{"id", event.Query{Sight: whole, ID: all[0].ID}},
		} {
			b.Run(c.name, func(b *testing.B) {
				c.q.Limit = 20
				before := cpu(b)
				total := 0
				for b.Loop() {
					read(func(tx *db.Tx) (err error) { _, total, err = event.Find(tx, 1, c.q); return err })
				}
				b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
				b.ReportMetric(float64(total), "found")
			})
		}
	})
}

// fill writes events of orders of 3 kB, three for each order, a second apart.
func fill(b *testing.B, d *db.DB, n int) {
	b.Helper()
	log := event.NewLog(d)
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	note := fmt.Sprintf("%02700d", 7)
	for i := 0; i < n; {
		var recs []event.Record
		for range 500 {
			user := i / 3 % 12
			order := &wire.Order{OrderId: i / 3, ChefNote: note, Customer: &wire.CustomerSummary{Id: i / 3 % 20_000}, Store: &wire.StoreSummary{StoreGroupId: 1}}
			body := wire.Event(&wire.OrderAcceptedEvent{Order: order, User: &wire.UserEventInfo{
				UserId: user, UserEmail: fmt.Sprintf("staff%d@example.com", user), UserName: fmt.Sprintf("Staff %d", user),
			}})
			if i%3 == 0 {
				body = &wire.OrderCreatedEvent{Order: order}
			}
			rec, err := event.Encode(event.New{
				Brand: 1, AppID: "x", Subject: fmt.Sprintf("order/%d", i/3), Store: i % 10, Time: began.Add(time.Duration(i) * time.Second), Body: body,
			})
			if err != nil {
				b.Fatal(err)
			}
			recs = append(recs, rec)
			i++
		}
		if err := d.Write(b.Context(), func(tx *db.Tx) error { log.Append(tx, recs...); return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
