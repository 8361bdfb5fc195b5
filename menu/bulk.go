package menu

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/wire"
)

// maxBulk is how many items and options one call makes available or not.
const maxBulk = 1000

// SetAvailable makes items and options available, or not, and says of each what came of it. What would leave a set with
// fewer options than it asks for stays available.
func (m *Menus) SetAvailable(ctx context.Context, c *account.Caller, at Part, available bool, in []wire.MenuElementHide) (out []wire.MenuElementEditResponse, err error) {
	err = m.change(ctx, c, at, func(d *draft, check *checker) error {
		out = make([]wire.MenuElementEditResponse, 0, len(in))
		if len(in) > maxBulk {
			check.Add("body", "%d items and options are allowed at once, these are %d", maxBulk, len(in))
			return nil
		}
		for i, e := range in {
			path := fmt.Sprintf("[%d].", i)
			if e.MenuElementId == nil {
				check.Add(path+"MenuElementId", "is missing")
			}
			kind := oneOf(check, path+"MenuElementType", e.MenuElementType, "")
			if kind == "" {
				check.Add(path+"MenuElementType", "is missing")
			}
			out = append(out, d.setAvailable(c, wire.V(e.MenuElementId), kind, available))
		}
		return nil
	})
	return out, err
}

func (d *draft) setAvailable(c *account.Caller, id int, kind wire.MenuElementType, available bool) wire.MenuElementEditResponse {
	out := wire.MenuElementEditResponse{MenuElementId: id, MenuElementType: kind, ValidationCode: wire.ValidationCodeIncorrectElementTypeInMenu}
	if it := d.old.byItem[id]; it != nil && kind == wire.MenuElementTypeItem {
		out.SectionName, out.ItemName, out.ValidationCode = it.Section.Name, it.Name, wire.ValidationCodeSuccess
		if edited := d.item(id); edited.IsAvailable != available {
			edited.IsAvailable = available
			d.touch(id)
			what := fmt.Sprintf("the item %s of the menu %s", it.Name, d.doc.Name)
			d.tell(itemUpdated(c, edited, told(c, what, it.Name, it.Name, "", "", !available, available)))
		}
	}
	if o := d.old.byOption[id]; o != nil && kind == wire.MenuElementTypeOptionSetItem {
		item := o.Set.Item
		out.SectionName, out.ItemName, out.OptionSetName, out.OptionSetItemName = item.Section.Name, item.Name, o.Set.Name, o.Name
		it, set := d.set(o.Set)
		edited := byID(*d.options(set), id, optionID)
		if out.ValidationCode = mayHide(set, edited, available); out.ValidationCode == wire.ValidationCodeSuccess && edited.IsAvailable != available {
			edited.IsAvailable = available
			it.ActualPrice = actualPrice(it)
			d.touch(id)
			what := fmt.Sprintf("the option %s of %s on the menu %s", o.Name, item.Name, d.doc.Name)
			d.tell(optionUpdated(c, edited, told(c, what, o.Name, o.Name, "", "", !available, available)))
		}
	}
	return out
}

// mayHide is Success unless the set would have fewer available options than it asks for.
func mayHide(set *wire.MenuItemOptionSet, o *wire.MenuItemOptionSetItem, available bool) wire.ValidationCode {
	if available || !o.IsAvailable {
		return wire.ValidationCodeSuccess
	}
	left := -1
	for _, other := range set.MenuItemOptionSetItems {
		if other.IsAvailable {
			left++
		}
	}
	switch {
	case left >= set.MinSelectCount:
		return wire.ValidationCodeSuccess
	case set.IsMasterOptionSet:
		return wire.ValidationCodeMasterOptionSetViolation
	default:
		return wire.ValidationCodeMinimumCountViolation
	}
}
