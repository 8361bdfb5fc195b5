package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

const (
	secretPrefix = "whsec_"
	secretBytes  = 24
	// rotation is how long the old secret signs beside the new one.
	rotation = 24 * time.Hour
)

// newSecret makes a signing secret in the form of the Standard Webhooks specification.
func newSecret() string {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return secretText(key)
}

func secretText(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// secretOwner is what a sealed secret is bound to.
func secretOwner(id int) string { return "subscription/" + strconv.Itoa(id) }

func (w *Webhooks) openSecret(id int, sealed []byte) ([]byte, error) {
	text, err := w.box.Open(sealed, secretOwner(id))
	if err != nil {
		return nil, fmt.Errorf("webhook: secret of subscription %d: %w", id, err)
	}
	key, err := secretKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("webhook: secret of subscription %d is no base64", id)
	}
	return key, nil
}

// secretKey is the key that a secret's text stands for.
func secretKey(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(text, secretPrefix))
}

// target is how the audit log names a subscription.
func target(s *Subscription) string { return "webhook/" + strconv.Itoa(s.ID) }

// Secret reveals the newest signing secret, whsec_…, to a person who signed in a short time ago or to an app.
func (w *Webhooks) Secret(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) (string, error) {
	if err := c.RequireRecent(); err != nil {
		return "", err
	}
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return "", err
	}
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		return w.accounts.Audit(tx, c, b.ID, "webhook.secret.revealed", target(s), "")
	})
	if err != nil {
		return "", err
	}
	return secretText(s.secret), nil
}

// RotateSecret makes a new signing secret and returns it, and a new ed25519 key where there is one. For a day deliveries carry the
// signatures of both generations, so that the receiver can change over without missing one. A repeat with the caller's
// Idempotency-Key returns the same.
func (w *Webhooks) RotateSecret(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) (string, error) {
	if err := c.RequireRecent(); err != nil {
		return "", err
	}
	claim, err := c.Claim(0, "RotateWebhookSecret", id)
	if err != nil {
		return "", err
	}
	secret := newSecret()
	if err := claim.Seal([]byte(secret)); err != nil {
		return "", err
	}
	var kept []byte
	err = w.change(ctx, c, appID, oauthAppID, id, &wire.WebhookSubscriptionUpdatedEvent{}, func(b account.Brand, s *Subscription) (edit, error) {
		fresh := w.box.Seal([]byte(secret), secretOwner(s.ID))
		old := w.box.Seal([]byte(secretText(s.secret)), secretOwner(s.ID))
		until := clock.Micros(clock.Now().Add(rotation))
		return func(tx *db.Tx) (bool, error) {
			var err error
			if kept, err = claim.Take(tx); err != nil {
				return false, err
			}
			if kept != nil {
				return false, errRepeated
			}
			n, err := tx.Exec(sqlRotateSecret, s.ID, s.Revision, fresh, old, until)
			if err != nil || n == 0 {
				return false, err
			}
			if s.key != nil {
				if _, err := tx.Exec(sqlRotateSeed, s.ID, w.sealSeed(s.ID, newSeed())); err != nil {
					return false, err
				}
			}
			return true, w.accounts.Audit(tx, c, b.ID, "webhook.secret.rotated", target(s), "")
		}, nil
	})
	if errors.Is(err, errRepeated) {
		return string(kept), nil
	}
	return secret, err
}

// errRepeated ends the transaction of a call that was made before.
var errRepeated = errors.New("webhook: the call was made before")

// PublicKey returns the newest public key, whpk_…, that verifies the v1a signatures; NotFound when the subscription does
// not sign so.
func (w *Webhooks) PublicKey(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) (string, error) {
	_, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return "", err
	}
	if !s.settings.V1a || s.key == nil {
		return "", fault.New(fault.NotFound, "The webhook subscription does not sign with v1a.").
			With(`Choose it first: PUT …/subscriptions/{webhookSubscriptionId}/settings with {"Signatures":["v1","v1a"]}.`)
	}
	return publicKeyText(s.key), nil
}
