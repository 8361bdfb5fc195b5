package menu_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/wire"
)

func TestAMenuGoesBackToACheckpoint(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		m := s.create(t, wire.CreateFullMenu{Name: wire.P("Carta"), MenuSections: []wire.CreateFullMenuSection{{
			Name: wire.P("All"), MenuItems: []wire.CreateFullMenuSectionItem{{Name: wire.P("Pizza"), Price: dec("9.5")}},
		}}})
		section := m.Sections()[0]
		at := menu.Part{Menu: m.ID, Section: section.MenuSectionId, Item: section.Items[0].MenuItemId}
		rename := func(name string) {
			t.Helper()
			if err := s.menus.UpdateItem(ctx, s.owner, at, wire.MenuSectionItemBase{Name: &name}); err != nil {
				t.Fatal(err)
			}
		}
		names := func() (out []string) {
			t.Helper()
			all, err := s.menus.Checkpoints(ctx, s.owner, m.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				out = append(out, p.Name)
			}
			return out
		}
		rename("Pinsa")
		if got := names(); len(got) != 0 {
			t.Fatalf("a menu that was made a moment ago keeps %v", got)
		}
		clock.Shift(time.Hour)
		t.Cleanup(func() { clock.Shift(-time.Hour) })
		rename("Focaccia")
		rename("Calzone")
		if got := fmt.Sprint(names()); got != "[Version 2]" {
			t.Fatalf("after an hour's rest it keeps %v", got)
		}
		if name, _ := s.lastEvent(t); name != "menu.section_item.updated" {
			t.Error(name)
		}
		all, err := s.menus.Checkpoints(ctx, s.owner, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		whole := menu.Part{Menu: m.ID}
		if err := s.menus.Lock(ctx, s.owner, whole, true); err != nil {
			t.Fatal(err)
		}
		if err := s.menus.Restore(ctx, s.owner, whole, all[0].MenuCheckpointId); fault.KindOf(err) != fault.Conflict {
			t.Fatalf("a locked menu is restored: %v", err)
		}
		if err := s.menus.Lock(ctx, s.owner, whole, false); err != nil {
			t.Fatal(err)
		}
		if err := s.menus.Restore(ctx, s.owner, menu.Part{Menu: m.ID, Version: 3}, all[0].MenuCheckpointId); fault.KindOf(err) != fault.Conflict {
			t.Fatalf("a restore from an old version: %v", err)
		}
		if err := s.menus.Restore(ctx, s.owner, whole, all[0].MenuCheckpointId); err != nil {
			t.Fatal(err)
		}
		now := s.load(t, m.ID)
		if it := now.Sections()[0].Items[0]; it.Name != "Pinsa" || it.PublicId != section.Items[0].PublicId || now.Version != 7 {
			t.Errorf("%s at version %d", it.Name, now.Version)
		}
		if got := fmt.Sprint(names()); got != "[Version 6 Version 2]" {
			t.Errorf("what it was before the restore is not kept: %v", got)
		}
		for i := range 30 {
			if _, err := s.menus.Keep(ctx, s.owner, m.ID, fmt.Sprint("Try ", i)); err != nil {
				t.Fatal(err)
			}
		}
		if got := names(); len(got) != 30 || got[0] != "Try 29" || got[29] != "Try 0" {
			t.Errorf("it keeps %v", got)
		}
		if err := s.menus.Restore(ctx, s.owner, whole, all[0].MenuCheckpointId); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a checkpoint that is gone: %v", err)
		}
		if err := s.menus.Delete(ctx, s.owner, whole); err != nil {
			t.Fatal(err)
		}
	})
}
