package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/wire"
)

const (
	codePrefix    = "cmd_ac_"
	refreshPrefix = "cmd_rt_"
	codeLife      = time.Minute
	codeMemory    = 24 * time.Hour // how long a redeemed code is known, so that its second redemption is noticed
)

// storeAnswer stores what the authorization endpoint answers: the authorization, its code and its token, where there are.
func (s *Server) storeAnswer(ctx context.Context, q authRequest, auth authorization, code, token string, t access, now time.Time) error {
	t.key, t.app, t.created = rand.Text(), q.app.id, now
	t.expires = now.Add(time.Duration(q.app.accessSeconds) * time.Second)
	auth.expires = t.expires
	if code != "" {
		auth.expires = latest(auth.expires, now.Add(codeMemory))
	}
	codeDigest := digestOf(code)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := putAuthorization(tx, auth, now); err != nil {
			return err
		}
		if code != "" {
			_, err := tx.Exec(sqlInsertCode, codeDigest[:], auth.id, q.redirectURI, q.challenge, q.keyThumbprint,
				clock.Micros(now.Add(codeLife)), clock.Micros(now.Add(codeMemory)))
			if err != nil {
				return err
			}
		}
		if token == "" {
			return nil
		}
		return s.put(tx, q.app.brand, token, t)
	})
	return wrap("store answer", err)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func putAuthorization(tx *db.Tx, a authorization, now time.Time) error {
	_, err := tx.Exec(sqlInsertAuthorization, a.id, a.grant, a.app, a.account, a.scopes.String(), a.claims.String(), a.nonce,
		a.sessionKey, a.methods, clock.Micros(a.authenticated), clock.Micros(now), clock.Micros(a.expires))
	return err
}

func scanAuthorization(row scanner) (a authorization, revoked bool, err error) {
	var scopes, claims string
	var authenticated, expires int64
	err = row.Scan(&a.id, &a.grant, &a.app, &a.account, &scopes, &claims, &a.nonce, &a.sessionKey, &a.methods, &authenticated, &revoked, &expires)
	if err != nil {
		return a, revoked, err
	}
	a.scopes, _ = parseScope(scopes)
	a.authenticated, a.expires = clock.FromMicros(authenticated), clock.FromMicros(expires)
	if claims != "" {
		err = json.Unmarshal([]byte(claims), &a.claims)
	}
	return a, revoked, err
}

// issued are the tokens that came of one request to the token endpoint.
type issued struct {
	auth            authorization
	access, refresh string
	scopes          scopeSet // of the access token
	keyThumbprint   string
}

// errUsedTwice says that something was used again that may be used once: all that came of it is ended.
var errUsedTwice = invalidGrant("This was used before. Everything that came of it is ended now; let the person sign in again.")

// redeemCode exchanges a code for tokens, once. A second try ends everything that came of the code.
func (s *Server) redeemCode(ctx context.Context, c client, form params, keyThumbprint string) (issued, error) {
	code, verifier := form["code"], form["code_verifier"]
	switch {
	case code == "":
		return issued{}, invalidRequest("code is missing.")
	case form["redirect_uri"] == "":
		return issued{}, invalidRequest("redirect_uri is missing: send the one of the authorization request.")
	}
	digest := digestOf(code)
	now := clock.Now()
	var out issued
	var refused error // kept apart: what is ended because of it must be committed
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		out, refused = issued{keyThumbprint: keyThumbprint}, nil
		var redirectURI, challenge, boundTo, authorization string
		err := tx.QueryRow(sqlCode, digest[:]).Scan(&authorization, &redirectURI, &challenge, &boundTo)
		if err == nil {
			out.auth, _, err = scanAuthorization(tx.QueryRow(sqlAuthorization, authorization))
		}
		if errors.Is(err, sql.ErrNoRows) {
			refused = invalidGrant("The code is not known or has expired.")
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case out.auth.app != c.id:
			refused = invalidGrant("The code was issued to another app.")
		case redirectURI != form["redirect_uri"]:
			refused = invalidGrant("redirect_uri differs from that of the authorization request.")
		case challenge == "" && verifier != "":
			refused = invalidGrant("code_verifier is there, but the authorization request had no code_challenge.")
		case challenge != "" && verifier == "":
			refused = invalidGrant("code_verifier is missing: the authorization request had a code_challenge.")
		case challenge != "" && !verifierMatches(verifier, challenge):
			refused = invalidGrant("code_verifier does not match the code_challenge of the authorization request.")
		case boundTo != "" && boundTo != keyThumbprint:
			refused = invalidProof("The code is bound to another DPoP key, or the proof is missing.")
		}
		if refused != nil {
			return nil
		}
		n, err := tx.Exec(sqlRedeemCode, digest[:], clock.Micros(now))
		if err != nil {
			return err
		}
		if n == 0 {
			var redeemed bool
			if err := tx.QueryRow(sqlCodeRedeemed, digest[:]).Scan(&redeemed); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if refused = invalidGrant("The code is not known or has expired."); redeemed {
				refused = errUsedTwice
				return s.kill(tx, authorization)
			}
			return nil
		}
		return s.putFirst(tx, c, &out, now, &refused)
	})
	return s.settled(ctx, out, refused, err)
}

// putFirst stores the first tokens that come of an authorization.
func (s *Server) putFirst(tx *db.Tx, c client, out *issued, now time.Time, refused *error) error {
	expires := now.Add(time.Duration(c.refreshSeconds) * time.Second)
	held, err := s.hold(tx, c, out.auth, now, expires)
	if err == nil && !held {
		*refused = invalidGrant("What the person agreed to was taken back, or they cannot sign in any more.")
	}
	if err != nil || !held {
		return err
	}
	out.scopes = out.auth.scopes
	return s.putPair(tx, c, out, now, expires)
}

// settled ends a request that issued tokens, or was refused.
func (s *Server) settled(ctx context.Context, out issued, refused, err error) (issued, error) {
	if errors.Is(refused, errUsedTwice) && err == nil {
		s.forgetAuthorization(out.auth.id)
		slog.WarnContext(ctx, "a code or refresh token was used twice; its authorization is ended", "oauthAppId", out.auth.app)
	}
	if err != nil {
		return issued{}, wrap("issue tokens", err)
	}
	return out, refused
}

// putPair stores an access token and, where offline access was agreed to and there is none yet, a refresh token that lives
// until expires.
func (s *Server) putPair(tx *db.Tx, c client, out *issued, now, expires time.Time) error {
	out.access = newRandom(tokenPrefix)
	t := access{
		key: rand.Text(), app: c.id, authorization: out.auth.id, kind: kindDelegated, subject: out.auth.account, scopes: out.scopes,
		keyThumbprint: out.keyThumbprint, created: now, expires: now.Add(time.Duration(c.accessSeconds) * time.Second),
	}
	if err := s.put(tx, c.brand, out.access, t); err != nil {
		return err
	}
	if out.refresh == "" && out.auth.scopes.has(scopeOffline) {
		out.refresh = newRandom(refreshPrefix)
		t.key, t.kind, t.scopes, t.expires = rand.Text(), kindRefresh, out.auth.scopes, expires
		if !c.settings.Public {
			t.keyThumbprint = "" // a confidential client proves itself by its secret (RFC 9449, 5)
		}
		return s.put(tx, c.brand, out.refresh, t)
	}
	return nil
}

// hold takes an authorization's row, so that what goes on under it goes on one after the other, and makes it last until
// its tokens have expired; false = it stands no more. It comes before any token of it is touched: who ends an authorization
// takes them in this order too.
func (s *Server) hold(tx *db.Tx, c client, a authorization, now, refresh time.Time) (bool, error) {
	ends := latest(now.Add(time.Duration(c.accessSeconds)*time.Second), refresh)
	n, err := tx.Exec(sqlHoldAuthorization, a.id, clock.Micros(ends))
	if err != nil || n == 0 {
		return false, err
	}
	return s.agreed(tx, a)
}

// agreed reports whether the consent behind an authorization is there and its person can sign in.
func (s *Server) agreed(tx *db.Tx, a authorization) (bool, error) {
	err := tx.QueryRow(sqlGrantStands, a.grant).Scan(new(int))
	if err == nil {
		_, _, err = s.accounts.Known(tx, a.account)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// verifierMatches compares a PKCE verifier with a challenge (RFC 7636, S256).
func verifierMatches(verifier, challenge string) bool {
	if n := len(verifier); n < 43 || n > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// redeemRefresh exchanges a refresh token for new tokens. Where the app's refresh tokens are for one use, a second use
// ends everything that came of the same consent.
func (s *Server) redeemRefresh(ctx context.Context, c client, form params, keyThumbprint string) (issued, error) {
	text := form["refresh_token"]
	if text == "" {
		return issued{}, invalidRequest("refresh_token is missing.")
	}
	digest := digestOf(text)
	now := clock.Now()
	var out issued
	var refused error
	unknown := invalidGrant("The refresh token is not known, has expired or was revoked.")
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		out, refused = issued{keyThumbprint: keyThumbprint}, nil
		t, err := scanToken(tx.QueryRow(sqlToken, digest[:]))
		if errors.Is(err, sql.ErrNoRows) || err == nil && (t.kind != kindRefresh || t.app != c.id || !now.Before(t.expires)) {
			refused = unknown
			return nil
		}
		if err != nil {
			return err
		}
		if out.auth, _, err = scanAuthorization(tx.QueryRow(sqlAuthorization, t.authorization)); err != nil {
			return err
		}
		out.scopes = t.scopes
		if form["scope"] != "" {
			var strange []string
			out.scopes, strange = parseScope(form["scope"])
			if len(strange) > 0 || len(out.scopes) == 0 || !out.scopes.within(t.scopes) {
				refused = invalidScope("scope asks for more than the person agreed to.")
				return nil
			}
		}
		if t.keyThumbprint != "" && t.keyThumbprint != keyThumbprint {
			refused = invalidProof("The refresh token is bound to another DPoP key, or the proof is missing.")
			return nil
		}
		held, err := s.hold(tx, c, out.auth, now, t.expires)
		if err != nil {
			return err
		}
		if !held {
			refused = unknown
			return nil
		}
		// Whoever steals the refresh token of an app that proves nothing else could use it unnoticed, if it were not for one
		// use (RFC 9700, 2.2.2).
		if c.refreshUsage == wire.RefreshTokenUsageReUse && !t.used && (!c.settings.Public || t.keyThumbprint != "") {
			out.refresh = text
			return s.putPair(tx, c, &out, now, t.expires)
		}
		n, err := tx.Exec(sqlUseToken, digest[:], clock.Micros(now))
		if err != nil {
			return err
		}
		if n == 0 {
			refused = errUsedTwice
			return s.kill(tx, t.authorization)
		}
		return s.putPair(tx, c, &out, now, t.expires)
	})
	return s.settled(ctx, out, refused, err)
}
