package account

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/wire"
)

// Kind says what sort of caller this is.
type Kind int

// The kinds of caller.
const (
	Anonymous Kind = iota // a diner at the storefront
	Person                // signed in, or a token that a person granted
	App                   // an OAuth app acting for its brand by client credentials
	Driver                // who carries orders, signed in by phone; see package driver
	System                // Comanda itself: workers, init, demo
)

// Caller is who asks. Every protected method takes one, so that forgetting it does not compile.
type Caller struct {
	Kind       Kind
	Account    int      // the person; for an App its creator
	Driver     int      // the driver, of kind Driver
	OAuthApp   string   // oauthAppId when a token was used
	Name       string   // for event descriptions: the person's or the app's name
	Email      string   // for the event's User; empty for an App
	IP         string   // remote address, for the event's IpAddress
	OwnSecret  bool     // the token was issued to the OAuth app itself, for its secret
	Scopes     []string // of the token; nil when none was used
	Grants     []Grant  // what is within reach
	Idempotent string   // the request's Idempotency-Key, if any
	Request    string   // the X-Request-Id of the API request, for the events that it causes

	// When a person who acts themselves last proved who they are, see RequireRecent; zero for the tokens of OAuth apps.
	Authenticated time.Time
	SessionKey    string // Session.Key of who is signed in by a session
}

// Grant is one brand within reach of a caller.
type Grant struct {
	Brand  int
	AppID  string
	Level  wire.AppAccessLevel
	Limits []wire.AppAccessLevel // levels that must include a right as well; see Limited
	Stores []int                 // nil = all stores of the brand
	Only   []Right               // what the token's scopes allow; nil = everything
	Name   string                // of a driver: what the brand calls them; empty = the caller's own name
}

// Has reports whether the grant includes a right on the brand. A grant for some stores only has none of those that
// concern the brand as a whole.
func (g Grant) Has(r Right) bool {
	if g.Stores != nil && brandWide[r] || g.Only != nil && !slices.Contains(g.Only, r) {
		return false
	}
	for _, l := range g.Limits {
		if !LevelHas(l, r) {
			return false
		}
	}
	return LevelHas(g.Level, r)
}

// Limited is the grant with nothing beyond a level and some stores (nil = all): the rights that both have.
func (g Grant) Limited(level wire.AppAccessLevel, stores []int) Grant {
	switch {
	case within(level, g.Level):
		g.Level = level
	case !within(g.Level, level):
		g.Limits = append(slices.Clone(g.Limits), level)
	}
	switch {
	case g.Stores == nil:
		g.Stores = stores
	case stores != nil:
		both := []int{}
		for _, s := range g.Stores {
			if slices.Contains(stores, s) {
				both = append(both, s)
			}
		}
		g.Stores = both
	}
	return g
}

// Principal is whose Idempotency-Keys a caller's are; empty for nobody in particular.
func (c *Caller) Principal() string {
	switch c.Kind {
	case App:
		return "app/" + c.OAuthApp
	case Person:
		return fmt.Sprintf("account/%d/%s", c.Account, c.OAuthApp)
	case Driver:
		return fmt.Sprintf("driver/%d", c.Driver)
	case System:
		return "system"
	default:
		return ""
	}
}

// Claim prepares the caller's optional Idempotency-Key for something that an operation makes on a brand (0 = on none) from an
// input; nil when the caller sent none.
func (c *Caller) Claim(brand int, operation string, input ...any) (*idempotency.Claim, error) {
	if c.Idempotent == "" {
		return nil, nil
	}
	body, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	return idempotency.Prepare(idempotency.Request{
		Brand: brand, Principal: c.Principal(), Operation: operation, Key: c.Idempotent, Body: body,
	})
}

// Require refuses a caller without a right on a brand and store (0 = no store in particular). What is out of reach is
// NotFound, as if it were not there; what is in reach without the right is Forbidden.
func (c *Caller) Require(r Right, brand, store int) error {
	if c.Kind == System {
		return nil
	}
	for _, g := range c.Grants {
		if g.Brand != brand {
			continue
		}
		if store != 0 && g.Stores != nil && !slices.Contains(g.Stores, store) {
			break
		}
		if !g.Has(r) {
			return fault.Newf(fault.Forbidden, "The access level %s does not include %s.", g.named(r), r).
				With("Ask an owner of the brand for a level that does.")
		}
		return nil
	}
	return fault.New(fault.NotFound, "Not found.")
}

// Reach lists the grants on which the caller has a right: the filter of every list.
func (c *Caller) Reach(r Right) []Grant {
	var out []Grant
	for _, g := range c.Grants {
		if g.Has(r) {
			out = append(out, g)
		}
	}
	return out
}

// GrantOn returns the caller's grant on a brand.
func (c *Caller) GrantOn(brand int) (Grant, bool) {
	for _, g := range c.Grants {
		if g.Brand == brand {
			return g, true
		}
	}
	return Grant{}, false
}

// named is the level that a refusal names: the one that lacks the right.
func (g Grant) named(r Right) wire.AppAccessLevel {
	for _, l := range g.Limits {
		if !LevelHas(l, r) {
			return l
		}
	}
	return g.Level
}

// mayGive refuses to hand out a level with a right that the caller lacks.
func (c *Caller) mayGive(brand int, level wire.AppAccessLevel) error {
	if r := c.lacks(brand, level); r != "" {
		return fault.Newf(fault.Forbidden, "Nobody gives away more than they have, and %s includes %s.", level, r)
	}
	return nil
}

// mayChange refuses to touch somebody who has a right that the caller lacks.
func (c *Caller) mayChange(brand int, level wire.AppAccessLevel) error {
	if r := c.lacks(brand, level); r != "" {
		return fault.Newf(fault.Forbidden, "Nobody changes a teammate who has more than they have, and %s includes %s.", level, r)
	}
	return nil
}

// lacks is a right of a level that the caller does not have on a brand, empty when there is none.
func (c *Caller) lacks(brand int, level wire.AppAccessLevel) Right {
	if c.Kind == System {
		return ""
	}
	g, _ := c.GrantOn(brand)
	for _, r := range levels[level] {
		if !g.Has(r) {
			return r
		}
	}
	return ""
}

// As is the caller as a brand knows them: a driver by the name that they have there.
func (c *Caller) As(brand int) *Caller {
	g, _ := c.GrantOn(brand)
	if g.Name == "" || g.Name == c.Name {
		return c
	}
	as := *c
	as.Name = g.Name
	return &as
}

// EventUser is the caller as the contract's events name their actor. An app is named by its creator's id and its own name.
func (c *Caller) EventUser() *wire.UserEventInfo {
	return &wire.UserEventInfo{UserId: c.Account, UserName: c.Name, UserEmail: c.Email}
}

// EventName is how the descriptions of events name their actor.
func (c *Caller) EventName() string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Kind == Anonymous:
		return "A customer"
	default:
		return "Comanda"
	}
}

// EventIP is the address as the contract's events carry it: null when unknown.
func (c *Caller) EventIP() *string {
	if c.IP == "" {
		return nil
	}
	return &c.IP
}
