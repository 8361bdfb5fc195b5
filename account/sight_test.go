package account

import (
	"testing"

	"comanda/wire"
)

func TestSight(t *testing.T) {
	for _, c := range []struct {
		name                string
		grant               Grant
		nowhere, one, other bool // sees an event of no store, of store 1, of store 2
	}{
		{"an Owner", Grant{Level: wire.AppAccessLevelOwner}, true, true, true},
		{"an Integrator", Grant{Level: wire.AppAccessLevelIntegrator}, true, true, true},
		{"an Owner held to a store", Grant{Level: wire.AppAccessLevelOwner, Stores: []int{1}}, false, true, false},
		{"an Owner held to no store at all", Grant{Level: wire.AppAccessLevelOwner, Stores: []int{}}, false, false, false},
		{"a StoreManager", Grant{Level: wire.AppAccessLevelStoreManager, Stores: []int{1}}, false, true, false},
		{"an app of level StoreManager", Grant{Level: wire.AppAccessLevelStoreManager}, false, true, true},
		{"an Owner's app limited to that", Grant{Level: wire.AppAccessLevelOwner}.Limited(wire.AppAccessLevelStoreManager, nil), false, true, true},
		{"limits that cross", Grant{Level: wire.AppAccessLevelIntegrator}.Limited(wire.AppAccessLevelSupport, nil), false, true, true},
		{"Support", Grant{Level: wire.AppAccessLevelSupport}, false, true, true},
		{"the scope events:read", Grant{Level: wire.AppAccessLevelOwner, Only: []Right{ReadApp, ReadEvents}}, true, true, true},
	} {
		s := c.grant.sight()
		if !c.grant.Has(ReadEvents) || s.Sees(0) != c.nowhere || s.Sees(1) != c.one || s.Sees(2) != c.other {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// The log shows orders, so it is for nobody who may not read them.
func TestWhoReadsEventsReadsOrders(t *testing.T) {
	for l := range levels {
		if LevelHas(l, ReadEvents) && !LevelHas(l, ReadOrders) {
			t.Errorf("%s has events without orders", l)
		}
	}
}
