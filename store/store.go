package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"comanda/money"
	"comanda/wire"
)

// Store is one store as it was read at a version. It is shared and never changes: a change makes a new one.
type Store struct {
	ID, Brand, Group, Version int
	AppID                     string // the brand's slug
	Name                      string
	Currency                  string // ISO 4217, the store group's
	MenuID                    int    // 0 = none assigned
	Published, Archived       bool
	MinimumPickupOrderAmount  money.Amount
	ServiceChargeRate         money.Rate // of the discounted items; 0 while there is no service charge
	Metadata                  map[string]string

	doc   document
	loc   *time.Location
	hours map[wire.DeliveryType]Week
	zones []Zone

	limits map[wire.DeliveryType][]limit // in the order of the week
}

// document is what a row of stores keeps beside its key columns, which it repeats, so that it is whole: the store as the
// contract shows it, and the settings that have calls of their own.
type document struct {
	Store         wire.Store
	Metadata      map[string]string
	TaxID         string
	ZoneFixed     bool           // the zone was chosen and does not follow the address
	LeadTimes     map[string]int // minutes by dispatch type
	PreOrder      map[wire.DeliveryType]wire.PreOrderConfig
	ServiceCharge wire.ServiceCharge
	Tips          wire.TipConfiguration
	Overrides     []wire.BusinessHoursOverride // in order of creation
	Capacity      map[wire.DeliveryType][]wire.StoreOrderCapacityPeriod
	Batching      wire.OrderBatchingConfiguration
	Deadlines     Deadlines
	Rests         map[wire.DeliveryType]rest
}

// parse makes a Store of a row.
func parse(id, brand, group, version int, raw []byte) (*Store, error) {
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("store: document of %d: %w", id, err)
	}
	w := &doc.Store
	s := &Store{
		ID: id, Brand: brand, Group: group, Version: version,
		AppID: w.AppIds[0], Name: w.Name, Currency: string(w.Currency), MenuID: w.MenuId,
		Published: w.IsPublished, Archived: w.IsArchived, Metadata: doc.Metadata, doc: doc,
		hours: map[wire.DeliveryType]Week{}, limits: map[wire.DeliveryType][]limit{},
	}
	var err error
	if s.loc, err = time.LoadLocation(w.IanaTimeZone); err != nil {
		return nil, fmt.Errorf("store: %d: %w", id, err)
	}
	if s.MinimumPickupOrderAmount, err = money.Parse(w.MinimumPickupOrderAmount, s.Currency); err != nil {
		return nil, fmt.Errorf("store: %d: %w", id, err)
	}
	if wire.V(doc.ServiceCharge.Enabled) {
		if s.ServiceChargeRate, err = money.ParseRate(wire.V(doc.ServiceCharge.PercentageValue)); err != nil {
			return nil, fmt.Errorf("store: %d: %w", id, err)
		}
	}
	if s.zones, err = readZones(w.DeliveryZones, s.Currency); err != nil {
		return nil, fmt.Errorf("store: %d: %w", id, err)
	}
	for _, h := range []struct {
		of   wire.DeliveryType
		days []wire.BusinessHoursPeriod
	}{{wire.DeliveryTypePickup, w.PickupHours}, {wire.DeliveryTypeDelivery, w.DeliveryHours}} {
		if s.hours[h.of], err = ParseWeek(h.days, string(h.of)+"Hours"); err != nil {
			return nil, fmt.Errorf("store: %d: %w", id, err)
		}
	}
	for dt, periods := range doc.Capacity {
		s.limits[dt] = limitsOf(periods)
	}
	return s, nil
}

// Wire is the store as the contract shows it. It is shared: do not change it.
func (s *Store) Wire() *wire.Store { return &s.doc.Store }

// Location is the store's time zone; all its hours are wall times there.
func (s *Store) Location() *time.Location { return s.loc }

// Offers reports whether the store takes orders of a delivery type at all. Without an enabled zone it delivers nowhere.
func (s *Store) Offers(dt wire.DeliveryType) bool {
	if dt == wire.DeliveryTypeDelivery {
		return s.doc.Store.DeliveryEnabled && len(s.zones) > 0
	}
	return s.doc.Store.PickupEnabled
}

// TakesCash reports whether orders of a delivery type may be paid in cash.
func (s *Store) TakesCash(dt wire.DeliveryType) bool {
	if dt == wire.DeliveryTypeDelivery {
		return s.doc.Store.CashOrdersDeliveryEnabled
	}
	return s.doc.Store.CashOrdersPickupEnabled
}

// TakesCard reports whether orders of a delivery type may be paid by card.
func (s *Store) TakesCard(dt wire.DeliveryType) bool {
	if dt == wire.DeliveryTypeDelivery {
		return s.doc.Store.CardOrderDeliveryEnabled
	}
	return s.doc.Store.CardOrdersPickupEnabled
}

// NeedsName reports whether the customer must give a name.
func (s *Store) NeedsName(dt wire.DeliveryType) bool {
	if dt == wire.DeliveryTypeDelivery {
		return s.doc.Store.RequireCustomerNameForDelivery
	}
	return s.doc.Store.RequireCustomerNameForPickup
}

// Serves reports whether a pickup order may be of a kind: take-out, table service, dine-in.
func (s *Store) Serves(p wire.PickupLocationType) bool {
	switch p {
	case wire.PickupLocationTypeTableService:
		return s.doc.Store.TableServiceEnabled
	case wire.PickupLocationTypeDineIn:
		return s.doc.Store.DineInEnabled
	default:
		return s.doc.Store.TakeOutEnabled
	}
}

// TakesPreOrders reports whether orders of a delivery type may be for later.
func (s *Store) TakesPreOrders(dt wire.DeliveryType) bool {
	if dt == wire.DeliveryTypeDelivery {
		return s.doc.Store.PreOrderDeliveryEnabled
	}
	return s.doc.Store.PreOrderPickupEnabled
}

// PreOrderConfig is how pre-orders of a delivery type work.
func (s *Store) PreOrderConfig(dt wire.DeliveryType) wire.PreOrderConfig { return s.doc.PreOrder[dt] }

// LeadTime is how long an order of a delivery type takes to make ready, by default.
func (s *Store) LeadTime(dt wire.DeliveryType) time.Duration {
	return time.Duration(wire.V(s.doc.PreOrder[dt].LeadTimeMinutes)) * time.Minute
}

// Openings are the times at which the store is open for a delivery type between two instants: weekly hours with
// overrides applied in the order in which they were made. ClosedAllowPreOrders counts as closed.
func (s *Store) Openings(from, to time.Time, dt wire.DeliveryType) []Interval {
	return s.openings(from, to, dt, true)
}

// openings leaves out what exceptions take from the hours unless closings is set.
func (s *Store) openings(from, to time.Time, dt wire.DeliveryType, closings bool) []Interval {
	out := s.hours[dt].Intervals(from, to, s.loc)
	for _, o := range s.doc.Overrides {
		span := Interval{o.StartTime.Time, o.EndTime.Time}
		if o.DeliveryType != dt || !span.End.After(from) || span.Start.After(to) {
			continue
		}
		switch {
		case o.Type == wire.BusinessHoursOverrideTypeOpen:
			out = join(append(out, span))
		case closings:
			out = subtract(out, span)
		}
	}
	return out
}

// shut reports whether no orders at all are taken at t: the last exception made that holds then is Closed.
func (s *Store) shut(dt wire.DeliveryType, t time.Time) bool {
	for _, o := range slices.Backward(s.doc.Overrides) {
		if o.DeliveryType == dt && (Interval{o.StartTime.Time, o.EndTime.Time}).Contains(t) {
			return o.Type == wire.BusinessHoursOverrideTypeClosed
		}
	}
	return false
}

// OpenAt reports whether the hours of a delivery type hold the store open at t.
func (s *Store) OpenAt(t time.Time, dt wire.DeliveryType) bool {
	return slices.ContainsFunc(s.Openings(t, t, dt), func(i Interval) bool { return i.Contains(t) })
}

// NextOpening is the first instant from t on at which the store is open: t itself when it is open, false when it does
// not open within the next 60 days.
func (s *Store) NextOpening(t time.Time, dt wire.DeliveryType) (time.Time, bool) {
	for from, days := t, 0; days < 60; from, days = from.AddDate(0, 0, 10), days+10 {
		for _, i := range s.Openings(from, from.AddDate(0, 0, 10), dt) {
			switch {
			case i.Contains(t):
				return t, true
			case i.Start.After(t):
				return i.Start, true
			}
		}
	}
	return time.Time{}, false
}

// Closing is the instant at which the opening that holds t ends; false when the store is closed at t. A store that is
// open around the clock closes some days ahead, on paper.
func (s *Store) Closing(t time.Time, dt wire.DeliveryType) (time.Time, bool) {
	for _, i := range s.Openings(t, t.AddDate(0, 0, 2), dt) {
		if i.Contains(t) {
			return i.End, true
		}
	}
	return time.Time{}, false
}

// Summary is the store as an order and its events show it, with the metadata of the store.
func (s *Store) Summary() *wire.StoreSummary {
	w := &s.doc.Store
	return &wire.StoreSummary{
		Id: s.ID, Name: s.Name, MenuId: s.MenuID, Metadata: s.Metadata, Currency: w.Currency,
		Coordinates: w.Address.Coordinates, StoreTimezone: w.MicrosoftTimeZone, StoreIanaTimezone: w.IanaTimeZone,
		StoreGroupId: s.Group, TaxId: s.doc.TaxID, PrettyAddress: w.Address.SingleLineDisplay,
		CountryCode: w.Address.CountryCode, PropertyId: w.PropertyId,
	}
}

// matches reports whether a name holds the search words, case ignored.
func matches(name, query string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(strings.TrimSpace(query)))
}
