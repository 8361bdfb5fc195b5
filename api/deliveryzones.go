package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

type deliveryZonesOut struct {
	Body wire.Result[[]wire.DeliveryZone]
}

func (s *server) getDeliveryZones(ctx context.Context, c *account.Caller, in *storeIn) (*deliveryZonesOut, error) {
	zones, err := s.Stores.DeliveryZones(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &deliveryZonesOut{wire.Result[[]wire.DeliveryZone]{Data: zones}}, nil
}

type deliveryZoneOut struct {
	Body wire.Result[*wire.DeliveryZone]
}

func answerDeliveryZone(z *wire.DeliveryZone, err error) (*deliveryZoneOut, error) {
	if err != nil {
		return nil, err
	}
	return &deliveryZoneOut{wire.Result[*wire.DeliveryZone]{Data: z}}, nil
}

type addDeliveryZoneIn struct {
	StoreID int `path:"storeId"`
	Body    wire.DeliveryZoneBase
}

func (s *server) addDeliveryZone(ctx context.Context, c *account.Caller, in *addDeliveryZoneIn) (*deliveryZoneOut, error) {
	return answerDeliveryZone(s.Stores.AddDeliveryZone(ctx, c, in.StoreID, in.Body))
}

// DeliveryZonePath names a delivery zone of a store.
type DeliveryZonePath struct {
	StoreID        int `path:"storeId"`
	DeliveryZoneID int `path:"deliveryZoneId"`
}

type updateDeliveryZoneIn struct {
	DeliveryZonePath
	Body wire.DeliveryZoneBase
}

func (s *server) updateDeliveryZone(ctx context.Context, c *account.Caller, in *updateDeliveryZoneIn) (*deliveryZoneOut, error) {
	return answerDeliveryZone(s.Stores.UpdateDeliveryZone(ctx, c, in.StoreID, in.DeliveryZoneID, in.Body))
}

func (s *server) removeDeliveryZone(ctx context.Context, c *account.Caller, in *DeliveryZonePath) (*none, error) {
	return &none{}, s.Stores.RemoveDeliveryZone(ctx, c, in.StoreID, in.DeliveryZoneID)
}
