package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

type textOut struct {
	Body wire.Result[string]
}

func (s *server) ping(context.Context, *account.Caller, *none) (*textOut, error) {
	return &textOut{wire.Result[string]{Data: "Pong"}}, nil
}

// hostOut is a bare object: the contract gives it no schema.
type hostOut struct {
	Body struct {
		Hostname string `json:"Hostname"`
	}
}

func (s *server) hostname(context.Context, *account.Caller, *none) (*hostOut, error) {
	out := &hostOut{}
	out.Body.Hostname = s.Host
	return out, nil
}
