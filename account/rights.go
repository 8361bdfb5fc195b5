package account

import (
	"slices"

	"comanda/wire"
)

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
	DeliverOrders Right = "delivering orders"
	RefundOrders  Right = "refunding orders"
	ReadCustomers Right = "reading customers"
	EditCustomers Right = "changing customers"
	ReadVouchers  Right = "reading vouchers"
	EditVouchers  Right = "changing vouchers"
	Develop       Right = "developer tools"
	ReadEvents    Right = "reading the event log"
	EditTeammates Right = "managing teammates"
	RevealSecrets Right = "reading app secrets"
)

// brandWide are the rights that concern a brand as a whole, so that nobody has them for some of its stores only.
var brandWide = map[Right]bool{EditApp: true, Develop: true, EditTeammates: true, RevealSecrets: true}

var (
	owner = []Right{
		ReadApp, EditApp, ReadStores, EditStores, ReadMenus, EditMenus, ReadOrders, EditOrders, DeliverOrders, RefundOrders,
		ReadCustomers, EditCustomers, ReadVouchers, EditVouchers, Develop, ReadEvents, EditTeammates, RevealSecrets,
	}
	manager = []Right{
		ReadApp, ReadStores, EditStores, ReadMenus, EditMenus, ReadOrders, EditOrders, DeliverOrders, RefundOrders, ReadCustomers,
		ReadVouchers, EditVouchers, ReadEvents,
	}
	staff = []Right{ReadApp, ReadStores, ReadMenus, ReadOrders, EditOrders, DeliverOrders, ReadVouchers}
)

// LevelDriver is the level of drivers on the brands that they drive for: they may deliver orders. It is ours, and not in the
// table, so that nobody else can be given it.
const LevelDriver wire.AppAccessLevel = "Driver"

// levels is the whole access table: contract level → rights.
var levels = map[wire.AppAccessLevel][]Right{
	wire.AppAccessLevelOwner:               owner,
	wire.AppAccessLevelManagedOwner:        owner,
	wire.AppAccessLevelPropertyOwner:       append([]Right{EditCustomers}, manager...),
	wire.AppAccessLevelStoreOwner:          append([]Right{EditCustomers}, manager...),
	wire.AppAccessLevelIntegrator:          {ReadApp, ReadStores, EditStores, ReadMenus, EditMenus, ReadOrders, EditOrders, DeliverOrders, ReadVouchers, EditVouchers, Develop, ReadEvents},
	wire.AppAccessLevelPropertyManager:     manager,
	wire.AppAccessLevelStoreManager:        manager,
	wire.AppAccessLevelStoreStaff:          staff,
	wire.AppAccessLevelStaffMember:         staff,
	wire.AppAccessLevelStoreReadOnlyAccess: {ReadApp, ReadStores, ReadMenus, ReadOrders},
	wire.AppAccessLevelFinanceManger:       {ReadApp, ReadStores, ReadOrders, RefundOrders, ReadVouchers},
	wire.AppAccessLevelOnboarding:          {ReadApp, ReadStores, EditStores, ReadMenus, EditMenus},
	wire.AppAccessLevelSupport:             {ReadApp, ReadStores, ReadMenus, ReadOrders, ReadVouchers, ReadEvents},
	wire.AppAccessLevelNone:                nil,
}

// forStores are the levels that are given for named stores, never for a whole brand.
var forStores = map[wire.AppAccessLevel]bool{
	wire.AppAccessLevelPropertyOwner: true, wire.AppAccessLevelStoreOwner: true, wire.AppAccessLevelPropertyManager: true,
	wire.AppAccessLevelStoreManager: true, wire.AppAccessLevelStoreStaff: true, wire.AppAccessLevelStoreReadOnlyAccess: true,
}

// AllRights are all that there are.
func AllRights() []Right { return slices.Clone(owner) }

// LevelHas reports whether an access level includes a right.
func LevelHas(l wire.AppAccessLevel, r Right) bool {
	if l == LevelDriver {
		return r == DeliverOrders
	}
	for _, have := range levels[l] {
		if have == r {
			return true
		}
	}
	return false
}

// within reports whether every right of the level small is one of the level big.
func within(small, big wire.AppAccessLevel) bool {
	for _, r := range levels[small] {
		if !LevelHas(big, r) {
			return false
		}
	}
	return true
}
