package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// maxBatches is how many batches a list has at most.
const maxBatches = 500

// batch is orders of a store that are sent out together.
type batch struct {
	id, brand, store int
	code             string
	created, closes  int64 // by the brand's clock
	published        bool
}

func (b *batch) summary() *wire.OrderBatchSummary {
	return &wire.OrderBatchSummary{
		Id: b.id, DisplayCode: b.code, CreateTime: wire.At(clock.FromMicros(b.created)), IsPublished: b.published,
	}
}

func (b *batch) columns() []any {
	return []any{&b.id, &b.brand, &b.store, &b.code, &b.created, &b.closes, &b.published}
}

// toBatch is the deadline by which an accepted order that its store sends out with others is put into a batch: at once,
// but in a transaction of its own, so that acceptances do not queue up for the batch.
func toBatch(s *store.Store, o *wire.Order, now time.Time) []deadline {
	if o.DeliveryType != wire.DeliveryTypeDelivery || !s.Batching().IsEnabled {
		return nil
	}
	return []deadline{{joinBatch, now}}
}

// joinBatch puts an order into its store's batch, which the first one opens.
func (o *Orders) joinBatch(ctx context.Context, d *due) error {
	_, s, err := o.at(ctx, d.order)
	if err != nil {
		return err
	}
	config := s.Batching()
	if !config.IsEnabled {
		return o.db.Write(ctx, d.take)
	}
	brand, err := o.accounts.Brand(ctx, d.brand)
	if err != nil {
		return err
	}
	id, err := o.db.NextID(ctx, "order_batches")
	if err != nil {
		return err
	}
	now := brand.Now()
	fresh := batch{
		id: id, brand: brand.ID, store: s.ID, code: newCode(), created: clock.Micros(now),
		closes: clock.Micros(now.Add(time.Duration(config.BatchIntervalInSeconds) * time.Second)),
	}
	return o.db.Write(ctx, func(tx *db.Tx) error {
		r, err := lock(tx, d.order) // before its deadline, as whoever changes the order does
		if err != nil {
			return err
		}
		if err := d.take(tx); err != nil {
			return err
		}
		b, err := openBatch(tx, fresh)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(sqlInsertBatchOrder, b.id, d.order); err != nil {
			return err
		}
		return r.showBatch(tx, &b)
	})
}

// openBatch locks and returns the batch of a store that takes orders: the one that is there, else the fresh one.
func openBatch(tx *db.Tx, fresh batch) (batch, error) {
	for {
		n, err := tx.Exec(sqlInsertBatch, fresh.id, fresh.brand, fresh.store, fresh.code, fresh.created, fresh.closes)
		if err != nil || n == 1 {
			return fresh, err
		}
		var b batch
		err = tx.QueryRow(sqlLockOpenBatch, fresh.store).Scan(b.columns()...)
		switch {
		case errors.Is(err, db.ErrNoRows): // it was published between the two
		case err != nil:
			return b, err
		case b.closes > fresh.created:
			return b, nil
		default:
			if err := publish(tx, &b); err != nil {
				return b, err
			}
		}
	}
}

// publish closes a batch. Its orders say so; the contract names no event for it.
func publish(tx *db.Tx, b *batch) error {
	if n, err := tx.Exec(sqlPublishBatch, b.id); err != nil || n == 0 {
		return err
	}
	b.published = true
	ids, err := db.Column[int](tx, sqlBatchOrders, b.id)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r, err := lock(tx, id)
		if err != nil {
			return err
		}
		if err := r.showBatch(tx, b); err != nil {
			return err
		}
	}
	return nil
}

// showBatch writes a batch into the document of a locked order.
func (r *row) showBatch(tx *db.Tx, b *batch) error {
	order, err := documentOf(r)
	if err != nil {
		return err
	}
	order.OrderBatchInfo = b.summary()
	doc, err := json.Marshal(order)
	if err != nil {
		return err
	}
	_, err = tx.Exec(sqlUpdateDocument, r.id, string(doc))
	return err
}

// PublishBatches publishes the batches whose time has come and returns how many those were. Any node may do it.
func (o *Orders) PublishBatches(ctx context.Context) (n int, err error) {
	var all []batch
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = batches(tx, sqlDueBatches, clock.Micros(clock.Now()), dueAtOnce)
		return err
	})
	if err != nil {
		return 0, err
	}
	for i := range all {
		if err := o.db.Write(ctx, func(tx *db.Tx) error { return publish(tx, &all[i]) }); err != nil {
			return i, fmt.Errorf("order: publish batch %d: %w", all[i].id, err)
		}
	}
	return len(all), nil
}

func batches(tx *db.Tx, query string, args ...any) (out []batch, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b batch
		if err := rows.Scan(b.columns()...); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// Batches lists the batches of a brand that the caller may read orders of, the newest first: those of some stores (none =
// all), created from one time to another, both included, where these are not zero. The caller needs ReadOrders.
func (o *Orders) Batches(ctx context.Context, caller *account.Caller, appID string, f Filter) ([]wire.OrderBatch, error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.ReadOrders)
	if err != nil {
		return nil, err
	}
	if !f.To.IsZero() && f.To.Before(f.From) {
		return nil, fault.BadField("createdTo", "is before createdFrom")
	}
	out := []wire.OrderBatch{}
	stores, some := storesOf(caller, brand.ID, f.Stores)
	if !some {
		return out, nil
	}
	from, to := f.span()
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		out = out[:0]
		all, err := batches(tx, sqlListBatches, brand.ID, stores, from, to, maxBatches)
		if err != nil {
			return err
		}
		for i := range all {
			one, err := all[i].wire(tx)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

// Batch returns one batch of a brand. The caller needs ReadOrders on its store.
func (o *Orders) Batch(ctx context.Context, caller *account.Caller, appID string, id int) (wire.OrderBatch, error) {
	var out wire.OrderBatch
	brand, err := o.accounts.Open(ctx, caller, appID, account.ReadOrders)
	if err != nil {
		return out, err
	}
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		var b batch
		if err := tx.QueryRow(sqlBatch, id, brand.ID).Scan(b.columns()...); err != nil {
			return err
		}
		if err := caller.Require(account.ReadOrders, b.brand, b.store); err != nil {
			return err
		}
		out, err = b.wire(tx)
		return err
	})
	if errors.Is(err, db.ErrNoRows) || fault.KindOf(err) == fault.NotFound {
		err = fault.Newf(fault.NotFound, "There is no batch %d within your reach.", id)
	}
	return out, err
}

// wire is the batch as the contract shows it. Orders that came to nothing are not sent out with the others.
func (b *batch) wire(tx *db.Tx) (wire.OrderBatch, error) {
	s := b.summary()
	ids, err := db.Column[int](tx, sqlStandingBatchOrders, b.id)
	return wire.OrderBatch{OrderIds: ids, Id: s.Id, DisplayCode: s.DisplayCode, CreateTime: s.CreateTime, IsPublished: s.IsPublished}, err
}
