package menu

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// editMenu applies an edit to what a menu has beside its sections, or to many parts at once. The edit says for people what
// it did. Nothing changed makes no event.
func (m *Menus) editMenu(ctx context.Context, c *account.Caller, at scope, edit func(*draft, *checker) (did string, err error)) error {
	return m.changeScope(ctx, c, at, func(d *draft, check *checker) error {
		did, err := edit(d, check)
		if err != nil || d.showTax == d.old.ShowTax && reflect.DeepEqual(d.doc, d.old.doc) {
			return err
		}
		d.touch(menuPart)
		d.tell(menuUpdated(c, fmt.Sprintf("%s %s the menu %s.", c.EventName(), did, d.doc.Name)))
		return nil
	})
}

func menuUpdated(c *account.Caller, text string) eventOf {
	return func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuUpdatedEvent{EventBase: base, MenuId: menu.ID, Description: text, User: c.EventUser(), Menu: menu.Wire()}
	}
}

// Update changes the members of the menu itself that are given.
func (m *Menus) Update(ctx context.Context, c *account.Caller, at Part, in wire.MenuBase) error {
	return m.editMenu(ctx, c, scope{Part: at}, func(d *draft, check *checker) (string, error) {
		d.doc.DisplaySectionLinks = or(in.DisplaySectionLinks, d.doc.DisplaySectionLinks)
		d.doc.IsIntegrated = or(in.IsIntegrated, d.doc.IsIntegrated)
		d.doc.MenuSectionBehaviour = oneOf(check, "MenuSectionBehaviour", in.MenuSectionBehaviour, d.doc.MenuSectionBehaviour)
		d.doc.TaxType = oneOf(check, "TaxType", in.TaxType, d.doc.TaxType)
		return "changed the settings of", nil
	})
}

// Rename gives a menu another name.
func (m *Menus) Rename(ctx context.Context, c *account.Caller, at Part, name string) error {
	return m.editMenu(ctx, c, scope{Part: at}, func(d *draft, check *checker) (string, error) {
		d.doc.Name = check.name("body", &name, 255)
		return fmt.Sprintf("renamed %s to", d.old.Name), nil
	})
}

// Lock locks a menu against changes, or unlocks it. What reverts by itself does so in a locked menu too.
func (m *Menus) Lock(ctx context.Context, c *account.Caller, at Part, locked bool) error {
	return m.editMenu(ctx, c, scope{Part: at, locked: true}, func(d *draft, _ *checker) (string, error) {
		d.doc.Locked = locked
		if locked {
			return "locked", nil
		}
		return "unlocked", nil
	})
}

// OrderSections gives sections new display orders. Sections that are not named keep theirs.
func (m *Menus) OrderSections(ctx context.Context, c *account.Caller, at Part, in wire.MenuObjectDisplayOrders) error {
	return m.editMenu(ctx, c, scope{Part: at}, func(d *draft, check *checker) (string, error) {
		d.touch(reorder(check, *d.sections(), in, "section", sectionID, sectionOrder)...)
		return "reordered the sections of", nil
	})
}

// Clone copies a whole menu under another name, unlocked and sold nowhere. Numeric ids are new; PublicIds stay, so that
// integrations know the copy's parts when it takes the place of the menu.
func (m *Menus) Clone(ctx context.Context, c *account.Caller, id int, name string) (*Menu, error) {
	old, err := m.open(ctx, c, id, account.EditMenus, 0)
	if err != nil {
		return nil, err
	}
	if err := wholeBrand(c, old.Brand); err != nil {
		return nil, err
	}
	var check checker
	doc := old.doc
	doc.Name, doc.Locked = check.name("newName", &name, 255), false
	if err := check.Err(); err != nil {
		return nil, err
	}
	n := len(doc.TaxRates)
	for _, s := range old.sections {
		n += len(s.ids())
	}
	first, err := m.db.NextIDs(ctx, "menu_entities", max(n, 1))
	if err != nil {
		return nil, err
	}
	k := copier{next: first, rates: map[int]int{}, publicID: func(is wire.UUID) wire.UUID { return is }}
	doc.TaxRates = make([]wire.MenuTaxRate, len(old.doc.TaxRates))
	for i, r := range old.doc.TaxRates {
		k.rates[*r.TaxRateId] = k.id()
		r.TaxRateId = wire.P(k.rates[*r.TaxRateId])
		doc.TaxRates[i] = r
	}
	doc.MenuSections = make([]wire.MenuSection, len(old.doc.MenuSections))
	for i, s := range old.doc.MenuSections {
		doc.MenuSections[i] = k.section(s)
	}
	brand, err := m.accounts.Brand(ctx, old.Brand)
	if err != nil {
		return nil, err
	}
	if doc.MenuId, err = m.db.NextID(ctx, "menus"); err != nil {
		return nil, err
	}
	doc.VersionNumber, doc.ModifiedTime = 1, wire.At(brand.Now())
	return m.insert(ctx, c, brand, doc, old.ShowTax, []eventOf{func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuCreatedEvent{
			EventBase: base, User: c.EventUser(), Menu: menu.Wire(),
			Description: fmt.Sprintf("%s copied the menu %s under the name %s.", c.EventName(), old.Name, menu.Name),
		}
	}})
}

// Delete removes a menu that no store sells from. The contract has no event for it, so menu.updated has the menu for the
// last time.
func (m *Menus) Delete(ctx context.Context, c *account.Caller, at Part) error {
	lock := &m.locks[uint(at.Menu)%uint(len(m.locks))]
	lock.Lock()
	defer lock.Unlock()
	old, err := m.open(ctx, c, at.Menu, account.EditMenus, 0)
	if err != nil {
		return err
	}
	if err := wholeBrand(c, old.Brand); err != nil {
		return err
	}
	if err := old.unlocked(); err != nil {
		return err
	}
	if at.Version != 0 && at.Version != old.Version {
		return fault.Newf(fault.Conflict, "The menu %s is at version %d, not %d.", old.Name, old.Version, at.Version).With("Look at it again before you delete it.")
	}
	names, err := m.StoreNames(ctx, c, at.Menu)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return fault.Newf(fault.Conflict, "Stores sell from the menu %s: %s.", old.Name, strings.Join(names, ", ")).With("Give them another menu first.")
	}
	brand, err := m.accounts.Brand(ctx, old.Brand)
	if err != nil {
		return err
	}
	rec, err := record(brand, c, old, menuUpdated(c, fmt.Sprintf("%s deleted the menu %s.", c.EventName(), old.Name)))
	if err != nil {
		return err
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		if err := old.hold(tx); errors.Is(err, errMoved) {
			return fault.Newf(fault.Conflict, "The menu %s is being changed at this moment.", old.Name).With("Look at it again before you delete it.")
		} else if err != nil {
			return err
		}
		n, err := tx.Exec(sqlDeleteMenu, old.ID, old.Version)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Newf(fault.Conflict, "The menu %s was given to a store at this moment.", old.Name).With("Give the store another menu first.")
		}
		if _, err := tx.Exec(sqlDropUndos, old.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlDropCheckpoints, old.ID, 0); err != nil {
			return err
		}
		m.log.Append(tx, rec)
		return nil
	})
	if err == nil {
		m.parsed.Remove(old.ID)
	}
	return err
}

// unlocked refuses a change of a locked menu.
func (m *Menu) unlocked() error {
	if !m.doc.Locked {
		return nil
	}
	return fault.Newf(fault.Conflict, "The menu %s is locked.", m.Name).With("Unlock it, and lock it again after the change.")
}
