package oauth

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// client is what the endpoints for clients need to know of an OAuth app.
type client struct {
	app
	digests  [][]byte // of its live secrets
	brandOff bool     // its brand is disabled
	stands   bool     // its owner has access to its brand
}

// errUnknownClient is one answer for an app that does not exist, one that is disabled and a wrong secret.
var errUnknownClient = invalidClient("The client_id is not known or the client_secret is wrong.")

// client reads an OAuth app at most verifyTTL old; its id is empty when there is none.
func (s *Server) client(ctx context.Context, id string) (client, error) {
	if !isAppID(id) {
		id = "" // what others make up is not kept
	}
	return s.clients.Load(id, func() (client, error) { return s.readClient(ctx, id) })
}

func (s *Server) readClient(ctx context.Context, id string) (c client, err error) {
	if !isAppID(id) {
		id = ""
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		c = client{}
		if c.app, err = findApp(tx, id); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		// An app that does not exist takes the same reads, so that time does not tell it from a wrong secret.
		if c.digests, err = secretDigests(tx, id); err != nil {
			return err
		}
		b, err := s.accounts.LoadBrand(tx, c.brand)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		c.brandOff = b.Disabled
		_, err = s.accounts.Standing(tx, c.brand, c.owner)
		if c.stands = err == nil; errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return c, wrap("read client", err)
}

func secretDigests(tx *db.Tx, id string) ([][]byte, error) {
	rows, err := tx.Query(sqlSecretDigests, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out [][]byte
	for rows.Next() {
		var d []byte
		if err := rows.Scan(&d); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// authenticate checks what a client says of itself. An app that does not exist costs the same as a wrong secret and gets
// the same answer, and so does one that is disabled. endpoint is the address that was called: an assertion may name it as its audience.
func (s *Server) authenticate(r *http.Request, form params, endpoint string) (client, error) {
	said, err := credentialsOf(r.Header.Values("Authorization"), form)
	if err != nil {
		return client{}, err
	}
	id := said.id
	if !isAppID(id) {
		id = ""
	}
	address := s.cfg.Origin.ClientIP(r)
	if wait := s.limits.Wait(address, id); wait > 0 {
		return client{}, tooMany(wait, "Too many failed client authentications. Check client_id and client_secret, and wait.")
	}
	c, err := s.client(r.Context(), id)
	right := false
	if err == nil {
		right, err = s.proves(r.Context(), c, said, endpoint)
	}
	if err == nil && !right && said.method != authPrivateKey {
		// What was read a moment ago may be older than the secret. An app that does not exist is looked for again too,
		// so that it costs the same.
		if c, err = s.readClient(r.Context(), id); err == nil {
			right, err = s.proves(r.Context(), c, said, endpoint)
		}
	}
	switch {
	case err != nil:
		return client{}, err
	case !right || c.disabled || c.brandOff:
		s.limits.Failed(address, id)
		slog.InfoContext(r.Context(), "client authentication failed", "oauthAppId", id)
		return client{}, errUnknownClient
	}
	s.limits.Succeeded(address, id)
	return c, nil
}

// proves reports whether what was said shows that this client said it.
func (s *Server) proves(ctx context.Context, c client, said credentials, endpoint string) (bool, error) {
	switch said.method {
	case authBasic, authPost:
		return s.secretMatches(c, said.secret) && c.settings.allowsSecret(), nil
	case authPrivateKey:
		return s.assertionHolds(ctx, c.app, said.assertion, endpoint)
	}
	return c.settings.Public, nil
}

// secretMatches compares a secret with those of a client. The time it takes depends neither on how many there are nor on
// which one it is.
func (s *Server) secretMatches(c client, secret string) bool {
	got, equal := s.secretDigest(secret), 0
	nobodys := make([]byte, len(got)) // nobody knows a secret with this digest
	for i := range maxSecrets {
		d := nobodys
		if i < len(c.digests) {
			d = c.digests[i]
		}
		equal |= subtle.ConstantTimeCompare(got, d)
	}
	return equal == 1
}

// mayActForItself refuses client credentials where nobody stands behind the app.
func (c client) mayActForItself() error {
	switch {
	case c.settings.Public:
		return refusal("unauthorized_client", "A public app has no credentials to act by: let a person sign in.")
	case !c.stands:
		return refusal("unauthorized_client", "The owner of this OAuth app has no access to its brand any more, or the brand is switched off.")
	}
	return nil
}

// person is who a delegated token speaks for: refused when the account is disabled or gone.
func (s *Server) person(ctx context.Context, accountID int) (account.Profile, error) {
	p, err := s.accounts.Profile(ctx, accountID)
	if fault.KindOf(err) == fault.NotFound {
		return p, invalidGrant("The account behind this grant cannot sign in any more.")
	}
	return p, err
}
