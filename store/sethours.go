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

// SetHours sets the opening hours of some weekdays for a delivery type: for each day one or two openings, or none to
// close it. It returns those days as they are then. A day that stays as it was makes no event.
func (s *Stores) SetHours(
	ctx context.Context, c *account.Caller, id int, dt wire.DeliveryType, days ...wire.BusinessHoursPeriodBase,
) ([]wire.BusinessHoursPeriod, error) {
	var faults fault.Collector
	set := make([]wire.BusinessHoursPeriod, 7)
	for _, d := range days {
		n := slices.Index(weekdays, wire.V(d.DayOfWeek))
		if n < 0 {
			faults.Add("DayOfWeek", "%q is not a day of the week: write Sunday, Monday …", wire.V(d.DayOfWeek))
			continue
		}
		set[n] = wireDay(time.Weekday(n), parseDay(d.StartTime, d.Period, d.StartTimeEarly, d.PeriodEarly, "", &faults))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	st, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		week := doc.Store.PickupHours
		if dt == wire.DeliveryTypeDelivery {
			week = doc.Store.DeliveryHours
		}
		var events []eventOf
		for n, day := range set {
			if day.DayOfWeek == nil || reflect.DeepEqual(day, week[n]) {
				continue
			}
			before := week[n]
			week[n] = day
			events = append(events, func(st *Store, base wire.EventBase) wire.Event {
				return &wire.StoreOpeningHoursUpdatedEvent{
					EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(),
					DeliveryType: dt, DeliveryTypeString: wire.DeliveryTypeString(dt),
					BusinessHoursPeriodOld: &before, BusinessHoursPeriod: &day,
					Description: fmt.Sprintf("%s changed the %s hours of the store %s on %s from %s to %s.",
						c.EventName(), strings.ToLower(string(dt)), st.Name, *day.DayOfWeek, told(before), told(day)),
				}
			})
		}
		return events, nil
	})
	if err != nil {
		return nil, err
	}
	var out []wire.BusinessHoursPeriod
	for n, day := range set {
		if day.DayOfWeek != nil {
			out = append(out, st.Hours(dt)[n])
		}
	}
	return out, nil
}

// told is a day's hours for people: 09:00–12:00 and 17:00–23:00, around the clock, or closed.
func told(p wire.BusinessHoursPeriod) string {
	var parts []string
	for _, r := range p.Ranges {
		start, _ := parseTimeSpan(r.StartTime)
		length, _ := parseTimeSpan(r.Period)
		if length == day {
			return "around the clock"
		}
		parts = append(parts, timeSpan(start)[:5]+"–"+timeSpan((start + length) % day)[:5])
	}
	if len(parts) == 0 {
		return "closed"
	}
	return strings.Join(parts, " and ")
}
