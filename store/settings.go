package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// maxLeadMinutes bounds how long an order may take to make ready: a week.
const maxLeadMinutes = 7 * 24 * 60

// dispatchTypes are the keys of the lead times.
var dispatchTypes = []string{"Collection", "Delivery", "DineIn", "TakeAway"}

// dispatchOf is the dispatch type whose lead time is that of a delivery type's pre-orders.
func dispatchOf(dt wire.DeliveryType) string {
	if dt == wire.DeliveryTypeDelivery {
		return "Delivery"
	}
	return "Collection"
}

// SetLeadTime sets how many minutes orders of a dispatch type take to make ready. That of Collection is the lead time of
// pre-orders for pickup as well, and that of Delivery the one of pre-orders for delivery.
func (s *Stores) SetLeadTime(ctx context.Context, c *account.Caller, id int, in wire.LeadTime) (map[string]int, error) {
	var faults fault.Collector
	dispatch := slices.IndexFunc(dispatchTypes, func(d string) bool { return strings.EqualFold(d, in.DispatchType) })
	if dispatch < 0 {
		faults.Add("DispatchType", "%.40q is none of %s", in.DispatchType, strings.Join(dispatchTypes, ", "))
	}
	between(&faults, "LeadTimeMinutes", &in.LeadTimeMinutes, 0, maxLeadMinutes)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	st, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		return doc.setLeadTime(c, dispatchTypes[dispatch], in.LeadTimeMinutes), nil
	})
	if err != nil {
		return nil, err
	}
	return st.LeadTimes(), nil
}

func (d *document) setLeadTime(c *account.Caller, dispatch string, minutes int) []eventOf {
	if d.LeadTimes[dispatch] == minutes {
		return nil
	}
	d.LeadTimes[dispatch] = minutes
	events := []eventOf{updated(c, "set the lead time of the store %s for %s to %d minutes", dispatch, minutes)}
	for dt, cfg := range d.PreOrder {
		if dispatchOf(dt) == dispatch {
			cfg.LeadTimeMinutes = &minutes
			events = append(events, d.setPreOrder(c, dt, cfg)...)
		}
	}
	return events
}

// SetCollection sets how pickups work, all of it at once.
func (s *Stores) SetCollection(ctx context.Context, c *account.Caller, id int, in wire.StoreCollectionSettings) error {
	var faults fault.Collector
	between(&faults, "LeadTimeMinutes", &in.LeadTimeMinutes, 0, maxLeadMinutes)
	if err := faults.Err(); err != nil {
		return err
	}
	_, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		events, err := update(c, old, doc, wire.StoreBase{
			PickupEnabled: &in.PickupEnabled, MinimumPickupOrderAmount: &in.MinimumPickupOrderAmount,
			RequireCustomerNameForPickup: &in.RequireCustomerNameForPickup, CashOrdersPickupEnabled: &in.CashOrdersPickupEnabled,
			EtaInPickupConfirmationSmsEnabled: &in.EtaInPickupConfirmationSmsEnabled,
		})
		return append(events, doc.setLeadTime(c, dispatchOf(wire.DeliveryTypePickup), in.LeadTimeMinutes)...), err
	})
	return err
}

// SetServiceCharge changes the members of the service charge that are given.
func (s *Stores) SetServiceCharge(ctx context.Context, c *account.Caller, id int, in wire.ServiceCharge) (wire.ServiceCharge, error) {
	if in.PercentageValue != nil {
		rate, err := money.ParseRate(*in.PercentageValue)
		switch {
		case err != nil:
			return in, fault.BadField("PercentageValue", "%s", err)
		case rate > money.Whole:
			return in, fault.BadField("PercentageValue", "%s is more than the whole order: write 12.5 for 12.5 %%", *in.PercentageValue)
		}
		in.PercentageValue = wire.P(rate.Decimal())
	}
	st, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		charge, old := &doc.ServiceCharge, doc.ServiceCharge
		given(&charge.PercentageValue, in.PercentageValue)
		given(&charge.Enabled, in.Enabled)
		given(&charge.IsOptional, in.IsOptional)
		given(&charge.DisplayWithProcessingFee, in.DisplayWithProcessingFee)
		given(&charge.IncludesVouchers, in.IncludesVouchers)
		if reflect.DeepEqual(*charge, old) {
			return nil, nil
		}
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			text := fmt.Sprintf("%s set the service charge of the store %s to %s %%.", c.EventName(), st.Name, *charge.PercentageValue)
			if !*charge.Enabled {
				text = fmt.Sprintf("%s switched the service charge of the store %s off.", c.EventName(), st.Name)
			}
			return &wire.StoreServiceChargeUpdatedEvent{
				EventBase: base, StoreId: st.ID, User: c.EventUser(), ServiceCharge: charge, Description: text,
			}
		}}, nil
	})
	if err != nil {
		return in, err
	}
	return st.ServiceCharge(), nil
}

// given replaces a member by one that is given.
func given[T any](to **T, v *T) {
	if v != nil {
		*to = v
	}
}
