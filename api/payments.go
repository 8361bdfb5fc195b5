package api

import (
	"context"

	"comanda/account"
	"comanda/payment"
	"comanda/wire"
)

type paymentInformationIn struct {
	OrderId int `path:"orderId"`
}

type paymentInformationOut struct {
	Body wire.Result[wire.OrderPaymentInformation]
}

func (s *server) getPaymentInformation(ctx context.Context, c *account.Caller, in *paymentInformationIn) (*paymentInformationOut, error) {
	i, err := s.Orders.PaymentInformation(ctx, c, in.OrderId)
	return &paymentInformationOut{wire.Result[wire.OrderPaymentInformation]{Data: i}}, err
}

type paymentSettingsOut struct {
	Body wire.Result[payment.CardSettings]
}

func (s *server) getPaymentSettings(ctx context.Context, c *account.Caller, in *AppPath) (*paymentSettingsOut, error) {
	of, err := s.Payments.Settings(ctx, c, in.AppID)
	return &paymentSettingsOut{wire.Result[payment.CardSettings]{Data: of}}, err
}

type setPaymentSettingsIn struct {
	AppPath
	Body payment.CardSettingsChange
}

func (s *server) setPaymentSettings(ctx context.Context, c *account.Caller, in *setPaymentSettingsIn) (*paymentSettingsOut, error) {
	of, err := s.Payments.SetSettings(ctx, c, in.AppID, in.Body)
	return &paymentSettingsOut{wire.Result[payment.CardSettings]{Data: of}}, err
}
