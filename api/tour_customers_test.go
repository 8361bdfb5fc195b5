package api_test

import (
	"strconv"

	"comanda/internal/apptest"
	"comanda/wire"
)

func (t *tour) customers() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	once := key()
	t.MustSignUp("dame")
	store, err := strconv.Atoi(t.Vars["storeId"])
	t.Must(err)
	t.MustMember("dame", wire.AppAccessLevelStoreOwner, store)
	t.show(
		own(show{
			op: "CreateCustomer", header: once, body: `{"PhoneNumber":"087 765 4321","Name":"Aoife Byrne","AppType":"TelephoneCall"}`,
			events: apptest.Events{"customer.created"}, save: map[string]string{"customerId": "Data.CustomerId"},
		}),
		own(show{op: "CreateCustomer", header: once, body: `{"PhoneNumber":"087 765 4322"}`, refused: 422}),
		own(show{op: "CreateCustomer", body: `{"PhoneNumber":"+353 87 765 4321"}`, refused: 409}),
		own(show{op: "CreateCustomer", body: `{"PhoneNumber":"twelve"}`, refused: 400}),
		show{op: "CreateCustomer", as: "dame", body: `{"PhoneNumber":"087 765 4322"}`, refused: 403},
		own(show{op: "GetCustomers", query: "phoneNumber=%2B353877654321"}),
		own(show{op: "GetCustomers", query: "phoneNumber=twelve", refused: 400}),
		own(show{op: "GetCustomerById", unknown: "customerId=424242"}),
		own(show{op: "UpdateCustomerById", body: `{"CardOrdersEnabled":false,"MarketingEnabled":true}`, events: apptest.Events{"customer.updated", "customer.consent.updated"}}),
		own(show{op: "GetCustomerConsents"}),
		show{op: "EraseCustomer", as: "dame", refused: 403},
		own(show{op: "CreateCustomer", body: `{"PhoneNumber":"087 765 4322"}`, events: apptest.Events{"customer.created"}, save: map[string]string{"gone": "Data.CustomerId"}}),
		own(show{op: "EraseCustomer", vars: "customerId={gone}"}),
		own(show{op: "UpdateCustomerById", vars: "customerId={gone}", body: `{"CashOrdersEnabled":false}`, refused: 409}),
	)
}
