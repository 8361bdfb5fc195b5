package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"comanda/account"
	"comanda/app"
	"comanda/demo"
	"comanda/order"
	"comanda/store"
	"comanda/wire"
)

// sowing says what seed makes in an empty installation.
type sowing struct {
	config    app.Config
	brands    int
	subscribe string // callback URL of one webhook subscription per brand to order.created; "" = none
	orders    int    // placed by domain calls, over all brands
}

// seed makes brands that can sell, without a server, and writes bench.json into the data folder.
func seed(ctx context.Context, s sowing) (err error) {
	server, err := app.Open(ctx, s.config)
	if err != nil {
		return err
	}
	defer func() {
		if e := server.Close(); err == nil {
			err = e
		}
	}()
	out := seeded{BaseURL: server.PublicURL(), CAFile: server.CA.CAFile()}
	out.OAuth = grantor{TokenURL: server.PublicURL() + "/identity/connect/token", Email: "bench@example.com", Password: uuid.NewString()}
	owner, err := server.Accounts.SignUp(ctx, &account.Caller{}, account.NewAccount{Email: out.OAuth.Email, Password: out.OAuth.Password})
	if err != nil {
		return err
	}
	for i := range s.brands {
		b, err := sow(ctx, server, owner, fmt.Sprintf("Bench %d", i+1), s.subscribe)
		if err != nil {
			return err
		}
		out.Brands = append(out.Brands, b)
	}
	if err := placeMany(ctx, server.Orders, out.Brands, s.orders); err != nil {
		return err
	}
	if err := register(ctx, server, owner, out.Brands[0], &out.OAuth); err != nil {
		return err
	}
	return writeSeeded(s.config.Data, out)
}

// register makes the OAuth app of the token loads.
func register(ctx context.Context, s *app.Server, owner int, b brand, g *grantor) error {
	caller, err := s.Accounts.PersonCaller(ctx, owner)
	if err != nil {
		return err
	}
	if g.ClientID, g.Secret, err = s.OAuth.CreateApp(ctx, caller, b.AppID, wire.OAuthApp{OauthAppName: wire.P("Till sync")}); err != nil {
		return err
	}
	g.RedirectURI = "https://till.example.com/return"
	_, err = s.OAuth.AddRedirectURI(ctx, caller, b.AppID, g.ClientID, g.RedirectURI)
	return err
}

// sow makes one sandbox brand: a store that is open around the clock with the demo's menu.
func sow(ctx context.Context, s *app.Server, owner int, name, subscribe string) (b brand, err error) {
	made, err := s.Accounts.CreateBrand(ctx, &account.Caller{Kind: account.System, Name: "Bench"},
		account.NewBrand{Name: name, CountryID: "IE", Sandbox: true, Owner: owner})
	if err != nil {
		return b, err
	}
	b.AppID = made.AppID
	caller, err := s.Accounts.PersonCaller(ctx, owner)
	if err != nil {
		return b, err
	}
	currency, email := wire.CurrencyEUR, "store@example.com"
	group, err := s.Stores.CreateGroup(ctx, caller, b.AppID, wire.StoreGroupBase{Name: &name, Currency: &currency})
	if err != nil {
		return b, err
	}
	st, err := s.Stores.Create(ctx, caller, store.NewStore{
		Group: group.StoreGroupId, StoreCreateBase: wire.StoreCreateBase{Name: &name, EmailAddress: &email},
	})
	if err != nil {
		return b, err
	}
	b.StoreID = st.ID
	if err := furnish(ctx, s, caller, b); err != nil {
		return b, err
	}
	if b.Basket, err = json.Marshal(demo.Basket(b.StoreID)); err != nil || subscribe == "" {
		return b, err
	}
	client, _, err := s.OAuth.CreateApp(ctx, caller, b.AppID, wire.OAuthApp{OauthAppName: &name})
	if err != nil {
		return b, err
	}
	_, err = s.Webhooks.Create(ctx, caller, b.AppID, client, wire.WebhookSubscription{
		CallbackUrl: &subscribe, EventNames: []string{"order.created"},
	})
	return b, err
}

// placeMany places orders by domain calls, several at a time.
func placeMany(ctx context.Context, orders *order.Orders, brands []brand, n int) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, 16)
	for range cap(failed) {
		wg.Go(func() {
			for {
				i := int(next.Add(1))
				if i > n {
					return
				}
				b := &brands[i%len(brands)]
				if err := placeByCall(ctx, orders, b); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func placeByCall(ctx context.Context, orders *order.Orders, b *brand) error {
	var basket order.Basket
	if err := json.Unmarshal(b.Basket, &basket); err != nil {
		return err
	}
	_, err := orders.Place(ctx, &account.Caller{Idempotent: uuid.NewString()}, b.AppID, basket)
	return err
}

// furnish gives a store its address, hours around the clock, the demo's menu, and publishes it.
func furnish(ctx context.Context, s *app.Server, caller *account.Caller, b brand) error {
	_, err := s.Stores.UpdateAddress(ctx, caller, b.StoreID, wire.StoreAddressBase{
		Line1: wire.P("100 Capel Street"), City: wire.P("Dublin"), Postcode: wire.P("D01 X0X0"), CountryCode: wire.P("IE"),
	})
	if err != nil {
		return err
	}
	var days []wire.BusinessHoursPeriodBase
	for d := range 7 {
		days = append(days, wire.BusinessHoursPeriodBase{
			DayOfWeek: wire.P(wire.DayOfWeek(time.Weekday(d).String())), StartTime: wire.P("00:00:00"), Period: wire.P("1.00:00:00"),
		})
	}
	if _, err := s.Stores.SetHours(ctx, caller, b.StoreID, wire.DeliveryTypePickup, days...); err != nil {
		return err
	}
	menu, err := s.Menus.Create(ctx, caller, b.AppID, *demo.Menu())
	if err != nil {
		return err
	}
	if err := s.Menus.Assign(ctx, caller, b.StoreID, menu.ID); err != nil {
		return err
	}
	return s.Stores.Publish(ctx, caller, b.StoreID)
}
