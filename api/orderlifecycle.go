package api

import (
	"bytes"
	"context"

	"comanda/account"
	"comanda/order"
	"comanda/store"
	"comanda/wire"
)

type summariesIn struct {
	AppID                   string              `path:"appId"`
	SearchQuery             string              `query:"searchQuery"`
	PhysicalRestaurantId    []int               `query:"physicalRestaurantId,explode" doc:"Store ids."`
	State                   []wire.OrderState   `query:"state,explode"`
	Page                    int                 `query:"page" default:"1" minimum:"1"`
	Limit                   int                 `query:"limit" default:"20" minimum:"1" doc:"More than 100 is taken as 100."`
	OrderByRequestedForTime bool                `query:"orderByRequestedForTime"`
	Channels                []string            `query:"channels,explode" enum:"Unknown,Ios,Android,Web,Kiosk,Pos,TelephoneCall,Sms,PwaAndroid,PwaIos,Google,Photon"`
	OrderIds                []int               `query:"orderIds,explode"`
	From                    Optional[wire.Time] `query:"from" doc:"Placed at this time or later."`
	To                      Optional[wire.Time] `query:"to" doc:"Placed at this time or earlier."`
	LogSql                  bool                `query:"logSql" doc:"Read past."`
}

type summariesOut struct {
	Body wire.Page[wire.OrderSummary]
}

func (s *server) getOrderSummaries(ctx context.Context, c *account.Caller, in *summariesIn) (*summariesOut, error) {
	f := order.SummaryFilter{
		Filter: order.Filter{Stores: in.PhysicalRestaurantId, States: in.State, From: in.From.Value.Time, To: in.To.Value.Time},
		Search: in.SearchQuery, Channels: in.Channels, IDs: in.OrderIds, ByRequested: in.OrderByRequestedForTime,
	}
	limit := min(in.Limit, 100)
	n, all, err := s.Orders.Summaries(ctx, c, in.AppID, f, in.Page, limit)
	if err != nil {
		return nil, err
	}
	return &summariesOut{wire.Page[wire.OrderSummary]{Page: in.Page, Limit: limit, TotalRecordCount: n, Data: all}}, nil
}

type calculationIn struct {
	AppID   string `path:"appId"`
	OrderID int    `path:"orderId"`
}

type calculationOut struct {
	Body Stored[wire.Result[order.Calculation]]
}

func (s *server) getCalculation(ctx context.Context, c *account.Caller, in *calculationIn) (*calculationOut, error) {
	doc, err := s.Orders.Explain(ctx, c, in.AppID, in.OrderID)
	if err != nil {
		return nil, err
	}
	return &calculationOut{StoredData[wire.Result[order.Calculation]](doc)}, nil
}

type kitchenOut struct {
	Body Stored[wire.Result[[]wire.Order]]
}

func (s *server) getKitchenOrders(ctx context.Context, c *account.Caller, in *readyIn) (*kitchenOut, error) {
	docs, err := s.Orders.Kitchen(ctx, c, in.AppID, in.StoreId)
	if err != nil {
		return nil, err
	}
	list := append([]byte{'['}, bytes.Join(docs, []byte{','})...)
	return &kitchenOut{StoredData[wire.Result[[]wire.Order]](append(list, ']'))}, nil
}

type cancelIn struct {
	ID   int `path:"id"`
	Body order.Cancellation
}

func (s *server) cancelOrder(ctx context.Context, c *account.Caller, in *cancelIn) (*none, error) {
	return &none{}, s.Orders.CallOff(ctx, c, in.ID, in.Body)
}

type reviewIn struct {
	ID   int `path:"id"`
	Body order.Review
}

func (s *server) reviewOrder(ctx context.Context, c *account.Caller, in *reviewIn) (*none, error) {
	return &none{}, s.Orders.Review(ctx, c, in.ID, in.Body)
}

type deadlinesOut struct {
	Body wire.Result[store.Deadlines]
}

func (s *server) getDeadlines(ctx context.Context, c *account.Caller, in *storeIn) (*deadlinesOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &deadlinesOut{wire.Result[store.Deadlines]{Data: st.Deadlines()}}, nil
}

type setDeadlinesIn struct {
	StoreID int `path:"storeId"`
	Body    store.Deadlines
}

func (s *server) setDeadlines(ctx context.Context, c *account.Caller, in *setDeadlinesIn) (*deadlinesOut, error) {
	d, err := s.Stores.SetDeadlines(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &deadlinesOut{wire.Result[store.Deadlines]{Data: d}}, nil
}
