package api_test

import (
	"testing"

	"comanda/internal/apptest"
)

func TestDeliveryFulfilmentAndReceiptThroughTheAPI(t *testing.T) {
	const one = "/api/v1.0/orders/{one}"
	status := func(name, body string, status int, names ...string) call {
		return call{Name: name, As: apptest.Integrator, Method: "POST", Path: one + "/deliveryinfo", Body: body, Status: status, Events: names}
	}
	move := func(name, body string, status int, names ...string) call {
		return call{Name: name, As: apptest.Owner, Method: "POST", Path: one + "/fulfillment/state", Body: body, Status: status, Events: names}
	}
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.Run(
			placed("one"),
			call{Name: "nothing was said", As: apptest.ReadOnly, Method: "GET", Path: one + "/deliveryinfo", Status: 404},
			status("assigned before it is accepted", `{"Status":"Unaccepted","ExternalReferenceId":"job-7"}`, 200, "order.deliverytracking.status.updated"),
			status("on its way before it is accepted", `{"Status":"OnTheWay"}`, 409),
			call{Name: "accept", As: apptest.Owner, Method: "POST", Path: one + "/accept", Body: `{}`, Status: 200, Events: events{"order.accepted"}},
			move("begin", `{"StatusId":"Preparing"}`, 200, "order.fulfillment.status.updated"),
			move("the same", `{"StatusId":"Preparing"}`, 200),
			move("backwards", `{"StatusId":"HandedOver"}`, 409),
			move("nothing", `{}`, 400),
			call{Name: "actions", As: apptest.ReadOnly, Method: "GET", Path: one + "/fulfillment/state/details", Status: 200, Want: want{
				"Data.StatusId": "Preparing", "Data.StatusName": "In the kitchen", "Data.DefaultNextStatus": "Ready", "Data.NextStatuses.#": 1, "Data.NextStatuses.0.Id": "Ready", "Data.NextStatuses.0.Name": "Ready to be collected",
			}},
			call{Name: "state", As: apptest.ReadOnly, Method: "GET", Path: one + "/fulfillment/state", Status: 200, Want: want{"Data.OrderId": "{one}", "Data.StatusId": "Preparing", "Data.Icon": ""}},
			call{Name: "states", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/{appId}/orders/fulfillmentstatuses?orderIds=7,{one}", Status: 200, Want: want{"Data.#": 1, "Data.0.OrderId": "{one}"}},
			call{Name: "states of nothing", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/{appId}/orders/fulfillmentstatuses?orderIds=a", Status: 400, Text: "orderIds"},
			status("by number", `{"Status":5,"TrackUrl":"https://courier.example/7","IntegrationName":"Courier"}`, 200, "order.dispatched", "order.deliverytracking.status.updated"),
			status("no link", `{"TrackUrl":"javascript:alert(1)"}`, 400),
			status("no status", `{"Status":"Eaten"}`, 400),
			call{Name: "order", As: apptest.ReadOnly, Method: "GET", Path: one, Status: 200, Want: want{
				"Data.OrderState": "Dispatched", "Data.DeliveryTrackingStatus": "OnTheWay", "Data.FulfillmentStatus.StatusId": "Preparing",
			}},
			status("there", `{"Status":"Delivered"}`, 200, "order.deliverytracking.status.updated"),
			call{Name: "what was said", As: apptest.ReadOnly, Method: "GET", Path: one + "/deliveryinfo", Status: 200, Want: want{
				"Data.OrderId": "{one}", "Data.Status": "Delivered", "Data.ExternalReferenceId": "job-7", "Data.TrackUrl": "https://courier.example/7", "Data.IntegrationName": "Courier", "Data.ErrorMessage": "",
			}},
			status("on its way again", `{"Status":"OnTheWay"}`, 409),
			move("ready after all", `{"StatusId":"Ready"}`, 200, "order.fulfillment.status.updated"),
			call{Name: "receipt", As: apptest.Finance, Method: "GET", Path: "/api/v1.0/receipts/{one}", Status: 200, Want: want{
				"PreviousOrder.TotalAmount": 10.5, "PreviousOrder.Items.0.Name": "Margherita", "PreviousOrder.Items.0.PreviousOrderItemOptions.0.Name": "Ham", "PreviousOrder.Items.0.PriceIncludingOptionSetItems": 10,
				"PreviousOrder.TaxRates.0.Name": "Food", "PreviousOrder.TaxRates.0.Percentage": 13.5, "PreviousOrder.RestaurantName": "Dame Street", "PaymentMethodDescription": "Cash", "DepositReturnFeesSummary.#": 0,
			}},
			call{Name: "a reader says nothing", As: apptest.ReadOnly, Method: "POST", Path: one + "/deliveryinfo", Body: `{}`, Status: 403},
			call{Name: "nor moves anything", As: apptest.ReadOnly, Method: "POST", Path: one + "/fulfillment/state", Body: `{"StatusId":"Ready"}`, Status: 403},
			call{Name: "another brand's receipt", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/receipts/{one}", Status: 404},
			call{Name: "another brand's delivery", As: apptest.Stranger, Method: "POST", Path: one + "/deliveryinfo", Body: `{}`, Status: 404},
			call{Name: "another brand's state", As: apptest.Stranger, Method: "GET", Path: one + "/fulfillment/state/details", Status: 404},
		)
	})
}
