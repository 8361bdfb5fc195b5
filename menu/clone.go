package menu

import (
	"slices"

	"github.com/google/uuid"

	"comanda/wire"
)

// copier copies parts of a menu under new numeric ids.
type copier struct {
	next     int         // the first id that is free
	rates    map[int]int // tax rate → its copy; nil = the copies are taxed by the same rates
	publicID func(wire.UUID) wire.UUID
}

// anew is the PublicId of a copy that stands beside what it was made of.
func anew(wire.UUID) wire.UUID { return wire.UUID(uuid.NewString()) }

func (k *copier) id() int { k.next++; return k.next - 1 }

func (k *copier) rate(id *int) *int {
	if id == nil || k.rates == nil {
		return id
	}
	return wire.P(k.rates[*id])
}

func (k *copier) section(s wire.MenuSection) wire.MenuSection {
	s.MenuSectionId, s.PublicId = k.id(), k.publicID(s.PublicId)
	s.MenuItems = slices.Clone(s.MenuItems)
	for i := range s.MenuItems {
		s.MenuItems[i] = k.item(s.MenuItems[i])
	}
	return s
}

func (k *copier) item(it wire.MenuSectionItem) wire.MenuSectionItem {
	it.MenuItemId, it.PublicId, it.TaxRateId = k.id(), k.publicID(it.PublicId), k.rate(it.TaxRateId)
	it.Metadata = slices.Clone(it.Metadata)
	it.MenuItemOptionSets = slices.Clone(it.MenuItemOptionSets)
	copies := map[int]int{}
	for i := range it.MenuItemOptionSets {
		set := &it.MenuItemOptionSets[i]
		copies[set.MenuItemOptionSetId] = k.id()
		set.MenuItemOptionSetId, set.PublicId = copies[set.MenuItemOptionSetId], k.publicID(set.PublicId)
	}
	for i := range it.MenuItemOptionSets {
		set := &it.MenuItemOptionSets[i]
		set.MenuItemOptionSetItems = slices.Clone(set.MenuItemOptionSetItems)
		for j := range set.MenuItemOptionSetItems {
			o := &set.MenuItemOptionSetItems[j]
			o.MenuItemOptionSetItemId, o.PublicId, o.TaxRateId = k.id(), k.publicID(o.PublicId), k.rate(o.TaxRateId)
			o.Metadata = slices.Clone(o.Metadata)
			if to := wire.V(o.NextMenuItemOptionSetId); to > 0 {
				o.NextMenuItemOptionSetId = wire.P(copies[to])
			}
		}
	}
	return it
}
