package oauth

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

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
	Proven  bool   // the request was let in before: its proof, good for one time, is not asked for again
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
				return Credential{Scheme: known, Token: token, Header: r.Header, Method: r.Method, Address: public + r.URL.EscapedPath()}, true
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
	if bound && !cred.Proven {
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
		a, err := findApp(tx, v.app)
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
	if a.id != CommandLine {
		b, err := s.accounts.LoadBrand(tx, a.brand)
		if err == nil && b.Disabled {
			err = sql.ErrNoRows
		}
		if err != nil {
			return err
		}
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
	if a.id == CommandLine {
		v.caller.Authenticated = auth.authenticated
	}
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
