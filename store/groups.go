package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// CreateGroup makes a store group in a brand. A group without a currency gets that of the brand's country. The currency
// is for good: every store of the group and all its prices are in it.
func (s *Stores) CreateGroup(ctx context.Context, c *account.Caller, appID string, in wire.StoreGroupBase) (*wire.StoreGroup, error) {
	brand, err := s.accounts.Open(ctx, c, appID, account.EditStores)
	if err != nil {
		return nil, err
	}
	if err := wholeBrand(c, brand.ID); err != nil {
		return nil, err
	}
	g := &wire.StoreGroup{Name: tidy(wire.V(in.Name)), Currency: wire.V(in.Currency), BrandIds: []string{brand.AppID}}
	if g.Currency == "" {
		g.Currency = currencyOf(brand.CountryID)
	}
	var faults fault.Collector
	checkName(&faults, "Name", g.Name, "a store group")
	if !slices.Contains(g.Currency.Values(), string(g.Currency)) {
		faults.Add("Currency", "%.10q is not a currency that stores can sell in: write an ISO 4217 code such as EUR", g.Currency)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if g.StoreGroupId, err = s.db.NextID(ctx, "store_groups"); err != nil {
		return nil, fmt.Errorf("store: create group: %w", err)
	}
	doc, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("store: create group: %w", err)
	}
	rec, err := groupEvent(c, brand, g, &wire.StoreGroupCreatedEvent{
		EventBase: wire.EventBase{IpAddress: c.EventIP()}, StoreGroupId: g.StoreGroupId, User: c.EventUser(), StoreGroup: g,
		Description: fmt.Sprintf("%s created the store group %s, which sells in %s.", c.EventName(), g.Name, g.Currency),
	})
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlInsertGroup, g.StoreGroupId, brand.ID, string(doc)); err != nil {
			return err
		}
		s.log.Append(tx, rec)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: create group: %w", err)
	}
	return g, nil
}

// Group returns one store group.
func (s *Stores) Group(ctx context.Context, c *account.Caller, id int) (*wire.StoreGroup, error) {
	brand, g, _, err := s.loadGroup(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.require(c, account.ReadStores, brand, 0, noGroup(id)); err != nil {
		return nil, err
	}
	return g, nil
}

// Groups lists the store groups of a brand whose name holds the search words, by id.
func (s *Stores) Groups(ctx context.Context, c *account.Caller, appID, search string) ([]*wire.StoreGroup, error) {
	brand, err := s.accounts.Open(ctx, c, appID, account.ReadStores)
	if err != nil {
		return nil, err
	}
	groups, err := s.groupsOf(ctx, brand.ID)
	return slices.DeleteFunc(groups, func(g *wire.StoreGroup) bool { return !matches(g.Name, search) }), err
}

// GroupsExtended is Groups with what a map and a list of the stores need: the stores within the caller's reach, their
// number, and their places, where those within radius kilometres of the first one count as one place.
func (s *Stores) GroupsExtended(ctx context.Context, c *account.Caller, appID, search string, radius int) ([]*wire.StoreGroupExtended, error) {
	groups, err := s.Groups(ctx, c, appID, search)
	if err != nil {
		return nil, err
	}
	stores, err := s.ByApp(ctx, c, appID, Filter{})
	if err != nil {
		return nil, err
	}
	out := make([]*wire.StoreGroupExtended, len(groups))
	for i, g := range groups {
		in := slices.DeleteFunc(slices.Clone(stores), func(st *Store) bool { return st.Group != g.StoreGroupId })
		out[i] = extended(g, in, radius)
	}
	return out, nil
}

func extended(g *wire.StoreGroup, stores []*Store, radius int) *wire.StoreGroupExtended {
	out := &wire.StoreGroupExtended{
		TotalStores: len(stores), GroupedCoordinates: []wire.GroupedCoordinates{}, StoreHeaders: []wire.StoreHeader{},
		StoreGroupId: g.StoreGroupId, GeneralRating: g.GeneralRating, GeneralRatingCount: g.GeneralRatingCount,
		DeliveryMenuMessage: g.DeliveryMenuMessage, PickupMenuMessage: g.PickupMenuMessage, BrandIds: g.BrandIds,
		Name: g.Name, Currency: g.Currency,
	}
	for _, st := range stores {
		out.StoreHeaders = append(out.StoreHeaders, st.Header())
		at := st.Wire().Address.Coordinates
		if at == nil {
			continue
		}
		i := slices.IndexFunc(out.GroupedCoordinates, func(p wire.GroupedCoordinates) bool {
			return kilometres(*at, wire.Coordinates{Latitude: p.Latitude, Longitude: p.Longitude}) <= float64(radius)
		})
		if i < 0 {
			out.GroupedCoordinates = append(out.GroupedCoordinates, wire.GroupedCoordinates{Latitude: at.Latitude, Longitude: at.Longitude, Count: 1})
		} else {
			out.GroupedCoordinates[i].Count++
		}
	}
	return out
}

// kilometres is the distance over the ground of two places.
func kilometres(a, b wire.Coordinates) float64 {
	const radius, degree = 6371, math.Pi / 180
	sinLat := math.Sin((b.Latitude - a.Latitude) * degree / 2)
	sinLon := math.Sin((b.Longitude - a.Longitude) * degree / 2)
	h := sinLat*sinLat + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*sinLon*sinLon
	return 2 * radius * math.Asin(math.Sqrt(min(1, h)))
}

// Currencies are the currencies of a brand's store groups, for other business code: no caller is asked for.
func (s *Stores) Currencies(ctx context.Context, brand int) ([]string, error) {
	groups, err := s.groupsOf(ctx, brand)
	var out []string
	for _, g := range groups {
		out = append(out, string(g.Currency))
	}
	return out, err
}

func (s *Stores) groupsOf(ctx context.Context, brand int) ([]*wire.StoreGroup, error) {
	out, err := documents[wire.StoreGroup](ctx, s.db, sqlGroups, brand)
	if err != nil {
		return nil, fmt.Errorf("store: groups of brand %d: %w", brand, err)
	}
	return out, nil
}

// documents reads the JSON documents that a query finds.
func documents[T any](ctx context.Context, d *db.DB, query string, args ...any) (out []*T, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var raw []byte
			if err := rows.Scan(&raw); err != nil {
				return err
			}
			one := new(T)
			if err := json.Unmarshal(raw, one); err != nil {
				return err
			}
			out = append(out, one)
		}
		return rows.Err()
	})
	return out, err
}

func (s *Stores) loadGroup(ctx context.Context, id int) (brand int, g *wire.StoreGroup, version int, err error) {
	var raw []byte
	err = s.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlGroup, id).Scan(&brand, &version, &raw) })
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil, 0, noGroup(id)
	}
	if err != nil {
		return 0, nil, 0, fmt.Errorf("store: group %d: %w", id, err)
	}
	g = new(wire.StoreGroup)
	return brand, g, version, json.Unmarshal(raw, g)
}

func noGroup(id int) *fault.Error {
	return fault.Newf(fault.NotFound, "There is no store group %d within your reach.", id)
}

// require is Caller.Require with a refusal that names the thing, the same for what is not there and what is out of reach.
func (s *Stores) require(c *account.Caller, r account.Right, brand, store int, missing *fault.Error) error {
	err := c.Require(r, brand, store)
	if fault.KindOf(err) == fault.NotFound {
		return missing
	}
	return err
}

// wholeBrand refuses a caller who has some stores of a brand only: what they would make or change concerns the others.
func wholeBrand(c *account.Caller, brand int) error {
	if g, ok := c.GrantOn(brand); ok && g.Stores != nil {
		return fault.New(fault.Forbidden, "Your access is for some stores of the brand only, and this concerns the brand as a whole.").
			With("Ask an owner of the brand.")
	}
	return nil
}

// currencyOf is the currency of a supported country.
func currencyOf(country string) wire.Currency {
	if cur, ok := map[string]wire.Currency{
		"AE": "AED", "AU": "AUD", "BH": "BHD", "BR": "BRL", "CA": "CAD", "CH": "CHF", "CL": "CLP", "CZ": "CZK", "DK": "DKK",
		"GB": "GBP", "HU": "HUF", "IN": "INR", "IS": "ISK", "JP": "JPY", "KW": "KWD", "MX": "MXN", "NO": "NOK", "NZ": "NZD",
		"PL": "PLN", "QA": "QAR", "RO": "RON", "SE": "SEK", "SG": "SGD", "TR": "TRY", "US": "USD", "ZA": "ZAR",
	}[country]; ok {
		return cur
	}
	return wire.CurrencyEUR
}

// tidy trims a name and makes its blanks single.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

const maxName = 255 // characters

func checkName(c *fault.Collector, field, name, what string) {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		c.Add(field, "%s needs a name", what)
	case n > maxName:
		c.Add(field, "a name has %d characters at most, this one has %d", maxName, n)
	}
}
