package phone_test

import (
	"strings"
	"testing"

	"comanda/internal/phone"
)

func TestNumbers(t *testing.T) {
	r := phone.NewReader()
	for _, c := range []struct{ text, country, international, local string }{
		{"087 123 4567", "IE", "+353871234567", "087 123 4567"},
		{"+353 87 123 4567", "US", "+353871234567", "087 123 4567"},
		{"00353871234567", "IE", "+353871234567", "087 123 4567"},
		{"(212) 555-0100", "US", "+12125550100", "(212) 555-0100"},
		{"twelve", "IE", "", ""},
		{"12", "IE", "", ""},
		{"087 123 4567", "", "", ""},
		{"+3538712345678901234", "IE", "", ""},
		{strings.Repeat(" ", 30) + "087 123 4567", "IE", "", ""},
		{"", "IE", "", ""},
	} {
		for range 2 { // read, and remembered
			n, ok := r.Read(c.text, c.country)
			if ok != (c.international != "") || n.International != c.international || n.Local != c.local {
				t.Errorf("%q in %q: %+v, %v; want %s, %s", c.text, c.country, n, ok, c.international, c.local)
			}
		}
	}
}
