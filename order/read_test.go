package order_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

// ids are the orders of a page, in its order.
func ids(t *testing.T, p order.Page) (out []int) {
	t.Helper()
	for _, d := range p.Docs {
		out = append(out, decode[wire.Order](t, d).OrderId)
	}
	return out
}

func TestListFiltersPagesAndPutsTheNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		second := s.AddStore(t, "Temple Bar")
		var all []order.PlacedOrder
		for i := range 7 {
			b := s.Basket()
			if i%2 == 1 {
				b.StoreId = second
			}
			all = append(all, s.Place(t, b))
		}
		must := func(name string, i int) {
			if err := actions[name](s, all[i]); err != nil {
				t.Fatal(err)
			}
		}
		must("accepted", 0)
		must("rejected", 1)
		must("accepted", 3)
		id := func(at ...int) (out []int) {
			for _, i := range at {
				out = append(out, all[i].OrderId)
			}
			return out
		}
		for _, c := range []struct {
			name        string
			f           order.Filter
			page, limit int
			total       int
			ids         []int
		}{
			{"all", order.Filter{}, 1, 20, 7, id(6, 5, 4, 3, 2, 1, 0)},
			{"first page", order.Filter{}, 1, 3, 7, id(6, 5, 4)},
			{"second page", order.Filter{}, 2, 3, 7, id(3, 2, 1)},
			{"last page", order.Filter{}, 3, 3, 7, id(0)},
			{"beyond", order.Filter{}, 4, 3, 7, nil},
			{"far beyond", order.Filter{}, 1 << 40, 100, 7, nil},
			{"store", order.Filter{Stores: []int{second}}, 1, 20, 3, id(5, 3, 1)},
			{"stores", order.Filter{Stores: []int{second, s.Store}}, 1, 20, 7, id(6, 5, 4, 3, 2, 1, 0)},
			{"no such store", order.Filter{Stores: []int{second*10 + 1}}, 1, 20, 0, nil},
			{"state", order.Filter{States: []wire.OrderState{"AcceptedByRestaurant"}}, 1, 20, 2, id(3, 0)},
			{"states", order.Filter{States: []wire.OrderState{"AcceptedByRestaurant", "RejectedByStore", "AcceptedByRestaurant"}}, 1, 20, 3, id(3, 1, 0)},
			{"state and store", order.Filter{Stores: []int{second}, States: []wire.OrderState{"AcceptedByRestaurant"}}, 1, 20, 1, id(3)},
			{"from", order.Filter{From: all[4].PlacedTime.Time}, 1, 20, 3, id(6, 5, 4)},
			{"to", order.Filter{To: all[1].PlacedTime.Time}, 1, 20, 2, id(1, 0)},
			{"between", order.Filter{From: all[1].PlacedTime.Time, To: all[3].PlacedTime.Time}, 1, 2, 3, id(3, 2)},
			{"between, by state", order.Filter{From: all[1].PlacedTime.Time, To: all[3].PlacedTime.Time, States: []wire.OrderState{"ReadyToProcess"}}, 1, 2, 1, id(2)},
		} {
			p, err := s.Orders.List(ctx, s.Owner, c.f, c.page, c.limit)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if got := ids(t, p); p.Total != c.total || !slices.Equal(got, c.ids) {
				t.Errorf("%s: %d %v, want %d %v", c.name, p.Total, got, c.total, c.ids)
			}
		}
		for _, c := range []struct{ page, limit int }{{0, 20}, {1, 0}, {-1, 20}} {
			if _, err := s.Orders.List(ctx, s.Owner, order.Filter{}, c.page, c.limit); fault.KindOf(err) != fault.Invalid {
				t.Errorf("page %d, limit %d: %v", c.page, c.limit, err)
			}
		}
		_, err := s.Orders.List(ctx, s.Owner, order.Filter{From: time.Unix(10, 0), To: time.Unix(9, 0)}, 1, 20)
		want(t, err, fault.Invalid, "to")

		ready, err := s.Orders.ReadyToProcess(ctx, s.Owner, s.Brand.AppID, nil)
		if err != nil || !slices.Equal(ready, id(2, 4, 5, 6)) {
			t.Errorf("ready %v, %v", ready, err)
		}
		ready, err = s.Orders.ReadyToProcess(ctx, s.Owner, s.Brand.AppID, []int{second})
		if err != nil || !slices.Equal(ready, id(5)) {
			t.Errorf("ready of one store %v, %v", ready, err)
		}
	})
}

func TestListsShowWhatIsWithinReach(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		other := s.Another(t)
		second := s.AddStore(t, "Temple Bar")
		mine := s.Place(t, s.Basket()).OrderId
		b := s.Basket()
		b.StoreId = second
		here := s.Place(t, b).OrderId
		theirs := other.Place(t, other.Basket()).OrderId
		both := *s.Owner
		both.Grants = append(slices.Clone(s.Owner.Grants), other.Owner.Grants...)
		limited := s.Member(t, wire.AppAccessLevelStoreStaff, second)
		for _, c := range []struct {
			name   string
			caller *account.Caller
			f      order.Filter
			page   int
			limit  int
			total  int
			ids    []int
		}{
			{"owner", s.Owner, order.Filter{}, 1, 20, 2, []int{here, mine}},
			{"the other owner", other.Owner, order.Filter{}, 1, 20, 1, []int{theirs}},
			{"of both brands", &both, order.Filter{}, 1, 20, 3, []int{theirs, here, mine}},
			{"of both brands, page 2", &both, order.Filter{}, 2, 2, 3, []int{mine}},
			{"of both brands, by store", &both, order.Filter{Stores: []int{s.Store, other.Store}}, 1, 20, 2, []int{theirs, mine}},
			{"staff of one store", limited, order.Filter{}, 1, 20, 1, []int{here}},
			{"staff asking for another store", limited, order.Filter{Stores: []int{s.Store}}, 1, 20, 0, nil},
			{"nobody", apptest.Diner(), order.Filter{}, 1, 20, 0, nil},
		} {
			p, err := s.Orders.List(ctx, c.caller, c.f, c.page, c.limit)
			if got := ids(t, p); err != nil || p.Total != c.total || !slices.Equal(got, c.ids) {
				t.Errorf("%s: %d %v, want %d %v; %v", c.name, p.Total, got, c.total, c.ids, err)
			}
		}
		for _, c := range []struct {
			caller *account.Caller
			id     int
		}{{s.Owner, theirs}, {limited, mine}, {apptest.Diner(), mine}, {s.Owner, 999_999}, {s.Owner, 0}, {s.Owner, 1 << 40}} {
			_, err := s.Orders.Get(ctx, c.caller, c.id)
			want(t, err, fault.NotFound, fmt.Sprintf("There is no order %d within your reach", c.id))
		}
		if _, err := s.Orders.Get(ctx, limited, here); err != nil {
			t.Error(err)
		}
		if got, err := s.Orders.ReadyToProcess(ctx, limited, s.Brand.AppID, nil); err != nil || !slices.Equal(got, []int{here}) {
			t.Errorf("%v, %v", got, err)
		}
		_, err := s.Orders.ReadyToProcess(ctx, other.Owner, s.Brand.AppID, nil)
		want(t, err, fault.Forbidden)
	})
}

func TestTrackingTokenOpensItsOrderOnly(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		other := s.Another(t)
		p, q := s.Place(t, s.Basket()), s.Place(t, s.Basket())
		if p.TrackingToken == q.TrackingToken || len(p.TrackingToken) < 22 || len(p.OrderTrackingCode) != 6 {
			t.Errorf("%q, %q, code %q", p.TrackingToken, q.TrackingToken, p.OrderTrackingCode)
		}
		if o := trackOf(t, s, p); o.OrderId != p.OrderId || o.Calculation.Amount != p.Amount {
			t.Errorf("%+v", o)
		}
		for _, token := range []string{"", p.OrderTrackingCode, fmt.Sprint(p.OrderId), p.TrackingToken[:29], p.TrackingToken + "x", strings.Repeat("A", 30), "\x00", p.TrackingToken[:6] + q.TrackingToken[6:]} {
			_, err := s.Orders.Track(ctx, apptest.Diner(), s.Brand.AppID, token)
			want(t, err, fault.NotFound, "TrackingToken")
		}
		_, err := s.Orders.Track(ctx, apptest.Diner(), other.Brand.AppID, p.TrackingToken)
		want(t, err, fault.NotFound)
		_, err = s.Orders.Track(ctx, apptest.Diner(), "no-such-brand", p.TrackingToken)
		want(t, err, fault.NotFound)
	})
}

func TestTrackingTokenIsStoredNowhere(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := s.Place(t, s.Basket())
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			for _, query := range []string{
				`select tracking_hash from orders`, `select doc from orders`, `select calculation from orders`,
				`select body from log_events`, `select id from idempotency_keys`, `select answer from idempotency_keys`,
			} {
				rows, err := tx.Query(query)
				if err != nil {
					return err
				}
				for rows.Next() {
					var raw []byte
					if err := rows.Scan(&raw); err != nil {
						return err
					}
					if strings.Contains(string(raw), p.TrackingToken) {
						t.Errorf("%s shows the token", query)
					}
				}
				if err := rows.Close(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestShopIsWhatADinerMayKnow(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		shops, err := s.Orders.Shops(ctx, apptest.Diner(), s.Brand.AppID)
		if err != nil || len(shops) != 1 || shops[0].StoreId != s.Store || !shops[0].Pickup.IsOpen || shops[0].Currency != "EUR" {
			t.Fatalf("%+v, %v", shops, err)
		}
		shop, err := s.Orders.Shop(ctx, apptest.Diner(), s.Brand.AppID, s.Store)
		if err != nil {
			t.Fatal(err)
		}
		var items []string
		for _, sec := range shop.Menu.MenuSections {
			for _, it := range sec.MenuItems {
				items = append(items, it.Name)
				if len(it.Metadata) > 0 {
					t.Errorf("%s shows metadata", it.Name)
				}
			}
		}
		if got := strings.Join(items, ", "); got != "Margherita, Lunch, Cola" {
			t.Errorf("menu of %s", got)
		}
		if err := s.Stores.Unpublish(ctx, s.Owner, s.Store); err != nil {
			t.Fatal(err)
		}
		_, err = s.Orders.Shop(ctx, apptest.Diner(), s.Brand.AppID, s.Store)
		want(t, err, fault.NotFound)
		if shops, err = s.Orders.Shops(ctx, apptest.Diner(), s.Brand.AppID); err != nil || len(shops) != 0 {
			t.Errorf("%+v, %v", shops, err)
		}
		_, err = s.Orders.Shop(ctx, apptest.Diner(), s.Brand.AppID, 1<<40)
		want(t, err, fault.NotFound)
	})
}

func TestOrdersAreFoundByTheirCustomers(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		zoe := s.Place(t, by(s, "Zoë ÅNGSTRÖM", "087 999 8877", "Zoe@Example.net")).OrderId
		s.Place(t, s.Basket())
		for _, text := range []string{"zoë", "ZOE ang", "ångström", "999887", "zoe@example.NET", fmt.Sprint(zoe), "%"} {
			n, found, err := s.Orders.Summaries(ctx, s.Owner, s.Brand.AppID, order.SummaryFilter{Search: text}, 1, 10)
			if text == "%" {
				if err != nil || n != 0 {
					t.Errorf("%q finds %d: %v", text, n, err)
				}
				continue
			}
			if err != nil || n != 1 || len(found) != 1 || found[0].OrderId != zoe {
				t.Errorf("%q finds %d: %+v, %v", text, n, found, err)
			}
		}
		// An order of a program before this one.
		apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update orders set searched = ''`)
			return err
		}))(t)
		for _, text := range []string{"zoë", "999887", "zoe@example.NET"} {
			if n, _, err := s.Orders.Summaries(ctx, s.Owner, s.Brand.AppID, order.SummaryFilter{Search: text}, 1, 10); n != 1 || err != nil {
				t.Errorf("%q finds %d in old orders: %v", text, n, err)
			}
		}
	})
}
