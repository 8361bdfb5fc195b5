package money_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"comanda/money"
	"comanda/wire"
)

func TestAmountIsReadWithTheCurrencysDecimals(t *testing.T) {
	for _, c := range []struct {
		text     wire.Decimal
		currency string
		want     money.Amount
		wrong    bool
	}{
		{"8.5", "EUR", 850, false},
		{"8.50", "EUR", 850, false},
		{"8.500", "EUR", 850, false},
		{"8.505", "EUR", 0, true},
		{"-0.01", "EUR", -1, false},
		{"0", "EUR", 0, false},
		{"", "EUR", 0, false},
		{"500", "JPY", 500, false},
		{"500.0", "JPY", 500, false},
		{"500.5", "JPY", 0, true},
		{"1.005", "KWD", 1005, false},
		{"1.0055", "KWD", 0, true},
		{"99999999.99", "EUR", money.Max, false},
		{"100000000", "EUR", 0, true},
		{"9999999999999999999999", "EUR", 0, true},
		{"1e3", "EUR", 0, true},
		{"٣", "EUR", 0, true},
	} {
		got, err := money.Parse(c.text, c.currency)
		if (err != nil) != c.wrong || got != c.want {
			t.Errorf("%q %s: got %d, %v; want %d, wrong %v", c.text, c.currency, got, err, c.want, c.wrong)
		}
	}
}

func TestAmountIsWrittenAsReadForEveryExponent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, "a"))
		cur := rapid.SampledFrom([]string{"EUR", "JPY", "KWD"}).Draw(t, "currency")
		for _, text := range []wire.Decimal{a.Decimal(cur), wire.Decimal(a.Fixed(cur))} {
			if got, err := money.Parse(text, cur); err != nil || got != a {
				t.Fatalf("%d → %s → %d, %v", a, text, got, err)
			}
		}
	})
}

func TestAmountIsWrittenShortOnTheWireAndFullForPeople(t *testing.T) {
	for _, c := range []struct {
		a            money.Amount
		cur          string
		short, fixed string
	}{
		{850, "EUR", "8.5", "8.50"},
		{1200, "EUR", "12", "12.00"},
		{0, "EUR", "0", "0.00"},
		{-5, "EUR", "-0.05", "-0.05"},
		{500, "JPY", "500", "500"},
		{1000, "KWD", "1", "1.000"},
	} {
		if s, f := string(c.a.Decimal(c.cur)), c.a.Fixed(c.cur); s != c.short || f != c.fixed {
			t.Errorf("%d %s: %s, %s", c.a, c.cur, s, f)
		}
	}
}

func TestRateIsExactToFourDecimals(t *testing.T) {
	for _, c := range []struct {
		text  wire.Decimal
		want  money.Rate
		back  wire.Decimal
		wrong bool
	}{
		{"13.5", 135_000, "13.5", false},
		{"23", 230_000, "23", false},
		{"8.8750", 88_750, "8.875", false},
		{"0", 0, "0", false},
		{"", 0, "0", false},
		{"0.0001", 1, "0.0001", false},
		{"0.00001", 0, "", true},
		{"-1", 0, "", true},
		{"10000", money.MaxRate, "10000", false},
		{"10000.1", 0, "", true},
		{"99999999999", 0, "", true},
	} {
		got, err := money.ParseRate(c.text)
		if (err != nil) != c.wrong || got != c.want {
			t.Errorf("%q: got %d, %v", c.text, got, err)
		} else if !c.wrong && got.Decimal() != c.back {
			t.Errorf("%q is written %s", c.text, got.Decimal())
		}
	}
}

func TestTaxRoundsHalfUp(t *testing.T) {
	rate := func(s wire.Decimal) money.Rate {
		r, err := money.ParseRate(s)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		what string
		got  money.Amount
		want money.Amount
	}{
		{"10 % of 0.05 is half a cent, up", rate("10").Of(5), 1},
		{"10 % of 0.04 is less than half, down", rate("10").Of(4), 0},
		{"10 % of -0.05 mirrors", rate("10").Of(-5), -1},
		{"23 % in 1.23", rate("23").In(123), 23},
		{"13.5 % in 8.50 is 1.0110…", rate("13.5").In(850), 101},
		{"no rate, no tax", rate("0").In(850), 0},
		{"no rate, none of it", rate("0").Of(850), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, c.got, c.want)
		}
	}
}

// The oracle is exact rational arithmetic.
func TestRateIsHalfUpOfTheExactValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, "a")
		r := rapid.Int64Range(0, int64(money.MaxRate)).Draw(t, "rate")
		want := func(num, den int64) money.Amount {
			abs := big.NewInt(max(a, -a))
			n := new(big.Int).Mul(abs, big.NewInt(num))
			n.Mul(n, big.NewInt(2)).Add(n, big.NewInt(den))
			n.Div(n, big.NewInt(2*den)) // floor(x + 1/2)
			if a < 0 {
				n.Neg(n)
			}
			return money.Amount(n.Int64())
		}
		if got, w := money.Rate(r).Of(money.Amount(a)), want(r, 1_000_000); got != w {
			t.Fatalf("%d ppm of %d: got %d, want %d", r, a, got, w)
		}
		if got, w := money.Rate(r).In(money.Amount(a)), want(r, 1_000_000+r); got != w {
			t.Fatalf("%d ppm in %d: got %d, want %d", r, a, got, w)
		}
	})
}

func TestSplitSumsExactlyAndStaysWithinOneUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := money.Amount(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, "total"))
		var weights []money.Amount
		var sum money.Amount
		for _, w := range rapid.SliceOfN(rapid.Int64Range(0, int64(money.Max)), 1, 40).Draw(t, "weights") {
			weights = append(weights, money.Amount(w))
			sum += money.Amount(w)
		}
		shares := money.Split(total, weights)
		var got money.Amount
		for i, s := range shares {
			got += s
			if (s < 0) != (total < 0) && s != 0 {
				t.Fatalf("share %d of %d has the other sign", s, total)
			}
			if sum == 0 {
				continue
			}
			if abs := max(total, -total); abs <= sum && max(s, -s) > weights[i] {
				t.Fatalf("share %d exceeds its weight %d", s, weights[i])
			}
			exact := new(big.Rat).SetFrac(
				new(big.Int).Mul(big.NewInt(int64(total)), big.NewInt(int64(weights[i]))), big.NewInt(int64(sum)))
			off := exact.Sub(exact, new(big.Rat).SetInt64(int64(s)))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("share %d of weight %d is off by a unit or more", s, weights[i])
			}
		}
		if got != total {
			t.Fatalf("shares sum to %d, not %d", got, total)
		}
	})
}

func TestSplitGivesWhatIsLeftToTheLargestRemainders(t *testing.T) {
	for _, c := range []struct {
		total   money.Amount
		weights []money.Amount
		want    []money.Amount
	}{
		{100, []money.Amount{1, 1, 1}, []money.Amount{34, 33, 33}},
		{-100, []money.Amount{1, 1, 1}, []money.Amount{-34, -33, -33}},
		{10, []money.Amount{0, 0, 0}, []money.Amount{4, 3, 3}},
		{5, []money.Amount{0, 7}, []money.Amount{0, 5}},
		{3, []money.Amount{50, 149, 101}, []money.Amount{1, 1, 1}},
		{0, []money.Amount{5}, []money.Amount{0}},
	} {
		got := money.Split(c.total, c.weights)
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%d over %v: got %v, want %v", c.total, c.weights, got, c.want)
				break
			}
		}
	}
	if got := money.Split(10, nil); len(got) != 0 {
		t.Error(got)
	}
}

// The largest order that may be placed splits a sum over thousands of parts: the work must not grow with their square.
func TestSplitOfManyPartsIsQuick(t *testing.T) {
	weights := make([]money.Amount, 200_000)
	for i := range weights {
		weights[i] = money.Amount(i%7 + 1)
	}
	var sum money.Amount
	for _, s := range money.Split(199_999, weights) { // about half of the shares take a unit that is left over
		sum += s
	}
	if sum != 199_999 {
		t.Error(sum)
	}
}
