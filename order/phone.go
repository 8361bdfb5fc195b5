package order

import (
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/nyaruka/phonenumbers"
)

// phones reads phone numbers and remembers those that it has read: reading one takes a tenth of the work of placing an
// order, and customers come back. It is safe for parallel use.
type phones struct{ known *lru.Cache[dialled, phone] }

// dialled is a number as somebody wrote it, and the country that it is in when it does not say so itself.
type dialled struct{ text, country string }

// phone is a possible number in its two forms.
type phone struct{ international, local string } // E.164, and as dialled in its country

// knownPhones bounds the memory, at some hundred bytes each.
const knownPhones = 20_000

func newPhones() *phones {
	known, err := lru.New[dialled, phone](knownPhones)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	return &phones{known}
}

// parse is false for what can be no number of any country.
func (p *phones) parse(text, country string) (phone, bool) {
	k := dialled{text, country}
	if n, ok := p.known.Get(k); ok {
		return n, true
	}
	parsed, err := phonenumbers.Parse(text, country)
	// Possible, not valid: numbering plans change faster than the library's copy of them, and a diner with a new number
	// is to eat too.
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return phone{}, false
	}
	n := phone{phonenumbers.Format(parsed, phonenumbers.E164), phonenumbers.Format(parsed, phonenumbers.NATIONAL)}
	p.known.Add(k, n)
	return n, true
}
