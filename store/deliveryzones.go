package store

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

const (
	maxDeliveryZones = 100
	// maxZonesText bounds the texts of a store's zones together, in bytes, because every event about the store repeats them.
	maxZonesText = 128 << 10
)

// Zone is where a store delivers: for which fee, and from what sum of items on.
type Zone struct {
	ID           int
	Fee, Minimum money.Amount
	area         area
}

// Somewhere draws a place of the zone.
func (z *Zone) Somewhere(chance *rand.Rand) wire.Coordinates { return z.area.somewhere(chance) }

// Zones are the store's enabled delivery zones, the cheapest first. They are shared: do not change them.
func (s *Store) Zones() []Zone { return s.zones }

// ZoneOf is the zone of an order that goes to a place and whose items cost so much: of the enabled zones that hold the
// place, the cheapest whose minimum the items reach. Where they reach none it is the one of the lowest minimum, and the
// order is to be refused. It is nil where the store does not deliver.
func (s *Store) ZoneOf(at wire.Coordinates, items money.Amount) *Zone {
	var nearest *Zone
	for i := range s.zones {
		z := &s.zones[i]
		if (nearest != nil && z.Minimum >= nearest.Minimum) || !z.area.covers(at) {
			continue
		}
		if z.Minimum <= items {
			return z
		}
		nearest = z
	}
	return nearest
}

// readZones makes the zones of a document that was checked.
func readZones(doc []wire.DeliveryZone, currency string) ([]Zone, error) {
	out := make([]Zone, 0, len(doc))
	for i := range doc {
		if !doc[i].IsEnabled {
			continue
		}
		z := Zone{ID: doc[i].Id}
		var err error
		if z.area, err = readArea(doc[i].WellKnownText); err != nil {
			return nil, fmt.Errorf("delivery zone %d: %w", z.ID, err)
		}
		if z.Fee, err = money.Parse(doc[i].DeliveryFee, currency); err != nil {
			return nil, fmt.Errorf("delivery zone %d: %w", z.ID, err)
		}
		if z.Minimum, err = money.Parse(doc[i].MinimumDeliveryOrderAmount, currency); err != nil {
			return nil, fmt.Errorf("delivery zone %d: %w", z.ID, err)
		}
		out = append(out, z)
	}
	slices.SortFunc(out, func(a, b Zone) int {
		return cmp.Or(cmp.Compare(a.Fee, b.Fee), cmp.Compare(a.Minimum, b.Minimum), a.ID-b.ID)
	})
	return out, nil
}

// DeliveryZones lists a store's delivery zones in the order in which they were made.
func (s *Stores) DeliveryZones(ctx context.Context, c *account.Caller, id int) ([]wire.DeliveryZone, error) {
	st, err := s.Get(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return st.doc.Store.DeliveryZones, nil
}

// AddDeliveryZone makes a delivery zone of a store. It is enabled, free and without a minimum unless it says otherwise.
func (s *Stores) AddDeliveryZone(ctx context.Context, c *account.Caller, id int, in wire.DeliveryZoneBase) (*wire.DeliveryZone, error) {
	st, err := s.open(ctx, c, id, account.EditStores)
	if err != nil {
		return nil, err
	}
	z := wire.DeliveryZone{DeliveryFee: "0", MinimumDeliveryOrderAmount: "0", IsEnabled: true}
	patchZone(&z, in)
	if err := checkZone(&z, st.Currency); err != nil {
		return nil, err
	}
	if z.Id, err = s.db.NextID(ctx, "delivery_zones"); err != nil {
		return nil, fmt.Errorf("store: delivery zone: %w", err)
	}
	_, err = s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		doc.Store.DeliveryZones = append(doc.Store.DeliveryZones, z)
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.DeliveryZoneCreatedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), DeliveryZone: &z,
				Description: fmt.Sprintf("%s added the delivery zone %d to the store %s: %s.", c.EventName(), z.Id, st.Name, toldZone(z, st.Currency)),
			}
		}}, checkZones(doc.Store.DeliveryZones)
	})
	if err != nil {
		return nil, err
	}
	return &z, nil
}

// UpdateDeliveryZone changes the members of a delivery zone that are given.
func (s *Stores) UpdateDeliveryZone(ctx context.Context, c *account.Caller, id, zoneID int, in wire.DeliveryZoneBase) (*wire.DeliveryZone, error) {
	var z wire.DeliveryZone
	_, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		i, err := zoneIn(doc, id, zoneID)
		if err != nil {
			return nil, err
		}
		z = doc.Store.DeliveryZones[i]
		patchZone(&z, in)
		if err := checkZone(&z, old.Currency); err != nil {
			return nil, err
		}
		if z == doc.Store.DeliveryZones[i] {
			return nil, nil
		}
		doc.Store.DeliveryZones[i] = z
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.DeliveryZoneUpdatedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), DeliveryZone: &z,
				Description: fmt.Sprintf("%s changed the delivery zone %d of the store %s: %s.", c.EventName(), z.Id, st.Name, toldZone(z, st.Currency)),
			}
		}}, checkZones(doc.Store.DeliveryZones)
	})
	if err != nil {
		return nil, err
	}
	return &z, nil
}

// RemoveDeliveryZone deletes a delivery zone. Orders that are under way to it go on.
func (s *Stores) RemoveDeliveryZone(ctx context.Context, c *account.Caller, id, zoneID int) error {
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		i, err := zoneIn(doc, id, zoneID)
		if err != nil {
			return nil, err
		}
		z := doc.Store.DeliveryZones[i]
		doc.Store.DeliveryZones = slices.Delete(doc.Store.DeliveryZones, i, i+1)
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.DeliveryZoneDeletedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), DeliveryZone: &z,
				Description: fmt.Sprintf("%s deleted the delivery zone %d of the store %s.", c.EventName(), z.Id, st.Name),
			}
		}}, nil
	})
	return err
}

func zoneIn(doc *document, id, zoneID int) (int, error) {
	i := slices.IndexFunc(doc.Store.DeliveryZones, func(z wire.DeliveryZone) bool { return z.Id == zoneID })
	if i < 0 {
		return 0, fault.Newf(fault.NotFound, "The store %d has no delivery zone %d.", id, zoneID)
	}
	return i, nil
}

// renumberZones gives the zones of a copied store ids of their own.
func (s *Stores) renumberZones(ctx context.Context, zones []wire.DeliveryZone) (err error) {
	for i := range zones {
		if zones[i].Id, err = s.db.NextID(ctx, "delivery_zones"); err != nil {
			return fmt.Errorf("store: delivery zone: %w", err)
		}
	}
	return nil
}

func patchZone(z *wire.DeliveryZone, in wire.DeliveryZoneBase) {
	if in.DeliveryFee != nil {
		z.DeliveryFee = *in.DeliveryFee
	}
	if in.MinimumDeliveryOrderAmount != nil {
		z.MinimumDeliveryOrderAmount = *in.MinimumDeliveryOrderAmount
	}
	if in.WellKnownText != nil {
		z.WellKnownText = strings.TrimSpace(*in.WellKnownText)
	}
	if in.IsEnabled != nil {
		z.IsEnabled = *in.IsEnabled
	}
}

// checkZone judges a zone and writes its amounts in their shortest form.
func checkZone(z *wire.DeliveryZone, currency string) error {
	var c fault.Collector
	amount := func(name string, d *wire.Decimal) {
		a, err := money.Parse(*d, currency)
		switch {
		case err != nil:
			c.Add(name, "%s", err)
		case a < 0:
			c.Add(name, "%s is negative: write 0 for none", *d)
		default:
			*d = a.Decimal(currency)
		}
	}
	amount("DeliveryFee", &z.DeliveryFee)
	amount("MinimumDeliveryOrderAmount", &z.MinimumDeliveryOrderAmount)
	if _, err := parseArea(z.WellKnownText); err != nil {
		c.Add("WellKnownText", "%s", err)
	}
	return c.Err()
}

// checkZones bounds the zones of a store.
func checkZones(zones []wire.DeliveryZone) error {
	if len(zones) > maxDeliveryZones {
		return fault.Newf(fault.Conflict, "The store has %d delivery zones, and more are not kept.", maxDeliveryZones).
			With("Delete one that is not needed.")
	}
	size := 0
	for i := range zones {
		size += len(zones[i].WellKnownText)
	}
	if size > maxZonesText {
		return fault.BadField("WellKnownText", "with it the zones of the store have %d bytes of text, and %d are allowed: draw fewer corners", size, maxZonesText)
	}
	return nil
}

// toldZone says a zone in words: fee 2.50 EUR, from 15.00 EUR on.
func toldZone(z wire.DeliveryZone, currency string) string {
	what := fmt.Sprintf("fee %s %s, from %s %s on", z.DeliveryFee, currency, z.MinimumDeliveryOrderAmount, currency)
	if !z.IsEnabled {
		what += ", switched off"
	}
	return what
}
