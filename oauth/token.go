package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// How a token was issued.
const (
	kindClientCredentials = "client_credentials"
	kindPortal            = "portal" // made by a person, or an app with Owner rights, through the management API
)

// tokenDigest is what is stored of a token. A token is random enough that nothing slower is needed.
type tokenDigest [sha256.Size]byte

// verified is what a token stood for when it was read.
type verified struct {
	caller  *account.Caller
	brand   int
	expires time.Time
}

// Authenticate returns who a bearer token stands for, with what they may do now, or Unauthenticated. What changed on
// another node counts within verifyTTL, what changed on this one at once. Errors of the database refuse, too.
func (s *Server) Authenticate(ctx context.Context, bearer string) (*account.Caller, error) {
	if len(bearer) != len(tokenPrefix)+43 || !strings.HasPrefix(bearer, tokenPrefix) {
		return nil, badToken()
	}
	digest := tokenDigest(sha256.Sum256([]byte(bearer)))
	v, err := s.verified.Load(digest, func() (verified, error) { return s.verify(ctx, digest) })
	if err != nil {
		return nil, err
	}
	if !clock.Now().Before(v.expires) {
		return nil, badToken()
	}
	c := *v.caller // callers note the request's address in theirs
	return &c, nil
}

// verify reads what a token stands for, from one snapshot.
func (s *Server) verify(ctx context.Context, digest tokenDigest) (v verified, err error) {
	var a app
	var id, kind, levels, stores string
	var subject int
	var expires int64
	var owner, asker account.Standing
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(sqlToken, digest[:]).Scan(&id, &kind, &subject, &levels, &stores, &expires)
		if err != nil {
			return err
		}
		if a, err = scanApp(tx.QueryRow(sqlApp, id)); err != nil {
			return err
		}
		if owner, err = s.accounts.Standing(tx, a.brand, a.owner); err != nil || subject == a.owner {
			return err
		}
		asker, err = s.accounts.Standing(tx, a.brand, subject)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && a.disabled {
		return v, badToken()
	}
	if err != nil {
		return v, wrap("verify token", err)
	}
	then, err := parseBounds(levels, stores)
	if err != nil {
		return v, wrap("bounds of a token", err)
	}
	grant := a.bounds.limit(owner.Grant)
	if subject != a.owner {
		grant = grant.Limited(asker.Grant.Level, asker.Grant.Stores)
	}
	if kind != kindClientCredentials {
		grant = then.limit(grant)
	}
	return verified{
		caller: &account.Caller{
			Kind: account.App, Account: subject, OAuthApp: a.id, Name: a.name, OwnSecret: kind == kindClientCredentials,
			Grants: []account.Grant{grant},
		},
		brand:   a.brand,
		expires: clock.FromMicros(expires),
	}, nil
}

func badToken() error {
	return fault.New(fault.Unauthenticated, "The access token is not known, has expired or was revoked.").
		With("Request a new one at /identity/connect/token.")
}

// issue stores a new token of an OAuth app and returns it with its life in seconds. The app may be deleted at the same
// moment: its token then never works. with, if any, runs in the same transaction and is given the token's key.
func (s *Server) issue(ctx context.Context, a app, kind string, subject int, b bounds, with func(tx *db.Tx, key string) error) (string, int, error) {
	token := newRandom(tokenPrefix)
	digest := sha256.Sum256([]byte(token))
	levels, stores := b.texts()
	now := clock.Now()
	expires := now.Add(time.Duration(a.accessSeconds) * time.Second)
	key := rand.Text()
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlInsertToken, digest[:], key, a.brand, a.id, kind, subject, levels, stores,
			clock.Micros(now), clock.Micros(expires))
		if err != nil || with == nil {
			return err
		}
		return with(tx, key)
	})
	return token, a.accessSeconds, wrap("issue token", err)
}

// AccessToken makes an access token for an OAuth app without its secret: the portal's button. It can do no more than its
// asker can, now and when it is used. A person needs the right Develop, an app RevealSecrets or its own token.
func (s *Server) AccessToken(ctx context.Context, c *account.Caller, appID, id string) (string, error) {
	b, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return "", err
	}
	if c.Kind != account.Person || c.OAuthApp != "" {
		if err := mayHold(c, b.ID, id); err != nil {
			return "", err
		}
	}
	subject := c.Account
	if c.Kind == account.System {
		subject = a.owner
	}
	token, _, err := s.issue(ctx, a, kindPortal, subject, boundsOf(c, b.ID), func(tx *db.Tx, key string) error {
		return s.accounts.Audit(tx, c, b.ID, "oauthapp.token.created", target(a.id), "token "+key)
	})
	return token, err
}

// Tokens lists one page (from 1 on) of the live access tokens of an OAuth app, newest first, and how many there are.
// Right: Develop.
func (s *Server) Tokens(ctx context.Context, c *account.Caller, appID, id string, page, limit int) ([]wire.OAuthTokenModel, int, error) {
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return nil, 0, err
	}
	var out []wire.OAuthTokenModel
	total := 0
	now := clock.Micros(clock.Now())
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = []wire.OAuthTokenModel{}
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
			var expires int64
			t := wire.OAuthTokenModel{TokenType: "access_token", ClientId: a.id}
			if err := rows.Scan(&t.Key, &subject, &expires); err != nil {
				return err
			}
			t.SubjectId, t.Expiry = strconv.Itoa(subject), wire.At(clock.FromMicros(expires))
			out = append(out, t)
		}
		return rows.Err()
	})
	return out, total, wrap("list tokens", err)
}

// RevokeToken ends an access token of the brand by its key: at once on this node, within two seconds on others.
// Right: Develop.
func (s *Server) RevokeToken(ctx context.Context, c *account.Caller, appID, key string) error {
	b, err := s.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return err
	}
	var digest []byte
	now := clock.Micros(clock.Now())
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var id string
		if err := tx.QueryRow(sqlRevokeToken, key, b.ID, now).Scan(&digest, &id); err != nil {
			return err
		}
		return s.accounts.Audit(tx, c, b.ID, "oauthapp.token.revoked", target(id), "token "+key)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "The brand has no live token with this key.").
			With("GET /api/v1.0/{appId}/authorizationtokens/{oauthAppId} lists the keys.")
	}
	if err != nil {
		return wrap("revoke token", err)
	}
	s.verified.Evict(tokenDigest(digest))
	slog.InfoContext(ctx, "oauth token revoked", "key", key, "brand", b.ID, "account", c.Account)
	return nil
}

const (
	sweepEvery = time.Minute
	sweepChunk = 500
)

// Run deletes expired tokens until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		n, err := s.sweepOnce(ctx)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "sweeping expired tokens failed; it goes on later", "error", err)
		}
		if n == sweepChunk && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sweepOnce deletes up to sweepChunk expired tokens and returns how many they were.
func (s *Server) sweepOnce(ctx context.Context) (n int, err error) {
	now := clock.Micros(clock.Now())
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		swept, err := tx.Exec(sqlSweepTokens, now, sweepChunk)
		n = int(swept)
		return err
	})
	return n, err
}
