package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/wire"
)

var slotZones = append(slices.Clone(dstZones), "Asia/Kolkata", "Africa/Cairo") // without changes; with one at midnight

const pickup = wire.DeliveryTypePickup

// drawStore is a store near a change of its clocks, with exceptions, limits and a busy time, and a moment of it.
func drawStore(t *rapid.T, loc *time.Location) (*Store, time.Time) {
	year := time.Date(2026, 1, 1, 0, 0, 0, 0, loc)
	change := year.AddDate(0, 2, 0)
	for range rapid.IntRange(1, 2).Draw(t, "change of the year") {
		if _, next := change.ZoneBounds(); !next.IsZero() {
			change = next
		}
	}
	minutes := func(from, to int, name string) time.Duration {
		return time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Minute
	}
	now := change.Add(-minutes(-12*60, 2*24*60, "before")).UTC()
	w := drawWeek(t)
	if rapid.Bool().Draw(t, "around the clock") {
		for d := range w {
			w[d] = []Span{{0, day}}
		}
	}
	s := &Store{loc: loc, hours: map[wire.DeliveryType]Week{pickup: w}, limits: map[wire.DeliveryType][]limit{}}
	s.doc.Store.PreOrderPickupEnabled, s.doc.Store.OpenForPickup = true, true
	s.doc.Overrides = drawOverrides(t, now)
	for d := range rapid.IntRange(0, 7).Draw(t, "limited days") {
		start := rapid.IntRange(0, 23).Draw(t, "limited from") * 60
		end := rapid.IntRange(start+1, 24*60).Draw(t, "limited to")
		s.limits[pickup] = append(s.limits[pickup], limit{d*24*60 + start, d*24*60 + end, rapid.IntRange(0, 2).Draw(t, "most")})
	}
	s.doc.PreOrder = map[wire.DeliveryType]wire.PreOrderConfig{pickup: {
		LeadTimeMinutes:   wire.P(rapid.IntRange(0, 90).Draw(t, "lead")),
		IntervalMinutes:   wire.P(rapid.SampledFrom([]int{5, 15, 30, 45, 50, 90, 1440}).Draw(t, "interval")),
		MaxOrderAheadDays: wire.P(rapid.IntRange(0, 3).Draw(t, "days")), IncludeAsap: wire.P(rapid.Bool().Draw(t, "asap")),
		IncludeMoreGranularInitialTime: wire.P(rapid.Bool().Draw(t, "finer")),
	}}
	if rapid.Bool().Draw(t, "cut off") {
		cfg := s.doc.PreOrder[pickup]
		cfg.CutOffTimeCurrentDayBasic = wire.P(timeSpan(rapid.IntRange(0, 24).Draw(t, "hour") * 3600))
		s.doc.PreOrder[pickup] = cfg
	}
	s.doc.Rests = map[wire.DeliveryType]rest{pickup: {
		BusyUntil: now.Add(minutes(-60, 180, "busy")), ExtraMinutes: rapid.IntRange(0, 60).Draw(t, "extra"),
	}}
	if rapid.IntRange(0, 3).Draw(t, "paused") == 0 {
		r := s.doc.Rests[pickup]
		r.PausedUntil = now.Add(minutes(-60, 180, "paused until"))
		s.doc.Rests[pickup] = r
	}
	return s, now
}

// inEachZone checks a property of a store in each zone.
func inEachZone(t *testing.T, property func(t *rapid.T, s *Store, now time.Time)) {
	t.Helper()
	for _, name := range slotZones {
		loc := zoneOrDie(t, name)
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s, now := drawStore(t, loc)
				property(t, s, now)
			})
		})
	}
}

func listed(s *Store, now time.Time, booked ...time.Time) []Slot {
	return slices.Collect(s.Slots(pickup, now, now, booked))
}

// A slot that can be booked lies within the hours, a whole interval long but for the last before the midnight of a store
// that stays open, as soon as the order can be ready and not further ahead than it may be. Slots are in order and apart, and
// none shows on the wall twice but where the clock does.
func TestSlotsLieWithinTheHours(t *testing.T) {
	inEachZone(t, func(t *rapid.T, s *Store, now time.Time) {
		cfg := s.PreOrderConfig(pickup)
		step := time.Duration(*cfg.IntervalMinutes) * time.Minute
		openings := s.Openings(now, now.AddDate(0, 0, 6), pickup)
		seen := map[string]time.Time{}
		var last Slot
		for i, slot := range listed(s, now) {
			finer := wire.V(cfg.IncludeMoreGranularInitialTime) && slot.counted != slot.Interval
			if slot.Start.Before(now) || !slot.Start.Before(s.midnight(now, 1+*cfg.MaxOrderAheadDays)) || !slot.Start.Before(slot.End) {
				t.Fatalf("%v at %s", slot, now)
			}
			if i > 0 && slot.Start.Before(last.End) && last.counted == last.Interval && !finer {
				t.Fatalf("%v begins within %v", slot, last)
			}
			last = slot
			within := slices.ContainsFunc(openings, func(o Interval) bool { return o.Contains(slot.Start) && !slot.End.After(o.End) })
			if closed := slot.Reason == Closed; !within && !closed || within && closed && s.Refuses(pickup, now) != Closed {
				t.Fatalf("%v, openings %v", slot, openings)
			}
			if length := slot.End.Sub(slot.Start); length != step && (length > step || !s.midnight(slot.End, 0).Equal(slot.End)) {
				t.Fatalf("%v is %s long", slot, length)
			}
			if slot.Reason == NoReason && slot.Start.Before(now.Add(s.LeadTime(pickup))) {
				t.Fatalf("%v is too soon at %s", slot, now)
			}
			wall := slot.Start.In(s.loc).Format(time.DateTime)
			if first, again := seen[wall]; again && !twice(first, s.loc) && !finer {
				t.Fatalf("%s is there twice", wall)
			}
			seen[wall] = slot.Start
		}
	})
}

// A slot begins and ends at the same instants whenever it is asked for.
func TestSlotsDoNotMoveWithTheTimeOfAsking(t *testing.T) {
	inEachZone(t, func(t *rapid.T, s *Store, now time.Time) {
		later := now.Add(time.Duration(rapid.IntRange(1, 36*60).Draw(t, "later")) * time.Minute)
		until := s.midnight(now, 1+*s.PreOrderConfig(pickup).MaxOrderAheadDays)
		bounds := func(at time.Time) (out []string) {
			for _, slot := range listed(s, at) {
				if slot.counted == slot.Interval && !slot.Start.Before(later) && slot.Start.Before(until) {
					out = append(out, fmt.Sprint(slot.Interval, slot.Most))
				}
			}
			return out
		}
		if was, is := bounds(now), bounds(later); !slices.Equal(was, is) {
			t.Fatalf("at %s\n%s\nat %s\n%s", now, strings.Join(was, "\n"), later, strings.Join(is, "\n"))
		}
		page := slices.Collect(s.Slots(pickup, now, later, nil))
		if all := listed(s, now); !slices.Equal(page, slices.DeleteFunc(all, func(x Slot) bool { return x.Start.Before(later) })) {
			t.Fatalf("from %s: %s, of %s", later, shown(s, page), shown(s, all))
		}
	})
}

// What is listed as free is taken when it is ordered, and what is not listed is not: the list and the judgement of one time
// are one function.
func TestAnOrderIsTakenForWhatIsListedAsFree(t *testing.T) {
	inEachZone(t, func(t *rapid.T, s *Store, now time.Time) {
		all := listed(s, now)
		refused := s.Refuses(pickup, now)
		for _, slot := range all {
			one := s.SlotFor(pickup, slot.Start, now)
			if refused != NoReason {
				if slot.Reason == NoReason {
					t.Fatalf("%v, although nothing is taken", slot)
				}
				continue
			}
			if one.Reason != slot.Counted(nil).Reason && slot.Reason != TooSoon && slot.Most != 0 || one.Most != slot.Most || one.Interval != slot.counted {
				t.Fatalf("listed %v, ordered %v", slot, one)
			}
		}
		at := now.Add(time.Duration(rapid.IntRange(-60, 5*24*60).Draw(t, "minute")) * time.Minute)
		one := s.SlotFor(pickup, at, now)
		if one.Reason != NoReason || refused != NoReason {
			return
		}
		if !s.OpenAt(at, pickup) || at.Before(s.Ready(pickup, now).Add(-grace)) {
			t.Fatalf("%s is taken: %v", at.In(s.loc), one)
		}
		if !one.Start.Before(now) && !slices.ContainsFunc(all, func(x Slot) bool { return x.Interval == one.Interval && x.Reason != Closed }) {
			t.Fatalf("%s is taken in %v, which is on no list", at.In(s.loc), one)
		}
	})
}

// A slot is full exactly when it has as many orders as it takes.
func TestSlotsAreFullWhenTheirOrdersAreCounted(t *testing.T) {
	inEachZone(t, func(t *rapid.T, s *Store, now time.Time) {
		var booked []time.Time
		for range rapid.IntRange(0, 40).Draw(t, "orders") {
			booked = append(booked, now.Add(time.Duration(rapid.IntRange(-60, 24*60).Draw(t, "for"))*time.Minute))
		}
		slices.SortFunc(booked, time.Time.Compare)
		empty := listed(s, now)
		for i, slot := range listed(s, now, booked...) {
			n := 0
			for _, b := range booked {
				if slot.counted.Contains(b) {
					n++
				}
			}
			free := empty[i]
			if free.Reason == Full {
				free.Reason = NoReason // it takes none at all
			}
			if full := slot.Most != Unlimited && n >= slot.Most; free.Reason == NoReason && (slot.Reason == Full) != full || free.Reason != NoReason && slot.Reason != free.Reason {
				t.Fatalf("%v with %d orders, without %v", slot, n, empty[i])
			}
		}
	})
}

// An order for as soon as possible is taken while the store is open and will be when it is ready. One that is placed later
// is never ready earlier.
func TestAsSoonAsPossibleIsWithinTheOpening(t *testing.T) {
	inEachZone(t, func(t *rapid.T, s *Store, now time.Time) {
		slot := s.SlotNow(pickup, now)
		ready := s.Ready(pickup, now)
		in := slices.ContainsFunc(s.Openings(now, ready, pickup), func(o Interval) bool { return o.Contains(now) && !ready.After(o.End) })
		if taken := slot.Reason == NoReason; taken != (in && *s.PreOrderConfig(pickup).IncludeAsap) {
			t.Fatalf("%v, open until it is ready: %v", slot, in)
		}
		later := now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "later")) * time.Minute)
		if s.Ready(pickup, later).Before(ready) || ready.Before(now.Add(s.LeadTime(pickup))) {
			t.Fatalf("placed at %s ready at %s, at %s at %s", now, ready, later, s.Ready(pickup, later))
		}
	})
}

// evening is a store in Dublin that is open from 17:30 to 20:30 each day, and Monday's midnight.
func evening(t *testing.T, cfg wire.PreOrderConfig) (*Store, time.Time) {
	t.Helper()
	s := &Store{loc: zoneOrDie(t, "Europe/Dublin"), hours: map[wire.DeliveryType]Week{}}
	var w Week
	for d := range w {
		w[d] = []Span{{17*3600 + 1800, 3 * 3600}}
	}
	s.hours[pickup] = w
	s.doc.Store.PreOrderPickupEnabled, s.doc.Store.OpenForPickup = true, true
	s.doc.PreOrder = map[wire.DeliveryType]wire.PreOrderConfig{pickup: completed(cfg, wire.PreOrderConfig{
		LeadTimeMinutes: wire.P(20), IntervalMinutes: wire.P(60), MaxOrderAheadDays: wire.P(1), IncludeAsap: wire.P(true),
	})}
	return s, time.Date(2026, 6, 1, 0, 0, 0, 0, s.loc)
}

func shown(s *Store, slots []Slot) string {
	var out []string
	for _, x := range slots {
		text := x.Start.In(s.loc).Format("2 15:04")
		if x.Reason != NoReason {
			text += " " + string(x.Reason)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestRegressionSlotsCountFromTheOpeningNotFromMidnight(t *testing.T) {
	s, monday := evening(t, wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)})
	if got := shown(s, listed(s, monday)); got != "1 17:30, 1 18:30, 1 19:30" {
		t.Error(got)
	}
	s.doc.Overrides = []wire.BusinessHoursOverride{{DeliveryType: pickup, Type: wire.BusinessHoursOverrideTypeOpen, StartTime: wire.At(monday.Add(17*time.Hour + 10*time.Minute)), EndTime: wire.At(monday.Add(18 * time.Hour))}}
	if got := shown(s, listed(s, monday)); got != "1 17:10, 1 18:10, 1 19:10" {
		t.Error("with an earlier opening:", got)
	}
}

func TestRegressionNoOrderAfterTheLast(t *testing.T) {
	s, monday := evening(t, wire.PreOrderConfig{})
	for _, c := range []struct {
		at   time.Duration
		want Reason
	}{
		{17*time.Hour + 29*time.Minute, Closed},
		{17*time.Hour + 30*time.Minute, NoReason},
		{20*time.Hour + 10*time.Minute, NoReason},
		{20*time.Hour + 10*time.Minute + time.Second, AfterLastOrder},
		{20*time.Hour + 30*time.Minute, Closed},
	} {
		if got := s.SlotNow(pickup, monday.Add(c.at)).Reason; got != c.want {
			t.Errorf("at %s: %q, want %q", c.at, got, c.want)
		}
	}
}

func TestRegressionAnOrderNearClosingDoesNotJumpToTheNextDay(t *testing.T) {
	s, monday := evening(t, wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)})
	now := monday.Add(20*time.Hour + 15*time.Minute)
	if got := shown(s, listed(s, now)); got != "" {
		t.Error("today only:", got)
	}
	if slot := s.SlotNow(pickup, now); slot.Reason != AfterLastOrder || !slot.Contains(now) {
		t.Errorf("as soon as possible is %v", slot)
	}
	tomorrow := monday.Add(42 * time.Hour)
	if got := s.SlotFor(pickup, tomorrow, now).Reason; got != TooFarAhead {
		t.Errorf("tomorrow is %q", got)
	}
}

func TestRegressionAPausedStoreReopensInTime(t *testing.T) {
	s, monday := evening(t, wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)})
	until := monday.Add(18 * time.Hour)
	s.doc.Rests = map[wire.DeliveryType]rest{pickup: {PausedUntil: until}}
	last := until.Add(-time.Microsecond)
	if s.Refuses(pickup, last) != Paused || s.Refuses(pickup, until) != NoReason {
		t.Errorf("%q before, %q at its end", s.Refuses(pickup, last), s.Refuses(pickup, until))
	}
	if got := shown(s, listed(s, last)); got != "1 18:30 Paused, 1 19:30 Paused" {
		t.Error(got)
	}
	if got := shown(s, listed(s, until)); got != "1 18:30, 1 19:30" {
		t.Error(got)
	}
	if at, ok := s.Resumes(pickup, last); !ok || !at.Equal(until) {
		t.Errorf("resumes at %s", at)
	}
	s.doc.Store.OpenForPickup = false
	if _, ok := s.Resumes(pickup, until); ok || s.Refuses(pickup, until) != Paused {
		t.Error("resumes although it is switched off")
	}
}

func TestReasonsOfClosedSlots(t *testing.T) {
	at := func(monday time.Time, hour, minute int) wire.Time {
		return wire.At(monday.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute))
	}
	for _, c := range []struct {
		name string
		cfg  wire.PreOrderConfig
		edit func(s *Store, monday time.Time)
		want string // on Monday at 18:05
	}{
		{"none", wire.PreOrderConfig{}, nil, "1 18:30, 1 19:30, 2 17:30, 2 18:30, 2 19:30"},
		{"needs longer", wire.PreOrderConfig{LeadTimeMinutes: wire.P(40)}, nil, "1 18:30 TooSoon, 1 19:30, 2 17:30, 2 18:30, 2 19:30"},
		{"busy", wire.PreOrderConfig{}, func(s *Store, monday time.Time) {
			s.doc.Rests = map[wire.DeliveryType]rest{pickup: {BusyUntil: at(monday, 20, 0).Time, ExtraMinutes: 10}}
		}, "1 18:30 TooSoon, 1 19:30, 2 17:30, 2 18:30, 2 19:30"},
		{"today is over for orders", wire.PreOrderConfig{CutOffTimeCurrentDayBasic: wire.P("12:00:00")}, nil, "1 18:30 CutOff, 1 19:30 CutOff, 2 17:30, 2 18:30, 2 19:30"},
		{"takes none for later", wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)}, func(s *Store, _ time.Time) { s.doc.Store.PreOrderPickupEnabled = false }, "1 18:30 PreOrdersOff, 1 19:30 PreOrdersOff"},
		{"closed for an hour", wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)}, func(s *Store, monday time.Time) {
			s.doc.Overrides = []wire.BusinessHoursOverride{{DeliveryType: pickup, Type: wire.BusinessHoursOverrideTypeClosed, StartTime: at(monday, 18, 30), EndTime: at(monday, 19, 30)}}
		}, "1 18:30 Closed, 1 19:30"},
		{"closed now, none for later", wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)}, func(s *Store, monday time.Time) {
			s.doc.Overrides = []wire.BusinessHoursOverride{{DeliveryType: pickup, Type: wire.BusinessHoursOverrideTypeClosed, StartTime: at(monday, 17, 30), EndTime: at(monday, 18, 30)}}
		}, "1 18:30 Closed, 1 19:30 Closed"},
		{"closed now, for later yes", wire.PreOrderConfig{MaxOrderAheadDays: wire.P(0)}, func(s *Store, monday time.Time) {
			s.doc.Overrides = []wire.BusinessHoursOverride{{DeliveryType: pickup, Type: wire.BusinessHoursOverrideTypeClosedAllowPreOrders, StartTime: at(monday, 17, 30), EndTime: at(monday, 18, 30)}}
		}, "1 18:30, 1 19:30"},
		{"limited", wire.PreOrderConfig{}, func(s *Store, _ time.Time) {
			s.limits = map[wire.DeliveryType][]limit{pickup: {{24*60 + 19*60, 24*60 + 20*60, 0}, {2*24*60 + 18*60, 2*24*60 + 19*60, 1}}}
		}, "1 18:30, 1 19:30 Full, 2 17:30, 2 18:30 Full, 2 19:30"},
	} {
		s, monday := evening(t, c.cfg)
		if c.edit != nil {
			c.edit(s, monday)
		}
		if got := shown(s, listed(s, at(monday, 18, 5).Time, at(monday, 42, 59).Time)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func BenchmarkSlots(b *testing.B) {
	s := &Store{loc: zoneOrDie(b, "Europe/Dublin"), hours: map[wire.DeliveryType]Week{}, limits: map[wire.DeliveryType][]limit{}}
	var w Week
	for d := range w {
		w[d] = []Span{{0, day}}
		for h := range 24 {
			s.limits[pickup] = append(s.limits[pickup], limit{(d*24 + h) * 60, (d*24 + h + 1) * 60, 9})
		}
	}
	s.hours[pickup] = w
	s.doc.Store.PreOrderPickupEnabled, s.doc.Store.OpenForPickup = true, true
	s.doc.PreOrder = map[wire.DeliveryType]wire.PreOrderConfig{pickup: {IntervalMinutes: wire.P(15), MaxOrderAheadDays: wire.P(7), CutOffTimeCurrentDayBasic: wire.P("10:00:00")}}
	now := time.Date(2026, 3, 27, 12, 3, 0, 0, s.loc)
	for b.Loop() {
		if n := len(listed(s, now)); n < 700 {
			b.Fatal(n)
		}
	}
}
