package menu_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"comanda/internal/dbtest"
	"comanda/menu"
	"comanda/wire"
)

// What an order pays for its menu: the version query of Load, and the diner's view of a menu of 400 items.
func BenchmarkMenu(b *testing.B) {
	s := shopOn(b, dbtest.SQLite(b))
	in := wire.CreateFullMenu{Name: wire.P("Carta")}
	for i := range 20 {
		sec := wire.CreateFullMenuSection{Name: wire.P(fmt.Sprint("Section ", i))}
		for j := range 20 {
			sec.MenuItems = append(sec.MenuItems, pizzeria().MenuSections[1].MenuItems[0])
			sec.MenuItems[j].Name = wire.P(fmt.Sprint("Dish ", i, " ", j))
		}
		in.MenuSections = append(in.MenuSections, sec)
	}
	in.TaxRates = pizzeria().TaxRates
	m := s.create(b, in)
	ctx := context.Background()
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.menus.Load(ctx, m.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("for customer", func(b *testing.B) {
		now, loc := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), s.euro.Location()
		for b.Loop() {
			m.ForCustomer(now, loc)
		}
	})
	b.Run("update an item", func(b *testing.B) {
		sec := m.Sections()[0]
		for i := 0; b.Loop(); i++ {
			err := s.menus.UpdateItem(ctx, s.owner, menu.Part{Menu: m.ID, Section: sec.MenuSectionId, Item: sec.Items[0].MenuItemId}, wire.MenuSectionItemBase{Price: dec(fmt.Sprint(i % 100))})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
