package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// UpdateAddress changes the members of a store's address that are given. The lines for display are made anew unless
// they are given. With another country the time zone follows, unless it was fixed when the store was made.
func (s *Stores) UpdateAddress(ctx context.Context, c *account.Caller, id int, in wire.StoreAddressBase) (*wire.StoreAddress, error) {
	return s.changeAddress(ctx, c, id, func(a *wire.StoreAddress) error {
		set := func(to *string, from *string) {
			if from != nil {
				*to = tidy(*from)
			}
		}
		set(&a.Line1, in.Line1)
		set(&a.Postcode, in.Postcode)
		set(&a.City, in.City)
		set(&a.CountryCode, in.CountryCode)
		a.CountryCode = strings.ToUpper(a.CountryCode)
		if in.AddressFields != nil {
			a.AddressFields = in.AddressFields
		}
		display(a)
		set(&a.DisplayForCustomer, in.DisplayForCustomer)
		set(&a.SingleLineDisplay, in.SingleLineDisplay)
		if in.TwoLinesDisplay != nil {
			a.TwoLinesDisplay = in.TwoLinesDisplay
		}
		return checkAddress(a)
	})
}

// UpdateAddressForm replaces a store's address by the fields of its country's form: those that are known by name make the
// line, the town and the postcode, and all are kept.
func (s *Stores) UpdateAddressForm(ctx context.Context, c *account.Caller, id int, in wire.StoreAddressForm) (*wire.StoreAddress, error) {
	return s.changeAddress(ctx, c, id, func(a *wire.StoreAddress) error {
		field := func(names ...string) string {
			for _, name := range names {
				for given, v := range in.AddressFields {
					if text, ok := v.(string); ok && strings.EqualFold(strings.ReplaceAll(given, "_", ""), name) {
						return tidy(text)
					}
				}
			}
			return ""
		}
		a.AddressFields, a.CountryCode = in.AddressFields, strings.ToUpper(tidy(in.CountryCode))
		a.Line1 = strings.TrimSpace(field("building", "premise", "housenumber") + " " + field("line1", "addressline1", "street", "streetaddress"))
		a.City = field("city", "town", "locality")
		a.Postcode = field("postcode", "postalcode", "zipcode", "zip")
		display(a)
		return checkAddress(a)
	})
}

// UpdateCoordinates moves a store on the map. In a country of several time zones the zone follows, unless it was fixed
// when the store was made.
func (s *Stores) UpdateCoordinates(ctx context.Context, c *account.Caller, id int, in wire.Coordinates) (*wire.Coordinates, error) {
	var faults fault.Collector
	if in.Latitude < -90 || in.Latitude > 90 {
		faults.Add("Latitude", "%g is not between -90 and 90", in.Latitude)
	}
	if in.Longitude < -180 || in.Longitude > 180 {
		faults.Add("Longitude", "%g is not between -180 and 180", in.Longitude)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	a, err := s.changeAddress(ctx, c, id, func(a *wire.StoreAddress) error {
		a.Coordinates = &in
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Coordinates, nil
}

func (s *Stores) changeAddress(ctx context.Context, c *account.Caller, id int, edit func(*wire.StoreAddress) error) (*wire.StoreAddress, error) {
	st, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		a, before := doc.Store.Address, old.doc.Store.Address
		if err := edit(a); err != nil {
			return nil, err
		}
		if reflect.DeepEqual(a, before) {
			return nil, nil
		}
		moved := a.CountryCode != before.CountryCode || !reflect.DeepEqual(a.Coordinates, before.Coordinates)
		if z, ok := zoneOf(a.CountryCode, a.Coordinates); ok && moved && !doc.ZoneFixed {
			doc.setZone(z)
		}
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			w := st.Wire()
			text := fmt.Sprintf("%s changed the address of the store %s.", c.EventName(), st.Name)
			if w.Address.SingleLineDisplay != "" {
				text = fmt.Sprintf("%s changed the address of the store %s to %s.", c.EventName(), st.Name, w.Address.SingleLineDisplay)
			}
			if w.IanaTimeZone != old.doc.Store.IanaTimeZone {
				text += fmt.Sprintf(" Its hours are now in the time zone %s.", w.IanaTimeZone)
			}
			return &wire.StoreAddressUpdatedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Description: text, StoreAddress: w.Address,
			}
		}}, nil
	})
	if err != nil {
		return nil, err
	}
	return st.Wire().Address, nil
}

// display writes the lines that people read.
func display(a *wire.StoreAddress) {
	town := strings.TrimSpace(a.City + " " + a.Postcode)
	lines := slices.DeleteFunc([]string{a.Line1, town}, func(s string) bool { return s == "" })
	a.SingleLineDisplay = strings.Join(lines, ", ")
	a.DisplayForCustomer = a.SingleLineDisplay
	a.TwoLinesDisplay = lines
}

func checkAddress(a *wire.StoreAddress) error {
	var faults fault.Collector
	for _, f := range []struct {
		name, value string
		limit       int
	}{
		{"Line1", a.Line1, 255},
		{"Postcode", a.Postcode, 32},
		{"City", a.City, 128},
		{"DisplayForCustomer", a.DisplayForCustomer, 512},
		{"SingleLineDisplay", a.SingleLineDisplay, 512},
		{"TwoLinesDisplay", strings.Join(a.TwoLinesDisplay, ""), 512},
	} {
		if n := utf8.RuneCountInString(f.value); n > f.limit {
			faults.Add(f.name, "it has %d characters, %d are allowed", n, f.limit)
		}
	}
	if len(a.CountryCode) != 2 || strings.Trim(a.CountryCode, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		faults.Add("CountryCode", "%.10q is not a country code: write two letters as in ISO 3166, such as IE", a.CountryCode)
	} else if !slices.ContainsFunc(account.SupportedCountries(), func(c wire.SupportedCountry) bool { return c.CountryCode == a.CountryCode }) {
		faults.Add("CountryCode", "%q is not a supported country; GET /api/v1.0/apps/supportedcountries lists them", a.CountryCode)
	}
	if len(a.TwoLinesDisplay) > 2 {
		faults.Add("TwoLinesDisplay", "two lines are allowed, these are %d", len(a.TwoLinesDisplay))
	}
	if len(a.AddressFields) > 30 {
		faults.Add("AddressFields", "30 fields are allowed, these are %d", len(a.AddressFields))
	}
	for name, v := range a.AddressFields {
		text, ok := v.(string)
		if v != nil && !ok || len(name) > 64 || len(text) > 512 {
			faults.Add("AddressFields."+name, "a field is a text of 512 bytes at most under a name of 64 at most")
		}
	}
	return faults.Err()
}
