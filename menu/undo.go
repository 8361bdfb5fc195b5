package menu

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// MaxUndo is the longest time after which a change can be taken back by itself.
const MaxUndo = 366 * 24 * time.Hour

// dueAtOnce is how many members are taken back in one step.
const dueAtOnce = 100

var errNotDue = errors.New("menu: a change is not to be taken back any more")

// due is a member that goes back to what it was before.
type due struct {
	menu, part int
	member     string
	prior      json.RawMessage
	at         int64
}

// undo notes what becomes of the members that an update of a part gives. With UndoAfter they go back to what they are
// before it, or before the updates that it follows while those are still to be taken back; without, they stay.
func (d *draft) undo(at scope, part int, before, in any) error {
	if at.due != nil {
		d.beside = append(d.beside, func(tx *db.Tx) error { return take(tx, at.due) })
		return nil
	}
	given, err := members(in)
	if err != nil {
		return err
	}
	if at.UndoAfter == 0 {
		names := "," + strings.Join(slices.Sorted(maps.Keys(given)), ",") + ","
		d.beside = append(d.beside, func(tx *db.Tx) error {
			_, err := tx.Exec(sqlDropUndo, at.Menu, part, names)
			return err
		})
		return nil
	}
	old, err := members(before)
	if err != nil {
		return err
	}
	moment := clock.Micros(d.brand.Now().Add(at.UndoAfter))
	d.beside = append(d.beside, func(tx *db.Tx) error {
		for _, member := range slices.Sorted(maps.Keys(given)) {
			prior, ok := old[member]
			if !ok {
				prior = json.RawMessage("0") // of what an update gives, a deposit alone can be null
			}
			if _, err := tx.Exec(sqlPutUndo, at.Menu, part, member, string(prior), d.old.Brand, moment); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// members are the members of a part, or those that a request gives.
func members(v any) (map[string]json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for name, value := range all {
		if string(value) == "null" {
			delete(all, name)
		}
	}
	for _, fixed := range []string{"PublicId", "MenuSectionId", "MenuItemId"} {
		delete(all, fixed)
	}
	return all, nil
}

// take removes the notes of what is being taken back; errNotDue when one of them has gone or moved meanwhile.
func take(tx *db.Tx, all []due) error {
	for _, u := range all {
		n, err := tx.Exec(sqlTakeUndo, u.menu, u.part, u.member, u.at)
		if err != nil {
			return err
		}
		if n == 0 {
			return errNotDue
		}
	}
	return nil
}

// TakeBack takes back the changes whose time has come, and returns how many members that were. Any node may do it, and one
// does.
func (m *Menus) TakeBack(ctx context.Context) (int, error) {
	first := map[int]int64{} // brand → when its first change is due
	err := m.db.Read(ctx, func(tx *db.Tx) error {
		clear(first)
		rows, err := tx.Query(sqlUndoBrands)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var brand int
			var at int64
			if err := rows.Scan(&brand, &at); err != nil {
				return err
			}
			first[brand] = at
		}
		return rows.Err()
	})
	if err != nil {
		return 0, err
	}
	n := 0
	for id, at := range first {
		brand, err := m.accounts.Brand(ctx, id)
		if err != nil {
			return n, err
		}
		now := clock.Micros(brand.Now())
		if at > now {
			continue
		}
		all, err := m.dueOf(ctx, id, now)
		if err != nil {
			return n, err
		}
		for len(all) > 0 {
			same := 1
			for same < len(all) && all[same].menu == all[0].menu && all[same].part == all[0].part {
				same++
			}
			if err := m.takeBack(ctx, all[:same]); err != nil {
				return n, err
			}
			n, all = n+same, all[same:]
		}
	}
	return n, nil
}

func (m *Menus) dueOf(ctx context.Context, brand int, now int64) (out []due, err error) {
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(sqlDueUndos, brand, now, dueAtOnce)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var u due
			var prior string
			if err := rows.Scan(&u.menu, &u.part, &u.member, &prior, &u.at); err != nil {
				return err
			}
			u.prior = json.RawMessage(prior)
			out = append(out, u)
		}
		return rows.Err()
	})
	return out, err
}

// takeBack takes back members of one part. What cannot be what it was any more, such as a price that the menu's currency
// does not have, stays as it is.
func (m *Menus) takeBack(ctx context.Context, all []due) error {
	err := m.revert(ctx, all)
	if errors.Is(err, errNotDue) {
		return nil
	}
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Invalid:
		slog.WarnContext(ctx, "a change of a menu cannot be taken back", "menu", all[0].menu, "part", all[0].part, "error", err)
		err = m.db.Write(ctx, func(tx *db.Tx) error { return take(tx, all) })
		if errors.Is(err, errNotDue) {
			return nil
		}
	}
	return err
}

func (m *Menus) revert(ctx context.Context, all []due) error {
	menu, err := m.Load(ctx, all[0].menu)
	if err != nil {
		return err
	}
	body := map[string]json.RawMessage{}
	for _, u := range all {
		body[u.member] = u.prior
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	system := &account.Caller{Kind: account.System}
	at := scope{Part: Part{Menu: menu.ID}, locked: true, due: all}
	part := all[0].part
	if o := menu.byOption[part]; o != nil {
		at.Section, at.Item, at.Set, at.Option = o.Set.Item.Section.MenuSectionId, o.Set.Item.MenuItemId, o.Set.MenuItemOptionSetId, part
		return reverted(raw, func(in wire.MenuItemOptionSetItemBase) error { return m.updateOption(ctx, system, at, in) })
	}
	if it := menu.byItem[part]; it != nil {
		at.Section, at.Item = it.Section.MenuSectionId, part
		return reverted(raw, func(in wire.MenuSectionItemBase) error { return m.updateItem(ctx, system, at, in) })
	}
	at.Section = part
	return reverted(raw, func(in wire.MenuSectionBase) error { return m.updateSection(ctx, system, at, in) })
}

func reverted[T any](raw []byte, update func(T) error) error {
	var in T
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	return update(in)
}
