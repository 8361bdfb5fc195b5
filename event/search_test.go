package event_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// told is what one event of the test is about, as the test knows it.
type told struct {
	name                         string
	store, order, customer, user int
	group, menu                  int
	shown                        time.Time
}

var began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func (f told) record(t testing.TB, brand int) event.Record {
	t.Helper()
	user := &wire.UserEventInfo{UserId: f.user, UserName: fmt.Sprintf("Person %d", f.user), UserEmail: fmt.Sprintf("P%d@example.com", f.user)}
	n := event.New{Brand: brand, AppID: "x", Store: f.store, Time: f.shown, Subject: fmt.Sprintf("order/%d", f.order)}
	switch f.name {
	case "order.accepted":
		order := &wire.Order{Customer: &wire.CustomerSummary{Id: f.customer}, Store: &wire.StoreSummary{StoreGroupId: f.group}}
		if f.order%2 == 0 { // both ways in which an order comes in
			n.Body = &wire.OrderAcceptedEvent{User: user, Order: order}
		} else {
			n.Body, n.Order = &wire.OrderAcceptedEvent{User: user}, order
		}
	case "store.menu.assigned":
		n.Subject = fmt.Sprintf("store/%d", f.store)
		n.Body = &wire.StoreMenuAssignedEvent{StoreId: f.store, MenuId: f.menu, User: user}
	case "menu.updated":
		n.Subject = fmt.Sprintf("menu/%d", f.menu)
		n.Body = &wire.MenuUpdatedEvent{MenuId: f.menu, User: user, Menu: &wire.Menu{MenuId: f.menu}}
	case "store_group.created":
		n.Subject = fmt.Sprintf("storegroup/%d", f.group)
		n.Body = &wire.StoreGroupCreatedEvent{StoreGroupId: f.group, User: user}
	}
	rec, err := event.Encode(n)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// is says what an event of the test is about, as conditions that a query may have.
func (f told) is() map[string]bool {
	out := map[string]bool{
		fmt.Sprint("user", f.user): true, fmt.Sprint("email", f.user): true, fmt.Sprint("name", f.user): true,
	}
	switch f.name {
	case "order.accepted":
		out[fmt.Sprint("order", f.order)], out[fmt.Sprint("customer", f.customer)], out[fmt.Sprint("group", f.group)] = true, true, true
	case "store.menu.assigned", "menu.updated":
		out[fmt.Sprint("menu", f.menu)] = true
	case "store_group.created":
		out[fmt.Sprint("group", f.group)] = true
	}
	return out
}

var abouts = map[string]func(int) event.About{
	"order": event.AboutOrder, "customer": event.AboutCustomer, "user": event.AboutUser, "group": event.AboutStoreGroup, "menu": event.AboutMenu,
	"email": func(id int) event.About { return event.AboutUserEmail(fmt.Sprintf(" p%d@EXAMPLE.com", id)) },
	"name":  func(id int) event.About { return event.AboutUserName(fmt.Sprintf("person %d", id)) },
}

// A search finds what a look at every event finds: the same ones, the newest first, all of them counted.
func TestFindIsExact(t *testing.T) {
	event.FewChecks(t, "150")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		names := []string{"order.accepted", "store.menu.assigned", "menu.updated", "store_group.created"}
		var facts []told
		var recs []event.Record
		for i := range 400 {
			f := told{
				name: names[i*7%11%4], store: i * 5 % 13 % 4, order: 1 + i*3%17, customer: 1 + i%12, user: 1 + i%11,
				group: 1 + i%3, menu: 1 + i%12, shown: began.Add(time.Duration(i*37%200) * time.Minute),
			}
			if f.name == "menu.updated" || f.name == "store_group.created" {
				f.store = 0
			}
			facts = append(facts, f)
			recs = append(recs, f.record(t, 7), told{name: "menu.updated", menu: 1, user: 1, shown: f.shown}.record(t, 8))
		}
		log := event.NewLog(d)
		if err := d.Write(t.Context(), func(tx *db.Tx) error { log.Append(tx, recs...); return nil }); err != nil {
			t.Fatal(err)
		}
		some := rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 0, 3, rapid.ID[int])
		rapid.Check(t, func(t *rapid.T) {
			q := event.Query{Skip: rapid.IntRange(0, 5).Draw(t, "skip"), Limit: rapid.IntRange(1, 30).Draw(t, "limit")}
			q.Sight.Whole = rapid.Bool().Draw(t, "whole")
			if !q.Sight.Whole && rapid.Bool().Draw(t, "held to stores") {
				q.Sight.Stores = some.Draw(t, "sight")
			}
			if rapid.Bool().Draw(t, "by name") {
				q.Names = rapid.SliceOfN(rapid.SampledFrom(append(names, "app.created")), 0, 3).Draw(t, "names")
			}
			if rapid.Bool().Draw(t, "except") {
				q.Except = rapid.SliceOfN(rapid.SampledFrom(names), 1, 2).Draw(t, "excepted")
			}
			if rapid.Bool().Draw(t, "by store") {
				q.Stores = some.Draw(t, "stores")
			}
			if rapid.Bool().Draw(t, "from") {
				q.From = began.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "minute")) * time.Minute)
			}
			if rapid.Bool().Draw(t, "to") {
				q.To = began.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "last minute")) * time.Minute)
			}
			var asked []string
			for range rapid.IntRange(0, 2).Draw(t, "abouts") {
				kind := rapid.SampledFrom([]string{"order", "customer", "user", "group", "menu", "email", "name"}).Draw(t, "kind")
				id := rapid.IntRange(1, 20).Draw(t, "id")
				asked = append(asked, fmt.Sprint(kind, id))
				q.About = append(q.About, abouts[kind](id))
			}
			var want []int // indices, newest first
			for i, f := range facts {
				is := f.is()
				if q.Sight.Sees(f.store) && (q.Names == nil || slices.Contains(q.Names, f.name)) && !slices.Contains(q.Except, f.name) &&
					(q.Stores == nil || slices.Contains(q.Stores, f.store)) && !f.shown.Before(q.From) &&
					(q.To.IsZero() || f.shown.Before(q.To)) && !slices.ContainsFunc(asked, func(a string) bool { return !is[a] }) {
					want = append(want, i)
				}
			}
			slices.SortStableFunc(want, func(a, b int) int {
				if c := facts[b].shown.Compare(facts[a].shown); c != 0 {
					return c
				}
				return b - a
			})
			var page []event.Event
			var total int
			if err := d.Read(t.Context(), func(tx *db.Tx) (err error) { page, total, err = event.Find(tx, 7, q); return err }); err != nil {
				t.Fatal(err)
			}
			if total != len(want) {
				t.Fatalf("%+v asks for %v: %d found, want %d", q, asked, total, len(want))
			}
			more := len(want) > q.Skip+q.Limit
			want = want[min(q.Skip, len(want)):min(q.Skip+q.Limit, len(want))]
			for _, q.Glance = range []bool{false, true} {
				if q.Glance {
					if err := d.Read(t.Context(), func(tx *db.Tx) (err error) { page, total, err = event.Find(tx, 7, q); return err }); err != nil {
						t.Fatal(err)
					}
					if got := total > q.Skip+q.Limit; got != more {
						t.Fatalf("%+v asks for %v: %d at a glance, and there are more: %t", q, asked, total, more)
					}
				}
				var got []int
				for _, e := range page {
					got = append(got, int(e.Position)-1)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%+v asks for %v: %v, want %v", q, asked, got, want)
				}
			}
		})
	})
}

// Names and addresses stand in the body and nowhere else in the log.
func TestRefsHoldNoNames(t *testing.T) {
	d := dbtest.SQLite(t)
	log := event.NewLog(d)
	rec := told{name: "order.accepted", order: 1, customer: 12, user: 7, group: 3}.record(t, 1)
	if err := d.Write(t.Context(), func(tx *db.Tx) error { log.Append(tx, rec); return nil }); err != nil {
		t.Fatal(err)
	}
	var refs string
	if err := d.Read(t.Context(), func(tx *db.Tx) error { return tx.QueryRow(`select refs from log_events`).Scan(&refs) }); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(refs, " u7 e") || !strings.HasSuffix(refs, " c12 g3 ") || strings.Contains(strings.ToLower(refs), "person") || strings.Contains(refs, "@") {
		t.Errorf("%q", refs)
	}
}
