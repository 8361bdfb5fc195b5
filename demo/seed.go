package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"comanda/internal/client"
	"comanda/wire"
)

// shop is one of the sample stores. The first is the one of demo.json; the others come with a day of orders.
type shop struct {
	name, email, phone, street, postcode string
	latitude, longitude                  float64
	opens, period                        string // every day
}

var shops = []shop{
	{
		"Bella Napoli, Capel Street", "capel.street@bella-napoli.example.com", "+447700900100", "100 Capel Street", "D01 X0X0",
		53.3489, -6.2689, "00:00:00", "1.00:00:00",
	},
	{
		"Bella Napoli, Rathmines", "rathmines@bella-napoli.example.com", "+447700900101", "200 Rathmines Road", "D06 X0X0",
		53.3251, -6.2655, "10:00:00", "16:00:00",
	},
}

// Shop makes the sample store group, store, menu and opening hours through the public API, as an owner's tool would.
func Shop(ctx context.Context, c *client.Client, appID string) (storeID, menuID int, err error) {
	return seedShops(ctx, c, appID, shops[:1])
}

// Shops makes all of the sample stores, with the same menu.
func Shops(ctx context.Context, c *client.Client, appID string) error {
	_, _, err := seedShops(ctx, c, appID, shops)
	return err
}

// seedShops is Shop for any of the sample stores. It returns the first one's id.
func seedShops(ctx context.Context, c *client.Client, appID string, shops []shop) (storeID, menuID int, err error) {
	brand := "/api/v1.0/" + url.PathEscape(appID)
	group, err := client.Data[wire.StoreGroup](ctx, c, http.MethodPost, brand+"/storegroups", map[string]any{"Name": "Dublin", "Currency": "EUR"})
	if err != nil {
		return 0, 0, err
	}
	if err := c.Call(ctx, http.MethodPost, brand+"/menus", Menu(), &menuID); err != nil {
		return 0, 0, err
	}
	for i, s := range shops {
		id, err := s.seed(ctx, c, group.StoreGroupId, menuID)
		if err != nil {
			return 0, 0, err
		}
		if i == 0 {
			storeID = id
		}
	}
	return storeID, menuID, nil
}

// around is the circle of a radius in metres around the store.
func (s shop) around(metres int) string {
	return fmt.Sprintf("CIRCLE (%g %g %d)", s.longitude, s.latitude, metres)
}

func (s shop) seed(ctx context.Context, c *client.Client, group, menu int) (id int, err error) {
	store, err := client.Data[wire.Store](ctx, c, http.MethodPost, fmt.Sprintf("/api/v1.0/stores?storeGroupId=%d", group), map[string]any{
		"Name": s.name, "EmailAddress": s.email, "StaffLanguage": "en", "PhoneNumber": s.phone, "SalesChannelType": "Web",
	})
	if err != nil {
		return 0, err
	}
	type step struct {
		path string
		body any
	}
	steps := []step{
		{"", map[string]any{"DeliveryEnabled": true}},
		{"/address", map[string]any{"Line1": s.street, "City": "Dublin", "Postcode": s.postcode, "CountryCode": "IE"}},
		{"/address/coordinates", map[string]float64{"Latitude": s.latitude, "Longitude": s.longitude}},
		{"/deliveryzones", map[string]any{"DeliveryFee": 2.5, "MinimumDeliveryOrderAmount": 12, "WellKnownText": s.around(1500)}},
		{"/deliveryzones", map[string]any{"DeliveryFee": 4, "MinimumDeliveryOrderAmount": 20, "WellKnownText": s.around(4000)}},
	}
	for _, kind := range []string{"Delivery", "Pickup"} {
		for _, day := range wire.DayOfWeek("").Values() {
			steps = append(steps, step{"/availability/" + kind, map[string]any{"DayOfWeek": day, "StartTime": s.opens, "Period": s.period}})
		}
	}
	steps = append(steps, step{fmt.Sprintf("/menu/%d", menu), nil}, step{"/publish", nil})
	for _, one := range steps {
		if err := c.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/stores/%d%s", store.StoreId, one.path), one.body, nil); err != nil {
			return 0, err
		}
	}
	return store.StoreId, nil
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
