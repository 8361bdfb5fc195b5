package webhook

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/revision"
	"comanda/wire"
)

// edit is one change of a subscription inside its transaction; false means that somebody changed it first.
type edit func(tx *db.Tx) (bool, error)

// change runs one change of a subscription and reports it in the log. plan gets the subscription as it is and returns the
// edit, nil when there is nothing to change; it runs again when somebody was faster.
func (w *Webhooks) change(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, report wire.Event,
	plan func(account.Brand, *Subscription) (edit, error),
) error {
	for range 5 {
		b, s, err := w.open(ctx, c, appID, oauthAppID, id)
		if err != nil {
			return err
		}
		if err := revision.Check(ctx, s.Revision, "this webhook subscription"); err != nil {
			return err
		}
		do, err := plan(b, s)
		if err != nil || do == nil {
			return err
		}
		rec, err := record(b, c, s, report)
		if err != nil {
			return err
		}
		done := false
		err = w.db.Write(ctx, func(tx *db.Tx) (err error) {
			if done, err = do(tx); err != nil || !done {
				return err
			}
			w.log.Append(tx, rec)
			return w.touch(tx, s.ID)
		})
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				err = fmt.Errorf("webhook: change %d: %w", id, err)
			}
			return err
		}
		if done {
			return nil
		}
	}
	return fault.New(fault.Conflict, "The webhook subscription is being changed by others at this moment.").With("Try again.")
}

// Update changes a subscription; absent members stay as they are. What is pending goes to the new URL. Disabling drops
// what is pending; enabling starts with what happens after it.
func (w *Webhooks) Update(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, in wire.WebhookSubscription) error {
	return w.update(ctx, c, appID, oauthAppID, id, in, false)
}

// UpdateVerified is Update after a new URL has answered that it wants to receive events. Nothing changes when it does not.
func (w *Webhooks) UpdateVerified(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, in wire.WebhookSubscription) error {
	return w.update(ctx, c, appID, oauthAppID, id, in, true)
}

func (w *Webhooks) update(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, in wire.WebhookSubscription, verify bool,
) error {
	return w.change(ctx, c, appID, oauthAppID, id, &wire.WebhookSubscriptionUpdatedEvent{}, func(b account.Brand, s *Subscription) (edit, error) {
		was, had := *s, s.EventNames()
		bad := &fault.Collector{}
		if in.Version != nil {
			s.Version = checkVersion(bad, *in.Version)
		}
		if in.CallbackUrl != nil && *in.CallbackUrl != s.CallbackURL {
			s.CallbackURL = *in.CallbackUrl
			w.checkURL(bad, b, s.CallbackURL)
		}
		if in.VerifyToken != nil {
			s.VerifyToken = *in.VerifyToken
			checkToken(bad, s.VerifyToken)
		}
		if in.Enabled != nil {
			s.Enabled = *in.Enabled
		}
		names := had
		if in.EventNames != nil {
			names = checkNames(bad, in.EventNames)
		}
		if err := bad.Err(); err != nil {
			return nil, err
		}
		if verify && s.CallbackURL != was.CallbackURL {
			if err := w.verify(ctx, c, b, s); err != nil {
				return nil, err
			}
			verify = false // once, also when the change is made again
		}
		return func(tx *db.Tx) (bool, error) {
			n, err := tx.Exec(sqlUpdateSubscription, s.ID, s.Revision, s.Version, s.CallbackURL, s.Enabled, s.VerifyToken)
			if err != nil || n == 0 {
				return false, err
			}
			if err := setNames(tx, s, had, names); err != nil {
				return false, err
			}
			if was.Enabled == s.Enabled {
				return true, nil
			}
			return true, w.restart(tx, s, "")
		}, nil
	})
}

// restart drops what is pending and places the cursor behind the event that reports the change. The cursor is moved twice
// because its move makes a settlement that is under way end before its rows are looked for. reason says why Comanda itself
// disabled it. What is dropped can be replayed: health tells from where.
func (w *Webhooks) restart(tx *db.Tx, s *Subscription, reason string) error {
	f, err := event.Load(tx, followerName(s.ID), s.Brand)
	if err != nil {
		return err
	}
	if err := event.Place(tx, followerName(s.ID), s.Brand, 0); err != nil {
		return err
	}
	w.log.PlaceAtHead(tx, followerName(s.ID), s.Brand)
	if err := w.keepForReplay(tx, s, f.Cursor, reason); err != nil {
		return err
	}
	_, err = tx.Exec(sqlDropAllPending, s.ID)
	return err
}

// AddEventName subscribes to one more event name, from now on. A name that is there already is a Conflict.
func (w *Webhooks) AddEventName(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, given string) error {
	return w.change(ctx, c, appID, oauthAppID, id, &wire.WebhookSubscriptionUpdatedEvent{}, func(_ account.Brand, s *Subscription) (edit, error) {
		name, ok := knownName(given)
		if !ok {
			return nil, errUnknownName(given)
		}
		if _, there := s.names[name]; there {
			return nil, errThere(name)
		}
		return func(tx *db.Tx) (bool, error) {
			n, err := tx.Exec(sqlTouchSubscription, s.ID, s.Revision)
			if err != nil || n == 0 {
				return false, err
			}
			n, err = tx.Exec(sqlAddName, s.ID, name, s.Brand)
			if err == nil && n == 0 {
				err = errThere(name)
			}
			return true, err
		}, nil
	})
}

// RemoveEventName ends the subscription to one event name; what is pending of it is not sent any more. A name that was
// not there is NotFound.
func (w *Webhooks) RemoveEventName(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, given string) error {
	return w.change(ctx, c, appID, oauthAppID, id, &wire.WebhookSubscriptionUpdatedEvent{}, func(_ account.Brand, s *Subscription) (edit, error) {
		name, ok := knownName(given)
		if !ok {
			return nil, errUnknownName(given)
		}
		if _, there := s.names[name]; !there {
			return nil, fault.Newf(fault.NotFound, "The webhook subscription does not have the event name %s.", name).
				With("GET …/subscriptions/{webhookSubscriptionId}/events lists what it has.")
		}
		return func(tx *db.Tx) (bool, error) {
			n, err := tx.Exec(sqlTouchSubscription, s.ID, s.Revision)
			if err != nil || n == 0 {
				return false, err
			}
			_, err = tx.Exec(sqlRemoveName, s.ID, name)
			return true, err
		}, nil
	})
}

func errUnknownName(given string) error {
	return fault.BadField("eventName", "%.60q is no event name. GET /api/v1.0/{appId}/webhooks/events lists them all.", given)
}

func errThere(name string) error {
	return fault.Newf(fault.Conflict, "The webhook subscription has the event name %s already.", name).
		With("Nothing needs to be done: it stays subscribed.")
}
