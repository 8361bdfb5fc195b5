package order_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

func explained(s *apptest.Shop, id int) ([]byte, error) {
	return s.Orders.Explain(ctx, s.Owner, s.Brand.AppID, id)
}

func TestCalculationExplainsTheTotal(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		voucherOf(t, s, wire.VoucherTypeAddItem, wire.CreateVoucher{Code: code("DISH"), Promotion: &wire.CreatePromotion{Name: wire.P("Cola"), MenuItemPublicIds: []wire.UUID{apptest.Cola}}})
		b := s.Basket()
		b.Items = []order.BasketItem{item(apptest.Margherita, 2, apptest.Ham), item(apptest.Cola, 1, apptest.Small)}
		b.TipAmount, b.VoucherCode = wire.P(wire.Decimal("1.5")), code("DISH")
		p := s.Place(t, b)
		c := decode[order.Calculation](t, apptest.Must(explained(s, p.OrderId))(t))
		var got []string
		for _, l := range c.Lines {
			line := string(l.Kind) + " " + string(l.Amount)
			if l.Tax != nil {
				line += " " + l.Tax.Name + " " + string(l.Tax.Rate)
			}
			if l.NoVoucher {
				line += " spared"
			}
			got = append(got, line)
		}
		if strings.Join(got, ", ") != "Item 17 Food 13.5 spared, Option 3 Food 13.5 spared, Item 0 Drinks 23, Option 2.5 Drinks 23, Deposit 0.15, Voucher -2.5, Tip 1.5" || c.Amount != p.Amount {
			t.Errorf("%v make %s, and the order costs %s", got, c.Amount, p.Amount)
		}
		stranger := s.Another(t)
		_, err := stranger.Orders.Explain(ctx, stranger.Owner, stranger.Brand.AppID, p.OrderId)
		want(t, err, fault.NotFound)
		_, err = s.Orders.Explain(ctx, &account.Caller{Kind: account.System}, stranger.Brand.AppID, p.OrderId)
		want(t, err, fault.NotFound)
	})
}

// Whatever is ordered and whatever becomes of it: what is stored of an order comes to its total.
func TestStoredOrdersComeToTheirTotals(t *testing.T) {
	s := apptest.OpenShop(t, dbtest.SQLite(t))
	voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: code("THIRD"), PercentDiscountDetails: percent(33)})
	voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: code("LUMP"), LumpDiscountDetails: lump("7.77")})
	voucherOf(t, s, wire.VoucherTypeAddItem, wire.CreateVoucher{Code: code("DISH"), Promotion: &wire.CreatePromotion{Name: wire.P("Pizza"), MenuItemPublicIds: []wire.UUID{apptest.Margherita}}})
	apptest.Must(s.Stores.SetServiceCharge(ctx, s.Owner, s.Store, wire.ServiceCharge{PercentageValue: wire.P(wire.Decimal("12.5")), Enabled: wire.P(true)}))(t)
	steps := []string{"accepted", "dispatched", "refunded", "given another tip", "rejected after being accepted"}
	rapid.Check(t, func(rt *rapid.T) {
		b := s.Basket()
		b.Items = []order.BasketItem{item(apptest.Margherita, rapid.IntRange(1, 9).Draw(rt, "pizzas"), apptest.Olives, apptest.Ham)}
		if n := rapid.IntRange(0, 9).Draw(rt, "colas"); n > 0 {
			b.Items = append(b.Items, item(apptest.Cola, n, rapid.SampledFrom([]wire.UUID{apptest.Small, apptest.Large}).Draw(rt, "size")))
		}
		if rapid.Bool().Draw(rt, "lunch") {
			b.Items = append(b.Items, item(apptest.Lunch, 1, apptest.Steak, apptest.Rare))
		}
		if c := rapid.SampledFrom([]string{"", "THIRD", "LUMP", "DISH"}).Draw(rt, "voucher"); c != "" {
			b.VoucherCode = &c
		}
		p := s.Place(t, b)
		for _, step := range append([]string{"placed"}, rapid.SliceOfN(rapid.SampledFrom(steps), 0, 3).Draw(rt, "steps")...) {
			if step != "placed" {
				if err := actions[step](s, p); err != nil && fault.KindOf(err) != fault.Conflict {
					rt.Fatal(err)
				}
			}
			if err := s.Orders.Verify(ctx, s.Owner, p.OrderId); err != nil {
				rt.Fatalf("%s: %v", step, err)
			}
		}
	})
}

func TestVerifierFindsWhatDoesNotAgree(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		b := s.Basket()
		b.TipAmount = wire.P(wire.Decimal("2"))
		for _, c := range []struct{ column, from, to, says string }{
			{"doc", `"Amount":10.5`, `"Amount":10.51`, "Amount"},
			{"doc", `"Price":8.5`, `"Price":8.4`, "Margherita"},
			{"doc", `"TotalTax":1.01`, `"TotalTax":1.02`, "TotalTax"},
			{"doc", `"TaxAmount":1.01`, `"TaxAmount":1`, "tax of 100"},
			{"calculation", `"UnitAmount":8.5`, `"UnitAmount":8.6`, "lines come to"},
			{"calculation", `"TipAmount":2`, `"TipAmount":3`, "lines come to"},
			{"calculation", `"Rate":13.5`, `"Rate":13.6`, "lines come to"},
		} {
			p := s.Place(t, b)
			apptest.Must(0, s.Orders.Verify(ctx, s.Owner, p.OrderId))(t)
			apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
				n, err := tx.Exec(`update orders set `+c.column+` = replace(`+c.column+`, $2, $3) where order_id = $1 and `+c.column+` like '%' || $2 || '%'`, p.OrderId, c.from, c.to)
				if n != 1 {
					t.Errorf("nothing says %s", c.from)
				}
				return err
			}))(t)
			if err := s.Orders.Verify(ctx, s.Owner, p.OrderId); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s for %s: %v", c.to, c.from, err)
			}
		}
	})
}
