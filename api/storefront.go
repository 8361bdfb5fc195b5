package api

import (
	"context"

	"comanda/account"
	"comanda/order"
	"comanda/wire"
)

type shopsIn struct {
	AppID string `path:"appId"`
}

type shopsOut struct{ Body wire.Result[[]order.Shop] }

func (s *server) getShops(ctx context.Context, c *account.Caller, in *shopsIn) (*shopsOut, error) {
	shops, err := s.Orders.Shops(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	return &shopsOut{wire.Result[[]order.Shop]{Data: shops}}, nil
}

type shopIn struct {
	AppID   string `path:"appId"`
	StoreId int    `path:"storeId"`
}

type shopOut struct{ Body wire.Result[*order.ShopMenu] }

func (s *server) getShop(ctx context.Context, c *account.Caller, in *shopIn) (*shopOut, error) {
	shop, err := s.Orders.Shop(ctx, c, in.AppID, in.StoreId)
	if err != nil {
		return nil, err
	}
	return &shopOut{wire.Result[*order.ShopMenu]{Data: shop}}, nil
}

type slotsIn struct {
	AppID        string              `path:"appId"`
	StoreId      int                 `path:"storeId"`
	DeliveryType wire.DeliveryType   `query:"DeliveryType" required:"true"`
	From         Optional[wire.Time] `query:"From" doc:"Only slots that begin then or later."`
}

type slotsOut struct {
	Body wire.Result[*order.ShopSlots]
}

func (s *server) getSlots(ctx context.Context, c *account.Caller, in *slotsIn) (*slotsOut, error) {
	slots, err := s.Orders.Slots(ctx, c, in.AppID, in.StoreId, in.DeliveryType, in.From.Value.Time)
	if err != nil {
		return nil, err
	}
	return &slotsOut{wire.Result[*order.ShopSlots]{Data: slots}}, nil
}

type quoteIn struct {
	AppID string `path:"appId"`
	Body  order.Basket
}

type quoteOut struct {
	Body wire.Result[order.Calculation]
}

func (s *server) quoteOrder(ctx context.Context, c *account.Caller, in *quoteIn) (*quoteOut, error) {
	q, err := s.Orders.Quote(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &quoteOut{wire.Result[order.Calculation]{Data: q}}, nil
}

type placeIn struct {
	AppID          string `path:"appId"`
	IdempotencyKey string `header:"Idempotency-Key" doc:"Required: 16 to 255 visible ASCII characters, new for each order and the same for its repeats, best a UUID. A repeat is answered with the same bytes for 48 hours; another body under the same key is refused with 422."`
	Body           order.Basket
}

type placeOut struct {
	Body Stored[wire.Result[order.PlacedOrder]]
}

func (s *server) placeOrder(ctx context.Context, c *account.Caller, in *placeIn) (*placeOut, error) {
	answer, err := s.Orders.Place(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &placeOut{StoredData[wire.Result[order.PlacedOrder]](answer)}, nil
}

type continuePaymentIn struct {
	AppID         string `path:"appId"`
	TrackingToken string `path:"trackingToken"`
	Body          order.Continuation
}

func (s *server) continuePayment(ctx context.Context, c *account.Caller, in *continuePaymentIn) (*placeOut, error) {
	answer, err := s.Orders.ContinuePayment(ctx, c, in.AppID, in.TrackingToken, in.Body)
	if err != nil {
		return nil, err
	}
	return &placeOut{StoredData[wire.Result[order.PlacedOrder]](answer)}, nil
}

type trackIn struct {
	AppID         string `path:"appId"`
	TrackingToken string `path:"trackingToken" doc:"What the order was answered with; not the OrderTrackingCode."`
}

type trackOut struct {
	Body Stored[wire.Result[order.TrackedOrder]]
}

func (s *server) trackOrder(ctx context.Context, c *account.Caller, in *trackIn) (*trackOut, error) {
	doc, err := s.Orders.Track(ctx, c, in.AppID, in.TrackingToken)
	if err != nil {
		return nil, err
	}
	return &trackOut{StoredData[wire.Result[order.TrackedOrder]](doc)}, nil
}

func (s *server) cancelMyOrder(ctx context.Context, c *account.Caller, in *trackIn) (*orderOut, error) {
	doc, err := s.Orders.Cancel(ctx, c, in.AppID, in.TrackingToken)
	if err != nil {
		return nil, err
	}
	return &orderOut{StoredData[wire.Result[wire.Order]](doc)}, nil
}

type tipIn struct {
	AppID         string `path:"appId"`
	TrackingToken string `path:"trackingToken"`
	Body          order.Tip
}

func (s *server) changeTip(ctx context.Context, c *account.Caller, in *tipIn) (*orderOut, error) {
	doc, err := s.Orders.ChangeTip(ctx, c, in.AppID, in.TrackingToken, in.Body)
	if err != nil {
		return nil, err
	}
	return &orderOut{StoredData[wire.Result[wire.Order]](doc)}, nil
}

type rateIn struct {
	AppID         string `path:"appId"`
	TrackingToken string `path:"trackingToken"`
	Body          order.Rating
}

func (s *server) rateOrder(ctx context.Context, c *account.Caller, in *rateIn) (*orderOut, error) {
	doc, err := s.Orders.Rate(ctx, c, in.AppID, in.TrackingToken, in.Body)
	if err != nil {
		return nil, err
	}
	return &orderOut{StoredData[wire.Result[wire.Order]](doc)}, nil
}
