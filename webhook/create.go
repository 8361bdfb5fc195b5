package webhook

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/wire"
)

// Create makes a subscription of an OAuth app and returns its id. It receives what happens after its own
// webhook_subscription.created. Absent members have defaults: Enabled true, Version "2", no event names, no token. A repeat with
// the caller's Idempotency-Key returns the same.
func (w *Webhooks) Create(ctx context.Context, c *account.Caller, appID, oauthAppID string, in wire.WebhookSubscription) (int, error) {
	return w.create(ctx, c, appID, oauthAppID, in, false)
}

// CreateVerified is Create after the URL has answered that it wants to receive events. Nothing is stored when it does not.
func (w *Webhooks) CreateVerified(ctx context.Context, c *account.Caller, appID, oauthAppID string, in wire.WebhookSubscription) (int, error) {
	return w.create(ctx, c, appID, oauthAppID, in, true)
}

func (w *Webhooks) create(ctx context.Context, c *account.Caller, appID, oauthAppID string, in wire.WebhookSubscription, verify bool) (int, error) {
	b, err := w.openApp(ctx, c, appID, oauthAppID)
	if err != nil {
		return 0, err
	}
	bad := &fault.Collector{}
	s := &Subscription{
		Brand: b.ID, OAuthApp: oauthAppID, Owner: c.Account, Enabled: in.Enabled == nil || *in.Enabled,
		Version: checkVersion(bad, wire.V(in.Version)), CallbackURL: wire.V(in.CallbackUrl), VerifyToken: wire.V(in.VerifyToken),
	}
	w.checkURL(bad, b, s.CallbackURL)
	checkToken(bad, s.VerifyToken)
	names := checkNames(bad, in.EventNames)
	if err := bad.Err(); err != nil {
		return 0, err
	}
	text := newSecret()
	if s.secret, err = secretKey(text); err != nil {
		return 0, err
	}
	if verify {
		if err := w.verify(ctx, c, b, s); err != nil {
			return 0, err
		}
	}
	if s.ID, err = w.db.NextID(ctx, "webhook_subscriptions"); err != nil {
		return 0, fmt.Errorf("webhook: create: %w", err)
	}
	rec, err := record(b, c, s, &wire.WebhookSubscriptionCreatedEvent{})
	if err != nil {
		return 0, err
	}
	claim, err := c.Claim(b.ID, "CreateWebhookSubscription", oauthAppID, in)
	if err != nil {
		return 0, err
	}
	secret := w.box.Seal([]byte(text), secretOwner(s.ID))
	return idempotency.Once(ctx, w.db, claim, s.ID, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlInsertSubscription, s.ID, s.Brand, s.OAuthApp, s.Owner, s.Version, s.CallbackURL, s.Enabled,
			s.VerifyToken, secret, []byte{}, clock.Micros(clock.Now()), maxSubscriptions)
		if err != nil {
			return fmt.Errorf("webhook: create: %w", err)
		}
		if n == 0 {
			return fault.Newf(fault.Conflict, "The OAuth app has %d webhook subscriptions, the most that one may have.", maxSubscriptions).
				With("Delete one that is no longer needed.")
		}
		for _, name := range names {
			if _, err := tx.Exec(sqlAddName, s.ID, name, s.Brand); err != nil {
				return fmt.Errorf("webhook: create: %w", err)
			}
		}
		w.log.Append(tx, rec)
		w.log.PlaceAtHead(tx, followerName(s.ID), s.Brand)
		return w.touch(tx, s.ID)
	})
}

// touch ends every transaction that changes a subscription: after its event has a position, new names count from there;
// then the workers hear of it.
func (w *Webhooks) touch(tx *db.Tx, id int) error {
	w.log.Then(tx, db.Stmt{SQL: sqlPlaceNames, Args: []any{id}})
	tx.AfterCommit(w.changed.signal)
	_, err := tx.Exec(sqlNextRevision)
	return err
}
