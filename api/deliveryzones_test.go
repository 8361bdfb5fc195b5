package api_test

import (
	"testing"

	"comanda/internal/apptest"
)

func TestDeliveryZonesThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		const at, order = "/api/v1.0/stores/{storeId}/deliveryzones", "/api/v1.0/{appId}/storefront/"
		const square = "POLYGON((-6.3 53.3,-6.2 53.3,-6.2 53.4,-6.3 53.4,-6.3 53.3))"
		owner := func(name, method, path, body string, status int, w want, e ...string) call {
			return call{Name: name, As: apptest.Owner, Method: method, Path: path, Body: body, Status: status, Want: w, Events: e}
		}
		made := owner("draw", "POST", at, `{"DeliveryFee":"2.50","MinimumDeliveryOrderAmount":17,"WellKnownText":"`+square+`","IsEnabled":true}`, 200,
			want{"Data.DeliveryFee": 2.5, "Data.MinimumDeliveryOrderAmount": 17, "Data.WellKnownText": square, "Data.IsEnabled": true, "Data.FeeChargedToStore": nil}, "store.delivery_zone.created")
		shops := owner("the zone of the shop", "GET", at, "", 200, want{"Data.#": 1, "Data.0.WellKnownText": apptest.Dublin})
		shops.Save = map[string]string{"shops": "Data.0.Id"}
		made.Save = map[string]string{"zone": "Data.Id"}
		basket := func(units, longitude string) string {
			return `{"StoreId":{storeId},"DeliveryType":"Delivery","Items":[{"MenuItemPublicId":"` + string(apptest.Margherita) + `","Quantity":` + units + `}],` +
				`"Contact":{"Name":"Ann","PhoneNumber":"0871234567"},"Payment":{"Method":"Cash"},` +
				`"DeliveryLocation":{"Street":"Dame Street","Town":"Dublin","Coordinates":{"Latitude":53.35,"Longitude":` + longitude + `}}}`
		}
		diner := func(name, path, body string, status int, w want, e ...string) call {
			c := call{Name: name, Method: "POST", Path: order + path, Body: body, Status: status, Want: w, Events: e, Unknown: true}
			if path == "orders" {
				c.Header = key()
			}
			return c
		}
		k.Run(
			shops, made,
			owner("both", "GET", at, "", 200, want{"Data.#": 2, "Data.1.Id": "{zone}"}),
			owner("at the store", "GET", "/api/v1.0/stores/{storeId}", "", 200, want{"Data.DeliveryZones.1.DeliveryFee": 2.5}),
			owner("the same again", "POST", at+"/{zone}", `{"DeliveryFee":2.5}`, 200, want{"Data.Id": "{zone}"}),
			owner("crossing itself", "POST", at, `{"WellKnownText":"POLYGON((0 0,4 4,4 0,0 4,0 0))"}`, 400, want{"Errors.0.FieldName": "WellKnownText"}),
			owner("no text", "POST", at, `{}`, 400, want{"Errors.0.FieldName": "WellKnownText"}),
			owner("a number that is none", "POST", at+"/{zone}", `{"DeliveryFee":"NaN","MinimumDeliveryOrderAmount":-1}`, 400, want{"Errors.0.FieldName": "DeliveryFee"}),
			owner("an unknown one", "POST", at+"/424242", `{}`, 404, nil),
			call{Name: "a stranger", As: apptest.Stranger, Method: "POST", Path: at, Body: `{"WellKnownText":"` + square + `"}`, Status: 404},
			call{Name: "a reader", As: apptest.ReadOnly, Method: "DELETE", Path: at + "/{zone}", Status: 403},
			call{Name: "nobody", Method: "GET", Path: at, Status: 401},

			diner("the cheapest zone", "quotes", basket("2", "-6.25"), 200, want{"Data.DeliveryAmount": 0, "Data.Amount": 17}),
			owner("the shop's off", "POST", at+"/{shops}", `{"IsEnabled":false}`, 200, want{"Data.IsEnabled": false}, "store.delivery_zone.updated"),
			diner("the fee", "quotes", basket("2", "-6.25"), 200, want{"Data.DeliveryAmount": 2.5, "Data.Amount": 19.5}),
			diner("out of every zone", "quotes", basket("2", "-6.5"), 400, want{"Errors.0.FieldName": "DeliveryLocation.Coordinates"}),
			diner("exactly the minimum, on the boundary", "orders", basket("2", "-6.2"), 201, want{"Data.DeliveryAmount": 2.5, "Data.Amount": 19.5}, "order.created"),
			diner("below the minimum", "orders", basket("1", "-6.25"), 400, want{"Errors.0.FieldName": "Items"}),
			diner("out of every zone", "orders", basket("2", "-6.5"), 400, want{"Errors.0.FieldName": "DeliveryLocation.Coordinates"}),
			call{Name: "as diners see it", Method: "GET", Path: order + "stores/{storeId}", Status: 200, Want: want{"Data.DeliveryZones.#": 1, "Data.DeliveryZones.0.MinimumDeliveryOrderAmount": 17}},

			owner("delete", "DELETE", at+"/{zone}", "", 200, nil, "store.delivery_zone.deleted"),
			owner("is gone", "DELETE", at+"/{zone}", "", 404, nil),
			diner("no delivery any more", "quotes", basket("2", "-6.25"), 400, want{"Errors.0.FieldName": "DeliveryType"}),
		)
	})
}
