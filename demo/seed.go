package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"comanda/internal/client"
	"comanda/wire"
)

// Shop makes the sample store group, store, menu and opening hours through the public API, as an owner's tool would.
func Shop(ctx context.Context, c *client.Client, appID string) (storeID, menuID int, err error) {
	group, err := client.Data[wire.StoreGroup](ctx, c, http.MethodPost, "/api/v1.0/"+url.PathEscape(appID)+"/storegroups",
		map[string]any{"Name": "Dublin", "Currency": "EUR"})
	if err != nil {
		return 0, 0, err
	}
	store, err := client.Data[wire.Store](ctx, c, http.MethodPost, fmt.Sprintf("/api/v1.0/stores?storeGroupId=%d", group.StoreGroupId),
		map[string]any{
			"Name": "Bella Napoli, Capel Street", "EmailAddress": "capel.street@bella-napoli.example.com",
			"StaffLanguage": "en", "PhoneNumber": "+447700900100", "SalesChannelType": "Web",
		})
	if err != nil {
		return 0, 0, err
	}
	path := fmt.Sprintf("/api/v1.0/stores/%d", store.StoreId)
	steps := []struct {
		path string
		body any
	}{
		{path + "/address", map[string]any{
			"Line1": "100 Capel Street", "City": "Dublin", "Postcode": "D01 X0X0", "CountryCode": "IE",
		}},
		{path + "/address/coordinates", map[string]float64{"Latitude": 53.3489, "Longitude": -6.2689}},
	}
	for _, kind := range []string{"Delivery", "Pickup"} {
		for _, day := range []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"} {
			steps = append(steps, struct {
				path string
				body any
			}{path + "/availability/" + kind, map[string]any{"DayOfWeek": day, "StartTime": "00:00:00", "Period": "1.00:00:00"}})
		}
	}
	for _, s := range steps {
		if err := c.Call(ctx, http.MethodPost, s.path, s.body, nil); err != nil {
			return 0, 0, err
		}
	}
	if err := c.Call(ctx, http.MethodPost, "/api/v1.0/"+url.PathEscape(appID)+"/menus", Menu(), &menuID); err != nil {
		return 0, 0, err
	}
	if err := c.Call(ctx, http.MethodPost, fmt.Sprintf("%s/menu/%d", path, menuID), nil, nil); err != nil {
		return 0, 0, err
	}
	return store.StoreId, menuID, c.Call(ctx, http.MethodPost, path+"/publish", nil, nil)
}

// Basket is the sample order of the storefront's place call: a pizza with a size, a base and a topping, garlic bread and
// a drink, to collect.
func Basket(storeID int) map[string]any {
	pick := func(item string, quantity int, options ...[2]string) map[string]any {
		var chosen []map[string]any
		for _, o := range options {
			chosen = append(chosen, map[string]any{"MenuItemOptionPublicId": publicID("option", item, o[0], o[1])})
		}
		return map[string]any{"MenuItemPublicId": publicID("item", item), "Quantity": quantity, "Options": chosen}
	}
	return map[string]any{
		"StoreId": storeID, "DeliveryType": "Pickup", "PickupLocationType": "TakeOut",
		"Items": []map[string]any{
			pick("Margherita", 1, [2]string{"Size", "12 inch"}, [2]string{"Base", "Classic sourdough"}, [2]string{"Extra toppings", "Olives"}),
			pick("Garlic bread", 1),
			pick("Cola", 2, [2]string{"Kind", "Zero sugar"}),
		},
		"TipAmount": 1.5, "ChefNote": "Please ring twice.",
		"Contact": map[string]string{"Name": "Sample Diner", "PhoneNumber": "+447700900123", "EmailAddress": "diner@example.com"},
		"Payment": map[string]string{"Method": "Cash"},
	}
}
