package menu_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/store"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// shop is an installation with one brand, a store in EUR and a store in JPY.
type shop struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	stores   *store.Stores
	menus    *menu.Menus
	brand    account.Brand
	owner    *account.Caller
	euro     *store.Store
	yen      *store.Store
}

func each(t *testing.T, fn func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fn(t, shopOn(t, d))
	})
}

func shopOn(t testing.TB, d *db.DB) *shop {
	t.Helper()
	log := event.NewLog(d)
	s := &shop{db: d, log: log, accounts: account.New(d, log, account.Config{SignUp: account.SignUpOpen, Hashing: account.Hashing{Memory: 8, Passes: 1, Lanes: 1}})}
	s.stores = store.New(d, log, s.accounts)
	s.menus = menu.New(d, log, s.accounts, s.stores)
	s.brand, s.owner = s.found(t, "Bella Napoli")
	s.euro, s.yen = s.store(t, s.owner, s.brand, "EUR"), s.store(t, s.owner, s.brand, "JPY")
	return s
}

// found makes a brand and its owner.
func (s *shop) found(t testing.TB, name string) (account.Brand, *account.Caller) {
	t.Helper()
	ctx := context.Background()
	system := &account.Caller{Kind: account.System}
	id, err := s.accounts.SignUp(ctx, system, account.NewAccount{Email: strings.ReplaceAll(name, " ", ".") + "@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.accounts.CreateBrand(ctx, system, account.NewBrand{Name: name, Owner: id})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.accounts.PersonCaller(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	c.Name, c.IP = "Ada", "192.0.2.7"
	return b, c
}

func (s *shop) store(t testing.TB, c *account.Caller, b account.Brand, currency wire.Currency) *store.Store {
	t.Helper()
	g, err := s.stores.CreateGroup(context.Background(), c, b.AppID, wire.StoreGroupBase{Name: wire.P("Group"), Currency: &currency})
	if err != nil {
		t.Fatal(err)
	}
	st, err := s.stores.Create(context.Background(), c, store.NewStore{Group: g.StoreGroupId, StoreCreateBase: wire.StoreCreateBase{Name: wire.P("Store in " + string(currency))}})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func (s *shop) create(t testing.TB, in wire.CreateFullMenu) *menu.Menu {
	t.Helper()
	m, err := s.menus.Create(context.Background(), s.owner, s.brand.AppID, in)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (s *shop) load(t *testing.T, id int) *menu.Menu {
	t.Helper()
	m, err := s.menus.Load(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lastEvent is the name and body of the brand's newest event.
func (s *shop) lastEvent(t *testing.T) (name string, body map[string]any) {
	t.Helper()
	err := s.db.Read(context.Background(), func(tx *db.Tx) error {
		head, err := event.Head(tx, s.brand.ID)
		if err != nil {
			return err
		}
		all, err := event.Read(tx, s.brand.ID, head-1, 1)
		if err != nil {
			return err
		}
		name = all[0].Name
		return json.Unmarshal(all[0].Body, &body)
	})
	if err != nil {
		t.Fatal(err)
	}
	return name, body
}

func (s *shop) head(t *testing.T) (head int64) {
	t.Helper()
	err := s.db.Read(context.Background(), func(tx *db.Tx) (err error) {
		head, err = event.Head(tx, s.brand.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// wantFields compares the wrong fields that a fault names.
func wantFields(t *testing.T, err error, names ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid {
		t.Fatalf("got %v, want wrong fields %v", err, names)
	}
	var got []string
	for _, w := range f.Fields {
		got = append(got, w.Name)
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Fatalf("wrong fields are %v (%v), want %v", got, f.Fields, names)
	}
}

func wantFault(t *testing.T, err error, kind fault.Kind, text string) {
	t.Helper()
	if fault.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), text) {
		t.Fatalf("got %v, want a fault of kind %d about %q", err, kind, text)
	}
}

func dec(s string) *wire.Decimal { return wire.P(wire.Decimal(s)) }

// pizzeria is a menu with a bit of everything.
func pizzeria() wire.CreateFullMenu {
	return wire.CreateFullMenu{
		Name:     wire.P("Carta"),
		TaxRates: []wire.CreateMenuTaxRate{{Name: wire.P("Food"), Rate: dec("13.5")}, {Name: wire.P("Drink"), Rate: dec("23")}},
		MenuSections: []wire.CreateFullMenuSection{
			{
				Name: wire.P("Drinks"), DisplayOrder: wire.P(2),
				MenuItems: []wire.CreateFullMenuSectionItem{{Name: wire.P("Water"), Price: dec("2.50"), TaxRateName: wire.P("Drink"), DepositReturnFee: dec("0.15")}},
			},
			{
				Name: wire.P("Pizza"), DisplayOrder: wire.P(1), PublicId: wire.P(wire.UUID("6F9619FF-8B86-D011-B42D-00C04FC964FF")),
				MenuItems: []wire.CreateFullMenuSectionItem{
					{
						Name: wire.P("Margherita"), Price: dec("9.90"), TaxRateName: wire.P("Food"),
						Metadata: []wire.CreateMetadata{{Key: wire.P("allergens"), Value: wire.P("gluten, milk")}},
						MenuItemOptionSets: []wire.CreateFullMenuItemOptionSet{
							{
								Name: wire.P("Size"), IsMasterOptionSet: wire.P(true), MenuItemOptionSetId: wire.P(1),
								MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{
									{Name: wire.P("12 inch"), Price: dec("11")},
									{Name: wire.P("9 inch"), Price: dec("8.5"), NextMenuItemOptionSetId: wire.P(-1)},
								},
							},
							{
								Name: wire.P("Crust"), MinSelectCount: wire.P(1), MaxSelectCount: wire.P(1), MenuItemOptionSetId: wire.P(2),
								MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{{Name: wire.P("Thin"), Price: dec("1")}, {Name: wire.P("Pan"), Price: dec("2"), TaxRateName: wire.P("Drink")}},
							},
							{
								Name: wire.P("Extras"), MaxSelectCount: wire.P(3),
								MenuItemOptionSetItems: []wire.CreateFullMenuItemOptionSetItem{{Name: wire.P("Olives"), Price: dec("1.20")}},
							},
						},
					},
				},
			},
		},
	}
}
