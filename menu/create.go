package menu

import (
	"context"
	"encoding/json"
	"fmt"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// Create makes a menu from a whole document, all of it or nothing. Numeric ids are made here, whatever the document has;
// a PublicId that it has is kept. NextMenuItemOptionSetId names a set by the MenuItemOptionSetId that the document gives it.
func (m *Menus) Create(ctx context.Context, c *account.Caller, appID string, in wire.CreateFullMenu) (*Menu, error) {
	return m.create(ctx, c, appID, in)
}

// CreateAsync is Create for callers who wait for the event menu.async_creation.completed, which is appended with the menu:
// making one takes no longer than answering.
func (m *Menus) CreateAsync(ctx context.Context, c *account.Caller, appID string, in wire.CreateFullMenu) (*Menu, error) {
	return m.create(ctx, c, appID, in, func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuAsyncCreationCompletedEvent{
			EventBase: base, User: c.EventUser(), Menu: menu.Wire(), Success: true,
			Description: fmt.Sprintf("%s has the menu %s now, which was asked for without waiting.", c.EventName(), menu.Name),
		}
	})
}

func (m *Menus) create(ctx context.Context, c *account.Caller, appID string, in wire.CreateFullMenu, events ...eventOf) (*Menu, error) {
	brand, err := m.accounts.Open(ctx, c, appID, account.EditMenus)
	if err != nil {
		return nil, err
	}
	if err := wholeBrand(c, brand.ID); err != nil {
		return nil, err
	}
	check, err := m.checker(ctx, brand.ID, 0)
	if err != nil {
		return nil, err
	}
	doc := build(check, in)
	if err := check.Err(); err != nil {
		return nil, err
	}
	if doc.MenuId, err = m.db.NextID(ctx, "menus"); err != nil {
		return nil, fmt.Errorf("menu: create: %w", err)
	}
	first, err := m.db.NextIDs(ctx, "menu_entities", check.entities)
	if err != nil {
		return nil, fmt.Errorf("menu: create: %w", err)
	}
	number(&doc, first)
	for i := range doc.MenuSections {
		for j := range doc.MenuSections[i].MenuItems {
			it := &doc.MenuSections[i].MenuItems[j]
			it.ActualPrice = actualPrice(it)
		}
	}
	doc.AppId, doc.VersionNumber, doc.ModifiedTime = brand.AppID, 1, wire.At(brand.Now())
	return m.insert(ctx, c, brand, doc, false, append([]eventOf{func(menu *Menu, base wire.EventBase) wire.Event {
		return &wire.MenuCreatedEvent{
			EventBase: base, User: c.EventUser(), Menu: menu.Wire(),
			Description: fmt.Sprintf("%s created the menu %s with %d sections and %d items.", c.EventName(), menu.Name, len(menu.sections), len(menu.byItem)),
		}
	}}, events...))
}

// insert stores a new menu with its events.
func (m *Menus) insert(ctx context.Context, c *account.Caller, brand account.Brand, doc wire.Menu, showTax bool, events []eventOf) (*Menu, error) {
	menu, records, err := m.encode(brand, c, doc, showTax, map[int]int{}, events...)
	if err != nil {
		return nil, err
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlInsertMenu, menu.ID, brand.ID, doc.Name, clock.Micros(doc.ModifiedTime.Time), doc.Locked, doc.IsIntegrated, showTax, string(menu.bytes))
		if err != nil {
			return err
		}
		m.log.Append(tx, records...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("menu: create: %w", err)
	}
	m.parsed.Add(menu.ID, menu)
	return menu, nil
}

// encode makes the parsed menu of a document and the records of events about it.
func (m *Menus) encode(
	brand account.Brand, c *account.Caller, doc wire.Menu, showTax bool, changed map[int]int, events ...eventOf,
) (*Menu, []event.Record, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, nil, fmt.Errorf("menu: encode: %w", err)
	}
	menu, err := index(doc, brand.ID, showTax, raw)
	if err != nil {
		return nil, nil, err
	}
	menu.changed = changed
	var records []event.Record
	for _, make := range events {
		rec, err := record(brand, c, menu, make)
		if err != nil {
			return nil, nil, err
		}
		records = append(records, rec)
	}
	return menu, records, nil
}

// record makes the record of an event about a menu.
func record(brand account.Brand, c *account.Caller, menu *Menu, make eventOf) (event.Record, error) {
	return event.Encode(event.New{
		Brand: brand.ID, AppID: brand.AppID, Subject: fmt.Sprintf("menu/%d", menu.ID), Time: brand.Now(), Request: c.Request,
		Body: make(menu, wire.EventBase{IpAddress: c.EventIP()}),
	})
}

// checker knows what the menu's prices and references are checked against. Prices must suit the currency with the fewest
// decimals among the stores that use the menu; while none does, any currency of the brand's store groups will do.
func (m *Menus) checker(ctx context.Context, brand, menu int) (*checker, error) {
	c := &checker{currency: "EUR", stores: map[int]bool{}, rates: map[string]bool{}, public: map[wire.UUID]string{}}
	stores, err := m.stores.OfBrand(ctx, brand)
	if err != nil {
		return nil, err
	}
	var used []string
	for _, st := range stores {
		c.stores[st.ID] = true
		if menu != 0 && st.MenuID == menu {
			used = append(used, st.Currency)
		}
	}
	if len(used) > 0 {
		c.currency = coarsest(used)
		return c, nil
	}
	all, err := m.stores.Currencies(ctx, brand)
	if len(all) > 0 {
		c.currency = finest(all)
	}
	return c, err
}

// build checks a document and makes the menu of it, still without numeric ids.
func build(c *checker, in wire.CreateFullMenu) wire.Menu {
	doc := wire.Menu{
		Name: c.name("Name", in.Name, 255), ImageUrl: c.image("ImageUrl", in.ImageUrl),
		DisplaySectionLinks:  wire.V(in.DisplaySectionLinks),
		MenuSectionBehaviour: oneOf(c, "MenuSectionBehaviour", in.MenuSectionBehaviour, wire.MenuSectionBehaviourExpandMultiple),
		TaxType:              oneOf(c, "TaxType", in.TaxType, wire.TaxTypeIncludedInBasePrice),
		IsIntegrated:         wire.V(in.IsIntegrated),
		MenuSections:         []wire.MenuSection{}, TaxRates: []wire.MenuTaxRate{},
	}
	if len(in.TaxRates) > maxTaxRates {
		c.Add("TaxRates", "%d tax rates are allowed, these are %d", maxTaxRates, len(in.TaxRates))
		return doc
	}
	for i, r := range in.TaxRates {
		doc.TaxRates = append(doc.TaxRates, c.taxRate(fmt.Sprintf("TaxRates[%d].", i), r))
	}
	if len(in.MenuSections) > maxSections {
		c.Add("MenuSections", "%d sections are allowed, these are %d", maxSections, len(in.MenuSections))
		return doc
	}
	for i, s := range in.MenuSections {
		doc.MenuSections = append(doc.MenuSections, c.section(fmt.Sprintf("MenuSections[%d].", i), i, s))
	}
	if c.items > maxItems {
		c.Add("MenuSections", "%d items are allowed on a menu, these are %d", maxItems, c.items)
	}
	if c.options > maxOptions {
		c.Add("MenuSections", "%d options are allowed on a menu, these are %d", maxOptions, c.options)
	}
	doc.IsIntegrated = doc.IsIntegrated || c.mapped
	return doc
}

func (c *checker) taxRate(at string, in wire.CreateMenuTaxRate) wire.MenuTaxRate {
	c.entities++
	name := c.name(at+"Name", in.Name, 2048)
	if c.rates[name] {
		c.Add(at+"Name", "the name %.60q is there twice", name)
	}
	c.rates[name] = true
	rate := wire.V(in.Rate)
	r, err := money.ParseRate(rate)
	if err != nil || r > money.MaxRate/100 {
		c.Add(at+"Rate", "%.20s is not a percentage from 0 to 100 with four decimals at most", rate)
	}
	return wire.MenuTaxRate{Name: &name, Rate: wire.P(r.Decimal())}
}

func (c *checker) section(at string, order int, in wire.CreateFullMenuSection) wire.MenuSection {
	c.entities++
	out := wire.MenuSection{
		PublicId: c.id(at+"PublicId", in.PublicId), Name: c.name(at+"Name", in.Name, 4000),
		Description: c.text(at+"Description", in.Description, 4000), DisplayOrder: or(in.DisplayOrder, order),
		IsAvailable: or(in.IsAvailable, true), IsHiddenFromCustomers: wire.V(in.IsHiddenFromCustomers),
		ImageUrl: c.image(at+"ImageUrl", in.ImageUrl), MenuItems: []wire.MenuSectionItem{},
	}
	if a := in.MenuSectionAvailability; a != nil {
		mode := oneOf(c, at+"MenuSectionAvailability.AvailabilityMode", a.AvailabilityMode, wire.AvailabilityModeDisplayAlways)
		out.MenuSectionAvailability = &wire.MenuSectionAvailability{
			AvailabilityMode: &mode, AvailableTimes: c.hours(at+"MenuSectionAvailability.AvailableTimes", a.AvailableTimes),
		}
	}
	if c.items += len(in.MenuItems); c.items > maxItems {
		return out
	}
	for i, it := range in.MenuItems {
		out.MenuItems = append(out.MenuItems, c.item(fmt.Sprintf("%sMenuItems[%d].", at, i), i, it))
	}
	return out
}

func (c *checker) item(at string, order int, in wire.CreateFullMenuSectionItem) wire.MenuSectionItem {
	c.entities++
	out := wire.MenuSectionItem{
		PublicId: c.id(at+"PublicId", in.PublicId), Name: c.name(at+"Name", in.Name, 4000),
		Description:     c.text(at+"Description", in.Description, 4000),
		SpicinessRating: oneOf(c, at+"SpicinessRating", in.SpicinessRating, wire.SpicinessRatingNotRated),
		Price:           c.price(at+"Price", in.Price), DepositReturnFee: c.deposit(at+"DepositReturnFee", in.DepositReturnFee),
		DisplayOrder: or(in.DisplayOrder, order), Alcohol: wire.V(in.Alcohol), IsAvailable: or(in.IsAvailable, true),
		CellLayoutType:  oneOf(c, at+"CellLayoutType", in.CellLayoutType, wire.CellLayoutTypeSmall),
		DisableVouchers: wire.V(in.DisableVouchers), ExcludeFromVoucherDiscounting: wire.V(in.ExcludeFromVoucherDiscounting),
		ImageName: c.text(at+"ImageName", in.ImageName, 255), ImageUrl: c.image(at+"ImageUrl", in.ImageUrl),
		TaxRateName: c.rate(at+"TaxRateName", in.TaxRateName), Metadata: c.metadata(at+"Metadata", in.Metadata),
		DailySpecialHours: []wire.BusinessHoursPeriod{}, MenuItemOptionSets: []wire.MenuItemOptionSet{},
	}
	if len(in.MenuItemOptionSets) > maxSetsOfItem {
		c.Add(at+"MenuItemOptionSets", "%d option sets are allowed for an item, these are %d", maxSetsOfItem, len(in.MenuItemOptionSets))
		return out
	}
	masters := 0
	for i, set := range in.MenuItemOptionSets {
		path := fmt.Sprintf("%sMenuItemOptionSets[%d].", at, i)
		out.MenuItemOptionSets = append(out.MenuItemOptionSets, c.optionSet(path, i, set))
		if wire.V(set.IsMasterOptionSet) {
			if masters++; masters > 1 {
				c.Add(path+"IsMasterOptionSet", "an item has one master option set at most")
			}
		}
	}
	c.jumps(at, in, out.MenuItemOptionSets)
	return out
}

func (c *checker) optionSet(at string, order int, in wire.CreateFullMenuItemOptionSet) wire.MenuItemOptionSet {
	out := c.optionSetMembers(at, order, in)
	if c.options += len(in.MenuItemOptionSetItems); len(in.MenuItemOptionSetItems) > maxSetOptions || c.options > maxOptions {
		if len(in.MenuItemOptionSetItems) > maxSetOptions {
			c.Add(at+"MenuItemOptionSetItems", "%d options are allowed in a set, these are %d", maxSetOptions, len(in.MenuItemOptionSetItems))
		}
		return out
	}
	for i, o := range in.MenuItemOptionSetItems {
		out.MenuItemOptionSetItems = append(out.MenuItemOptionSetItems, c.option(fmt.Sprintf("%sMenuItemOptionSetItems[%d].", at, i), i, o))
	}
	c.counts(at, &out, len(out.MenuItemOptionSetItems))
	return out
}

// optionSetMembers makes a set without its options.
func (c *checker) optionSetMembers(at string, order int, in wire.CreateFullMenuItemOptionSet) wire.MenuItemOptionSet {
	c.entities++
	least := 0
	if wire.V(in.IsMasterOptionSet) {
		least = 1
	}
	out := wire.MenuItemOptionSet{
		PublicId: c.id(at+"PublicId", in.PublicId), Name: c.name(at+"Name", in.Name, 4000),
		IsMasterOptionSet: wire.V(in.IsMasterOptionSet), DisplayOrder: or(in.DisplayOrder, order),
		MinSelectCount: or(in.MinSelectCount, least), CellLayoutType: oneOf(c, at+"CellLayoutType", in.CellLayoutType, wire.CellLayoutTypeSmall),
		MenuItemOptionSetItems: []wire.MenuItemOptionSetItem{},
	}
	out.MaxSelectCount = or(in.MaxSelectCount, max(1, out.MinSelectCount))
	return out
}

func (c *checker) option(at string, order int, in wire.CreateFullMenuItemOptionSetItem) wire.MenuItemOptionSetItem {
	c.entities++
	return wire.MenuItemOptionSetItem{
		PublicId: c.id(at+"PublicId", in.PublicId), Name: c.name(at+"Name", in.Name, 4000),
		Price: c.price(at+"Price", in.Price), DepositReturnFee: c.deposit(at+"DepositReturnFee", in.DepositReturnFee),
		IsAvailable: or(in.IsAvailable, true), DisplayOrder: or(in.DisplayOrder, order),
		CellLayoutType: oneOf(c, at+"CellLayoutType", in.CellLayoutType, wire.CellLayoutTypeSmall),
		ImageUrl:       c.image(at+"ImageUrl", in.ImageUrl), TaxRateName: c.rate(at+"TaxRateName", in.TaxRateName),
		Metadata: c.metadata(at+"Metadata", in.Metadata), NextMenuItemOptionSetId: in.NextMenuItemOptionSetId,
	}
}

// jumps checks each NextMenuItemOptionSetId of an item: nothing or -1, or the id of a set of the same item that is
// displayed later, and turns that id into the set's index + 1, which number replaces by its final id.
func (c *checker) jumps(at string, in wire.CreateFullMenuSectionItem, sets []wire.MenuItemOptionSet) {
	byID := map[int]int{}
	for i, set := range in.MenuItemOptionSets {
		if id := wire.V(set.MenuItemOptionSetId); id > 0 {
			if _, twice := byID[id]; twice {
				c.Add(fmt.Sprintf("%sMenuItemOptionSets[%d].MenuItemOptionSetId", at, i), "%d is there twice in the item", id)
			}
			byID[id] = i
		}
	}
	for i := range sets {
		for j := range sets[i].MenuItemOptionSetItems {
			next := &sets[i].MenuItemOptionSetItems[j].NextMenuItemOptionSetId
			if *next == nil || **next == -1 {
				continue
			}
			path := fmt.Sprintf("%sMenuItemOptionSets[%d].MenuItemOptionSetItems[%d].NextMenuItemOptionSetId", at, i, j)
			to, ok := byID[**next]
			switch {
			case !ok:
				c.Add(path, "no option set of this item has the MenuItemOptionSetId %d", **next)
			case !before(sets, i, to):
				c.Add(path, "the option set %d is not displayed after this one, so it cannot come next", **next)
			}
			*next = wire.P(to + 1)
		}
	}
}

// before reports whether set i is displayed before set j.
func before(sets []wire.MenuItemOptionSet, i, j int) bool {
	if sets[i].DisplayOrder != sets[j].DisplayOrder {
		return sets[i].DisplayOrder < sets[j].DisplayOrder
	}
	return i < j
}

// number gives every entity of a new menu its numeric id, from first on, and resolves the references.
func number(doc *wire.Menu, first int) {
	next := func() int { first++; return first - 1 }
	type rate struct {
		id    *int
		value wire.Decimal
	}
	rates := map[string]rate{}
	for i := range doc.TaxRates {
		r := &doc.TaxRates[i]
		r.TaxRateId = wire.P(next())
		rates[*r.Name] = rate{r.TaxRateId, *r.Rate}
	}
	for i := range doc.MenuSections {
		s := &doc.MenuSections[i]
		s.MenuSectionId = next()
		for j := range s.MenuItems {
			it := &s.MenuItems[j]
			it.MenuItemId = next()
			r := rates[it.TaxRateName]
			it.TaxRateId, it.TaxValue = r.id, r.value
			sets := it.MenuItemOptionSets
			for k := range sets {
				sets[k].MenuItemOptionSetId = next()
			}
			for k := range sets {
				for l := range sets[k].MenuItemOptionSetItems {
					o := &sets[k].MenuItemOptionSetItems[l]
					o.MenuItemOptionSetItemId = next()
					r := rates[o.TaxRateName]
					o.TaxRateId, o.TaxValue = r.id, r.value
					if to := wire.V(o.NextMenuItemOptionSetId); to > 0 {
						o.NextMenuItemOptionSetId = wire.P(sets[to-1].MenuItemOptionSetId)
					}
				}
			}
		}
	}
}

func or[T any](p *T, absent T) T {
	if p == nil {
		return absent
	}
	return *p
}

// wholeBrand refuses a caller who has some stores of a brand only: a menu concerns any of them.
func wholeBrand(c *account.Caller, brand int) error {
	if g, ok := c.GrantOn(brand); ok && g.Stores != nil {
		return fault.New(fault.Forbidden, "Your access is for some stores of the brand only, and a menu concerns any of them.").
			With("Ask an owner of the brand.")
	}
	return nil
}
