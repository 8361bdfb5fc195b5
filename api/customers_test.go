package api_test

import (
	"fmt"
	"testing"

	"comanda/internal/apptest"
	"comanda/wire"
)

const (
	ofCustomers = "/api/v1.0/{appId}/customers"
	oneCustomer = ofCustomers + "/{customerId}"
)

func TestCustomersThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		shop := k.MustShop()
		k.SetVar("ann", shop.Customer)
		here, elsewhere := shop.Store, shop.AddStore(t, "Elsewhere")
		for name, store := range map[string]int{"here": here, "elsewhere": elsewhere} {
			k.MustSignUp(name)
			k.MustMember(name, wire.AppAccessLevelStoreOwner, store)
		}
		shop.Place(t, shop.Basket())
		get := func(name, as, path string, status int, w want) call {
			return call{Name: name, As: as, Method: "GET", Path: path, Status: status, Want: w}
		}
		post := func(name, as, path, body string, status int, w want, told ...string) call {
			return call{Name: name, As: as, Method: "POST", Path: path, Body: body, Status: status, Want: w, Events: told}
		}
		refused := func(name, as, method, path, body string, status int, text string) call {
			return call{Name: name, As: as, Method: method, Path: path, Body: body, Status: status, Text: text}
		}
		once := key()
		made := post("make", apptest.Owner, ofCustomers, `{"PhoneNumber":" 087 765-4321","Name":" Aoife   Byrne ","AppType":6}`, 200, want{
			"Data.PhoneNumber": "+353877654321", "Data.Name": "Aoife Byrne", "Data.RegistrationDate": apptest.Present,
			"Data.CashOrdersEnabled": true, "Data.CardOrdersEnabled": true, "Data.MarketingEnabled": false,
		}, "customer.created")
		made.Header, made.Save = once, map[string]string{"customerId": "Data.CustomerId"}
		again := made
		again.Name, again.Events, again.Save, again.Want = "again", nil, nil, want{"Data.CustomerId": "{customerId}", "Data.Name": "Aoife Byrne"}
		other := refused("another under the key", apptest.Owner, "POST", ofCustomers, `{"PhoneNumber":"0861111111"}`, 422, "Idempotency-Key")
		other.Header = once
		k.Run(
			made, again, other,
			refused("a number twice", apptest.Owner, "POST", ofCustomers, `{"PhoneNumber":"+353877654321"}`, 409, "PhoneNumber"),
			refused("no number", apptest.Owner, "POST", ofCustomers, `{"Name":"Aoife"}`, 400, "PhoneNumber"),
			refused("no such number", apptest.Owner, "POST", ofCustomers, `{"PhoneNumber":"12"}`, 400, "+353"),
			refused("a long name", apptest.Owner, "POST", ofCustomers, `{"PhoneNumber":"0861111111","Name":"`+fmt.Sprintf("%0101d", 0)+`"}`, 400, "Name"),
			refused("a strange name", apptest.Owner, "POST", ofCustomers, `{"PhoneNumber":"0861111111","Name":"a\u0000b"}`, 400, "Name"),
			refused("no such type", apptest.Owner, "POST", ofCustomers, `{"PhoneNumber":"0861111111","AppType":"Fax"}`, 400, "AppType"),
			refused("by who has a store", "here", "POST", ofCustomers, `{"PhoneNumber":"0861111111"}`, 403, "whole brand"),
			refused("by who may not", apptest.Integrator, "POST", ofCustomers, `{"PhoneNumber":"0861111111"}`, 403, "changing customers"),
			refused("by a stranger", apptest.Stranger, "POST", ofCustomers, `{"PhoneNumber":"0861111111"}`, 403, ""),
			refused("by nobody", apptest.Nobody, "POST", ofCustomers, `{}`, 401, ""),
		)
		k.Run(
			get("by number", apptest.Owner, ofCustomers+"?phoneNumber=087%20765%204321", 200, want{"Data.Items.#": 1, "Data.Items.0.CustomerId": storeVar(k, "customerId")}),
			get("by international number", apptest.Owner, ofCustomers+"?phoneNumber=%2B353871234567", 200, want{"Data.Items.0.Name": "Ann Diner"}),
			get("by nobody's number", apptest.Owner, ofCustomers+"?phoneNumber=0861111111", 200, want{"Data.Items.#": 0}),
			get("who ordered here", "here", ofCustomers+"?phoneNumber=0871234567", 200, want{"Data.Items.#": 1}),
			get("who ordered there", "elsewhere", ofCustomers+"?phoneNumber=0871234567", 200, want{"Data.Items.#": 0}),
			refused("no number", apptest.Owner, "GET", ofCustomers, "", 400, "phoneNumber"),
			refused("no such number", apptest.Owner, "GET", ofCustomers+"?phoneNumber=abc", "", 400, "phoneNumber"),
			refused("by who may not", apptest.Integrator, "GET", ofCustomers+"?phoneNumber=0871234567", "", 403, "reading customers"),

			get("one", "here", ofCustomers+"/{ann}", 200, want{"Data.Name": "Ann Diner", "Data.CustomerId": storeVar(k, "ann")}),
			refused("not theirs", "elsewhere", "GET", ofCustomers+"/{ann}", "", 404, ""),
			refused("who has not ordered", "here", "GET", oneCustomer, "", 404, ""),
			refused("nobody", apptest.Owner, "GET", ofCustomers+"/424242", "", 404, "424242"),
			refused("of another brand", apptest.Stranger, "GET", "/api/v1.0/{otherAppId}/customers/{ann}", "", 404, ""),
			refused("not theirs to change", "elsewhere", "POST", ofCustomers+"/{ann}", `{"CashOrdersEnabled":false}`, 404, ""),

			post("change", "here", ofCustomers+"/{ann}", `{"CashOrdersEnabled":false}`, 200, want{"Data.CashOrdersEnabled": false, "Data.CardOrdersEnabled": true}, "customer.updated"),
			post("the same", apptest.Owner, ofCustomers+"/{ann}", `{"CashOrdersEnabled":false,"MarketingEnabled":false}`, 200, want{"Data.CashOrdersEnabled": false}),
			post("nothing", apptest.Owner, ofCustomers+"/{ann}", `{}`, 200, want{"Data.CashOrdersEnabled": false}),
			post("all", apptest.Owner, ofCustomers+"/{ann}", `{"CashOrdersEnabled":true,"CardOrdersEnabled":false,"MarketingEnabled":true}`, 200, want{
				"Data.CashOrdersEnabled": true, "Data.CardOrdersEnabled": false, "Data.MarketingEnabled": true,
			}, "customer.updated", "customer.consent.updated"),
			refused("no switch", apptest.Owner, "POST", ofCustomers+"/{ann}", `{"CashOrdersEnabled":"perhaps"}`, 400, "CashOrdersEnabled"),
		)
		consents := get("consents", "here", ofCustomers+"/{ann}/consents", 200, want{"Data.#": 1, "Data.0.MarketingEnabled": true, "Data.0.Source": "API", "Data.0.RecordedByUserId": k.Caller(apptest.Owner).Account})
		consents.Unknown = true
		k.Run(
			consents,
			refused("erased by who has a store", "here", "DELETE", ofCustomers+"/{ann}", "", 403, "whole brand"),
			refused("erased by who may not", apptest.Integrator, "DELETE", ofCustomers+"/{ann}", "", 403, "changing customers"),
			refused("erased by nobody", apptest.Nobody, "DELETE", ofCustomers+"/{ann}", "", 401, ""),
			refused("nobody erased", apptest.Owner, "DELETE", ofCustomers+"/424242", "", 404, "424242"),
			refused("erased with an order under way", apptest.Owner, "DELETE", ofCustomers+"/{ann}", "", 409, "under way"),
			refused("consents of nobody", apptest.Owner, "GET", ofCustomers+"/424242/consents", "", 404, ""),
			get("what happened to one", apptest.Owner, "/api/v1.0/{appId}/events/customer/{customerId}", 200, want{"TotalRecordCount": 1, "Data.CustomerCreatedEvent.0.User.UserId": storeVar(k, "customerId"), "Data.CustomerCreatedEvent.0.User.UserPhoneNumber": "+353877654321"}),
			get("what happened to Ann", apptest.Owner, "/api/v1.0/{appId}/events/customer/{ann}?eventType=customer.consent.updated", 200, want{"TotalRecordCount": 1, "Data.CustomerConsentUpdatedEvent.0.Enabled": true}),
			get("who did it", apptest.Owner, fmt.Sprintf("/api/v1.0/{appId}/events/user/%d?eventType=customer.consent.updated", k.Caller(apptest.Owner).Account), 200, want{"TotalRecordCount": 1}),
			get("not who it was done to", apptest.Owner, "/api/v1.0/{appId}/events/user/{ann}?eventType=customer.consent.updated", 200, want{"TotalRecordCount": ownEvents(k, shop.Customer)}),
		)
		erased := call{Name: "erase", As: apptest.Owner, Method: "DELETE", Path: oneCustomer, Status: 202, Unknown: true}
		k.Run(erased, erased)
		for n := 1; n > 0; {
			var err error
			n, err = k.Orders.EraseOnce(k.Context())
			k.Must(err)
		}
		k.Run(
			get("who is erased", apptest.Owner, oneCustomer, 200, want{"Data.Name": "Redacted", "Data.PhoneNumber": "Redacted", "Data.MarketingEnabled": false}),
			refused("a change of who is erased", apptest.Owner, "POST", oneCustomer, `{"CashOrdersEnabled":false}`, 409, "erased"),
			refused("a voucher for who is erased", apptest.Owner, "POST", "/api/v1.0/vouchers/{appId}", `{"VoucherType":"FreeDelivery","CustomerId":{customerId}}`, 400, "CustomerId"),
			get("their number", apptest.Owner, ofCustomers+"?phoneNumber=0877654321", 200, want{"Data.Items.#": 0}),
			get("what happened to them", apptest.Owner, "/api/v1.0/{appId}/events/customer/{customerId}", 200, want{"TotalRecordCount": 1, "Data.CustomerCreatedEvent.0.User.UserName": "Redacted", "Data.CustomerCreatedEvent.0.IpAddress": nil}),
		)
	})
}

// ownEvents is 1 where a customer happens to have the number of the owner's account.
func ownEvents(k *apptest.Kit, customer int) int {
	if k.Caller(apptest.Owner).Account == customer {
		return 1
	}
	return 0
}

// mustCustomers makes customers of the kit's brand, and keeps their ids as variables of these names.
func mustCustomers(k *apptest.Kit, names ...string) {
	k.Helper()
	for i, name := range names {
		c, err := k.Customers.Create(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, wire.CustomerCreateModel{
			Name: &name, PhoneNumber: wire.P(fmt.Sprintf("+35386000000%d", i)),
		})
		k.Must(err)
		k.SetVar(name, c.CustomerId)
	}
}
