package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

const eventLog = "/api/v1.0/{appId}/events"

// finds is a search that must have some matches, told as Member=count.
func finds(name, as, query string, total int, members ...string) apptest.Call {
	want := apptest.Want{"TotalRecordCount": total}
	for _, m := range members {
		member, count, _ := strings.Cut(m, "=")
		want["Data."+member+".#"], _ = strconv.Atoi(count)
	}
	return apptest.Call{Name: name, As: as, Method: "GET", Path: eventLog + query, Status: 200, Want: want}
}

func TestEvents(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.SetVar("brand", k.Brand.ID)
		accept := apptest.Call{
			Name: "accept", As: apptest.Integrator, Method: "POST", Path: "/api/v1.0/orders/{one}/accept", Body: `{}`, Status: 200,
			Events: apptest.Events{"order.accepted"},
		}
		k.Run(placed("one"), placed("two"), accept)
		k.Run(
			finds("an order", apptest.Owner, "/order/{one}", 2, "OrderCreatedEvent=1", "OrderAcceptedEvent=1", "OrderTipUpdatedEvent=0"),
			apptest.Call{
				Name: "its members", As: apptest.Owner, Method: "GET", Path: eventLog + "/order/{one}", Status: 200,
				Want: apptest.Want{
					"Page": 1, "Limit": 20, "Data.OrderCreatedEvent.0.Order.OrderId": "{one}", "Data.OrderCreatedEvent.0.AppId": "{appId}",
					"Data.OrderAcceptedEvent.0.User.UserEmail": "integrator@comanda.test", "Data.OrderTerminalNotifications.#": 0,
				},
				Save: map[string]string{
					"customer": "Data.OrderCreatedEvent.0.Order.Customer.Id", "user": "Data.OrderAcceptedEvent.0.User.UserId",
					"userName": "Data.OrderAcceptedEvent.0.User.UserName", "group": "Data.OrderCreatedEvent.0.Order.Store.StoreGroupId",
					"id": "Data.OrderAcceptedEvent.0.FlipdishEventId", "time": "Data.OrderAcceptedEvent.0.CreateTime",
				},
			},
		)
		k.Run(
			finds("by its query name", apptest.Owner, "?orderId={one}", 2, "OrderCreatedEvent=1"),
			finds("path and query disagree", apptest.Owner, "/order/{one}?orderId={two}", 0),
			finds("an order that is not there", apptest.Owner, "/order/4242", 0),
			finds("the customer", apptest.Owner, "?customerId={customer}", 4, "CustomerCreatedEvent=1", "OrderCreatedEvent=2", "OrderAcceptedEvent=1"),
			finds("the customer's path", apptest.Owner, "/customer/{customer}", 4),
			finds("the customer's orders", apptest.Owner, "/order?customerId={customer}", 3),
			finds("the customer's accepted orders", apptest.Owner, "/order?customerId={customer}&eventType=OrderAcceptedEvent&eventType=menu.created", 1, "OrderAcceptedEvent=1"),
			finds("the customer's menus", apptest.Owner, "/order?customerId={customer}&eventType=menu.created", 0),
			finds("no such customer", apptest.Owner, "/customer/4242", 0),
			finds("who did it", apptest.Owner, "/user/{user}", 1, "OrderAcceptedEvent=1"),
			finds("who did it, by query", apptest.Owner, "?userId={user}", 1),
			finds("by e-mail", apptest.Owner, "?userEmail=INTEGRATOR@comanda.test", 1, "OrderAcceptedEvent=1"),
			finds("by half an e-mail", apptest.Owner, "?userEmail=integrator", 0),
			finds("by name", apptest.Owner, "?userName={userName}&orderId={one}", 1),
			finds("a name with wildcards", apptest.Owner, "?userName=%25", 0),
			finds("the menu", apptest.Owner, "/menu/{menuId}", 2, "MenuCreatedEvent=1", "StoreMenuAssignedEvent=1"),
			finds("the menu, by query", apptest.Owner, "?menuId={menuId}&eventType=StoreMenuAssignedEvent", 1),
			finds("the store's orders", apptest.Owner, "/store/{storeId}?eventType=order.created&eventType[1]=Order.Accepted", 3, "OrderCreatedEvent=2", "OrderAcceptedEvent=1"),
			finds("stores", apptest.Owner, "?storeId=4242&storeIdList={storeId}&eventType=order.created", 2),
			finds("other stores", apptest.Owner, "?storeIdList=4242&storeIdList=4243", 0),
			finds("store and stores disagree", apptest.Owner, "/store/{storeId}?storeIdList=4242", 0),
			finds("the store group", apptest.Owner, "?storeGroupId={group}&eventType=order.created&eventType=store_group.created", 3, "StoreGroupCreatedEvent=1"),
			finds("a campaign", apptest.Owner, "?campaignId=1", 0),
			finds("a voucher", apptest.Owner, "?voucherCode=WELCOME", 0),
			finds("the brand", apptest.Owner, "/whitelabel/{brand}?eventType=app.created", 1, "AppCreatedEvent=1"),
			finds("the brand, by query", apptest.Owner, "?whiteLabelId={brand}&eventType=app.created", 1),
			finds("another brand", apptest.Owner, "/whitelabel/4242", 0),
			finds("another brand, by query", apptest.Owner, "?whiteLabelId=4242", 0),
			finds("one event", apptest.Owner, "?flipdishEventId={id}", 1, "OrderAcceptedEvent=1"),
			finds("one event, in capitals", apptest.Owner, "?flipdishEventId="+strings.ToUpper(k.Vars["id"]), 1),
			finds("from its time on", apptest.Owner, "?start={time}&flipdishEventId={id}", 1),
			finds("until its time", apptest.Owner, "?end={time}&flipdishEventId={id}", 0),
			finds("an empty moment", apptest.Owner, "?start={time}&end={time}", 0),
			finds("a class without a known name", apptest.Owner, "?eventType=MenuBulkEditEvent", 0),
			finds("a member's name", apptest.Owner, "?eventType=OrderTerminalNotifications", 0),
			finds("a page of one", apptest.Owner, "?customerId={customer}&limit=1", 4, "OrderCreatedEvent=0", "OrderAcceptedEvent=1"),
			finds("the last page", apptest.Owner, "?customerId={customer}&limit=1&page=4", 4, "CustomerCreatedEvent=1", "OrderCreatedEvent=0"),
			finds("beyond the last page", apptest.Owner, "?customerId={customer}&page=2000000000", 4, "OrderCreatedEvent=0"),
			apptest.Call{Name: "a large page", As: apptest.Owner, Method: "GET", Path: eventLog + "?limit=2000000000", Status: 200, Want: apptest.Want{"Limit": 100}},
			apptest.Call{Name: "by id", As: apptest.Owner, Method: "GET", Path: eventLog + "/{id}", Status: 200, Want: apptest.Want{
				"OrderAcceptedEvent.#": 1, "OrderAcceptedEvent.0.FlipdishEventId": "{id}", "OrderAcceptedEvent.0.Position": apptest.Present, "OrderCreatedEvent.#": 0,
			}},
		)
		refused := func(name, query, text string) apptest.Call {
			return apptest.Call{Name: name, As: apptest.Owner, Method: "GET", Path: eventLog + query, Status: 400, Text: text}
		}
		k.Run(
			refused("end before start", "?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "before start"),
			refused("no time", "?start=yesterday", "start"),
			refused("no limit", "?limit=0", "limit"),
			refused("no page", "?page=-1", "page"),
			refused("an id that is no number", "?orderId=one", "orderId"),
			refused("a number that is no id", "?storeId=0", "storeId"),
			refused("too large a number", "?userId=99999999999", "userId"),
			refused("a path that is no number", "/order/one", "orderId"),
			refused("a list with a word in it", "?storeIdList=1&storeIdList=two", "storeIdList"),
			refused("an unknown event", "?eventType=order.created&eventType=order.vanished", `eventType[1]`),
			refused("an unknown event is told what there is", "?eventType=order.vanished", "webhooks/events"),
			refused("no customer", "/order", "customerId"),
			refused("no event id", "?flipdishEventId=42", "flipdishEventId"),
			refused("no event id in the path", "/42", "eventId"),
			apptest.Call{Name: "an event that is not there", As: apptest.Owner, Method: "GET", Path: eventLog + "/0198c0de-0000-7000-8000-000000000000", Status: 404, Text: "limited time"},
			apptest.Call{Name: "another brand's event", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{otherAppId}/events/{id}", Status: 404},
			apptest.Call{Name: "another brand", As: apptest.Stranger, Method: "GET", Path: eventLog, Status: 403, Lacks: "Data"},
			apptest.Call{Name: "nobody", Method: "GET", Path: eventLog, Status: 401},
			apptest.Call{Name: "without the right", As: apptest.Finance, Method: "GET", Path: eventLog, Status: 403},
		)
	})
}

// Whoever is held to stores, or has a level for stores, sees what concerns those and nothing that concerns no store.
func TestEventsOfSomeStores(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		s := k.MustShop()
		k.Run(placed("one"))
		k.MustSignUp("manager")
		k.MustMember("manager", wire.AppAccessLevelStoreManager, s.Store)
		k.MustSignUp("elsewhere")
		k.MustMember("elsewhere", wire.AppAccessLevelStoreManager, 4242)
		k.MustSignUp("staff")
		k.MustMember("staff", wire.AppAccessLevelStoreStaff, s.Store)
		k.Run(apptest.Call{
			Name: "all", As: apptest.Owner, Method: "GET", Path: eventLog + "?limit=100", Status: 200,
			Save: map[string]string{"id": "Data.OrderCreatedEvent.0.FlipdishEventId", "brandEvent": "Data.AppCreatedEvent.0.FlipdishEventId"},
		})
		k.Run(
			finds("the manager's orders", "manager", "?eventType=order.created", 1, "OrderCreatedEvent=1"),
			finds("nothing of the brand", "manager", "?eventType=app.created&eventType=menu.created&eventType=store_group.created", 0),
			finds("nor of the team", "manager", "?eventType=teammate.updated&eventType=teammate.invite.accepted", 0),
			finds("nor by asking for store 0", "manager", "?storeIdList=0", 0),
			finds("Support sees stores", apptest.ReadOnly, "?eventType=order.created", 1),
			finds("and nothing of the brand", apptest.ReadOnly, "?eventType=app.created", 0),
			finds("the Integrator sees the brand", apptest.Integrator, "?eventType=app.created", 1),
			finds("elsewhere is nothing", "elsewhere", "", 0),
			finds("not even by the store's name", "elsewhere", "/store/{storeId}", 0),
			finds("nor by the event's id", "elsewhere", "?flipdishEventId={id}", 0),
			apptest.Call{Name: "an event of the store", As: "manager", Method: "GET", Path: eventLog + "/{id}", Status: 200, Want: apptest.Want{"OrderCreatedEvent.#": 1}},
			apptest.Call{Name: "an event of the brand", As: "manager", Method: "GET", Path: eventLog + "/{brandEvent}", Status: 404, Lacks: "Bella"},
			apptest.Call{Name: "an event of another store", As: "elsewhere", Method: "GET", Path: eventLog + "/{id}", Status: 404},
			apptest.Call{Name: "staff", As: "staff", Method: "GET", Path: eventLog, Status: 403},
		)
	})
}

// A token needs the scope events:read, or api.
func TestEventsNeedTheirScope(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	id, secret, err := k.OAuth.CreateApp(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
	k.Must(err)
	k.Run(
		finds("events:read", scoped(k, id, secret, "events:read"), "?eventType=app.created", 1),
		finds("api", scoped(k, id, secret, "api"), "?eventType=app.created", 1),
		apptest.Call{Name: "orders:read", As: scoped(k, id, secret, "orders:read"), Method: "GET", Path: eventLog, Status: 403, Text: "events:read, api"},
	)
}

// The search answers the bytes that webhooks send, newest first in each member, and counts every match.
func TestEventsAreTheLogsBytes(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.Run(placed("one"), placed("two"), placed("three"))
		var all []event.Event
		k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) (err error) {
			all, err = event.Read(tx, k.Brand.ID, 0, 1000)
			return err
		}))
		ours, err := event.Encode(event.New{Brand: k.Brand.ID, AppID: k.Brand.AppID, Body: &wire.WebhookSubscriptionFailingEvent{}})
		k.Must(err)
		k.Must(k.DB.Write(k.Context(), func(tx *db.Tx) error { k.Log.Append(tx, ours); return nil }))
		k.Run(
			apptest.Call{Name: "an event of our own", As: apptest.Owner, Method: "GET", Path: eventLog + "/" + ours.ID, Status: 404},
			apptest.Call{Name: "its name", As: apptest.Owner, Method: "GET", Path: eventLog + "?eventType=" + ours.Name, Status: 400},
		)
		var answer struct {
			TotalRecordCount int
			Data             map[string][]json.RawMessage
		}
		w := k.Call(apptest.Call{As: apptest.Owner, Method: "GET", Path: eventLog + "?limit=100", Status: 200, Want: apptest.Want{"TotalRecordCount": len(all)}})
		k.Must(json.Unmarshal(w.Body.Bytes(), &answer))
		for i := len(all) - 1; i >= 0; i-- {
			class := ""
			for _, e := range wire.Catalogue {
				if e.Name == all[i].Name {
					class = e.Class
				}
			}
			got := answer.Data[class]
			if len(got) == 0 || !bytes.Equal(got[0], all[i].Flat()) {
				t.Fatalf("%s at %d: %.200s, want %.200s", all[i].Name, all[i].Position, fmt.Sprintf("%s", got), all[i].Flat())
			}
			answer.Data[class] = got[1:]
		}
		for class, rest := range answer.Data {
			if len(rest) > 0 {
				t.Errorf("%d more of %s than the log has", len(rest), class)
			}
		}
	})
}
