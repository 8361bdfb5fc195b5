package db_test

import (
	"context"
	"testing"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestWriteAndAppend(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		id, err := d.NextID(ctx, "orders")
		if err != nil || id != 1001 {
			t.Fatal(id, err)
		}
		log := event.NewLog(d)
		rec, err := event.Encode(event.New{Brand: 1, AppID: "x", Subject: "order/1", Body: &wire.OrderCreatedEvent{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, func(tx *db.Tx) error { log.Append(tx, rec); return nil }); err != nil {
			t.Fatal(err)
		}
		var pos int64
		err = d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select position from log_events where brand_id = $1`, 1).Scan(&pos)
		})
		if err != nil || pos != 1 {
			t.Fatal(pos, err)
		}
	})
}
