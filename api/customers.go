package api

import (
	"context"

	"comanda/account"
	"comanda/customer"
	"comanda/wire"
)

// CustomerPath names a customer of a brand.
type CustomerPath struct {
	AppPath
	CustomerID int `path:"customerId"`
}

type findCustomersIn struct {
	AppPath
	PhoneNumber string `query:"phoneNumber" required:"true" doc:"With its country code (+353 87 123 4567; in a query + is written %2B), or as dialled in the brand's country."`
}

type customersOut struct{ Body wire.Result[wire.Customers] }

func (s *server) getCustomers(ctx context.Context, c *account.Caller, in *findCustomersIn) (*customersOut, error) {
	found, err := s.Customers.Find(ctx, c, in.AppID, in.PhoneNumber)
	if err != nil {
		return nil, err
	}
	return &customersOut{wire.Result[wire.Customers]{Data: wire.Customers{Items: found}}}, nil
}

type customerOut struct{ Body wire.Result[*wire.Customer] }

func answerCustomer(c *wire.Customer, err error) (*customerOut, error) {
	if err != nil {
		return nil, err
	}
	return &customerOut{wire.Result[*wire.Customer]{Data: c}}, nil
}

type createCustomerIn struct {
	AppPath
	Body wire.CustomerCreateModel
}

func (s *server) createCustomer(ctx context.Context, c *account.Caller, in *createCustomerIn) (*customerOut, error) {
	return answerCustomer(s.Customers.Create(ctx, c, in.AppID, in.Body))
}

func (s *server) getCustomer(ctx context.Context, c *account.Caller, in *CustomerPath) (*customerOut, error) {
	return answerCustomer(s.Customers.Get(ctx, c, in.AppID, in.CustomerID))
}

type updateCustomerIn struct {
	CustomerPath
	Body wire.CustomerUpdateModel
}

func (s *server) updateCustomer(ctx context.Context, c *account.Caller, in *updateCustomerIn) (*customerOut, error) {
	return answerCustomer(s.Customers.Update(ctx, c, in.AppID, in.CustomerID, in.Body))
}

type consentsOut struct {
	Body wire.Result[[]customer.Consent]
}

func (s *server) getCustomerConsents(ctx context.Context, c *account.Caller, in *CustomerPath) (*consentsOut, error) {
	all, err := s.Customers.Consents(ctx, c, in.AppID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	return &consentsOut{wire.Result[[]customer.Consent]{Data: all}}, nil
}

func (s *server) eraseCustomer(ctx context.Context, c *account.Caller, in *CustomerPath) (*none, error) {
	return &none{}, s.Orders.EraseCustomer(ctx, c, in.AppID, in.CustomerID)
}
