package driver

import (
	"context"
	"slices"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Presence is whether a driver is on duty.
type Presence string

// The presences.
const (
	Offline Presence = "Offline"
	Online  Presence = "Online"
)

// Values are the presences in the contract's order.
func (Presence) Values() []string { return []string{string(Offline), string(Online)} }

func presenceOf(online bool) Presence {
	if online {
		return Online
	}
	return Offline
}

// Workplace is a store where a driver works.
type Workplace struct {
	StoreID     int               `json:"StoreId" format:"int32"`
	AppID       string            `json:"AppId"`
	Name        string            `json:"Name"`
	PhoneNumber string            `json:"PhoneNumber"`
	Address     string            `json:"Address" doc:"In one line."`
	Coordinates *wire.Coordinates `json:"Coordinates" required:"false"`
	Presence    Presence          `json:"Presence" enum:"Offline,Online" doc:"Whether the driver is on duty there."`
}

// Stores are those where the calling driver works, by id.
func (d *Drivers) Stores(ctx context.Context, c *account.Caller) ([]Workplace, error) {
	if err := require(c); err != nil {
		return nil, err
	}
	online := map[int]bool{}
	err := d.db.Read(ctx, func(tx *db.Tx) error {
		clear(online)
		rows, err := tx.Query(sqlDuty, c.Driver)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id int
			var on bool
			if err := rows.Scan(&id, &on); err != nil {
				return err
			}
			online[id] = on
		}
		return rows.Err()
	})
	if err != nil {
		return nil, faultOr("stores", err)
	}
	out := []Workplace{}
	for _, g := range c.Grants {
		for _, id := range g.Stores {
			on, works := online[id]
			if !works {
				continue
			}
			w, err := d.workplace(ctx, g.AppID, id, on)
			if err != nil {
				return nil, err
			}
			out = append(out, w)
		}
	}
	return out, nil
}

func (d *Drivers) workplace(ctx context.Context, appID string, id int, online bool) (Workplace, error) {
	s, err := d.stores.Load(ctx, id)
	if err != nil {
		return Workplace{}, err
	}
	sum := s.Summary()
	return Workplace{
		StoreID: id, AppID: appID, Name: s.Name, PhoneNumber: s.Wire().PhoneNumber, Address: sum.PrettyAddress,
		Coordinates: sum.Coordinates, Presence: presenceOf(online),
	}, nil
}

// SetPresence says that the calling driver goes on or off duty at a store where they work.
func (d *Drivers) SetPresence(ctx context.Context, c *account.Caller, store int, p Presence) (Workplace, error) {
	if err := require(c); err != nil {
		return Workplace{}, err
	}
	if p != Online && p != Offline {
		return Workplace{}, fault.BadField("presence", "must be Online or Offline")
	}
	works := slices.IndexFunc(c.Grants, func(g account.Grant) bool { return slices.Contains(g.Stores, store) })
	if works < 0 { // as at a store of a brand that is disabled
		return Workplace{}, worksNot(store)
	}
	err := d.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlSetPresence, c.Driver, store, p == Online, clock.Micros(clock.Now()))
		if err == nil && n == 0 {
			return worksNot(store)
		}
		return err
	})
	if err != nil {
		return Workplace{}, faultOr("presence", err)
	}
	return d.workplace(ctx, c.Grants[works].AppID, store, p == Online)
}

func worksNot(store int) error {
	return fault.Newf(fault.NotFound, "You do not work at a store %d.", store)
}
