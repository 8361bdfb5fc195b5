package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// maxPreOrderTimes bounds a list of times, whatever the settings ask for.
const maxPreOrderTimes = 2000

// PreOrderPreview lists the times that a diner could choose from now if the settings were as given; what is nil is as it
// is stored.
func (s *Stores) PreOrderPreview(ctx context.Context, c *account.Caller, id int, dt wire.DeliveryType, cfg wire.PreOrderConfig) ([]wire.PreOrderTime, error) {
	st, err := s.Get(ctx, c, id)
	if err != nil {
		return nil, err
	}
	brand, err := s.accounts.Brand(ctx, st.Brand)
	if err != nil {
		return nil, err
	}
	if err := checkPreOrder(cfg, func(member string) string { return "preOrderConfig." + strings.ToLower(member[:1]) + member[1:] }); err != nil {
		return nil, err
	}
	return st.PreOrderTimes(completed(cfg, st.PreOrderConfig(dt)), dt, brand.Now()), nil
}

// SetPreOrder changes how pre-orders of a delivery type work. Members that are nil stay, but for the cut-off times, whose
// nil is the way to have none.
func (s *Stores) SetPreOrder(ctx context.Context, c *account.Caller, id int, dt wire.DeliveryType, in wire.PreOrderConfig) error {
	if err := checkPreOrder(in, func(member string) string { return member }); err != nil {
		return err
	}
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		cfg := completed(in, doc.PreOrder[dt])
		cfg.CutOffTimePreviousDayBasic, cfg.CutOffTimeCurrentDayBasic = cutOffTime(in.CutOffTimePreviousDayBasic), cutOffTime(in.CutOffTimeCurrentDayBasic)
		return doc.setPreOrder(c, dt, cfg), nil
	})
	return err
}

// setPreOrder sets the settings of a delivery type and with them its lead time, of which there is one.
func (d *document) setPreOrder(c *account.Caller, dt wire.DeliveryType, cfg wire.PreOrderConfig) []eventOf {
	old := d.PreOrder[dt]
	if reflect.DeepEqual(old, cfg) {
		return nil
	}
	d.PreOrder[dt] = cfg
	d.LeadTimes[dispatchOf(dt)] = wire.V(cfg.LeadTimeMinutes)
	return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
		return &wire.StorePreOrderConfigUpdatedEvent{
			EventBase: base, StoreId: st.ID, User: c.EventUser(), PreOrderConfig: &cfg, OldPreOrderConfig: &old,
			Description: fmt.Sprintf("%s changed the rules for %s orders ahead of time at the store %s.", c.EventName(), strings.ToLower(string(dt)), st.Name),
		}
	}}
}

// EnablePreOrders switches orders for later on or off for a delivery type.
func (s *Stores) EnablePreOrders(ctx context.Context, c *account.Caller, id int, dt wire.DeliveryType, enabled bool) error {
	_, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		w := &doc.Store
		if old.TakesPreOrders(dt) == enabled {
			return nil, nil
		}
		if dt == wire.DeliveryTypeDelivery {
			w.PreOrderDeliveryEnabled = enabled
		} else {
			w.PreOrderPickupEnabled = enabled
		}
		w.PreOrderEnabled = w.PreOrderPickupEnabled || w.PreOrderDeliveryEnabled
		what := map[bool]string{true: "takes", false: "takes no"}[enabled]
		return []eventOf{updated(c, "changed the store %s: it %s %s orders ahead of time", what, strings.ToLower(string(dt)))}, nil
	})
	return err
}

func checkPreOrder(cfg wire.PreOrderConfig, name func(member string) string) error {
	var c fault.Collector
	between(&c, name("LeadTimeMinutes"), cfg.LeadTimeMinutes, 0, maxLeadMinutes)
	between(&c, name("IntervalMinutes"), cfg.IntervalMinutes, 5, 24*60)
	between(&c, name("MaxOrderAheadDays"), cfg.MaxOrderAheadDays, 0, 60)
	timeOfDay(&c, name("CutOffTimePreviousDayBasic"), cfg.CutOffTimePreviousDayBasic)
	timeOfDay(&c, name("CutOffTimeCurrentDayBasic"), cfg.CutOffTimeCurrentDayBasic)
	if cfg.PreOrderTimeDisplayType != nil {
		oneOf(&c, name("PreOrderTimeDisplayType"), cfg.PreOrderTimeDisplayType)
	}
	return c.Err()
}

// completed fills what is nil in settings from others.
func completed(cfg, from wire.PreOrderConfig) wire.PreOrderConfig {
	given, kept := reflect.ValueOf(&cfg).Elem(), reflect.ValueOf(from)
	for i := range given.NumField() {
		if given.Field(i).IsNil() {
			given.Field(i).Set(kept.Field(i))
		}
	}
	return cfg
}

// cutOffTime writes a time of day in full; an empty one is none.
func cutOffTime(text *string) *string {
	seconds, ok := parseTimeSpan(wire.V(text))
	if !ok {
		return nil
	}
	full := timeSpan(seconds)
	return &full
}

func between(c *fault.Collector, name string, v *int, least, most int) {
	if v != nil && (*v < least || *v > most) {
		c.Add(name, "%d is not between %d and %d", *v, least, most)
	}
}

func timeOfDay(c *fault.Collector, name string, v *string) {
	if n, ok := parseTimeSpan(wire.V(v)); wire.V(v) != "" && (!ok || n >= day) {
		c.Add(name, "%.20q is not a time of day: write it as 16:00:00", *v)
	}
}

// PreOrderTimes are the times that a diner can choose from at now under given settings, which need not be the stored
// ones: the slots that are not closed for one of the reasons that settings and hours have. Whether the store takes
// pre-orders, is paused, is busy or is full is left out.
func (s *Store) PreOrderTimes(cfg wire.PreOrderConfig, dt wire.DeliveryType, now time.Time) []wire.PreOrderTime {
	out := []wire.PreOrderTime{}
	for slot := range s.preview(cfg, dt, now).slots(now, nil) {
		if slot.Reason != NoReason && slot.Reason != Full {
			continue
		}
		if out = append(out, wire.PreOrderTime{StartTime: wire.At(slot.Start), EndTime: wire.At(slot.End)}); len(out) == maxPreOrderTimes {
			break
		}
	}
	if wire.V(cfg.PreOrderTimeDisplayType) == wire.PreOrderTimeDisplayTypeDayOnly {
		return s.days(out)
	}
	return out
}

// days joins the times of each local day into one.
func (s *Store) days(times []wire.PreOrderTime) []wire.PreOrderTime {
	var out []wire.PreOrderTime
	for _, t := range times {
		n := len(out)
		if n > 0 && s.midnight(out[n-1].StartTime.Time, 0).Equal(s.midnight(t.StartTime.Time, 0)) {
			out[n-1].EndTime = t.EndTime
			continue
		}
		out = append(out, t)
	}
	return slices.Clip(out)
}
