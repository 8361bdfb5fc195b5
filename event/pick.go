package event

import (
	"slices"
	"strings"

	"comanda/internal/fault"
	"comanda/wire"
)

// Pick is what a reader outside wants of what they may see.
type Pick struct {
	Sight  Sight
	Names  []string // event names and headings of the catalogue, see PickNames; empty = every name
	Stores []int    // only events of these stores; empty = all events in sight
}

// Takes reports whether an event is for this reader.
func (p Pick) Takes(e Event) bool {
	return p.Sight.Sees(e.Store) && p.wants(e)
}

func (p Pick) wants(e Event) bool {
	return (len(p.Stores) == 0 || slices.Contains(p.Stores, e.Store)) &&
		(len(p.Names) == 0 || slices.Contains(p.Names, e.Name) || slices.Contains(p.Names, headingOf[e.Name]))
}

// PickNames checks a filter by names and headings, each written in any case, and returns it sorted, once each. What is
// not in the catalogue goes to wrong, under the wire names nameField and groupField.
func PickNames(wrong *fault.Collector, nameField string, names []string, groupField string, groups []string) []string {
	var out []string
	for _, given := range names {
		name := strings.ToLower(given)
		if _, ok := headingOf[name]; !ok {
			wrong.Add(nameField, "%.60q is no event name. GET /api/v1.0/{appId}/webhooks/events lists them all.", given)
			continue
		}
		out = append(out, name)
	}
	for _, given := range groups {
		heading, ok := headings[strings.ToLower(given)]
		if !ok {
			wrong.Add(groupField, "%.60q is no group of events. The groups are the headings in docs/event-log.md, such as Order.", given)
			continue
		}
		out = append(out, heading)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// headingOf is the heading of each name of the catalogue, headings each heading by its lower case.
var headingOf, headings = func() (map[string]string, map[string]string) {
	of, all := map[string]string{}, map[string]string{}
	for _, list := range [][]wire.CatalogueEntry{wire.Catalogue, wire.Own} {
		for _, e := range list {
			of[e.Name] = e.Group
			all[strings.ToLower(e.Group)] = e.Group
		}
	}
	return of, all
}()
