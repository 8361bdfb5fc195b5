package account

import (
	"slices"

	"comanda/internal/fault"
	"comanda/wire"
)

// Kind says what sort of caller this is.
type Kind int

// The kinds of caller.
const (
	Anonymous Kind = iota // a diner at the storefront
	Person                // signed in, or a token that a person granted
	App                   // an OAuth app acting for its brand by client credentials
	System                // Comanda itself: workers, init, demo
)

// Caller is who asks. Every protected method takes one, so that forgetting it does not compile.
type Caller struct {
	Kind       Kind
	Account    int     // the person; for an App its creator
	OAuthApp   string  // oauthAppId when a token was used
	Name       string  // for event descriptions: the person's or the app's name
	Email      string  // for the event's User; empty for an App
	IP         string  // remote address, for the event's IpAddress
	Grants     []Grant // what is within reach
	Idempotent string  // the request's Idempotency-Key, if any
}

// Grant is one brand within reach of a caller.
type Grant struct {
	Brand  int
	AppID  string
	Level  wire.AppAccessLevel
	Stores []int // nil = all stores of the brand
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
		if !LevelHas(g.Level, r) {
			return fault.Newf(fault.Forbidden, "The access level %s does not include %s.", g.Level, r).
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
		if LevelHas(g.Level, r) {
			out = append(out, g)
		}
	}
	return out
}

// EventUser is the caller as the contract's events name their actor. An app is named by its creator's id and its own name.
func (c *Caller) EventUser() *wire.UserEventInfo {
	return &wire.UserEventInfo{UserId: c.Account, UserName: c.Name, UserEmail: c.Email}
}
