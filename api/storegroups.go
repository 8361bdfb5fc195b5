package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

type storeGroupIn struct {
	StoreGroupID int `path:"storeGroupId"`
}

type storeGroupOut struct{ Body wire.Result[*wire.StoreGroup] }

func (s *server) getStoreGroup(ctx context.Context, c *account.Caller, in *storeGroupIn) (*storeGroupOut, error) {
	g, err := s.Stores.Group(ctx, c, in.StoreGroupID)
	if err != nil {
		return nil, err
	}
	return &storeGroupOut{wire.Result[*wire.StoreGroup]{Data: g}}, nil
}

// StoreGroupsQuery asks for store groups of a brand.
type StoreGroupsQuery struct {
	AppID       string `path:"appNameId"`
	SearchQuery string `query:"searchQuery" doc:"Words of the name, in any case."`
	Paging
}

type storeGroupsOut struct{ Body wire.Page[wire.StoreGroup] }

func (s *server) getStoreGroups(ctx context.Context, c *account.Caller, in *StoreGroupsQuery) (*storeGroupsOut, error) {
	groups, err := s.Stores.Groups(ctx, c, in.AppID, in.SearchQuery)
	if err != nil {
		return nil, err
	}
	return &storeGroupsOut{paged(in.Paging, groups, func(g *wire.StoreGroup) wire.StoreGroup { return *g })}, nil
}

type extendedStoreGroupsIn struct {
	StoreGroupsQuery
	GroupingRadius int `query:"groupingRadius" minimum:"0" doc:"Kilometres: stores this near to each other count as one place on the map."`
}

type extendedStoreGroupsOut struct {
	Body wire.Page[wire.StoreGroupExtended]
}

func (s *server) getStoreGroupsExtended(ctx context.Context, c *account.Caller, in *extendedStoreGroupsIn) (*extendedStoreGroupsOut, error) {
	groups, err := s.Stores.GroupsExtended(ctx, c, in.AppID, in.SearchQuery, in.GroupingRadius)
	if err != nil {
		return nil, err
	}
	return &extendedStoreGroupsOut{paged(in.Paging, groups, func(g *wire.StoreGroupExtended) wire.StoreGroupExtended { return *g })}, nil
}

type createStoreGroupIn struct {
	AppID string `path:"appNameId"`
	Body  wire.StoreGroupBase
}

func (s *server) createStoreGroup(ctx context.Context, c *account.Caller, in *createStoreGroupIn) (*storeGroupOut, error) {
	g, err := s.Stores.CreateGroup(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &storeGroupOut{wire.Result[*wire.StoreGroup]{Data: g}}, nil
}

type updateStoreGroupIn struct {
	StoreGroupID int `path:"storeGroupId"`
	Body         wire.StoreGroupBase
}

type storeGroupBaseOut struct {
	Body wire.Result[wire.StoreGroupBase]
}

func (s *server) updateStoreGroup(ctx context.Context, c *account.Caller, in *updateStoreGroupIn) (*storeGroupBaseOut, error) {
	g, err := s.Stores.UpdateGroup(ctx, c, in.StoreGroupID, in.Body)
	if err != nil {
		return nil, err
	}
	return &storeGroupBaseOut{wire.Result[wire.StoreGroupBase]{Data: wire.StoreGroupBase{Name: &g.Name, Currency: &g.Currency}}}, nil
}

func (s *server) removeStoreGroup(ctx context.Context, c *account.Caller, in *storeGroupIn) (*none, error) {
	return &none{}, s.Stores.RemoveGroup(ctx, c, in.StoreGroupID)
}

type customerMessagesIn struct {
	StoreGroupID int `path:"storeGroupId"`
	Body         wire.CustomerMessages
}

func (s *server) setCustomerMessages(ctx context.Context, c *account.Caller, in *customerMessagesIn) (*none, error) {
	return &none{}, s.Stores.SetMessages(ctx, c, in.StoreGroupID, in.Body)
}

type assignStoresIn struct {
	AppID        string `path:"appId"`
	StoreGroupID int    `path:"storeGroupId"`
	Body         []int  `maxItems:"1000"`
}

func (s *server) assignStoresToStoreGroup(ctx context.Context, c *account.Caller, in *assignStoresIn) (*none, error) {
	return &none{}, s.Stores.AssignToGroup(ctx, c, in.AppID, in.StoreGroupID, in.Body)
}
