package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/internal/fault"
	"comanda/wire"
)

const day = 24 * 60 * 60 // seconds on a wall clock

// Span is one opening of a weekday on the wall clock: from Start seconds after midnight, for Period seconds, so that it
// may reach into the next day. Both count wall time: 22:00 for 6 h closes at 04:00 on every night of the year.
type Span struct{ Start, Period int }

// Week is the weekly opening hours of one delivery type, or the times of a menu section, by time.Weekday. A day without
// a span is closed.
type Week [7][]Span

// Interval is an opening as instants: Start is in it, End is not.
type Interval struct{ Start, End time.Time }

// Contains reports whether t is in the interval.
func (i Interval) Contains(t time.Time) bool { return !t.Before(i.Start) && t.Before(i.End) }

// Intervals returns the openings that touch [from, to], in order, those that meet joined into one. Openings are whole:
// the first may begin before from (by three days at most) and the last may end after to.
//
// Wall times become instants by one rule. A time that the clock skips is the instant of the skip. A time that the clock
// shows twice opens at the first and closes at the second, so a store never closes before the time on its door.
func (w Week) Intervals(from, to time.Time, loc *time.Location) []Interval {
	y, m, d := from.In(loc).Date()
	last := to.In(loc).AddDate(0, 0, 1)
	var out []Interval
	for i := -2; ; i++ {
		date := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC) // a calendar date; its zone means nothing
		ly, lm, ld := last.Date()
		if date.After(time.Date(ly, lm, ld, 0, 0, 0, 0, time.UTC)) {
			break
		}
		for _, s := range w[date.Weekday()] {
			open, _ := instants(date, s.Start, loc)
			_, shut := instants(date, s.Start+s.Period, loc)
			if open.Before(shut) {
				out = append(out, Interval{open, shut})
			}
		}
	}
	return slices.DeleteFunc(join(out), func(i Interval) bool { return !i.End.After(from) || i.Start.After(to) })
}

// Covers reports whether the week is open at t.
func (w Week) Covers(t time.Time, loc *time.Location) bool {
	for _, i := range w.Intervals(t, t, loc) {
		if i.Contains(t) {
			return true
		}
	}
	return false
}

// instants returns the first and the last instant at which a wall clock in loc shows date + seconds.
func instants(date time.Time, seconds int, loc *time.Location) (first, last time.Time) {
	wall := date.Unix() + int64(seconds) // as if loc were UTC
	_, before := time.Unix(wall-15*3600, 0).In(loc).Zone()
	_, after := time.Unix(wall+15*3600, 0).In(loc).Zone()
	early, late := time.Unix(wall-int64(before), 0).UTC(), time.Unix(wall-int64(after), 0).UTC()
	if before == after {
		return early, early
	}
	_, e := early.In(loc).Zone()
	_, l := late.In(loc).Zone()
	switch {
	case e == before && l == after: // shown twice, or the same instant
		return early, late
	case e == before:
		return early, early
	case l == after:
		return late, late
	default: // skipped: early stands behind the skip by the length of it
		skip, _ := early.In(loc).ZoneBounds()
		return skip.UTC(), skip.UTC()
	}
}

// join sorts intervals and joins those that overlap or meet.
func join(in []Interval) []Interval {
	slices.SortFunc(in, func(a, b Interval) int { return a.Start.Compare(b.Start) })
	var out []Interval
	for _, i := range in {
		if n := len(out); n > 0 && !i.Start.After(out[n-1].End) {
			if i.End.After(out[n-1].End) {
				out[n-1].End = i.End
			}
			continue
		}
		out = append(out, i)
	}
	return out
}

// subtract cuts one interval out of others.
func subtract(in []Interval, cut Interval) []Interval {
	var out []Interval
	for _, i := range in {
		if !cut.Start.Before(i.End) || !i.Start.Before(cut.End) {
			out = append(out, i)
			continue
		}
		if i.Start.Before(cut.Start) {
			out = append(out, Interval{i.Start, cut.Start})
		}
		if cut.End.Before(i.End) {
			out = append(out, Interval{cut.End, i.End})
		}
	}
	return out
}

var weekdays = []wire.DayOfWeek{
	wire.DayOfWeekSunday, wire.DayOfWeekMonday, wire.DayOfWeekTuesday, wire.DayOfWeekWednesday,
	wire.DayOfWeekThursday, wire.DayOfWeekFriday, wire.DayOfWeekSaturday,
}

// ParseWeek reads the contract's list of days; path names the list in faults. A day that is not listed is closed.
func ParseWeek(days []wire.BusinessHoursPeriod, path string) (Week, error) {
	var w Week
	var c fault.Collector
	seen := map[wire.DayOfWeek]bool{}
	for i, p := range days {
		at := fmt.Sprintf("%s[%d].", path, i)
		name := wire.V(p.DayOfWeek)
		d := slices.Index(weekdays, name)
		switch {
		case d < 0:
			c.Add(at+"DayOfWeek", "%q is not a day: write Sunday, Monday …", name)
		case seen[name]:
			c.Add(at+"DayOfWeek", "%s stands here twice: put its second opening into StartTimeEarly and PeriodEarly", name)
		default:
			seen[name] = true
			w[d] = parseDay(p.StartTime, p.Period, p.StartTimeEarly, p.PeriodEarly, at, &c)
		}
	}
	return w, c.Err()
}

// parseDay reads the one or two openings of a day; a Period of nothing or zero is no opening.
func parseDay(start, period, startEarly, periodEarly *string, at string, c *fault.Collector) []Span {
	var spans []Span
	for _, f := range []struct {
		suffix        string
		start, period *string
	}{{"Early", startEarly, periodEarly}, {"", start, period}} {
		p, ok := parseTimeSpan(wire.V(f.period))
		if f.period != nil && !ok {
			c.Add(at+"Period"+f.suffix, "%.20q is not a duration: write hours and minutes such as 08:30:00, 1.00:00:00 at most", *f.period)
		}
		if p == 0 {
			continue
		}
		s, ok := parseTimeSpan(wire.V(f.start))
		if !ok || s >= day {
			c.Add(at+"StartTime"+f.suffix, "%.20q is not a time of day: write it as 09:00:00", wire.V(f.start))
			continue
		}
		spans = append(spans, Span{s, p})
	}
	if len(spans) == 2 && spans[0].Start+spans[0].Period > spans[1].Start {
		c.Add(at+"PeriodEarly", "the early opening reaches into the late one: end it by %s", timeSpan(spans[1].Start))
	}
	return spans
}

// Wire writes the week as the contract does: seven days from Sunday on, a closed one without times.
func (w Week) Wire() []wire.BusinessHoursPeriod {
	out := make([]wire.BusinessHoursPeriod, 7)
	for d := range w {
		out[d] = wireDay(time.Weekday(d), w[d])
	}
	return out
}

// wireDay writes one day. With two spans the first is Early; a single one is Late, whose times are the plain StartTime
// and Period.
func wireDay(d time.Weekday, spans []Span) wire.BusinessHoursPeriod {
	name := weekdays[d]
	p := wire.BusinessHoursPeriod{DayOfWeek: &name, Ranges: []wire.Range{}}
	for _, s := range spans {
		p.Ranges = append(p.Ranges, wire.Range{StartTime: timeSpan(s.Start), Period: timeSpan(s.Period), DayOfWeek: name})
	}
	n := len(spans)
	if n > 0 {
		late := p.Ranges[n-1]
		p.Late, p.StartTime, p.Period = &late, &late.StartTime, &late.Period
	}
	if n > 1 {
		early := p.Ranges[0]
		p.Early, p.StartTimeEarly, p.PeriodEarly = &early, &early.StartTime, &early.Period
	}
	return p
}

// timeSpan writes seconds as the contract's time of day or duration. A whole day is 1.00:00:00, because readers of that
// format take 24:00:00 for 24 days.
func timeSpan(seconds int) string {
	t := fmt.Sprintf("%02d:%02d:%02d", seconds%day/3600, seconds%3600/60, seconds%60)
	if seconds >= day {
		t = strconv.Itoa(seconds/day) + "." + t
	}
	return t
}

// ParseClock reads a time of day as HH:MM[:SS], in seconds after midnight; 24:00 is the end of the day.
func ParseClock(s string) (seconds int, ok bool) { return parseTimeSpan(s) }

// FormatClock writes seconds after midnight as the contract's time of day.
func FormatClock(seconds int) string { return timeSpan(seconds) }

// parseTimeSpan reads [d.]HH:MM[:SS[.fraction]]; 24:00 is a whole day.
func parseTimeSpan(s string) (int, bool) {
	days := 0
	clock := s
	if head, rest, ok := strings.Cut(s, "."); ok && !strings.Contains(head, ":") {
		n, ok := number(head, 1)
		if !ok {
			return 0, false
		}
		days, clock = n, rest
	}
	clock, fraction, dotted := strings.Cut(clock, ".")
	if dotted && strings.Trim(fraction, "0") != "" {
		return 0, false
	}
	parts := strings.Split(clock, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	seconds := days * day
	for i, limit := range []int{24, 59, 59}[:len(parts)] {
		n, ok := number(parts[i], limit)
		if !ok {
			return 0, false
		}
		seconds += n * []int{3600, 60, 1}[i]
	}
	return seconds, seconds <= day
}

// number reads one or two digits up to a limit.
func number(s string, limit int) (int, bool) {
	if s == "" || len(s) > 2 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= limit
}
