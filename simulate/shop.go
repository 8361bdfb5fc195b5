package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/app"
	"comanda/demo"
	"comanda/driver"
	"comanda/event"
	"comanda/internal/client"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/payment"
	"comanda/wire"
)

const (
	publicURL = "https://comanda.example"
	tillURL   = "https://till.example.com/webhooks"
	couriers  = 5
	// sampleNumber makes phone numbers of the range that Ireland keeps free for films and examples.
	sampleNumber  = "+353209100%03d"
	firstDriver   = 900 // of these numbers; diners have the ones below
	mostDiners    = firstDriver
	patience      = time.Minute // for a text message
	interval      = 15          // minutes
	fiverPerOrder = 30          // so many orders share one use of the voucher FIVER
)

// embed makes the server.
func (s *sim) embed(ctx context.Context, folder string) (err error) {
	s.server, err = app.Embed(ctx, app.Config{Data: folder, Signup: "open", DinerRate: -1},
		app.Embedding{PublicURL: publicURL, Webhooks: s.till, Parallel: 1})
	return err
}

// open makes the sample brand, with two stores that have everything switched on.
func (s *sim) open(ctx context.Context) (err error) {
	if s.creds, err = demo.Owner(ctx, s.server); err != nil {
		return err
	}
	if s.brand, err = s.server.Accounts.BrandByAppID(ctx, s.creds.AppID); err != nil {
		return err
	}
	person, err := s.server.Accounts.VerifyPassword(ctx, s.creds.AccountEmail, s.creds.AccountPassword)
	if err != nil {
		return err
	}
	if s.owner, err = s.server.Accounts.PersonCaller(ctx, person); err != nil {
		return err
	}
	if s.diners, err = s.client(client.Config{Agent: "Simulated-Diner/1.0"}); err != nil {
		return err
	}
	s.staff, err = s.client(client.Config{ID: s.creds.OAuthAppID, Secret: s.creds.ClientSecret, Agent: "Simulated-Till/1.0"})
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.furnish, s.hire, s.subscribe} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *sim) client(c client.Config) (*client.Client, error) {
	c.Server, c.Transport = publicURL, network{s.server}
	return client.New(c)
}

// path is the path of one of the brand's operations.
func (s *sim) path(format string, args ...any) string {
	return "/api/v1.0/" + url.PathEscape(s.creds.AppID) + fmt.Sprintf(format, args...)
}

// furnish makes the stores, and sets them up so that everything is used that has to do with orders.
func (s *sim) furnish(ctx context.Context) error {
	if err := demo.Shops(ctx, s.staff, s.creds.AppID); err != nil {
		return err
	}
	all, err := s.server.Stores.OfBrand(ctx, s.brand.ID)
	if err != nil {
		return err
	}
	if _, err := s.server.Payments.SetSettings(ctx, s.owner, s.creds.AppID, payment.CardSettingsChange{Provider: payment.Simulator}); err != nil {
		return err
	}
	type step struct {
		path string
		body any
	}
	var steps []step
	for i, st := range all {
		s.stores = append(s.stores, st.ID)
		at := fmt.Sprintf("/api/v1.0/stores/%d", st.ID)
		var periods []wire.StoreOrderCapacityPeriod
		for _, day := range wire.DayOfTheWeek("").Values() {
			periods = append(periods, wire.StoreOrderCapacityPeriod{
				DayOfTheWeek: wire.P(wire.DayOfTheWeek(day)), PeriodStartHour: wire.P(0), PeriodStartMinutes: wire.P(0),
				PeriodEndHour: wire.P(23), PeriodEndMinutes: wire.P(45), MaxOrderNumberPerStoreInterval: wire.P(s.capacity()),
			})
		}
		steps = append(steps,
			step{at, map[string]any{
				"TipsEnabled": true, "CardOrderDeliveryEnabled": true, "CardOrdersPickupEnabled": true,
				"CashOrdersDeliveryEnabled": true, "CashOrdersPickupEnabled": true,
			}},
			step{s.path("/storeordercapacity/%d?deliveryType=Delivery", st.ID), map[string]any{"OrderCapacityPeriods": periods}},
		)
		for _, dt := range []string{"Delivery", "Pickup"} {
			steps = append(steps,
				step{at + "/preorderconfig/" + dt + "/enabled?enabled=true", nil},
				step{at + "/preorderconfig/" + dt, map[string]any{"IntervalMinutes": interval, "IncludeAsap": true}})
		}
		if i > 0 { // the second one lets its diners think again, charges for service and sends orders out together
			steps = append(steps,
				step{at + "/order-deadlines", map[string]any{"CancelWindowSeconds": 60, "CancelUntilAccepted": true}},
				step{at + "/servicecharge", map[string]any{"PercentageValue": 10, "Enabled": true}},
				step{at + "/order-batching-configuration", map[string]any{"BatchIntervalInSeconds": 300, "Enabled": true}})
		}
	}
	voucher := "/api/v1.0/vouchers/" + s.creds.AppID
	steps = append(steps,
		step{voucher, map[string]any{"VoucherType": "PercentageDiscount", "PercentDiscountDetails": map[string]any{"PercentageDiscount": 10}, "Code": "TEN"}},
		step{voucher, map[string]any{"VoucherType": "LumpDiscount", "LumpDiscountDetails": map[string]any{"DiscountAmount": 5}, "Code": "FIVER", "ValidOnOrdersOver": 20, "MaxRedemptions": 1 + s.Orders/fiverPerOrder}},
		step{voucher, map[string]any{"VoucherType": "LumpDiscount", "LumpDiscountDetails": map[string]any{"DiscountAmount": 3}, "Code": "HELLO", "IsValidForFirstOrderOnly": true}},
		step{voucher, map[string]any{"VoucherType": "FreeDelivery", "Code": "WHEELS", "IsValidOncePerCustomer": true}},
	)
	for _, one := range steps {
		if err := s.staff.Call(ctx, http.MethodPost, one.path, one.body, nil); err != nil {
			return err
		}
	}
	return nil
}

// capacity is how many orders for delivery a store takes for a quarter of an hour: too few at dinner.
func (s *sim) capacity() int { return 2 + s.Orders/(s.Hours*12) }

var codes = []string{"TEN", "FIVER", "HELLO", "WHEELS"}

// courier is a driver who is signed in.
type courier struct {
	id int
	*client.Client
}

// hire makes the drivers, who sign in by the PIN that their phone is sent, and go on duty.
func (s *sim) hire(ctx context.Context) error {
	for i := range couriers {
		number := fmt.Sprintf(sampleNumber, firstDriver+i)
		d, err := client.Data[driver.Member](ctx, s.staff, http.MethodPost, s.path("/drivers"),
			driver.Added{Name: fmt.Sprint("Driver ", i+1, " Sample"), PhoneNumber: number, StoreIDs: s.stores})
		if err != nil {
			return err
		}
		if err := s.diners.Call(ctx, http.MethodPost, "/api/v1.0/drivers/pin", map[string]string{"PhoneNumber": number}, nil); err != nil {
			return err
		}
		pin, err := s.text(ctx, number)
		if err != nil {
			return err
		}
		in, err := client.Data[driver.SignedIn](ctx, s.diners, http.MethodPost, "/api/v1.0/drivers/login", map[string]string{"PhoneNumber": number, "Code": pin})
		if err != nil {
			return err
		}
		c := courier{id: d.DriverID}
		if c.Client, err = s.client(client.Config{Token: in.AccessToken, Agent: "Simulated-Driver/1.0"}); err != nil {
			return err
		}
		for _, store := range s.stores {
			if err := c.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/drivers/stores/%d/presence/Online", store), nil, nil); err != nil {
				return err
			}
		}
		s.couriers = append(s.couriers, c)
	}
	return nil
}

var sixDigits = regexp.MustCompile(`\d{6}`)

// text waits for the text message with a PIN to a number.
func (s *sim) text(ctx context.Context, number string) (pin string, err error) {
	for end := clock.Now().Add(patience); clock.Now().Before(end); {
		for _, m := range s.server.Mailbox.Messages() {
			if m.Phone == number {
				return sixDigits.FindString(m.Text), nil
			}
		}
		if err := clock.Sleep(ctx, time.Second); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("no text message to %s within %v", number, patience)
}

// subscribe has the till told of everything from here on.
func (s *sim) subscribe(ctx context.Context) error {
	names, err := s.server.Webhooks.EventNames(ctx, s.owner, s.creds.AppID)
	if err != nil {
		return err
	}
	s.hook, err = s.server.Webhooks.Create(ctx, s.owner, s.creds.AppID, s.creds.OAuthAppID, wire.WebhookSubscription{CallbackUrl: wire.P(tillURL), EventNames: names})
	if err != nil {
		return err
	}
	secret, err := s.server.Webhooks.Secret(ctx, s.owner, s.creds.AppID, s.creds.OAuthAppID, s.hook)
	if err != nil {
		return err
	}
	if s.till.verify, err = standardwebhooks.NewWebhook(secret); err != nil {
		return err
	}
	return s.server.DB.Read(ctx, func(tx *db.Tx) (err error) {
		s.told, err = event.Head(tx, s.brand.ID)
		return err
	})
}
