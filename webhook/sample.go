package webhook

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/fault"
	"comanda/wire"
)

// Sample is what a delivery of an event looks like: the envelope's members. Version "1" sends the Body alone.
type Sample struct {
	Type       string
	CreateTime wire.Time
	Body       json.RawMessage
}

// Sample makes a believable example of an event, in the brand's name; nothing of it happened. version "" is the
// subscription's own.
func (w *Webhooks) Sample(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, eventName, version string,
) (*Sample, error) {
	b, _, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, err
	}
	bad := &fault.Collector{}
	checkVersion(bad, version)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	ev, err := sampleEvent(b, c, eventName)
	if err != nil {
		return nil, err
	}
	return &Sample{Type: ev.Name, CreateTime: wire.At(ev.Shown), Body: ev.Flat()}, nil
}

// Example is the sample of an event for documentation, in the name of a brand that there is not.
func Example(eventName string) (*Sample, error) {
	b := account.Brand{AppID: "bella-napoli", Name: "Bella Napoli", CountryID: "IE"}
	ev, err := sampleEvent(b, &account.Caller{}, eventName)
	if err != nil {
		return nil, err
	}
	return &Sample{Type: ev.Name, CreateTime: wire.At(ev.Shown), Body: ev.Flat()}, nil
}

// sampleEvent makes a believable event in a brand's name.
func sampleEvent(b account.Brand, c *account.Caller, eventName string) (*event.Event, error) {
	name, ok := knownName(eventName)
	if !ok {
		return nil, errUnknownName(eventName)
	}
	body := catalogue[name].New()
	f := filler{brand: b, now: b.Now(), event: name}
	f.fill(reflect.ValueOf(body).Elem(), "", 0)
	base := body.Base()
	*base = wire.EventBase{}
	if c.IP != "" {
		base.IpAddress = &c.IP
	}
	rec, err := event.Encode(event.New{Brand: b.ID, AppID: b.AppID, Time: f.now, Body: body})
	if err != nil {
		return nil, err
	}
	return &event.Event{Record: rec, Position: 1}, nil
}

// filler gives every member of an event class a believable value, by its name or else by its type.
type filler struct {
	brand account.Brand
	now   time.Time
	event string
}

// depth bounds structures that contain themselves.
const depth = 6

var (
	timeType    = reflect.TypeFor[wire.Time]()
	decimalType = reflect.TypeFor[wire.Decimal]()
	uuidType    = reflect.TypeFor[wire.UUID]()
)

func (f *filler) fill(v reflect.Value, name string, level int) {
	switch v.Type() {
	case timeType:
		v.Set(reflect.ValueOf(wire.At(f.now.Truncate(time.Second))))
		return
	case decimalType:
		v.SetString(decimals.find(name, "1.00"))
		return
	case uuidType:
		v.SetString("0198a3f0-5b1c-7cc2-9f4e-2a6d1c0b7e55")
		return
	}
	if enum, ok := v.Interface().(interface{ Values() []string }); ok && v.Kind() == reflect.String {
		values := enum.Values()
		v.SetString(values[0])
		for _, preferred := range enums {
			for _, x := range values {
				if x == preferred {
					v.SetString(x)
				}
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if level < depth {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), name, level)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), v.Type().Name()+"."+v.Type().Field(i).Name, level+1)
		}
		if o, ok := v.Addr().Interface().(*wire.Order); ok {
			settleOrder(o, f.event)
		}
	case reflect.Slice:
		if level < depth && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			f.fill(v.Index(0), strings.TrimSuffix(name, "s"), level)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if v.Type().Elem().Kind() == reflect.String {
			v.SetMapIndex(reflect.ValueOf("posId"), reflect.ValueOf("PLU-204"))
		}
	case reflect.String:
		v.SetString(f.text(name))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(numbers.find(name, 1)))
	case reflect.Float64:
		v.SetFloat(floats.find(name, 1))
	case reflect.Bool:
		v.SetBool(strings.HasSuffix(name, "Available") || strings.HasSuffix(name, "Enabled") || strings.HasSuffix(name, "Success"))
	}
}

func (f *filler) text(name string) string {
	switch {
	case strings.HasSuffix(name, ".AppId") || strings.HasSuffix(name, ".AppNameId"):
		return f.brand.AppID
	case strings.HasSuffix(name, ".AppName"):
		return f.brand.Name
	case strings.HasSuffix(name, ".CountryId") || strings.HasSuffix(name, ".CountryCode"):
		return f.brand.CountryID
	}
	return texts.find(name, "Sample")
}

// rules are values by a part of Class.Member; the first that fits wins.
type rules[T any] []struct {
	part  string
	value T
}

func (r rules[T]) find(name string, otherwise T) T {
	for _, x := range r {
		if strings.Contains(name, x.part) {
			return x.value
		}
	}
	return otherwise
}

// enums are preferred before the first value of an enumeration; a later one wins.
var enums = []string{"AcceptedByRestaurant", "Delivery", "Cash", "EUR", "Web", "Generic", "Online"}

var texts = rules[string]{
	{"Event.Description", "A sample event: nothing of it happened."},
	{"OrderItem.Description", "Tomato, mozzarella and basil."},
	{"Item.Description", "Tomato, mozzarella and basil."},
	{"Description", "A sample."},
	{"StoreSummary.Name", "Dublin Centre"},
	{"Store.Name", "Dublin Centre"},
	{"CustomerSummary.Name", "Aoife Byrne"},
	{"Customer.Name", "Aoife Byrne"},
	{"Menu.Name", "Main menu"},
	{"TaxItem.Name", "Food"},
	{"TaxRate.Name", "Food"},
	{"OptionSet.Name", "Extras"},
	{"OptionSetItem.Name", "Extra basil"},
	{"Section.Name", "Pizza"},
	{"Voucher.Name", "Welcome"},
	{"Metadata.Key", "posId"},
	{"Metadata.Value", "PLU-204"},
	{"StartTime", "09:00:00"},
	{".Period", "12:00:00"},
	{"PeriodEarly", "03:00:00"},
	{"Location.Building", "Apartment 4"},
	{"Town", "Dublin"},
	{"Instructions", "Ring the bell twice."},
	{"Email", "aoife.byrne@example.com"},
	{"PhoneNumberLocal", "01 555 0142"},
	{"Phone", "+35315550142"},
	{"Latitude", "53.3438"},
	{"CallbackUrl", "https://pos.example.com/webhooks"},
	{"ImageUrl", "https://images.example.com/sample.jpg"},
	{"Url", "https://example.com/sample"},
	{"Uri", "https://example.com/sample"},
	{"Hostname", "order.example.com"},
	{"IanaTimezone", "Europe/Dublin"},
	{"Timezone", "GMT Standard Time"},
	{"Language", "en"},
	{"Postcode", "D02 AF30"},
	{"PostCode", "D02 AF30"},
	{"City", "Dublin"},
	{"Address", "12 Sample Street, Dublin 2"},
	{"Street", "Sample Street"},
	{"ChefNote", "No onions, please."},
	{"Note", "Ring the bell twice."},
	{"StoreName", "Dublin Centre"},
	{"StoreGroup", "Ireland"},
	{"MenuName", "Main menu"},
	{"SectionName", "Pizza"},
	{"UserName", "Aoife Byrne"},
	{"TrackingCode", "K7Q2WD"},
	{"VoucherCode", "WELCOME10"},
	{"Code", "WELCOME10"},
	{"PublicId", "0198a3f0-5b1c-7cc2-9f4e-2a6d1c0b7e55"},
	{"TaxRate", "Food"},
	{"Reason", "TooBusy"},
	{"ClientId", "6364835077453070787486"},
	{"Name", "Margherita"},
	{"Id", "1001"},
}

var decimals = rules[string]{
	{"Percentage", "10"},
	{"Rate", "13.5"},
	{"Refunded", "5.00"},
	{"Delivery", "2.50"},
	{"Processing", "0.50"},
	{"Service", "0"},
	{"Tip", "2.00"},
	{"Deposit", "0"},
	{"Tax", "1.46"},
	{"OrderItemsAmount", "12.50"},
	{"Amount", "17.50"},
	{"Price", "12.50"},
	{"Latitude", "53.3438"},
	{"Longitude", "-6.2546"},
}

var numbers = rules[int]{
	{"Rating", 5},
	{"Minutes", 30},
	{"MaxSelectCount", 1},
	{"MinSelectCount", 0},
	{"Port", 443},
	{"Id", 1001},
}

var floats = rules[float64]{
	{"Latitude", 53.3438},
	{"Longitude", -6.2546},
}
