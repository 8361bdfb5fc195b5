package api

import (
	"bytes"
	"context"

	"comanda/account"
	"comanda/driver"
	"comanda/order"
	"comanda/wire"
)

// What the contract calls an object without a schema is an object with Data here, as everywhere.

type driverPINIn struct {
	Body wire.DriverRequestLoginPinModel
}

type driverTextOut struct{ Body wire.Result[string] }

func (s *server) requestDriverPIN(ctx context.Context, c *account.Caller, in *driverPINIn) (*driverTextOut, error) {
	if err := s.Drivers.RequestPIN(ctx, c, in.Body.PhoneNumber); err != nil {
		return nil, err
	}
	return &driverTextOut{wire.Result[string]{Data: "If the number is a driver's, a PIN was sent to it."}}, nil
}

type driverLoginIn struct{ Body wire.DriverLoginModel }

type driverLoginOut struct {
	Body wire.Result[*driver.SignedIn]
}

func (s *server) driverLogin(ctx context.Context, c *account.Caller, in *driverLoginIn) (*driverLoginOut, error) {
	session, err := s.Drivers.SignIn(ctx, c, in.Body.PhoneNumber, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return &driverLoginOut{wire.Result[*driver.SignedIn]{Data: session}}, nil
}

type workplacesOut struct {
	Body wire.Result[[]driver.Workplace]
}

func (s *server) getDriverStores(ctx context.Context, c *account.Caller, _ *none) (*workplacesOut, error) {
	all, err := s.Drivers.Stores(ctx, c)
	if err != nil {
		return nil, err
	}
	return &workplacesOut{wire.Result[[]driver.Workplace]{Data: all}}, nil
}

type driverProfileOut struct {
	Body wire.Result[driver.Profile]
}

func driverProfile(p driver.Profile, err error) (*driverProfileOut, error) {
	if err != nil {
		return nil, err
	}
	return &driverProfileOut{wire.Result[driver.Profile]{Data: p}}, nil
}

func (s *server) getDriverProfile(ctx context.Context, c *account.Caller, _ *none) (*driverProfileOut, error) {
	return driverProfile(s.Drivers.Profile(ctx, c))
}

type driverNameIn struct{ Body wire.UpdateDriverProfileModel }

func (s *server) updateDriverProfile(ctx context.Context, c *account.Caller, in *driverNameIn) (*driverProfileOut, error) {
	if in.Body.Name == nil {
		return driverProfile(s.Drivers.Profile(ctx, c))
	}
	return driverProfile(s.Drivers.SetName(ctx, c, *in.Body.Name))
}

type driverPictureIn struct{ Upload }

func (s *server) setDriverPicture(ctx context.Context, c *account.Caller, in *driverPictureIn) (*driverProfileOut, error) {
	content, err := in.read()
	if err != nil {
		return nil, err
	}
	return driverProfile(s.Drivers.SetPicture(ctx, c, content))
}

func (s *server) deleteDriverPicture(ctx context.Context, c *account.Caller, _ *none) (*driverProfileOut, error) {
	return driverProfile(s.Drivers.RemovePicture(ctx, c))
}

type driverTokenIn struct {
	Body wire.UpdateDriverNotificationToken
}

func (s *server) addDriverToken(ctx context.Context, c *account.Caller, in *driverTokenIn) (*driverProfileOut, error) {
	return driverProfile(s.Drivers.AddDevice(ctx, c, in.Body.PushNotificationsToken))
}

func (s *server) removeDriverToken(ctx context.Context, c *account.Caller, in *driverTokenIn) (*driverProfileOut, error) {
	return driverProfile(s.Drivers.RemoveDevice(ctx, c, in.Body.PushNotificationsToken))
}

type driverPresenceIn struct {
	StoreID  int             `path:"storeId"`
	Presence driver.Presence `path:"presence"`
}

type workplaceOut struct {
	Body wire.Result[driver.Workplace]
}

func (s *server) setDriverPresence(ctx context.Context, c *account.Caller, in *driverPresenceIn) (*workplaceOut, error) {
	w, err := s.Drivers.SetPresence(ctx, c, in.StoreID, in.Presence)
	if err != nil {
		return nil, err
	}
	return &workplaceOut{wire.Result[driver.Workplace]{Data: w}}, nil
}

type trackingIn struct {
	OrderPath
	Status wire.DeliveryTrackingStatus `path:"deliveryTrackingStatus"`
}

type trackingOut struct {
	Body wire.Result[order.Tracking]
}

func tracking(t order.Tracking, err error) (*trackingOut, error) {
	if err != nil {
		return nil, err
	}
	return &trackingOut{wire.Result[order.Tracking]{Data: t}}, nil
}

func (s *server) setTracking(ctx context.Context, c *account.Caller, in *trackingIn) (*trackingOut, error) {
	return tracking(s.Orders.SetTracking(ctx, c, in.OrderID, in.Status))
}

type driverOrdersOut struct {
	Body Stored[wire.Result[[]wire.Order]]
}

func (s *server) getDriverOrders(ctx context.Context, c *account.Caller, _ *none) (*driverOrdersOut, error) {
	docs, err := s.Orders.OfDriver(ctx, c)
	if err != nil {
		return nil, err
	}
	list := append([]byte{'['}, bytes.Join(docs, []byte{','})...)
	return &driverOrdersOut{StoredData[wire.Result[[]wire.Order]](append(list, ']'))}, nil
}

type teamOut struct {
	Body wire.Result[[]driver.Member]
}

func (s *server) getDrivers(ctx context.Context, c *account.Caller, in *AppPath) (*teamOut, error) {
	all, err := s.Drivers.Team(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	return &teamOut{wire.Result[[]driver.Member]{Data: all}}, nil
}

type addDriverIn struct {
	AppPath
	Body driver.Added
}

type memberOut struct {
	Body wire.Result[driver.Member]
}

func (s *server) addDriver(ctx context.Context, c *account.Caller, in *addDriverIn) (*memberOut, error) {
	m, err := s.Drivers.Add(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &memberOut{wire.Result[driver.Member]{Data: m}}, nil
}

type removeDriverIn struct {
	AppPath
	DriverID int `path:"driverId"`
}

func (s *server) removeDriver(ctx context.Context, c *account.Caller, in *removeDriverIn) (*none, error) {
	return &none{}, s.Drivers.Remove(ctx, c, in.AppID, in.DriverID)
}

// AssignedDriver is whom an order is offered to.
type AssignedDriver struct {
	DriverID *int `json:"DriverId" format:"int32" nullable:"true" required:"false" doc:"The driver; null takes the order from whoever has it."`
}

type assignDriverIn struct {
	OrderPath
	Body AssignedDriver
}

func (s *server) assignDriver(ctx context.Context, c *account.Caller, in *assignDriverIn) (*trackingOut, error) {
	return tracking(s.Orders.Offer(ctx, c, in.OrderID, wire.V(in.Body.DriverID)))
}
