package api_test

import (
	"testing"

	"comanda/internal/apptest"
)

func TestCapacityTipsAndBatchingThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		const at, seats = "/api/v1.0/stores/{storeId}", "/api/v1.0/{appId}/storeordercapacity/{storeId}"
		owner := func(name, method, path, body string, status int, w want, e ...string) call {
			return call{Name: name, As: apptest.Owner, Method: method, Path: path, Body: body, Status: status, Want: w, Events: e}
		}
		period := func(from, to string) string {
			return `{"DayOfTheWeek":"Friday","PeriodStartHour":` + from + `,"PeriodStartMinutes":0,"PeriodEndHour":` + to + `,"PeriodEndMinutes":0,"MaxOrderNumberPerStoreInterval":4}`
		}
		k.Run(
			owner("no limit", "GET", seats+"/Pickup", "", 200, want{"Data.OrderCapacityPeriods.#": 0, "Data.StoreIntervalInMinutes": 15, "Data.DeliveryType": "Pickup"}),
			owner("limits", "POST", seats+"?deliveryType=Pickup", `{"OrderCapacityPeriods":[`+period("20", "24")+`,`+period("18", "20")+`]}`, 200, nil, "order.capacity.updated"),
			owner("in the order of the week", "GET", seats+"/Pickup", "", 200, want{"Data.OrderCapacityPeriods.#": 2, "Data.OrderCapacityPeriods.0.PeriodStartHour": 18, "Data.OrderCapacityPeriods.1.MaxOrderNumberPerStoreInterval": 4}),
			owner("of one delivery type", "GET", seats+"/Delivery", "", 200, want{"Data.OrderCapacityPeriods.#": 0}),
			owner("the same again", "POST", seats+"?deliveryType=Pickup", `{"OrderCapacityPeriods":[`+period("18", "20")+`,`+period("20", "24")+`]}`, 200, nil),
			owner("periods that overlap", "POST", seats+"?deliveryType=Pickup", `{"OrderCapacityPeriods":[`+period("18", "21")+`,`+period("20", "24")+`]}`, 400, want{"Errors.0.FieldName": "OrderCapacityPeriods"}),
			owner("one that ends before it begins", "POST", seats+"?deliveryType=Pickup", `{"OrderCapacityPeriods":[`+period("18", "18")+`]}`, 400, want{"Errors.0.FieldName": "OrderCapacityPeriods"}),
			owner("an hour of no clock", "POST", seats+"?deliveryType=Pickup", `{"OrderCapacityPeriods":[`+period("24", "25")+`]}`, 400, want{"Errors.0.FieldName": "OrderCapacityPeriods[0].PeriodStartHour"}),
			owner("a store of another brand", "POST", "/api/v1.0/other/storeordercapacity/{storeId}?deliveryType=Pickup", `{}`, 404, nil),
			owner("no limits any more", "POST", seats+"?deliveryType=Pickup", `{"OrderCapacityPeriods":[]}`, 200, nil, "order.capacity.updated"),

			owner("tips", "POST", at+"/tipconfig", `{"Percentages":["5.0",12.5],"DefaultPercentage":12.50,"AllowEmojis":true}`, 200,
				want{"Data.Percentages.0": 5, "Data.DefaultPercentage": 12.5, "Data.AllowEmojis": true, "Data.IsEnabled": true}, "store.tip.updated"),
			owner("the same tips", "POST", at+"/tipconfig", `{"AllowEmojis":true}`, 200, nil),
			owner("a default of none", "POST", at+"/tipconfig", `{"DefaultPercentage":7}`, 400, want{"Errors.0.FieldName": "DefaultPercentage"}),
			owner("percentages that fall", "POST", at+"/tipconfig", `{"Percentages":[10,5,101]}`, 400, want{"Errors.0.FieldName": "Percentages[1]", "Errors.1.FieldName": "Percentages[2]"}),
			owner("no tips", "POST", at+"/tipconfig", `{"IsEnabled":false}`, 200, want{"Data.IsEnabled": false, "Data.DefaultPercentage": 12.5}, "store.tip.updated"),
			owner("at the store", "GET", at, "", 200, want{"Data.TipsEnabled": false}),
			owner("tips by the store", "POST", at, `{"TipsEnabled":true}`, 200, nil, "store.updated"),
			owner("at the tips", "GET", at+"/tipconfig", "", 200, want{"Data.IsEnabled": true}),

			owner("no batches", "GET", at+"/order-batching-configuration", "", 200, want{"Data.IsEnabled": false, "Data.BatchIntervalInSeconds": 300}),
			owner("batches", "POST", at+"/order-batching-configuration", `{"Enabled":true}`, 200, nil, "store.updated"),
			owner("every five minutes", "GET", at+"/order-batching-configuration", "", 200, want{"Data.IsEnabled": true, "Data.BatchIntervalInSeconds": 300}),
			owner("the same batches", "POST", at+"/order-batching-configuration", `{"BatchIntervalInSeconds":300}`, 200, nil),
			owner("every second", "POST", at+"/order-batching-configuration", `{"BatchIntervalInSeconds":1}`, 400, want{"Errors.0.FieldName": "BatchIntervalInSeconds"}),
		)
	})
}

func TestFulfilmentWorkflowsThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		const all = "/api/v1.0/{appId}/fulfillment/configuration/states"
		owner := func(name, method, path, body string, status int, w want) call {
			return call{Name: name, As: apptest.Owner, Method: method, Path: path, Body: body, Status: status, Want: w}
		}
		k.Vars["twin"] = k.Vars["storeId"]
		made := owner("make", "POST", all, workflow, 200, want{"Data.Name": "Kitchen to door", "Data.StoreIds.0": storeVar(k, "storeId"), "Data.States.0.NextStatuses.0": "HandedOver", "Data.AutomaticTransitionsEnabled": false})
		made.Save = map[string]string{"config": "Data.ConfigurationUid"}
		k.Run(
			owner("the template", "GET", "/api/v1.0/{appId}/fulfillment/configuration/states_template", "", 200, want{"States.#": 4, "ConfigurationUid": "", "States.0.StatusId": "Preparing"}),
			made,
			owner("another for the store", "POST", all, workflow, 409, nil),
			owner("on the list", "GET", all, "", 200, want{"Data.#": 1, "Data.0.Stores.0.Name": "Temple Bar", "Data.0.StoreSelectorType": "Single"}),
			owner("rename", "POST", all+"/{config}", `{"Name":"Pickup","OverwriteSystemTemplate":true}`, 200, nil),
			owner("is renamed", "GET", all+"/{config}", "", 200, want{"Name": "Pickup", "States.#": 2}),
			owner("for all stores, but naming one", "POST", all+"/{config}", `{"StoreSelectorType":"None"}`, 400, want{"Errors.0.FieldName": "StoreIds"}),
			owner("for a store of nobody", "POST", all+"/{config}", `{"StoreIds":[7]}`, 400, want{"Errors.0.FieldName": "StoreIds[0]"}),
			owner("states that lead nowhere", "POST", all+"/{config}", `{"States":[{"StatusId":"a b","StatusName":"x","NextStatuses":["c"]},{"StatusId":"d","StatusName":"","DefaultNextStatus":[{"NextStatus":"d"}]}]}`, 400,
				want{"Errors.0.FieldName": "States[0].StatusId", "Errors.1.FieldName": "States[1].StatusName", "Errors.2.FieldName": "States[0].NextStatuses", "Errors.3.FieldName": "States[1].DefaultNextStatus"}),
			owner("for all stores", "POST", all+"/{config}", `{"StoreSelectorType":"None","StoreIds":[]}`, 200, nil),
			owner("the store is free", "POST", all, workflow, 200, nil),
			call{Name: "a stranger", As: apptest.Stranger, Method: "GET", Path: all + "/{config}", Status: 403},
			call{Name: "a reader", As: apptest.ReadOnly, Method: "DELETE", Path: all + "/{config}", Status: 403},
			owner("delete", "DELETE", all+"/{config}", "", 200, want{"Data": "{config}"}),
			owner("is gone", "DELETE", all+"/{config}", "", 404, nil),
		)
	})
}
