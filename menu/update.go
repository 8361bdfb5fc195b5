package menu

import (
	"fmt"
	"strings"

	"comanda/account"
	"comanda/wire"
)

// update sets a member when the request has it.
func update[T, V any](to *T, given *V, value func() T) {
	if given != nil {
		*to = value()
	}
}

// permanent refuses another PublicId than the one that integrations know.
func (c *checker) permanent(given *wire.UUID, is wire.UUID) {
	if given != nil && *given != "" && !strings.EqualFold(string(*given), string(is)) {
		c.Add("PublicId", "a PublicId is for good, and this one is %s: leave the member out", is)
	}
}

// taken makes the PublicIds of a menu known, so that a new part does not get one of them.
func (c *checker) taken(m *Menu) {
	for _, s := range m.sections {
		c.public[s.PublicId] = "the section " + s.Name
	}
	for _, it := range m.byItem {
		c.public[it.PublicId] = "the item " + it.Name
	}
	for _, set := range m.bySet {
		c.public[set.PublicId] = "the option set " + set.Name
	}
	for _, o := range m.byOption {
		c.public[o.PublicId] = "the option " + o.Name
	}
}

// next is the display order of what is added behind all others.
func next[T any](list []T, order func(*T) *int) int {
	n := 0
	for i := range list {
		n = max(n, *order(&list[i])+1)
	}
	return n
}

func sectionOrder(s *wire.MenuSection) *int          { return &s.DisplayOrder }
func itemOrder(it *wire.MenuSectionItem) *int        { return &it.DisplayOrder }
func setOrder(s *wire.MenuItemOptionSet) *int        { return &s.DisplayOrder }
func optionOrder(o *wire.MenuItemOptionSetItem) *int { return &o.DisplayOrder }

// reorder gives parts the display orders of a request and returns the ids of those that move.
func reorder[T any](c *checker, list []T, in wire.MenuObjectDisplayOrders, what string, id, order func(*T) *int) (moved []int) {
	seen := map[int]bool{}
	if len(in.DisplayOrders) == 0 {
		c.Add("DisplayOrders", "list at least one %s with its new DisplayOrder", what)
	}
	for i, o := range in.DisplayOrders {
		at := fmt.Sprintf("DisplayOrders[%d].", i)
		part := byID(list, wire.V(o.Id), id)
		switch {
		case part == nil:
			c.Add(at+"Id", "there is no %s %d here", what, wire.V(o.Id))
		case seen[wire.V(o.Id)]:
			c.Add(at+"Id", "%d is there twice", wire.V(o.Id))
		case o.DisplayOrder == nil:
			c.Add(at+"DisplayOrder", "is missing")
		case *order(part) != *o.DisplayOrder:
			*order(part) = *o.DisplayOrder
			moved = append(moved, *id(part))
		}
		seen[wire.V(o.Id)] = true
	}
	return moved
}

// told says for people what an update did.
func told(c *account.Caller, what, oldName, name string, oldPrice, price wire.Decimal, was, is bool) string {
	var did []string
	if was != is {
		if is {
			did = append(did, "made it available")
		} else {
			did = append(did, "made it unavailable")
		}
	}
	if oldPrice != price {
		did = append(did, fmt.Sprintf("set its price from %s to %s", oldPrice, price))
	}
	if oldName != name {
		did = append(did, fmt.Sprintf("renamed it from %s", oldName))
	}
	if len(did) == 0 {
		return fmt.Sprintf("%s changed %s.", c.EventName(), what)
	}
	return fmt.Sprintf("%s changed %s: %s.", c.EventName(), what, strings.Join(did, ", "))
}
