package api

import (
	"context"

	"comanda/account"
	"comanda/order"
	"comanda/wire"
)

type batchesIn struct {
	AppPath
	StoreIDs    []int               `query:"storeIds,explode"`
	CreatedFrom Optional[wire.Time] `query:"createdFrom" doc:"Created at this time or later."`
	CreatedTo   Optional[wire.Time] `query:"createdTo" doc:"Created at this time or earlier."`
}

type batchesOut struct {
	Body wire.Result[[]wire.OrderBatch]
}

func (s *server) getOrderBatches(ctx context.Context, c *account.Caller, in *batchesIn) (*batchesOut, error) {
	all, err := s.Orders.Batches(ctx, c, in.AppID, order.Filter{Stores: in.StoreIDs, From: in.CreatedFrom.Value.Time, To: in.CreatedTo.Value.Time})
	if err != nil {
		return nil, err
	}
	return &batchesOut{wire.Result[[]wire.OrderBatch]{Data: all}}, nil
}

type batchIn struct {
	AppPath
	BatchID int `path:"orderBatchId"`
}

type batchOut struct {
	Body wire.Result[wire.OrderBatch]
}

func (s *server) getOrderBatch(ctx context.Context, c *account.Caller, in *batchIn) (*batchOut, error) {
	b, err := s.Orders.Batch(ctx, c, in.AppID, in.BatchID)
	if err != nil {
		return nil, err
	}
	return &batchOut{wire.Result[wire.OrderBatch]{Data: b}}, nil
}
