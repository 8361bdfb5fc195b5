package apptest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"comanda/account"
	"comanda/customer"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/seal"
	"comanda/menu"
	"comanda/order"
	"comanda/payment"
	"comanda/payment/simulator"
	"comanda/store"
	"comanda/voucher"
	"comanda/wire"
)

// Shop is a brand with an owner, a published store in Dublin that is open around the clock for pickup and delivery, the
// menu of [Dishes], and a customer who is known: Ann Diner of [Shop.Basket].
type Shop struct {
	DB        *db.DB
	Log       *event.Log
	Accounts  *account.Accounts
	Stores    *store.Stores
	Menus     *menu.Menus
	Vouchers  *voucher.Vouchers
	Customers *customer.Customers
	Payments  *payment.Payments
	Sim       *simulator.Simulator // the provider of sandbox brands
	Orders    *order.Orders

	Owner *account.Caller
	Brand account.Brand
	Group int
	Store int
	Menu  int

	Customer int
}

// The PublicIds of the menu.
const (
	Margherita = wire.UUID("00000000-0000-4000-8000-00000000000a") // 8.50, food
	Olives     = wire.UUID("00000000-0000-4000-8000-000000000011") // + 1.00; at most 2 extras
	Ham        = wire.UUID("00000000-0000-4000-8000-000000000012") // + 1.50
	Truffle    = wire.UUID("00000000-0000-4000-8000-000000000013") // not available
	Anchovies  = wire.UUID("00000000-0000-4000-8000-000000000014") // + 1.20
	Cola       = wire.UUID("00000000-0000-4000-8000-000000000002") // its size is required and has the price, not its own 9.00
	Small      = wire.UUID("00000000-0000-4000-8000-000000000021") // 2.50 and 0.15 deposit
	Large      = wire.UUID("00000000-0000-4000-8000-000000000022") // 3.30 and 0.25 deposit
	Lunch      = wire.UUID("00000000-0000-4000-8000-000000000003") // 12.00: a main, how steak is done, a drink
	Pasta      = wire.UUID("00000000-0000-4000-8000-000000000031") // leads past how it is done to the drink
	Steak      = wire.UUID("00000000-0000-4000-8000-000000000032") // + 4.00
	Rare       = wire.UUID("00000000-0000-4000-8000-000000000033")
	WellDone   = wire.UUID("00000000-0000-4000-8000-000000000034")
	Water      = wire.UUID("00000000-0000-4000-8000-000000000035")
	Soup       = wire.UUID("00000000-0000-4000-8000-000000000004") // not available
	StaffMeal  = wire.UUID("00000000-0000-4000-8000-000000000005") // in a section hidden from customers
)

// Password is that of every account of the kit.
const Password = "correct horse battery"

// OpenShop makes a shop in a database.
func OpenShop(t testing.TB, d *db.DB) *Shop {
	t.Helper()
	s := objects(d)
	s.fill(t)
	return s
}

func objects(d *db.DB) *Shop {
	s := &Shop{DB: d, Log: event.NewLog(d)}
	s.Accounts = account.New(d, s.Log, account.Config{
		SignUp: account.SignUpOpen, Hashing: account.Hashing{Memory: 8, Passes: 1, Lanes: 1},
	})
	s.Stores = store.New(d, s.Log, s.Accounts)
	s.Menus = menu.New(d, s.Log, s.Accounts, s.Stores)
	s.Customers = customer.New(d, s.Log, s.Accounts)
	s.Vouchers = voucher.New(d, s.Log, s.Accounts, s.Stores)
	s.Sim = simulator.New(d)
	s.Payments = payments(d, s.Accounts, make([]byte, seal.KeySize), s.Sim)
	s.Orders = order.New(d, s.Log, s.Accounts, s.Stores, s.Menus, s.Vouchers, s.Customers, s.Payments)
	return s
}

func payments(d *db.DB, accounts *account.Accounts, key []byte, provider payment.Provider) *payment.Payments {
	p, err := payment.New(d, accounts, payment.Config{MasterKey: key, PublicURL: "https://comanda.test", Providers: []payment.Provider{provider}})
	if err != nil {
		panic(err)
	}
	return p
}

// Another makes one more shop, of another brand, on the same objects.
func (s *Shop) Another(t testing.TB) *Shop {
	t.Helper()
	other := *s
	other.fill(t)
	return &other
}

// Node is the same shop as another node of the installation sees it: the same database, objects and caches of its own.
func (s *Shop) Node() *Shop {
	n := objects(s.DB)
	n.Owner, n.Brand, n.Group, n.Store, n.Menu, n.Customer = s.Owner, s.Brand, s.Group, s.Store, s.Menu, s.Customer
	return n
}

// MustShop makes the shop of the kit's brand: {storeId}, {menuId}, and its owner is [Owner].
func (k *Kit) MustShop() *Shop {
	k.Helper()
	s := &Shop{
		DB: k.DB, Log: k.Log, Accounts: k.Accounts, Stores: k.Stores, Menus: k.Menus, Vouchers: k.Vouchers, Customers: k.Customers,
		Payments: k.Payments, Sim: k.Sim, Orders: k.Orders,
		Owner: k.Caller(Owner), Brand: k.Brand,
	}
	s.stock(k.TB)
	k.SetVar("storeId", s.Store)
	k.SetVar("menuId", s.Menu)
	return s
}

func (s *Shop) fill(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	owner := Must(s.Accounts.SignUp(ctx, System, account.NewAccount{
		Email: fmt.Sprintf("owner-%s@example.com", uuid.NewString()), Name: "Ada Owner", Password: Password,
	}))(t)
	s.Brand = Must(s.Accounts.CreateBrand(ctx, System, account.NewBrand{Name: "Bella Napoli", Sandbox: true, Owner: owner}))(t)
	s.Owner = Must(s.Accounts.PersonCaller(ctx, owner))(t)
	s.Owner.IP = "192.0.2.7"
	s.stock(t)
}

// stock makes the brand's store and menu.
func (s *Shop) stock(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	euro := wire.CurrencyEUR
	group := Must(s.Stores.CreateGroup(ctx, s.Owner, s.Brand.AppID, wire.StoreGroupBase{Name: wire.P("Dublin"), Currency: &euro}))(t)
	s.Group = group.StoreGroupId
	st := Must(s.Stores.Create(ctx, s.Owner, store.NewStore{
		Group: s.Group, StoreCreateBase: wire.StoreCreateBase{Name: wire.P("Dame Street")}, Zone: "Europe/Dublin",
	}))(t)
	s.Store = st.ID
	for _, dt := range []wire.DeliveryType{wire.DeliveryTypePickup, wire.DeliveryTypeDelivery} {
		Must(s.Stores.SetHours(ctx, s.Owner, s.Store, dt, Always()...))(t)
	}
	m := Must(s.Menus.Create(ctx, s.Owner, s.Brand.AppID, Dishes()))(t)
	s.Menu = m.ID
	ok(t, s.Menus.Assign(ctx, s.Owner, s.Store, s.Menu))
	ok(t, s.Stores.Publish(ctx, s.Owner, s.Store))
	Must(s.Stores.AddDeliveryZone(ctx, s.Owner, s.Store, wire.DeliveryZoneBase{WellKnownText: wire.P(Dublin)}))(t)
	s.EditStore(t, func(w map[string]any) { w["DeliveryEnabled"] = true })
	s.Customer = Must(s.Customers.Create(ctx, s.Owner, s.Brand.AppID, wire.CustomerCreateModel{Name: wire.P("Ann Diner"), PhoneNumber: wire.P("087 123 4567")}))(t).CustomerId
}

// Dublin is where the shop delivers for nothing.
const Dublin = "POLYGON((-6.5 53.2, -6 53.2, -6 53.5, -6.5 53.5, -6.5 53.2))"

// EditStore changes members of the stored document of the store that no served operation changes yet.
func (s *Shop) EditStore(t testing.TB, edit func(store map[string]any)) {
	t.Helper()
	ok(t, s.DB.Write(context.Background(), func(tx *db.Tx) error {
		var raw []byte
		if err := tx.QueryRow(`select doc from stores where id = $1`, s.Store).Scan(&raw); err != nil {
			return err
		}
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil {
			return err
		}
		edit(doc["Store"].(map[string]any))
		raw, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`update stores set doc = $2, version = version + 1 where id = $1`, s.Store, string(raw))
		return err
	}))
}

// Diner is an anonymous caller with an Idempotency-Key of their own.
func Diner() *account.Caller {
	return &account.Caller{Kind: account.Anonymous, IP: "198.51.100.9", Idempotent: uuid.NewString()}
}

// Basket is a pickup order of a margherita, in cash.
func (s *Shop) Basket() order.Basket {
	return order.Basket{
		StoreId: s.Store, DeliveryType: wire.DeliveryTypePickup,
		Items:   []order.BasketItem{{MenuItemPublicId: Margherita, Quantity: 1}},
		Contact: &order.Contact{Name: wire.P("Ann Diner"), PhoneNumber: wire.P("087 123 4567")},
		Payment: &order.Payment{Method: order.Cash},
	}
}

// Place places a basket and returns the answer.
func (s *Shop) Place(t testing.TB, b order.Basket) order.PlacedOrder {
	t.Helper()
	raw := Must(s.Orders.Place(context.Background(), Diner(), s.Brand.AppID, b))(t)
	var p order.PlacedOrder
	ok(t, json.Unmarshal(raw, &p))
	return p
}

// Events reads the brand's log from a position on.
func (s *Shop) Events(t testing.TB, after int64) (out []event.Event) {
	t.Helper()
	ok(t, s.DB.Read(context.Background(), func(tx *db.Tx) (err error) {
		out, err = event.Read(tx, s.Brand.ID, after, 10_000)
		return err
	}))
	return out
}

// Head is the position of the brand's newest event.
func (s *Shop) Head(t testing.TB) int64 {
	t.Helper()
	all := s.Events(t, 0)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Position
}

// Always are opening hours around the clock.
func Always() (out []wire.BusinessHoursPeriodBase) {
	for _, d := range wire.DayOfWeek("").Values() {
		out = append(out, wire.BusinessHoursPeriodBase{
			DayOfWeek: wire.P(wire.DayOfWeek(d)), StartTime: wire.P("00:00:00"), Period: wire.P("24:00:00"),
		})
	}
	return out
}

// Dishes is a menu with all that an order can meet.
func Dishes() wire.CreateFullMenu {
	d := func(s string) *wire.Decimal { return wire.P(wire.Decimal(s)) }
	option := func(id wire.UUID, name, price string) wire.CreateFullMenuItemOptionSetItem {
		return wire.CreateFullMenuItemOptionSetItem{PublicId: &id, Name: &name, Price: d(price)}
	}
	truffle := option(Truffle, "Truffle", "5")
	truffle.IsAvailable = wire.P(false)
	small, large := option(Small, "Small", "2.5"), option(Large, "Large", "3.3")
	small.DepositReturnFee, large.DepositReturnFee = d("0.15"), d("0.25")
	small.Metadata = []wire.CreateMetadata{{Key: wire.P("posId"), Value: wire.P("COLA-S")}}
	pasta := option(Pasta, "Pasta", "0")
	pasta.NextMenuItemOptionSetId = wire.P(3)
	return wire.CreateFullMenu{
		Name: wire.P("All day"), TaxType: wire.P(wire.TaxTypeIncludedInBasePrice),
		TaxRates: []wire.CreateMenuTaxRate{{Name: wire.P("Food"), Rate: d("13.5")}, {Name: wire.P("Drinks"), Rate: d("23")}},
		MenuSections: []wire.CreateFullMenuSection{
			{
				Name: wire.P("Food"), DisplayOrder: wire.P(1),
				MenuItems: []wire.CreateFullMenuSectionItem{
					{
						PublicId: wire.P(Margherita), Name: wire.P("Margherita"), Price: d("8.5"), TaxRateName: wire.P("Food"),
						Metadata: []wire.CreateMetadata{{Key: wire.P("posId"), Value: wire.P("PIZZA-1")}},
						MenuItemOptionSets: []wire.CreateFullMenuItemOptionSet{{
							Name: wire.P("Extras"), MinSelectCount: wire.P(0), MaxSelectCount: wire.P(2),
							MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{
								option(Olives, "Olives", "1"), option(Ham, "Ham", "1.5"), truffle, option(Anchovies, "Anchovies", "1.2"),
							},
						}},
					},
					{
						PublicId: wire.P(Lunch), Name: wire.P("Lunch"), Price: d("12"), TaxRateName: wire.P("Food"),
						MenuItemOptionSets: []wire.CreateFullMenuItemOptionSet{
							{
								MenuItemOptionSetId: wire.P(1), DisplayOrder: wire.P(1), Name: wire.P("Main"),
								MinSelectCount: wire.P(1), MaxSelectCount: wire.P(1),
								MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{pasta, option(Steak, "Steak", "4")},
							},
							{
								MenuItemOptionSetId: wire.P(2), DisplayOrder: wire.P(2), Name: wire.P("Done"),
								MinSelectCount: wire.P(1), MaxSelectCount: wire.P(1),
								MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{option(Rare, "Rare", "0"), option(WellDone, "Well done", "0")},
							},
							{
								MenuItemOptionSetId: wire.P(3), DisplayOrder: wire.P(3), Name: wire.P("Drink"),
								MinSelectCount: wire.P(0), MaxSelectCount: wire.P(1),
								MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{option(Water, "Water", "0")},
							},
						},
					},
					{PublicId: wire.P(Soup), Name: wire.P("Soup"), Price: d("5"), TaxRateName: wire.P("Food"), IsAvailable: wire.P(false)},
				},
			},
			{
				Name: wire.P("Drinks"), DisplayOrder: wire.P(2),
				MenuItems: []wire.CreateFullMenuSectionItem{{
					PublicId: wire.P(Cola), Name: wire.P("Cola"), Price: d("9"), TaxRateName: wire.P("Drinks"),
					MenuItemOptionSets: []wire.CreateFullMenuItemOptionSet{{
						Name: wire.P("Size"), IsMasterOptionSet: wire.P(true), MinSelectCount: wire.P(1), MaxSelectCount: wire.P(1),
						MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{small, large},
					}},
				}},
			},
			{
				Name: wire.P("Staff"), DisplayOrder: wire.P(3), IsHiddenFromCustomers: wire.P(true),
				MenuItems: []wire.CreateFullMenuSectionItem{{PublicId: wire.P(StaffMeal), Name: wire.P("Staff meal"), Price: d("1")}},
			},
		},
	}
}

// Must returns v, or fails the test: apptest.Must(f())(t).
func Must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// EditItem changes an item of the menu, as its brand's owner would.
func (s *Shop) EditItem(t testing.TB, public wire.UUID, in wire.MenuSectionItemBase) {
	t.Helper()
	ctx := context.Background()
	it := Must(s.Menus.Load(ctx, s.Menu))(t).Item(public)
	ok(t, s.Menus.UpdateItem(ctx, s.Owner, menu.Part{Menu: s.Menu, Section: it.Section.MenuSectionId, Item: it.MenuItemId}, in))
}

// Member makes an account with a level on the brand, on all its stores or on the given ones.
func (s *Shop) Member(t testing.TB, level wire.AppAccessLevel, stores ...int) *account.Caller {
	t.Helper()
	ctx := context.Background()
	id := Must(s.Accounts.SignUp(ctx, System, account.NewAccount{
		Email: uuid.NewString() + "@example.com", Name: "Max Member", Password: Password,
	}))(t)
	ok(t, s.Accounts.SetMember(ctx, System, s.Brand.ID, id, level, stores))
	return Must(s.Accounts.PersonCaller(ctx, id))(t)
}

// Workflow makes a workflow of fulfilment of its JSON: for some stores, or for all.
func (s *Shop) Workflow(t testing.TB, body string, stores ...int) {
	t.Helper()
	var in store.Workflow
	ok(t, json.Unmarshal([]byte(body), &in))
	in.StoreIds = stores
	Must(s.Stores.CreateWorkflow(context.Background(), s.Owner, s.Brand.AppID, in))(t)
}

// AddStore makes one more store of the brand, like the first.
func (s *Shop) AddStore(t testing.TB, name string) int {
	t.Helper()
	ctx := context.Background()
	st := Must(s.Stores.Create(ctx, s.Owner, store.NewStore{
		Group: s.Group, StoreCreateBase: wire.StoreCreateBase{Name: &name}, Zone: "Europe/Dublin",
	}))(t)
	Must(s.Stores.SetHours(ctx, s.Owner, st.ID, wire.DeliveryTypePickup, Always()...))(t)
	ok(t, s.Menus.Assign(ctx, s.Owner, st.ID, s.Menu))
	ok(t, s.Stores.Publish(ctx, s.Owner, st.ID))
	return st.ID
}
