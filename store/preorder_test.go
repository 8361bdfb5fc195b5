package store

import (
	"strings"
	"testing"
	"time"

	"comanda/wire"
)

func TestPreOrderTimes(t *testing.T) {
	loc := zoneOrDie(t, "Europe/Dublin")
	var w Week
	for d := range w {
		w[d] = []Span{{17*3600 + 1800, 3 * 3600}} // 17:30 to 20:30
	}
	s := &Store{loc: loc, hours: map[wire.DeliveryType]Week{wire.DeliveryTypePickup: w}}
	monday := time.Date(2026, 6, 1, 0, 0, 0, 0, loc)
	cfg := func(edit func(*wire.PreOrderConfig)) wire.PreOrderConfig {
		c := wire.PreOrderConfig{LeadTimeMinutes: wire.P(20), IntervalMinutes: wire.P(60), MaxOrderAheadDays: wire.P(0)}
		edit(&c)
		return c
	}
	for _, c := range []struct {
		name string
		at   time.Duration // on Monday
		cfg  wire.PreOrderConfig
		want string
	}{
		{"counted from the opening, whole intervals", 0, cfg(func(*wire.PreOrderConfig) {}), "1 17:30-18:30, 1 18:30-19:30, 1 19:30-20:30"},
		{"an interval that does not fit is no time", 0, cfg(func(c *wire.PreOrderConfig) { c.IntervalMinutes = wire.P(100) }), "1 17:30-19:10"},
		{"not before the lead time", 18*time.Hour + 11*time.Minute, cfg(func(*wire.PreOrderConfig) {}), "1 19:30-20:30"},
		{"exactly the lead time", 18*time.Hour + 10*time.Minute, cfg(func(*wire.PreOrderConfig) {}), "1 18:30-19:30, 1 19:30-20:30"},
		{"near closing the day does not jump", 20 * time.Hour, cfg(func(*wire.PreOrderConfig) {}), ""},
		{"days ahead", 20 * time.Hour, cfg(func(c *wire.PreOrderConfig) { c.MaxOrderAheadDays = wire.P(1) }), "2 17:30-18:30, 2 18:30-19:30, 2 19:30-20:30"},
		{"a finer first time", 17*time.Hour + 33*time.Minute, cfg(func(c *wire.PreOrderConfig) { c.IncludeMoreGranularInitialTime = wire.P(true) }), "1 17:55-18:55, 1 18:30-19:30, 1 19:30-20:30"},
		{"cut-off of the day has passed", 16 * time.Hour, cfg(func(c *wire.PreOrderConfig) {
			c.MaxOrderAheadDays, c.CutOffTimeCurrentDayBasic = wire.P(1), wire.P("16:00:00")
		}), "2 17:30-18:30, 2 18:30-19:30, 2 19:30-20:30"},
		{"cut-off of the day before has passed for tomorrow too", 16 * time.Hour, cfg(func(c *wire.PreOrderConfig) {
			c.MaxOrderAheadDays, c.CutOffTimePreviousDayBasic = wire.P(2), wire.P("16:00:00")
		}), "3 17:30-18:30, 3 18:30-19:30, 3 19:30-20:30"},
		{"by the day", 18*time.Hour + 11*time.Minute, cfg(func(c *wire.PreOrderConfig) {
			c.MaxOrderAheadDays, c.PreOrderTimeDisplayType = wire.P(1), wire.P(wire.PreOrderTimeDisplayTypeDayOnly)
		}), "1 19:30-20:30, 2 17:30-20:30"},
	} {
		var got []string
		for _, p := range s.PreOrderTimes(c.cfg, wire.DeliveryTypePickup, monday.Add(c.at)) {
			got = append(got, p.StartTime.In(loc).Format("2 15:04-")+p.EndTime.In(loc).Format("15:04"))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, ", "), c.want)
		}
	}
}
