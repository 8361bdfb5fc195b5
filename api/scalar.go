package api

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"comanda/wire"
)

// scalar is what the normaliser knows of one single value: a path segment, a query parameter, a member of a body.
// Its schema is read once; canon does the rest.
type scalar struct {
	kind   kind
	int32  bool
	enum   []string
	form   *regexp.Regexp
	schema *huma.Schema // minimum, maximum, lengths
}

type kind int

const (
	kindAny kind = iota // no declared type: passed as it is
	kindString
	kindInteger
	kindNumber
	kindBoolean
	kindTime
	kindUUID
	kindEnum
)

func newScalar(s *huma.Schema) scalar {
	if s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil || s.UniqueItems ||
		s.MinProperties != nil || s.MaxProperties != nil || s.OneOf != nil || s.AnyOf != nil || s.AllOf != nil || s.Not != nil {
		panic(fmt.Sprintf("api: a constraint of %+v is one that the normaliser does not check", s))
	}
	v := scalar{schema: s}
	if s.Pattern != "" {
		v.form = regexp.MustCompile(s.Pattern)
	}
	switch s.Type {
	case huma.TypeInteger:
		v.kind, v.int32 = kindInteger, s.Format == "int32"
	case huma.TypeNumber:
		v.kind = kindNumber
	case huma.TypeBoolean:
		v.kind = kindBoolean
	case huma.TypeString:
		switch {
		case len(s.Enum) > 0:
			v.kind = kindEnum
			for _, e := range s.Enum {
				if e != nil { // null is dealt with before
					v.enum = append(v.enum, fmt.Sprint(e))
				}
			}
		case s.Format == "date-time":
			v.kind = kindTime
		case s.Format == "uuid":
			v.kind = kindUUID
		default:
			v.kind = kindString
		}
	}
	return v
}

// canon returns the canonical text of a value, or a sentence that says what is wrong and how to mend it.
func (v *scalar) canon(text string) (canonical, wrong string) {
	switch v.kind {
	case kindInteger:
		return v.integer(text)
	case kindNumber:
		return v.number(text)
	case kindBoolean:
		return boolean(text)
	case kindTime:
		t, ok := parseTime(text)
		if !ok {
			return "", fmt.Sprintf("%s is not a date-time: write it as 2026-11-21T10:00:00Z.", quoted(text))
		}
		return wire.At(t).Format(), ""
	case kindUUID:
		u, err := uuid.Parse(text)
		if err != nil {
			return "", fmt.Sprintf("%s is not a uuid: write it as 0198c0de-0000-7000-8000-000000000000.", quoted(text))
		}
		return u.String(), ""
	case kindEnum:
		return v.enumValue(text)
	}
	return v.text(text)
}

func (v *scalar) text(s string) (canonical, wrong string) {
	if strings.ContainsRune(s, 0) {
		return "", "contains the character U+0000: leave it out."
	}
	if !utf8.ValidString(s) {
		return "", "is not valid UTF-8: send it in that encoding."
	}
	if n := v.schema.MaxLength; n != nil && runes(s) > *n {
		return "", fmt.Sprintf("has %d characters: at most %d are allowed.", runes(s), *n)
	}
	if n := v.schema.MinLength; n != nil && runes(s) < *n {
		return "", fmt.Sprintf("has %d characters: at least %d are needed.", runes(s), *n)
	}
	if v.form != nil && !v.form.MatchString(s) {
		wanted := v.schema.PatternDescription
		if wanted == "" {
			wanted = v.schema.Pattern
		}
		return "", fmt.Sprintf("%s has not the form %s.", quoted(s), wanted)
	}
	return s, ""
}

func runes(s string) int { return utf8.RuneCountInString(s) }

func (v *scalar) integer(text string) (canonical, wrong string) {
	s := strings.TrimSpace(text)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		d, ok := decimal(s)
		whole, frac, _ := strings.Cut(d, ".")
		if !ok || strings.Trim(frac, "0") != "" {
			return "", fmt.Sprintf("%s is not a whole number: write it as 12.", quoted(text))
		}
		if n, err = strconv.ParseInt(whole, 10, 64); err != nil {
			return "", v.tooWide(text)
		}
	}
	if v.int32 && (n > math.MaxInt32 || n < math.MinInt32) {
		return "", v.tooWide(text)
	}
	return strconv.FormatInt(n, 10), v.between(float64(n), text)
}

func (v *scalar) tooWide(text string) string {
	if v.int32 {
		return fmt.Sprintf("%s is out of range: a 32-bit whole number is at most 2147483647.", quoted(text))
	}
	return fmt.Sprintf("%s is out of range: a 64-bit whole number is at most 9223372036854775807.", quoted(text))
}

func (v *scalar) number(text string) (canonical, wrong string) {
	d, ok := decimal(strings.TrimSpace(text))
	if !ok {
		return "", fmt.Sprintf("%s is not a decimal number of at most 30 signs: write it as 12.50.", quoted(text))
	}
	f, _ := strconv.ParseFloat(d, 64)
	return d, v.between(f, text)
}

func (v *scalar) between(n float64, text string) string {
	low, high := v.schema.Minimum, v.schema.Maximum
	switch {
	case (low != nil && n < *low || high != nil && n > *high) && low != nil && high != nil:
		return fmt.Sprintf("%s is out of range: it must be between %v and %v.", quoted(text), *low, *high)
	case low != nil && n < *low:
		return fmt.Sprintf("%s is too small: it must be at least %v.", quoted(text), *low)
	case high != nil && n > *high:
		return fmt.Sprintf("%s is too large: it must be at most %v.", quoted(text), *high)
	}
	return ""
}

// decimal writes a JSON number without an exponent; false when it is no number or has more than 30 characters.
func decimal(s string) (string, bool) {
	mantissa, exp, scientific := strings.Cut(strings.ToLower(s), "e")
	if !plainDecimal(mantissa) {
		return "", false
	}
	if !scientific {
		return s, len(s) <= 30
	}
	n, err := strconv.Atoi(exp)
	if err != nil || n > 30 || n < -30 || len(mantissa) > 30 {
		return "", false
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return "", false
	}
	out := r.FloatString(60)
	if strings.Contains(out, ".") {
		out = strings.TrimRight(strings.TrimRight(out, "0"), ".")
	}
	return out, len(out) <= 30
}

func plainDecimal(s string) bool {
	whole, frac, dotted := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return allDigits(whole) && (!dotted || allDigits(frac))
}

func boolean(text string) (canonical, wrong string) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		return "true", ""
	case "false", "0":
		return "false", ""
	}
	return "", fmt.Sprintf("%s is not a boolean: write true or false.", quoted(text))
}

// enumValue takes a name in any case, or the number of its place in the declaration, counted from 0.
func (v *scalar) enumValue(text string) (canonical, wrong string) {
	s := strings.TrimSpace(text)
	for _, e := range v.enum {
		if strings.EqualFold(e, s) {
			return e, ""
		}
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < len(v.enum) {
		return v.enum[n], ""
	}
	return "", fmt.Sprintf("%s is not one of the known values: use one of %s.", quoted(text), strings.Join(v.enum, ", "))
}

func quoted(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return strconv.Quote(s)
}

// timeLayouts are the forms in which clients write an instant. Fractions of a second parse after any seconds field.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05",
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02",
	"Mon Jan 2 2006 15:04:05 GMT-0700", // the text of a JavaScript Date, its zone name cut off
	time.RFC1123,                       // toUTCString and HTTP
}

// parseTime reads an instant in any of the forms that the official clients send: ISO with Z, an offset or nothing (which
// means UTC), up to 9 decimals, and the text of a JavaScript Date. A plus sign that arrived as a space is put back.
func parseTime(text string) (time.Time, bool) {
	s := strings.TrimSpace(text)
	if i := strings.Index(s, " ("); i > 0 {
		s = s[:i]
	}
	if len(s) < 10 || len(s) > 64 {
		return time.Time{}, false
	}
	if s[0] >= '0' && s[0] <= '9' {
		if s[10:] != "" && (s[10] == ' ' || s[10] == 't') {
			s = s[:10] + "T" + s[11:]
		}
		s = strings.Replace(s, " ", "+", 1)
		s = strings.Replace(s, "z", "Z", 1)
	} else {
		s = strings.Replace(s, "GMT ", "GMT+", 1)
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC()
			return t, t.Year() >= 1 && t.Year() <= 9999
		}
	}
	return time.Time{}, false
}
