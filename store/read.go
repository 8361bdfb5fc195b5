package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/wire"
)

// Filter narrows a list of stores; its zero value lists all that are not archived.
type Filter struct {
	Search        string                // words of the name, case ignored
	Group         int                   // 0 = any
	SalesChannel  wire.SalesChannelType // "" = any
	OnlyPublished bool
}

func (f Filter) holds(st *Store) bool {
	return matches(st.Name, f.Search) &&
		(f.Group == 0 || st.Group == f.Group) &&
		(f.SalesChannel == "" || slices.Contains(st.doc.Store.SalesChannelTypes, f.SalesChannel)) &&
		(!f.OnlyPublished || st.Published)
}

// Get returns one store.
func (s *Stores) Get(ctx context.Context, c *account.Caller, id int) (*Store, error) {
	return s.open(ctx, c, id, account.ReadStores)
}

// open loads a store for a caller who needs a right on it.
func (s *Stores) open(ctx context.Context, c *account.Caller, id int, r account.Right) (*Store, error) {
	st, err := s.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.require(c, r, st.Brand, st.ID, notFound(id)); err != nil {
		return nil, err
	}
	return st, nil
}

// All lists the stores of every brand within the caller's reach, by brand and id.
func (s *Stores) All(ctx context.Context, c *account.Caller, f Filter) ([]*Store, error) {
	var out []*Store
	for _, g := range c.Reach(account.ReadStores) {
		stores, err := s.granted(ctx, c, g.Brand, f)
		if err != nil {
			return nil, err
		}
		out = append(out, stores...)
	}
	return out, nil
}

// ByApp lists the stores of one brand within the caller's reach, by id.
func (s *Stores) ByApp(ctx context.Context, c *account.Caller, appID string, f Filter) ([]*Store, error) {
	brand, err := s.accounts.Open(ctx, c, appID, account.ReadStores)
	if err != nil {
		return nil, err
	}
	return s.granted(ctx, c, brand.ID, f)
}

// granted lists the stores of a brand that the caller's grant reaches.
func (s *Stores) granted(ctx context.Context, c *account.Caller, brand int, f Filter) ([]*Store, error) {
	grant, _ := c.GrantOn(brand) // none for System, which reaches all
	stores, err := s.OfBrand(ctx, brand)
	return slices.DeleteFunc(stores, func(st *Store) bool {
		return grant.Stores != nil && !slices.Contains(grant.Stores, st.ID) || !f.holds(st)
	}), err
}

// OfBrand lists a brand's stores that are not archived, by id, for other business code: no caller is asked for.
func (s *Stores) OfBrand(ctx context.Context, brand int) ([]*Store, error) {
	type row struct{ id, version int }
	var rows []row
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		r, err := tx.Query(sqlBrandStores, brand)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		for r.Next() {
			var one row
			if err := r.Scan(&one.id, &one.version); err != nil {
				return err
			}
			rows = append(rows, one)
		}
		return r.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("store: list of brand %d: %w", brand, err)
	}
	out := make([]*Store, 0, len(rows))
	for _, one := range rows {
		st, ok := s.parsed.Get(one.id)
		if !ok || st.Version != one.version {
			if st, err = s.Load(ctx, one.id); err != nil {
				return nil, err
			}
		}
		out = append(out, st)
	}
	return out, nil
}

// Header is the store in a list of names.
func (s *Store) Header() wire.StoreHeader {
	return wire.StoreHeader{StoreId: s.ID, Name: s.Name, Category: string(wire.ApplicationCategoryRestaurant)}
}

// Hours are the weekly opening hours of a delivery type, seven days from Sunday on.
func (s *Store) Hours(dt wire.DeliveryType) []wire.BusinessHoursPeriod {
	if dt == wire.DeliveryTypeDelivery {
		return s.doc.Store.DeliveryHours
	}
	return s.doc.Store.PickupHours
}

// LeadTimes are the minutes that orders take to make ready, by dispatch type.
func (s *Store) LeadTimes() map[string]int { return s.doc.LeadTimes }

// ServiceCharge is the store's service charge settings.
func (s *Store) ServiceCharge() wire.ServiceCharge { return s.doc.ServiceCharge }

// Tips are the store's tip settings.
func (s *Store) Tips() wire.TipConfiguration {
	tips := s.doc.Tips
	tips.IsEnabled = s.doc.Store.TipsEnabled
	return tips
}

// Overrides are the openings and closings against the weekly hours that end after an instant, the earliest first.
func (s *Store) Overrides(after time.Time) []wire.BusinessHoursOverride {
	out := slices.DeleteFunc(slices.Clone(s.doc.Overrides), func(o wire.BusinessHoursOverride) bool { return !o.EndTime.After(after) })
	slices.SortStableFunc(out, func(a, b wire.BusinessHoursOverride) int { return a.StartTime.Compare(b.StartTime.Time) })
	return out
}
