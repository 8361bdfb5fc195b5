package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

// OrderPath names an order.
type OrderPath struct {
	OrderID int `path:"orderId"`
}

type deliveryInfoOut struct {
	Body wire.Result[*wire.OrderDeliveryInformation]
}

func (s *server) getDeliveryInformation(ctx context.Context, c *account.Caller, in *OrderPath) (*deliveryInfoOut, error) {
	d, err := s.Orders.Delivery(ctx, c, in.OrderID)
	if err != nil {
		return nil, err
	}
	return &deliveryInfoOut{wire.Result[*wire.OrderDeliveryInformation]{Data: d}}, nil
}

type updateDeliveryInfoIn struct {
	OrderPath
	Body wire.OrderDeliveryInformationBase
}

func (s *server) updateDeliveryInformation(ctx context.Context, c *account.Caller, in *updateDeliveryInfoIn) (*none, error) {
	return &none{}, s.Orders.SetDelivery(ctx, c, in.OrderID, in.Body)
}

type fulfilmentStateOut struct {
	Body wire.Result[wire.OrderFulfillmentStatus]
}

func (s *server) getFulfillmentState(ctx context.Context, c *account.Caller, in *OrderPath) (*fulfilmentStateOut, error) {
	state, err := s.Orders.Fulfilment(ctx, c, in.OrderID)
	if err != nil {
		return nil, err
	}
	return &fulfilmentStateOut{wire.Result[wire.OrderFulfillmentStatus]{Data: state}}, nil
}

type updateFulfilmentStateIn struct {
	OrderPath
	Body wire.OrderFulfillmentStatusUpdate
}

func (s *server) updateFulfillmentState(ctx context.Context, c *account.Caller, in *updateFulfilmentStateIn) (*none, error) {
	return &none{}, s.Orders.SetFulfilment(ctx, c, in.OrderID, in.Body)
}

type fulfilmentActionsOut struct {
	Body wire.Result[wire.OrderFulfillmentStatusWithConfigurationActions]
}

func (s *server) getFulfillmentActions(ctx context.Context, c *account.Caller, in *OrderPath) (*fulfilmentActionsOut, error) {
	actions, err := s.Orders.FulfilmentActions(ctx, c, in.OrderID)
	if err != nil {
		return nil, err
	}
	return &fulfilmentActionsOut{wire.Result[wire.OrderFulfillmentStatusWithConfigurationActions]{Data: actions}}, nil
}

type fulfilmentStatesIn struct {
	AppPath
	OrderIDs string `query:"orderIds" required:"true" doc:"Order ids with commas between them, 100 at most."`
}

type fulfilmentStatesOut struct {
	Body wire.Result[[]wire.OrderFulfillmentStatus]
}

func (s *server) searchFulfillmentStates(ctx context.Context, c *account.Caller, in *fulfilmentStatesIn) (*fulfilmentStatesOut, error) {
	all, err := s.Orders.FulfilmentOf(ctx, c, in.AppID, in.OrderIDs)
	if err != nil {
		return nil, err
	}
	return &fulfilmentStatesOut{wire.Result[[]wire.OrderFulfillmentStatus]{Data: all}}, nil
}

type receiptOut struct {
	Body *wire.GetReceiptByOrderIdQueryResponse
}

func (s *server) getReceipt(ctx context.Context, c *account.Caller, in *OrderPath) (*receiptOut, error) {
	r, err := s.Orders.Receipt(ctx, c, in.OrderID)
	if err != nil {
		return nil, err
	}
	return &receiptOut{r}, nil
}
