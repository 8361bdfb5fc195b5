package order_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/order"
	"comanda/wire"
)

// What other systems got wrong. Races among them are run COMANDA_RACE_ROUNDS times.

func TestRaceRegressionOneUseVoucherUsedTwice(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for round := range rounds(t) {
			c := fmt.Sprint("SINGLE-", round)
			id := voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: &c, LumpDiscountDetails: lump("2"), MaxRedemptions: wire.P(1)})
			var won atomic.Int32
			parallel(32, func(i int) {
				b := s.Basket()
				b.VoucherCode, b.Contact = &c, &order.Contact{PhoneNumber: wire.P(fmt.Sprintf("+35387%07d", 2_000_000+i))}
				if _, err := place(s, b); err == nil {
					won.Add(1)
				} else {
					want(t, err, fault.Conflict)
				}
			})
			if n, _ := used(t, s, id); won.Load() != 1 || n != 1 {
				t.Fatalf("round %d: %d orders, %d uses", round, won.Load(), n)
			}
		}
	})
}

func TestRegressionOverRefundInTwoSteps(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		p := brought(t, s, wire.OrderStateAcceptedByRestaurant) // 8.50
		refund := func(d wire.Decimal) error {
			return s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: d})
		}
		apptest.Must(0, refund("8"))(t)
		want(t, refund("0.51"), fault.Conflict, "0.50 EUR")
		apptest.Must(0, refund("0.5"))(t)
		if o := stored(t, s, p.OrderId); wire.V(o.RefundedAmount) != "8.5" {
			t.Errorf("%v refunded", o.RefundedAmount)
		}
	})
}

func TestRaceRegressionOverRefundInParallel(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		nodes := []*apptest.Shop{s, s.Node()}
		for round := range rounds(t) {
			p := brought(t, s, wire.OrderStateAcceptedByRestaurant) // 8.50
			var won atomic.Int32
			parallel(32, func(i int) {
				err := nodes[i%2].Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "3"})
				if err == nil {
					won.Add(1)
				} else {
					want(t, err, fault.Conflict)
				}
			})
			sum := number(t, s, `select coalesce(sum(amount), 0) from order_refunds where order_id = $1`, p.OrderId)
			if o := stored(t, s, p.OrderId); won.Load() != 2 || sum != 600 || wire.V(o.RefundedAmount) != "6" {
				t.Fatalf("round %d: %d refunds of 3.00, %d in sum, %v told", round, won.Load(), sum, o.RefundedAmount)
			}
		}
	})
}

func TestRegressionFullRefundIsTheTotalExactly(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("THIRD"), PercentDiscountDetails: percent(33)})
		b := feast(s)
		b.VoucherCode, b.TipAmount = code("THIRD"), wire.P(wire.Decimal("0.01"))
		for range 2 {
			p := s.Place(t, b)
			apptest.Must(0, actions["accepted"](s, p))(t)
			cent := parse(t, p.Amount) + 1
			want(t, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: cent.Decimal("EUR")}), fault.Invalid, "RefundAmount")
			apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: p.Amount}))(t)
			if o := stored(t, s, p.OrderId); wire.V(o.RefundedAmount) != p.Amount || o.OrderState != wire.OrderStateAcceptedAndRefunded {
				t.Errorf("%v of %s, %s", o.RefundedAmount, p.Amount, o.OrderState)
			}
			b.Items[0].Quantity = 7
		}
	})
}

func TestRegressionRequiredOptionSkipped(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		for _, it := range []order.BasketItem{
			item(apptest.Cola, 1),
			item(apptest.Lunch, 1, apptest.Water),
			item(apptest.Lunch, 1, apptest.Steak, apptest.Water),
			item(apptest.Cola, 1, apptest.Small, apptest.Large),
		} {
			b := s.Basket()
			b.Items = []order.BasketItem{it}
			_, err := place(s, b)
			want(t, err, fault.Invalid, "Items[0].Options")
		}
	})
}

func TestRegressionNegativeItemByNegativeOptionPrice(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		m := apptest.Must(s.Menus.Load(ctx, s.Menu))(t)
		it := m.Item(apptest.Margherita)
		set := it.Sets[0]
		at := menu.Part{Menu: s.Menu, Section: it.Section.MenuSectionId, Item: it.MenuItemId, Set: set.MenuItemOptionSetId, Option: set.Options[0].MenuItemOptionSetItemId}
		err := s.Menus.UpdateOption(ctx, s.Owner, at, wire.MenuItemOptionSetItemBase{Price: wire.P(wire.Decimal("-9"))})
		want(t, err, fault.Invalid, "Price")
		// Should one be stored all the same, nothing is sold by it.
		apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
			n, err := tx.Exec(`update menus set doc = replace(doc, '"Price":1.5', '"Price":-9') where id = $1`, s.Menu)
			if err == nil && n != 1 {
				t.Error("no menu is changed")
			}
			return err
		}))(t)
		b := s.Basket()
		b.Items = []order.BasketItem{item(apptest.Margherita, 1, apptest.Ham)}
		_, err = place(s.Node(), b)
		want(t, err, fault.Conflict, "cannot be sold", "Ham")
	})
}

func TestRegressionTenPercentOnManyUnitsIsExact(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("TEN"), PercentDiscountDetails: percent(10)})
		b := s.Basket()
		b.VoucherCode = code("TEN")
		b.Items = []order.BasketItem{item(apptest.Margherita, 99, apptest.Anchovies), item(apptest.Margherita, 37, apptest.Olives)}
		p := s.Place(t, b) // 99 × 9.70 + 37 × 9.50 = 1311.80
		if p.Amount != "1180.62" || p.Voucher.Amount != "-131.18" || p.OrderItemsAmount != "1311.8" {
			t.Errorf("%s off %s make %s", p.Voucher.Amount, p.OrderItemsAmount, p.Amount)
		}
		apptest.Must(0, s.Orders.Verify(ctx, s.Owner, p.OrderId))(t)
	})
}

// A transaction that fails after all that can be prepared leaves no event, no use of a voucher, no key.
func TestRegressionNoEventOfATransactionThatRollsBack(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		id := voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: code("ONE"), LumpDiscountDetails: lump("1"), MaxRedemptions: wire.P(1)})
		rename := func(from, to string) {
			apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`alter table ` + from + ` rename to ` + to)
				return err
			}))(t)
		}
		b := s.Basket()
		b.VoucherCode = code("ONE")
		diner := apptest.Diner()
		before, head := counts(t, s), s.Head(t)
		rename("order_deadlines", "away") // the last statement before the events needs it
		if _, err := s.Orders.Place(ctx, diner, s.Brand.AppID, b); fault.KindOf(err) != fault.Internal {
			t.Errorf("%v", err)
		}
		rename("away", "order_deadlines")
		if n, _ := used(t, s, id); n != 0 || names(s.Events(t, head)) != "" || counts(t, s) != before {
			t.Errorf("%d uses, events %s, rows %v", n, names(s.Events(t, head)), counts(t, s))
		}
		apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t)
		if got := names(s.Events(t, head)); got != "order.created voucher.applied" {
			t.Errorf("events %s", got)
		}
	})
}

// Nothing brings a cancelled order back: no answer, no deadline, no repeat of the call that placed it.
func TestRegressionCancelledOrderComesBack(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b, diner := s.Basket(), apptest.Diner()
		answer := apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t)
		p := decode[order.PlacedOrder](t, answer)
		apptest.Must(0, s.Orders.CallOff(ctx, s.Owner, p.OrderId, order.Cancellation{}))(t)
		for name, act := range actions {
			if err := act(s, p); err == nil || fault.KindOf(err) == fault.Internal {
				t.Errorf("%s: %v", name, err)
			}
		}
		if again := apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t); string(again) != string(answer) {
			t.Errorf("a repeat is answered %s", again)
		}
		pass(t, s, time.Hour)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateCancelled || counts(t, s)[0] != 1 {
			t.Errorf("%s, %d orders", o.OrderState, counts(t, s)[0])
		}
	})
}

func TestRaceRegressionParallelOrdersOfOnePopularDish(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		nodes := []*apptest.Shop{s, s.Node()}
		for range rounds(t) {
			before := counts(t, s)[0]
			parallel(32, func(i int) {
				b := s.Basket()
				b.Contact = &order.Contact{PhoneNumber: wire.P(fmt.Sprintf("+35387%07d", 3_000_000+i))}
				caller := &account.Caller{Kind: account.Anonymous, Idempotent: apptest.Diner().Idempotent}
				if _, err := nodes[i%2].Orders.Place(ctx, caller, s.Brand.AppID, b); err != nil {
					t.Error(err)
				}
			})
			if n := counts(t, s)[0] - before; n != 32 {
				t.Fatalf("%d orders", n)
			}
		}
	})
}
