package menu

import (
	"cmp"
	"slices"

	"comanda/money"
	"comanda/wire"
)

// exact is a currency with as many decimals as any has: prices of a menu, which has no currency of its own, are added
// in its minor units.
const exact = "KWD"

// coarsest is the currency with the fewest decimals, finest that with the most.
func coarsest(currencies []string) string { return slices.MinFunc(currencies, byDecimals) }
func finest(currencies []string) string   { return slices.MaxFunc(currencies, byDecimals) }

func byDecimals(a, b string) int { return cmp.Compare(money.Exponent(a), money.Exponent(b)) }

// actualPrice is the lowest price that the item can be had for: its own price, or the master option's, and the cheapest
// way through the option sets that must be chosen from, in display order, jumps included.
func actualPrice(it *wire.MenuSectionItem) wire.Decimal {
	sets := slices.Clone(it.MenuItemOptionSets)
	slices.SortStableFunc(sets, func(a, b wire.MenuItemOptionSet) int { return a.DisplayOrder - b.DisplayOrder })
	base := amount(it.Price)
	from := make([]money.Amount, len(sets)+1) // from[i]: the cheapest way from set i to the end
	for i := len(sets) - 1; i >= 0; i-- {
		from[i] = cheapest(sets, i, from)
		if sets[i].IsMasterOptionSet {
			base = 0
		}
	}
	return (base + from[0]).Decimal(exact)
}

// cheapest is the cheapest way from set i on: as few options as the set asks for and on to the following set, or one that
// leads elsewhere, with the cheapest others beside it.
func cheapest(sets []wire.MenuItemOptionSet, i int, from []money.Amount) money.Amount {
	options := slices.DeleteFunc(slices.Clone(sets[i].MenuItemOptionSetItems), func(o wire.MenuItemOptionSetItem) bool { return !o.IsAvailable })
	least := sets[i].MinSelectCount
	if len(options) < least {
		// Not to be had now, so the price is that of when it is; or options are still to be added.
		options = slices.Clone(sets[i].MenuItemOptionSetItems)
		least = min(least, len(options))
	}
	slices.SortStableFunc(options, func(a, b wire.MenuItemOptionSetItem) int { return cmp.Compare(amount(a.Price), amount(b.Price)) })
	best := money.Amount(-1)
	try := func(p money.Amount) {
		if best < 0 || p < best {
			best = p
		}
	}
	plain := slices.DeleteFunc(slices.Clone(options), func(o wire.MenuItemOptionSetItem) bool { return o.NextMenuItemOptionSetId != nil })
	if len(plain) >= least {
		try(sum(plain[:least]) + from[i+1])
	}
	for j, o := range options {
		if o.NextMenuItemOptionSetId == nil {
			continue
		}
		others := slices.Delete(slices.Clone(options), j, j+1)
		try(amount(o.Price) + sum(others[:max(0, least-1)]) + from[after(sets, i, o)])
	}
	return best
}

func sum(options []wire.MenuItemOptionSetItem) (total money.Amount) {
	for _, o := range options {
		total += amount(o.Price)
	}
	return total
}

// after is the index of the set that comes after an option of set i; len(sets) is the end.
func after(sets []wire.MenuItemOptionSet, i int, o wire.MenuItemOptionSetItem) int {
	if o.NextMenuItemOptionSetId == nil {
		return i + 1
	}
	j := slices.IndexFunc(sets, func(s wire.MenuItemOptionSet) bool { return s.MenuItemOptionSetId == *o.NextMenuItemOptionSetId })
	if j <= i {
		return len(sets)
	}
	return j
}

// amount reads a price that was checked when it came in.
func amount(d wire.Decimal) money.Amount {
	a, _ := money.Parse(d, exact)
	return a
}
