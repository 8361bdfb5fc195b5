package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// changeTries bounds how often a change is applied anew because another node was first. Changes on one node queue up.
const changeTries = 20

var errMoved = errors.New("store: changed by somebody else")

// change applies an edit to a store's document and appends its events in the same transaction. The edit gets a copy of
// the newest document and may run again on a newer one; it returns makers of the events, called with the store as it
// is then. No events means that nothing changed, and nothing is written.
func (s *Stores) change(
	ctx context.Context, c *account.Caller, id int, edit func(old *Store, doc *document) ([]eventOf, error),
) (*Store, error) {
	lock := &s.locks[uint(id)%uint(len(s.locks))]
	lock.Lock()
	defer lock.Unlock()
	for range changeTries {
		old, err := s.open(ctx, c, id, account.EditStores)
		if err != nil {
			return nil, err
		}
		doc, err := old.doc.clone()
		if err != nil {
			return nil, err
		}
		events, err := edit(old, doc)
		if err != nil || len(events) == 0 {
			return old, err
		}
		st, err := s.write(ctx, c, old, doc, events)
		if !errors.Is(err, errMoved) {
			return st, err
		}
	}
	return nil, fault.Newf(fault.Conflict, "The store %d is being changed by others at this moment.", id).With("Try again.")
}

// write stores the next version of a store, errMoved when it is not the next one any more.
func (s *Stores) write(ctx context.Context, c *account.Caller, old *Store, doc *document, events []eventOf) (*Store, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("store: change: %w", err)
	}
	w := &doc.Store
	st, err := parse(old.ID, old.Brand, w.StoreGroupId, old.Version+1, raw)
	if err != nil {
		return nil, err
	}
	records, err := s.encode(ctx, c, st, events)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlUpdateStore, st.ID, old.Version, w.StoreGroupId, w.MenuId, w.Name, w.IsPublished, w.IsArchived, string(raw))
		if err != nil {
			return err
		}
		if n == 0 {
			return errMoved
		}
		s.log.Append(tx, records...)
		return nil
	})
	if err != nil {
		if errors.Is(err, errMoved) {
			return nil, errMoved
		}
		return nil, fmt.Errorf("store: change %d: %w", st.ID, err)
	}
	s.parsed.Add(st.ID, st)
	return st, nil
}

// eventOf makes an event about a store; base holds the caller's address.
type eventOf func(st *Store, base wire.EventBase) wire.Event

// encode makes the records of a store's events.
func (s *Stores) encode(ctx context.Context, c *account.Caller, st *Store, events []eventOf) ([]event.Record, error) {
	brand, err := s.accounts.Brand(ctx, st.Brand)
	if err != nil {
		return nil, err
	}
	out := make([]event.Record, len(events))
	for i, make := range events {
		out[i], err = event.Encode(event.New{
			Brand: st.Brand, AppID: st.AppID, Subject: fmt.Sprintf("store/%d", st.ID), Store: st.ID, Time: brand.Now(), Request: c.Request,
			Body: make(st, wire.EventBase{IpAddress: c.EventIP()}),
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// clone copies a document deeply.
func (d *document) clone() (*document, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("store: clone: %w", err)
	}
	out := new(document)
	return out, json.Unmarshal(raw, out)
}
