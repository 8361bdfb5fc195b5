package store

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/wire"
)

// Publish shows a store to diners.
func (s *Stores) Publish(ctx context.Context, c *account.Caller, id int) error {
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		if doc.Store.IsPublished {
			return nil, nil
		}
		doc.Store.IsPublished = true
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.StorePublishedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Store: st.Wire(),
				Description: fmt.Sprintf("%s published the store %s.", c.EventName(), st.Name),
			}
		}}, nil
	})
	return err
}

// Unpublish hides a store from diners. Orders that are under way go on.
func (s *Stores) Unpublish(ctx context.Context, c *account.Caller, id int) error {
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		if !doc.Store.IsPublished {
			return nil, nil
		}
		doc.Store.IsPublished = false
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.StoreUnpublishedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Store: st.Wire(),
				Description: fmt.Sprintf("%s took the store %s off the storefront.", c.EventName(), st.Name),
			}
		}}, nil
	})
	return err
}

// AssignMenu makes a menu the one that a store sells from. Package menu calls it, after it made sure that the menu suits
// the store.
func (s *Stores) AssignMenu(ctx context.Context, c *account.Caller, id, menuID int, menuName string) error {
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		if doc.Store.MenuId == menuID {
			return nil, nil
		}
		doc.Store.MenuId = menuID
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.StoreMenuAssignedEvent{
				EventBase: base, StoreId: st.ID, MenuId: menuID, User: c.EventUser(),
				Description: fmt.Sprintf("%s gave the store %s the menu %s.", c.EventName(), st.Name, menuName),
			}
		}}, nil
	})
	return err
}
