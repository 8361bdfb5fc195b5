package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/wire"
)

// How a token was issued; what grant_type says, where there is one.
const (
	kindClientCredentials = "client_credentials"
	kindPortal            = "portal"        // made by a person, or an app with Owner rights, through the management API
	kindDelegated         = "delegated"     // a person agreed to it
	kindRefresh           = "refresh_token" // not an access token: it gets new ones
)

// tokenDigest is what is stored of a token. A token is random enough that nothing slower is needed.
type tokenDigest [sha256.Size]byte

func digestOf(token string) tokenDigest { return sha256.Sum256([]byte(token)) }

// authorization is one answer to an authorization request: what each code and token that came of it shares.
type authorization struct {
	id            string
	grant         int
	app           string
	account       int
	scopes        scopeSet
	claims        claimsRequest
	nonce         string
	sessionKey    string
	methods       string // RFC 8176, blanks between
	authenticated time.Time
	expires       time.Time
}

// access is a token as it is stored.
type access struct {
	key           string
	app           string
	authorization string // empty: no person's consent stands behind it
	kind          string
	subject       int
	bounds        bounds
	scopes        scopeSet
	keyThumbprint string
	expires       time.Time
	used          bool // a refresh token for one use was used
	created       time.Time
}

// put stores a token.
func (s *Server) put(tx *db.Tx, brand int, token string, t access) error {
	digest := digestOf(token)
	levels, stores := t.bounds.texts()
	_, err := tx.Exec(sqlInsertToken, digest[:], t.key, brand, t.app, t.kind, t.subject, levels, stores,
		clock.Micros(t.created), clock.Micros(t.expires), t.authorization, t.scopes.String(), t.keyThumbprint)
	return err
}

// own makes and stores an access token by which an OAuth app acts for its brand. The app may be deleted at the same
// moment: its token then never works. A repeat of a claim, if any, gives the same token. with, if any, runs in the same transaction and is given the token's key.
func (s *Server) own(ctx context.Context, a app, t access, claim *idempotency.Claim, with func(tx *db.Tx, key string) error) (string, error) {
	token := newRandom(tokenPrefix)
	t.key, t.app, t.created = rand.Text(), a.id, clock.Now()
	t.expires = t.created.Add(time.Duration(a.accessSeconds) * time.Second)
	token, err := idempotency.Once(ctx, s.db, claim, token, func(tx *db.Tx) error {
		if err := s.put(tx, a.brand, token, t); err != nil || with == nil {
			return err
		}
		return with(tx, t.key)
	})
	return token, wrap("issue token", err)
}

func scanToken(row scanner) (t access, err error) {
	var levels, stores, scopes string
	var used, created, expires int64
	err = row.Scan(&t.key, &t.app, &t.authorization, &t.kind, &t.subject, &levels, &stores, &scopes, &t.keyThumbprint, &used, &created, &expires)
	if err != nil {
		return t, err
	}
	t.scopes, _ = parseScope(scopes)
	t.used, t.created, t.expires = used != 0, clock.FromMicros(created), clock.FromMicros(expires)
	t.bounds, err = parseBounds(levels, stores)
	return t, err
}

// AccessToken makes an access token for an OAuth app without its secret: the portal's button. It can do no more than its
// asker can, now and when it is used. A repeat with the caller's Idempotency-Key returns the same. A person needs the right
// Develop, an app RevealSecrets or its own token.
func (s *Server) AccessToken(ctx context.Context, c *account.Caller, appID, id string) (string, error) {
	b, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return "", err
	}
	if !byHand(c) {
		if err := mayHold(c, b.ID, id); err != nil {
			return "", err
		}
	}
	subject := c.Account
	if c.Kind == account.System {
		subject = a.owner
	}
	claim, err := c.Claim(b.ID, "RequestToken", a.id)
	if err != nil {
		return "", err
	}
	t := access{kind: kindPortal, subject: subject, bounds: boundsOf(c, b.ID), scopes: scopeSet{scopeAPI}}
	return s.own(ctx, a, t, claim, func(tx *db.Tx, key string) error {
		return s.accounts.Audit(tx, c, b.ID, "oauthapp.token.created", target(a.id), "token "+key)
	})
}

// LiveToken is a token that works, as lists show it.
type LiveToken struct {
	wire.OAuthTokenModel
	Scope   string // its scopes, with a blank between
	Person  int    // who let the app in; 0 = it acts for itself
	Created time.Time
}

// Tokens lists one page (from 1 on) of the live tokens of an OAuth app, newest first, and how many there are. Refresh
// tokens are among them. Right: Develop.
func (s *Server) Tokens(ctx context.Context, c *account.Caller, appID, id string, page, limit int) ([]LiveToken, int, error) {
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return nil, 0, err
	}
	var out []LiveToken
	total := 0
	now := clock.Micros(clock.Now())
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = []LiveToken{}
		if err := tx.QueryRow(sqlCountTokens, a.id, now).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(sqlTokens, a.id, now, limit, (page-1)*limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var subject int
			var kind, authorization string
			var created, expires int64
			t := LiveToken{OAuthTokenModel: wire.OAuthTokenModel{TokenType: "access_token", ClientId: a.id}}
			if err := rows.Scan(&t.Key, &kind, &subject, &t.Scope, &authorization, &created, &expires); err != nil {
				return err
			}
			if authorization != "" {
				t.Person = subject
			}
			t.Created = clock.FromMicros(created)
			if kind == kindRefresh {
				t.TokenType = kindRefresh
			}
			t.SubjectId, t.Expiry = strconv.Itoa(subject), wire.At(clock.FromMicros(expires))
			out = append(out, t)
		}
		return rows.Err()
	})
	return out, total, wrap("list tokens", err)
}

// RevokeToken ends a token of one of the brand's OAuth apps by its key: at once on this node, within two seconds on others.
// With a refresh token goes all that came of the same consent. Right: Develop.
func (s *Server) RevokeToken(ctx context.Context, c *account.Caller, appID, key string) error {
	b, err := s.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return err
	}
	now := clock.Micros(clock.Now())
	var digest []byte
	var t access
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(sqlTokenByKey, key, b.ID, now).Scan(&digest, &t.app, &t.kind, &t.authorization); err != nil {
			return err
		}
		if t.kind == kindRefresh {
			if err := s.kill(tx, t.authorization); err != nil {
				return err
			}
		} else if n, err := tx.Exec(sqlDeleteToken, digest); err != nil {
			return err
		} else if n == 0 {
			return sql.ErrNoRows // somebody else was first
		}
		return s.accounts.Audit(tx, c, b.ID, "oauthapp.token.revoked", target(t.app), "token "+key)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "The brand has no live token with this key.").
			With("GET /api/v1.0/{appId}/authorizationtokens/{oauthAppId} lists the keys.")
	}
	if err != nil {
		return wrap("revoke token", err)
	}
	s.verified.Evict(tokenDigest(digest))
	s.forgetAuthorization(t.authorization)
	slog.InfoContext(ctx, "oauth token revoked", "key", key, "brand", b.ID, "account", c.Account)
	return nil
}

// kill ends an authorization: nothing that came of it works any more, nor anything that is just being stored.
func (s *Server) kill(tx *db.Tx, authorization string) error {
	if _, err := tx.Exec(sqlRevokeAuthorization, authorization); err != nil {
		return err
	}
	_, err := tx.Exec(sqlDeleteTokensOfAuthorization, authorization)
	return err
}

// forgetAuthorization makes this node read the tokens of an authorization anew.
func (s *Server) forgetAuthorization(id string) {
	if id != "" {
		s.verified.Clear(func(v verified) bool { return v.authorization == id })
	}
}
