package api_test

import (
	"testing"

	"comanda/internal/apptest"
	"comanda/wire"
)

type (
	call   = apptest.Call
	want   = apptest.Want
	events = apptest.Events
)

// newStore makes a store group and a store through the API and keeps their ids.
func newStore(k *apptest.Kit) {
	k.Helper()
	k.Run(
		call{
			Name: "group", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/{appId}/storegroups", Body: `{"Name":"Ireland","Currency":"EUR"}`, Status: 200,
			Want: want{"Data.Name": "Ireland", "Data.Currency": "EUR", "Data.BrandIds.0": "{appId}", "Data.GeneralRating": nil}, Events: events{"store_group.created"}, Save: map[string]string{"groupId": "Data.StoreGroupId"},
		},
		call{
			Name: "store", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores?storeGroupId={groupId}", Body: `{"Name":"Temple Bar","EmailAddress":"bar@example.com","PhoneNumber":"+353 1 555 0100"}`, Status: 200,
			Want:   want{"Data.Name": "Temple Bar", "Data.Currency": "EUR", "Data.IanaTimeZone": "Europe/Dublin", "Data.MicrosoftTimeZone": "GMT Standard Time", "Data.IsPublished": false, "Data.Address.CountryCode": "IE"},
			Events: events{"store.created"}, Save: map[string]string{"storeId": "Data.StoreId"},
		},
	)
}

func TestStoresThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		k.Run(
			call{
				Name: "address", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/address", Body: `{"Line1":"12 Main Street","City":"Dublin","Postcode":"D02","AddressFields":{"flat":"2"}}`, Status: 200,
				Want: want{"Data.SingleLineDisplay": "12 Main Street, Dublin D02", "Data.TwoLinesDisplay.1": "Dublin D02", "Data.CountryCode": "IE", "Data.AddressFields.flat": "2"}, Events: events{"store.address.updated"},
			},
			call{
				Name: "coordinates", As: apptest.Integrator, Method: "POST", Path: "/api/v1.0/stores/{storeId}/address/coordinates?appNameId=x", Body: `{"Latitude":53.3454,"Longitude":-6.2641}`, Status: 200,
				Want: want{"Data.Latitude": 53.3454}, Events: events{"store.address.updated"},
			},
			call{
				Name: "hours, type by any case", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/availability/pickup",
				Body: `{"DayOfWeek":1,"StartTime":"17:00:00","Period":"06:00:00","StartTimeEarly":"12:00","PeriodEarly":"02:00"}`, Status: 200,
				Want: want{"Data.DayOfWeek": "Monday", "Data.Ranges.#": 2, "Data.Early.Period": "02:00:00", "Data.Late.StartTime": "17:00:00", "Data.StartTime": "17:00:00"}, Events: events{"store.opening_hours.updated"},
			},
			call{
				Name: "the same again", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/availability/Pickup",
				Body: `{"DayOfWeek":"Monday","StartTime":"17:00:00","Period":"06:00:00","StartTimeEarly":"12:00","PeriodEarly":"02:00"}`, Status: 200,
			},
			call{
				Name: "around the clock", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/availability/Delivery",
				Body: `{"DayOfWeek":"Sunday","StartTime":"00:00","Period":"24:00"}`, Status: 200, Want: want{"Data.Period": "1.00:00:00", "Data.Early": nil}, Events: events{"store.opening_hours.updated"},
			},
			call{
				Name: "read hours", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/stores/{storeId}/availability/Pickup", Status: 200,
				Want: want{"Data.#": 7, "Data.0.DayOfWeek": "Sunday", "Data.0.StartTime": nil, "Data.0.Ranges.#": 0, "Data.1.Ranges.0.DayOfWeek": "Monday"},
			},
			call{Name: "hours of no type", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/{storeId}/availability/Airmail", Status: 400, Text: "deliveryType"},
			call{Name: "publish", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/publish", Status: 200, Events: events{"store.published"}},
			call{
				Name: "published", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/{storeId}", Status: 200,
				Want: want{"Data.IsPublished": true, "Data.Address.Coordinates.Longitude": -6.2641, "Data.PickupHours.1.StartTime": "17:00:00", "Data.AppIds.0": "{appId}", "Data.MinimumPickupOrderAmount": 0},
			},
			call{
				Name: "update", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}", Body: `{"DeliveryEnabled":true,"MinimumPickupOrderAmount":"7.50","SalesChannelTypes":["Web",2],"PreOrderEnabled":true}`, Status: 200,
				Want:   want{"Data.DeliveryEnabled": true, "Data.MinimumPickupOrderAmount": 7.5, "Data.SalesChannelTypes.1": "Kiosk", "Data.PreOrderPickupEnabled": true, "Data.Name": "Temple Bar", "Data.PickupEnabled": true},
				Events: events{"store.updated"},
			},
			call{Name: "the same update", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}", Body: `{"DeliveryEnabled":true,"MinimumPickupOrderAmount":7.5}`, Status: 200},
			call{Name: "archive by update", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}", Body: `{"IsArchived":true}`, Status: 200, Events: events{"store.updated", "store.archived"}},
			call{Name: "archived stores are on no list", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores", Status: 200, Want: want{"TotalRecordCount": 0}},
			call{Name: "back from the archive", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}", Body: `{"IsArchived":false}`, Status: 200, Events: events{"store.updated", "store.unarchived"}},
			call{Name: "unpublish", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/unpublish", Status: 200, Events: events{"store.unpublished"}},
			call{Name: "lead times", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/{storeId}/leadTimes", Status: 200, Want: want{"Data.LeadTimeMinutes.Collection": 20, "Data.LeadTimeMinutes.Delivery": 45}},
			call{
				Name: "pre-orders", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/{storeId}/preorderconfig/Delivery", Status: 200,
				Want: want{"Data.LeadTimeMinutes": 45, "Data.PreOrderTimeDisplayType": "SingleTime", "Data.CutOffTimeCurrentDayBasic": nil},
			},
			call{Name: "service charge is bare", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/{storeId}/servicecharge", Status: 200, Want: want{"StoreId": apptest.Present, "Enabled": false, "PercentageValue": 0}},
			call{Name: "overrides", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/{storeId}/businesshoursoverrides?after=2026-01-01", Status: 200, Want: want{"TotalRecordCount": 0, "Data.#": 0}},
			call{
				Name: "preview of a week with one interval a day", As: apptest.Owner, Method: "GET", Status: 200,
				Path: "/api/v1.0/stores/{storeId}/preorderconfig/Delivery/preview?preOrderConfig.maxOrderAheadDays=6&preOrderConfig.preOrderTimeDisplayType=DayOnly", Want: want{"Data.0.StartTime": apptest.Present},
			},
			call{
				Name: "preview of nonsense", As: apptest.Owner, Method: "GET", Status: 400,
				Path: "/api/v1.0/stores/{storeId}/preorderconfig/Delivery/preview?preOrderConfig.intervalMinutes=0&preOrderConfig.cutOffTimeCurrentDayBasic=noon", Text: "preOrderConfig.cutOffTimeCurrentDayBasic",
			},
			call{Name: "one group", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/storegroups/{groupId}", Status: 200, Want: want{"Data.Name": "Ireland"}},
		)
	})
}

func TestStoreListsThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		k.Run(
			call{
				Name: "second store", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores?storeGroupId={groupId}", Body: `{"Name":"Phibsborough","SalesChannelType":"Kiosk"}`, Status: 200,
				Events: events{"store.created"}, Save: map[string]string{"secondId": "Data.StoreId"},
			},
			call{Name: "publish it", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{secondId}/publish", Status: 200, Events: events{"store.published"}},
			call{Name: "all", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/stores", Status: 200, Want: want{"Page": 1, "Limit": 20, "TotalRecordCount": 2, "Data.#": 2, "Data.0.StoreId": storeVar(k, "storeId")}},
			call{Name: "second page", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores?page=2&limit=1", Status: 200, Want: want{"Page": 2, "Limit": 1, "TotalRecordCount": 2, "Data.#": 1, "Data.0.Name": "Phibsborough"}},
			call{Name: "beyond the last page", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores?page=2147483647&limit=100", Status: 200, Want: want{"TotalRecordCount": 2, "Data.#": 0}},
			call{Name: "a limit that is clamped", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores?limit=5000", Status: 200, Want: want{"Limit": 100, "Data.#": 2}},
			call{Name: "page 0", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores?page=0", Status: 400, Text: "page"},
			call{Name: "search", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores?searchQuery=TEMPLE&storeGroupId={groupId}", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Name": "Temple Bar"}},
			call{Name: "another group", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores?storeGroupId=5", Status: 200, Want: want{"TotalRecordCount": 0}},
			call{Name: "of the brand", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/stores?excludeUnpublished=true", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Name": "Phibsborough"}},
			call{Name: "of a channel", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/stores?salesChannelType=web", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Name": "Temple Bar"}},
			call{Name: "headers", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/stores/header?storeNameQuery=bar", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Name": "Temple Bar", "Data.0.Category": "Restaurant"}},
			call{Name: "groups", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/storegroups?searchQuery=ire", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Name": "Ireland"}},
			call{Name: "groups with stores", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/storegroups/extended?groupingRadius=5", Status: 200, Want: want{"Data.0.TotalStores": 2, "Data.0.StoreHeaders.1.Name": "Phibsborough", "Data.0.GroupedCoordinates.#": 0}},
			call{Name: "a stranger sees nothing", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/stores", Status: 200, Want: want{"TotalRecordCount": 0}, Lacks: "Temple"},
		)
		k.MustSignUp("manager")
		k.MustMember("manager", wire.AppAccessLevelStoreManager, atoi(k, "secondId"))
		k.Run(
			call{Name: "a manager sees their store", As: "manager", Method: "GET", Path: "/api/v1.0/{appId}/stores", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Name": "Phibsborough"}},
			call{Name: "and no other", As: "manager", Method: "GET", Path: "/api/v1.0/stores/{storeId}", Status: 404, Text: "within your reach"},
			call{Name: "and makes none", As: "manager", Method: "POST", Path: "/api/v1.0/stores?storeGroupId={groupId}", Body: `{"Name":"x"}`, Status: 403},
		)
	})
}

func TestBadStoreCallsStoreNothing(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		for _, path := range []string{"/api/v1.0/stores/{storeId}", "/api/v1.0/stores/{storeId}/availability/Pickup", "/api/v1.0/storegroups/{groupId}", "/api/v1.0/stores/{storeId}/leadTimes"} {
			k.Run(
				call{Name: "nobody", As: apptest.Nobody, Method: "GET", Path: path, Status: 401},
				call{Name: "a wrong token", As: "wrong", Method: "GET", Path: path, Status: 401},
				call{Name: "a stranger", As: apptest.Stranger, Method: "GET", Path: path, Status: 404, Lacks: "Temple"},
			)
		}
		for _, path := range []string{"/api/v1.0/{appId}/stores", "/api/v1.0/{appId}/stores/header", "/api/v1.0/{appId}/storegroups", "/api/v1.0/nothing-here/stores"} {
			k.Run(call{Name: "another brand's lists", As: apptest.Stranger, Method: "GET", Path: path, Status: 403, Lacks: "Temple"})
		}
		k.Run(
			call{Name: "reader writes", As: apptest.ReadOnly, Method: "POST", Path: "/api/v1.0/stores/{storeId}/publish", Status: 403, Text: "changing stores"},
			call{Name: "stranger publishes", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/stores/{storeId}/publish", Status: 404},
			call{Name: "unknown store", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/99/publish", Status: 404},
			call{Name: "store id beyond 31 bits", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/2147483648", Status: 400, Text: "storeId"},
			call{Name: "store id of letters", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/abc", Status: 400, Text: "storeId"},
			call{Name: "group of another brand", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/stores?storeGroupId={groupId}", Body: `{"Name":"x"}`, Status: 404},
			call{Name: "no group named", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores", Body: `{"Name":"x"}`, Status: 400, Text: "storeGroupId"},
			call{Name: "no name", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores?storeGroupId={groupId}", Body: `{}`, Status: 400, Text: `"FieldName":"Name"`},
			call{Name: "currency of nowhere", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/{appId}/storegroups", Body: `{"Name":"x","Currency":"XXX"}`, Status: 400, Text: "Currency"},
			call{
				Name: "a minimum below nothing", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}", Body: `{"MinimumPickupOrderAmount":-1,"Name":" ","EmailAddress":"x"}`, Status: 400,
				Want: want{"Errors.0.FieldName": "Name", "Errors.1.FieldName": "EmailAddress", "Errors.2.FieldName": "MinimumPickupOrderAmount"},
			},
			call{Name: "a minimum of half a cent", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}", Body: `{"MinimumPickupOrderAmount":0.005}`, Status: 400, Text: "MinimumPickupOrderAmount"},
			call{Name: "a strange channel", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}", Body: `{"SalesChannelTypes":["Web","Pigeon"]}`, Status: 400, Text: "SalesChannelTypes"},
			call{Name: "broken JSON", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/address", Body: `{"Line1":`, Status: 400},
			call{Name: "a number for a text", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/address", Body: `{"Line1":{"a":1}}`, Status: 400, Text: "Line1"},
			call{Name: "a long country", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/address", Body: `{"CountryCode":"IRL"}`, Status: 400, Text: "CountryCode"},
			call{Name: "off the map", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/address/coordinates", Body: `{"Latitude":91,"Longitude":-181}`, Status: 400, Text: "Longitude"},
			call{Name: "hours of no day", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/availability/Pickup", Body: `{"StartTime":"09:00","Period":"01:00"}`, Status: 400, Text: "DayOfWeek"},
			call{Name: "hours of a strange day", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/availability/Pickup", Body: `{"DayOfWeek":"Someday","StartTime":"09:00","Period":"01:00"}`, Status: 400, Text: "DayOfWeek"},
			call{Name: "hours of a strange shape", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/availability/Pickup", Body: `{"DayOfWeek":"Monday","StartTime":"9 am","Period":"25:00"}`, Status: 400, Text: "Period"},
			call{Name: "menu that is not there", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/menu/99", Status: 404, Text: "menu 99"},
			call{Name: "nothing was stored", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores/{storeId}", Status: 200, Want: want{"Data.Address.Line1": "", "Data.PickupHours.1.StartTime": nil, "Data.MenuId": 0, "Data.IsPublished": false}},
			call{Name: "no other store", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/stores", Status: 200, Want: want{"TotalRecordCount": 1}},
		)
	})
}
