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
// is then. No events means that nothing changed, and nothing is written. holds run first in the transaction and may refuse:
// they keep what the store will refer to from going away.
func (s *Stores) change(
	ctx context.Context, c *account.Caller, id int, edit func(old *Store, doc *document) ([]eventOf, error), holds ...func(*db.Tx) error,
) (*Store, error) {
	return s.changeAs(ctx, c, account.EditStores, id, edit, holds...)
}

// changeAs is change for whoever has another right.
func (s *Stores) changeAs(
	ctx context.Context, c *account.Caller, right account.Right, id int, edit func(old *Store, doc *document) ([]eventOf, error),
	holds ...func(*db.Tx) error,
) (*Store, error) {
	lock := &s.locks[uint(id)%uint(len(s.locks))]
	lock.Lock()
	defer lock.Unlock()
	for range changeTries {
		old, err := s.open(ctx, c, id, right)
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
		sts, err := s.write(ctx, c, edited{old, doc, events, holds})
		if !errors.Is(err, errMoved) {
			if err != nil {
				return nil, err
			}
			return sts[0], nil
		}
	}
	return nil, fault.Newf(fault.Conflict, "The store %d is being changed by others at this moment.", id).With("Try again.")
}

// edited is the next version of a store, about to be stored.
type edited struct {
	old    *Store
	doc    *document
	events []eventOf
	holds  []func(*db.Tx) error
}

// write stores the next versions of some stores in one transaction, errMoved when one is not the next any more.
func (s *Stores) write(ctx context.Context, c *account.Caller, edits ...edited) ([]*Store, error) {
	stores := make([]*Store, len(edits))
	raws := make([]string, len(edits))
	var records []event.Record
	for i, e := range edits {
		raw, err := json.Marshal(e.doc)
		if err != nil {
			return nil, fmt.Errorf("store: change: %w", err)
		}
		st, err := parse(e.old.ID, e.old.Brand, e.doc.Store.StoreGroupId, e.old.Version+1, raw)
		if err != nil {
			return nil, err
		}
		happened, err := s.encode(ctx, c, st, e.events)
		if err != nil {
			return nil, err
		}
		stores[i], raws[i], records = st, string(raw), append(records, happened...)
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		for i, st := range stores {
			for _, hold := range edits[i].holds {
				if err := hold(tx); err != nil {
					return err
				}
			}
			if st.Group != edits[i].old.Group {
				if err := holdGroup(tx, st.Group); err != nil {
					return err
				}
			}
			w := st.Wire()
			n, err := tx.Exec(sqlUpdateStore, st.ID, edits[i].old.Version, w.StoreGroupId, w.MenuId, w.Name, w.IsPublished, w.IsArchived, raws[i])
			if err != nil {
				return err
			}
			if n == 0 {
				return errMoved
			}
		}
		s.log.Append(tx, records...)
		return nil
	})
	if err != nil {
		return nil, writeFault("change", err)
	}
	for _, st := range stores {
		s.parsed.Add(st.ID, st)
	}
	return stores, nil
}

// writeFault names the operation in an error of the database; what others are to hear stays as it is.
func writeFault(operation string, err error) error {
	if err == nil || errors.Is(err, errMoved) || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fmt.Errorf("store: %s: %w", operation, err)
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
