package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"comanda/account"
	"comanda/app"
	"comanda/demo"
	"comanda/event"
	"comanda/internal/db"
	"comanda/store"
	"comanda/wire"
)

// sowing says what seed makes in an empty installation.
type sowing struct {
	config    app.Config
	brands    int
	subscribe string                                                                         // callback URL of one webhook subscription per brand to order.created; "" = none
	also      []string                                                                       // callback URLs of more such subscriptions of the first brand
	apps      int                                                                            // more OAuth apps of the first brand
	events    int                                                                            // order.created of webhookBytes appended to the log, over all brands
	grow      func(ctx context.Context, s *app.Server, owner *account.Caller, b brand) error // what else the first brand gets; nil = nothing
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
	if err := subscribeAlso(ctx, server, owner, out.Brands[0], s.also); err != nil {
		return err
	}
	if err := appendMany(ctx, server.DB, server.Log, out.Brands, orderCreated, s.events, appendBatch); err != nil {
		return err
	}
	if s.grow != nil {
		caller, err := server.Accounts.PersonCaller(ctx, owner)
		if err != nil {
			return err
		}
		if err := s.grow(ctx, server, caller, out.Brands[0]); err != nil {
			return err
		}
	}
	if err := register(ctx, server, owner, out.Brands[0], &out.OAuth); err != nil {
		return err
	}
	out.Apps = make([]grantor, s.apps)
	for i := range out.Apps {
		out.Apps[i].TokenURL = out.OAuth.TokenURL
		if err := register(ctx, server, owner, out.Brands[0], &out.Apps[i]); err != nil {
			return err
		}
	}
	return writeSeeded(s.config.Data, out)
}

// register makes an OAuth app that can do the token loads.
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
	b.AppID, b.ID = made.AppID, made.ID
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
	if b.Basket, err = json.Marshal(demo.Basket(b.StoreID)); err != nil {
		return b, err
	}
	if b.Full, err = fill(ctx, s, caller, b); err != nil || subscribe == "" {
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

// fill makes the full basket, and the voucher that is in it.
func fill(ctx context.Context, s *app.Server, caller *account.Caller, b brand) (json.RawMessage, error) {
	const code = "TEN-PER-CENT"
	kind := wire.VoucherTypePercentageDiscount
	_, err := s.Vouchers.Create(ctx, caller, b.AppID, wire.CreateVoucher{
		Code: wire.P(code), VoucherType: &kind, PercentDiscountDetails: &wire.PercentDiscountDetails{PercentageDiscount: wire.P(10)},
	})
	if err != nil {
		return nil, err
	}
	basket := demo.Basket(b.StoreID)
	for _, item := range basket["Items"].([]map[string]any) {
		item["Quantity"] = 2
	}
	basket["VoucherCode"] = code
	return json.Marshal(basket)
}

// subscribeAlso subscribes more callback URLs to order.created, perApp of them for each OAuth app.
func subscribeAlso(ctx context.Context, s *app.Server, owner int, b brand, urls []string) error {
	const perApp = 50
	caller, err := s.Accounts.PersonCaller(ctx, owner)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(urls, perApp) {
		client, _, err := s.OAuth.CreateApp(ctx, caller, b.AppID, wire.OAuthApp{OauthAppName: wire.P("Others")})
		if err != nil {
			return err
		}
		for _, u := range part {
			in := wire.WebhookSubscription{CallbackUrl: &u, EventNames: []string{"order.created"}}
			if _, err := s.Webhooks.Create(ctx, caller, b.AppID, client, in); err != nil {
				return err
			}
		}
	}
	return nil
}

const appendBatch = 5000

// orderCreated is what most measurements append.
var orderCreated = []wire.Event{&wire.OrderCreatedEvent{}}

// appendMany appends events that delivery cannot tell from those of orders: n in all, the brands in turn, each order of a
// brand with all the bodies, so many to a transaction.
func appendMany(ctx context.Context, d *db.DB, log *event.Log, brands []brand, bodies []wire.Event, n, batch int) error {
	models := make([]event.Record, len(brands)*len(bodies))
	for i := range models {
		b := brands[i/len(bodies)]
		rec, err := event.Encode(event.New{Brand: b.ID, AppID: b.AppID, Subject: "order/0", Store: b.StoreID, Body: bodies[i%len(bodies)]})
		if err != nil {
			return err
		}
		const pad = `,"Pad":""}`
		text := strings.Repeat("x", max(0, webhookBytes-len(rec.Body)-len(pad)+1))
		rec.Body = append(rec.Body[:len(rec.Body)-1:len(rec.Body)-1], `,"Pad":"`+text+`"}`...)
		models[i] = rec
	}
	for at := 0; at < n; at += batch {
		recs := make([]event.Record, min(batch, n-at))
		for i := range recs {
			rec := models[(at+i)%len(models)]
			id, err := uuid.NewV7()
			if err != nil {
				return err
			}
			rec.Body = bytes.Replace(rec.Body, []byte(rec.ID), []byte(id.String()), 1)
			rec.ID, rec.Subject, rec.Created = id.String(), fmt.Sprintf("order/%d", (at+i)/len(bodies)), time.Now()
			recs[i] = rec
		}
		if err := d.Write(ctx, func(tx *db.Tx) error { log.Append(tx, recs...); return nil }); err != nil {
			return err
		}
	}
	return nil
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
