package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

const (
	// maxOverrides bounds the exceptions of a store that are not over, because every look at its hours reads them.
	maxOverrides = 500
	// longestOverride is how long one exception may last.
	longestOverride = 400 * 24 * time.Hour
)

// AddOverride adds an exception from the weekly hours of a delivery type: open, closed, or closed while orders for later
// are still taken. Those that were over a year ago make room.
func (s *Stores) AddOverride(ctx context.Context, c *account.Caller, id int, in wire.BusinessHoursOverrideBase) (*wire.BusinessHoursOverride, error) {
	if _, err := s.open(ctx, c, id, account.EditStores); err != nil {
		return nil, err
	}
	if err := checkOverride(in); err != nil {
		return nil, err
	}
	n, err := s.db.NextID(ctx, "business_hours_overrides")
	if err != nil {
		return nil, fmt.Errorf("store: override: %w", err)
	}
	o := wire.BusinessHoursOverride{
		BusinessHoursOverrideId: n, DeliveryType: *in.DeliveryType, StartTime: in.StartTime, EndTime: in.EndTime, Type: *in.Type,
	}
	_, err = s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		brand, err := s.accounts.Brand(ctx, old.Brand)
		if err != nil {
			return nil, err
		}
		now := brand.Now()
		doc.Overrides = slices.DeleteFunc(doc.Overrides, func(o wire.BusinessHoursOverride) bool { return o.EndTime.Before(now.AddDate(-1, 0, 0)) })
		if len(doc.Overrides) >= maxOverrides {
			return nil, fault.Newf(fault.Conflict, "The store has %d exceptions from its hours, and more are not kept.", maxOverrides).
				With("Delete those that are over.")
		}
		doc.Overrides = append(doc.Overrides, o)
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.StoreBusinessHoursOverrideCreatedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), BusinessHoursOverride: &o,
				Description: fmt.Sprintf("%s added to the %s hours of the store %s: %s.", c.EventName(), strings.ToLower(string(o.DeliveryType)), st.Name, st.toldOverride(o)),
			}
		}}, nil
	})
	if err != nil {
		return nil, err
	}
	return &o, nil
}

// RemoveOverride deletes an exception: the weekly hours hold again.
func (s *Stores) RemoveOverride(ctx context.Context, c *account.Caller, id, override int) error {
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		i := slices.IndexFunc(doc.Overrides, func(o wire.BusinessHoursOverride) bool { return o.BusinessHoursOverrideId == override })
		if i < 0 {
			return nil, fault.Newf(fault.NotFound, "The store %d has no exception %d from its hours.", id, override)
		}
		o := doc.Overrides[i]
		doc.Overrides = slices.Delete(doc.Overrides, i, i+1)
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.StoreBusinessHoursOverrideDeletedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), BusinessHoursOverride: &o,
				Description: fmt.Sprintf("%s took from the %s hours of the store %s: %s.", c.EventName(), strings.ToLower(string(o.DeliveryType)), st.Name, st.toldOverride(o)),
			}
		}}, nil
	})
	return err
}

func checkOverride(in wire.BusinessHoursOverrideBase) error {
	var c fault.Collector
	oneOf(&c, "DeliveryType", in.DeliveryType)
	oneOf(&c, "Type", in.Type)
	length := in.EndTime.Sub(in.StartTime.Time)
	switch {
	case in.StartTime.Year() < 2000 || in.StartTime.Year() > 2200:
		c.Add("StartTime", "%s is not a time that a store could mean", in.StartTime.Format())
	case length <= 0:
		c.Add("EndTime", "must be after StartTime")
	case length > longestOverride:
		c.Add("EndTime", "an exception lasts %d days at most: change the weekly hours instead", int(longestOverride.Hours()/24))
	}
	return c.Err()
}

// oneOf faults a member of an enumeration that is missing or none of its values.
func oneOf[T interface {
	~string
	Values() []string
}](c *fault.Collector, name string, v *T) {
	values := T("").Values()
	if v == nil || !slices.Contains(values, string(*v)) {
		c.Add(name, "%.40q is none of %s", string(wire.V(v)), strings.Join(values, ", "))
	}
}

// toldOverride is an exception for people, in the store's time.
func (s *Store) toldOverride(o wire.BusinessHoursOverride) string {
	const layout = "2 January 2006, 15:04"
	what := map[wire.BusinessHoursOverrideType]string{
		wire.BusinessHoursOverrideTypeOpen: "open", wire.BusinessHoursOverrideTypeClosed: "closed",
		wire.BusinessHoursOverrideTypeClosedAllowPreOrders: "closed, orders for later taken",
	}[o.Type]
	return fmt.Sprintf("%s from %s to %s", what, o.StartTime.In(s.loc).Format(layout), o.EndTime.In(s.loc).Format(layout))
}
