package account

import "comanda/wire"

// Right is one thing that an access level may include.
type Right string

// The rights, as they are named in refusals.
const (
	ReadApp       Right = "reading the brand"
	EditApp       Right = "changing the brand"
	ReadStores    Right = "reading stores"
	EditStores    Right = "changing stores"
	ReadMenus     Right = "reading menus"
	EditMenus     Right = "changing menus"
	ReadOrders    Right = "reading orders"
	EditOrders    Right = "answering orders"
	RefundOrders  Right = "refunding orders"
	ReadCustomers Right = "reading customers"
	EditCustomers Right = "changing customers"
	Develop       Right = "developer tools"
	ReadEvents    Right = "reading the event log"
	EditTeammates Right = "managing teammates"
)

var (
	all = []Right{
		ReadApp, EditApp, ReadStores, EditStores, ReadMenus, EditMenus, ReadOrders, EditOrders, RefundOrders,
		ReadCustomers, EditCustomers, Develop, ReadEvents, EditTeammates,
	}
	manager = []Right{
		ReadApp, ReadStores, EditStores, ReadMenus, EditMenus, ReadOrders, EditOrders, RefundOrders, ReadCustomers, ReadEvents,
	}
	staff = []Right{ReadApp, ReadStores, ReadMenus, ReadOrders, EditOrders}
)

// levels is the whole access table: contract level → rights. Levels that name stores are limited by Grant.Stores.
var levels = map[wire.AppAccessLevel][]Right{
	wire.AppAccessLevelOwner:               all,
	wire.AppAccessLevelManagedOwner:        all,
	wire.AppAccessLevelPropertyOwner:       all,
	wire.AppAccessLevelStoreOwner:          all,
	wire.AppAccessLevelIntegrator:          {ReadApp, ReadStores, EditStores, ReadMenus, EditMenus, ReadOrders, EditOrders, Develop, ReadEvents},
	wire.AppAccessLevelPropertyManager:     manager,
	wire.AppAccessLevelStoreManager:        manager,
	wire.AppAccessLevelStoreStaff:          staff,
	wire.AppAccessLevelStaffMember:         staff,
	wire.AppAccessLevelStoreReadOnlyAccess: {ReadApp, ReadStores, ReadMenus, ReadOrders},
	wire.AppAccessLevelFinanceManger:       {ReadApp, ReadStores, ReadOrders, RefundOrders},
	wire.AppAccessLevelOnboarding:          {ReadApp, ReadStores, EditStores, ReadMenus, EditMenus},
	wire.AppAccessLevelSupport:             {ReadApp, ReadStores, ReadMenus, ReadOrders, ReadEvents},
	wire.AppAccessLevelNone:                nil,
}

// LevelHas reports whether an access level includes a right.
func LevelHas(l wire.AppAccessLevel, r Right) bool {
	for _, have := range levels[l] {
		if have == r {
			return true
		}
	}
	return false
}
