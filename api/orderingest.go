package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

type submitOrderIn struct {
	AppID string `path:"appNameId"`
	Body  wire.OrderIngestSubmitOrderRequest
}

type submitOrderOut struct {
	Body Stored[wire.Result[wire.OrderIngestSubmitOrderResponse]]
}

func (s *server) submitNewOrder(ctx context.Context, c *account.Caller, in *submitOrderIn) (*submitOrderOut, error) {
	answer, err := s.Orders.Submit(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &submitOrderOut{StoredData[wire.Result[wire.OrderIngestSubmitOrderResponse]](answer)}, nil
}
