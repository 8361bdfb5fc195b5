package api_test

import (
	"testing"

	"comanda/internal/apptest"
	"comanda/wire"
)

const (
	newVoucher = "/api/v1.0/vouchers/{appId}"
	ofBrand    = "/api/v1.0/{appId}/vouchers"
	oneVoucher = "/api/v1.0/vouchers/{voucherId}"
)

// made is a call that makes a voucher and keeps its id.
func made(name, body string, wants want) call {
	return call{
		Name: name, As: apptest.Owner, Method: "POST", Path: newVoucher, Body: body, Status: 200, Want: wants,
		Events: events{"voucher.created"}, Save: map[string]string{name: "Data.VoucherId"},
	}
}

func TestVouchersThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		mustCustomers(k, "ann", "bob", "carl")
		k.Run(
			made("voucherId", `{"VoucherType":0,"Code":"summer-10","Description":" Ten off ","PercentDiscountDetails":{"PercentageDiscount":10,"MaxDiscountAmount":5.50},"MaxRedemptions":2}`, want{
				"Data.Code": "SUMMER-10", "Data.Status": "Valid", "Data.VoucherType": "PercentageDiscount", "Data.VoucherSubType": "None", "Data.Currency": "EUR", "Data.Description": "Ten off",
				"Data.PercentDiscountDetails.PercentageDiscount": 10, "Data.PercentDiscountDetails.MaxDiscountAmount": 5.5, "Data.LumpDiscountDetails": nil, "Data.CreditNoteDetails": nil,
				"Data.TotalUsed": 0, "Data.TotalDiscounted": 0, "Data.IsEnabled": true, "Data.IsValidForPickupOrders": true, "Data.Stores.#": 0, "Data.StoreNames.#": 0,
				"Data.ExpiryDate": "9999-12-31T23:59:59Z", "Data.StartDate": apptest.Present, "Data.MaxRedemptions": 2, "Data.CustomerId": nil, "Data.ValidityPeriods.#": 0, "Data.ChannelRestrictions.#": 0,
			}),
			made("lump", `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":"3"},"Stores":[{storeId},{storeId}],"VoucherSubType":"Custom","ChannelRestrictions":["Web","Kiosk"]}`, want{
				"Data.Code": apptest.Present, "Data.StoreNames.0": "Temple Bar", "Data.Stores.#": 1, "Data.VoucherSubType": "Custom", "Data.ChannelRestrictions.0": "Kiosk", "Data.LumpDiscountDetails.DiscountAmount": 3,
			}),
			made("credit", `{"VoucherType":"CreditNote","CreditNoteDetails":{"RemainingCredit":20.5},"CustomerId":{ann},"Code":"SORRY"}`, want{"Data.CreditNoteDetails.RemainingCredit": 20.5, "Data.CustomerId": storeVar(k, "ann")}),
			made("item", `{"VoucherType":"AddItem","Promotion":{"Name":"Free cola","MenuItemPublicIds":["00000000-0000-4000-8000-000000000002"]},"IsEnabled":false}`, want{
				"Data.Status": "Disabled", "Data.PromotionDetails.Name": "Free cola", "Data.PromotionDetails.PromotionAwards.0.PromotionAwardId": 1, "Data.PromotionDetails.PromotionId": apptest.Present,
			}),
			made("delivery", `{"VoucherType":"FreeDelivery","StartDate":"2020-01-01T00:00:00Z","ExpiryDate":"2021-01-01T00:00:00Z","Code":"past"}`, want{"Data.Status": "Expired"}),
			made("soon", `{"VoucherType":"FreeDelivery","StartDate":"2120-01-01T00:00:00Z"}`, want{"Data.Status": "NotYetValid"}),
			call{Name: "a code that is taken", As: apptest.Owner, Method: "POST", Path: newVoucher, Body: `{"VoucherType":"FreeDelivery","Code":"Summer-10"}`, Status: 409, Text: "Code"},
			call{Name: "read", As: apptest.ReadOnly, Method: "GET", Path: oneVoucher, Status: 200, Want: want{"Data.VoucherId": storeVar(k, "voucherId"), "Data.AverageOrderSize": 0}},
			call{Name: "by code", As: apptest.Finance, Method: "GET", Path: ofBrand + "/code/Summer-10", Status: 200, Want: want{"Data.VoucherId": storeVar(k, "voucherId"), "Data.TotalUsed": nil}},
			call{Name: "no such code", As: apptest.Owner, Method: "GET", Path: ofBrand + "/code/NONE", Status: 404, Text: "NONE"},
			call{Name: "a customer's", As: apptest.Owner, Method: "GET", Path: newVoucher + "/customer/{ann}", Status: 200, Want: want{"Data.#": 1, "Data.0.Code": "SORRY", "Data.0.IsAvailableOnAllStores": true}},
			call{Name: "a customer without", As: apptest.Owner, Method: "GET", Path: newVoucher + "/customer/78", Status: 200, Want: want{"Data.#": 0}},
			call{Name: "no customer", As: apptest.Owner, Method: "GET", Path: newVoucher + "/customer/0", Status: 400, Text: "customerId"},
			call{Name: "all", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries", Status: 200, Want: want{"TotalRecordCount": 6, "Page": 1, "Limit": 20, "Data.0.Status": "NotYetValid", "Data.5.Code": "SUMMER-10", "Data.4.StoreNames.0": "Temple Bar"}},
			call{Name: "a page", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?pageIndex=2&pageSize=4", Status: 200, Want: want{"TotalRecordCount": 6, "Page": 2, "Data.#": 2}},
			call{Name: "beyond", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?pageIndex=2147483647&pageSize=1000", Status: 200, Want: want{"TotalRecordCount": 6, "Limit": 100, "Data.#": 0}},
			call{Name: "filters", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?searchCodes=mer&searchCodes=orr&statusSearch=Valid&typeSearch=PercentageDiscount&typeSearch=4&subTypeSearch=None", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Code": "SUMMER-10"}},
			call{Name: "of a channel and a store", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?channelRestrictions=Web&storeIds={storeId}&subTypeSearch=Custom", Status: 200, Want: want{"TotalRecordCount": 1}},
			call{Name: "of another channel", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?channelRestrictions=Pos&subTypeSearch=Custom", Status: 200, Want: want{"TotalRecordCount": 0}},
			call{Name: "of no channel", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries?channelRestrictions=Fax", Status: 400, Text: "channelRestrictions"},
		)
		changes(k)
		uses(k)
	})
}

// changes of the vouchers that TestVouchersThroughTheAPI has made.
func changes(k *apptest.Kit) {
	k.Helper()
	k.Run(
		call{
			Name: "change", As: apptest.Integrator, Method: "POST", Path: oneVoucher + "?percentValue=15&maxDiscountAmount=0", Body: `{"Stores":[{storeId}],"IsValidOncePerCustomer":true,"ValidOnOrdersOver":12.5}`, Status: 200, Events: events{"voucher.updated"},
			Want: want{"Data.PercentDiscountDetails.PercentageDiscount": 15, "Data.PercentDiscountDetails.MaxDiscountAmount": nil, "Data.StoreNames.0": "Temple Bar", "Data.IsValidOncePerCustomer": true, "Data.ValidOnOrdersOver": 12.5, "Data.Code": "SUMMER-10"},
		},
		call{Name: "the same again", As: apptest.Owner, Method: "POST", Path: oneVoucher + "?percentValue=15", Body: `{"Stores":[{storeId}]}`, Status: 200},
		call{Name: "stores by parameter", As: apptest.Owner, Method: "POST", Path: oneVoucher + "?storeId={storeId}", Body: `{}`, Status: 200},
		call{Name: "all stores", As: apptest.Owner, Method: "POST", Path: oneVoucher, Body: `{"Stores":[]}`, Status: 200, Want: want{"Data.Stores.#": 0}, Events: events{"voucher.updated"}},
		call{Name: "the code of another", As: apptest.Owner, Method: "POST", Path: oneVoucher, Body: `{"Code":"sorry"}`, Status: 409, Text: "SORRY"},
		call{Name: "the amount of a lump sum", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/vouchers/{lump}?lumpValue=4.25", Body: `{"VoucherSubType":"SignUp"}`, Status: 200, Want: want{"Data.LumpDiscountDetails.DiscountAmount": 4.25, "Data.VoucherSubType": "SignUp"}, Events: events{"voucher.updated"}},
		call{Name: "the rest of a credit note", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/vouchers/{credit}?lumpValue=9", Body: `{"CustomerId":0}`, Status: 200, Want: want{"Data.CreditNoteDetails.RemainingCredit": 9, "Data.CustomerId": nil}, Events: events{"voucher.updated"}},
		call{Name: "what belongs to another type", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/vouchers/{item}?lumpValue=9&percentValue=5&maxDiscountAmount=1", Body: `{}`, Status: 400, Text: "lumpValue"},
		call{Name: "the dish", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/vouchers/{item}", Body: `{"PromotionName":"Free pizza","PromotionAwardMenuItemPublicIds":["00000000-0000-4000-8000-00000000000A"],"IsEnabled":true}`, Status: 200, Want: want{"Data.PromotionDetails.Name": "Free pizza", "Data.PromotionDetails.PromotionAwards.0.MenuItemPublicId": "00000000-0000-4000-8000-00000000000a"}, Events: events{"voucher.updated"}},
		call{Name: "the promotion of another type", As: apptest.Owner, Method: "POST", Path: oneVoucher, Body: `{"PromotionName":"x"}`, Status: 400, Text: "PromotionName"},
		call{Name: "hours", As: apptest.Owner, Method: "POST", Path: ofBrand + "/{voucherId}/validity-periods-simplified", Body: `{"DaysOfWeek":["Monday","Friday","Monday"],"StartTime":"22:00","EndTime":"02:00:00"}`, Status: 200, Events: events{"voucher.updated"}},
		call{Name: "read hours", As: apptest.ReadOnly, Method: "GET", Path: ofBrand + "/{voucherId}/validity-periods", Status: 200, Unknown: true, Want: want{"Data.#": 2, "Data.1.DayOfWeek": "Friday", "Data.1.StartTime": "22:00:00", "Data.1.EndTime": "02:00:00"}},
		call{Name: "no hours", As: apptest.Owner, Method: "POST", Path: ofBrand + "/{voucherId}/validity-periods-simplified", Body: `{"DaysOfWeek":["Monday"],"StartTime":"25:00"}`, Status: 400, Text: "EndTime"},
		call{Name: "hours lifted", As: apptest.Owner, Method: "POST", Path: ofBrand + "/{voucherId}/validity-periods-simplified", Body: `{}`, Status: 200, Events: events{"voucher.updated"}},
		call{Name: "by its path of another brand", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{otherAppId}/vouchers/{voucherId}/validity-periods", Status: 404},
		call{Name: "another brand's", As: apptest.Stranger, Method: "GET", Path: oneVoucher, Status: 404, Lacks: "SUMMER"},
		call{Name: "a reader changes nothing", As: apptest.ReadOnly, Method: "POST", Path: oneVoucher, Body: `{"IsEnabled":false}`, Status: 403},
		call{Name: "nor makes anything", As: apptest.Finance, Method: "POST", Path: newVoucher, Body: `{"VoucherType":"FreeDelivery"}`, Status: 403},
		call{Name: "no voucher", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/vouchers/2147483647", Status: 404, Text: "no voucher"},
	)
	second := map[string]string{"second": "Data.StoreId"}
	k.Call(call{Name: "second store", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores?storeGroupId={groupId}", Body: `{"Name":"Phibsborough"}`, Status: 200, Events: events{"store.created"}, Save: second})
	k.MustSignUp("manager")
	k.MustMember("manager", wire.AppAccessLevelStoreManager, atoi(k, "second"))
	k.Run(
		call{Name: "a manager sees what holds in their store", As: "manager", Method: "GET", Path: ofBrand + "/summaries?typeSearch=LumpDiscount&typeSearch=CreditNote", Status: 200, Want: want{"TotalRecordCount": 1, "Data.0.Code": "SORRY"}},
		call{Name: "and not what does not", As: "manager", Method: "GET", Path: "/api/v1.0/vouchers/{lump}", Status: 404},
		call{Name: "changes nothing that holds elsewhere", As: "manager", Method: "POST", Path: oneVoucher, Body: `{"IsEnabled":false}`, Status: 403, Text: "some stores"},
		call{Name: "makes none for the whole brand", As: "manager", Method: "POST", Path: newVoucher, Body: `{"VoucherType":"FreeDelivery"}`, Status: 403, Text: "some stores"},
		call{Name: "makes one for their store", As: "manager", Method: "POST", Path: newVoucher, Body: `{"VoucherType":"FreeDelivery","Stores":[{second}]}`, Status: 200, Events: events{"voucher.created"}, Save: map[string]string{"theirs": "Data.VoucherId"}},
		call{Name: "and keeps it there", As: "manager", Method: "POST", Path: "/api/v1.0/vouchers/{theirs}", Body: `{"Stores":[{second},{storeId}]}`, Status: 403, Text: "some stores"},
	)
}

// uses of vouchers at a till.
func uses(k *apptest.Kit) {
	k.Helper()
	use := func(name, voucher, body string, status int, names ...string) call {
		return call{Name: name, As: apptest.Integrator, Method: "POST", Path: ofBrand + "/{" + voucher + "}/usage", Body: body, Status: status, Events: names}
	}
	k.Run(
		use("nobody", "voucherId", `{"IsUsed":true,"UsedByCustomerId":424242}`, 400),
		use("use", "voucherId", `{"IsUsed":true,"UsedByCustomerId":{ann},"TransactionKey":"till-1"}`, 200, "voucher.updated"),
		use("the same use", "voucherId", `{"IsUsed":true,"UsedByCustomerId":{ann},"TransactionKey":"till-1"}`, 200),
		use("once per customer", "voucherId", `{"IsUsed":true,"UsedByCustomerId":{ann},"TransactionKey":"till-2"}`, 409),
		use("another customer", "voucherId", `{"IsUsed":true,"UsedByCustomerId":{bob}}`, 200, "voucher.updated"),
		use("used up", "voucherId", `{"IsUsed":true,"UsedByCustomerId":{carl}}`, 409),
		call{Name: "used", As: apptest.Owner, Method: "GET", Path: oneVoucher, Status: 200, Want: want{"Data.Status": "Used", "Data.TotalUsed": 2, "Data.TotalCustomers": 2, "Data.TotalAmountFromOrders": 0}},
		use("not used after all", "voucherId", `{"IsUsed":false,"UsedByCustomerId":{bob}}`, 200, "voucher.updated"),
		use("not used, again", "voucherId", `{"IsUsed":false,"UsedByCustomerId":{bob}}`, 200),
		call{Name: "valid again", As: apptest.Owner, Method: "GET", Path: oneVoucher, Status: 200, Want: want{"Data.Status": "Valid", "Data.TotalUsed": 1}},
		call{Name: "figures", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/vouchers/stats/{voucherId}?aggregateDataBy=weekly&dataPointLimit=3", Status: 200, Want: want{"Data.#": 3, "Data.0.Value": 0, "Data.2.Value": 1, "Data.2.PeriodLengthInDays": 7}},
		call{Name: "usual figures", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/vouchers/stats/{voucherId}?aggregateDataBy=Monthly", Status: 200, Want: want{"Data.#": 30, "Data.29.Value": 1}},
		call{Name: "figures of nothing", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/vouchers/stats/{voucherId}?aggregateDataBy=Daily&dataPointLimit=0", Status: 400, Text: "dataPointLimit"},
		call{Name: "figures by the hour", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/vouchers/stats/{voucherId}?aggregateDataBy=Hourly", Status: 400, Text: "aggregateDataBy"},
		use("a credit note is spent whole", "credit", `{"IsUsed":true,"TransactionKey":"k"}`, 200, "voucher.updated"),
		call{Name: "spent", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/vouchers/{credit}", Status: 200, Want: want{"Data.Status": "Used", "Data.CreditNoteDetails.RemainingCredit": 0, "Data.TotalDiscounted": 9}},
		use("and comes back", "credit", `{"IsUsed":false,"TransactionKey":"k"}`, 200, "voucher.updated"),
		call{Name: "there again", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/vouchers/{credit}", Status: 200, Want: want{"Data.Status": "Valid", "Data.CreditNoteDetails.RemainingCredit": 9}},
		use("a voucher that has ended", "delivery", `{"IsUsed":true}`, 409),
		use("nothing said", "voucherId", `{"TransactionKey":"x"}`, 400),
	)
}

func TestVouchersThatCannotBe(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newStore(k)
		for _, c := range []struct{ name, body, field string }{
			{"no type", `{}`, "VoucherType"},
			{"no percentage", `{"VoucherType":"PercentageDiscount"}`, "PercentDiscountDetails.PercentageDiscount"},
			{"0 per cent", `{"VoucherType":"PercentageDiscount","PercentDiscountDetails":{"PercentageDiscount":0}}`, "PercentDiscountDetails.PercentageDiscount"},
			{"101 per cent", `{"VoucherType":"PercentageDiscount","PercentDiscountDetails":{"PercentageDiscount":101}}`, "PercentDiscountDetails.PercentageDiscount"},
			{"a maximum of nothing", `{"VoucherType":"PercentageDiscount","PercentDiscountDetails":{"PercentageDiscount":5,"MaxDiscountAmount":0}}`, "PercentDiscountDetails.MaxDiscountAmount"},
			{"no amount", `{"VoucherType":"LumpDiscount"}`, "LumpDiscountDetails.DiscountAmount"},
			{"below nothing", `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":-1}}`, "LumpDiscountDetails.DiscountAmount"},
			{"a tenth of a cent", `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":1.001}}`, "LumpDiscountDetails.DiscountAmount"},
			{"more than there is", `{"VoucherType":"CreditNote","CreditNoteDetails":{"RemainingCredit":99999999999}}`, "CreditNoteDetails.RemainingCredit"},
			{"no dish", `{"VoucherType":"AddItem","Promotion":{"Name":"x"}}`, "Promotion.MenuItemPublicIds"},
			{"no name", `{"VoucherType":"AddItem","Promotion":{"MenuItemPublicIds":["00000000-0000-4000-8000-000000000002"]}}`, "Promotion.Name"},
			{"the same dish twice", `{"VoucherType":"AddItem","Promotion":{"Name":"x","MenuItemPublicIds":["00000000-0000-4000-8000-00000000000A","00000000-0000-4000-8000-00000000000a"]}}`, "Promotion.MenuItemPublicIds[1]"},
			{"a code with a blank", `{"VoucherType":"FreeDelivery","Code":"A B"}`, "Code"},
			{"a code that is a path", `{"VoucherType":"FreeDelivery","Code":".."}`, "Code"},
			{"another brand's store", `{"VoucherType":"FreeDelivery","Stores":[{storeId},1]}`, "Stores[1]"},
			{"ends before it starts", `{"VoucherType":"FreeDelivery","StartDate":"2030-01-01T00:00:00Z","ExpiryDate":"2030-01-01T00:00:00Z"}`, "ExpiryDate"},
			{"neither delivery nor pickup", `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":1},"IsValidForDeliveryOrders":false,"IsValidForPickupOrders":false}`, "IsValidForDeliveryOrders"},
			{"free delivery of pickups", `{"VoucherType":"FreeDelivery","IsValidForDeliveryOrders":false}`, "IsValidForDeliveryOrders"},
			{"no way to pay", `{"VoucherType":"FreeDelivery","IsValidForOrdersPayedByCash":false,"IsValidForOrdersPayedOnline":false}`, "IsValidForOrdersPayedByCash"},
			{"a negative number of uses", `{"VoucherType":"FreeDelivery","MaxRedemptions":-1}`, "MaxRedemptions"},
			{"a negative customer", `{"VoucherType":"FreeDelivery","CustomerId":-1}`, "CustomerId"},
			{"nobody", `{"VoucherType":"FreeDelivery","CustomerId":424242}`, "CustomerId"},
			{"no day", `{"VoucherType":"FreeDelivery","ValidityPeriods":[{"StartTime":"10:00","EndTime":"12:00"}]}`, "ValidityPeriods[0].DayOfWeek"},
			{"no time", `{"VoucherType":"FreeDelivery","ValidityPeriods":[{"DayOfWeek":1,"StartTime":"24:00","EndTime":"noon"}]}`, "ValidityPeriods[0].StartTime"},
			{"a line break", `{"VoucherType":"FreeDelivery","Description":"a\nb"}`, "Description"},
		} {
			k.Call(call{Name: c.name, As: apptest.Owner, Method: "POST", Path: newVoucher, Body: c.body, Status: 400, Text: c.field})
		}
		k.Call(call{Name: "nothing was stored", As: apptest.Owner, Method: "GET", Path: ofBrand + "/summaries", Status: 200, Want: want{"TotalRecordCount": 0}})
		k.Call(call{Name: "sterling", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/{appId}/storegroups", Body: `{"Name":"North","Currency":"GBP"}`, Status: 200, Events: events{"store_group.created"}})
		k.Run(
			call{Name: "amounts in two currencies", As: apptest.Owner, Method: "POST", Path: newVoucher, Body: `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":1}}`, Status: 400, Text: "EUR, GBP"},
			call{Name: "a minimum in two currencies", As: apptest.Owner, Method: "POST", Path: newVoucher, Body: `{"VoucherType":"FreeDelivery","ValidOnOrdersOver":1}`, Status: 400, Text: "Stores"},
			call{Name: "none", As: apptest.Owner, Method: "POST", Path: newVoucher, Body: `{"VoucherType":"PercentageDiscount","PercentDiscountDetails":{"PercentageDiscount":100}}`, Status: 200, Events: events{"voucher.created"}},
			call{Name: "one of them", As: apptest.Owner, Method: "POST", Path: newVoucher, Body: `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":1},"Stores":[{storeId}]}`, Status: 200, Events: events{"voucher.created"}, Want: want{"Data.Currency": "EUR"}},
		)
	})
}

// vouchers is the tour's part of them: a code for everybody, and a credit note for one customer.
func (t *tour) vouchers() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	t.show(
		own(show{
			op: "CreateVoucher", events: apptest.Events{"voucher.created"}, save: map[string]string{"voucherId": "Data.VoucherId"},
			body: `{"VoucherType":"PercentageDiscount","PercentDiscountDetails":{"PercentageDiscount":10,"MaxDiscountAmount":5},"Code":"WELCOME10","Description":"Ten per cent off your first order","ValidOnOrdersOver":15,"IsValidForFirstOrderOnly":true}`,
		}),
		own(show{op: "CreateVoucher", body: `{"VoucherType":"FreeDelivery","Code":"welcome10"}`, refused: 409}),
		own(show{op: "CreateVoucher", body: `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":-5}}`, refused: 400}),
		own(show{
			op: "CreateVoucher", events: apptest.Events{"voucher.created"}, save: map[string]string{"credit": "Data.VoucherId"},
			body: `{"VoucherType":"CreditNote","CreditNoteDetails":{"RemainingCredit":20},"Code":"SORRY20","CustomerId":{customerId}}`,
		}),
		own(show{op: "UpdateVoucher", body: `{"Code":"sorry20"}`, refused: 409}),
		own(show{op: "UpdateVoucher", body: `{"ValidOnOrdersOver":20,"MaxRedemptions":500}`, events: apptest.Events{"voucher.updated"}}),
		own(show{op: "GetVouchers", query: "statusSearch=Valid&searchCodes=welcome"}),
		own(show{op: "GetVoucherById"}),
		own(show{op: "GetVoucherByCode", vars: "code=WELCOME10", unknown: "code=NOTHING"}),
		own(show{op: "GetVouchersByCustomerForApp", vars: "customerId={customerId}"}),
		own(show{op: "SetVoucherValidityPeriodsSimplified", body: `{"DaysOfWeek":["Monday","Tuesday"],"StartTime":"11:00:00","EndTime":"15:00:00"}`, events: apptest.Events{"voucher.updated"}}),
		own(show{op: "GetVoucherValidityPeriods"}),
		own(show{op: "UpdateVoucherUsage", body: `{"IsUsed":true,"TransactionKey":"till-4711"}`, events: apptest.Events{"voucher.updated"}}),
		own(show{op: "UpdateVoucherUsage", vars: "voucherId={credit}", body: `{"IsUsed":true,"UsedByCustomerId":{customerId},"TransactionKey":"till-4712"}`, events: apptest.Events{"voucher.updated"}}),
		own(show{op: "UpdateVoucherUsage", vars: "voucherId={credit}", body: `{"IsUsed":true,"UsedByCustomerId":{customerId},"TransactionKey":"till-4713"}`, refused: 409}),
		own(show{op: "GetVoucherStatsById", query: "aggregateDataBy=Daily&dataPointLimit=2"}),
	)
}
