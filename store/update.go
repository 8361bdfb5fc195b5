package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// Update changes the members of a store that are given: names, contact, what it offers and takes. PreOrderEnabled sets the
// switches of both delivery types. A publication or an archiving makes its own event as well.
func (s *Stores) Update(ctx context.Context, c *account.Caller, id int, in wire.StoreBase) (*Store, error) {
	return s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		return update(c, old, doc, in)
	})
}

// update is the edit of [Stores.Update].
func update(c *account.Caller, old *Store, doc *document, in wire.StoreBase) ([]eventOf, error) {
	w := &doc.Store
	patch(w, in)
	w.Name, w.PhoneNumber = tidy(w.Name), tidy(w.PhoneNumber)
	w.EmailAddress, w.StaffLanguage = strings.TrimSpace(w.EmailAddress), strings.TrimSpace(w.StaffLanguage)
	if in.PreOrderEnabled != nil {
		w.PreOrderPickupEnabled, w.PreOrderDeliveryEnabled = *in.PreOrderEnabled, *in.PreOrderEnabled
	}
	if err := check(w, in); err != nil {
		return nil, err
	}
	changed := differences(&old.doc.Store, w)
	if len(changed) == 0 {
		return nil, nil
	}
	events := []eventOf{updated(c, "changed the store %s: %s", strings.Join(changed, ", "))}
	if was := old.doc.Store.IsPublished; was != w.IsPublished {
		events = append(events, publication(c, w.IsPublished))
	}
	if was := old.doc.Store.IsArchived; was != w.IsArchived {
		events = append(events, archiving(c, w.IsArchived))
	}
	return events, nil
}

// updated makes store.updated; what follows the actor's name is a format, for the store's name and then args.
func updated(c *account.Caller, format string, args ...any) eventOf {
	return func(st *Store, base wire.EventBase) wire.Event {
		return &wire.StoreUpdatedEvent{
			EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Store: st.Wire(),
			Description: c.EventName() + " " + fmt.Sprintf(format, append([]any{st.Name}, args...)...) + ".",
		}
	}
}

// patch copies the members that are given. The two types name theirs alike.
func patch(to *wire.Store, in wire.StoreBase) {
	from, store := reflect.ValueOf(in), reflect.ValueOf(to).Elem()
	for i := range from.NumField() {
		f := from.Field(i)
		if f.IsNil() {
			continue
		}
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		store.FieldByName(from.Type().Field(i).Name).Set(f)
	}
}

// differences names the members that differ.
func differences(a, b *wire.Store) []string {
	var out []string
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			out = append(out, x.Type().Field(i).Name)
		}
	}
	return out
}

func check(w *wire.Store, in wire.StoreBase) error {
	var faults fault.Collector
	checkContact(&faults, w)
	if in.MinimumPickupOrderAmount != nil {
		a, err := money.Parse(w.MinimumPickupOrderAmount, string(w.Currency))
		switch {
		case err != nil:
			faults.Add("MinimumPickupOrderAmount", "%s", err)
		case a < 0:
			faults.Add("MinimumPickupOrderAmount", "%s is negative: write 0 for no minimum", w.MinimumPickupOrderAmount)
		default:
			w.MinimumPickupOrderAmount = a.Decimal(string(w.Currency))
		}
	}
	for i, ch := range w.SalesChannelTypes {
		if !slices.Contains(ch.Values(), string(ch)) {
			faults.Add(fmt.Sprintf("SalesChannelTypes[%d]", i), "%.40q is none of %s", string(ch), strings.Join(ch.Values(), ", "))
		}
	}
	if len(w.SalesChannelTypes) > len(wire.SalesChannelType("").Values()) || len(w.InheritanceConfigTypes) > 1 {
		faults.Add("SalesChannelTypes", "name each of them once")
	}
	return faults.Err()
}
