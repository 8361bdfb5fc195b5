package account

import (
	"slices"
	"testing"

	"comanda/internal/fault"
	"comanda/wire"
)

func TestLimitedIsTheIntersection(t *testing.T) {
	for a := range levels {
		for b := range levels {
			for c := range levels {
				g := Grant{Level: a}.Limited(b, nil).Limited(c, nil)
				for _, r := range owner {
					want := LevelHas(a, r) && LevelHas(b, r) && LevelHas(c, r)
					if g.Has(r) != want {
						t.Fatalf("%s limited by %s and %s: %s is %v", a, b, c, r, !want)
					}
				}
			}
		}
	}
}

func TestLimitedStores(t *testing.T) {
	for _, c := range []struct{ a, b, want []int }{
		{nil, nil, nil},
		{[]int{1, 2}, nil, []int{1, 2}},
		{nil, []int{1, 2}, []int{1, 2}},
		{[]int{1, 2}, []int{2, 3}, []int{2}},
		{[]int{1}, []int{2}, []int{}},
		{[]int{}, nil, []int{}},
	} {
		got := Grant{Level: wire.AppAccessLevelOwner, Stores: c.a}.Limited(wire.AppAccessLevelOwner, c.b).Stores
		if !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%v and %v give %#v, want %#v", c.a, c.b, got, c.want)
		}
	}
}

func TestSomeStoresGiveNoRightOnTheWholeBrand(t *testing.T) {
	c := &Caller{Kind: Person, Grants: []Grant{{Brand: 1, Level: wire.AppAccessLevelOwner, Stores: []int{7}}}}
	for r := range brandWide {
		if c.Require(r, 1, 0) == nil || c.Require(r, 1, 7) == nil {
			t.Errorf("an owner of one store has the right of %s", r)
		}
	}
	if err := c.Require(EditOrders, 1, 7); err != nil {
		t.Error(err)
	}
	if err := c.Require(EditOrders, 1, 8); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a store out of reach gives %v", err)
	}
	if err := c.Require(EditOrders, 2, 7); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a brand out of reach gives %v", err)
	}
}

// A right that no level has, or a resource that no right gives, would be a slip in the tables.
func TestTablesAreConsistent(t *testing.T) {
	for l, rights := range levels {
		for _, r := range rights {
			if !slices.Contains(owner, r) {
				t.Errorf("%s has %q, which Owner lacks", l, r)
			}
			if brandWide[r] && forStores[l] {
				t.Errorf("%s is for some stores but has the right of %s", l, r)
			}
		}
	}
	all := resourcesOf(Grant{Level: wire.AppAccessLevelOwner})
	if len(all) != len(resources) {
		t.Errorf("an Owner has %d of %d resources", len(all), len(resources))
	}
	if n := len(resourcesOf(Grant{Level: wire.AppAccessLevelNone})); n != 0 {
		t.Errorf("None has %d resources", n)
	}
	staff := resourcesOf(Grant{Level: wire.AppAccessLevelStoreStaff, Stores: []int{1}})
	want := []wire.AppResource{
		"ViewApp", "ViewAppName", "ViewOrders", "UpdateOrdersAccept", "UpdateOrdersReject", "UpdateOrdersDispatch",
		"ViewStores", "ViewStoresOpeningHours", "ViewStoreGroups", "ViewMenu", "ViewVouchers", "ViewVouchersStatistics",
	}
	if !slices.Equal(staff, want) {
		t.Errorf("StoreStaff has %v", staff)
	}
}
