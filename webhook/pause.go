package webhook

import (
	"context"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Pause stops the delivery to a subscription until Resume: nothing more starts, what is in flight ends. What waits stays,
// in sequence, but for what grows older than the retry window meanwhile. A paused one stays as it is; a disabled one, which
// has nothing that could wait, is a Conflict. Event: webhook_subscription.updated.
func (w *Webhooks) Pause(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) error {
	return w.setPaused(ctx, c, appID, oauthAppID, id, true)
}

// Resume goes on after Pause. One that is not paused stays as it is.
func (w *Webhooks) Resume(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) error {
	return w.setPaused(ctx, c, appID, oauthAppID, id, false)
}

func (w *Webhooks) setPaused(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, paused bool) error {
	return w.change(ctx, c, appID, oauthAppID, id, &wire.WebhookSubscriptionUpdatedEvent{}, func(_ account.Brand, s *Subscription) (edit, error) {
		if !s.Enabled {
			return nil, fault.New(fault.Conflict, "The webhook subscription is disabled, so there is no delivery to pause or to resume.").
				With(`Enable it with UpdateWebhookSubscription and {"Enabled": true} first.`)
		}
		if paused == !s.pausedAt.IsZero() {
			return nil, nil
		}
		at := int64(0)
		if paused {
			at = clock.Micros(clock.Now())
		}
		return func(tx *db.Tx) (bool, error) {
			n, err := tx.Exec(sqlPause, s.ID, s.Revision, at)
			return n == 1, err
		}, nil
	})
}
