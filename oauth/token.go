package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
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

// verified is what a token stood for when it was read.
type verified struct {
	access
	caller   *account.Caller
	claims   claimsRequest
	brands   [2]int // of the OAuth app, and on which it may act
	clientID string
}

// Credential is an access token as it was presented, with what proves that the client holds its key.
type Credential struct {
	Scheme  string // Bearer or DPoP
	Token   string
	Header  http.Header // for the DPoP proof
	Method  string
	Address string // absolute, without query
}

// Bearer is the credential of a request that carries nothing but a token.
func Bearer(token string) Credential { return Credential{Scheme: "Bearer", Token: token} }

// CredentialOf reads the credential of a request: Authorization first, as every client sends it, else Authentication, as
// the contract's guide says; ok is false without one. public is the address under which clients reach this server.
func CredentialOf(r *http.Request, public string) (c Credential, ok bool) {
	for _, name := range []string{"Authorization", "Authentication"} {
		scheme, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get(name)), " ")
		token = strings.TrimSpace(token)
		for _, known := range []string{"Bearer", "DPoP"} {
			if token != "" && strings.EqualFold(scheme, known) {
				return Credential{known, token, r.Header, r.Method, public + r.URL.EscapedPath()}, true
			}
		}
	}
	return c, false
}

// Authenticate returns who a token stands for, with what they may do now, or Unauthenticated. What changed on another node
// counts within verifyTTL, what changed on this one at once. Errors of the database refuse, too.
func (s *Server) Authenticate(ctx context.Context, cred Credential) (*account.Caller, error) {
	v, err := s.present(ctx, cred)
	if err != nil {
		return nil, err
	}
	c := *v.caller // callers note the request's address in theirs
	return &c, nil
}

// present looks an access token up and checks that who presents it may.
func (s *Server) present(ctx context.Context, cred Credential) (verified, error) {
	if len(cred.Token) != len(tokenPrefix)+43 || !strings.HasPrefix(cred.Token, tokenPrefix) {
		return verified{}, badToken()
	}
	digest := digestOf(cred.Token)
	v, err := s.verified.Load(digest, func() (verified, error) { return s.verify(ctx, digest) })
	if err != nil {
		return v, err
	}
	if !clock.Now().Before(v.expires) {
		return v, badToken()
	}
	bound := v.keyThumbprint != ""
	if bound != (cred.Scheme == "DPoP") {
		return v, &unusable{bound, codeInvalidToken, fault.New(fault.Unauthenticated, "This access token is presented by the wrong scheme.").
			With("A token that is bound to a key goes with Authorization: DPoP and a proof, any other with Bearer.")}
	}
	if bound {
		thumbprint, err := s.proof(ctx, cred.Header, cred.Method, cred.Address, cred.Token)
		if p := (*problem)(nil); errors.As(err, &p) {
			return v, &unusable{true, p.code, fault.New(fault.Unauthenticated, p.description)}
		}
		if err != nil {
			return v, err
		}
		if thumbprint != v.keyThumbprint {
			return v, &unusable{true, codeInvalidToken, fault.New(fault.Unauthenticated, "The DPoP proof is missing, or made with another key than the token's.")}
		}
	}
	return v, nil
}

const codeInvalidToken = "invalid_token"

// unusable is the refusal of a good access token that is not presented as it has to be.
type unusable struct {
	bound bool   // the token is bound to a key, so the next try is by DPoP
	code  string // of RFC 6750 or RFC 9449
	fault *fault.Error
}

func (u *unusable) Error() string { return u.fault.Error() }
func (u *unusable) Unwrap() error { return u.fault }

// Challenge is the WWW-Authenticate that goes with an Unauthenticated error of Authenticate: how to present the token next
// time (RFC 6750, RFC 9449). It is empty where the token itself is of no use.
func Challenge(err error) string {
	u := (*unusable)(nil)
	if !errors.As(err, &u) {
		return ""
	}
	scheme := "Bearer"
	if u.bound {
		scheme = `DPoP algs="` + strings.Join(algorithmNames(clientAlgorithms), " ") + `",`
	}
	return scheme + ` error="` + u.code + `", error_description="` + u.fault.Message + `"`
}

// verify reads what a token stands for, from one snapshot.
func (s *Server) verify(ctx context.Context, digest tokenDigest) (v verified, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		v = verified{}
		if v.access, err = scanToken(tx.QueryRow(sqlToken, digest[:])); err != nil {
			return err
		}
		if v.kind == kindRefresh {
			return sql.ErrNoRows
		}
		a, err := scanApp(tx.QueryRow(sqlApp, v.app))
		if err == nil && a.disabled {
			err = sql.ErrNoRows
		}
		if err != nil {
			return err
		}
		v.clientID = a.id
		if v.kind == kindDelegated {
			return s.verifyDelegated(tx, a, &v)
		}
		return s.verifyOwn(tx, a, &v)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return v, badToken()
	}
	return v, wrap("verify token", err)
}

// verifyOwn is about a token by which an OAuth app acts for its own brand.
func (s *Server) verifyOwn(tx *db.Tx, a app, v *verified) error {
	owner, err := s.accounts.Standing(tx, a.brand, a.owner)
	if err != nil {
		return err
	}
	g := a.bounds.limit(owner.Grant)
	if v.subject != a.owner {
		asker, err := s.accounts.Standing(tx, a.brand, v.subject)
		if err != nil {
			return err
		}
		g = g.Limited(asker.Grant.Level, asker.Grant.Stores)
	}
	if v.kind != kindClientCredentials {
		g = v.bounds.limit(g)
	}
	g.Only = v.scopes.rights()
	v.brands = [2]int{a.brand, a.brand}
	v.caller = &account.Caller{
		Kind: account.App, Account: v.subject, OAuthApp: a.id, Name: a.name, OwnSecret: v.kind == kindClientCredentials && v.scopes.has(scopeAPI), // a narrow token must not widen itself
		Scopes: v.scopes.names(), Grants: []account.Grant{g},
	}
	return nil
}

// verifyDelegated is about a token by which an OAuth app acts for a person.
func (s *Server) verifyDelegated(tx *db.Tx, a app, v *verified) error {
	b, err := s.accounts.LoadBrand(tx, a.brand)
	if err == nil && b.Disabled {
		err = sql.ErrNoRows
	}
	if err != nil {
		return err
	}
	auth, revoked, err := scanAuthorization(tx.QueryRow(sqlAuthorization, v.authorization))
	if err == nil && revoked {
		err = sql.ErrNoRows
	}
	if err != nil {
		return err
	}
	given, err := scanGrant(tx.QueryRow(sqlGrant, auth.grant))
	if err != nil {
		return err
	}
	v.claims = auth.claims
	v.brands = [2]int{a.brand, given.brand}
	v.caller = &account.Caller{Kind: account.Person, Account: v.subject, OAuthApp: a.id, Scopes: v.scopes.names()}
	if v.caller.Name, v.caller.Email, err = s.accounts.Known(tx, v.subject); err != nil || given.brand == 0 || !v.scopes.api() {
		return err
	}
	standing, err := s.accounts.Standing(tx, given.brand, v.subject)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // still that person, with nothing within reach
	}
	if err != nil {
		return err
	}
	g := standing.Grant.Limited(standing.Grant.Level, given.stores)
	g.Only = v.scopes.rights()
	v.caller.Grants = []account.Grant{g}
	return nil
}

func badToken() error {
	return fault.New(fault.Unauthenticated, "The access token is not known, has expired or was revoked.").
		With("Request a new one at /identity/connect/token.")
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
// moment: its token then never works. with, if any, runs in the same transaction and is given the token's key.
func (s *Server) own(ctx context.Context, a app, t access, with func(tx *db.Tx, key string) error) (string, error) {
	token := newRandom(tokenPrefix)
	t.key, t.app, t.created = rand.Text(), a.id, clock.Now()
	t.expires = t.created.Add(time.Duration(a.accessSeconds) * time.Second)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
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
	t := access{kind: kindPortal, subject: subject, bounds: boundsOf(c, b.ID), scopes: scopeSet{scopeAPI}}
	return s.own(ctx, a, t, func(tx *db.Tx, key string) error {
		return s.accounts.Audit(tx, c, b.ID, "oauthapp.token.created", target(a.id), "token "+key)
	})
}

// Tokens lists one page (from 1 on) of the live tokens of an OAuth app, newest first, and how many there are. Refresh
// tokens are among them. Right: Develop.
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
			var kind string
			var expires int64
			t := wire.OAuthTokenModel{TokenType: "access_token", ClientId: a.id}
			if err := rows.Scan(&t.Key, &kind, &subject, &expires); err != nil {
				return err
			}
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
