package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// maxMessage is how long a message to customers may be, in characters.
const maxMessage = 1000

// UpdateGroup renames a store group. Its currency is for good: the prices of its stores are in it.
func (s *Stores) UpdateGroup(ctx context.Context, c *account.Caller, id int, in wire.StoreGroupBase) (*wire.StoreGroup, error) {
	return s.changeGroup(ctx, c, id, func(g *wire.StoreGroup) (string, error) {
		var faults fault.Collector
		if in.Currency != nil && *in.Currency != g.Currency {
			faults.Add("Currency", "the group sells in %s for good: make another group for %.10s", g.Currency, *in.Currency)
		}
		was := g.Name
		if in.Name != nil {
			g.Name = tidy(*in.Name)
			checkName(&faults, "Name", g.Name, "a store group")
		}
		return fmt.Sprintf("renamed the store group %s to %s", was, g.Name), faults.Err()
	})
}

// SetMessages sets what customers read above the menu, for deliveries and for pickups; what is nil stays.
func (s *Stores) SetMessages(ctx context.Context, c *account.Caller, id int, in wire.CustomerMessages) error {
	_, err := s.changeGroup(ctx, c, id, func(g *wire.StoreGroup) (string, error) {
		var faults fault.Collector
		for _, m := range []struct {
			name string
			from *string
			to   *string
		}{{"DeliveryMenuMessage", in.DeliveryMenuMessage, &g.DeliveryMenuMessage}, {"PickupMenuMessage", in.PickupMenuMessage, &g.PickupMenuMessage}} {
			if m.from == nil {
				continue
			}
			if n := utf8.RuneCountInString(*m.from); n > maxMessage {
				faults.Add(m.name, "it has %d characters, %d are allowed", n, maxMessage)
			}
			*m.to = *m.from
		}
		return "changed the messages to customers of the store group " + g.Name, faults.Err()
	})
	return err
}

// changeGroup applies an edit, which returns what it did as it follows the actor's name, and appends store_group.updated
// in the same transaction. An edit that changes nothing writes nothing.
func (s *Stores) changeGroup(ctx context.Context, c *account.Caller, id int, edit func(*wire.StoreGroup) (string, error)) (*wire.StoreGroup, error) {
	for range changeTries {
		brand, g, version, err := s.openGroup(ctx, c, id)
		if err != nil {
			return nil, err
		}
		before, err := json.Marshal(g)
		if err != nil {
			return nil, err
		}
		what, err := edit(g)
		if err != nil {
			return nil, err
		}
		after, err := json.Marshal(g)
		if err != nil || string(after) == string(before) {
			return g, err
		}
		rec, err := groupEvent(c, brand, g, &wire.StoreGroupUpdatedEvent{
			EventBase: wire.EventBase{IpAddress: c.EventIP()}, StoreGroupId: id, User: c.EventUser(), StoreGroup: g,
			Description: c.EventName() + " " + what + ".",
		})
		if err != nil {
			return nil, err
		}
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			n, err := tx.Exec(sqlUpdateGroup, id, version, string(after))
			if err != nil {
				return err
			}
			if n == 0 {
				return errMoved
			}
			s.log.Append(tx, rec)
			return nil
		})
		if !errors.Is(err, errMoved) {
			if err != nil {
				return nil, writeFault("change group", err)
			}
			return g, nil
		}
	}
	return nil, fault.Newf(fault.Conflict, "The store group %d is being changed by others at this moment.", id).With("Try again.")
}

// RemoveGroup deletes a store group that has no stores, archived ones included.
func (s *Stores) RemoveGroup(ctx context.Context, c *account.Caller, id int) error {
	brand, g, _, err := s.openGroup(ctx, c, id)
	if err != nil {
		return err
	}
	rec, err := groupEvent(c, brand, g, &wire.StoreGroupDeletedEvent{
		EventBase: wire.EventBase{IpAddress: c.EventIP()}, StoreGroupId: id, User: c.EventUser(), StoreGroup: g,
		Description: fmt.Sprintf("%s deleted the store group %s.", c.EventName(), g.Name),
	})
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := holdGroup(tx, id); err != nil {
			return err
		}
		var stores int
		if err := tx.QueryRow(sqlGroupStores, id).Scan(&stores); err != nil {
			return err
		}
		if stores > 0 {
			return fault.Newf(fault.Conflict, "The store group %s has stores: %d, with archived ones.", g.Name, stores).
				With("Put them into another group first.")
		}
		if _, err := tx.Exec(sqlDeleteGroup, id); err != nil {
			return err
		}
		s.log.Append(tx, rec)
		return nil
	})
	return writeFault("delete group", err)
}

// AssignToGroup puts stores of a brand into one of its store groups, all of them or none. The group must sell in their
// currency.
func (s *Stores) AssignToGroup(ctx context.Context, c *account.Caller, appID string, group int, ids []int) error {
	brand, g, _, err := s.openGroup(ctx, c, group)
	if err != nil {
		return err
	}
	if brand.AppID != appID {
		return noGroup(group)
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for range changeTries {
		edits, err := s.moves(ctx, c, brand, g, ids)
		if err != nil || len(edits) == 0 {
			return err
		}
		if _, err = s.write(ctx, c, edits...); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fault.New(fault.Conflict, "The stores are being changed by others at this moment.").With("Try again.")
}

// moves are the changes that put stores into a group; one that is there already needs none.
func (s *Stores) moves(ctx context.Context, c *account.Caller, brand account.Brand, g *wire.StoreGroup, ids []int) ([]edited, error) {
	var out []edited
	for _, id := range ids {
		st, err := s.open(ctx, c, id, account.EditStores)
		if err == nil && st.Brand != brand.ID {
			err = notFound(id)
		}
		if err != nil {
			return nil, err
		}
		if st.Group == g.StoreGroupId {
			continue
		}
		if err := sameCurrency("storeGroupId", g, st); err != nil {
			return nil, err
		}
		doc, err := st.doc.clone()
		if err != nil {
			return nil, err
		}
		doc.Store.StoreGroupId = g.StoreGroupId
		out = append(out, edited{old: st, doc: doc, events: []eventOf{updated(c, "put the store %s into the store group %s", g.Name)}})
	}
	return out, nil
}

// openGroup loads a store group for a caller who may change it.
func (s *Stores) openGroup(ctx context.Context, c *account.Caller, id int) (brand account.Brand, g *wire.StoreGroup, version int, err error) {
	brandID, g, version, err := s.loadGroup(ctx, id)
	if err != nil {
		return brand, nil, 0, err
	}
	if err := s.require(c, account.EditStores, brandID, 0, noGroup(id)); err != nil {
		return brand, nil, 0, err
	}
	if err := wholeBrand(c, brandID); err != nil {
		return brand, nil, 0, err
	}
	brand, err = s.accounts.Brand(ctx, brandID)
	return brand, g, version, err
}

// holdGroup keeps a store group from going until the transaction ends.
func holdGroup(tx *db.Tx, id int) error {
	n, err := tx.Exec(sqlHoldGroup, id)
	if err == nil && n == 0 {
		return noGroup(id)
	}
	return err
}

func groupEvent(c *account.Caller, brand account.Brand, g *wire.StoreGroup, body wire.Event) (event.Record, error) {
	return event.Encode(event.New{
		Brand: brand.ID, AppID: brand.AppID, Subject: fmt.Sprintf("storegroup/%d", g.StoreGroupId), Time: brand.Now(), Request: c.Request, Body: body,
	})
}
