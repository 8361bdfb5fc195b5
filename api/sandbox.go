package api

import (
	"context"

	"comanda/account"
	"comanda/order"
	"comanda/wire"
)

type clockOut struct {
	Body wire.Result[account.Clock]
}

func (s *server) getClock(ctx context.Context, c *account.Caller, in *AppPath) (*clockOut, error) {
	now, err := s.Accounts.Clock(ctx, c, in.AppID)
	return &clockOut{wire.Result[account.Clock]{Data: now}}, err
}

type setClockIn struct {
	AppPath
	Body account.ClockChange
}

func (s *server) setClock(ctx context.Context, c *account.Caller, in *setClockIn) (*clockOut, error) {
	now, err := s.Accounts.SetClock(ctx, c, in.AppID, in.Body)
	return &clockOut{wire.Result[account.Clock]{Data: now}}, err
}

type sampleOrdersIn struct {
	AppPath
	IdempotencyKey string `header:"Idempotency-Key" doc:"Optional. While store and menu stay as they are, a repeat under the same key is answered with the same orders, for 48 hours."`
	Body           order.SampleOrders
}

type sampleOrdersOut struct {
	Body wire.Result[[]order.SampleOrder]
}

func (s *server) placeSampleOrders(ctx context.Context, c *account.Caller, in *sampleOrdersIn) (*sampleOrdersOut, error) {
	placed, err := s.Orders.PlaceSamples(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &sampleOrdersOut{wire.Result[[]order.SampleOrder]{Data: placed}}, nil
}
