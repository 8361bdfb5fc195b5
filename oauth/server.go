package oauth

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/backoff"
	"comanda/internal/cache"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/seal"
	"comanda/internal/web"
	"comanda/store"
)

// Config is what an installation decides.
type Config struct {
	Issuer    string // https://host/identity
	MasterKey []byte // seal.KeySize bytes; the pepper and the sealing key are derived from it
	Origin    web.Origin
	Stores    *store.Stores // names the stores to which a grant can be limited
}

const (
	verifyTTL     = 1500 * time.Millisecond // how long another node's change may go unseen
	verifyTokens  = 20_000                  // tokens remembered
	verifyClients = 5_000                   // OAuth apps remembered
)

// Server is the authorization server of one node. It is safe for parallel use.
type Server struct {
	db         *db.DB
	log        *event.Log
	accounts   *account.Accounts
	cfg        Config
	pepper     []byte
	box        *seal.Box
	keyBox     *seal.Box // of signing keys
	requestBox *seal.Box // of what travels through the browser
	clients    *cache.Cache[string, client]
	verified   *cache.Cache[tokenDigest, verified]
	keys       *cache.Cache[struct{}, *keyRing]
	limits     *backoff.Limiter // clients that fail to authenticate
	guesses    *backoff.Limiter // people who type device codes
	starts     *backoff.Limiter // sign-ins at the command line
	onDelete   []func(tx *db.Tx, brand int, oauthAppID string) error
}

// New makes the server.
func New(d *db.DB, log *event.Log, accounts *account.Accounts, c Config) (*Server, error) {
	var boxes [3]*seal.Box
	for i, purpose := range []string{"oauth app secret", "oauth signing key", "oauth request"} {
		var err error
		if boxes[i], err = seal.New(c.MasterKey, purpose); err != nil {
			return nil, fmt.Errorf("oauth: %w", err)
		}
	}
	pepper, err := hkdf.Key(sha256.New, c.MasterKey, nil, "comanda oauth pepper", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("oauth: pepper: %w", err)
	}
	s := &Server{
		db: d, log: log, accounts: accounts, cfg: c, pepper: pepper, box: boxes[0], keyBox: boxes[1], requestBox: boxes[2],
		clients:  cache.New[string, client](verifyTTL, verifyClients),
		keys:     cache.New[struct{}, *keyRing](verifyTTL, 1),
		guesses:  backoff.New(codePatience),
		starts:   backoff.New(startPatience),
		verified: cache.New[tokenDigest, verified](verifyTTL, verifyTokens),
		limits:   backoff.New(clientPatience),
	}
	accounts.OnChange(func(brand int) {
		s.verified.Clear(func(v verified) bool { return v.brands[0] == brand || v.brands[1] == brand })
		s.clients.Clear(func(c client) bool { return c.brand == brand })
	})
	return s, nil
}

// OnDelete registers what else happens in the transaction that deletes an OAuth app. Call it before serving.
func (s *Server) OnDelete(fn func(tx *db.Tx, brand int, oauthAppID string) error) {
	s.onDelete = append(s.onDelete, fn)
}

// CheckApp returns a NotFound fault unless the brand has the OAuth app.
func (s *Server) CheckApp(ctx context.Context, brand int, oauthAppID string) error {
	_, err := s.load(ctx, brand, oauthAppID)
	return err
}

// Stands reports inside a transaction whether an OAuth app still speaks for its brand: it exists and is not disabled, and
// its owner may use the brand's developer tools now.
func (s *Server) Stands(tx *db.Tx, brand int, oauthAppID string) (bool, error) {
	a, err := scanApp(tx.QueryRow(sqlApp, oauthAppID))
	if errors.Is(err, sql.ErrNoRows) || err == nil && (a.brand != brand || a.disabled) {
		return false, nil
	}
	if err != nil {
		return false, wrap("load app", err)
	}
	owner, err := s.accounts.Standing(tx, brand, a.owner)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && a.bounds.limit(owner.Grant).Has(account.Develop), err
}

// wrap adds the package's name to an internal error and leaves a fault as it is.
func wrap(what string, err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fmt.Errorf("oauth: %s: %w", what, err)
}
