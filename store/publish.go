package store

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/db"
	"comanda/wire"
)

// Publish shows a store to diners.
func (s *Stores) Publish(ctx context.Context, c *account.Caller, id int) error {
	return s.setPublished(ctx, c, id, true)
}

// Unpublish hides a store from diners. Orders that are under way go on.
func (s *Stores) Unpublish(ctx context.Context, c *account.Caller, id int) error {
	return s.setPublished(ctx, c, id, false)
}

func (s *Stores) setPublished(ctx context.Context, c *account.Caller, id int, published bool) error {
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		if doc.Store.IsPublished == published {
			return nil, nil
		}
		doc.Store.IsPublished = published
		return []eventOf{publication(c, published)}, nil
	})
	return err
}

// Archive puts a store away: it is on no list and takes no orders. [Stores.Update] brings it back.
func (s *Stores) Archive(ctx context.Context, c *account.Caller, id int) error {
	_, err := s.change(ctx, c, id, func(_ *Store, doc *document) ([]eventOf, error) {
		if doc.Store.IsArchived {
			return nil, nil
		}
		doc.Store.IsArchived = true
		return []eventOf{archiving(c, true)}, nil
	})
	return err
}

func publication(c *account.Caller, published bool) eventOf {
	return func(st *Store, base wire.EventBase) wire.Event {
		if published {
			return &wire.StorePublishedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Store: st.Wire(),
				Description: fmt.Sprintf("%s published the store %s.", c.EventName(), st.Name),
			}
		}
		return &wire.StoreUnpublishedEvent{
			EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Store: st.Wire(),
			Description: fmt.Sprintf("%s took the store %s off the storefront.", c.EventName(), st.Name),
		}
	}
}

func archiving(c *account.Caller, archived bool) eventOf {
	return func(st *Store, base wire.EventBase) wire.Event {
		if archived {
			return &wire.StoreArchivedEvent{
				EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Store: st.Wire(),
				Description: fmt.Sprintf("%s put the store %s into the archive.", c.EventName(), st.Name),
			}
		}
		return &wire.StoreUnarchivedEvent{
			EventBase: base, StoreId: st.ID, StoreGroupId: st.Group, User: c.EventUser(), Store: st.Wire(),
			Description: fmt.Sprintf("%s brought the store %s back from the archive.", c.EventName(), st.Name),
		}
	}
}

// AssignMenu makes a menu the one that a store sells from. Package menu calls it, after it made sure that the menu suits
// the store, and gives what holds the menu in the transaction.
func (s *Stores) AssignMenu(ctx context.Context, c *account.Caller, id, menuID int, menuName string, hold func(*db.Tx) error) error {
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
	}, hold)
	return err
}
