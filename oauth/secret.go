package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
)

// Prefixes make a leaked credential recognisable to people and scanners.
const (
	secretPrefix = "cmd_sk_"
	tokenPrefix  = "cmd_at_"
	randomBytes  = 32
	maxSecrets   = 2 // of one OAuth app, while it changes over
)

func newRandom(prefix string) string {
	b := make([]byte, randomBytes)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

func newSecret() string { return newRandom(secretPrefix) }

// secretDigest is what is compared at the token endpoint. A secret is random enough that a slow hash would add nothing.
func (s *Server) secretDigest(secret string) []byte {
	m := hmac.New(sha256.New, s.pepper)
	m.Write([]byte(secret))
	return m.Sum(nil)
}

// mayHold refuses a caller who must not come by an OAuth app's credentials or set them: it takes Owner rights, or a token that the
// app got for its own secret. A person must have signed in a short time ago, here or for the command line. A token that a
// person delegated to an app never will do.
func mayHold(c *account.Caller, brand int, id string) error {
	if c.Kind == account.Person && !byHand(c) {
		return fault.New(fault.Forbidden, "A delegated token can neither read nor set credentials.").With("Sign in to the portal.")
	}
	if c.Kind == account.App && c.OAuthApp == id && c.OwnSecret {
		return nil
	}
	if err := c.Require(account.RevealSecrets, brand, 0); err != nil {
		return err
	}
	return c.RequireRecent()
}

// Secret reveals the newest secret of an OAuth app. Right: RevealSecrets, or the app's own token.
func (s *Server) Secret(ctx context.Context, c *account.Caller, appID, id string) (string, error) {
	b, a, err := s.open(ctx, c, appID, id, account.ReadApp)
	if err != nil {
		return "", err
	}
	if err := mayHold(c, b.ID, id); err != nil {
		return "", err
	}
	var sealed []byte
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(sqlNewestSecret, a.id).Scan(&sealed); err != nil {
			return err
		}
		return s.accounts.Audit(tx, c, b.ID, "oauthapp.secret.revealed", target(a.id), a.name)
	})
	if errors.Is(err, db.ErrNoRows) {
		return "", noApp()
	}
	if err != nil {
		return "", wrap("secret", err)
	}
	secret, err := s.box.Open(sealed, a.id)
	if err != nil {
		return "", wrap("secret", err)
	}
	slog.InfoContext(ctx, "oauth app secret revealed", "oauthAppId", a.id, "brand", b.ID, "account", c.Account)
	return string(secret), nil
}

// LiveSecrets is how many secrets of an OAuth app work: two while it changes over. Right: Develop.
func (s *Server) LiveSecrets(ctx context.Context, c *account.Caller, appID, id string) (n int, err error) {
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return 0, err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlCountSecrets, a.id).Scan(&n) })
	return n, wrap("live secrets", err)
}

// RotateSecret gives an OAuth app a new secret, which it returns. The newest one before goes on working beside it, so that
// an integration can change over; older ones stop. A repeat with the caller's Idempotency-Key returns the same. Right:
// RevealSecrets, or the app's own token.
func (s *Server) RotateSecret(ctx context.Context, c *account.Caller, appID, id string) (string, error) {
	b, a, err := s.open(ctx, c, appID, id, account.ReadApp)
	if err != nil {
		return "", err
	}
	if err := mayHold(c, b.ID, id); err != nil {
		return "", err
	}
	secretID, err := s.db.NextID(ctx, "oauth_secrets")
	if err != nil {
		return "", wrap("rotate secret", err)
	}
	claim, err := c.Claim(b.ID, "RotateOAuthAppSecret", a.id)
	if err != nil {
		return "", err
	}
	secret := newSecret()
	digest, sealed, now := s.secretDigest(secret), s.box.Seal([]byte(secret), a.id), clock.Micros(clock.Now())
	secret, err = idempotency.Once(ctx, s.db, claim, secret, func(tx *db.Tx) error {
		// Taking the app's row first puts rotations in line: each leaves two secrets.
		if err := lockApp(tx, a.id); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlKeepNewestSecret, a.id); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlInsertSecret, secretID, a.brand, a.id, digest, sealed, now); err != nil {
			return err
		}
		return s.accounts.Audit(tx, c, a.brand, "oauthapp.secret.rotated", target(a.id), a.name)
	})
	if err != nil {
		return "", wrap("rotate secret", err)
	}
	s.forget(a.id)
	slog.InfoContext(ctx, "oauth app secret rotated", "oauthAppId", a.id, "brand", b.ID, "account", c.Account)
	return secret, nil
}

// DropOldSecret ends the time in which two secrets work. Right: RevealSecrets, or the app's own token.
func (s *Server) DropOldSecret(ctx context.Context, c *account.Caller, appID, id string) error {
	b, a, err := s.open(ctx, c, appID, id, account.ReadApp)
	if err != nil {
		return err
	}
	if err := mayHold(c, b.ID, id); err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlKeepNewestSecret, a.id); err != nil {
			return err
		}
		return s.accounts.Audit(tx, c, a.brand, "oauthapp.secret.dropped", target(a.id), a.name)
	})
	s.forget(a.id)
	return wrap("drop secret", err)
}
