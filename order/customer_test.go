package order_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

// by is the shop's basket, ordered by somebody.
func by(s *apptest.Shop, name, phone, mail string) order.Basket {
	b := s.Basket()
	b.Contact = &order.Contact{Name: wire.P(name), PhoneNumber: wire.P(phone), EmailAddress: wire.P(mail)}
	return b
}

func TestWhoseAnOrderIs(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		node := s.Node() // it remembers nothing
		for _, c := range []struct {
			phone, mail string
			who         int // 0 is Ann of the kit, whose phone number is known; then who came after her
			told        string
		}{
			{"+353 87 1234567", "", 0, ""},
			{"087 123 4567", "Ann@Example.com", 0, "customer.updated "},
			{"", "ann@example.COM", 0, ""},
			{"087 123 4567", "ann.work@example.com", 0, ""},                  // she has an address: another one changes nothing
			{"087 765 4321", "ann@example.com", 1, "customer.created "},      // another phone number is somebody else's
			{"087 765 4321", "", 1, ""},                                      // who has no address: it is hers
			{"", "bob@example.com", 2, "customer.created "},                  //
			{"086 111 1111", "bob@example.com", 2, "customer.updated "},      // whose number was not known
			{"086 111 1111", "carl@example.com", 2, ""},                      //
			{"086 222 2222", "carl@example.com", 3, "customer.created "},     // nobody's yet, for Bob did not get it
			{"086 111 1111", "carl@example.com", 2, ""},                      // the phone number goes before the address
			{"087 123 4567", strings.Repeat("a", 9) + "@example.com", 0, ""}, //
		} {
			for _, at := range []*apptest.Shop{s, node, s} {
				head := s.Head(t)
				p := at.Place(t, by(s, "Ann", c.phone, c.mail))
				if p.Customer.Id != s.Customer+c.who {
					t.Errorf("%s %s: customer %d, want %d", c.phone, c.mail, p.Customer.Id, s.Customer+c.who)
				}
				if told := names(s.Events(t, head)); told != c.told+"order.created" {
					t.Errorf("%s %s: %s", c.phone, c.mail, told)
				}
				if p.Customer.EmailAddress != c.mail {
					t.Errorf("the order has the address %q", p.Customer.EmailAddress)
				}
				c.told = ""
			}
		}
		other := s.Another(t)
		if d := other.Place(t, other.Basket()).Customer.Id; d == s.Customer {
			t.Error("two brands share a customer")
		}
	})
}

func TestNewCustomersFirstOrdersInParallelMakeOneCustomer(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		ids := make([]int, 32)
		head := s.Head(t)
		parallel(len(ids), func(i int) { ids[i] = s.Place(t, by(s, "Bob", "087 765 4321", "bob@example.com")).Customer.Id })
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("%v", ids)
			}
		}
		if told := names(s.Events(t, head)); strings.Count(told, "customer.created") != 1 || !strings.HasPrefix(told, "customer.created order.created") {
			t.Error(told)
		}
	})
}

func TestHowACustomerMayPay(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cash := func(on bool) {
			apptest.Must(s.Customers.Update(ctx, s.Owner, s.Brand.AppID, s.Customer, wire.CustomerUpdateModel{CashOrdersEnabled: &on}))(t)
		}
		s.Place(t, s.Basket())
		cash(false)
		before := counts(t, s)
		_, err := place(s, s.Basket())
		want(t, err, fault.Invalid, "Payment.Method", "no cash from this customer")
		if counts(t, s) != before {
			t.Error("something was stored")
		}
		cash(true)
		s.Place(t, s.Basket())
	})
}

func TestConsentComesWithTheOrder(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for _, c := range []struct {
			says *bool
			told string
		}{{nil, ""}, {wire.P(false), ""}, {wire.P(true), "customer.consent.updated "}, {nil, ""}, {wire.P(true), ""}, {wire.P(false), "customer.consent.updated "}} {
			head := s.Head(t)
			b := s.Basket()
			b.Contact.MarketingEnabled = c.says
			s.Place(t, b)
			if told := names(s.Events(t, head)); told != c.told+"order.created" {
				t.Error(told)
			}
		}
		all := apptest.Must(s.Customers.Consents(ctx, s.Owner, s.Brand.AppID, s.Customer))(t)
		if len(all) != 2 || all[0].Marketing || !all[1].Marketing || !strings.HasPrefix(all[1].Source, "order ") || all[1].Account != 0 || all[1].Said.IsZero() {
			t.Errorf("%+v", all)
		}
	})
}

// A quote that says whose it is tells what the order would be told.
func TestQuotesJudgeVouchersOfTheirCustomer(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		first := wire.CreateVoucher{Code: code("FIRST"), LumpDiscountDetails: lump("2"), IsValidForFirstOrderOnly: wire.P(true)}
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, first)
		alone := wire.CreateVoucher{Code: code("ANNS"), LumpDiscountDetails: lump("1"), CustomerId: &s.Customer, IsAutomaticallyApplied: wire.P(true)}
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, alone)
		quote := func(b order.Basket) (order.Calculation, error) {
			b.Payment = nil
			return s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b)
		}
		s.Place(t, s.Basket())
		with := s.Basket()
		with.VoucherCode = code("FIRST")
		_, err := quote(with)
		want(t, err, fault.Conflict, "VoucherCode", "first order")
		with.Contact = by(s, "Bob", "087 765 4321", "").Contact
		if c := apptest.Must(quote(with))(t); c.Voucher == nil || c.Voucher.Code != "FIRST" {
			t.Errorf("somebody new gets %+v", c.Voucher)
		}
		with.Contact = nil
		if c := apptest.Must(quote(with))(t); c.Voucher == nil {
			t.Error("nobody in particular gets nothing")
		}
		if c := apptest.Must(quote(s.Basket()))(t); c.Voucher == nil || c.Voucher.Code != "ANNS" {
			t.Errorf("Ann gets %+v", c.Voucher)
		}
		if c := apptest.Must(quote(by(s, "Bob", "087 765 4321", "")))(t); c.Voucher != nil {
			t.Errorf("Bob gets %+v", c.Voucher)
		}
		_, err = quote(by(s, "Bob", "twelve", ""))
		want(t, err, fault.Invalid, "Contact.PhoneNumber", "phone number")
		before := counts(t, s)
		apptest.Must(quote(by(s, "New", "086 333 3333", "new@example.com")))(t)
		if counts(t, s) != before {
			t.Error("a quote stored something")
		}
	})
}

// Two vouchers for a first order at the same time: the lock of the customer lets one of them be it.
func TestRaceTwoFirstOrders(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		const vouchers = 4
		for i := range vouchers {
			voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{
				Code: code(fmt.Sprint("FIRST-", i)), LumpDiscountDetails: lump("2"), IsValidForFirstOrderOnly: wire.P(true),
			})
		}
		for round := range rounds(t) {
			b := by(s, "New", fmt.Sprintf("+353 86 %07d", round), "")
			if round%2 == 0 { // known, without an order
				apptest.Must(s.Customers.Create(ctx, s.Owner, s.Brand.AppID, wire.CustomerCreateModel{PhoneNumber: b.Contact.PhoneNumber}))(t)
			}
			var mu sync.Mutex
			placed := 0
			parallel(32, func(i int) {
				b := b
				b.VoucherCode = code(fmt.Sprint("FIRST-", i%vouchers))
				_, err := place(s, b)
				if err == nil {
					mu.Lock()
					placed++
					mu.Unlock()
				} else if fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
			if placed != 1 {
				t.Fatalf("round %d: %d first orders", round, placed)
			}
		}
	})
}
