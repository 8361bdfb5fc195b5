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

const (
	maxCapacityPeriods = 200  // of a delivery type
	maxCapacity        = 9999 // orders an interval
)

// Capacity is how many orders of a delivery type a store takes an interval, by periods of the week. Outside them there is
// no limit. The interval is that of pre-orders.
func (s *Stores) Capacity(ctx context.Context, c *account.Caller, appID string, id int, dt wire.DeliveryType) (*wire.StoreOrderCapacityConfig, error) {
	st, err := s.Get(ctx, c, id)
	if err == nil && st.AppID != appID {
		err = notFound(id)
	}
	if err != nil {
		return nil, err
	}
	return &wire.StoreOrderCapacityConfig{
		StoreId: id, DeliveryType: dt, StoreIntervalInMinutes: wire.V(st.PreOrderConfig(dt).IntervalMinutes),
		OrderCapacityPeriods: append([]wire.StoreOrderCapacityPeriod{}, st.doc.Capacity[dt]...),
	}, nil
}

// SetCapacity replaces the limits of a delivery type; none takes them away.
func (s *Stores) SetCapacity(ctx context.Context, c *account.Caller, appID string, id int, dt wire.DeliveryType, periods []wire.StoreOrderCapacityPeriod) error {
	periods, err := checkCapacity(periods)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		if old.AppID != appID {
			return nil, notFound(id)
		}
		if len(periods) == len(doc.Capacity[dt]) && (len(periods) == 0 || reflect.DeepEqual(periods, doc.Capacity[dt])) {
			return nil, nil
		}
		if doc.Capacity == nil {
			doc.Capacity = map[wire.DeliveryType][]wire.StoreOrderCapacityPeriod{}
		}
		doc.Capacity[dt] = periods
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.OrderCapacityConfigUpdatedEvent{
				EventBase: base, StoreId: st.ID, User: c.EventUser(),
				OrderCapacityConfig: &wire.StoreOrderCapacityConfigEditModel{OrderCapacityPeriods: periods},
				Description:         fmt.Sprintf("%s changed how many %s orders the store %s takes at a time.", c.EventName(), strings.ToLower(string(dt)), st.Name),
			}
		}}, nil
	})
	return err
}

// checkCapacity returns the periods in the order of the week. A period ends on the day that it begins, at 24:00 at the
// latest, and no two of them meet.
func checkCapacity(periods []wire.StoreOrderCapacityPeriod) ([]wire.StoreOrderCapacityPeriod, error) {
	var c fault.Collector
	if len(periods) > maxCapacityPeriods {
		c.Add("OrderCapacityPeriods", "%d periods are allowed, these are %d", maxCapacityPeriods, len(periods))
		return nil, c.Err()
	}
	for i, p := range periods {
		at := fmt.Sprintf("OrderCapacityPeriods[%d].", i)
		oneOf(&c, at+"DayOfTheWeek", p.DayOfTheWeek)
		for _, n := range []struct {
			name string
			v    *int
			most int
		}{
			{"MaxOrderNumberPerStoreInterval", p.MaxOrderNumberPerStoreInterval, maxCapacity},
			{"PeriodStartHour", p.PeriodStartHour, 23},
			{"PeriodStartMinutes", p.PeriodStartMinutes, 59},
			{"PeriodEndHour", p.PeriodEndHour, 24},
			{"PeriodEndMinutes", p.PeriodEndMinutes, 59},
		} {
			if n.v == nil {
				c.Add(at+n.name, "is needed: from 0 to %d", n.most)
			}
			between(&c, at+n.name, n.v, 0, n.most)
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	sorted := slices.SortedFunc(slices.Values(periods), func(a, b wire.StoreOrderCapacityPeriod) int {
		x, _ := minutesOfWeek(a)
		y, _ := minutesOfWeek(b)
		return x - y
	})
	last := 0
	for _, p := range sorted {
		start, end := minutesOfWeek(p)
		midnight := start - start%(24*60) + 24*60
		switch {
		case end <= start || end > midnight:
			c.Add("OrderCapacityPeriods", "a period on %s must end after it begins, at 24:00 at the latest", *p.DayOfTheWeek)
		case start < last:
			c.Add("OrderCapacityPeriods", "the periods on %s overlap", *p.DayOfTheWeek)
		}
		last = end
	}
	return sorted, c.Err()
}

// minutesOfWeek are the bounds of a period, in minutes since Sunday began on the wall clock.
func minutesOfWeek(p wire.StoreOrderCapacityPeriod) (start, end int) {
	day := slices.Index(weekdays, wire.DayOfWeek(*p.DayOfTheWeek)) * int(24*time.Hour/time.Minute)
	return day + *p.PeriodStartHour*60 + *p.PeriodStartMinutes, day + *p.PeriodEndHour*60 + *p.PeriodEndMinutes
}

// limit is a period of the week with a limit, in minutes since Sunday began on the wall clock.
type limit struct{ start, end, most int }

func limitsOf(periods []wire.StoreOrderCapacityPeriod) []limit {
	out := make([]limit, len(periods))
	for i, p := range periods {
		start, end := minutesOfWeek(p)
		out[i] = limit{start, end, *p.MaxOrderNumberPerStoreInterval}
	}
	return out
}

// most is how many orders are taken for the slot that begins at t.
func (s *Store) most(dt wire.DeliveryType, t time.Time) int {
	limits := s.limits[dt]
	if len(limits) == 0 {
		return Unlimited
	}
	local := t.In(s.loc)
	minute := int(local.Weekday())*24*60 + local.Hour()*60 + local.Minute()
	i, _ := slices.BinarySearchFunc(limits, minute, func(l limit, m int) int { return l.end - m - 1 })
	if i < len(limits) && limits[i].start <= minute {
		return limits[i].most
	}
	return Unlimited
}

// Limited reports whether there are times for which the store takes a limited number of orders of a delivery type.
func (s *Store) Limited(dt wire.DeliveryType) bool { return len(s.limits[dt]) > 0 }
