// Package money is amounts in minor units with their currency's exponent. Decimal text is parsed at the door and written
// at the door; nothing in between is a float.
package money

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"comanda/wire"
)

// Amount is a count of minor units (cent, fils, yen). Its currency is known from the store.
type Amount int64

// Max is the largest amount that is taken from outside: ten digits of minor units.
const Max Amount = 9_999_999_999

// Exponent returns the number of decimals of an ISO 4217 currency.
func Exponent(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	default:
		return 2
	}
}

// Parse reads decimal text as an amount of a currency. Text with more decimals than the currency has is an error unless
// they are zeros: 1.500 is 1.50 EUR, 1.505 is nothing.
func Parse(d wire.Decimal, currency string) (Amount, error) {
	s := string(d)
	neg := strings.HasPrefix(s, "-")
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	exp := Exponent(currency)
	if len(frac) > exp {
		if strings.Trim(frac[exp:], "0") != "" {
			return 0, fmt.Errorf("%s has more than %d decimals, which %s does not have", s, exp, currency)
		}
		frac = frac[:exp]
	}
	digits := strings.TrimLeft(whole+frac+strings.Repeat("0", exp-len(frac)), "0")
	if len(digits) > 10 {
		return 0, fmt.Errorf("%.20s is too large an amount", s)
	}
	var a Amount
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%.20q is not a decimal number", s)
		}
		a = a*10 + Amount(c-'0')
	}
	if neg {
		a = -a
	}
	return a, nil
}

// Decimal writes an amount as the shortest decimal text, as the contract's samples do: 8.5, 12, 0.
func (a Amount) Decimal(currency string) wire.Decimal {
	var room [24]byte
	text := a.write(room[:0], Exponent(currency))
	if Exponent(currency) > 0 {
		text = bytes.TrimRight(text, "0")
		text = bytes.TrimSuffix(text, []byte{'.'})
	}
	return wire.Decimal(text)
}

// Fixed writes an amount with all decimals of its currency, for people: 8.50.
func (a Amount) Fixed(currency string) string {
	var room [24]byte
	return string(a.write(room[:0], Exponent(currency)))
}

// write appends the decimal text with exp decimals.
func (a Amount) write(b []byte, exp int) []byte {
	if a < 0 {
		b, a = append(b, '-'), -a
	}
	start := len(b)
	b = strconv.AppendInt(b, int64(a), 10)
	if exp == 0 {
		return b
	}
	for len(b)-start <= exp { // at least one digit stands before the point
		b = slices.Insert(b, start, '0')
	}
	return slices.Insert(b, len(b)-exp, '.')
}
