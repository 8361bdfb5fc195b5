package account

import (
	"context"

	"comanda/event"
	"comanda/internal/db"
)

// OpenLog is the one gate to a brand's events: the search, the log, the streams and the consumers pass it. It returns the
// brand and the part of its log that the caller may see. Right: ReadEvents.
//
// An event holds what it reports: an order with its customer's phone number, a teammate's address, the URL of a webhook
// with whatever secret stands in it. So
//
//   - who could have every event sent to them anyway (a level with Develop: Owner, ManagedOwner, Integrator) sees the
//     whole log, and so does an OAuth app whose levels all are such;
//   - everybody else with the right (managers and owners of stores, Support), and whoever is held to some stores, sees
//     what concerns one of their stores, but nothing that concerns no store: the brand, its menus, teammates, webhooks.
//
// A token with the scope events:read sees the orders in the log without orders:read; the consent page says so.
func (a *Accounts) OpenLog(ctx context.Context, c *Caller, appID string) (Brand, event.Sight, error) {
	b, err := a.Open(ctx, c, appID, ReadEvents)
	if err != nil {
		return Brand{}, event.Sight{}, err
	}
	if c.Kind == System {
		return b, event.Sight{Whole: true}, nil
	}
	g, _ := c.GrantOn(b.ID)
	return b, g.sight(), nil
}

func (g Grant) sight() event.Sight {
	if g.Stores != nil {
		return event.Sight{Stores: g.Stores}
	}
	whole := LevelHas(g.Level, Develop)
	for _, l := range g.Limits {
		whole = whole && LevelHas(l, Develop)
	}
	return event.Sight{Whole: whole}
}

// FindEvents searches a brand's events, newest first, among those that the caller may see; total counts all matches.
// Right: ReadEvents, see [Accounts.OpenLog].
func (a *Accounts) FindEvents(ctx context.Context, c *Caller, appID string, q event.Query) (page []event.Event, total int, err error) {
	b, sight, err := a.OpenLog(ctx, c, appID)
	if err != nil {
		return nil, 0, err
	}
	q.Sight = sight
	err = a.db.Read(ctx, func(tx *db.Tx) (err error) {
		page, total, err = event.Find(tx, b.ID, q)
		return err
	})
	return page, total, err
}

// Event returns one event of a brand by its FlipdishEventId. One that the caller may not see is not there. Right:
// ReadEvents, see [Accounts.OpenLog].
func (a *Accounts) Event(ctx context.Context, c *Caller, appID, id string) (e event.Event, err error) {
	b, sight, err := a.OpenLog(ctx, c, appID)
	if err != nil {
		return event.Event{}, err
	}
	err = a.db.Read(ctx, func(tx *db.Tx) (err error) {
		e, err = event.ByID(tx, b.ID, id)
		return err
	})
	if err == nil && !sight.Sees(e.Store) {
		return event.Event{}, event.Unknown(id)
	}
	return e, err
}
