package api_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"

	"comanda/internal/apptest"
	"comanda/internal/dbtest"
)

func key() http.Header { return http.Header{"Idempotency-Key": {uuid.NewString()}} }

const basket = `{"StoreId":{storeId},"DeliveryType":"Pickup","PickupLocationType":null,"RequestedForTime":null,
	"Items":[{"MenuItemPublicId":"` + string(apptest.Margherita) + `","Quantity":1,"Options":[{"MenuItemOptionPublicId":"` + string(apptest.Ham) + `"}]}],
	"VoucherCode":null,"TipAmount":0.5,"ChefNote":null,"DeliveryLocation":null,
	"Contact":{"Name":"Ann Diner","PhoneNumber":"087 123 4567","EmailAddress":null},"Payment":{"Method":"Cash"},"ExpectedAmount":10.5}`

// placed puts an order's id and token into the kit's variables, under the name and nameToken.
func placed(name string) apptest.Call {
	return apptest.Call{
		Name: "place " + name, Method: "POST", Path: "/api/v1.0/{appId}/storefront/orders", Body: basket, Header: key(), Status: 201,
		Events: apptest.Events{"order.created"}, Save: map[string]string{name: "Data.OrderId", name + "Token": "Data.TrackingToken"},
	}
}

func TestStorefront(t *testing.T) {
	const front = "/api/v1.0/{appId}/storefront"
	once := key()
	apptest.Each(t, func(k *apptest.Kit) {
		s := k.MustShop()
		k.Run(
			apptest.Call{
				Name: "stores", Method: "GET", Path: front + "/stores", Status: 200,
				Want: apptest.Want{"Data.#": 1, "Data.0.StoreId": s.Store, "Data.0.Pickup.IsOpen": true, "Data.0.Pickup.LeadTimeMinutes": 20, "Data.0.ServiceChargeIsOptional": false, "Data.0.Currency": "EUR"}, Lacks: "StaffLanguage",
			},
			apptest.Call{Name: "stores of no brand", Method: "GET", Path: "/api/v1.0/nobody/storefront/stores", Status: 404},
			apptest.Call{
				Name: "store", Method: "GET", Path: front + "/stores/{storeId}", Status: 200,
				Want: apptest.Want{
					"Data.Name": "Dame Street", "Data.Menu.MenuSections.0.MenuItems.0.Name": "Margherita",
					"Data.Menu.MenuSections.0.MenuItems.0.MenuItemOptionSets.0.MenuItemOptionSetItems.1.PublicId": string(apptest.Ham),
				}, Lacks: "PIZZA-1",
			},
			apptest.Call{Name: "unknown store", Method: "GET", Path: front + "/stores/424242", Status: 404},
			apptest.Call{Name: "store of another brand", Method: "GET", Path: "/api/v1.0/{otherAppId}/storefront/stores/{storeId}", Status: 404},
			apptest.Call{
				Name: "times", Method: "GET", Path: front + "/stores/{storeId}/slots?deliveryType=pickup", Status: 200,
				Want: apptest.Want{"Data.DeliveryType": "Pickup", "Data.IanaTimeZone": "Europe/Dublin", "Data.PreOrderTimeDisplayType": "SingleTime", "Data.Asap.IsBookable": true, "Data.Slots.0.IsBookable": false, "Data.Slots.0.Reason": "TooSoon", "Data.Slots.9.IsBookable": true, "Data.Slots.9.Reason": nil, "Data.Next": nil},
			},
			apptest.Call{Name: "times of the far future", Method: "GET", Path: front + "/stores/{storeId}/slots?DeliveryType=Delivery&From=9999-12-31T23:59:59Z", Status: 200, Want: apptest.Want{"Data.Slots.#": 0}},
			apptest.Call{Name: "times of no delivery type", Method: "GET", Path: front + "/stores/{storeId}/slots", Status: 400, Text: "DeliveryType"},
			apptest.Call{Name: "times of another brand's store", Method: "GET", Path: "/api/v1.0/{otherAppId}/storefront/stores/{storeId}/slots?DeliveryType=Pickup", Status: 404},
			apptest.Call{
				Name: "quote", Method: "POST", Path: front + "/quotes", Body: basket, Status: 200,
				Want: apptest.Want{
					"Data.Amount": 10.5, "Data.Currency": "EUR", "Data.OrderItemsAmount": 10, "Data.TipAmount": 0.5, "Data.TaxIncluded": true,
					"Data.Lines.#": 3, "Data.Lines.0.Kind": "Item", "Data.Lines.1.Name": "Ham", "Data.Lines.1.Amount": 1.5, "Data.Lines.2.Kind": "Tip",
				},
			},
			apptest.Call{Name: "quote of nothing", Method: "POST", Path: front + "/quotes", Body: `{}`, Status: 400, Text: "StoreId"},
			apptest.Call{
				Name: "place", Method: "POST", Path: front + "/orders", Body: basket, Header: once, Status: 201, Events: apptest.Events{"order.created"},
				Want: apptest.Want{
					"Data.OrderState": "ReadyToProcess", "Data.Amount": 10.5, "Data.Store.Id": s.Store, "Data.OrderItems.#": 1,
					"Data.Customer.PhoneNumber": "+353871234567", "Data.PaymentAccountType": "Cash", "Data.TrackingToken": apptest.Present,
				},
				Save: map[string]string{"order": "Data.OrderId", "token": "Data.TrackingToken", "code": "Data.OrderTrackingCode"},
			},
			apptest.Call{Name: "again", Method: "POST", Path: front + "/orders", Body: basket, Header: once, Status: 201, Want: apptest.Want{"Data.OrderId": "{order}", "Data.TrackingToken": "{token}"}},
			apptest.Call{
				Name: "another body under the key", Method: "POST", Path: front + "/orders", Body: strings.Replace(basket, "0.5", "0.6", 1), Header: once,
				Status: 422, Text: "Idempotency-Key",
			},
			apptest.Call{Name: "no key", Method: "POST", Path: front + "/orders", Body: basket, Status: 400, Text: "Idempotency-Key"},
			apptest.Call{Name: "short key", Method: "POST", Path: front + "/orders", Body: basket, Header: http.Header{"Idempotency-Key": {"abc"}}, Status: 400, Text: "16"},
			apptest.Call{
				Name: "price moved", Method: "POST", Path: front + "/orders", Body: strings.Replace(basket, `"ExpectedAmount":10.5`, `"ExpectedAmount":9.5`, 1), Header: key(),
				Status: 409, Want: apptest.Want{"Data.Amount": 10.5, "Errors.0.FieldName": "ExpectedAmount"},
			},
			apptest.Call{Name: "malformed", Method: "POST", Path: front + "/orders", Body: `{"StoreId":`, Header: key(), Status: 400},
			apptest.Call{Name: "wrong type", Method: "POST", Path: front + "/orders", Body: strings.Replace(basket, `"Quantity":1`, `"Quantity":"many"`, 1), Header: key(), Status: 400, Text: "Items[0].Quantity"},
			apptest.Call{Name: "unknown method of payment", Method: "POST", Path: front + "/orders", Body: strings.Replace(basket, "Cash", "Shells", 1), Header: key(), Status: 400, Text: "Payment.Method"},
			apptest.Call{Name: "not a time", Method: "POST", Path: front + "/orders", Body: strings.Replace(basket, `"RequestedForTime":null`, `"RequestedForTime":"soon"`, 1), Header: key(), Status: 400, Text: "RequestedForTime"},
			apptest.Call{Name: "huge", Method: "POST", Path: front + "/orders", Body: `{"ChefNote":"` + strings.Repeat("x", 1<<20) + `"}`, Header: key(), Status: 413},
			apptest.Call{Name: "track", Method: "GET", Path: front + "/orders/{token}", Status: 200, Want: apptest.Want{"Data.OrderId": apptest.Present, "Data.Calculation.Amount": 10.5}},
			apptest.Call{Name: "track by code", Method: "GET", Path: front + "/orders/{code}", Status: 404},
			apptest.Call{Name: "track elsewhere", Method: "GET", Path: "/api/v1.0/{otherAppId}/storefront/orders/{token}", Status: 404},
			apptest.Call{Name: "tip", Method: "POST", Path: front + "/orders/{token}/tip", Body: `{"TipAmount":2}`, Status: 200, Want: apptest.Want{"Data.Amount": 12, "Data.TipAmount": 2}, Events: apptest.Events{"order.tip.updated"}},
			apptest.Call{Name: "negative tip", Method: "POST", Path: front + "/orders/{token}/tip", Body: `{"TipAmount":-2}`, Status: 400, Text: "TipAmount"},
			apptest.Call{Name: "no tip", Method: "POST", Path: front + "/orders/{token}/tip", Body: `{}`, Status: 400, Text: "TipAmount"},
			apptest.Call{Name: "rate too early", Method: "POST", Path: front + "/orders/{token}/rating", Body: `{"Rating":5}`, Status: 409, Text: "ReadyToProcess"},
			apptest.Call{Name: "accept", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{order}/accept", Body: `{}`, Status: 200, Events: apptest.Events{"order.accepted"}},
			apptest.Call{Name: "rate", Method: "POST", Path: front + "/orders/{token}/rating", Body: `{"Rating":5}`, Status: 200, Want: apptest.Want{"Data.UserRating": 5}, Events: apptest.Events{"order.rating.updated"}},
			apptest.Call{Name: "rate beyond", Method: "POST", Path: front + "/orders/{token}/rating", Body: `{"Rating":6}`, Status: 400, Text: "Rating"},
			apptest.Call{Name: "rate somebody else's", Method: "POST", Path: front + "/orders/{order}/rating", Body: `{"Rating":1}`, Status: 404},
		)
	})
}

// Whoever sends a megabyte of mistakes is answered in kilobytes, and costs about what the megabyte costs.
func TestAnswersToWrongBodiesAreBounded(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	k.MustShop()
	const quotes, menus = "/api/v1.0/{appId}/storefront/quotes", "/api/v1.0/{appId}/menus"
	list := func(head, entry, tail string) string {
		return head + strings.Repeat(entry+",", (1<<20-200)/(len(entry)+1)) + entry + tail
	}
	for _, c := range []struct {
		name, as, path, body string
		most                 uint64 // MB of allocations
	}{
		{"entries", apptest.Nobody, quotes, list(`{"Items":[`, `{}`, `]}`), 16},
		{"entries of no object", apptest.Nobody, quotes, list(`{"Items":[`, `1`, `]}`), 16},
		{"options", apptest.Nobody, quotes, list(`{"Items":[{"Options":[`, `{}`, `]}]}`), 16},
		{"lists in a list without a limit", apptest.Owner, menus, list(`{"MenuSections":[`, `{"MenuItems":[1]}`, `]}`), 16},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := k.Send(apptest.Call{Method: "POST", As: c.as, Path: c.path, Body: c.body})
		runtime.ReadMemStats(&after)
		if w.Code != 400 || w.Body.Len() >= 64<<10 {
			t.Errorf("%s: %d with %d bytes: %.300s", c.name, w.Code, w.Body.Len(), w.Body)
		}
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > c.most {
			t.Errorf("%s: %d MB were allocated", c.name, mb)
		}
	}
}

func TestAClosedDatabaseIsToldAsUnavailable(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.Must(k.DB.Close())
		w := k.Send(apptest.Call{Method: "POST", Path: "/api/v1.0/{appId}/storefront/orders", Body: basket, Header: key()})
		if w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	})
}

func TestOrders(t *testing.T) {
	const orders = "/api/v1.0/orders"
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.Run(placed("a"), placed("b"), placed("c"), placed("d"))
		k.Run(
			apptest.Call{Name: "list", As: apptest.Owner, Method: "GET", Path: orders, Status: 200, Want: apptest.Want{"Page": 1, "Limit": 20, "TotalRecordCount": 4, "Data.#": 4, "Data.0.OrderId": "{d}"}},
			apptest.Call{Name: "page", As: apptest.ReadOnly, Method: "GET", Path: orders + "?page=2&limit=3", Status: 200, Want: apptest.Want{"Page": 2, "Limit": 3, "TotalRecordCount": 4, "Data.#": 1}},
			apptest.Call{Name: "limit is cut", As: apptest.Owner, Method: "GET", Path: orders + "?limit=1000", Status: 200, Want: apptest.Want{"Limit": 100}},
			apptest.Call{Name: "page 0", As: apptest.Owner, Method: "GET", Path: orders + "?page=0", Status: 400, Text: "page"},
			apptest.Call{Name: "filters", As: apptest.Owner, Method: "GET", Path: orders + "?physicalRestaurantId={storeId}&physicalRestaurantId=7&state=ReadyToProcess&state=Dispatched&from=2020-01-01&to=2120-01-01", Status: 200, Want: apptest.Want{"TotalRecordCount": 4}},
			apptest.Call{Name: "filters with brackets", As: apptest.Owner, Method: "GET", Path: orders + "?physicalRestaurantId%5B0%5D={storeId}&state%5B0%5D=Dispatched", Status: 200, Want: apptest.Want{"TotalRecordCount": 0, "Data.#": 0}},
			apptest.Call{Name: "unknown state", As: apptest.Owner, Method: "GET", Path: orders + "?state=Lost", Status: 400, Text: "state"},
			apptest.Call{Name: "strangers see nothing", As: apptest.Stranger, Method: "GET", Path: orders, Status: 200, Want: apptest.Want{"TotalRecordCount": 0}},
			apptest.Call{Name: "nobody", Method: "GET", Path: orders, Status: 401},
			apptest.Call{Name: "get", As: apptest.Integrator, Method: "GET", Path: orders + "/{a}", Status: 200, Want: apptest.Want{"Data.OrderState": "ReadyToProcess", "Data.OrderItems.0.OrderItemOptions.0.Name": "Ham"}},
			apptest.Call{Name: "get a stranger's", As: apptest.Stranger, Method: "GET", Path: orders + "/{a}", Status: 404},
			apptest.Call{Name: "get nothing", As: apptest.Owner, Method: "GET", Path: orders + "/424242", Status: 404},
			apptest.Call{Name: "ready", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/orders/ready_to_process?storeId={storeId}", Status: 200, Want: apptest.Want{"Orders.#": 4, "Orders.0.OrderId": "{a}"}},
			apptest.Call{Name: "ready elsewhere", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{appId}/orders/ready_to_process", Status: 403},

			apptest.Call{Name: "accept as reader", As: apptest.ReadOnly, Method: "POST", Path: orders + "/{a}/accept", Body: `{}`, Status: 403},
			apptest.Call{Name: "accept as stranger", As: apptest.Stranger, Method: "POST", Path: orders + "/{a}/accept", Body: `{}`, Status: 404},
			apptest.Call{Name: "accept without a body", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/accept", Status: 400},
			apptest.Call{Name: "accept with too many minutes", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/accept", Body: `{"EstimatedMinutesForDelivery":201}`, Status: 400, Text: "EstimatedMinutesForDelivery"},
			apptest.Call{Name: "accept", As: apptest.Integrator, Method: "POST", Path: orders + "/{a}/accept", Body: `{"EstimatedMinutesForDelivery":45}`, Status: 200, Events: apptest.Events{"order.accepted"}},
			apptest.Call{Name: "accept again", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/accept", Body: `{"EstimatedMinutesForDelivery":null}`, Status: 409, Text: "AcceptedByRestaurant"},
			apptest.Call{Name: "reject what is accepted", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/reject", Body: `{"RejectReason":"TooBusy"}`, Status: 409, Text: "AcceptedByRestaurant"},
			apptest.Call{Name: "dispatch", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/dispatch", Status: 200, Events: apptest.Events{"order.dispatched"}},
			apptest.Call{Name: "dispatch again", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/dispatch", Status: 409, Text: "Dispatched"},
			apptest.Call{Name: "refund as integrator", As: apptest.Integrator, Method: "POST", Path: orders + "/{a}/refund", Body: `{"RefundAmount":1,"NotifyCustomer":true}`, Status: 403},
			apptest.Call{Name: "refund a part", As: apptest.Finance, Method: "POST", Path: orders + "/{a}/refund", Body: `{"RefundAmount":1.25,"NotifyCustomer":true,"RefundReason":"cold"}`, Status: 200, Events: apptest.Events{"order.refunded"}},
			apptest.Call{Name: "refund too much", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/refund", Body: `{"RefundAmount":10,"NotifyCustomer":true}`, Status: 409, Text: "9.25 EUR"},
			apptest.Call{Name: "refund a fraction", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/refund", Body: `{"RefundAmount":0.001,"NotifyCustomer":true}`, Status: 400, Text: "RefundAmount"},
			apptest.Call{Name: "refund nothing said", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/refund", Body: `{}`, Status: 400, Text: "RefundAmount"},
			apptest.Call{Name: "refund the rest", As: apptest.Owner, Method: "POST", Path: orders + "/{a}/refund", Body: `{"RefundAmount":9.25,"NotifyCustomer":false}`, Status: 200, Events: apptest.Events{"order.refunded"}},
			apptest.Call{Name: "refunded", As: apptest.Owner, Method: "GET", Path: orders + "/{a}", Status: 200, Want: apptest.Want{"Data.OrderState": "AcceptedAndRefunded", "Data.RefundedAmount": 10.5, "Data.PaymentStatus": "Refunded"}},

			apptest.Call{Name: "reject without a reason", As: apptest.Owner, Method: "POST", Path: orders + "/{b}/reject", Body: `{}`, Status: 400, Text: "RejectReason"},
			apptest.Call{Name: "reject with an unknown reason", As: apptest.Owner, Method: "POST", Path: orders + "/{b}/reject", Body: `{"RejectReason":"Sleepy"}`, Status: 400, Text: "RejectReason"},
			apptest.Call{Name: "refund before acceptance", As: apptest.Owner, Method: "POST", Path: orders + "/{b}/refund", Body: `{"RefundAmount":1,"NotifyCustomer":true}`, Status: 409, Text: "ReadyToProcess"},
			apptest.Call{Name: "reject by number", As: apptest.Owner, Method: "POST", Path: orders + "/{b}/reject", Body: `{"RejectReason":0,"DoNotNotifyCustomer":true}`, Status: 200, Events: apptest.Events{"order.rejected"}},
			apptest.Call{Name: "rejected", As: apptest.Owner, Method: "GET", Path: orders + "/{b}", Status: 200, Want: apptest.Want{"Data.OrderState": "RejectedByStore", "Data.RejectionReason": "TooBusy"}},

			apptest.Call{Name: "accept c", As: apptest.Owner, Method: "POST", Path: orders + "/{c}/accept", Body: `{}`, Status: 200, Events: apptest.Events{"order.accepted"}},
			apptest.Call{
				Name: "reject after acceptance", As: apptest.Owner, Method: "POST", Path: orders + "/{c}/reject?afterAccept=true", Body: `{"RejectReason":"FoodUnavailable"}`,
				Status: 200, Events: apptest.Events{"order.rejected", "order.refunded"},
			},
			apptest.Call{Name: "by state", As: apptest.Owner, Method: "GET", Path: orders + "?state=RejectedAfterBeingAccepted&state=RejectedByStore", Status: 200, Want: apptest.Want{"TotalRecordCount": 2, "Data.0.OrderId": "{c}", "Data.1.OrderId": "{b}"}},
			apptest.Call{Name: "still ready", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/orders/ready_to_process", Status: 200, Want: apptest.Want{"Orders.#": 1, "Orders.0.OrderId": "{d}"}},
		)
	})
}

// A repeated placement is answered with the same bytes.
func TestRepeatedPlacementIsAnsweredByteForByte(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		c := placed("a")
		first := k.Call(c).Body.String()
		c.Events = nil
		if second := k.Call(c).Body.String(); second != first {
			t.Errorf("%s\n%s", first, second)
		}
		if fmt.Sprint(k.Vars["a"]) == "" {
			t.Error("no order")
		}
	})
}

// The report counts what the store accepted on that day of its zone, refunds taken off.
func TestEndOfDayReport(t *testing.T) {
	const report = "/api/v1.0/stores/{storeId}/endofdayreport"
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.Run(
			placed("kept"), placed("refunded"), placed("waiting"),
			apptest.Call{As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{kept}/accept", Body: `{}`, Status: 200, Events: apptest.Events{"order.accepted"}},
			apptest.Call{As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{refunded}/accept", Body: `{}`, Status: 200, Events: apptest.Events{"order.accepted"}},
			apptest.Call{
				As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{refunded}/refund", Body: `{"RefundAmount":4.2,"NotifyCustomer":false}`, Status: 200,
				Events: apptest.Events{"order.refunded"},
			},
			apptest.Call{Name: "today", As: apptest.Owner, Method: "GET", Path: report, Status: 200, Want: apptest.Want{
				"Data.OrderCount": 2, "Data.OrderValue": 16.8, "Data.CashOrderCount": 2, "Data.CollectionCashOrderValue": 16.8,
				"Data.PaidOnlineOrderCount": 0, "Data.DeliveryOrderCount": 0, "Data.Currency": "EUR",
			}},
			apptest.Call{Name: "another day", As: apptest.Owner, Method: "GET", Path: report + "?date=2020-02-29T12:00:00Z", Status: 200, Want: apptest.Want{
				"Data.OrderCount": 0, "Data.OrderValue": 0, "Data.StartTime": "2020-02-29T00:00:00Z", "Data.EndTime": "2020-03-01T00:00:00Z",
			}},
			apptest.Call{Name: "a day in summer time", As: apptest.Owner, Method: "GET", Path: report + "?date=2020-07-01T22:59:59Z", Status: 200, Want: apptest.Want{
				"Data.StartTime": "2020-06-30T23:00:00Z", "Data.EndTime": "2020-07-01T23:00:00Z",
			}},
			apptest.Call{Name: "no day", As: apptest.Owner, Method: "GET", Path: report + "?date=today", Status: 400, Text: "date"},
			apptest.Call{Name: "no such store", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/424242/endofdayreport", Status: 404},
			apptest.Call{Name: "another brand's store", As: apptest.Stranger, Method: "GET", Path: report, Status: 404},
		)
	})
}
