package order

import (
	"context"
	"time"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// Shop is a store as a diner sees it: the members of the contract's Store that concern them, and whether it is open now.
type Shop struct {
	StoreId                        int                        `json:"StoreId" format:"int32"`
	StoreGroupId                   int                        `json:"StoreGroupId" format:"int32"`
	MenuId                         int                        `json:"MenuId" format:"int32"`
	Name                           string                     `json:"Name"`
	PhoneNumber                    string                     `json:"PhoneNumber"`
	Address                        *wire.StoreAddress         `json:"Address"`
	Currency                       wire.Currency              `json:"Currency"`
	IanaTimeZone                   string                     `json:"IanaTimeZone"`
	MicrosoftTimeZone              string                     `json:"MicrosoftTimeZone"`
	LogoUrl                        string                     `json:"LogoUrl"`
	PickupHours                    []wire.BusinessHoursPeriod `json:"PickupHours"`
	DeliveryHours                  []wire.BusinessHoursPeriod `json:"DeliveryHours"`
	PickupEnabled                  bool                       `json:"PickupEnabled"`
	DeliveryEnabled                bool                       `json:"DeliveryEnabled" doc:"The store delivers, and has a zone to deliver to."`
	TakeOutEnabled                 bool                       `json:"TakeOutEnabled"`
	TableServiceEnabled            bool                       `json:"TableServiceEnabled"`
	DineInEnabled                  bool                       `json:"DineInEnabled"`
	CashOrdersPickupEnabled        bool                       `json:"CashOrdersPickupEnabled"`
	CashOrdersDeliveryEnabled      bool                       `json:"CashOrdersDeliveryEnabled"`
	CardOrdersPickupEnabled        bool                       `json:"CardOrdersPickupEnabled" doc:"Pickups may be paid by card, where the brand takes cards."`
	CardOrderDeliveryEnabled       bool                       `json:"CardOrderDeliveryEnabled" doc:"Deliveries may be paid by card, where the brand takes cards."`
	PreOrderPickupEnabled          bool                       `json:"PreOrderPickupEnabled"`
	PreOrderDeliveryEnabled        bool                       `json:"PreOrderDeliveryEnabled"`
	TipsEnabled                    bool                       `json:"TipsEnabled"`
	AllowChefNotes                 bool                       `json:"AllowChefNotes"`
	RequireCustomerNameForPickup   bool                       `json:"RequireCustomerNameForPickup"`
	RequireCustomerNameForDelivery bool                       `json:"RequireCustomerNameForDelivery"`
	MinimumPickupOrderAmount       wire.Decimal               `json:"MinimumPickupOrderAmount"`
	ServiceChargePercentage        wire.Decimal               `json:"ServiceChargePercentage" doc:"Of the items after discounts; 0 for none."`
	ServiceChargeIsOptional        bool                       `json:"ServiceChargeIsOptional" doc:"The customer may decline it."`
	Pickup                         Openness                   `json:"Pickup" doc:"Whether the store takes pickups now."`
	Delivery                       Openness                   `json:"Delivery" doc:"Whether the store takes deliveries now."`
}

// Openness says whether a store takes orders of one delivery type now, and if not, when its hours open next.
type Openness struct {
	IsOpen          bool       `json:"IsOpen" doc:"An order for as soon as possible is taken now, unless as many are there as the store takes at a time; the list of slots knows."`
	NextOpening     *wire.Time `json:"NextOpening" nullable:"true" doc:"When orders for as soon as possible are taken next; null while they are, while nobody knows, and when that is not within 60 days."`
	PausedUntil     *wire.Time `json:"PausedUntil" nullable:"true" doc:"Until when staff take no orders, however open the store is; null while they do."`
	LeadTimeMinutes int        `json:"LeadTimeMinutes" format:"int32" doc:"How long an order that is placed now takes to make ready."`
}

// ShopMenu is a store with the menu that can be ordered from it now.
type ShopMenu struct {
	Shop
	Menu          *wire.Menu `json:"Menu" doc:"Sections, items and options that can be ordered now; null while the store has no menu."`
	DeliveryZones []ShopZone `json:"DeliveryZones" doc:"Where the store delivers; none while DeliveryEnabled is false."`
	Cards         ShopCards  `json:"Cards" doc:"Who takes cards for the brand."`
}

// ShopCards is who takes the cards of a brand's customers.
type ShopCards struct {
	Provider       string `json:"Provider" enum:"None,Simulator,Stripe" doc:"None where the brand takes no cards."`
	PublishableKey string `json:"PublishableKey" doc:"For the provider's script in the customer's page; empty where there is none."`
}

// ShopZone is where a store delivers, for which fee, and from what sum of items on.
type ShopZone struct {
	DeliveryFee                wire.Decimal `json:"DeliveryFee"`
	MinimumDeliveryOrderAmount wire.Decimal `json:"MinimumDeliveryOrderAmount" doc:"What the items must cost for the order to be taken."`
	WellKnownText              string       `json:"WellKnownText" doc:"POLYGON or MULTIPOLYGON of longitudes and latitudes, or CIRCLE (longitude latitude metres)."`
}

// Shops lists a brand's stores that take orders from the public: published and not archived.
func (o *Orders) Shops(ctx context.Context, _ *account.Caller, appID string) ([]Shop, error) {
	brand, err := o.brand(ctx, appID)
	if err != nil {
		return nil, err
	}
	all, err := o.stores.OfBrand(ctx, brand.ID)
	if err != nil {
		return nil, err
	}
	out := []Shop{}
	for _, s := range all {
		if s.Published && !s.Archived {
			out = append(out, shopOf(s, brand.Now()))
		}
	}
	return out, nil
}

// Shop returns one of the stores that Shops lists, with its menu.
func (o *Orders) Shop(ctx context.Context, _ *account.Caller, appID string, id int) (*ShopMenu, error) {
	brand, err := o.brand(ctx, appID)
	if err != nil {
		return nil, err
	}
	s, err := o.shop(ctx, brand, id)
	if err != nil {
		return nil, err
	}
	now := brand.Now()
	out := &ShopMenu{Shop: shopOf(s, now), DeliveryZones: shopZones(s)}
	if out.Cards.Provider, out.Cards.PublishableKey, err = o.payments.Enabled(ctx, brand); err != nil {
		return nil, err
	}
	if s.MenuID != 0 {
		m, err := o.menus.Load(ctx, s.MenuID)
		if err != nil {
			return nil, err
		}
		out.Menu = m.ForCustomer(now, s.Location())
	}
	return out, nil
}

func shopZones(s *store.Store) []ShopZone {
	out := []ShopZone{}
	if !s.Offers(wire.DeliveryTypeDelivery) {
		return out
	}
	for _, z := range s.Wire().DeliveryZones {
		if z.IsEnabled {
			out = append(out, ShopZone{z.DeliveryFee, z.MinimumDeliveryOrderAmount, z.WellKnownText})
		}
	}
	return out
}

// shop loads a store that the public may order from.
func (o *Orders) shop(ctx context.Context, brand account.Brand, id int) (*store.Store, error) {
	if id <= 0 || id > maxID {
		return nil, noStore(id)
	}
	s, err := o.stores.Load(ctx, id)
	if fault.KindOf(err) == fault.NotFound || (err == nil && !public(s, brand)) {
		return nil, noStore(id)
	}
	return s, err
}

// public reports whether a brand's public may order from a store.
func public(s *store.Store, brand account.Brand) bool {
	return s.Brand == brand.ID && s.Published && !s.Archived
}

func shopOf(s *store.Store, now time.Time) Shop {
	w := s.Wire()
	return Shop{
		StoreId: s.ID, StoreGroupId: s.Group, MenuId: s.MenuID, Name: s.Name, PhoneNumber: w.PhoneNumber, Address: w.Address,
		Currency: w.Currency, IanaTimeZone: w.IanaTimeZone, MicrosoftTimeZone: w.MicrosoftTimeZone, LogoUrl: w.LogoUrl,
		PickupHours: w.PickupHours, DeliveryHours: w.DeliveryHours,
		PickupEnabled: w.PickupEnabled, DeliveryEnabled: s.Offers(wire.DeliveryTypeDelivery), TakeOutEnabled: w.TakeOutEnabled,
		TableServiceEnabled: w.TableServiceEnabled, DineInEnabled: w.DineInEnabled,
		CashOrdersPickupEnabled: w.CashOrdersPickupEnabled, CashOrdersDeliveryEnabled: w.CashOrdersDeliveryEnabled,
		CardOrdersPickupEnabled: w.CardOrdersPickupEnabled, CardOrderDeliveryEnabled: w.CardOrderDeliveryEnabled,
		PreOrderPickupEnabled: w.PreOrderPickupEnabled, PreOrderDeliveryEnabled: w.PreOrderDeliveryEnabled,
		TipsEnabled: w.TipsEnabled, AllowChefNotes: w.AllowChefNotes,
		RequireCustomerNameForPickup: w.RequireCustomerNameForPickup, RequireCustomerNameForDelivery: w.RequireCustomerNameForDelivery,
		MinimumPickupOrderAmount: w.MinimumPickupOrderAmount,
		ServiceChargePercentage:  s.ServiceChargeRate.Decimal(), ServiceChargeIsOptional: wire.V(s.ServiceCharge().IsOptional),
		Pickup: openness(s, now, wire.DeliveryTypePickup), Delivery: openness(s, now, wire.DeliveryTypeDelivery),
	}
}

func openness(s *store.Store, now time.Time, dt wire.DeliveryType) Openness {
	if !s.Offers(dt) {
		return Openness{}
	}
	out := Openness{LeadTimeMinutes: s.LeadMinutesAt(dt, now)}
	resumed, ok := s.Resumes(dt, now)
	if !ok {
		return out
	}
	if resumed.After(now) {
		out.PausedUntil = wire.AtOrNil(resumed)
	}
	switch s.SlotNow(dt, resumed).Reason {
	case store.AsapOff:
		return out
	case store.AfterLastOrder:
		resumed, _ = s.Closing(resumed, dt)
	}
	switch next, ok := s.NextOpening(resumed, dt); {
	case ok && next.After(now):
		out.NextOpening = wire.AtOrNil(next)
	case ok:
		out.IsOpen = true
	}
	return out
}
