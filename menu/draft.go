package menu

import (
	"slices"

	"comanda/account"
	"comanda/internal/db"
	"comanda/wire"
)

// draft is a menu about to change. Its document shares what is not edited with the menu that it was made of; section,
// item, set and option return copies that may be edited, nil when there is none.
type draft struct {
	old     *Menu
	brand   account.Brand
	doc     wire.Menu
	showTax bool

	copied  map[int]bool // parts whose list of children is the draft's own
	touched []int        // parts that change
	events  []eventOf
	beside  []func(*db.Tx) error // what else is written with the change
	kept    bool                 // the menu as it was is kept by the change itself
}

func newDraft(old *Menu, brand account.Brand) *draft {
	return &draft{old: old, brand: brand, doc: old.doc, showTax: old.ShowTax, copied: map[int]bool{}}
}

// touch notes that parts change.
func (d *draft) touch(ids ...int) { d.touched = append(d.touched, ids...) }

// tell adds an event. Without one nothing changed, and nothing is written.
func (d *draft) tell(e eventOf) { d.events = append(d.events, e) }

// sections, items, sets and options are lists to edit.
func (d *draft) sections() *[]wire.MenuSection { return own(d, menuPart, &d.doc.MenuSections) }

func (d *draft) items(s *wire.MenuSection) *[]wire.MenuSectionItem {
	return own(d, s.MenuSectionId, &s.MenuItems)
}

func (d *draft) sets(it *wire.MenuSectionItem) *[]wire.MenuItemOptionSet {
	return own(d, it.MenuItemId, &it.MenuItemOptionSets)
}

func (d *draft) options(set *wire.MenuItemOptionSet) *[]wire.MenuItemOptionSetItem {
	return own(d, set.MenuItemOptionSetId, &set.MenuItemOptionSetItems)
}

// own copies the list of children of a part when it is first edited.
func own[T any](d *draft, id int, list *[]T) *[]T {
	if !d.copied[id] {
		d.copied[id] = true
		*list = slices.Clone(*list)
	}
	return list
}

func (d *draft) section(id int) *wire.MenuSection {
	return byID(*d.sections(), id, sectionID)
}

func (d *draft) item(id int) *wire.MenuSectionItem {
	it := d.old.byItem[id]
	if it == nil {
		return nil
	}
	return byID(*d.items(d.section(it.Section.MenuSectionId)), id, itemID)
}

// set also returns the item that it belongs to.
func (d *draft) set(old *OptionSet) (*wire.MenuSectionItem, *wire.MenuItemOptionSet) {
	it := d.item(old.Item.MenuItemId)
	return it, byID(*d.sets(it), old.MenuItemOptionSetId, setID)
}

// option also returns the item that it belongs to.
func (d *draft) option(id int) (*wire.MenuSectionItem, *wire.MenuItemOptionSetItem) {
	o := d.old.byOption[id]
	if o == nil {
		return nil, nil
	}
	it, set := d.set(o.Set)
	return it, byID(*d.options(set), id, optionID)
}

func sectionID(s *wire.MenuSection) *int          { return &s.MenuSectionId }
func itemID(it *wire.MenuSectionItem) *int        { return &it.MenuItemId }
func setID(s *wire.MenuItemOptionSet) *int        { return &s.MenuItemOptionSetId }
func optionID(o *wire.MenuItemOptionSetItem) *int { return &o.MenuItemOptionSetItemId }

func byID[T any](list []T, id int, of func(*T) *int) *T {
	for i := range list {
		if *of(&list[i]) == id {
			return &list[i]
		}
	}
	return nil
}

// without is a list to edit less one of its entries.
func without[T any](list *[]T, id int, of func(*T) *int) {
	*list = slices.DeleteFunc(*list, func(v T) bool { return *of(&v) == id })
}
