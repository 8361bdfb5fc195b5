package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

// Session is a browser in which the caller is signed in. It is ours, so its shape is.
type Session struct {
	Key           string    `doc:"Names the session; the sid of ID tokens."`
	Current       bool      `doc:"Whether it is the one that asks."`
	Created       wire.Time `doc:"When the person signed in."`
	Authenticated wire.Time `doc:"When the person last proved who they are."`
	Seen          wire.Time `doc:"When it was used last, to a minute."`
	Expires       wire.Time `doc:"When it ends at the latest; after twelve idle hours it ends sooner."`
	Methods       []string  `doc:"How the person signed in, in the words of RFC 8176: pwd, otp, pop, mfa."`
	IpAddress     *string   `nullable:"true" doc:"Where from; null when unknown."`
	UserAgent     string    `doc:"What the browser calls itself."`
}

type sessionsOut struct{ Body wire.Result[[]Session] }

func (s *server) getSessions(ctx context.Context, c *account.Caller, _ *none) (*sessionsOut, error) {
	all, err := s.Accounts.Sessions(ctx, c)
	if err != nil {
		return nil, err
	}
	out := make([]Session, len(all))
	for i, a := range all {
		out[i] = Session{
			Key: a.Key, Current: a.Key == c.SessionKey, Created: wire.Time{Time: a.Created}, Authenticated: wire.Time{Time: a.Authenticated},
			Seen: wire.Time{Time: a.Seen}, Expires: wire.Time{Time: a.Expires}, Methods: a.Methods, UserAgent: a.Agent,
		}
		if a.Address != "" {
			out[i].IpAddress = &a.Address
		}
	}
	return &sessionsOut{wire.Result[[]Session]{Data: out}}, nil
}

func (s *server) endOtherSessions(ctx context.Context, c *account.Caller, _ *none) (*none, error) {
	return &none{}, s.Accounts.EndOtherSessions(ctx, c, c.SessionKey)
}

type sessionPath struct {
	Key string `path:"key"`
}

func (s *server) endSession(ctx context.Context, c *account.Caller, in *sessionPath) (*none, error) {
	return &none{}, s.Accounts.EndSession(ctx, c, in.Key)
}
