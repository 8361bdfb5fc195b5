package api

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/wire"
)

// CheckpointPath names a checkpoint of a menu.
type CheckpointPath struct {
	MenuPath
	CheckpointID int `path:"checkpointId"`
}

type checkpointsOut struct {
	Body wire.Result[[]wire.MenuCheckpoint]
}

func (s *server) getMenuCheckpoints(ctx context.Context, c *account.Caller, in *MenuPath) (*checkpointsOut, error) {
	all, err := s.Menus.Checkpoints(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		s.leadTo(in.MenuID, &all[i])
	}
	return &checkpointsOut{wire.Result[[]wire.MenuCheckpoint]{Data: all}}, nil
}

func (s *server) leadTo(menu int, p *wire.MenuCheckpoint) {
	p.Url = fmt.Sprintf("%s/api/v1.0/menus/%d/checkpoints/%d", s.PublicURL, menu, p.MenuCheckpointId)
}

// NewCheckpoint is what a checkpoint is called.
type NewCheckpoint struct {
	Name string `json:"Name,omitempty" required:"false" doc:"At most 255 characters; without it, the version of the menu." example:"Before the summer menu"`
}

type createCheckpointIn struct {
	MenuPath
	Body NewCheckpoint
}

type checkpointOut struct {
	Body wire.Result[wire.MenuCheckpoint]
}

func (s *server) createMenuCheckpoint(ctx context.Context, c *account.Caller, in *createCheckpointIn) (*checkpointOut, error) {
	p, err := s.Menus.Keep(ctx, c, in.MenuID, in.Body.Name)
	s.leadTo(in.MenuID, &p)
	return &checkpointOut{wire.Result[wire.MenuCheckpoint]{Data: p}}, err
}

type checkpointMenuOut struct {
	Body wire.Result[wire.Menu]
}

func (s *server) getMenuCheckpoint(ctx context.Context, c *account.Caller, in *CheckpointPath) (*checkpointMenuOut, error) {
	menu, err := s.Menus.Checkpoint(ctx, c, in.MenuID, in.CheckpointID)
	return &checkpointMenuOut{wire.Result[wire.Menu]{Data: menu}}, err
}

type restoreCheckpointIn struct {
	CheckpointPath
	Seen
}

func (s *server) restoreMenuCheckpoint(ctx context.Context, c *account.Caller, in *restoreCheckpointIn) (*none, error) {
	return &none{}, s.Menus.Restore(ctx, c, in.part(in.Seen), in.CheckpointID)
}
