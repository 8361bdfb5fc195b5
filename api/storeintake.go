package api

import (
	"context"

	"comanda/account"
	"comanda/store"
	"comanda/wire"
)

type intakeOut struct {
	Body wire.Result[[]store.Intake]
}

func intake(in []store.Intake, err error) (*intakeOut, error) {
	if err != nil {
		return nil, err
	}
	return &intakeOut{wire.Result[[]store.Intake]{Data: in}}, nil
}

func (s *server) getIntake(ctx context.Context, c *account.Caller, in *storeIn) (*intakeOut, error) {
	return intake(s.Stores.Intake(ctx, c, in.StoreID))
}

type pauseStoreIn struct {
	StoreID int `path:"storeId"`
	Body    store.Pause
}

func (s *server) pauseStore(ctx context.Context, c *account.Caller, in *pauseStoreIn) (*intakeOut, error) {
	return intake(s.Stores.Pause(ctx, c, in.StoreID, in.Body))
}

type resumeStoreIn struct {
	StoreID int `path:"storeId"`
	Body    store.Resumption
}

func (s *server) resumeStore(ctx context.Context, c *account.Caller, in *resumeStoreIn) (*intakeOut, error) {
	return intake(s.Stores.Resume(ctx, c, in.StoreID, in.Body))
}

type busyIn struct {
	StoreID int `path:"storeId"`
	Body    store.Busy
}

func (s *server) setBusy(ctx context.Context, c *account.Caller, in *busyIn) (*intakeOut, error) {
	return intake(s.Stores.SetBusy(ctx, c, in.StoreID, in.Body))
}
