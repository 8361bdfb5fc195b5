// Package phone reads phone numbers as people write them.
package phone

import (
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/nyaruka/phonenumbers"
)

// MaxText is the greatest length of a written number, in bytes.
const MaxText = 40

// Number is a possible number in its two forms.
type Number struct {
	International string // E.164, such as +353871234567
	Local         string // as dialled in its country
}

// Reader reads numbers and remembers those that it has read: reading one takes a tenth of the work of placing an order, and
// customers come back. It is safe for parallel use.
type Reader struct{ known *lru.Cache[written, Number] }

// written is a number as somebody wrote it, and the country that it is in when it does not say so itself.
type written struct{ text, country string }

// remembered bounds the memory, at some hundred bytes each.
const remembered = 20_000

// NewReader makes a reader that has read nothing yet.
func NewReader() *Reader {
	known, err := lru.New[written, Number](remembered)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	return &Reader{known}
}

// Read is false for what can be no number of any country.
func (r *Reader) Read(text, country string) (Number, bool) {
	k := written{text, country}
	if n, ok := r.known.Get(k); ok {
		return n, true
	}
	if len(text) > MaxText {
		return Number{}, false
	}
	parsed, err := phonenumbers.Parse(text, country)
	// Possible, not valid: numbering plans change faster than the library's copy of them, and a diner with a new number
	// is to eat too.
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return Number{}, false
	}
	n := Number{phonenumbers.Format(parsed, phonenumbers.E164), phonenumbers.Format(parsed, phonenumbers.NATIONAL)}
	r.known.Add(k, n)
	return n, true
}
