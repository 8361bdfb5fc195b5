package api

import (
	"bytes"
	"context"
	"strconv"

	"comanda/account"
	"comanda/order"
	"comanda/wire"
)

type getOrdersIn struct {
	PhysicalRestaurantId []int               `query:"physicalRestaurantId,explode" doc:"Store ids."`
	State                []wire.OrderState   `query:"state,explode"`
	From                 Optional[wire.Time] `query:"from" doc:"Placed at this time or later."`
	To                   Optional[wire.Time] `query:"to" doc:"Placed at this time or earlier."`
	Page                 int                 `query:"page" default:"1" minimum:"1"`
	Limit                int                 `query:"limit" default:"20" minimum:"1" doc:"More than 100 is taken as 100."`
}

type ordersOut struct{ Body Stored[wire.Page[wire.Order]] }

func (s *server) getOrders(ctx context.Context, c *account.Caller, in *getOrdersIn) (*ordersOut, error) {
	f := order.Filter{
		Stores: in.PhysicalRestaurantId, States: in.State, From: in.From.Value.Time, To: in.To.Value.Time,
	}
	limit := min(in.Limit, 100)
	page, err := s.Orders.List(ctx, c, f, in.Page, limit)
	if err != nil {
		return nil, err
	}
	return &ordersOut{storedPage[wire.Order](in.Page, limit, page.Total, page.Docs)}, nil
}

// storedPage puts stored documents into the contract's page.
func storedPage[T any](page, limit, total int, docs [][]byte) Stored[wire.Page[T]] {
	size := 64
	for _, d := range docs {
		size += len(d) + 1
	}
	b := make([]byte, 0, size)
	b = append(b, `{"Page":`...)
	b = strconv.AppendInt(b, int64(page), 10)
	b = append(b, `,"Limit":`...)
	b = strconv.AppendInt(b, int64(limit), 10)
	b = append(b, `,"TotalRecordCount":`...)
	b = strconv.AppendInt(b, int64(total), 10)
	b = append(b, `,"Data":[`...)
	b = append(b, bytes.Join(docs, []byte{','})...)
	return StoredBody[wire.Page[T]](append(b, "]}"...))
}

type orderIn struct {
	ID int `path:"id"`
}

type orderOut struct {
	Body Stored[wire.Result[wire.Order]]
}

func (s *server) getOrder(ctx context.Context, c *account.Caller, in *orderIn) (*orderOut, error) {
	doc, err := s.Orders.Get(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return &orderOut{StoredData[wire.Result[wire.Order]](doc)}, nil
}

type acceptIn struct {
	ID   int `path:"id"`
	Body wire.Accept
}

func (s *server) acceptOrder(ctx context.Context, c *account.Caller, in *acceptIn) (*none, error) {
	return &none{}, s.Orders.Accept(ctx, c, in.ID, in.Body)
}

type rejectIn struct {
	ID          int  `path:"id"`
	AfterAccept bool `query:"afterAccept" doc:"Reject an order that was accepted before, with a full refund. An extension of Comanda."`
	Body        wire.Reject
}

func (s *server) rejectOrder(ctx context.Context, c *account.Caller, in *rejectIn) (*none, error) {
	if in.AfterAccept {
		return &none{}, s.Orders.RejectAccepted(ctx, c, in.ID, in.Body)
	}
	return &none{}, s.Orders.Reject(ctx, c, in.ID, in.Body)
}

func (s *server) dispatchOrder(ctx context.Context, c *account.Caller, in *orderIn) (*none, error) {
	return &none{}, s.Orders.Dispatch(ctx, c, in.ID)
}

type refundIn struct {
	ID   int `path:"id"`
	Body wire.Refund
}

func (s *server) refundOrder(ctx context.Context, c *account.Caller, in *refundIn) (*none, error) {
	return &none{}, s.Orders.Refund(ctx, c, in.ID, in.Body)
}

type readyIn struct {
	AppID   string `path:"appId"`
	StoreId []int  `query:"storeId,explode"`
}

type readyOut struct{ Body wire.OrderList }

func (s *server) readyToProcess(ctx context.Context, c *account.Caller, in *readyIn) (*readyOut, error) {
	ids, err := s.Orders.ReadyToProcess(ctx, c, in.AppID, in.StoreId)
	if err != nil {
		return nil, err
	}
	out := &readyOut{wire.OrderList{Orders: make([]wire.OrderReference, len(ids))}}
	for i, id := range ids {
		out.Body.Orders[i].OrderId = id
	}
	return out, nil
}

type endOfDayIn struct {
	StoreID int                 `path:"storeId"`
	Date    Optional[wire.Time] `query:"date" doc:"A time within the day; absent means today."`
}

type endOfDayOut struct {
	Body wire.Result[wire.StoreEndOfDayReport]
}

func (s *server) getEndOfDayReport(ctx context.Context, c *account.Caller, in *endOfDayIn) (*endOfDayOut, error) {
	r, err := s.Orders.EndOfDay(ctx, c, in.StoreID, in.Date.Value.Time)
	if err != nil {
		return nil, err
	}
	return &endOfDayOut{wire.Result[wire.StoreEndOfDayReport]{Data: r}}, nil
}
