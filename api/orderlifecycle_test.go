package api_test

import (
	"testing"

	"comanda/internal/apptest"
)

func TestOrderLifecycleThroughTheAPI(t *testing.T) {
	const (
		ofBrand   = "/api/v1.0/{appId}/orders"
		deadlines = "/api/v1.0/stores/{storeId}/order-deadlines"
		front     = "/api/v1.0/{appId}/storefront/orders"
	)
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		read := func(name, path string, wants want) call {
			return call{Name: name, As: apptest.ReadOnly, Method: "GET", Path: path, Status: 200, Want: wants}
		}
		k.Run(
			placed("one"), placed("two"), placed("three"), placed("four"),
			call{Name: "accept", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{one}/accept", Body: `{"EstimatedMinutesForDelivery":20}`, Status: 200, Events: events{"order.accepted"}},
			read("calculation", ofBrand+"/{one}/calculation", want{
				"Data.Amount": 10.5, "Data.Lines.#": 3, "Data.Lines.0.Kind": "Item", "Data.Lines.0.Amount": 8.5, "Data.Lines.0.Tax.Name": "Food", "Data.Lines.0.Tax.Rate": 13.5,
				"Data.Lines.2.Kind": "Tip", "Data.Lines.2.Amount": 0.5, "Data.TotalTax": 1.19, "Data.Currency": "EUR",
			}),
			call{Name: "of another brand", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{otherAppId}/orders/{one}/calculation", Status: 404},
			read("all in short form", ofBrand+"/summaries", want{
				"TotalRecordCount": 4, "Page": 1, "Limit": 20, "Data.0.OrderId": "{four}", "Data.3.OrderId": "{one}", "Data.3.OrderState": "AcceptedByRestaurant", "Data.3.AcceptedFor": apptest.Present,
				"Data.0.StoreName": "Dame Street", "Data.0.StoreIanaTimeZone": "Europe/Dublin", "Data.0.CustomerName": "Ann Diner", "Data.0.CustomerPhoneNumber": "+353871234567",
				"Data.0.Amount": 10.5, "Data.0.RefundedAmount": 0, "Data.0.PaymentAccountType": "Cash", "Data.0.PaymentStatus": "Unpaid", "Data.0.Currency": "EUR", "Data.0.AppType": "Web", "Data.0.DeliveryType": "Pickup",
			}),
			read("a page", ofBrand+"/summariesNew?page=2&limit=3", want{"TotalRecordCount": 4, "Data.#": 1, "Data.0.OrderId": "{one}"}),
			read("searched", ofBrand+"/summaries?searchQuery=+ANN+&state=ReadyToProcess&channels=Web&channels=Ios&physicalRestaurantId={storeId}", want{"TotalRecordCount": 3}),
			read("by id", ofBrand+"/summaries?orderIds={one}&orderIds={two}&orderByRequestedForTime=true", want{"TotalRecordCount": 2, "Data.0.OrderId": "{two}"}),
			read("by a part of the phone number", ofBrand+"/summaries?searchQuery=8712345", want{"TotalRecordCount": 4}),
			read("signs are no patterns", ofBrand+"/summaries?searchQuery=%25", want{"TotalRecordCount": 0}),
			read("another channel", ofBrand+"/summaries?channels=Photon", want{"TotalRecordCount": 0}),
			read("another store", ofBrand+"/summaries?physicalRestaurantId=424242", want{"TotalRecordCount": 0, "Data.#": 0}),
			call{Name: "no channel", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?channels=Fax", Status: 400, Text: "channels"},
			call{Name: "backwards", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", Status: 400, Text: "to"},
			call{Name: "another brand's", As: apptest.Stranger, Method: "GET", Path: ofBrand + "/summaries", Status: 403},
			read("kitchen", ofBrand+"/kitchen", want{"Data.#": 1, "Data.0.OrderId": "{one}"}),
			read("deadlines", deadlines, want{"Data.WarnAfterMinutes": 4, "Data.RejectAfterMinutes": 13, "Data.CancelWindowSeconds": 0, "Data.CancelUntilAccepted": false}),
			call{Name: "too late to cancel", Method: "POST", Path: front + "/{twoToken}/cancel", Status: 409, Text: "ReadyToProcess"},
			call{Name: "let customers", As: apptest.Owner, Method: "POST", Path: deadlines, Body: `{"CancelUntilAccepted":true,"WarnAfterMinutes":null}`, Status: 200, Events: events{"store.updated"}, Want: want{"Data.CancelUntilAccepted": true, "Data.WarnAfterMinutes": 4}},
			call{Name: "by a reader", As: apptest.ReadOnly, Method: "POST", Path: deadlines, Body: `{"CancelUntilAccepted":false}`, Status: 403},
			call{Name: "a warning too late", As: apptest.Owner, Method: "POST", Path: deadlines, Body: `{"WarnAfterMinutes":13}`, Status: 400, Text: "WarnAfterMinutes"},
			call{Name: "tracked", Method: "GET", Path: front + "/{twoToken}", Status: 200, Want: want{"Data.CanCancel": true, "Data.CancelUntil": nil}},
			call{Name: "cancel", Method: "POST", Path: front + "/{twoToken}/cancel", Status: 200, Events: events{"order.rejected"}, Want: want{"Data.OrderState": "Cancelled", "Data.RejectionReason": nil}},
			call{Name: "cancel again", Method: "POST", Path: front + "/{twoToken}/cancel", Status: 409, Text: "Cancelled"},
			call{Name: "no such token", Method: "POST", Path: front + "/nothing/cancel", Status: 404},
			call{Name: "the store cancels", As: apptest.Integrator, Method: "POST", Path: "/api/v1.0/orders/{three}/cancel", Body: `{}`, Status: 200, Events: events{"order.rejected"}},
			call{Name: "not an accepted one", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{one}/cancel", Body: `{}`, Status: 409, Text: "AcceptedByRestaurant"},
			call{Name: "nor a reader", As: apptest.ReadOnly, Method: "POST", Path: "/api/v1.0/orders/{four}/cancel", Body: `{}`, Status: 403},
			call{Name: "hold", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{one}/review", Body: `{"Action":"Hold","Note":"odd"}`, Status: 200, Events: events{"order.fulfillment.status.updated"}},
			call{Name: "held", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/orders/{one}", Status: 200, Want: want{"Data.OrderState": "ManualReview"}},
			call{Name: "release", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/orders/{one}/review", Body: `{"Action":"Release"}`, Status: 200, Events: events{"order.fulfillment.status.updated"}},
			call{Name: "as before", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/orders/{one}", Status: 200, Want: want{"Data.OrderState": "AcceptedByRestaurant"}},
			call{Name: "no review by a reader", As: apptest.ReadOnly, Method: "POST", Path: "/api/v1.0/orders/{one}/review", Body: `{"Action":"Hold"}`, Status: 403},
			call{Name: "a window", As: apptest.Owner, Method: "POST", Path: deadlines, Body: `{"CancelWindowSeconds":60}`, Status: 200, Events: events{"store.updated"}},
			call{
				Name: "held back", Method: "POST", Path: front, Body: basket, Header: key(), Status: 201,
				Want: want{"Data.OrderState": "PlacedCanBeCancelled"}, Save: map[string]string{"held": "Data.OrderId", "heldToken": "Data.TrackingToken"},
			},
			call{Name: "unknown to the store", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/orders/{held}", Status: 404},
			read("and in no list", ofBrand+"/summaries?orderIds={held}", want{"TotalRecordCount": 0}),
			call{Name: "its customer knows", Method: "GET", Path: front + "/{heldToken}", Status: 200, Want: want{"Data.CanCancel": true, "Data.CancelUntil": apptest.Present}},
			call{Name: "and takes it back", Method: "POST", Path: front + "/{heldToken}/cancel", Status: 200, Want: want{"Data.OrderState": "Cancelled"}},
		)
	})
}
