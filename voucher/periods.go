package voucher

import (
	"fmt"
	"slices"
	"time"

	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// maxPeriods is how many validity periods a voucher may have.
const maxPeriods = 50

var weekdays = wire.DayOfWeek("").Values() // from Sunday on, as time.Weekday counts

// day is the seconds of a day on the wall clock.
const day = 24 * 60 * 60

// weekOf reads validity periods that were checked when they came in. None is the whole week.
func weekOf(periods []wire.ValidityPeriod) (store.Week, error) {
	var c fault.Collector
	w := readPeriods(&c, periods)
	return w, c.Err()
}

// readPeriods reads and normalises validity periods: each is from StartTime to EndTime on the wall clock of the store, into
// the next day when it does not end after it starts.
func readPeriods(c *fault.Collector, periods []wire.ValidityPeriod) (w store.Week) {
	if len(periods) > maxPeriods {
		c.Add("ValidityPeriods", "at most %d are allowed", maxPeriods)
		return w
	}
	for i := range periods {
		p, at := &periods[i], fmt.Sprintf("ValidityPeriods[%d].", i)
		d := slices.Index(weekdays, string(wire.V(p.DayOfWeek)))
		if d < 0 {
			c.Add(at+"DayOfWeek", "%.20q is not a day: write Sunday, Monday …", wire.V(p.DayOfWeek))
		}
		start := readClock(c, at+"StartTime", wire.V(p.StartTime), day-1)
		end := readClock(c, at+"EndTime", wire.V(p.EndTime), day)
		if d < 0 || start < 0 || end < 0 {
			continue
		}
		p.StartTime, p.EndTime = wire.P(store.FormatClock(start)), wire.P(store.FormatClock(end%day))
		if end <= start {
			end += day
		}
		w[d] = append(w[d], store.Span{Start: start, Period: end - start})
	}
	return w
}

// readClock reads a time of day in seconds, -1 when it is none.
func readClock(c *fault.Collector, name, text string, last int) int {
	seconds, ok := store.ParseClock(text)
	if !ok || seconds > last {
		c.Add(name, "%.20q is not a time of day: write it as 09:00:00", text)
		return -1
	}
	return seconds
}

// holdsAt reports whether the weekly periods include a time, on a wall clock.
func (v *Voucher) holdsAt(t time.Time, loc *time.Location) bool {
	return len(v.doc.ValidityPeriods) == 0 || v.periods.Covers(t, loc)
}

// simplified makes the periods of a request that names days and one span of time.
func simplified(c *fault.Collector, in wire.SetVoucherValidityPeriodsSimplifiedRequest) []wire.ValidityPeriod {
	out := []wire.ValidityPeriod{}
	seen := map[wire.DaysOfWeek]bool{}
	for i, d := range in.DaysOfWeek {
		if !slices.Contains(weekdays, string(d)) {
			c.Add(fmt.Sprintf("DaysOfWeek[%d]", i), "%.20q is not a day: write Sunday, Monday …", d)
		}
		if seen[d] {
			continue
		}
		seen[d] = true
		out = append(out, wire.ValidityPeriod{DayOfWeek: wire.P(wire.DayOfWeek(d)), StartTime: in.StartTime, EndTime: in.EndTime})
	}
	if len(out) > 0 {
		readClock(c, "StartTime", wire.V(in.StartTime), day-1)
		readClock(c, "EndTime", wire.V(in.EndTime), day)
	}
	return out
}
