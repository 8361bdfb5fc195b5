package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// NewStore is a store about to be made in a store group.
type NewStore struct {
	Group int
	wire.StoreCreateBase
	Zone string // IANA time zone; empty = that of the address
}

// Create makes a store: unpublished, without menu and hours, for pickup, paid in cash, in the country of its brand. A
// Zone that is given stays; otherwise the zone follows the address.
func (s *Stores) Create(ctx context.Context, c *account.Caller, in NewStore) (*Store, error) {
	brandID, group, _, err := s.loadGroup(ctx, in.Group)
	if err != nil {
		return nil, err
	}
	if err := s.require(c, account.EditStores, brandID, 0, noGroup(in.Group)); err != nil {
		return nil, err
	}
	if err := wholeBrand(c, brandID); err != nil {
		return nil, err
	}
	brand, err := s.accounts.Brand(ctx, brandID)
	if err != nil {
		return nil, err
	}
	doc := newDocument(brand, group, in)
	if err := checkNew(&doc.Store, in); err != nil {
		return nil, err
	}
	return s.insert(ctx, c, brand, doc, "created the store %s in the store group %s", group.Name)
}

// Clone makes a store like another, in the same store group or in another one of the brand: unpublished, with all else that
// is set up, such as address, hours, menu and delivery zones, which get ids of their own.
func (s *Stores) Clone(ctx context.Context, c *account.Caller, id, groupID int) (*Store, error) {
	from, err := s.open(ctx, c, id, account.EditStores)
	if err != nil {
		return nil, err
	}
	if err := wholeBrand(c, from.Brand); err != nil {
		return nil, err
	}
	if groupID == 0 {
		groupID = from.Group
	}
	brandID, group, _, err := s.loadGroup(ctx, groupID)
	if err == nil && brandID != from.Brand {
		err = noGroup(groupID)
	}
	if err != nil {
		return nil, err
	}
	if err := sameCurrency("TargetStoreGroupId", group, from); err != nil {
		return nil, err
	}
	brand, err := s.accounts.Brand(ctx, from.Brand)
	if err != nil {
		return nil, err
	}
	doc, err := from.doc.clone()
	if err != nil {
		return nil, err
	}
	w := &doc.Store
	w.Name, w.StoreGroupId, w.IsPublished, w.IsArchived = cloneName(from.Name), groupID, false, false
	w.StoreNotes, doc.Rests = []wire.StoreNote{}, nil
	if err := s.renumberZones(ctx, w.DeliveryZones); err != nil {
		return nil, err
	}
	return s.insert(ctx, c, brand, doc, "made the store %s in the store group %s as a copy of %s", group.Name, from.Name)
}

// cloneName is the name of a copy, which is a name itself however long that of the original is.
func cloneName(name string) string {
	const prefix = "Copy of "
	runes := []rune(name)
	return prefix + string(runes[:min(len(runes), maxName-len(prefix))])
}

// sameCurrency refuses to put a store into a group that sells in another currency: its prices would mean something else.
func sameCurrency(field string, g *wire.StoreGroup, st *Store) error {
	if string(g.Currency) != st.Currency {
		return fault.BadField(field, "the store group %s sells in %s and the store %s in %s: choose a group of the same currency", g.Name, g.Currency, st.Name, st.Currency)
	}
	return nil
}

// insert stores a document as a new store, with its event; what follows the actor's name is a format, for the store's
// name and then args.
func (s *Stores) insert(
	ctx context.Context, c *account.Caller, brand account.Brand, doc *document, format string, args ...any,
) (*Store, error) {
	id, err := s.db.NextID(ctx, "stores")
	if err != nil {
		return nil, fmt.Errorf("store: create: %w", err)
	}
	doc.Store.StoreId, doc.Store.Address.AddressId = id, id // one address a store, so they share the number
	doc.ServiceCharge.StoreId, doc.Tips.StoreId = &id, id
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("store: create: %w", err)
	}
	st, err := parse(id, brand.ID, doc.Store.StoreGroupId, 1, raw)
	if err != nil {
		return nil, err
	}
	records, err := s.encode(ctx, c, st, []eventOf{func(st *Store, base wire.EventBase) wire.Event {
		return &wire.StoreCreatedEvent{
			EventBase: base, StoreId: st.ID, User: c.EventUser(), Store: st.Wire(),
			Description: c.EventName() + " " + fmt.Sprintf(format, append([]any{st.Name}, args...)...) + ".",
		}
	}})
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := holdGroup(tx, st.Group); err != nil {
			return err
		}
		w := st.Wire()
		if _, err := tx.Exec(sqlInsertStore, id, brand.ID, st.Group, w.MenuId, w.Name, w.IsPublished, w.IsArchived, string(raw)); err != nil {
			return err
		}
		s.log.Append(tx, records...)
		return nil
	})
	if err != nil {
		return nil, writeFault("create", err)
	}
	return st, nil
}

// newDocument holds the settings that a store begins with.
func newDocument(brand account.Brand, group *wire.StoreGroup, in NewStore) *document {
	channels := []wire.SalesChannelType{wire.SalesChannelTypeWeb, wire.SalesChannelTypeApp}
	if in.SalesChannelType != nil {
		channels = []wire.SalesChannelType{*in.SalesChannelType}
	}
	preOrder := func(lead int) wire.PreOrderConfig {
		return wire.PreOrderConfig{
			LeadTimeMinutes: &lead, IntervalMinutes: wire.P(15), MaxOrderAheadDays: wire.P(7), IncludeAsap: wire.P(true),
			IncludeMoreGranularInitialTime: wire.P(false), PreOrderTimeDisplayType: wire.P(wire.PreOrderTimeDisplayTypeSingleTime),
			AlwaysAppearOpen: wire.P(false), RequireExplicitSelectAlways: wire.P(false),
		}
	}
	const pickup, delivery = 20, 45 // minutes
	doc := &document{
		Store: wire.Store{
			StoreGroupId: group.StoreGroupId, Currency: group.Currency, AppIds: []string{brand.AppID},
			Name: tidy(wire.V(in.Name)), EmailAddress: strings.TrimSpace(wire.V(in.EmailAddress)),
			PhoneNumber: tidy(wire.V(in.PhoneNumber)), StaffLanguage: strings.TrimSpace(wire.V(in.StaffLanguage)),
			Address:       &wire.StoreAddress{CountryCode: brand.CountryID, AddressFields: map[string]any{}, TwoLinesDisplay: []string{}},
			DeliveryZones: []wire.DeliveryZone{}, StoreNotes: []wire.StoreNote{}, SalesChannelTypes: channels,
			InheritanceConfigTypes: []wire.InheritanceConfigTypes{},
			PickupHours:            Week{}.Wire(), DeliveryHours: Week{}.Wire(),
			PickupEnabled: true, TakeOutEnabled: true, CashOrdersPickupEnabled: true, CashOrdersDeliveryEnabled: true,
			OpenForPickup: true, OpenForDelivery: true, TipsEnabled: true, AllowChefNotes: true,
			PreOrderEnabled: true, PreOrderPickupEnabled: true, PreOrderDeliveryEnabled: true,
			RequireCustomerNameForDelivery: true, MinimumPickupOrderAmount: "0",
		},
		Metadata:      map[string]string{},
		LeadTimes:     map[string]int{"Collection": pickup, "Delivery": delivery, "DineIn": pickup, "TakeAway": pickup},
		PreOrder:      map[wire.DeliveryType]wire.PreOrderConfig{wire.DeliveryTypePickup: preOrder(pickup), wire.DeliveryTypeDelivery: preOrder(delivery)},
		ServiceCharge: wire.ServiceCharge{PercentageValue: wire.P(wire.Decimal("0")), Enabled: wire.P(false), IsOptional: wire.P(false), DisplayWithProcessingFee: wire.P(false), IncludesVouchers: wire.P(false)},
		Tips: wire.TipConfiguration{
			IsEnabled: true, AllowCustomTips: true, AllowRoundUp: true, AllowEmojis: false,
			Percentages: []wire.Decimal{"5", "10", "15"}, DefaultPercentage: nil,
		},
		Overrides: []wire.BusinessHoursOverride{},
	}
	if doc.Store.StaffLanguage == "" {
		doc.Store.StaffLanguage = "en"
	}
	if z, ok := zoneOf(brand.CountryID, nil); ok {
		doc.setZone(z)
	} else {
		doc.setZone(zone{iana: "UTC"})
	}
	if z, ok := zoneNamed(in.Zone); ok {
		doc.setZone(z)
		doc.ZoneFixed = true
	}
	return doc
}

func (d *document) setZone(z zone) {
	d.Store.IanaTimeZone, d.Store.MicrosoftTimeZone = z.iana, z.windows
}

// checkNew checks what a new store brought along.
func checkNew(w *wire.Store, in NewStore) error {
	var faults fault.Collector
	checkContact(&faults, w)
	if _, ok := zoneNamed(in.Zone); in.Zone != "" && !ok {
		faults.Add("Zone", "%.40q is not an IANA time zone: write it as Europe/Dublin", in.Zone)
	}
	return faults.Err()
}

func checkContact(c *fault.Collector, w *wire.Store) {
	checkName(c, "Name", w.Name, "a store")
	checkEmail(c, w.EmailAddress)
	checkPhone(c, w.PhoneNumber)
	if len(w.StaffLanguage) > 20 {
		c.Add("StaffLanguage", "%.20q is not a language code: write it as en or pt-BR", w.StaffLanguage)
	}
}

func checkEmail(c *fault.Collector, s string) {
	if s == "" {
		return
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s || len(s) > 100 {
		c.Add("EmailAddress", "%.100q is not an e-mail address of 100 characters at most", s)
	}
}

func checkPhone(c *fault.Collector, s string) {
	if len(s) > 30 || strings.Trim(s, "+0123456789 ()-./") != "" {
		c.Add("PhoneNumber", "%.30q is not a telephone number: write it as +353 1 234 5678", s)
	}
}
