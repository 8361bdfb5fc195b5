package money

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"comanda/wire"
)

// Rate is a percentage in parts per million: 13.5 % is 135,000. Four decimals of a per cent are exact.
type Rate int64

// Whole is 100 %.
const Whole Rate = 1_000_000

// MaxRate is the largest rate that is taken from outside: 10,000 %.
const MaxRate = 100 * Whole

// ParseRate reads a percentage such as 13.5. Negative rates and more than four decimals are errors.
func ParseRate(d wire.Decimal) (Rate, error) {
	s := string(d)
	if s == "" {
		return 0, nil
	}
	head, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 4 {
		return 0, fmt.Errorf("%.20s has more than 4 decimals", s)
	}
	digits := strings.TrimLeft(head+frac+strings.Repeat("0", 4-len(frac)), "0")
	if len(digits) > 9 {
		return 0, fmt.Errorf("%.20s is too large a percentage", s)
	}
	var r Rate
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%.20q is not a percentage", s)
		}
		r = r*10 + Rate(c-'0')
	}
	if r > MaxRate {
		return 0, fmt.Errorf("%.20s is too large a percentage", s)
	}
	return r, nil
}

// Decimal writes a rate as the shortest decimal text: 13.5.
func (r Rate) Decimal() wire.Decimal {
	t := strings.TrimRight(fmt.Sprintf("%d.%04d", r/10_000, r%10_000), "0")
	return wire.Decimal(strings.TrimSuffix(t, "."))
}

// Of returns r per cent of a, rounded. It is also the tax on a price that does not include it.
func (r Rate) Of(a Amount) Amount { return muldiv(a, int64(r), int64(Whole)) }

// In returns the part of a that is tax when a includes it: a × r ÷ (100 % + r), rounded.
func (r Rate) In(a Amount) Amount { return muldiv(a, int64(r), int64(Whole+r)) }

// muldiv is a × num ÷ den with the one rounding of this package: half up, and for negative amounts half away from zero,
// so that a refund mirrors its charge. The product is held in 128 bits. num ≥ 0, den > 0, and num ≤ den in every use
// or a small enough for the quotient to fit.
func muldiv(a Amount, num, den int64) Amount {
	neg := a < 0
	if neg {
		a = -a
	}
	hi, lo := bits.Mul64(uint64(a), uint64(num))
	var carry uint64
	lo, carry = bits.Add64(lo, uint64(den)/2, 0)
	// Half of an odd divisor is rounded down here, which is right: with an odd divisor no remainder is exactly half.
	q, _ := bits.Div64(hi+carry, lo, uint64(den))
	if neg {
		return -Amount(q)
	}
	return Amount(q)
}

// Split divides total over weights in proportion, to the minor unit: the shares sum to total exactly. What proportional
// division leaves over goes, one unit each, to the shares with the largest remainders, the earlier one where they tie.
// Weights must not be negative; when all are zero the total is divided evenly. No share has the sign opposite to total's,
// and where |total| is at most the sum of the weights no share exceeds its weight.
func Split(total Amount, weights []Amount) []Amount {
	shares := make([]Amount, len(weights))
	if len(weights) == 0 || total == 0 {
		return shares
	}
	neg := total < 0
	if neg {
		total = -total
	}
	var sum uint64
	for _, w := range weights {
		sum += uint64(w)
	}
	even := sum == 0
	if even {
		sum = uint64(len(weights))
	}
	rem := make([]uint64, len(weights))
	left := total
	for i, w := range weights {
		if even {
			w = 1
		}
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		var q uint64
		q, rem[i] = bits.Div64(hi, lo, sum)
		shares[i] = Amount(q)
		left -= shares[i]
	}
	if left > 0 {
		order := make([]int, len(rem))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(rem[j], rem[i]) })
		for _, i := range order[:left] { // left × sum is the sum of the remainders, each below sum: fewer than there are shares
			shares[i]++
		}
	}
	if neg {
		for i := range shares {
			shares[i] = -shares[i]
		}
	}
	return shares
}
