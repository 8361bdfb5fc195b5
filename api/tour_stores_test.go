package api_test

import (
	"time"

	"comanda/internal/apptest"
	"comanda/internal/clock"
)

// storeSettings sets up a second store, which takes no orders.
func (t *tour) storeSettings() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	limited := func(c show) show { c.as, c.refused = "manager", 403; return c }
	twin := func(c show) show {
		c.as, c.vars = apptest.Owner, "storeId={twin} "+c.vars
		if c.refused == 0 {
			c.unknown = "storeId=424242"
		}
		return c
	}
	updated := apptest.Events{"store.updated"}
	t.Vars["soon"] = clock.Now().Add(time.Hour).Truncate(time.Second).Format(time.RFC3339)
	t.show(
		own(show{op: "CloneStore", body: `{}`, events: apptest.Events{"store.created"}, save: map[string]string{"twin": "Data.StoreId"}, unknown: "storeId=424242"}),
		limited(show{op: "CloneStore", body: `{}`}),
		own(show{op: "CloneStore", body: `{"TargetStoreGroupId":"x"}`, refused: 400}),
		twin(show{op: "UpdateStoreAddressForm", body: `{"CountryCode":"IE","AddressFields":{"Building":"7","Street":"Grafton Street","Town":"Dublin","Postcode":"D02 N725"}}`, events: apptest.Events{"store.address.updated"}}),
		twin(show{op: "CreateBusinessHoursOverrideByStoreId", body: `{"DeliveryType":"Pickup","StartTime":"2027-12-25T00:00:00Z","EndTime":"2027-12-26T00:00:00Z","Type":"Closed"}`, events: apptest.Events{"store.business_hours_override.created"}, save: map[string]string{"businessHoursOverrideId": "Data.BusinessHoursOverrideId"}}),
		twin(show{op: "CreateBusinessHoursOverrideByStoreId", body: `{"DeliveryType":"Pickup","StartTime":"2027-12-26T00:00:00Z","EndTime":"2027-12-25T00:00:00Z","Type":"Closed"}`, refused: 400}),
		twin(show{op: "DeleteBusinessHoursOverride", events: apptest.Events{"store.business_hours_override.deleted"}}),
		twin(show{op: "SetStoreCollectionSettings", body: `{"PickupEnabled":true,"MinimumPickupOrderAmount":10,"RequireCustomerNameForPickup":true,"CashOrdersPickupEnabled":true,"LeadTimeMinutes":25,"EtaInPickupConfirmationSmsEnabled":false}`, events: apptest.Events{"store.updated", "store.updated", "store.preorder_config.updated"}}),
		twin(show{op: "SetStoreLeadTimes", body: `{"DispatchType":"Delivery","LeadTimeMinutes":50}`, events: apptest.Events{"store.updated", "store.preorder_config.updated"}}),
		twin(show{op: "UpdatePreOrderConfig", vars: "deliveryType=Delivery", body: `{"IntervalMinutes":30,"MaxOrderAheadDays":14}`, events: apptest.Events{"store.preorder_config.updated"}}),
		twin(show{op: "UpdatePreOrderConfig", vars: "deliveryType=Delivery", body: `{"IntervalMinutes":0}`, refused: 400}),
		twin(show{op: "SetPreOrdeEnabled", vars: "deliveryType=Delivery", query: "enabled=false", events: updated}),
		twin(show{op: "ConfigureStoreServiceCharge", body: `{"PercentageValue":12.5,"Enabled":true}`, events: apptest.Events{"store.service_charge.updated"}}),
		twin(show{op: "AddDeliveryZone", body: `{"DeliveryFee":2.5,"MinimumDeliveryOrderAmount":15,"WellKnownText":"POLYGON((-6.28 53.33,-6.24 53.33,-6.24 53.35,-6.28 53.35,-6.28 53.33))"}`, events: apptest.Events{"store.delivery_zone.created"}, save: map[string]string{"deliveryZoneId": "Data.Id"}}),
		twin(show{op: "AddDeliveryZone", body: `{"WellKnownText":"POLYGON((-6.28 53.33,-6.24 53.35,-6.24 53.33,-6.28 53.35,-6.28 53.33))"}`, refused: 400}),
		twin(show{op: "UpdateDeliveryZone", body: `{"WellKnownText":"CIRCLE (-6.26 53.34 2500)"}`, events: apptest.Events{"store.delivery_zone.updated"}}),
		twin(show{op: "UpdateDeliveryZone", body: `{"DeliveryFee":-1}`, refused: 400}),
		twin(show{op: "GetDeliveryZones"}),
		twin(show{op: "RemoveDeliveryZone", events: apptest.Events{"store.delivery_zone.deleted"}}),
		twin(show{op: "UpdateStoreOrderCapacityConfig", query: "deliveryType=Pickup", body: `{"OrderCapacityPeriods":[{"DayOfTheWeek":"Friday","PeriodStartHour":18,"PeriodStartMinutes":0,"PeriodEndHour":21,"PeriodEndMinutes":30,"MaxOrderNumberPerStoreInterval":12}]}`, events: apptest.Events{"order.capacity.updated"}}),
		twin(show{op: "UpdateStoreOrderCapacityConfig", query: "deliveryType=Pickup", body: `{"OrderCapacityPeriods":[{"DayOfTheWeek":"Friday"}]}`, refused: 400}),
		twin(show{op: "GetStoreOrderCapacity", vars: "deliveryType=Pickup"}),
		twin(show{op: "SetStoreBusy", body: `{"ExtraMinutes":20,"Until":"{soon}"}`, events: updated}),
		twin(show{op: "SetStoreBusy", body: `{"ExtraMinutes":241,"Until":"{soon}"}`, refused: 400}),
		twin(show{op: "PauseStore", body: `{"DeliveryType":"Pickup","Until":"{soon}"}`, events: updated}),
		twin(show{op: "PauseStore", body: `{"Until":"2020-01-01T00:00:00Z"}`, refused: 400}),
		twin(show{op: "GetStoreIntake"}),
		twin(show{op: "ResumeStore", body: `{}`, events: updated}),
		twin(show{op: "ResumeStore", body: `{"DeliveryType":"Drone"}`, refused: 400}),
		twin(show{op: "TipConfig.Upsert", body: `{"Percentages":[5,10,12.5],"DefaultPercentage":10}`, events: apptest.Events{"store.tip.updated"}}),
		twin(show{op: "TipConfig.Upsert", body: `{"Percentages":[10,5]}`, refused: 400}),
		twin(show{op: "TipConfig.Get"}),
		twin(show{op: "Post", body: `{"BatchIntervalInSeconds":600,"Enabled":true}`, events: updated}),
		twin(show{op: "Post", body: `{"BatchIntervalInSeconds":1}`, refused: 400}),
		twin(show{op: "Get"}),
		own(show{op: "GetFulfillmentStatesConfigurationTemplate"}),
		own(show{op: "CreateFulfillmentStatesConfig", body: workflow, save: map[string]string{"configId": "Data.ConfigurationUid"}}),
		own(show{op: "CreateFulfillmentStatesConfig", body: workflow, refused: 409}),
		limited(show{op: "CreateFulfillmentStatesConfig", body: workflow}),
		own(show{op: "CreateFulfillmentStatesConfig", body: `{"Name":"Empty"}`, refused: 400}),
		own(show{op: "SearchFulfillmentStatesConfigurations"}),
		own(show{op: "GetFulfillmentStatesConfiguration"}),
		own(show{op: "UpdateFulfillmentStatesConfig", body: `{"Name":"Grafton Street"}`}),
		limited(show{op: "UpdateFulfillmentStatesConfig", body: `{"Name":"Grafton Street"}`}),
		limited(show{op: "DeleteFulfillmentStatesConfig"}),
		own(show{op: "DeleteFulfillmentStatesConfig"}),
		own(show{op: "CreateStoreGroup", vars: "appNameId={appId}", body: `{"Name":"Cork","Currency":"EUR"}`, events: apptest.Events{"store_group.created"}, save: map[string]string{"cork": "Data.StoreGroupId"}}),
	)
	cork := func(c show) show {
		if c.as == "" {
			c.as = apptest.Owner
		}
		c.vars = "storeGroupId={cork}"
		return c
	}
	t.show(
		cork(show{op: "UpdateStoreGroup", body: `{"Name":"Cork and Kerry"}`, events: apptest.Events{"store_group.updated"}}),
		cork(show{op: "UpdateStoreGroup", body: `{"Currency":"GBP"}`, refused: 400}),
		cork(limited(show{op: "UpdateStoreGroup", body: `{"Name":"Cork"}`})),
		cork(show{op: "SetCustomerMessages", body: `{"DeliveryMenuMessage":"We deliver until ten.","PickupMenuMessage":"Ring the bell at the side door."}`, events: apptest.Events{"store_group.updated"}}),
		cork(limited(show{op: "SetCustomerMessages", body: `{}`})),
		cork(show{op: "AssignStoresToStoreGroup", body: `[{twin}]`, events: updated}),
		cork(limited(show{op: "AssignStoresToStoreGroup", body: `[{twin}]`})),
		cork(show{op: "RemoveStoreGroup", refused: 409}),
		cork(limited(show{op: "RemoveStoreGroup"})),
		own(show{op: "AssignStoresToStoreGroup", body: `[{twin}]`, events: updated}),
		cork(show{op: "RemoveStoreGroup", events: apptest.Events{"store_group.deleted"}}),
		twin(show{op: "ArchiveStore", events: apptest.Events{"store.archived"}}),
		twin(show{op: "ArchiveStore"}),
	)
}

const workflow = `{"Name":"Kitchen to door","StoreSelectorType":"Single","StoreIds":[{twin}],"States":[
	{"StatusId":"Preparing","StatusName":"Being prepared","NextStatuses":["HandedOver"],"DefaultNextStatus":[{"OrderType":"All","NextStatus":"HandedOver"}],"ChangeType":"Manual","OrderTypes":["All"]},
	{"StatusId":"HandedOver","StatusName":"Handed over","ChangeType":"Manual","OrderTypes":["All"]}]}`
