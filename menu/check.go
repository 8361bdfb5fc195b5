package menu

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"comanda/internal/fault"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// What one menu may hold.
const (
	maxSections   = 200
	maxItems      = 2000
	maxOptions    = 20000
	maxSetsOfItem = 50
	maxSetOptions = 200
	maxMetadata   = 50 // entries an item or option
	maxTaxRates   = 100
)

// checker collects what is wrong with a menu from outside. Paths name the members as the request wrote them.
type checker struct {
	fault.Collector
	currency string          // whose decimals a price may have
	stores   map[int]bool    // the brand's
	rates    map[string]bool // names of the menu's tax rates
	public   map[wire.UUID]string
	items    int // how many were seen
	options  int
	entities int  // how many numeric ids are needed
	mapped   bool // there is metadata of an integration
}

// enum is a wire enumeration.
type enum interface {
	~string
	Values() []string
}

// oneOf checks a member of an enumeration; absent is the default.
func oneOf[E enum](c *checker, at string, v *E, absent E) E {
	if v == nil {
		return absent
	}
	if !slices.Contains((*v).Values(), string(*v)) {
		c.Add(at, "%.40q is none of %s", string(*v), strings.Join((*v).Values(), ", "))
	}
	return *v
}

// text checks a member's length in characters and takes blanks off its ends.
func (c *checker) text(at string, v *string, limit int) string {
	s := strings.TrimSpace(wire.V(v))
	if n := utf8.RuneCountInString(s); n > limit {
		c.Add(at, "it has %d characters, %d are allowed", n, limit)
	}
	return s
}

// name checks a member that must be there.
func (c *checker) name(at string, v *string, limit int) string {
	s := c.text(at, v, limit)
	if s == "" {
		c.Add(at, "a name is missing")
	}
	return s
}

// price checks an amount that is not negative and no finer than the currency; absent is nothing.
func (c *checker) price(at string, v *wire.Decimal) wire.Decimal {
	if v == nil {
		return "0"
	}
	a, err := money.Parse(*v, c.currency)
	switch {
	case err != nil:
		c.Add(at, "%s", err)
	case a < 0:
		c.Add(at, "%s is negative: a price is 0 or more", *v)
	default:
		if _, err := money.Parse(*v, exact); err != nil {
			c.Add(at, "%s is too much: a price is less than ten million", *v)
		}
	}
	return a.Decimal(c.currency)
}

// deposit is a price that may be null.
func (c *checker) deposit(at string, v *wire.Decimal) *wire.Decimal {
	if v == nil {
		return nil
	}
	d := c.price(at, v)
	return &d
}

// image checks an address that pages will load a picture from.
func (c *checker) image(at string, v *string) string {
	s := c.text(at, v, 2048)
	if s == "" {
		return ""
	}
	if u, err := url.Parse(s); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		c.Add(at, "%.60q is not the address of a picture: it begins with https://", s)
	}
	return s
}

// id checks a PublicId, unique within the menu, or makes one.
func (c *checker) id(at string, v *wire.UUID) wire.UUID {
	if wire.V(v) == "" {
		return wire.UUID(uuid.NewString())
	}
	u, err := uuid.Parse(string(*v))
	if err != nil {
		c.Add(at, "%.40q is not a UUID", string(*v))
		return *v
	}
	id := wire.UUID(u.String())
	if first, twice := c.public[id]; twice {
		c.Add(at, "%s has the same PublicId: give each its own", first)
	}
	c.public[id] = strings.TrimSuffix(at, ".PublicId")
	return id
}

// rate checks that a tax rate is one of the menu's.
func (c *checker) rate(at string, v *string) string {
	s := strings.TrimSpace(wire.V(v))
	if s != "" && !c.rates[s] {
		c.Add(at, "the menu has no tax rate of the name %.60q: add it to TaxRates", s)
	}
	return s
}

// metadata checks entries: a store of the brand (or none, which means every store), keys unique for a store.
func (c *checker) metadata(at string, in []wire.CreateMetadata) []wire.CreateMetadata {
	if len(in) > maxMetadata {
		c.Add(at, "%d entries are allowed, these are %d", maxMetadata, len(in))
		return nil
	}
	out := make([]wire.CreateMetadata, 0, len(in))
	seen := map[string]bool{}
	for i, e := range in {
		path := fmt.Sprintf("%s[%d]", at, i)
		id := wire.V(e.StoreId)
		if id != 0 && !c.stores[id] {
			c.Add(path+".StoreId", "the brand has no store %d", id)
		}
		key := c.metadataKey(path+".Key", wire.V(e.Key))
		unique := fmt.Sprintf("%d %s", id, key)
		if seen[unique] {
			c.Add(path+".Key", "%.40q is there twice for the same store", key)
		}
		seen[unique] = true
		value := c.metadataValue(path+".Value", wire.V(e.Value))
		c.mapped = c.mapped || key != AllergensKey
		out = append(out, wire.CreateMetadata{StoreId: &id, Key: &key, Value: &value})
	}
	return out
}

func (c *checker) metadataKey(at, key string) string {
	if n := utf8.RuneCountInString(key); n < 1 || n > 128 {
		c.Add(at, "a key has 1 to 128 characters, this one has %d", n)
	}
	return key
}

func (c *checker) metadataValue(at, value string) string {
	if n := utf8.RuneCountInString(value); n > 4000 {
		c.Add(at, "a value has 4000 characters at most, this one has %d", n)
	}
	return value
}

// counts checks how many of a set's n options are to be chosen.
func (c *checker) counts(at string, o *wire.MenuItemOptionSet, n int) {
	switch lowest, highest := o.MinSelectCount, o.MaxSelectCount; {
	case lowest < 0:
		c.Add(at+"MinSelectCount", "%d is negative", lowest)
	case highest < lowest:
		c.Add(at+"MaxSelectCount", "%d is less than MinSelectCount, which is %d", highest, lowest)
	case highest < 1:
		c.Add(at+"MaxSelectCount", "with %d nobody could choose: write 1 or more", highest)
	case lowest > n:
		c.Add(at+"MinSelectCount", "%d options are asked for, and the set has %d", lowest, n)
	case o.IsMasterOptionSet && lowest < 1:
		c.Add(at+"MinSelectCount", "a master option set holds the product itself, so one must be chosen: write 1")
	}
}

// hours checks the times of a section.
func (c *checker) hours(at string, days []wire.BusinessHoursPeriod) []wire.BusinessHoursPeriod {
	if days == nil {
		return []wire.BusinessHoursPeriod{}
	}
	week, err := store.ParseWeek(days, at)
	c.addAll("", err)
	return week.Wire()
}

// addAll takes over the wrong fields of a fault, whose names may begin with what the request does not have.
func (c *checker) addAll(prefix string, err error) {
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		for _, w := range f.Fields {
			c.Add(strings.TrimPrefix(w.Name, prefix), "%s", w.Message)
		}
	}
}
