package menu

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"comanda/store"
	"comanda/wire"
)

// Menu is one menu as it was read at a version, with its indexes. It is shared and never changes: a change makes a new
// one.
type Menu struct {
	ID, Brand, Version int
	Name               string
	TaxIncluded        bool // prices include tax; else it is added on top
	ShowTax            bool // diners see tax on the menu

	doc      wire.Menu
	bytes    []byte
	sections []*Section
	bySect   map[int]*Section
	bySet    map[int]*OptionSet
	byItem   map[int]*Item
	byOption map[int]*Option
	public   map[wire.UUID]any // *Item or *Option
	rates    map[int]*TaxRate
	changed  map[int]int // part → the version at which it last changed; absent = before such notes, or never
	timed    []timed
	seen     atomic.Pointer[view]
}

// TaxRate is one of the menu's tax rates.
type TaxRate struct {
	ID      int
	Name    string
	Percent wire.Decimal
}

// Section is a section of the menu with its items in display order.
type Section struct {
	*wire.MenuSection
	Items []*Item
	times store.Week
}

// Item is one thing to buy.
type Item struct {
	*wire.MenuSectionItem
	Section *Section
	Sets    []*OptionSet // in display order
	Master  *OptionSet   // the set that holds the real products, whose options carry the price; nil = the item does
	Tax     *TaxRate     // nil = none
	special store.Week
}

// OptionSet is a choice that comes with an item: MinSelectCount to MaxSelectCount of its options.
type OptionSet struct {
	*wire.MenuItemOptionSet
	Item    *Item
	Options []*Option // in display order
}

// Option is one option of a set (the contract's MenuItemOptionSetItem).
type Option struct {
	*wire.MenuItemOptionSetItem
	Set *OptionSet
	Tax *TaxRate // its own rate, else that of the item; nil = none
}

// parse reads a stored document.
func parse(id, brand, version int, showTax bool, parts, raw []byte) (*Menu, error) {
	var doc wire.Menu
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("menu: document of %d: %w", id, err)
	}
	if doc.MenuId != id || doc.VersionNumber != version {
		return nil, fmt.Errorf("menu: the document of %d at version %d calls itself %d at %d", id, version, doc.MenuId, doc.VersionNumber)
	}
	m, err := index(doc, brand, showTax, raw)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(parts, &m.changed); err != nil {
		return nil, fmt.Errorf("menu: changes of parts of %d: %w", id, err)
	}
	return m, nil
}

// index makes a Menu of a document and its bytes.
func index(doc wire.Menu, brand int, showTax bool, raw []byte) (*Menu, error) {
	m := &Menu{
		ID: doc.MenuId, Brand: brand, Version: doc.VersionNumber, Name: doc.Name, ShowTax: showTax,
		TaxIncluded: doc.TaxType == wire.TaxTypeIncludedInBasePrice, doc: doc, bytes: raw,
		bySect: map[int]*Section{}, bySet: map[int]*OptionSet{}, byItem: map[int]*Item{}, byOption: map[int]*Option{},
		public: map[wire.UUID]any{}, rates: map[int]*TaxRate{}, changed: map[int]int{},
	}
	for _, r := range m.doc.TaxRates {
		m.rates[wire.V(r.TaxRateId)] = &TaxRate{wire.V(r.TaxRateId), wire.V(r.Name), wire.V(r.Rate)}
	}
	for i := range m.doc.MenuSections {
		if err := m.addSection(&Section{MenuSection: &m.doc.MenuSections[i]}); err != nil {
			return nil, fmt.Errorf("menu: %d: %w", m.ID, err)
		}
	}
	slices.SortStableFunc(m.sections, func(a, b *Section) int { return a.DisplayOrder - b.DisplayOrder })
	return m, nil
}

func (m *Menu) addSection(s *Section) (err error) {
	if a := s.MenuSectionAvailability; a != nil {
		if s.times, err = store.ParseWeek(a.AvailableTimes, "AvailableTimes"); err != nil {
			return err
		}
	}
	if s.isTimed() {
		m.timed = append(m.timed, s)
	}
	m.sections = append(m.sections, s)
	m.bySect[s.MenuSectionId] = s
	for i := range s.MenuItems {
		it := &Item{MenuSectionItem: &s.MenuItems[i], Section: s}
		it.Tax = m.rates[wire.V(it.TaxRateId)]
		if it.special, err = store.ParseWeek(it.DailySpecialHours, "DailySpecialHours"); err != nil {
			return err
		}
		if len(it.DailySpecialHours) > 0 {
			m.timed = append(m.timed, it)
		}
		s.Items = append(s.Items, it)
		m.byItem[it.MenuItemId], m.public[it.PublicId] = it, it
		m.addOptions(it)
	}
	slices.SortStableFunc(s.Items, func(a, b *Item) int { return a.DisplayOrder - b.DisplayOrder })
	return nil
}

func (m *Menu) addOptions(it *Item) {
	for j := range it.MenuItemOptionSets {
		set := &OptionSet{MenuItemOptionSet: &it.MenuItemOptionSets[j], Item: it}
		it.Sets = append(it.Sets, set)
		m.bySet[set.MenuItemOptionSetId] = set
		if set.IsMasterOptionSet {
			it.Master = set
		}
		for k := range set.MenuItemOptionSetItems {
			o := &Option{MenuItemOptionSetItem: &set.MenuItemOptionSetItems[k], Set: set}
			if o.Tax = m.rates[wire.V(o.TaxRateId)]; o.Tax == nil {
				o.Tax = it.Tax
			}
			set.Options = append(set.Options, o)
			m.byOption[o.MenuItemOptionSetItemId], m.public[o.PublicId] = o, o
		}
		slices.SortStableFunc(set.Options, func(a, b *Option) int { return a.DisplayOrder - b.DisplayOrder })
	}
	slices.SortStableFunc(it.Sets, func(a, b *OptionSet) int { return a.DisplayOrder - b.DisplayOrder })
}

// Wire is the menu as the contract shows it. It is shared: do not change it.
func (m *Menu) Wire() *wire.Menu { return &m.doc }

// JSON is the menu's bytes as GET answers them under Data. They are shared: do not change them.
func (m *Menu) JSON() []byte { return m.bytes }

// Sections are the menu's sections in display order.
func (m *Menu) Sections() []*Section { return m.sections }

// Item finds an item by its PublicId, nil when there is none.
func (m *Menu) Item(public wire.UUID) *Item {
	it, _ := m.public[public].(*Item)
	return it
}

// Option finds an option by its PublicId, nil when there is none. Whether it belongs to an item is told by its
// Set.Item.
func (m *Menu) Option(public wire.UUID) *Option {
	o, _ := m.public[public].(*Option)
	return o
}

// PublicItem is the PublicId of an item by its MenuItemId; empty when there is none.
func (m *Menu) PublicItem(id int) wire.UUID {
	if it := m.byItem[id]; it != nil {
		return it.PublicId
	}
	return ""
}

// PublicOption is the PublicId of an option by its MenuItemOptionSetItemId; empty when there is none.
func (m *Menu) PublicOption(id int) wire.UUID {
	if o := m.byOption[id]; o != nil {
		return o.PublicId
	}
	return ""
}

// BasePrice is what one unit costs before options: the item's price, or nothing when a master option set carries it.
func (it *Item) BasePrice() wire.Decimal {
	if it.Master != nil {
		return "0"
	}
	return it.Price
}

// Orderable reports whether the item can be ordered at t by a diner of a store in loc: it and its section are available,
// not hidden, and within their times. Options are judged by themselves.
func (it *Item) Orderable(t time.Time, loc *time.Location) bool {
	if !it.IsAvailable || !it.Section.orderable(t, loc) {
		return false
	}
	return len(it.DailySpecialHours) == 0 || it.covers(t, loc)
}

func (s *Section) orderable(t time.Time, loc *time.Location) bool {
	return s.IsAvailable && !s.IsHiddenFromCustomers && (!s.isTimed() || s.covers(t, loc))
}

// isTimed reports whether the section's times count: in the other modes they only say how it is displayed.
func (s *Section) isTimed() bool {
	a := s.MenuSectionAvailability
	return a != nil && wire.V(a.AvailabilityMode) == wire.AvailabilityModeDisplayBasedOnTimes
}

// Next is the option set that a diner goes to from this option: the one it names, the following one, or nil at the end.
func (o *Option) Next() *OptionSet {
	sets := o.Set.Item.Sets
	if o.NextMenuItemOptionSetId != nil {
		i := slices.IndexFunc(sets, func(s *OptionSet) bool { return s.MenuItemOptionSetId == *o.NextMenuItemOptionSetId })
		if i < 0 {
			return nil
		}
		return sets[i]
	}
	if i := slices.Index(sets, o.Set); i+1 < len(sets) {
		return sets[i+1]
	}
	return nil
}

// MetadataFor is the item's metadata as an order of a store carries it.
func (it *Item) MetadataFor(store int) map[string]string { return metadataFor(it.Metadata, store) }

// MetadataFor is the option's metadata as an order of a store carries it.
func (o *Option) MetadataFor(store int) map[string]string { return metadataFor(o.Metadata, store) }

// metadataFor takes the entries without a store, and those of the store over them.
func metadataFor(all []wire.CreateMetadata, store int) map[string]string {
	general, own := map[string]string{}, map[string]string{}
	for _, e := range all {
		switch wire.V(e.StoreId) {
		case 0:
			general[wire.V(e.Key)] = wire.V(e.Value)
		case store:
			own[wire.V(e.Key)] = wire.V(e.Value)
		}
	}
	maps.Copy(general, own)
	return general
}
