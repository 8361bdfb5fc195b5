package api

import (
	"context"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

type storeIn struct {
	StoreID int `path:"storeId"`
}

type storeOut struct{ Body wire.Result[*wire.Store] }

func (s *server) getStore(ctx context.Context, c *account.Caller, in *storeIn) (*storeOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &storeOut{wire.Result[*wire.Store]{Data: st.Wire()}}, nil
}

type storesIn struct {
	SearchQuery  string `query:"searchQuery" doc:"Words of the name, in any case."`
	StoreGroupID int    `query:"storeGroupId"`
	Paging
}

type storesOut struct{ Body wire.Page[wire.Store] }

func showStore(st *store.Store) wire.Store { return *st.Wire() }

func (s *server) getStores(ctx context.Context, c *account.Caller, in *storesIn) (*storesOut, error) {
	stores, err := s.Stores.All(ctx, c, store.Filter{Search: in.SearchQuery, Group: in.StoreGroupID})
	if err != nil {
		return nil, err
	}
	return &storesOut{paged(in.Paging, stores, showStore)}, nil
}

type appStoresIn struct {
	AppID              string                `path:"appId"`
	SearchQuery        string                `query:"searchQuery" doc:"Words of the name, in any case."`
	SalesChannelType   wire.SalesChannelType `query:"salesChannelType" enum:"Web,App,Kiosk,Pos,None"`
	ExcludeUnpublished bool                  `query:"excludeUnpublished"`
	Paging
}

func (s *server) getStoresByAppID(ctx context.Context, c *account.Caller, in *appStoresIn) (*storesOut, error) {
	stores, err := s.Stores.ByApp(ctx, c, in.AppID, store.Filter{
		Search: in.SearchQuery, SalesChannel: in.SalesChannelType, OnlyPublished: in.ExcludeUnpublished,
	})
	if err != nil {
		return nil, err
	}
	return &storesOut{paged(in.Paging, stores, showStore)}, nil
}

type storeHeadersIn struct {
	AppID            string                `path:"appId"`
	StoreNameQuery   string                `query:"storeNameQuery" doc:"Words of the name, in any case."`
	SalesChannelType wire.SalesChannelType `query:"salesChannelType" enum:"Web,App,Kiosk,Pos,None"`
	Paging
}

type storeHeadersOut struct{ Body wire.Page[wire.StoreHeader] }

func (s *server) getStoreHeaders(ctx context.Context, c *account.Caller, in *storeHeadersIn) (*storeHeadersOut, error) {
	stores, err := s.Stores.ByApp(ctx, c, in.AppID, store.Filter{Search: in.StoreNameQuery, SalesChannel: in.SalesChannelType})
	if err != nil {
		return nil, err
	}
	return &storeHeadersOut{paged(in.Paging, stores, (*store.Store).Header)}, nil
}

type createStoreIn struct {
	StoreGroupID int `query:"storeGroupId" required:"true"`
	Body         wire.StoreCreateBase
}

func (s *server) createStore(ctx context.Context, c *account.Caller, in *createStoreIn) (*storeOut, error) {
	st, err := s.Stores.Create(ctx, c, store.NewStore{Group: in.StoreGroupID, StoreCreateBase: in.Body})
	if err != nil {
		return nil, err
	}
	return &storeOut{wire.Result[*wire.Store]{Data: st.Wire()}}, nil
}

type updateStoreIn struct {
	StoreID int `path:"storeId"`
	Body    wire.StoreBase
}

func (s *server) updateStore(ctx context.Context, c *account.Caller, in *updateStoreIn) (*storeOut, error) {
	st, err := s.Stores.Update(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &storeOut{wire.Result[*wire.Store]{Data: st.Wire()}}, nil
}

type updateAddressIn struct {
	StoreID int `path:"storeId"`
	Body    wire.StoreAddressBase
}

type addressOut struct {
	Body wire.Result[*wire.StoreAddress]
}

func (s *server) updateStoreAddress(ctx context.Context, c *account.Caller, in *updateAddressIn) (*addressOut, error) {
	a, err := s.Stores.UpdateAddress(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &addressOut{wire.Result[*wire.StoreAddress]{Data: a}}, nil
}

type updateCoordinatesIn struct {
	StoreID   int    `path:"storeId"`
	AppNameID string `query:"appNameId" doc:"Not needed: the store is known by its id."`
	Body      wire.Coordinates
}

type coordinatesOut struct {
	Body wire.Result[*wire.Coordinates]
}

func (s *server) updateStoreCoordinates(ctx context.Context, c *account.Caller, in *updateCoordinatesIn) (*coordinatesOut, error) {
	at, err := s.Stores.UpdateCoordinates(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &coordinatesOut{wire.Result[*wire.Coordinates]{Data: at}}, nil
}

func (s *server) publishStore(ctx context.Context, c *account.Caller, in *storeIn) (*none, error) {
	return &none{}, s.Stores.Publish(ctx, c, in.StoreID)
}

func (s *server) unpublishStore(ctx context.Context, c *account.Caller, in *storeIn) (*none, error) {
	return &none{}, s.Stores.Unpublish(ctx, c, in.StoreID)
}

type assignMenuIn struct {
	StoreID int `path:"storeId"`
	MenuID  int `path:"menuId"`
}

type defaultOut struct {
	Body wire.Result[[]wire.RestApiDefaultResponse]
}

func (s *server) assignMenu(ctx context.Context, c *account.Caller, in *assignMenuIn) (*defaultOut, error) {
	return said("The store sells from this menu now.", s.Menus.Assign(ctx, c, in.StoreID, in.MenuID))
}

// said answers a change for which the contract has no more than a sentence.
func said(sentence string, err error) (*defaultOut, error) {
	if err != nil {
		return nil, err
	}
	return &defaultOut{wire.Result[[]wire.RestApiDefaultResponse]{Data: []wire.RestApiDefaultResponse{{Data: sentence}}}}, nil
}

func (s *server) archiveStore(ctx context.Context, c *account.Caller, in *storeIn) (*none, error) {
	return &none{}, s.Stores.Archive(ctx, c, in.StoreID)
}

type collectionIn struct {
	StoreID             int  `path:"storeId"`
	InheritFromProperty bool `query:"inheritFromProperty" doc:"There are no properties to inherit from: leave it out."`
	Body                wire.StoreCollectionSettings
}

type collectionOut struct {
	Body wire.Result[wire.RestApiDefaultResponse]
}

func (s *server) setStoreCollectionSettings(ctx context.Context, c *account.Caller, in *collectionIn) (*collectionOut, error) {
	if in.InheritFromProperty {
		return nil, fault.BadField("inheritFromProperty", "there are no properties to inherit from: leave it out")
	}
	if err := s.Stores.SetCollection(ctx, c, in.StoreID, in.Body); err != nil {
		return nil, err
	}
	return &collectionOut{wire.Result[wire.RestApiDefaultResponse]{Data: wire.RestApiDefaultResponse{Data: "Pickups work as given."}}}, nil
}

type addressFormIn struct {
	StoreID int `path:"storeId"`
	Body    wire.StoreAddressForm
}

// addressFormOut is bare: the contract calls it an object and says no more.
type addressFormOut struct{ Body *wire.StoreAddress }

func (s *server) updateStoreAddressForm(ctx context.Context, c *account.Caller, in *addressFormIn) (*addressFormOut, error) {
	a, err := s.Stores.UpdateAddressForm(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &addressFormOut{a}, nil
}

type cloneStoreIn struct {
	StoreID int `path:"storeId"`
	Body    wire.StoreCloneSettings
}

func (s *server) cloneStore(ctx context.Context, c *account.Caller, in *cloneStoreIn) (*storeOut, error) {
	st, err := s.Stores.Clone(ctx, c, in.StoreID, wire.V(in.Body.TargetStoreGroupId))
	if err != nil {
		return nil, err
	}
	return &storeOut{wire.Result[*wire.Store]{Data: st.Wire()}}, nil
}
