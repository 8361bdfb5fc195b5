package store

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/wire"
)

var dstZones = []string{"Europe/Dublin", "America/New_York", "Australia/Lord_Howe"}

func zoneOrDie(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// onTheWall reports whether the clock on the wall at t stands within an opening of the week: the plain reading of a
// sign on the door, and the oracle of the property test.
func onTheWall(w Week, t time.Time, loc *time.Location) bool {
	local := t.In(loc)
	sec := local.Hour()*3600 + local.Minute()*60 + local.Second()
	for _, s := range w[local.Weekday()] {
		if s.Start <= sec && sec < s.Start+s.Period {
			return true
		}
	}
	for _, s := range w[(local.Weekday()+6)%7] {
		if s.Start <= sec+day && sec+day < s.Start+s.Period {
			return true
		}
	}
	return false
}

// twice reports whether the wall clock shows the time of t at another instant as well.
func twice(t time.Time, loc *time.Location) bool {
	for _, d := range []time.Duration{30 * time.Minute, time.Hour} {
		for _, o := range []time.Time{t.Add(d), t.Add(-d)} {
			if o.In(loc).Format(time.DateTime) == t.In(loc).Format(time.DateTime) {
				return true
			}
		}
	}
	return false
}

func drawWeek(t *rapid.T) Week {
	var w Week
	for d := range w {
		n := rapid.IntRange(0, 2).Draw(t, "spans")
		at := 0
		for range n {
			start := rapid.IntRange(at/900, 95).Draw(t, "start") * 900
			length := rapid.IntRange(1, 96).Draw(t, "period") * 900
			if n == 2 && at == 0 {
				length = min(length, day-900-start)
			}
			if length <= 0 {
				break
			}
			w[d] = append(w[d], Span{start, length})
			if at = start + length; at >= day {
				break
			}
		}
	}
	return w
}

// A store is open exactly when the wall clock stands within its hours, but for the hour that the clock shows twice, when
// it may be open longer: it never closes before the time on its door.
func TestOpenFollowsTheWallClockThroughClockChanges(t *testing.T) {
	for _, name := range dstZones {
		loc := zoneOrDie(t, name)
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := drawWeek(t)
				year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				at := year.Add(time.Duration(rapid.IntRange(0, 365*24*4).Draw(t, "quarter")) * 15 * time.Minute)
				if rapid.Bool().Draw(t, "near a change") {
					_, change := at.In(loc).ZoneBounds()
					at = change.Add(time.Duration(rapid.IntRange(-3*24*4, 3*24*4).Draw(t, "off")) * 15 * time.Minute).UTC()
				}
				open, wall := w.Covers(at, loc), onTheWall(w, at, loc)
				if wall && !open {
					t.Fatalf("closed at %s although the sign says open: %v", at.In(loc), w)
				}
				if open && !wall && !twice(at, loc) {
					t.Fatalf("open at %s although the sign says closed: %v", at.In(loc), w)
				}
			})
		})
	}
}

// Openings are in order and apart, and the next opening is the first instant at which the store is open.
func TestNextOpeningIsTheFirstOpenInstant(t *testing.T) {
	for _, name := range dstZones {
		loc := zoneOrDie(t, name)
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := &Store{loc: loc, hours: map[wire.DeliveryType]Week{wire.DeliveryTypePickup: drawWeek(t)}}
				at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24*4).Draw(t, "quarter")) * 15 * time.Minute)
				_, change := at.In(loc).ZoneBounds()
				at = change.Add(time.Duration(rapid.IntRange(-2*24*4, 2*24*4).Draw(t, "off")) * 15 * time.Minute).UTC()
				s.doc.Overrides = drawOverrides(t, at)
				all := s.Openings(at, at.AddDate(0, 0, 7), wire.DeliveryTypePickup)
				for i, o := range all {
					if !o.Start.Before(o.End) || i > 0 && !all[i-1].End.Before(o.Start) {
						t.Fatalf("openings are not in order and apart: %v", all)
					}
				}
				next, ok := s.NextOpening(at, wire.DeliveryTypePickup)
				for x := at; x.Before(at.AddDate(0, 0, 7)) && (!ok || x.Before(next)); x = x.Add(15 * time.Minute) {
					if s.OpenAt(x, wire.DeliveryTypePickup) {
						t.Fatalf("open at %s, before the next opening %s (%v) from %s", x.In(loc), next.In(loc), ok, at.In(loc))
					}
				}
				if ok && !s.OpenAt(next, wire.DeliveryTypePickup) {
					t.Fatalf("closed at its next opening %s", next.In(loc))
				}
			})
		})
	}
}

func drawOverrides(t *rapid.T, at time.Time) []wire.BusinessHoursOverride {
	var out []wire.BusinessHoursOverride
	for range rapid.IntRange(0, 3).Draw(t, "overrides") {
		start := at.Add(time.Duration(rapid.IntRange(-96, 4*96).Draw(t, "from")) * 15 * time.Minute)
		out = append(out, wire.BusinessHoursOverride{
			DeliveryType: wire.DeliveryTypePickup, StartTime: wire.At(start),
			EndTime: wire.At(start.Add(time.Duration(rapid.IntRange(1, 2*96).Draw(t, "for")) * 15 * time.Minute)),
			Type:    rapid.SampledFrom([]wire.BusinessHoursOverrideType{wire.BusinessHoursOverrideTypeOpen, wire.BusinessHoursOverrideTypeClosed, wire.BusinessHoursOverrideTypeClosedAllowPreOrders}).Draw(t, "type"),
		})
	}
	return out
}

func TestClockChangesByName(t *testing.T) {
	at := func(loc *time.Location, s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x.In(loc)
	}
	for _, c := range []struct {
		name, zone string
		day        time.Weekday
		span       Span
		open, shut string // with their offsets
	}{
		{"Dublin skips 01:00 to 02:00: opening in it is the skip", "Europe/Dublin", time.Sunday, Span{90 * 60, 4 * 3600}, "2026-03-29T02:00:00+01:00", "2026-03-29T05:30:00+01:00"},
		{"Dublin skips 01:00 to 02:00: closing in it is the skip", "Europe/Dublin", time.Saturday, Span{20 * 3600, 5*3600 + 1800}, "2026-03-28T20:00:00Z", "2026-03-29T02:00:00+01:00"},
		{"Dublin shows 01:30 twice: opens at the first", "Europe/Dublin", time.Sunday, Span{90 * 60, 4 * 3600}, "2026-10-25T01:30:00+01:00", "2026-10-25T05:30:00Z"},
		{"Dublin shows 01:30 twice: closes at the second", "Europe/Dublin", time.Saturday, Span{20 * 3600, 5*3600 + 1800}, "2026-10-24T20:00:00+01:00", "2026-10-25T01:30:00Z"},
		{"New York, spring, over midnight", "America/New_York", time.Saturday, Span{22 * 3600, 6 * 3600}, "2026-03-07T22:00:00-05:00", "2026-03-08T04:00:00-04:00"},
		{"New York, autumn, over midnight", "America/New_York", time.Saturday, Span{22 * 3600, 6 * 3600}, "2026-10-31T22:00:00-04:00", "2026-11-01T04:00:00-05:00"},
		{"Lord Howe goes back by half an hour", "Australia/Lord_Howe", time.Sunday, Span{105 * 60, 3600}, "2026-04-05T01:45:00+11:00", "2026-04-05T02:45:00+10:30"},
		{"Lord Howe goes on by half an hour", "Australia/Lord_Howe", time.Sunday, Span{135 * 60, 3600}, "2026-10-04T02:30:00+11:00", "2026-10-04T03:15:00+11:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			loc := zoneOrDie(t, c.zone)
			var w Week
			w[c.day] = []Span{c.span}
			open, shut := at(loc, c.open), at(loc, c.shut)
			got := w.Intervals(open, open, loc)
			if len(got) != 1 || !got[0].Start.Equal(open) || !got[0].End.Equal(shut) {
				t.Fatalf("got %v, want %s to %s", got, open, shut)
			}
		})
	}
}

func TestAroundTheClockNeverCloses(t *testing.T) {
	var always Week
	for d := range always {
		always[d] = []Span{{0, day}}
	}
	for _, name := range dstZones {
		loc := zoneOrDie(t, name)
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, loc)
		got := always.Intervals(from, from.AddDate(1, 0, 0), loc)
		if len(got) != 1 || got[0].Start.After(from) || got[0].End.Before(from.AddDate(1, 0, 0)) {
			t.Fatalf("%s: %v", name, got)
		}
	}
}

func TestWeekOnTheWire(t *testing.T) {
	var w Week
	w[time.Monday] = []Span{{12 * 3600, 2 * 3600}, {18 * 3600, 8 * 3600}}
	w[time.Tuesday] = []Span{{0, day}}
	days := w.Wire()
	if len(days) != 7 || days[0].Late != nil || days[0].StartTime != nil || len(days[0].Ranges) != 0 {
		t.Fatalf("a closed day has no times: %+v", days[0])
	}
	mon, tue := days[1], days[2]
	if *mon.StartTimeEarly != "12:00:00" || *mon.PeriodEarly != "02:00:00" || *mon.StartTime != "18:00:00" || *mon.Period != "08:00:00" ||
		len(mon.Ranges) != 2 || mon.Early.StartTime != "12:00:00" || mon.Late.StartTime != "18:00:00" || *mon.DayOfWeek != wire.DayOfWeekMonday {
		t.Fatalf("%+v", mon)
	}
	if tue.Early != nil || *tue.StartTime != "00:00:00" || *tue.Period != "1.00:00:00" {
		t.Fatalf("%+v", tue)
	}
	back, err := ParseWeek(days, "Hours")
	if err != nil || !slices.EqualFunc(w[:], back[:], slices.Equal[[]Span]) {
		t.Fatalf("%v %v", back, err)
	}
}

func TestTimeSpans(t *testing.T) {
	for in, want := range map[string]int{
		"00:00": 0, "9:30": 34200, "09:30:15": 34215, "09:30:00.0000000": 34200, "24:00": day, "24:00:00": day, "1.00:00:00": day, "23:59:59": day - 1,
	} {
		if got, ok := parseTimeSpan(in); !ok || got != want {
			t.Errorf("%q is %d %v, want %d", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "9", "25:00", "24:01", "1.00:00:01", "2.00:00:00", "-1:00", "09:60", "09:30:00.5", "09:30:00:00", "ab:cd", "1:1:1:1", "001:00", "+1:00"} {
		if got, ok := parseTimeSpan(in); ok {
			t.Errorf("%q was read as %d", in, got)
		}
	}
}

func TestZoneFollowsThePlace(t *testing.T) {
	for _, c := range []struct {
		name, country string
		at            *wire.Coordinates
		iana, windows string
	}{
		{"Dublin", "IE", nil, "Europe/Dublin", "GMT Standard Time"},
		{"somewhere in the US", "US", nil, "America/New_York", "Eastern Standard Time"},
		{"San Francisco", "US", &wire.Coordinates{Latitude: 37.77, Longitude: -122.42}, "America/Los_Angeles", "Pacific Standard Time"},
		{"Dallas", "US", &wire.Coordinates{Latitude: 32.78, Longitude: -96.8}, "America/Chicago", "Central Standard Time"},
		{"Perth", "AU", &wire.Coordinates{Latitude: -31.95, Longitude: 115.86}, "Australia/Perth", "W. Australia Standard Time"},
		{"Lord Howe Island", "AU", &wire.Coordinates{Latitude: -31.55, Longitude: 159.08}, "Australia/Lord_Howe", "Lord Howe Standard Time"},
		{"Funchal", "PT", &wire.Coordinates{Latitude: 32.65, Longitude: -16.9}, "Atlantic/Madeira", "GMT Standard Time"},
	} {
		z, ok := zoneOf(c.country, c.at)
		if !ok || z.iana != c.iana || z.windows != c.windows {
			t.Errorf("%s: %+v %v", c.name, z, ok)
		}
	}
	if _, ok := zoneOf("ZZ", nil); ok {
		t.Error("a country that is not known has a zone")
	}
	for _, z := range zones {
		if _, err := time.LoadLocation(z.iana); err != nil {
			t.Error(err)
		}
	}
}

func FuzzTimeSpan(f *testing.F) {
	f.Add("09:30:00")
	f.Add("1.00:00:00")
	f.Fuzz(func(t *testing.T, in string) {
		if got, ok := parseTimeSpan(in); ok {
			if again, ok := parseTimeSpan(timeSpan(got)); !ok || again != got || got < 0 || got > day {
				t.Fatalf("%q is %d, which is written %q and read as %d %v", in, got, timeSpan(got), again, ok)
			}
		}
	})
}
