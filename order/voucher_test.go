package order_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

// voucherOf makes a voucher of the shop and returns its id.
func voucherOf(t *testing.T, s *apptest.Shop, kind wire.VoucherType, in wire.CreateVoucher) int {
	t.Helper()
	in.VoucherType = &kind
	return apptest.Must(s.Vouchers.Create(ctx, s.Owner, s.Brand.AppID, in))(t).VoucherId
}

func percent(n int) *wire.PercentDiscountDetails {
	return &wire.PercentDiscountDetails{PercentageDiscount: &n}
}

func lump(amount string) *wire.LumpDiscountDetails {
	return &wire.LumpDiscountDetails{DiscountAmount: wire.P(wire.Decimal(amount))}
}

func code(c string) *string { return &c }

// used is how often a voucher is used now, and what is left of its credit.
func used(t *testing.T, s *apptest.Shop, id int) (uses int, credit string) {
	t.Helper()
	v := apptest.Must(s.Vouchers.Get(ctx, s.Owner, id))(t)
	if v.CreditNoteDetails != nil {
		credit = string(*v.CreditNoteDetails.RemainingCredit)
	}
	return *v.TotalUsed, credit
}

// feast is 2 margheritas of 8.50, and a small cola of 2.50 with 0.15 deposit: 19.50 without the deposit.
func feast(s *apptest.Shop) order.Basket {
	b := s.Basket()
	b.Items = []order.BasketItem{
		{MenuItemPublicId: apptest.Margherita, Quantity: 2},
		{MenuItemPublicId: apptest.Cola, Quantity: 1, Options: []order.BasketOption{{MenuItemOptionPublicId: apptest.Small}}},
	}
	return b
}

func TestWhatVouchersTakeOff(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("TEN"), PercentDiscountDetails: percent(10)})
		capped := percent(50)
		capped.MaxDiscountAmount = wire.P(wire.Decimal("3.33"))
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("CAPPED"), PercentDiscountDetails: capped})
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("ALL"), PercentDiscountDetails: percent(100)})
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: code("FIVE"), LumpDiscountDetails: lump("5")})
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: code("HUGE"), LumpDiscountDetails: lump("500")})
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: code("EXACT"), LumpDiscountDetails: lump("1"), ValidOnOrdersOver: wire.P(wire.Decimal("19.5"))})
		voucherOf(t, s, wire.VoucherTypeAddItem, wire.CreateVoucher{Code: code("DISH"), Promotion: &wire.CreatePromotion{
			Name: wire.P("A dish on us"), MenuItemPublicIds: []wire.UUID{apptest.Cola, apptest.Margherita},
		}})
		for _, c := range []struct{ code, off, amount string }{
			{"ten", "-1.95", "17.7"},
			{"CAPPED", "-3.33", "16.32"},
			{"ALL", "-19.5", "0.15"},
			{" Five ", "-5", "14.65"},
			{"HUGE", "-19.5", "0.15"},
			{"EXACT", "-1", "18.65"},
			{"DISH", "-8.5", "11.15"},
		} {
			b := feast(s)
			b.VoucherCode = code(c.code)
			q := apptest.Must(s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b))(t)
			if string(q.VoucherAmount) != c.off || string(q.Amount) != c.amount || q.Voucher == nil || q.Voucher.Amount != q.VoucherAmount {
				t.Errorf("%s takes off %s of %s, %+v; want %s of %s", c.code, q.VoucherAmount, q.Amount, q.Voucher, c.off, c.amount)
			}
			b.ExpectedAmount = &q.Amount
			head := s.Head(t)
			p := s.Place(t, b)
			if p.Voucher == nil || *p.Voucher != *q.Voucher || p.Amount != q.Amount {
				t.Errorf("%s: placed with %+v at %s", c.code, p.Voucher, p.Amount)
			}
			events := s.Events(t, head)
			if len(events) != 2 || events[1].Name != "voucher.applied" || events[1].Subject != fmt.Sprintf("order/%d", p.OrderId) {
				t.Errorf("%s: events %+v", c.code, events)
			}
		}
	})
}

func TestAutomaticVouchers(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		auto := func(c, amount string, priority bool) {
			voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: &c, LumpDiscountDetails: lump(amount), IsAutomaticallyApplied: wire.P(true), TakesPriority: &priority, IsValidForDeliveryOrders: wire.P(amount == "9")})
		}
		applied := func(want string) {
			t.Helper()
			q := apptest.Must(s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, feast(s)))(t)
			if got := q.Voucher; want == "" && got != nil || want != "" && (got == nil || got.Code != want) {
				t.Errorf("%+v is applied, want %q", got, want)
			}
		}
		applied("")
		auto("ONE", "1", false)
		auto("THREE", "3", false)
		auto("TWO", "2", false)
		applied("THREE")
		auto("PRIORITY", "0.5", true)
		applied("PRIORITY")
		b := feast(s)
		b.VoucherCode = code("ONE")
		if q := apptest.Must(s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b))(t); q.Voucher.Code != "ONE" {
			t.Errorf("a code has %+v", q.Voucher)
		}
	})
}

func TestVouchersThatDoNotHold(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		other := s.AddStore(t, "Elsewhere")
		bob := s.Place(t, by(s, "Bob", "087 765 4321", "")).Customer.Id
		no := wire.P(false)
		for i, c := range []struct {
			in    wire.CreateVoucher
			kind  fault.Kind
			words string
		}{
			{wire.CreateVoucher{IsEnabled: no}, fault.Conflict, "not in use"},
			{wire.CreateVoucher{StartDate: wire.P(wire.At(s.Brand.Now().AddDate(1, 0, 0)))}, fault.Conflict, "begins at"},
			{wire.CreateVoucher{StartDate: wire.P(wire.At(s.Brand.Now().AddDate(-1, 0, 0))), ExpiryDate: wire.P(wire.At(s.Brand.Now()))}, fault.Conflict, "ended at"},
			{wire.CreateVoucher{Stores: []int{other}}, fault.Invalid, "Dame Street"},
			{wire.CreateVoucher{IsValidForPickupOrders: no}, fault.Invalid, "deliveries"},
			{wire.CreateVoucher{IsValidForOrdersPayedByCash: no}, fault.Invalid, "in cash"},
			{wire.CreateVoucher{ChannelRestrictions: []wire.ChannelRestrictions{wire.ChannelRestrictionsKiosk}}, fault.Invalid, "Kiosk"},
			{wire.CreateVoucher{ValidOnOrdersOver: wire.P(wire.Decimal("8.51"))}, fault.Invalid, "from 8.51 EUR"},
			{wire.CreateVoucher{CustomerId: wire.P(bob)}, fault.Invalid, "no voucher"},
			{wire.CreateVoucher{ValidityPeriods: []wire.ValidityPeriod{{
				DayOfWeek: wire.P(wire.DayOfWeek(s.Brand.Now().AddDate(0, 0, 3).Weekday().String())), StartTime: wire.P("10:00"), EndTime: wire.P("12:00"),
			}}}, fault.Invalid, "another time"},
		} {
			c.in.Code, c.in.PercentDiscountDetails = code(fmt.Sprint("NO-", i)), percent(10)
			voucherOf(t, s, wire.VoucherTypePercentageDiscount, c.in)
			b := s.Basket()
			b.VoucherCode = c.in.Code
			_, err := s.Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, b)
			want(t, err, c.kind, "VoucherCode", c.words)
		}
		voucherOf(t, s, wire.VoucherTypeAddItem, wire.CreateVoucher{Code: code("COLA"), Promotion: &wire.CreatePromotion{Name: wire.P("Cola"), MenuItemPublicIds: []wire.UUID{apptest.Cola}}})
		b := s.Basket()
		b.VoucherCode = code("COLA")
		_, err := s.Orders.Quote(ctx, apptest.Diner(), s.Brand.AppID, b)
		want(t, err, fault.Invalid, "VoucherCode", "gives Cola for free")
	})
}

// A use follows its order: taken when it is placed, given back when it comes to nothing, kept when it is refunded.
func TestUsesFollowTheirOrders(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		note := voucherOf(t, s, wire.VoucherTypeCreditNote, wire.CreateVoucher{Code: code("NOTE"), CreditNoteDetails: &wire.CreditNoteDetails{RemainingCredit: wire.P(wire.Decimal("12"))}})
		once := voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("ONCE"), PercentDiscountDetails: percent(10), IsValidOncePerCustomer: wire.P(true)})
		first := voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("FIRST"), PercentDiscountDetails: percent(20), IsValidForFirstOrderOnly: wire.P(true), MaxRedemptions: wire.P(9)})
		check := func(id, uses int, credit string) {
			t.Helper()
			if n, c := used(t, s, id); n != uses || c != credit {
				t.Errorf("%d uses, credit %q; want %d, %q", n, c, uses, credit)
			}
		}
		with := func(c string) order.Basket { b := s.Basket(); b.VoucherCode = &c; return b }
		reject := wire.Reject{RejectReason: wire.RejectReasonTooBusy}

		p := s.Place(t, with("FIRST"))
		_, err := s.Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, with("FIRST"))
		want(t, err, fault.Conflict, "first order")
		apptest.Must(0, s.Orders.Reject(ctx, s.Owner, p.OrderId, reject))(t)
		check(first, 0, "")
		s.Place(t, with("FIRST")) // the rejected one does not count
		check(first, 1, "")

		p = s.Place(t, with("NOTE")) // 8.50 of 12
		check(note, 1, "3.5")
		if p2 := s.Place(t, with("NOTE")); p2.Voucher.Amount != "-3.5" {
			t.Errorf("%+v", p2.Voucher)
		}
		check(note, 2, "0")
		_, err = s.Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, with("NOTE"))
		want(t, err, fault.Conflict, "used up")
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		apptest.Must(0, s.Orders.RejectAccepted(ctx, s.Owner, p.OrderId, reject))(t)
		check(note, 1, "8.5")

		p = s.Place(t, with("ONCE"))
		_, err = s.Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, with("ONCE"))
		want(t, err, fault.Conflict, "has used it")
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: p.Amount}))(t)
		check(once, 1, "")
	})
}

// rounds is how often the races are run: COMANDA_RACE_ROUNDS, else a few.
func rounds(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("COMANDA_RACE_ROUNDS")); err == nil {
		return n
	}
	return 3
}

// Of 32 orders at the same time for a voucher with n uses, n get one; the others are told that it is used up.
func TestRaceForTheLastUse(t *testing.T) {
	const racers = 32
	each(t, func(t *testing.T, s *apptest.Shop) {
		shops := []*apptest.Shop{s, s.Node()}
		for round := range rounds(t) {
			most := 1 + round%3
			c := fmt.Sprint("LAST-", round)
			id := voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: &c, LumpDiscountDetails: lump("2"), MaxRedemptions: &most})
			var mu sync.Mutex
			placed := 0
			var wg sync.WaitGroup
			for i := range racers {
				wg.Go(func() {
					b := s.Basket()
					b.VoucherCode, b.Contact.PhoneNumber = &c, code(fmt.Sprintf("+353 87 %07d", 1000000+i))
					_, err := shops[i%len(shops)].Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, b)
					mu.Lock()
					defer mu.Unlock()
					f := (*fault.Error)(nil)
					switch {
					case err == nil:
						placed++
					case !errors.As(err, &f) || f.Kind != fault.Conflict:
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			wg.Wait()
			if uses, _ := used(t, s, id); placed != most || uses != most {
				t.Fatalf("round %d: %d orders and %d uses of %d", round, placed, uses, most)
			}
		}
	})
}

// One customer who orders 32 times at once uses a voucher for once per customer, or for the first order, once.
func TestOncePerCustomerHoldsInARace(t *testing.T) {
	const racers = 32
	each(t, func(t *testing.T, s *apptest.Shop) {
		for i, in := range []wire.CreateVoucher{{IsValidOncePerCustomer: wire.P(true)}, {IsValidForFirstOrderOnly: wire.P(true)}} {
			in.Code, in.PercentDiscountDetails = code(fmt.Sprint("ONCE-", i)), percent(10)
			id := voucherOf(t, s, wire.VoucherTypePercentageDiscount, in)
			var wg sync.WaitGroup
			for range racers {
				wg.Go(func() {
					b := s.Basket()
					b.VoucherCode, b.Contact.PhoneNumber = in.Code, code(fmt.Sprintf("+353 87 123 000%d", i))
					_, err := s.Orders.Place(ctx, &account.Caller{Kind: account.Anonymous, Idempotent: apptest.Diner().Idempotent}, s.Brand.AppID, b)
					if err != nil && fault.KindOf(err) != fault.Conflict {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if uses, _ := used(t, s, id); uses != 1 {
				t.Errorf("%s: %d uses", *in.Code, uses)
			}
		}
	})
}

// A voucher without a code whose one use is given back, or whose credit grew, is seen by the next order: nobody is charged more
// because this process remembers what was.
func TestWhatIsGivenBackIsTakenOffAgain(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{LumpDiscountDetails: lump("3"), IsAutomaticallyApplied: wire.P(true), MaxRedemptions: wire.P(1)})
		for range 3 {
			p := s.Place(t, s.Basket())
			if p.Amount != "5.5" {
				t.Fatalf("costs %s", p.Amount)
			}
			if other := s.Place(t, s.Basket()); other.Amount != "8.5" {
				t.Fatalf("used twice: %s", other.Amount)
			}
			apptest.Must(0, s.Orders.Reject(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
		}
	})
}
