package menu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// changeTries bounds how often a change is applied anew because another node was first. Changes on one node queue up.
const changeTries = 20

var errMoved = errors.New("menu: changed by somebody else")

// eventOf makes an event about a changed menu; base holds the caller's address.
type eventOf func(menu *Menu, base wire.EventBase) wire.Event

// edit is what a change does: it edits the draft and tells its events, or collects what is wrong with the request. It may
// run again on a newer menu.
type edit func(d *draft, check *checker) error

// scope says what a change is about, beside its edit.
type scope struct {
	Part
	store  int   // the store that it is for, 0 = all
	locked bool  // a locked menu takes it too
	due    []due // what it takes back, if it does
}

// change applies an edit to a menu of all its stores.
func (m *Menus) change(ctx context.Context, c *account.Caller, at Part, edit edit) error {
	return m.changeScope(ctx, c, scope{Part: at}, edit)
}

// changeScope applies an edit to a menu and appends its events in the same transaction.
func (m *Menus) changeScope(ctx context.Context, c *account.Caller, at scope, edit edit) error {
	lock := &m.locks[uint(at.Menu)%uint(len(m.locks))]
	lock.Lock()
	defer lock.Unlock()
	for range changeTries {
		old, err := m.open(ctx, c, at.Menu, account.EditMenus, at.store)
		if err != nil {
			return err
		}
		if at.store == 0 {
			if err := m.reachesAll(ctx, c, old); err != nil {
				return err
			}
		}
		if !at.locked {
			if err := old.unlocked(); err != nil {
				return err
			}
		}
		check, err := m.checker(ctx, old.Brand, at.Menu)
		if err != nil {
			return err
		}
		brand, err := m.accounts.Brand(ctx, old.Brand)
		if err != nil {
			return err
		}
		d := newDraft(old, brand)
		err = edit(d, check)
		if err == nil {
			err = check.Err()
		}
		if err == nil {
			err = old.fresh(at.Version, d.touched)
		}
		if err != nil {
			return err
		}
		if len(d.events) == 0 {
			return m.writeBeside(ctx, d)
		}
		if err := m.write(ctx, c, d); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fault.Newf(fault.Conflict, "The menu %d is being changed by others at this moment.", at.Menu).With("Try again.")
}

// write stores the next version of a menu, errMoved when it is not the next one any more.
func (m *Menus) write(ctx context.Context, c *account.Caller, d *draft) error {
	if err := m.keepFirst(ctx, c, d); err != nil {
		return err
	}
	d.doc.VersionNumber, d.doc.ModifiedTime = d.old.Version+1, wire.At(d.brand.Now())
	changed := maps.Clone(d.old.changed)
	for _, id := range d.touched {
		changed[id] = d.doc.VersionNumber
	}
	menu, records, err := m.encode(d.brand, c, d.doc, d.showTax, changed, d.events...)
	if err != nil {
		return err
	}
	maps.DeleteFunc(changed, func(id, _ int) bool { return id > 0 && !menu.has(id) })
	parts, err := json.Marshal(changed)
	if err != nil {
		return fmt.Errorf("menu: change %d: %w", menu.ID, err)
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlUpdateMenu, menu.ID, d.old.Version, menu.Name, clock.Micros(d.doc.ModifiedTime.Time), d.doc.Locked, d.doc.IsIntegrated,
			d.showTax, string(parts), string(menu.bytes))
		if err != nil {
			return err
		}
		if n == 0 {
			return errMoved
		}
		if err := d.writeBeside(tx); err != nil {
			return err
		}
		m.log.Append(tx, records...)
		return nil
	})
	if err != nil {
		if errors.Is(err, errMoved) || errors.Is(err, errNotDue) {
			return err
		}
		return fmt.Errorf("menu: change %d: %w", menu.ID, err)
	}
	m.parsed.Add(menu.ID, menu)
	return nil
}

// writeBeside writes what goes with a change that changed nothing of the menu itself.
func (m *Menus) writeBeside(ctx context.Context, d *draft) error {
	if len(d.beside) == 0 {
		return nil
	}
	return m.db.Write(ctx, d.writeBeside)
}

func (d *draft) writeBeside(tx *db.Tx) error {
	for _, write := range d.beside {
		if err := write(tx); err != nil {
			return err
		}
	}
	return nil
}

// reachesAll refuses a caller who has some stores only, when others than theirs sell from the menu, or none does.
func (m *Menus) reachesAll(ctx context.Context, c *account.Caller, menu *Menu) error {
	g, ok := c.GrantOn(menu.Brand)
	if !ok || g.Stores == nil {
		return nil
	}
	stores, err := m.stores.OfBrand(ctx, menu.Brand)
	if err != nil {
		return err
	}
	used := false
	for _, st := range stores {
		if st.MenuID == menu.ID {
			if used = true; !slices.Contains(g.Stores, st.ID) {
				return fault.Newf(fault.Forbidden, "Stores beyond your access sell from the menu %s as well.", menu.Name).
					With("Ask an owner of the brand, or give your stores a menu of their own.")
			}
		}
	}
	if !used {
		return wholeBrand(c, menu.Brand)
	}
	return nil
}
