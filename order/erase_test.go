package order_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

// personal is all that Zoetrope says of herself, no part of which occurs anywhere else:
// each is of seven characters or more, or has one that random base64 has not, so that no key or token holds it by chance.
var personal = []string{"Zoetrope", "Quixley", "353879998877", "879998877", "999 8877", "zoe.q@example.net", "Marigold", "77b-Zed", "Xanadu", "D99 X1", "purple gate", "no xylitol", "53.3131", "203.0.113.99", "came back twice", "dog called Fig", "knock at Una", "likes to argue"}

func zoes(s *apptest.Shop) order.Basket {
	b := by(s, "Zoetrope Quixley", "087 999 8877", "zoe.q@example.net")
	b.DeliveryType = wire.DeliveryTypeDelivery
	b.ChefNote = wire.P("no xylitol")
	b.Contact.MarketingEnabled = wire.P(true)
	b.DeliveryLocation = &wire.DeliveryLocation{
		Building: "77b-Zed", Street: "Marigold Lane", Town: "Xanadu", PostCode: "D99 X1", DeliveryInstructions: "the purple gate",
		Coordinates: &wire.Coordinates{Latitude: 53.3131, Longitude: -6.2626},
	}
	return b
}

// tellsOf lists what is found of Zoetrope in every table of a database.
func tellsOf(t *testing.T, s *apptest.Shop) (found []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "all")
	apptest.Must(s.DB.Backup(ctx, file))(t)
	raw := apptest.Must(os.ReadFile(file))(t)
	z := apptest.Must(gzip.NewReader(bytes.NewReader(raw)))(t)
	text := string(apptest.Must(io.ReadAll(z))(t))
	for _, p := range personal {
		if strings.Contains(text, p) {
			found = append(found, p)
		}
	}
	return found
}

func TestErasureKeepsTheBooks(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		s.EditStore(t, func(w map[string]any) { w["AllowChefNotes"] = true })
		diner := apptest.Diner()
		diner.IP = "203.0.113.99"
		answer := apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, zoes(s)))(t)
		var p order.PlacedOrder
		apptest.Must(0, json.Unmarshal(answer, &p))(t)
		zoe := p.Customer.Id
		others := s.Place(t, s.Basket())
		erase := func() error { return s.Orders.EraseCustomer(ctx, s.Owner, s.Brand.AppID, zoe) }
		want(t, erase(), fault.Conflict, "", "under way")

		keyed := *s.Owner
		keyed.Idempotent = "refund-once"
		rating := *diner
		rating.Idempotent = "rated-by-zoe-once"
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		told := wire.OrderDeliveryInformationBase{DeliveryStatusNotes: wire.P("mind the dog called Fig")}
		apptest.Must(0, s.Orders.SetDelivery(ctx, s.Owner, p.OrderId, told))(t)
		late := wire.OrderDeliveryInformationBase{ErrorMessage: wire.P("no answer, knock at Una's"), Status: wire.P(wire.DeliveryInformationStatusOnTheWay)}
		apptest.Must(0, s.Orders.SetDelivery(ctx, s.Owner, p.OrderId, late))(t)
		for _, do := range []order.ReviewAction{order.ReviewHold, order.ReviewRelease} {
			apptest.Must(0, s.Orders.Review(ctx, s.Owner, p.OrderId, order.Review{Action: do, Note: wire.P("She likes to argue.")}))(t)
		}
		refund := wire.Refund{RefundAmount: "1", RefundReason: wire.P("It came back twice")}
		apptest.Must(0, s.Orders.Refund(ctx, &keyed, p.OrderId, refund))(t)
		apptest.Must(s.Orders.Rate(ctx, &rating, s.Brand.AppID, p.TrackingToken, order.Rating{Rating: 4}))(t)
		want(t, erase(), fault.Conflict, "", "under way")
		later(t, s, p.OrderId)
		if found := tellsOf(t, s); len(found) != len(personal) {
			t.Fatalf("before, only %q are there", found)
		}
		before := s.Events(t, 0)
		apptest.Must(s.Log.Read(ctx, s.Brand.ID, 0, 1000))(t) // into the tail

		apptest.Must(0, erase())(t)
		if found := apptest.Must(s.Customers.Find(ctx, s.Owner, s.Brand.AppID, "087 999 8877"))(t); len(found) != 0 {
			t.Errorf("still found: %+v", found)
		}
		for n := 1; n > 0; {
			n = apptest.Must(s.Orders.EraseOnce(ctx))(t)
		}
		apptest.Must(0, erase())(t) // a repeat does nothing

		if found := tellsOf(t, s); len(found) > 0 {
			t.Errorf("still there: %q", found)
		}
		after := s.Events(t, 0)
		if len(after) != len(before)+1 || after[len(before)].Name != "customer.redacted" || !strings.Contains(string(after[len(before)].Body), fmt.Sprintf(`"OrderIds":[%d]`, p.OrderId)) {
			t.Fatalf("%d events became %s", len(before), names(after))
		}
		tail := apptest.Must(s.Log.Read(ctx, s.Brand.ID, 0, 1000))(t)
		for i, e := range before {
			mine := e.Subject == fmt.Sprintf("order/%d", p.OrderId) || e.Subject == fmt.Sprintf("customer/%d", zoe)
			a := after[i]
			if a.Position != e.Position || a.ID != e.ID || a.Name != e.Name || a.Redacted != mine || !mine && !bytes.Equal(a.Body, e.Body) {
				t.Errorf("%s at %d became %+v", e.Name, e.Position, a)
			}
			if !bytes.Equal(tail[i].Body, a.Body) {
				t.Errorf("the tail has another body of %s", e.Name)
			}
			if vs := apptest.CheckEvent(a.Name, a.Flat()); len(vs) > 0 {
				t.Errorf("%s: %v", a.Name, vs)
			}
		}
		books(t, s, p, others)

		// Repeats: the order's own is answered as it is now, the refund's has no second effect.
		var again order.PlacedOrder
		apptest.Must(0, json.Unmarshal(apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, zoes(s)))(t), &again))(t)
		if again.OrderId != p.OrderId || again.Customer.Name != "Redacted" || again.TrackingToken != p.TrackingToken {
			t.Errorf("%+v", again)
		}
		want(t, s.Orders.Refund(ctx, &keyed, p.OrderId, refund), fault.Conflict, "", "carried out before")
		if b := s.Place(t, by(s, "Zoetrope", "087 999 8877", "")); b.Customer.Id == zoe {
			t.Error("a new order is that of who was erased")
		}
	})
}

// later lets the time that an order is wanted for be long ago.
func later(t *testing.T, s *apptest.Shop, id int) {
	t.Helper()
	apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update orders set requested_for = 1 where order_id = $1`, id)
		return err
	}))(t)
}

// books are what an erasure leaves alone.
func books(t *testing.T, s *apptest.Shop, p, others order.PlacedOrder) {
	t.Helper()
	var o wire.Order
	apptest.Must(0, json.Unmarshal(apptest.Must(s.Orders.Get(ctx, s.Owner, p.OrderId))(t), &o))(t)
	if o.Amount != p.Amount || o.TotalTax != p.TotalTax || len(o.OrderItems) != len(p.OrderItems) || *o.RefundedAmount != "1" || *o.UserRating != 4 ||
		o.Customer.Id != p.Customer.Id || o.Customer.Name != "Redacted" || o.DeliveryLocation.Street != "Redacted" || o.DeliveryLocation.Coordinates != nil {
		t.Errorf("the order is %+v", o)
	}
	c := apptest.Must(s.Customers.Get(ctx, s.Owner, s.Brand.AppID, p.Customer.Id))(t)
	if c.Name != "Redacted" || c.PhoneNumber != "Redacted" || c.MarketingEnabled {
		t.Errorf("the customer is %+v", c)
	}
	apptest.Must(0, json.Unmarshal(apptest.Must(s.Orders.Get(ctx, s.Owner, others.OrderId))(t), &o))(t)
	if o.Customer.Name != "Ann Diner" {
		t.Errorf("Ann is %+v", o.Customer)
	}
}

// An erasure that fails each time keeps no other waiting, however many of them there are.
func TestErasuresThatFailDoNotKeepOthersWaiting(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		var last int
		for i := range 12 {
			p := s.Place(t, by(s, "Yan", fmt.Sprintf("+353 86 %07d", i), ""))
			apptest.Must(0, s.Orders.Reject(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
			apptest.Must(0, s.Orders.EraseCustomer(ctx, s.Owner, s.Brand.AppID, p.Customer.Id))(t)
			last = p.OrderId
		}
		apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update orders set doc = '{' where order_id < $1`, last)
			return err
		}))(t)
		for _, done := range []bool{false, true, false} { // a step that did something is followed by the next at once
			if n, err := s.Orders.EraseOnce(ctx); (n > 0) != done || (err == nil) != done {
				t.Errorf("did %d: %v", n, err)
			}
		}
		if o := stored(t, s, last); o.Customer.Name != "Redacted" {
			t.Errorf("the last customer is %+v", o.Customer)
		}
	})
}

// Orders that are placed while their customer is erased are the old customer's and redacted, refuse the erasure, or are a
// new customer's: nothing of a person stays with one who is erased.
func TestRaceErasureWithOrders(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for round := range rounds(t) {
			b := by(s, "Yan", fmt.Sprintf("+353 86 %07d", round), "")
			old := s.Place(t, b)
			apptest.Must(0, s.Orders.Reject(ctx, s.Owner, old.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
			var erased atomic.Bool
			parallel(32, func(i int) {
				if i%8 == 0 {
					if err := s.Orders.EraseCustomer(ctx, s.Owner, s.Brand.AppID, old.Customer.Id); err == nil {
						erased.Store(true)
					} else if fault.KindOf(err) != fault.Conflict {
						t.Error(err)
					}
					return
				}
				if _, err := place(s, b); err != nil && fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
			for n := 1; n > 0; {
				n = apptest.Must(s.Orders.EraseOnce(ctx))(t)
			}
			var named int
			apptest.Must(0, s.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(`select count(*) from orders where customer_id = $1 and customer_name <> 'Redacted'`, old.Customer.Id).Scan(&named)
			}))(t)
			if erased.Load() != (named == 0) {
				t.Fatalf("round %d: erased %v, and %d orders have a name", round, erased.Load(), named)
			}
		}
	})
}
