package api_test

import (
	"net/http"
	"testing"
	"time"

	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
)

// trial makes the kit's brand a sandbox.
func trial(k *apptest.Kit) {
	k.Helper()
	k.Must(k.DB.Write(k.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`update brands set sandbox = $1 where app_id = $2`, true, k.Vars["appId"])
		return err
	}))
}

// readAnew makes the server read the brand anew.
var readAnew = apptest.Call{
	Name: "a change", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/apps/{appId}/config", Body: `{"MainColor":"#112233"}`, Status: 200,
	Events: apptest.Events{"app.updated"},
}

// Orders and what they tell follow the clock of a sandbox.
func TestTheClockOfASandbox(t *testing.T) {
	const path = "/api/v1.0/{appId}/sandbox/clock"
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		trial(k)
		set := func(name, as, body string, status int, text string) apptest.Call {
			return apptest.Call{Name: name, As: as, Method: "POST", Path: path, Body: body, Status: status, Text: text, Unknown: true}
		}
		k.Run(
			readAnew,
			apptest.Call{Name: "not moved", As: apptest.ReadOnly, Method: "GET", Path: path, Status: 200, Want: apptest.Want{"Data.OffsetSeconds": 0}, Unknown: true},
			set("by who only reads", apptest.ReadOnly, `{"AdvanceSeconds":60}`, 403, ""),
			set("by nobody", apptest.Nobody, `{"AdvanceSeconds":60}`, 401, ""),
			set("by a stranger", apptest.Stranger, `{"AdvanceSeconds":60}`, 403, ""),
			set("nothing", apptest.Owner, `{}`, 400, "give either Time or AdvanceSeconds"),
			set("no number", apptest.Owner, `{"AdvanceSeconds":"soon"}`, 400, "AdvanceSeconds"),
			set("a week", apptest.Integrator, `{"AdvanceSeconds":604800}`, 200, `"OffsetSeconds":604800`),
			set("back", apptest.Owner, `{"Time":"2020-01-01T00:00:00Z"}`, 409, "goes ahead only"),
			placed("order"),
			apptest.Call{
				Name: "read", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/orders/{order}", Status: 200, Save: map[string]string{"at": "Data.PlacedTime"},
			},
		)
		at, err := time.Parse(time.RFC3339, k.Vars["at"])
		k.Must(err)
		if ahead := at.Sub(clock.Now()); ahead < 7*24*time.Hour-time.Minute || ahead > 7*24*time.Hour+time.Minute {
			t.Errorf("the order was placed %v from now, want a week", ahead)
		}
	})
}

func TestSampleOrders(t *testing.T) {
	const path = "/api/v1.0/{appId}/sandbox/orders"
	once, two := http.Header{"Idempotency-Key": {"sample"}}, http.Header{"Idempotency-Key": {"two-samples"}} // of the key comes who orders
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		place := func(name, as, body string, status int, text string) apptest.Call {
			return apptest.Call{Name: name, As: as, Method: "POST", Path: path, Body: body, Status: status, Text: text, Unknown: true}
		}
		k.Run(place("in a live brand", apptest.Owner, `{}`, 403, "This brand is live"))
		trial(k)
		k.Run(
			readAnew,
			place("by who only reads", apptest.ReadOnly, `{}`, 403, ""),
			place("by nobody", apptest.Nobody, `{}`, 401, ""),
			place("by a stranger", apptest.Stranger, `{}`, 403, ""),
			place("too many", apptest.Owner, `{"Count":21}`, 400, "Count"),
			place("none", apptest.Owner, `{"Count":0}`, 400, "Count"),
			place("no type", apptest.Owner, `{"DeliveryType":"Drone"}`, 400, "DeliveryType"),
			place("no store", apptest.Owner, `{"StoreId":424242}`, 404, "StoreId"),
			apptest.Call{
				Name: "one", As: apptest.Integrator, Method: "POST", Path: path, Body: `{}`, Header: once, Status: 201, Events: apptest.Events{"customer.created", "order.created"},
				Want: apptest.Want{"Data.#": 1, "Data.0.Amount": apptest.Present, "Data.0.TrackingToken": apptest.Present},
				Save: map[string]string{"order": "Data.0.OrderId", "token": "Data.0.TrackingToken"}, Unknown: true,
			},
			apptest.Call{Name: "again", As: apptest.Integrator, Method: "POST", Path: path, Body: `{}`, Header: once, Status: 201, Want: apptest.Want{"Data.#": 1, "Data.0.OrderId": "{order}"}, Unknown: true},
			apptest.Call{Name: "as its customer", Method: "GET", Path: "/api/v1.0/{appId}/storefront/orders/{token}", Status: 200, Want: apptest.Want{"Data.OrderId": "{order}"}},
			apptest.Call{
				Name: "two deliveries", As: apptest.Owner, Method: "POST", Path: path, Body: `{"storeid":{storeId},"DeliveryType":"delivery","Count":"2"}`, Header: two, Status: 201,
				Events: apptest.Events{"customer.created", "order.created", "order.created"}, Want: apptest.Want{"Data.#": 2}, Save: map[string]string{"order": "Data.1.OrderId"}, Unknown: true,
			},
			apptest.Call{Name: "the second", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/orders/{order}", Status: 200, Want: apptest.Want{"Data.DeliveryType": "Delivery"}},
		)
	})
}
