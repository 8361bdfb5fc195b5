package oauth

import (
	"slices"
	"strings"

	"comanda/account"
)

// Scopes that are not about the API.
const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeEmail   = "email"
	scopePhone   = "phone"
	scopeOffline = "offline_access"
	scopeAPI     = "api"
)

// Scope is something that a client can ask for.
type Scope struct {
	Name   string
	About  string          // what it allows, said to the person who is asked: "Read orders"
	Writes bool            // it changes things
	Rights []account.Right // of the API; nil = none
}

// scopes is the whole table, in the order in which people read it. Every scope of the API includes ReadApp: who may work
// with a brand's orders may know its name.
var scopes = []Scope{
	{Name: scopeOpenID, About: "Know that it is you"},
	{Name: scopeProfile, About: "See your name, language and time zone"},
	{Name: scopeEmail, About: "See your e-mail address"},
	{Name: scopePhone, About: "See your phone number"},
	{Name: scopeAPI, About: "Do everything that you can do", Writes: true, Rights: account.AllRights()},
	{Name: "brand:write", About: "Change the brand: name, languages, logo", Writes: true, Rights: []account.Right{account.ReadApp, account.EditApp}},
	{Name: "stores:read", About: "Read stores and their hours", Rights: []account.Right{account.ReadApp, account.ReadStores}},
	{Name: "stores:write", About: "Change stores and their hours", Writes: true, Rights: []account.Right{account.ReadApp, account.ReadStores, account.EditStores}},
	{Name: "menus:read", About: "Read menus", Rights: []account.Right{account.ReadApp, account.ReadMenus}},
	{Name: "menus:write", About: "Change menus and prices", Writes: true, Rights: []account.Right{account.ReadApp, account.ReadMenus, account.EditMenus}},
	{Name: "orders:read", About: "Read orders", Rights: []account.Right{account.ReadApp, account.ReadStores, account.ReadOrders}},
	{Name: "orders:write", About: "Accept, reject and dispatch orders", Writes: true, Rights: []account.Right{account.ReadApp, account.ReadStores, account.ReadOrders, account.EditOrders, account.DeliverOrders}},
	{Name: "orders:refund", About: "Refund orders", Writes: true, Rights: []account.Right{account.ReadApp, account.ReadStores, account.ReadOrders, account.RefundOrders}},
	{Name: "customers:read", About: "Read customers", Rights: []account.Right{account.ReadApp, account.ReadCustomers}},
	{Name: "customers:write", About: "Change customers", Writes: true, Rights: []account.Right{account.ReadApp, account.ReadCustomers, account.EditCustomers}},
	{Name: "vouchers:read", About: "Read vouchers and how they are used", Rights: []account.Right{account.ReadApp, account.ReadVouchers}},
	{Name: "vouchers:write", About: "Make and change vouchers, and mark them used", Writes: true, Rights: []account.Right{account.ReadApp, account.ReadVouchers, account.EditVouchers}},
	{Name: "events:read", About: "Read the log of events, with the orders and customers in it", Rights: []account.Right{account.ReadApp, account.ReadEvents}},
	{Name: "developer", About: "Manage OAuth apps and webhooks", Writes: true, Rights: []account.Right{account.ReadApp, account.Develop}},
	{Name: "teammates:write", About: "Manage teammates", Writes: true, Rights: []account.Right{account.ReadApp, account.EditTeammates}},
	{Name: scopeOffline, About: "Keep this access while you are away"},
}

// scopeNames are all scopes by name, as discovery lists them.
func scopeNames() []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		out[i] = s.Name
	}
	return out
}

func scopeNamed(name string) (Scope, bool) {
	i := slices.IndexFunc(scopes, func(s Scope) bool { return s.Name == name })
	if i < 0 {
		return Scope{}, false
	}
	return scopes[i], true
}

// About says in words what a scope allows.
func About(scope string) string {
	sc, _ := scopeNamed(scope)
	return sc.About
}

// ScopesFor are the scopes that include a right, the narrowest first and api last: what the door names in a refusal and
// the reference shows. The empty right, that of calls about the caller's own account, is in api only.
func ScopesFor(r account.Right) []string {
	var out []string
	for _, s := range scopes {
		if s.Name != scopeAPI && slices.Contains(s.Rights, r) {
			out = append(out, s.Name)
		}
	}
	return append(out, scopeAPI)
}

// ScopeList are the scopes of the API with what each allows, for the reference.
func ScopeList() []Scope {
	return slices.DeleteFunc(slices.Clone(scopes), func(s Scope) bool { return s.Rights == nil })
}

// scopeSet is a set of known scopes in the table's order.
type scopeSet []string

// parseScope reads a scope parameter. Names that are not known are returned apart: the authorization endpoint leaves them
// out, as OpenID Connect asks (3.1.2.1), the token endpoint refuses them.
func parseScope(text string) (set scopeSet, unknown []string) {
	asked := strings.Fields(text)
	for _, s := range scopes {
		if slices.Contains(asked, s.Name) {
			set = append(set, s.Name)
		}
	}
	for _, name := range asked {
		if _, known := scopeNamed(name); !known {
			unknown = append(unknown, name)
		}
	}
	return set, unknown
}

func (s scopeSet) String() string { return strings.Join(s, " ") }

// names are the scopes as a Caller has them: never nil, because nil would mean that no token was used.
func (s scopeSet) names() []string { return append([]string{}, s...) }

func (s scopeSet) has(name string) bool { return slices.Contains(s, name) }

// within reports whether every scope of s is one of other.
func (s scopeSet) within(other scopeSet) bool {
	return !slices.ContainsFunc(s, func(name string) bool { return !other.has(name) })
}

// and is both sets together, in the table's order.
func (s scopeSet) and(other scopeSet) scopeSet {
	both, _ := parseScope(s.String() + " " + other.String())
	return both
}

// api reports whether any of the scopes is about the API.
func (s scopeSet) api() bool {
	return slices.ContainsFunc(s, func(name string) bool { sc, _ := scopeNamed(name); return sc.Rights != nil })
}

// rights is what the scopes allow of the API: nil = everything.
func (s scopeSet) rights() []account.Right {
	if s.has(scopeAPI) {
		return nil
	}
	out := []account.Right{}
	for _, name := range s {
		sc, _ := scopeNamed(name)
		for _, r := range sc.Rights {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}
