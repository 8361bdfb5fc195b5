package account

import "comanda/wire"

// resources are the contract's fine-grained resources that stand for something Comanda does, in the contract's order, each
// with the right that it follows from. The contract's other resources are never listed: nothing here answers to them.
var resources = []struct {
	name  wire.AppResource
	right Right
	whole bool // concerns the brand as a whole, so not with a grant for some stores
}{
	{wire.AppResourceViewApp, ReadApp, false},
	{wire.AppResourceUpdateApp, EditApp, true},
	{wire.AppResourceViewAppName, ReadApp, false},
	{wire.AppResourceEditAppAssets, EditApp, true},
	{wire.AppResourceViewTeammates, EditTeammates, true},
	{wire.AppResourceEditTeammates, EditTeammates, true},
	{wire.AppResourceCreateTeammateOwner, EditTeammates, true},
	{wire.AppResourceCreateTeammateManagedOwner, EditTeammates, true},
	{wire.AppResourceCreateTeammateStoreOwner, EditTeammates, true},
	{wire.AppResourceCreateTeammateStoreManager, EditTeammates, true},
	{wire.AppResourceCreateTeammateStoreStaff, EditTeammates, true},
	{wire.AppResourceCreateTeammateStoreReadAccess, EditTeammates, true},
	{wire.AppResourceCreateTeammateFinanceManager, EditTeammates, true},
	{wire.AppResourceCreateTeammateIntegrator, EditTeammates, true},
	{wire.AppResourceCreateTeammateOnboarding, EditTeammates, true},
	{wire.AppResourceCreateTeammatePropertyManager, EditTeammates, true},
	{wire.AppResourceCreateTeammatePropertyOwner, EditTeammates, true},
	{wire.AppResourceCreateTeammateStaffMember, EditTeammates, true},
	{wire.AppResourceViewDevelopersSettings, Develop, true},
	{wire.AppResourceEditDevelopersSettings, Develop, true},
	{wire.AppResourceViewOrders, ReadOrders, false},
	{wire.AppResourceUpdateOrdersAccept, EditOrders, false},
	{wire.AppResourceUpdateOrdersReject, EditOrders, false},
	{wire.AppResourceUpdateOrdersRefund, RefundOrders, false},
	{wire.AppResourceUpdateOrdersDispatch, EditOrders, false},
	{wire.AppResourceViewStores, ReadStores, false},
	{wire.AppResourceCreateStores, EditStores, true},
	{wire.AppResourceEditStores, EditStores, false},
	{wire.AppResourceViewStoresOpeningHours, ReadStores, false},
	{wire.AppResourceUpdateStoresOpeningHours, EditStores, false},
	{wire.AppResourcePublishStores, EditStores, false},
	{wire.AppResourceViewStoreGroups, ReadStores, false},
	{wire.AppResourceCreateStoreGroups, EditStores, true},
	{wire.AppResourceViewMenu, ReadMenus, false},
	{wire.AppResourceCreateMenu, EditMenus, false},
	{wire.AppResourceUpdateMenu, EditMenus, false},
	{wire.AppResourceUpdateMenuItemsHideTemporarily, EditMenus, false},
	{wire.AppResourceViewVouchers, ReadVouchers, false},
	{wire.AppResourceEditVouchers, EditVouchers, false},
	{wire.AppResourceViewCustomers, ReadCustomers, false},
	{wire.AppResourceEditCustomers, EditCustomers, false},
	{wire.AppResourceViewVouchersStatistics, ReadVouchers, false},
}

// resourcesOf lists what a grant lets its holder do, in the contract's words.
func resourcesOf(g Grant) []wire.AppResource {
	out := []wire.AppResource{}
	for _, r := range resources {
		if g.Has(r.right) && (!r.whole || g.Stores == nil) {
			out = append(out, r.name)
		}
	}
	return out
}
