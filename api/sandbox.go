package api

import (
	"context"

	"comanda/account"
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
