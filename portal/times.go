package portal

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"comanda/internal/clock"
)

// zone is the time zone of who looks at a page.
func (d *Door) zone(v *desk) (*time.Location, error) {
	p, err := d.Accounts.Profile(v.ctx(), v.Caller.Account)
	if err != nil {
		return nil, err
	}
	if zone, err := time.LoadLocation(p.TimeZone); err == nil {
		return zone, nil
	}
	return time.UTC, nil
}

// at shows an instant to the second, with its day unless that is today.
func at(t time.Time, zone *time.Location) template.HTML {
	return stamp(t, zone, "15:04:05", "2 Jan 15:04:05")
}

// atMinute is at, to the minute.
func atMinute(t time.Time, zone *time.Location) template.HTML {
	return stamp(t, zone, "15:04", "2 Jan 15:04")
}

func stamp(t time.Time, zone *time.Location, today, other string) template.HTML {
	t = t.In(zone)
	layout := other
	if t.Format(time.DateOnly) == clock.Now().In(zone).Format(time.DateOnly) {
		layout = today
	}
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `" title="` + t.Format("2 Jan 2006, 15:04:05.000 MST") + `">` + t.Format(layout) + `</time>`) //nolint:gosec // digits and our own words
}

// instant reads what a field for a date and a time has.
func instant(text string, zone *time.Location) (time.Time, error) {
	return time.ParseInLocation(fieldTime, text, zone)
}

// fieldTime is how browsers write a date and a time.
const fieldTime = "2006-01-02T15:04"

// took shows how long something took with three digits or so: 84 ms, 1.31 s, 10.0 s.
func took(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	default:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
}

// spaced shows a whole number in groups of three digits.
func spaced[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	var out strings.Builder
	for i, c := range digits {
		if i > 0 && c != '-' && digits[i-1] != '-' && (len(digits)-i)%3 == 0 {
			out.WriteString("\u202f")
		}
		out.WriteRune(c)
	}
	return out.String()
}

// breakable lets an event name go on in the next line behind a dot or an underscore.
func breakable(name string) template.HTML {
	return template.HTML(strings.NewReplacer(".", ".<wbr>", "_", "_<wbr>").Replace(template.HTMLEscapeString(name))) //nolint:gosec // escaped
}

// slashed lets a path go on in the next line behind a slash.
func slashed(path string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(path), "/", "/<wbr>")) //nolint:gosec // escaped
}

// count is a number of things: 1 event, 1 200 events.
func count[T int | int64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return spaced(n) + " " + many
}

// lasting says how long so many seconds are, in the largest unit that is exact.
func lasting(seconds int) string {
	switch {
	case seconds > 0 && seconds%86400 == 0:
		return count(seconds/86400, "day", "days")
	case seconds > 0 && seconds%3600 == 0:
		return count(seconds/3600, "hour", "hours")
	case seconds > 0 && seconds%60 == 0:
		return count(seconds/60, "minute", "minutes")
	}
	return count(seconds, "second", "seconds")
}

// spelled says how long so many seconds are, in the two largest units that it has: 14 hours 6 minutes.
func spelled(seconds int) string {
	var parts []string
	for _, u := range []struct {
		seconds   int
		one, many string
	}{{86400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}, {1, "second", "seconds"}} {
		if n := seconds / u.seconds; n > 0 && len(parts) < 2 {
			parts = append(parts, count(n, u.one, u.many))
		}
		seconds %= u.seconds
	}
	return strings.Join(parts, " ")
}
