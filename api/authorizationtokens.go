package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

type tokensIn struct {
	OAuthAppPath
	Paging
}

type tokensOut struct {
	Body wire.Page[wire.OAuthTokenModel]
}

func (s *server) getAuthorizationTokens(ctx context.Context, c *account.Caller, in *tokensIn) (*tokensOut, error) {
	limit := min(in.Limit, 100)
	tokens, total, err := s.OAuth.Tokens(ctx, c, in.AppID, in.OauthAppID, in.Page, limit)
	if err != nil {
		return nil, err
	}
	out := &tokensOut{wire.Page[wire.OAuthTokenModel]{Page: in.Page, Limit: limit, TotalRecordCount: total, Data: make([]wire.OAuthTokenModel, len(tokens))}}
	for i, t := range tokens {
		out.Body.Data[i] = t.OAuthTokenModel
	}
	return out, nil
}

type tokenIn struct {
	AppID string `path:"appId"`
	Key   string `path:"key" doc:"The Key of a token in the list, not the token itself."`
}

func (s *server) revokeToken(ctx context.Context, c *account.Caller, in *tokenIn) (*none, error) {
	return &none{}, s.OAuth.RevokeToken(ctx, c, in.AppID, in.Key)
}
