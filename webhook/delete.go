package webhook

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/wire"
)

// Delete removes a subscription at once and for good, with what is pending; its attempt log stays until it is old.
func (w *Webhooks) Delete(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) error {
	return w.change(ctx, c, appID, oauthAppID, id, &wire.WebhookSubscriptionDeletedEvent{}, func(_ account.Brand, s *Subscription) (edit, error) {
		return func(tx *db.Tx) (bool, error) { return remove(tx, s) }, nil
	})
}

// remove deletes a subscription as it was loaded; false means that somebody changed it first.
func remove(tx *db.Tx, s *Subscription) (bool, error) {
	n, err := tx.Exec(sqlDeleteSubscription, s.ID, s.Revision)
	if err != nil || n == 0 {
		return false, err
	}
	// The follower goes first: it makes a settlement that is under way end before its rows are looked for.
	if err := event.Drop(tx, followerName(s.ID), s.Brand); err != nil {
		return false, err
	}
	for _, stmt := range []string{sqlDropAllPending, sqlDropExpired, sqlDropReplays, sqlDropHealth, sqlRemoveNames} {
		if _, err := tx.Exec(stmt, s.ID); err != nil {
			return false, err
		}
	}
	return true, nil
}

// dropApp deletes the subscriptions of an OAuth app in the transaction that deletes the app.
func (w *Webhooks) dropApp(tx *db.Tx, brand int, oauthAppID string) error {
	b, err := w.accounts.LoadBrand(tx, brand)
	if err != nil {
		return err
	}
	subs, err := w.loadAll(tx, brand, oauthAppID, maxSubscriptions, 0)
	if err != nil {
		return err
	}
	for i, s := range subs {
		if _, err := tx.Exec(sqlLockSubscription, s.ID); err != nil {
			return err
		}
		if subs[i], err = w.loadTx(tx, s.ID); err != nil { // as it is now that nobody else can change it
			return fmt.Errorf("webhook: drop: %w", err)
		}
	}
	for _, s := range subs {
		rec, err := record(b, &account.Caller{Kind: account.System}, s, &wire.WebhookSubscriptionDeletedEvent{})
		if err != nil {
			return err
		}
		if _, err := remove(tx, s); err != nil {
			return err
		}
		w.log.Append(tx, rec)
	}
	tx.AfterCommit(w.changed.signal)
	_, err = tx.Exec(sqlNextRevision)
	return err
}
