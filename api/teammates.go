package api

import (
	"context"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// TeammatePath names a teammate of a brand.
type TeammatePath struct {
	AppPath
	ID string `path:"id" doc:"The TeammateId."`
}

// InvitationPath names an invitation by what only the invited person has.
type InvitationPath struct {
	AppPath
	OTC string `path:"otc" doc:"The code of the link in the mail, or an Otc of the pending invitations."`
}

type teammateOut struct{ Body wire.Result[wire.Teammate] }

func answerTeammate(t wire.Teammate, err error) (*teammateOut, error) {
	if err != nil {
		return nil, err
	}
	return &teammateOut{wire.Result[wire.Teammate]{Data: t}}, nil
}

type teammatesOut struct{ Body wire.Result[[]wire.Teammate] }

func (s *server) getTeammates(ctx context.Context, c *account.Caller, in *AppPath) (*teammatesOut, error) {
	all, err := s.Accounts.Teammates(ctx, c, in.AppID)
	return &teammatesOut{wire.Result[[]wire.Teammate]{Data: all}}, err
}

func (s *server) getTeammate(ctx context.Context, c *account.Caller, in *TeammatePath) (*teammateOut, error) {
	return answerTeammate(s.Accounts.Teammate(ctx, c, in.AppID, in.ID))
}

type createTeammateIn struct {
	AppPath
	Body wire.CreateTeammate
}

func (s *server) createTeammate(ctx context.Context, c *account.Caller, in *createTeammateIn) (*teammateOut, error) {
	return answerTeammate(s.Accounts.Invite(ctx, c, in.AppID, in.Body))
}

func (s *server) grantAccess(ctx context.Context, c *account.Caller, in *createTeammateIn) (*teammateOut, error) {
	return answerTeammate(s.Accounts.GrantAccess(ctx, c, in.AppID, in.Body))
}

type updateTeammateIn struct {
	TeammatePath
	Body wire.TeammateBase
}

func (s *server) updateTeammate(ctx context.Context, c *account.Caller, in *updateTeammateIn) (*teammateOut, error) {
	return answerTeammate(s.Accounts.UpdateTeammate(ctx, c, in.AppID, in.ID, in.Body))
}

func (s *server) deleteTeammate(ctx context.Context, c *account.Caller, in *TeammatePath) (*none, error) {
	return &none{}, s.Accounts.RemoveTeammate(ctx, c, in.AppID, in.ID)
}

type pendingInvitationsOut struct {
	Body wire.Result[[]wire.PendingInvitation]
}

func (s *server) pendingInvitations(ctx context.Context, c *account.Caller, _ *none) (*pendingInvitationsOut, error) {
	open, err := s.Accounts.Invitations(ctx, c)
	return &pendingInvitationsOut{wire.Result[[]wire.PendingInvitation]{Data: open}}, err
}

type acceptInvitationOut struct {
	Body wire.Result[wire.AcceptInvitationResult]
}

func (s *server) acceptInvitation(ctx context.Context, _ *account.Caller, in *InvitationPath) (*acceptInvitationOut, error) {
	i, err := s.Accounts.Invitation(ctx, in.AppID, in.OTC)
	if err != nil {
		return nil, err
	}
	if i.Status == wire.InvitationStatusExpired {
		return nil, fault.New(fault.Gone, "This invitation has expired.").With("Ask for another one.")
	}
	return &acceptInvitationOut{wire.Result[wire.AcceptInvitationResult]{
		Data: wire.AcceptInvitationResult{IsNewUser: i.IsNewUser, InvitedEmailAddress: i.Email},
	}}, nil
}

type redeemInvitationOut struct {
	Body wire.Result[wire.RedeemInvitationResult]
}

func (s *server) redeemInvitation(ctx context.Context, c *account.Caller, in *InvitationPath) (*redeemInvitationOut, error) {
	r, err := s.Accounts.AcceptInvitation(ctx, c, in.AppID, in.OTC)
	return &redeemInvitationOut{wire.Result[wire.RedeemInvitationResult]{Data: r}}, err
}

type redeemInvitationsOut struct {
	Body wire.Result[[]wire.RedeemInvitationResult]
}

func (s *server) acceptInvitations(ctx context.Context, c *account.Caller, _ *none) (*redeemInvitationsOut, error) {
	all, err := s.Accounts.AcceptInvitations(ctx, c)
	return &redeemInvitationsOut{wire.Result[[]wire.RedeemInvitationResult]{Data: all}}, err
}
