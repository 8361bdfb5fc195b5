package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// settings are what a subscription has beyond the contract's fields, as stored.
type settings struct {
	Stores        []int   `json:",omitempty"` // only events of these stores; empty = all events
	RatePerSecond int     `json:",omitempty"` // attempts started per second at most; 0 = as fast as the endpoint answers
	HoldSeconds   *int    `json:",omitempty"` // how long later events of an order wait for a failed one; nil = orderHold
	V1a           bool    `json:",omitempty"` // deliveries carry ed25519 signatures as well
	Legacy        *legacy `json:",omitempty"` // and one in a header of the receiver's choice; nil = none
}

func parseSettings(text string) (s settings, err error) {
	if err = json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("webhook: settings: %w", err)
	}
	return s, nil
}

// orderHold is how long after an event's first failed attempt the later events of its subject wait for it.
func (s *settings) orderHold() time.Duration {
	if s.HoldSeconds == nil {
		return orderHold
	}
	return time.Duration(*s.HoldSeconds) * time.Second
}

// takes reports whether events of a store pass the store filter; store 0 is an event of no single store.
func (s *settings) takes(store int) bool {
	return len(s.Stores) == 0 || slices.Contains(s.Stores, store)
}

// Settings are the settings of a subscription as the API shows and takes them; when taken, an absent member stays.
type Settings struct {
	Groups           *[]string          `json:"Groups" required:"false" doc:"Headings of the catalogue: each stands for all event names below it, on top of EventNames. A heading counts from the event that reports the change."`
	StoreIds         *[]int             `json:"StoreIds" required:"false" doc:"Only events of these stores; empty = all events, also those of no store."`
	RatePerSecond    *int               `json:"RatePerSecond" required:"false" doc:"Attempts started per second at most, up to 1000; 0 = as fast as the endpoint answers."`
	OrderHoldSeconds *int               `json:"OrderHoldSeconds" required:"false" doc:"How long later events of an order wait for one that fails, up to 3600; 600 unless set."`
	Signatures       *[]string          `json:"Signatures" required:"false" doc:"Schemes of the webhook-signature header: v1 (HMAC-SHA256), always, and v1a (ed25519)."`
	LegacySignature  NullableLegacySign `json:"LegacySignature" required:"false" nullable:"true" doc:"A signature of the raw body in one more header, for receivers that expect it there; null = none."`
}

// LegacySignature describes a header that carries the HMAC of the raw body, keyed with the text of the secret (whsec_…).
type LegacySignature struct {
	Header    string `json:"Header" required:"false" doc:"Its name, such as X-Hub-Signature-256."`
	Algorithm string `json:"Algorithm" required:"false" doc:"sha256 (default), sha1 or sha512."`
	Encoding  string `json:"Encoding" required:"false" doc:"hex (default) or base64."`
	Prefix    string `json:"Prefix" required:"false" doc:"What stands before the signature, such as sha256=."`
}

// NullableLegacySign is a LegacySignature or null, and whether it was given at all.
type NullableLegacySign struct {
	Given bool
	Value *LegacySignature
}

// MarshalJSON writes the object or null.
func (n NullableLegacySign) MarshalJSON() ([]byte, error) { return json.Marshal(n.Value) }

// UnmarshalJSON reads the object or null.
func (n *NullableLegacySign) UnmarshalJSON(b []byte) error {
	n.Given, n.Value = true, nil
	if bytes.Equal(bytes.TrimSpace(b), []byte("null")) {
		return nil
	}
	return json.Unmarshal(b, &n.Value)
}

// Limits of the settings.
const (
	maxRate        = 1000 // attempts a second
	maxHold        = 3600 // seconds
	maxStores      = 1000
	maxHeaderName  = 64
	maxHeaderStart = 32
)

// Settings reads the settings of a subscription.
func (w *Webhooks) Settings(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) (Settings, error) {
	_, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return Settings{}, err
	}
	return s.shown(), nil
}

func (s *Subscription) shown() Settings {
	groups := s.Groups()
	stores := append([]int{}, s.settings.Stores...)
	hold := int(s.settings.orderHold() / time.Second)
	schemes := []string{schemeV1}
	if s.settings.V1a {
		schemes = append(schemes, schemeV1a)
	}
	out := Settings{
		Groups: &groups, StoreIds: &stores, RatePerSecond: &s.settings.RatePerSecond, OrderHoldSeconds: &hold, Signatures: &schemes,
	}
	if l := s.settings.Legacy; l != nil {
		out.LegacySignature.Value = &LegacySignature{l.Header, l.Algorithm, l.Encoding, l.Prefix}
	}
	return out
}

// Groups lists the headings that were chosen, in alphabetical order.
func (s *Subscription) Groups() []string {
	out := []string{}
	for n := range s.names {
		if headings[n] {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// UpdateSettings changes those settings that are given and returns all of them. A heading counts from the position of the
// event that reports the change, as a name does; the rest holds for every attempt that starts after it.
func (w *Webhooks) UpdateSettings(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, in Settings,
) (out Settings, err error) {
	err = w.change(ctx, c, appID, oauthAppID, id, &wire.WebhookSubscriptionUpdatedEvent{}, func(b account.Brand, s *Subscription) (edit, error) {
		was, had := s.settings, s.Groups()
		groups, err := w.applySettings(ctx, c, b, s, in)
		if err != nil {
			return nil, err
		}
		var seed []byte
		if s.settings.V1a && s.key == nil {
			seed = w.sealSeed(s.ID, newSeed())
		}
		stored, err := json.Marshal(s.settings)
		if err != nil {
			return nil, err
		}
		for _, g := range had {
			if !slices.Contains(groups, g) {
				delete(s.names, g)
			}
		}
		for _, g := range groups {
			s.names[g] = 0 // shown only; the position is known at the commit
		}
		out = s.shown()
		if reflect.DeepEqual(was, s.settings) && slices.Equal(had, groups) {
			return nil, nil
		}
		return func(tx *db.Tx) (bool, error) {
			n, err := tx.Exec(sqlUpdateSettings, s.ID, s.Revision, string(stored))
			if err != nil || n == 0 {
				return false, err
			}
			if seed != nil {
				if _, err := tx.Exec(sqlPutSeed, s.ID, seed); err != nil {
					return false, err
				}
			}
			return true, setNames(tx, s, had, groups)
		}, nil
	})
	return out, err
}

// setNames replaces names (or headings) of a subscription; those that stay keep the position from which they count.
func setNames(tx *db.Tx, s *Subscription, had, names []string) error {
	for _, name := range had {
		if !slices.Contains(names, name) {
			if _, err := tx.Exec(sqlRemoveName, s.ID, name); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		if _, err := tx.Exec(sqlAddName, s.ID, name, s.Brand); err != nil {
			return err
		}
	}
	return nil
}

// applySettings checks what is given and puts it into the loaded subscription; it returns the headings, sorted.
func (w *Webhooks) applySettings(ctx context.Context, c *account.Caller, b account.Brand, s *Subscription, in Settings) ([]string, error) {
	bad := &fault.Collector{}
	groups := s.Groups()
	if in.Groups != nil {
		groups = checkGroups(bad, *in.Groups)
	}
	if in.StoreIds != nil {
		stores, err := w.checkStores(ctx, bad, c, b, *in.StoreIds)
		if err != nil {
			return nil, err
		}
		s.settings.Stores = stores
	}
	if in.RatePerSecond != nil {
		s.settings.RatePerSecond = checkRange(bad, "RatePerSecond", *in.RatePerSecond, maxRate)
	}
	if in.OrderHoldSeconds != nil {
		hold := checkRange(bad, "OrderHoldSeconds", *in.OrderHoldSeconds, maxHold)
		s.settings.HoldSeconds = &hold
	}
	if in.Signatures != nil {
		s.settings.V1a = checkSchemes(bad, *in.Signatures)
	}
	if in.LegacySignature.Given {
		s.settings.Legacy = checkLegacy(bad, in.LegacySignature.Value)
	}
	return groups, bad.Err()
}

func checkRange(bad *fault.Collector, field string, n, most int) int {
	if n < 0 || n > most {
		bad.Add(field, "is %d. Use a number from 0 to %d.", n, most)
	}
	return n
}

// checkGroups returns the canonical headings, sorted.
func checkGroups(bad *fault.Collector, given []string) []string {
	out := []string{}
	for _, g := range given {
		name, ok := knownHeading(g)
		switch {
		case !ok:
			bad.Add("Groups", "%.60q is no heading of the catalogue. The headings are: %s.", g, strings.Join(headingList, ", "))
		case slices.Contains(out, name):
			bad.Add("Groups", "%q is there twice. Name each heading once.", name)
		default:
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// checkStores returns the ids of stores that are the brand's and within the caller's reach, sorted.
func (w *Webhooks) checkStores(ctx context.Context, bad *fault.Collector, c *account.Caller, b account.Brand, given []int) ([]int, error) {
	const field = "StoreIds"
	if len(given) == 0 {
		return nil, nil
	}
	if len(given) > maxStores {
		bad.Add(field, "has %d stores. At most %d can be named; none at all means every store.", len(given), maxStores)
		return nil, nil
	}
	var have []int
	err := w.db.Read(ctx, func(tx *db.Tx) (err error) {
		have, err = w.accounts.StoresOf(tx, b.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("webhook: stores: %w", err)
	}
	grant, bound := c.GrantOn(b.ID)
	out := []int{}
	for _, id := range given {
		switch {
		case !slices.Contains(have, id):
			bad.Add(field, "%d is no store of the brand.", id)
		case bound && grant.Stores != nil && !slices.Contains(grant.Stores, id):
			bad.Add(field, "%d is a store beyond the caller's reach.", id)
		case slices.Contains(out, id):
			bad.Add(field, "%d is there twice. Name each store once.", id)
		default:
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, nil
}

// checkSchemes reports whether v1a is chosen beside v1.
func checkSchemes(bad *fault.Collector, given []string) (v1a bool) {
	const field = "Signatures"
	seen := map[string]bool{}
	for _, scheme := range given {
		switch {
		case scheme != schemeV1 && scheme != schemeV1a:
			bad.Add(field, `%.20q is no signature scheme. Use "v1", or "v1" and "v1a".`, scheme)
		case seen[scheme]:
			bad.Add(field, "%q is there twice. Name each scheme once.", scheme)
		}
		seen[scheme] = true
	}
	if !seen[schemeV1] {
		bad.Add(field, `lacks "v1", which every delivery carries. Use "v1", or "v1" and "v1a".`)
	}
	return seen[schemeV1a]
}

// checkLegacy returns what is stored of a legacy signature; nil switches it off.
func checkLegacy(bad *fault.Collector, in *LegacySignature) *legacy {
	const field = "LegacySignature."
	if in == nil {
		return nil
	}
	l := &legacy{in.Header, in.Algorithm, in.Encoding, in.Prefix}
	if l.Algorithm == "" {
		l.Algorithm = "sha256"
	}
	if l.Encoding == "" {
		l.Encoding = "hex"
	}
	switch {
	case l.Header == "":
		bad.Add(field+"Header", "is missing. Name the header that the receiver looks at, such as X-Hub-Signature-256; null switches the signature off.")
	case len(l.Header) > maxHeaderName:
		bad.Add(field+"Header", "has %d bytes. A name has at most %d.", len(l.Header), maxHeaderName)
	case !validHeader(l.Header):
		bad.Add(field+"Header", "is no header name. Use letters, digits and hyphens.")
	case reservedHeader(l.Header):
		bad.Add(field+"Header", "%s has a meaning of its own in a delivery. Choose another header.", l.Header)
	}
	if legacyHashes[l.Algorithm] == nil {
		bad.Add(field+"Algorithm", "%.20q is no algorithm here. Use sha256, sha1 or sha512.", l.Algorithm)
	}
	if legacyEncodings[l.Encoding] == nil {
		bad.Add(field+"Encoding", "%.20q is no encoding here. Use hex or base64.", l.Encoding)
	}
	if len(l.Prefix) > maxHeaderStart {
		bad.Add(field+"Prefix", "has %d bytes. At most %d stand before a signature.", len(l.Prefix), maxHeaderStart)
	} else if !printable(l.Prefix) || strings.HasPrefix(l.Prefix, " ") {
		bad.Add(field+"Prefix", "has a character that is not printable ASCII, such as a line break, or begins with a space.")
	}
	return l
}
