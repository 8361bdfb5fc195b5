package menu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

const (
	// checkpointRest is how long a menu must have rested for its next change to keep a checkpoint first.
	checkpointRest = time.Hour

	// mostCheckpoints is how many checkpoints a menu has: the newest.
	mostCheckpoints = 30
)

// Checkpoints lists what a menu can be restored to, newest first. Url is left to the door.
func (m *Menus) Checkpoints(ctx context.Context, c *account.Caller, menuID int) ([]wire.MenuCheckpoint, error) {
	menu, err := m.open(ctx, c, menuID, account.ReadMenus, 0)
	if err != nil {
		return nil, err
	}
	var out []wire.MenuCheckpoint
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		out = []wire.MenuCheckpoint{}
		rows, err := tx.Query(sqlCheckpoints, menu.ID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var p wire.MenuCheckpoint
			var at int64
			if err := rows.Scan(&p.MenuCheckpointId, &p.Name, &at); err != nil {
				return err
			}
			p.Time = wire.At(clock.FromMicros(at))
			out = append(out, p)
		}
		return rows.Err()
	})
	return out, err
}

// Checkpoint reads the menu as it was.
func (m *Menus) Checkpoint(ctx context.Context, c *account.Caller, menuID, id int) (wire.Menu, error) {
	if _, err := m.open(ctx, c, menuID, account.ReadMenus, 0); err != nil {
		return wire.Menu{}, err
	}
	doc, _, err := m.checkpoint(ctx, menuID, id)
	return doc, err
}

func (m *Menus) checkpoint(ctx context.Context, menuID, id int) (doc wire.Menu, showTax bool, err error) {
	var raw []byte
	err = m.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlCheckpoint, menuID, id).Scan(&showTax, &raw) })
	if errors.Is(err, db.ErrNoRows) {
		return doc, false, fault.Newf(fault.NotFound, "The menu %d has no checkpoint %d.", menuID, id)
	}
	if err == nil {
		err = json.Unmarshal(raw, &doc)
	}
	return doc, showTax, err
}

// Keep makes a checkpoint of a menu as it is, called after its version when no name is given.
func (m *Menus) Keep(ctx context.Context, c *account.Caller, menuID int, name string) (wire.MenuCheckpoint, error) {
	menu, err := m.open(ctx, c, menuID, account.EditMenus, 0)
	if err != nil {
		return wire.MenuCheckpoint{}, err
	}
	if err := m.reachesAll(ctx, c, menu); err != nil {
		return wire.MenuCheckpoint{}, err
	}
	var check checker
	if name != "" {
		name = check.name("Name", &name, 255)
	}
	if err := check.Err(); err != nil {
		return wire.MenuCheckpoint{}, err
	}
	brand, err := m.accounts.Brand(ctx, menu.Brand)
	if err != nil {
		return wire.MenuCheckpoint{}, err
	}
	k, err := m.keeping(ctx, c, brand, menu, name)
	if err == nil {
		err = m.db.Write(ctx, func(tx *db.Tx) error { return m.keep(tx, k) })
	}
	return k.made, err
}

// Restore makes a menu what it was at a checkpoint, and keeps what it is now as one. Its lock stays, and changes that would
// have reverted by themselves do so no more.
func (m *Menus) Restore(ctx context.Context, c *account.Caller, at Part, id int) error {
	return m.changeScope(ctx, c, scope{Part: at}, func(d *draft, _ *checker) error {
		doc, showTax, err := m.checkpoint(ctx, at.Menu, id)
		if err != nil {
			return err
		}
		was, err := index(doc, d.brand.ID, showTax, nil)
		if err != nil {
			return err
		}
		stores, err := m.stores.OfBrand(ctx, d.brand.ID)
		if err != nil {
			return err
		}
		for _, st := range stores {
			if st.MenuID != at.Menu {
				continue
			}
			if err := was.suits(st); err != nil {
				return err
			}
		}
		k, err := m.keeping(ctx, c, d.brand, d.old, "")
		if err != nil {
			return err
		}
		doc.Locked = d.doc.Locked
		d.doc, d.showTax, d.kept = doc, showTax, true
		d.touch(everyPart)
		d.beside = append(d.beside, func(tx *db.Tx) error {
			if _, err := tx.Exec(sqlDropUndos, at.Menu); err != nil {
				return err
			}
			return m.keep(tx, k)
		})
		d.tell(menuUpdated(c, fmt.Sprintf("%s made the menu %s what it was at version %d.", c.EventName(), doc.Name, doc.VersionNumber)))
		return nil
	})
}

// keeping is a checkpoint about to be kept.
type keeping struct {
	menu   *Menu
	made   wire.MenuCheckpoint
	record event.Record
}

func (m *Menus) keeping(ctx context.Context, c *account.Caller, brand account.Brand, menu *Menu, name string) (k keeping, err error) {
	if name == "" {
		name = fmt.Sprintf("Version %d", menu.Version)
	}
	k = keeping{menu: menu, made: wire.MenuCheckpoint{Name: name, Time: wire.At(brand.Now())}}
	if k.made.MenuCheckpointId, err = m.db.NextID(ctx, "menu_checkpoints"); err != nil {
		return k, err
	}
	k.record, err = record(brand, c, menu, func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuCheckpointCreatedEvent{
			EventBase: base, User: c.EventUser(), Menu: menu.Wire(), MenuId: menu.ID,
			Description: fmt.Sprintf("%s kept the menu %s as it was at version %d.", c.EventName(), menu.Name, menu.Version),
		}
	})
	return k, err
}

func (m *Menus) keep(tx *db.Tx, k keeping) error {
	_, err := tx.Exec(sqlKeepCheckpoint, k.made.MenuCheckpointId, k.menu.ID, k.made.Name, clock.Micros(k.made.Time.Time), k.menu.ShowTax, string(k.menu.bytes))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(sqlDropCheckpoints, k.menu.ID, mostCheckpoints); err != nil {
		return err
	}
	m.log.Append(tx, k.record)
	return nil
}

// keepFirst keeps the menu as it was before somebody began to change it: before the first change after a rest. What
// reverts by itself keeps nothing.
func (m *Menus) keepFirst(ctx context.Context, c *account.Caller, d *draft) error {
	if d.kept || c.Kind == account.System || d.brand.Now().Sub(d.old.doc.ModifiedTime.Time) < checkpointRest {
		return nil
	}
	k, err := m.keeping(ctx, c, d.brand, d.old, "")
	d.beside = append(d.beside, func(tx *db.Tx) error { return m.keep(tx, k) })
	return err
}
