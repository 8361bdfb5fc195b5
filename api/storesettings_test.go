package api_test

import (
	"testing"
	"time"

	"comanda/internal/apptest"
	"comanda/internal/clock"
)

func TestStoreSettingsThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		k.Vars["soon"] = clock.Now().Add(time.Hour).Truncate(time.Second).Format(time.RFC3339)
		const at = "/api/v1.0/stores/{storeId}"
		owner := func(name, method, path, body string, status int, w want, e ...string) call {
			return call{Name: name, As: apptest.Owner, Method: method, Path: path, Body: body, Status: status, Want: w, Events: e}
		}
		saved := owner("close for a day", "POST", at+"/businesshoursoverrides", `{"DeliveryType":"Pickup","StartTime":"2030-12-25T00:00:00Z","EndTime":"2030-12-26T00:00:00Z","Type":1}`, 200,
			want{"Data.Type": "Closed", "Data.StartTime": "2030-12-25T00:00:00Z"}, "store.business_hours_override.created")
		saved.Save = map[string]string{"override": "Data.BusinessHoursOverrideId"}
		k.Run(
			saved,
			owner("it is on the list", "GET", at+"/businesshoursoverrides", "", 200, want{"TotalRecordCount": 1, "Data.0.DeliveryType": "Pickup", "Data.0.EndTime": "2030-12-26T00:00:00Z"}),
			owner("one that ends before it begins", "POST", at+"/businesshoursoverrides", `{"DeliveryType":"Pickup","StartTime":"2030-12-25T00:00:00Z","EndTime":"2030-12-25T00:00:00Z","Type":"Open"}`, 400, want{"Errors.0.FieldName": "EndTime"}),
			owner("one of no type", "POST", at+"/businesshoursoverrides", `{"StartTime":"2030-12-25T00:00:00Z","EndTime":"2032-12-26T00:00:00Z"}`, 400, want{"Errors.0.FieldName": "DeliveryType", "Errors.1.FieldName": "Type", "Errors.2.FieldName": "EndTime"}),
			owner("take it away", "DELETE", at+"/businesshoursoverrides/{override}", "", 200, want{"Data.#": 1}, "store.business_hours_override.deleted"),
			owner("twice", "DELETE", at+"/businesshoursoverrides/{override}", "", 404, nil),

			owner("rules for pre-orders", "POST", at+"/preorderconfig/Delivery", `{"LeadTimeMinutes":60,"IntervalMinutes":30,"CutOffTimeCurrentDayBasic":"16:00","PreOrderTimeDisplayType":1}`, 200, want{"Data.#": 1}, "store.preorder_config.updated"),
			owner("are kept", "GET", at+"/preorderconfig/Delivery", "", 200, want{"Data.LeadTimeMinutes": 60, "Data.IntervalMinutes": 30, "Data.MaxOrderAheadDays": 7, "Data.CutOffTimeCurrentDayBasic": "16:00:00", "Data.PreOrderTimeDisplayType": "StartAndEndTime"}),
			owner("and are the lead time", "GET", at+"/leadTimes", "", 200, want{"Data.LeadTimeMinutes.Delivery": 60}),
			owner("no cut-off takes it away", "POST", at+"/preorderconfig/Delivery", `{"CutOffTimeCurrentDayBasic":null}`, 200, nil, "store.preorder_config.updated"),
			owner("the rest stays", "GET", at+"/preorderconfig/Delivery", "", 200, want{"Data.IntervalMinutes": 30, "Data.CutOffTimeCurrentDayBasic": nil}),
			owner("the same again", "POST", at+"/preorderconfig/Delivery", `{"IntervalMinutes":30}`, 200, nil),
			owner("rules beyond their limits", "POST", at+"/preorderconfig/Delivery", `{"LeadTimeMinutes":-1,"IntervalMinutes":4,"MaxOrderAheadDays":61,"CutOffTimePreviousDayBasic":"24:00"}`, 400,
				want{"Errors.0.FieldName": "LeadTimeMinutes", "Errors.1.FieldName": "IntervalMinutes", "Errors.2.FieldName": "MaxOrderAheadDays", "Errors.3.FieldName": "CutOffTimePreviousDayBasic"}),
			owner("no orders for later", "POST", at+"/preorderconfig/Pickup/enabled?enabled=false", "", 200, want{"Data.#": 1}, "store.updated"),
			owner("by pickup", "GET", at, "", 200, want{"Data.PreOrderPickupEnabled": false, "Data.PreOrderDeliveryEnabled": true, "Data.PreOrderEnabled": true}),
			owner("on or off is not said", "POST", at+"/preorderconfig/Pickup/enabled", "", 400, want{"Errors.0.FieldName": "enabled"}),

			owner("dine-in takes 35 minutes", "POST", at+"/leadTimes", `{"DispatchType":"dinein","LeadTimeMinutes":35}`, 200, want{"Data.LeadTimeMinutes.DineIn": 35, "Data.LeadTimeMinutes.Collection": 20}, "store.updated"),
			owner("pickup takes 25", "POST", at+"/leadTimes", `{"DispatchType":"Collection","LeadTimeMinutes":25}`, 200, want{"Data.LeadTimeMinutes.Collection": 25}, "store.updated", "store.preorder_config.updated"),
			owner("which pre-orders heed", "GET", at+"/preorderconfig/Pickup", "", 200, want{"Data.LeadTimeMinutes": 25}),
			owner("a kind of no kitchen", "POST", at+"/leadTimes", `{"DispatchType":"Drone","LeadTimeMinutes":10081}`, 400, want{"Errors.0.FieldName": "DispatchType", "Errors.1.FieldName": "LeadTimeMinutes"}),

			owner("service charge", "POST", at+"/servicecharge", `{"PercentageValue":12.50,"Enabled":true}`, 200, want{"Data.PercentageValue": 12.5, "Data.Enabled": true, "Data.IsOptional": false}, "store.service_charge.updated"),
			owner("the same charge", "POST", at+"/servicecharge", `{"PercentageValue":12.5}`, 200, nil),
			owner("is kept", "GET", at+"/servicecharge", "", 200, want{"PercentageValue": 12.5, "Enabled": true}),
			owner("more than all", "POST", at+"/servicecharge", `{"PercentageValue":100.0001}`, 400, want{"Errors.0.FieldName": "PercentageValue"}),
			owner("less than nothing", "POST", at+"/servicecharge", `{"PercentageValue":-1}`, 400, want{"Errors.0.FieldName": "PercentageValue"}),

			owner("pickups", "POST", at+"/collectionsettings", `{"PickupEnabled":true,"MinimumPickupOrderAmount":9.5,"RequireCustomerNameForPickup":true,"CashOrdersPickupEnabled":false,"LeadTimeMinutes":40,"EtaInPickupConfirmationSmsEnabled":true}`, 200,
				want{"Data.Data": apptest.Present}, "store.updated", "store.updated", "store.preorder_config.updated"),
			owner("are as given", "GET", at, "", 200, want{"Data.MinimumPickupOrderAmount": 9.5, "Data.CashOrdersPickupEnabled": false, "Data.EtaInPickupConfirmationSmsEnabled": true}),
			owner("and stay so", "POST", at+"/collectionsettings", `{"PickupEnabled":true,"MinimumPickupOrderAmount":9.5,"RequireCustomerNameForPickup":true,"CashOrdersPickupEnabled":false,"LeadTimeMinutes":40,"EtaInPickupConfirmationSmsEnabled":true}`, 200, nil),
			owner("in part", "POST", at+"/collectionsettings", `{"PickupEnabled":true}`, 400, nil),
			owner("from a property", "POST", at+"/collectionsettings?inheritFromProperty=true", `{"PickupEnabled":true,"MinimumPickupOrderAmount":0,"RequireCustomerNameForPickup":true,"CashOrdersPickupEnabled":true,"LeadTimeMinutes":0,"EtaInPickupConfirmationSmsEnabled":true}`, 400, want{"Errors.0.FieldName": "inheritFromProperty"}),

			owner("busy for an hour", "POST", at+"/busy", `{"ExtraMinutes":15,"Until":"{soon}"}`, 200, want{"Data.#": 2, "Data.0.DeliveryType": "Pickup", "Data.0.LeadTimeMinutes": 55, "Data.0.ExtraMinutes": 15, "Data.0.BusyUntil": "{soon}", "Data.0.PausedUntil": nil}, "store.updated"),
			owner("pause deliveries", "POST", at+"/pause", `{"DeliveryType":"delivery","Until":"{soon}"}`, 200, want{"Data.0.IsTaking": true, "Data.1.IsTaking": false, "Data.1.PausedUntil": "{soon}"}, "store.updated"),
			owner("the same pause", "POST", at+"/pause", `{"DeliveryType":"Delivery","Until":"{soon}"}`, 200, nil),
			owner("pause without an end", "POST", at+"/pause", `{}`, 400, want{"Errors.0.FieldName": "Until"}),
			call{Name: "a reader pauses nothing", As: apptest.ReadOnly, Method: "POST", Path: at + "/pause", Body: `{"Until":"{soon}"}`, Status: 403},
			call{Name: "a stranger finds no store", As: apptest.Stranger, Method: "POST", Path: at + "/pause", Body: `{"Until":"{soon}"}`, Status: 404},
			owner("go on", "POST", at+"/resume", `{}`, 200, want{"Data.1.PausedUntil": nil}, "store.updated"),
			owner("read it", "GET", at+"/intake", "", 200, want{"Data.0.LeadTimeMinutes": 55, "Data.1.PausedUntil": nil}),
			owner("busy no more", "POST", at+"/busy", `{"ExtraMinutes":0}`, 200, want{"Data.0.LeadTimeMinutes": 40, "Data.0.BusyUntil": nil}, "store.updated"),

			owner("address by fields", "POST", at+"/addressform", `{"CountryCode":"ie","AddressFields":{"Building":"12","Street":"Main Street","Town":"Cork","post_code":"T12","floor":"2"}}`, 200,
				want{"Line1": "12 Main Street", "City": "Cork", "Postcode": "T12", "CountryCode": "IE", "AddressFields.floor": "2", "SingleLineDisplay": "12 Main Street, Cork T12"}, "store.address.updated"),
			owner("a field that is no text", "POST", at+"/addressform", `{"CountryCode":"IE","AddressFields":{"floor":2}}`, 400, want{"Errors.0.FieldName": "AddressFields.floor"}),
		)
	})
}

func TestStoresAreArchivedClonedAndGrouped(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		owner := func(name, method, path, body string, status int, w want, e ...string) call {
			return call{Name: name, As: apptest.Owner, Method: method, Path: path, Body: body, Status: status, Want: w, Events: e}
		}
		save := func(c call, name, member string) call {
			c.Save = map[string]string{name: member}
			return c
		}
		k.Run(
			owner("publish", "POST", "/api/v1.0/stores/{storeId}/publish", "", 200, nil, "store.published"),
			save(owner("another group", "POST", "/api/v1.0/{appId}/storegroups", `{"Name":"100 % Ulster","Currency":"EUR"}`, 200, nil, "store_group.created"), "ulster", "Data.StoreGroupId"),
			save(owner("in dollars", "POST", "/api/v1.0/{appId}/storegroups", `{"Name":"America","Currency":"USD"}`, 200, nil, "store_group.created"), "america", "Data.StoreGroupId"),
			save(owner("clone", "POST", "/api/v1.0/stores/{storeId}/clone", `{}`, 200,
				want{"Data.Name": "Copy of Temple Bar", "Data.StoreGroupId": storeVar(k, "groupId"), "Data.IsPublished": false, "Data.EmailAddress": "bar@example.com"}, "store.created"), "twin", "Data.StoreId"),
			owner("clone elsewhere", "POST", "/api/v1.0/stores/{storeId}/clone", `{"TargetStoreGroupId":{ulster}}`, 200, want{"Data.StoreGroupId": storeVar(k, "ulster")}, "store.created"),
			owner("clone into another currency", "POST", "/api/v1.0/stores/{storeId}/clone", `{"TargetStoreGroupId":{america}}`, 400, want{"Errors.0.FieldName": "TargetStoreGroupId"}),
			owner("clone into nothing", "POST", "/api/v1.0/stores/{storeId}/clone", `{"TargetStoreGroupId":7}`, 404, nil),

			owner("rename", "POST", "/api/v1.0/storegroups/{ulster}", `{"Name":" 99 %  Ulster","Currency":"EUR"}`, 200, want{"Data.Name": "99 % Ulster", "Data.Currency": "EUR"}, "store_group.updated"),
			owner("the same name", "POST", "/api/v1.0/storegroups/{ulster}", `{"Name":"99 % Ulster"}`, 200, nil),
			owner("another currency, no name", "POST", "/api/v1.0/storegroups/{ulster}", `{"Name":"","Currency":"GBP"}`, 400, want{"Errors.0.FieldName": "Currency", "Errors.1.FieldName": "Name"}),
			owner("messages", "POST", "/api/v1.0/storegroups/{ulster}/CustomerMessages", `{"PickupMenuMessage":"Ring the bell."}`, 200, nil, "store_group.updated"),
			owner("are read", "GET", "/api/v1.0/storegroups/{ulster}", "", 200, want{"Data.PickupMenuMessage": "Ring the bell.", "Data.DeliveryMenuMessage": ""}),

			owner("into the group", "POST", "/api/v1.0/{appId}/storegroups/{ulster}/assignStores", `[{twin},{storeId},{twin}]`, 200, nil, "store.updated", "store.updated"),
			owner("both are there", "GET", "/api/v1.0/stores?storeGroupId={ulster}", "", 200, want{"TotalRecordCount": 3}),
			owner("again", "POST", "/api/v1.0/{appId}/storegroups/{ulster}/assignStores", `[{twin}]`, 200, nil),
			owner("all or none", "POST", "/api/v1.0/{appId}/storegroups/{groupId}/assignStores", `[{twin},7]`, 404, nil),
			owner("not into dollars", "POST", "/api/v1.0/{appId}/storegroups/{america}/assignStores", `[{twin}]`, 400, want{"Errors.0.FieldName": "storeGroupId"}),
			owner("none moved", "GET", "/api/v1.0/stores?storeGroupId={ulster}", "", 200, want{"TotalRecordCount": 3}),

			owner("a group with stores stays", "DELETE", "/api/v1.0/storegroups/{ulster}", "", 409, nil),
			owner("an empty one goes", "DELETE", "/api/v1.0/storegroups/{groupId}", "", 200, nil, "store_group.deleted"),
			owner("and is gone", "GET", "/api/v1.0/storegroups/{groupId}", "", 404, nil),

			owner("archive", "POST", "/api/v1.0/stores/{storeId}/archive", "", 200, nil, "store.archived"),
			owner("twice", "POST", "/api/v1.0/stores/{storeId}/archive", "", 200, nil),
			owner("it is off the lists", "GET", "/api/v1.0/stores", "", 200, want{"TotalRecordCount": 2}),
			call{Name: "a stranger finds no group", As: apptest.Stranger, Method: "DELETE", Path: "/api/v1.0/storegroups/{ulster}", Status: 404},
			call{Name: "a reader archives nothing", As: apptest.ReadOnly, Method: "POST", Path: "/api/v1.0/stores/{twin}/archive", Status: 403},
		)
	})
}
