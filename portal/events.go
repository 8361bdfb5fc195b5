package portal

import (
	"time"

	"comanda/event"
	"comanda/webhook"
)

// eventsPage lists the events of a brand.
type eventsPage struct {
	Name   string // of the events; empty = of all
	Order  string // the order that they are about
	Groups []nameGroup
	Here   string
	Rows   []eventRow
	Newer  string
	Older  string
	Zone   *time.Location
}

func (d *Door) events(v *desk) error {
	q := v.R.URL.Query()
	p := eventsPage{Name: q.Get("name"), Order: q.Get("order"), Groups: nameGroups(nil, nil), Here: v.path("events")}
	page := max(1, number(q.Get("page")))
	search := event.Query{Skip: (page - 1) * logsAtOnce, Limit: logsAtOnce, Glance: true}
	if p.Name != "" {
		search.Names = []string{p.Name}
	}
	if order := number(p.Order); order > 0 {
		search.About = []event.About{event.AboutOrder(order)}
	} else {
		p.Order = ""
	}
	found, total, err := d.Accounts.FindEvents(v.ctx(), v.Caller, v.Brand.AppID, search)
	if err != nil {
		return err
	}
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	q.Del("page")
	here := p.Here
	if len(q) > 0 {
		here += "?" + q.Encode()
	}
	p.Rows = eventRows(v, found)
	p.Newer, p.Older = neighbours(here, page, logsAtOnce, total)
	return d.show(v, view{Name: "events", Title: "Events", Data: p})
}

// eventPage is one event, with what caused it and where it was sent.
type eventPage struct {
	eventRow
	JSON       string
	Cause      string // address of the request that caused it
	Deliveries []delivery
	Back       string
	Zone       *time.Location
}

// delivery is an attempt to deliver an event to one of the webhooks.
type delivery struct {
	webhook.Attempt
	Hook, Link string
}

func (d *Door) event(v *desk) error {
	e, err := d.Accounts.Event(v.ctx(), v.Caller, v.Brand.AppID, v.R.PathValue("eventId"))
	if err != nil {
		return err
	}
	p := eventPage{eventRow: eventRows(v, []event.Event{e})[0], JSON: string(e.Flat()), Back: v.path("events")}
	if e.Request != "" {
		p.Cause = v.path("logs", e.Request)
	}
	hooks, _, err := d.Webhooks.Overviews(v.ctx(), v.Caller, v.Brand.AppID, "", 1, hooksAtOnce)
	if err != nil {
		return err
	}
	for _, h := range hooks {
		attempts, err := d.Webhooks.Attempts(v.ctx(), v.Caller, v.Brand.AppID, h.OAuthApp, h.ID, webhook.AttemptFilter{EventID: e.ID, Position: e.Position, Limit: 10})
		if err != nil {
			return err
		}
		for _, a := range attempts {
			p.Deliveries = append(p.Deliveries, delivery{a, hookName(h.CallbackURL), hookBase(v, h.OAuthApp, h.ID) + "/attempts/" + a.ID})
		}
	}
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	return d.show(v, view{Name: "event", Title: e.Name, Data: p})
}
