package api

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/menu"
	"comanda/wire"
)

// MenuPath names a menu.
type MenuPath struct {
	MenuID int `path:"menuId"`
}

// Seen tells which version of a menu a change was made from.
type Seen struct {
	Version int `query:"version" minimum:"0" doc:"The menu's VersionNumber that the change was made from. The change is refused with 409 when the same part was changed since. 0 or absent: the change is made in any case."`
}

func (p MenuPath) part(seen Seen) menu.Part { return menu.Part{Menu: p.MenuID, Version: seen.Version} }

// dataOut is an answer in the contract's envelope.
type dataOut[T any] struct{ Body wire.Result[T] }

func data[T any](v T, err error) (*dataOut[T], error) {
	if err != nil {
		return nil, err
	}
	return &dataOut[T]{wire.Result[T]{Data: v}}, nil
}

type menuOut struct {
	Body Stored[wire.Result[wire.Menu]]
}

// getMenu answers the stored bytes.
func (s *server) getMenu(ctx context.Context, c *account.Caller, in *MenuPath) (*menuOut, error) {
	m, err := s.Menus.Get(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	return &menuOut{StoredData[wire.Result[wire.Menu]](m.JSON())}, nil
}

type menuNameOut struct{ Body string }

func (s *server) getMenuName(ctx context.Context, c *account.Caller, in *MenuPath) (*menuNameOut, error) {
	m, err := s.Menus.Get(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	return &menuNameOut{m.Name}, nil
}

type menuStoresOut struct {
	Body wire.Result[[]wire.MenuStoreNames]
}

func (s *server) getMenuStoreNames(ctx context.Context, c *account.Caller, in *MenuPath) (*menuStoresOut, error) {
	names, err := s.Menus.StoreNames(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	return &menuStoresOut{wire.Result[[]wire.MenuStoreNames]{Data: []wire.MenuStoreNames{{StoreNames: names}}}}, nil
}

type menuTaxOut struct {
	Body wire.Result[[]wire.MenuTaxDetails]
}

func (s *server) getMenuTaxDetails(ctx context.Context, c *account.Caller, in *MenuPath) (*menuTaxOut, error) {
	m, err := s.Menus.Get(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	return &menuTaxOut{wire.Result[[]wire.MenuTaxDetails]{Data: []wire.MenuTaxDetails{m.TaxDetails()}}}, nil
}

type bulkListIn struct {
	MenuID      int  `path:"menuId"`
	IsAvailable bool `query:"isAvailable" required:"true"`
}

type bulkListOut struct {
	Body wire.Result[[]wire.MenuElementListResponse]
}

func (s *server) getMenuBulkShowHide(ctx context.Context, c *account.Caller, in *bulkListIn) (*bulkListOut, error) {
	m, err := s.Menus.Get(ctx, c, in.MenuID)
	if err != nil {
		return nil, err
	}
	return &bulkListOut{wire.Result[[]wire.MenuElementListResponse]{Data: m.ByAvailability(in.IsAvailable)}}, nil
}

type appMenusIn struct {
	AppID string `path:"appId"`
}

type appMenusOut struct {
	Body wire.Result[[]wire.MenuSummary]
}

func (s *server) getMenusByAppID(ctx context.Context, c *account.Caller, in *appMenusIn) (*appMenusOut, error) {
	menus, err := s.Menus.ByApp(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	for i := range menus {
		menus[i].MenuUrl = fmt.Sprintf("%s/api/v1.0/menus/%d", s.PublicURL, menus[i].MenuId)
	}
	return &appMenusOut{wire.Result[[]wire.MenuSummary]{Data: menus}}, nil
}

type createMenuIn struct {
	AppID string `path:"appId"`
	Body  wire.CreateFullMenu
}

// createMenuOut is the bare id.
type createMenuOut struct{ Body int }

func (s *server) createMenu(ctx context.Context, c *account.Caller, in *createMenuIn) (*createMenuOut, error) {
	m, err := s.Menus.Create(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &createMenuOut{m.ID}, nil
}

// MenuAtStore names a menu and the store whose metadata is meant.
type MenuAtStore struct {
	MenuID  int `path:"menuId"`
	StoreID int `path:"storeId"`
}

type allMetadataOut struct {
	Body wire.Result[[]wire.AllMetadataResult]
}

func (s *server) getAllMenuMetadata(ctx context.Context, c *account.Caller, in *MenuAtStore) (*allMetadataOut, error) {
	all, err := s.Menus.AllMetadata(ctx, c, in.MenuID, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &allMetadataOut{wire.Result[[]wire.AllMetadataResult]{Data: []wire.AllMetadataResult{all}}}, nil
}

// ItemMetadataPath leads to an item's metadata for a store.
type ItemMetadataPath struct {
	MenuAtStore
	MenuItemID int `path:"menuItemId"`
}

type metadataListOut struct{ Body wire.Result[[]wire.Metadata] }

type metadataOut struct{ Body wire.Result[wire.Metadata] }

func (s *server) getMenuItemMetadata(ctx context.Context, c *account.Caller, in *ItemMetadataPath) (*metadataListOut, error) {
	all, err := s.Menus.Metadata(ctx, c, in.MenuID, menu.ItemEntity, in.MenuItemID, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &metadataListOut{wire.Result[[]wire.Metadata]{Data: all}}, nil
}

type itemMetadataKeyIn struct {
	ItemMetadataPath
	Key string `path:"key"`
}

func (s *server) getMenuItemMetadataByKey(ctx context.Context, c *account.Caller, in *itemMetadataKeyIn) (*metadataOut, error) {
	one, err := s.Menus.MetadataByKey(ctx, c, in.MenuID, menu.ItemEntity, in.MenuItemID, in.StoreID, in.Key)
	if err != nil {
		return nil, err
	}
	return &metadataOut{wire.Result[wire.Metadata]{Data: one}}, nil
}

type setItemMetadataIn struct {
	ItemMetadataPath
	Body wire.Metadata
}

func (s *server) setMenuItemMetadata(ctx context.Context, c *account.Caller, in *setItemMetadataIn) (*none, error) {
	return &none{}, s.Menus.SetMetadata(ctx, c, in.MenuID, menu.ItemEntity, in.MenuItemID, in.StoreID, in.Body)
}

func (s *server) deleteMenuItemMetadata(ctx context.Context, c *account.Caller, in *itemMetadataKeyIn) (*none, error) {
	return &none{}, s.Menus.DeleteMetadata(ctx, c, in.MenuID, menu.ItemEntity, in.MenuItemID, in.StoreID, in.Key)
}

// OptionMetadataPath leads to an option's metadata for a store.
type OptionMetadataPath struct {
	MenuAtStore
	OptionSetItemID int `path:"optionSetItemId"`
}

// getOptionMetadata answers the first entry, because the contract answers one; GetAllMenuMetadataByMenuIdAndStoreId has all.
func (s *server) getOptionMetadata(ctx context.Context, c *account.Caller, in *OptionMetadataPath) (*metadataOut, error) {
	one, err := s.Menus.FirstMetadata(ctx, c, in.MenuID, menu.OptionEntity, in.OptionSetItemID, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &metadataOut{wire.Result[wire.Metadata]{Data: one}}, nil
}

type setOptionMetadataIn struct {
	OptionMetadataPath
	Body wire.Metadata
}

func (s *server) setOptionMetadata(ctx context.Context, c *account.Caller, in *setOptionMetadataIn) (*none, error) {
	return &none{}, s.Menus.SetMetadata(ctx, c, in.MenuID, menu.OptionEntity, in.OptionSetItemID, in.StoreID, in.Body)
}

// createMenuAsync answers the id when the menu is there already: its making takes no longer than the answer.
func (s *server) createMenuAsync(ctx context.Context, c *account.Caller, in *createMenuAsyncIn) (*createMenuOut, error) {
	m, err := s.Menus.CreateAsync(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &createMenuOut{m.ID}, nil
}

type createMenuAsyncIn struct {
	AppPath
	OrgID string `query:"orgId" doc:"Read past: a menu belongs to its brand."`
	Body  wire.CreateFullMenu
}

type menuEdit struct {
	MenuPath
	Seen
}

type updateMenuIn struct {
	MenuPath
	Seen
	Body wire.MenuBase
}

func (s *server) updateMenu(ctx context.Context, c *account.Caller, in *updateMenuIn) (*none, error) {
	return &none{}, s.Menus.Update(ctx, c, in.part(in.Seen), in.Body)
}

type setMenuNameIn struct {
	MenuPath
	Seen
	Body string
}

func (s *server) setMenuName(ctx context.Context, c *account.Caller, in *setMenuNameIn) (*none, error) {
	return &none{}, s.Menus.Rename(ctx, c, in.part(in.Seen), in.Body)
}

type setMenuLockIn struct {
	MenuPath
	Seen
	Body bool
}

func (s *server) setMenuLock(ctx context.Context, c *account.Caller, in *setMenuLockIn) (*none, error) {
	return &none{}, s.Menus.Lock(ctx, c, in.part(in.Seen), in.Body)
}

func (s *server) deleteMenu(ctx context.Context, c *account.Caller, in *menuEdit) (*none, error) {
	return &none{}, s.Menus.Delete(ctx, c, in.part(in.Seen))
}

type cloneMenuIn struct {
	MenuPath
	NewName string `path:"newName"`
}

func (s *server) cloneMenu(ctx context.Context, c *account.Caller, in *cloneMenuIn) (*menuOut, error) {
	m, err := s.Menus.Clone(ctx, c, in.MenuID, in.NewName)
	if err != nil {
		return nil, err
	}
	return &menuOut{StoredData[wire.Result[wire.Menu]](m.JSON())}, nil
}

type orderSectionsIn struct {
	MenuPath
	Seen
	Body wire.MenuObjectDisplayOrders
}

func (s *server) orderMenuSections(ctx context.Context, c *account.Caller, in *orderSectionsIn) (*none, error) {
	return &none{}, s.Menus.OrderSections(ctx, c, in.part(in.Seen), in.Body)
}

type bulkShowHideIn struct {
	MenuPath
	Seen
	IsAvailable bool `query:"isAvailable" required:"true"`
	Body        []wire.MenuElementHide
}

func (s *server) setMenuBulkShowHide(ctx context.Context, c *account.Caller, in *bulkShowHideIn) (*dataOut[[]wire.MenuElementEditResponse], error) {
	return data(s.Menus.SetAvailable(ctx, c, in.part(in.Seen), in.IsAvailable, in.Body))
}

type showTaxIn struct {
	MenuPath
	Seen
	Show bool `path:"show"`
}

func (s *server) setShowTax(ctx context.Context, c *account.Caller, in *showTaxIn) (*none, error) {
	return &none{}, s.Menus.SetShowTax(ctx, c, in.part(in.Seen), in.Show)
}

type taxTypeIn struct {
	MenuPath
	Seen
	Type wire.TaxType `path:"type"`
}

func (s *server) setTaxType(ctx context.Context, c *account.Caller, in *taxTypeIn) (*none, error) {
	return &none{}, s.Menus.SetTaxType(ctx, c, in.part(in.Seen), in.Type)
}

type putTaxRateIn struct {
	MenuPath
	Seen
	Body wire.MenuTaxRate
}

// taxRateOut is bare: the contract gives it no envelope.
type taxRateOut struct{ Body wire.MenuTaxRate }

func (s *server) putTaxRate(ctx context.Context, c *account.Caller, in *putTaxRateIn) (*taxRateOut, error) {
	rate, err := s.Menus.PutTaxRate(ctx, c, in.part(in.Seen), in.Body)
	if err != nil {
		return nil, err
	}
	return &taxRateOut{rate}, nil
}

type deleteTaxRateIn struct {
	MenuPath
	Seen
	TaxID int `path:"taxId"`
}

func (s *server) deleteTaxRate(ctx context.Context, c *account.Caller, in *deleteTaxRateIn) (*none, error) {
	return &none{}, s.Menus.DeleteTaxRate(ctx, c, in.part(in.Seen), in.TaxID)
}
