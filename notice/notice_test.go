package notice_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/notice"
	"comanda/order"
	"comanda/store"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

const (
	ann = "ann@example.com"
	bob = "+353879998877"
)

// shop is a live brand with a shop whose phone number is known.
type shop struct {
	*apptest.Shop
	kit  *apptest.Kit
	seen int // of the mailbox
}

func each(t *testing.T, fn func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := apptest.New(t, d)
		s := &shop{kit: k, Shop: k.MustShop()}
		s.EditStore(t, func(w map[string]any) { w["PhoneNumber"] = "01 234 5678" })
		fn(t, s)
	})
}

func (s *shop) by(email, phone string) order.Basket {
	b := s.Basket()
	b.Contact = &order.Contact{Name: wire.P("Ann"), EmailAddress: &email, PhoneNumber: &phone}
	return b
}

// told notifies, sends, and returns what is new in the mailbox as "recipient subject|text", the oldest first.
func (s *shop) told(t *testing.T) (out []string) {
	t.Helper()
	s.kit.MustNotify()
	for apptest.Must(s.kit.Mail.RunOnce(ctx))(t) > 0 {
	}
	for _, m := range s.kit.Mailbox.Messages() {
		if m.Number > s.seen {
			out = append([]string{fmt.Sprintf("%s%s %s|%s", m.To, m.Phone, m.Subject, m.Text)}, out...)
		}
	}
	s.seen += len(out)
	return out
}

// is fails the test unless as many messages were told, each beginning as is wanted.
func (s *shop) is(t *testing.T, want ...string) {
	t.Helper()
	got := s.told(t)
	if len(got) != len(want) {
		t.Errorf("told %q, want %q", got, want)
		return
	}
	for i := range got {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("told %q, want %q", got[i], want[i])
		}
	}
}

func count(t *testing.T, d *db.DB, query string) (n int) {
	t.Helper()
	apptest.Must(0, d.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query).Scan(&n) }))(t)
	return n
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	apptest.Must(0, d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err }))(t)
}

func TestACustomerHearsHowTheirOrderGoes(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		b := s.by(ann, "")
		b.Items = []order.BasketItem{
			{MenuItemPublicId: apptest.Margherita, Quantity: 2, Options: []order.BasketOption{{MenuItemOptionPublicId: apptest.Olives}, {MenuItemOptionPublicId: apptest.Ham}}},
			{MenuItemPublicId: apptest.Margherita, Quantity: 1},
		}
		p := s.Place(t, b)
		const foot = "\n\nQuestions? Call us: 01 234 5678\n\nBella Napoli, Dame Street\n\n" +
			"You get this because somebody ordered at Bella Napoli, Dame Street with your address. If it was not you, there is nothing to do.\n"
		s.is(t, fmt.Sprintf("%s Order %d at Bella Napoli, Dame Street was received|We have received your order %d, and tell you when we have answered it.\n\n"+
			"2 × Margherita: Olives, Ham\n1 × Margherita\n\nTotal 30.50 EUR, to be paid in cash\nTo be collected as soon as possible%s", ann, p.OrderId, p.OrderId, foot))
		s.is(t) // a second time there is nothing

		s.kit.Must(s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{EstimatedMinutesForDelivery: wire.P(0)}))
		dublin := apptest.Must(time.LoadLocation("Europe/Dublin"))(t)
		raw := s.Events(t, s.Head(t)-1)[0]
		at := apptest.Must(time.Parse(time.RFC3339, member(t, raw.Body, "AcceptedFor")))(t).In(dublin)
		s.is(t, fmt.Sprintf("%s Order %d at Bella Napoli, Dame Street is accepted|We have accepted your order %d. It will be ready to collect at about %s.%s",
			ann, p.OrderId, p.OrderId, at.Format("15:04"), foot))

		refund := func(amount wire.Decimal, tell bool) {
			t.Helper()
			s.kit.Must(s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: amount, NotifyCustomer: tell, RefundReason: wire.P("liar")}))
		}
		refund("2", true)
		s.is(t, fmt.Sprintf("%s 2.00 EUR of order %d at Bella Napoli, Dame Street are refunded|We have refunded 2.00 EUR of your order %d. You get 2.00 EUR back in cash.%s", ann, p.OrderId, p.OrderId, foot))
		refund("1", false)
		s.is(t)
		refund("27.5", true)
		s.is(t, fmt.Sprintf("%s 27.50 EUR of order %d at Bella Napoli, Dame Street are refunded|We have refunded your order %d: 27.50 EUR. You get 27.50 EUR back in cash.", ann, p.OrderId, p.OrderId))
		if n := count(t, s.DB, `select count(*) from order_quiet_events`); n != 0 {
			t.Errorf("%d events are still quiet", n)
		}
	})
}

// From the storefront's call to the mailbox, by the API alone.
func TestOrdersOfTheAPIAreTold(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const orders = "/api/v1.0/orders/"
		place := func(name, contact string) apptest.Call {
			return apptest.Call{
				Name: name, Method: "POST", Path: "/api/v1.0/{appId}/storefront/orders", Status: 201, Events: apptest.Events{"customer.created", "order.created"},
				Header: http.Header{"Idempotency-Key": {"0123456789abcdef-" + name}}, Save: map[string]string{name: "Data.OrderId"}, Unknown: true,
				Body: `{"StoreId":{storeId},"DeliveryType":"Pickup","Payment":{"Method":"Cash"},"Contact":{` + contact + `},
					"Items":[{"MenuItemPublicId":"` + string(apptest.Margherita) + `","Quantity":1}]}`,
			}
		}
		post := func(path, body, event string) apptest.Call {
			return apptest.Call{As: apptest.Owner, Method: "POST", Path: orders + path, Body: body, Status: 200, Events: apptest.Events{event}}
		}
		s.kit.Run(place("mailed", `"Name":"x","EmailAddress":"`+ann+`"`), place("texted", `"Name":"x","PhoneNumber":"087 999 8877"`))
		s.is(t, ann+" Order ", bob+" |Bella Napoli, Dame Street: we have received your order")
		s.kit.Run(
			post("{mailed}/accept", `{"EstimatedMinutesForDelivery":45}`, "order.accepted"),
			post("{texted}/reject", `{"RejectReason":"DontDeliverToArea"}`, "order.rejected"),
		)
		s.is(t, s.kit.Expand(ann+" Order {mailed} at Bella Napoli, Dame Street is accepted|We have accepted your order {mailed}. It will be ready to collect"),
			s.kit.Expand(bob+" |Bella Napoli, Dame Street: we are sorry, we cannot take your order {texted}: we do not deliver to your area."))
		s.kit.Run(
			post("{mailed}/refund", `{"RefundAmount":1,"NotifyCustomer":false}`, "order.refunded"),
			post("{mailed}/refund", `{"RefundAmount":2,"NotifyCustomer":true}`, "order.refunded"),
		)
		s.is(t, s.kit.Expand(ann+" 2.00 EUR of order {mailed}"))
	})
}

// member is the text of a member of a JSON document, wherever it is.
func member(t *testing.T, doc []byte, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(doc), `"`+name+`":"`)
	text, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("there is no %s in %s", name, doc)
	}
	return text
}

func TestHowOrdersEnd(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		place := func() int { t.Helper(); return s.Place(t, s.by("", bob)).OrderId }
		ends := func(want string, do func(id int) error) {
			t.Helper()
			id := place()
			s.kit.Must(do(id))
			if want != "" {
				s.is(t, strings.ReplaceAll(bob+" |Bella Napoli, Dame Street: "+want, "#", fmt.Sprint(id)))
			} else {
				s.is(t)
			}
		}
		reject := func(r wire.RejectReason, quiet bool) func(int) error {
			return func(id int) error {
				return s.Orders.Reject(ctx, s.Owner, id, wire.Reject{RejectReason: r, DoNotNotifyCustomer: &quiet})
			}
		}
		ends("we are sorry, we cannot take your order #: our kitchen is too busy. Questions? 01 234 5678", reject(wire.RejectReasonTooBusy, false))
		ends("we are sorry, we cannot take your order #. Questions? 01 234 5678", reject(wire.RejectReasonUnknownReason, false))
		ends("", reject(wire.RejectReasonTooBusy, true))
		ends("your order # is cancelled. Questions?", func(id int) error { return s.Orders.CallOff(ctx, s.Owner, id, order.Cancellation{}) })
		ends("", func(id int) error {
			return s.Orders.CallOff(ctx, s.Owner, id, order.Cancellation{DoNotNotifyCustomer: wire.P(true)})
		})
		ends("we are sorry, nobody could answer your order # in time, so it is cancelled.", func(int) error {
			exec(t, s.DB, `update order_deadlines set due_at = 1 where kind = 'reject'`)
			_, err := s.Orders.MeetDeadlines(ctx)
			return err
		})
		ends("we are sorry, we cannot take your order #: something that you ordered is not available. You get 8.50 EUR back in cash.", func(id int) error {
			s.kit.Must(s.Orders.Accept(ctx, s.Owner, id, wire.Accept{}))
			return s.Orders.RejectAccepted(ctx, s.Owner, id, wire.Reject{RejectReason: wire.RejectReasonFoodUnavailable})
		})
		s.EditStore(t, func(w map[string]any) { w["AutomaticallyAcceptOrders"] = true })
		ends("we have accepted your order #. It will be ready to collect at about ", func(int) error { return nil })
	})
}

func TestACustomerWhoCancelsIsToldSo(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		apptest.Must(s.Stores.SetDeadlines(ctx, s.Owner, s.Store, store.Deadlines{CancelUntilAccepted: wire.P(true)}))(t)
		p := s.Place(t, s.by(ann, bob))
		apptest.Must(s.Orders.Cancel(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken))(t)
		s.is(t, fmt.Sprintf("%s Order %d at Bella Napoli, Dame Street is cancelled|Your order %d is cancelled, as you asked.\n", ann, p.OrderId, p.OrderId))
	})
}

// A server that was down tells nobody what they know by now.
func TestWhatIsOldIsNotTold(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		age := func(by time.Duration) {
			exec(t, s.DB, `update log_events set created_at = created_at - $1`, by.Microseconds())
		}
		p := s.Place(t, s.by("", bob))
		age(61 * time.Minute)
		s.is(t)
		s.kit.Must(s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))
		s.kit.Must(s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "1", NotifyCustomer: true}))
		s.kit.Must(s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "1"}))
		age(23 * time.Hour)
		s.is(t, bob+" |Bella Napoli, Dame Street: we have refunded 1.00 EUR")
		s.kit.Must(s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "1"}))
		age(48 * time.Hour)
		s.is(t)
		if n := count(t, s.DB, `select count(*) from order_quiet_events`); n != 0 {
			t.Errorf("%d events are still quiet", n)
		}
	})
}

func TestNobodyIsToldWhoIsErased(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		end := func(p order.PlacedOrder) {
			t.Helper()
			s.kit.Must(s.Orders.Reject(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))
		}
		waiting := func() int { return count(t, s.DB, `select count(*) from mail_outbox`) }
		erase := func(p order.PlacedOrder) {
			t.Helper()
			s.kit.Must(s.Orders.EraseCustomer(ctx, s.Owner, s.Brand.AppID, p.Customer.Id))
		}
		told := s.Place(t, s.by(ann, ""))
		other := s.Place(t, s.by("", bob))
		end(told)
		end(other)
		s.kit.MustNotify()
		if n := waiting(); n != 2 {
			t.Fatalf("%d messages wait", n)
		}
		erase(told) // the mail server was away all the time
		for apptest.Must(s.Orders.EraseOnce(ctx))(t) > 0 {
		}
		s.kit.MustNotify()
		if n := waiting(); n != 1 {
			t.Errorf("%d messages wait", n)
		}
		s.is(t, bob)
		late := s.Place(t, s.by("zoe@example.com", ""))
		end(late)
		erase(late) // at once, before the events are redacted
		s.is(t)
	})
}

// Another channel tells its customers itself.
func TestCustomersOfOtherChannelsAreNotTold(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		apptest.Must(s.Orders.Submit(ctx, s.Owner, s.Brand.AppID, wire.OrderIngestSubmitOrderRequest{
			StoreId: s.Store, CurrencyCode: wire.P(wire.CurrencyEUR), ChannelOrderId: "ch-1",
			Cart: &wire.IngestCart{LineItems: []wire.IngestLineItem{{
				ExternalId: wire.P(string(apptest.Margherita)), Name: wire.P("Pizza"), Quantity: wire.P(1), Price: &wire.IngestPrice{Amount: wire.P(wire.Decimal("9"))},
			}}},
			FulfillmentInfo: &wire.FulfillmentInfo{DispatchType: wire.DeliveryTypePickup},
			PaymentInfo:     &wire.IngestPaymentInfo{Paid: true, PaymentType: wire.P("paypal")},
			Contact:         &wire.IngestContact{PhoneNumber: wire.P("087 999 8877")},
		}))(t)
		s.is(t)
	})
}

// A sandbox is for developers: its customers, who may be anybody's numbers, are told nothing.
func TestNobodyIsToldBySandboxes(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		sandbox := s.Another(t)
		for range 20 { // and it may say as much as it likes
			sandbox.Place(t, sandbox.Basket())
		}
		s.kit.MustNotify()
		if n := count(t, s.DB, `select count(*) from mail_outbox`); n != 0 || len(s.kit.Mailbox.Messages()) != 20 {
			t.Errorf("%d messages wait, %d are in the mailbox", n, len(s.kit.Mailbox.Messages()))
		}
	})
}

// Whoever places orders with the numbers of others does not make a brand pay without end, nor fill a mailbox.
func TestMessagesAreLimited(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.kit.Notices = notice.New(s.DB, s.Log, s.Accounts, s.Stores, s.kit.Mail, notice.Config{Sandbox: s.kit.Mailbox, TextsOfBrand: 14, TextsOfAll: 100})
		for range 15 {
			s.Place(t, s.by("", bob))
			s.Place(t, s.by(ann, ""))
		}
		texts, mails, owners := s.sorted(t)
		if texts != 12 || mails != 12 || owners != 0 {
			t.Errorf("%d texts and %d mails to one customer each, %d to the owner", texts, mails, owners)
		}
		for i := range 5 {
			s.Place(t, s.by("", fmt.Sprintf("+35387999000%d", i)))
		}
		s.Place(t, s.by("carl@example.com", ""))
		texts, mails, owners = s.sorted(t)
		if texts != 2 || mails != 1 || owners != 1 {
			t.Errorf("then %d texts, %d mails, %d to the owner", texts, mails, owners)
		}
		if put, withheld := s.kit.Notices.Stats(); put != 27 || withheld != 9 {
			t.Errorf("%d put, %d withheld", put, withheld)
		}
		// The next day there are more, and no counts are left of this one.
		exec(t, s.DB, `update mail_counts set ends_at = $1`, clock.Micros(clock.Now()))
		if n := apptest.Must(s.kit.Mail.Sweep(ctx))(t); n == 0 || count(t, s.DB, `select count(*) from mail_counts`) != 0 {
			t.Errorf("%d counts swept", n)
		}
		s.Place(t, s.by("", bob))
		if texts, _, owners = s.sorted(t); texts != 1 || owners != 0 {
			t.Errorf("the next day %d texts, %d to the owner", texts, owners)
		}
	})
}

// sorted counts what was told to whom.
func (s *shop) sorted(t *testing.T) (texts, mails, owners int) {
	t.Helper()
	for _, m := range s.told(t) {
		switch {
		case strings.HasPrefix(m, "+"):
			texts++
		case strings.HasPrefix(m, apptest.Owner+"@"):
			owners++
		default:
			mails++
		}
	}
	return texts, mails, owners
}

func TestNoTextMessagesWhereTheyAreTurnedOff(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		for _, c := range []notice.Config{{TextsOfBrand: -1}, {TextsOfAll: -1}} {
			s.kit.Notices = notice.New(s.DB, s.Log, s.Accounts, s.Stores, s.kit.Mail, c)
			s.Place(t, s.by("", bob))
			s.Place(t, s.by(ann, ""))
			s.is(t, ann)
		}
	})
}

// Whatever node tells it, and however often they stop, each order is told once.
func TestRaceRestartsTellEachOrderOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		stop, ended := context.WithCancel(ctx)
		var workers, diners sync.WaitGroup
		workers.Go(func() { _ = s.Log.Run(stop) })
		workers.Go(func() {
			for stop.Err() == nil {
				short, cancel := context.WithTimeout(stop, 15*time.Millisecond)
				_ = s.kit.Notices.Run(short)
				cancel()
			}
		})
		const orders = 32
		for i := range orders {
			diners.Go(func() { s.Place(t, s.by("", fmt.Sprintf("+3538799910%02d", i))) })
		}
		diners.Wait()
		ended()
		workers.Wait()
		seen := map[string]int{}
		for _, m := range s.told(t) {
			to, _, _ := strings.Cut(m, " ")
			seen[to]++
		}
		for to, n := range seen {
			if n != 1 {
				t.Errorf("%s was told %d times", to, n)
			}
		}
		if len(seen) != orders {
			t.Errorf("%d of %d were told", len(seen), orders)
		}
	})
}
