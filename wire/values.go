package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Time is an instant as the contract writes it: RFC 3339 in UTC, always with Z, microseconds at most.
// The zero Time is written 0001-01-01T00:00:00Z, the contract's word for "unset".
type Time struct{ time.Time }

// At makes a Time of an instant.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// AtOrNil makes a nullable Time: the zero instant becomes null.
func AtOrNil(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	w := At(t)
	return &w
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.Format() + `"`), nil
}

// Format returns the wire text without quotes.
func (t Time) Format() string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

// UnmarshalJSON implements json.Unmarshaler; it takes RFC 3339, and the same without an offset as UTC.
// The more lenient forms that clients send are rewritten by the API's normaliser before this is reached.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if p, err := time.Parse(layout, s); err == nil {
			*t = At(p)
			return nil
		}
	}
	return fmt.Errorf("%q is not a date-time: write it as 2026-11-21T10:00:00Z", s)
}

// Decimal is a JSON number kept as its decimal text: money and rates cross the door without ever being a float.
// The zero Decimal is written 0.
type Decimal string

// MarshalJSON implements json.Marshaler.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("0"), nil
	}
	return []byte(d), nil
}

// UnmarshalJSON implements json.Unmarshaler; it takes a JSON number or the same in quotes, without exponent.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	s := string(bytes.Trim(b, `"`))
	if s == "null" {
		return nil
	}
	if !isDecimal(s) {
		return fmt.Errorf("%.40q is not a decimal number such as 12.50", s)
	}
	*d = Decimal(s)
	return nil
}

// Float returns the value as a float64: for rates and display only, never for money.
func (d Decimal) Float() float64 {
	f, _ := strconv.ParseFloat(string(d), 64)
	return f
}

// isDecimal reports whether s is -?digits(.digits)? of at most 30 characters.
func isDecimal(s string) bool {
	rest := strings.TrimPrefix(s, "-")
	whole, frac, dotted := strings.Cut(rest, ".")
	return len(s) <= 30 && digits(whole) && (!dotted || digits(frac))
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// UUID is a uuid text; the empty UUID is written null, because typed clients refuse "".
type UUID string

// MarshalJSON implements json.Marshaler.
func (u UUID) MarshalJSON() ([]byte, error) {
	if u == "" {
		return []byte("null"), nil
	}
	return []byte(`"` + string(u) + `"`), nil
}

// P returns a pointer to v, for nullable members.
func P[T any](v T) *T { return &v }

// V returns what p points to, or the zero value of null.
func V[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
