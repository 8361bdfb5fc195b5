package menu_test

import (
	"context"
	"testing"
	"time"

	"comanda/internal/fault"
	"comanda/menu"
	"comanda/wire"
)

func TestWhatRevertsByItself(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		m := s.create(t, pizzeria())
		it := m.Sections()[0].Items[0]
		at := menu.Part{Menu: m.ID, Section: it.Section.MenuSectionId, Item: it.MenuItemId}
		set := func(after time.Duration, in wire.MenuSectionItemBase) {
			t.Helper()
			at.UndoAfter = after
			if err := s.menus.UpdateItem(ctx, s.owner, at, in); err != nil {
				t.Fatal(err)
			}
		}
		// takes runs on two nodes at once; one of them does it.
		takes := func(want int) *menu.Item {
			t.Helper()
			time.Sleep(5 * time.Millisecond)
			other := menu.New(s.db, s.log, s.accounts, s.stores)
			done := make(chan error, 1)
			head := s.head(t)
			go func() { _, err := other.TakeBack(ctx); done <- err }()
			_, err := s.menus.TakeBack(ctx)
			if e := <-done; err != nil || e != nil {
				t.Fatal(err, e)
			}
			if got := int(s.head(t) - head); got != want {
				t.Fatalf("%d events, want %d", got, want)
			}
			return s.load(t, m.ID).Item(it.PublicId)
		}
		off := wire.MenuSectionItemBase{IsAvailable: wire.P(false)}
		const soon = time.Millisecond

		// Two members go back at once, also in a locked menu, and another part stays.
		set(soon, wire.MenuSectionItemBase{IsAvailable: wire.P(false), Price: dec("5"), DepositReturnFee: dec("0.25")})
		if err := s.menus.Lock(ctx, s.owner, menu.Part{Menu: m.ID}, true); err != nil {
			t.Fatal(err)
		}
		got := takes(1)
		if !got.IsAvailable || got.Price != "9.9" || *got.DepositReturnFee != "0" {
			t.Fatalf("%+v", got.MenuSectionItem)
		}
		if name, body := s.lastEvent(t); name != "menu.section_item.updated" || body["Description"] != "Comanda changed the item Margherita of the menu Carta: made it available, set its price from 5 to 9.9." {
			t.Fatalf("%s %v", name, body["Description"])
		}
		if err := s.menus.Lock(ctx, s.owner, menu.Part{Menu: m.ID}, false); err != nil {
			t.Fatal(err)
		}

		// Later is later, and goes back to what was before the first.
		set(soon, off)
		set(time.Hour, off)
		if takes(0).IsAvailable {
			t.Fatal("it came back at the moment that was put off")
		}
		set(soon, off)
		if !takes(1).IsAvailable {
			t.Fatal("it did not come back")
		}

		// Off for good.
		set(soon, off)
		set(0, off)
		if takes(0).IsAvailable {
			t.Fatal("it came back although it was taken off for good")
		}

		// What is gone, or cannot be any more, is left.
		set(soon, wire.MenuSectionItemBase{IsAvailable: wire.P(true)})
		if err := s.menus.DeleteItem(ctx, s.owner, at); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		if n, err := s.menus.TakeBack(ctx); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := s.menus.TakeBack(ctx); n != 0 || err != nil {
			t.Fatal("what cannot be taken back is tried for ever", n, err)
		}
		wantFault(t, s.menus.UpdateItem(ctx, s.owner, at, off), fault.NotFound, "no item")
	})
}

func TestSectionsAndOptionsRevertToo(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		m := s.create(t, pizzeria())
		it := m.Sections()[0].Items[0]
		o := it.Sets[2].Options[0]
		at := menu.Part{Menu: m.ID, Section: it.Section.MenuSectionId, UndoAfter: time.Millisecond}
		if err := s.menus.UpdateSection(ctx, s.owner, at, wire.MenuSectionBase{IsHiddenFromCustomers: wire.P(true)}); err != nil {
			t.Fatal(err)
		}
		at.Item, at.Set, at.Option = it.MenuItemId, it.Sets[2].MenuItemOptionSetId, o.MenuItemOptionSetItemId
		if err := s.menus.UpdateOption(ctx, s.owner, at, wire.MenuItemOptionSetItemBase{Price: dec("0")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		if n, err := s.menus.TakeBack(ctx); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if now := s.load(t, m.ID); now.Option(o.PublicId).Price != "1.2" || now.Sections()[0].IsHiddenFromCustomers {
			t.Fatalf("%+v", now.Option(o.PublicId))
		}
	})
}
