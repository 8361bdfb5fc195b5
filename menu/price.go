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

// cheapest is the cheapest way from set i on. An option's jump counts where one option is chosen; where several are, the
// following set comes next.
func cheapest(sets []wire.MenuItemOptionSet, i int, from []money.Amount) money.Amount {
	options := slices.DeleteFunc(slices.Clone(sets[i].MenuItemOptionSetItems), func(o wire.MenuItemOptionSetItem) bool { return !o.IsAvailable })
	if len(options) < sets[i].MinSelectCount {
		options = sets[i].MenuItemOptionSetItems // not to be had now; the price is that of when it is
	}
	switch least := min(sets[i].MinSelectCount, len(options)); least {
	case 0:
		return from[i+1]
	case 1:
		best := money.Amount(-1)
		for _, o := range options {
			if p := amount(o.Price) + from[after(sets, i, o)]; best < 0 || p < best {
				best = p
			}
		}
		return best
	default:
		prices := make([]money.Amount, len(options))
		for j, o := range options {
			prices[j] = amount(o.Price)
		}
		slices.Sort(prices)
		sum := from[i+1]
		for _, p := range prices[:least] {
			sum += p
		}
		return sum
	}
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
