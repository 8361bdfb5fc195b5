package oauth

import (
	"context"
	"crypto/rand"
	"math/big"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/wire"
)

const (
	maxApps = 500 // a brand's OAuth apps are listed without pages

	defaultAccessSeconds  = 3600
	defaultRefreshSeconds = 30 * 24 * 3600
	minSeconds            = 60
	maxAccessSeconds      = 30 * 24 * 3600
	maxRefreshSeconds     = 365 * 24 * 3600
)

// CreateApp registers an OAuth app of a brand and returns its id (the client_id) and its first secret. The caller owns
// it; it can do what the caller can do now and nothing that its owner cannot do later. OauthAppId and OwnerUserId are not
// taken from the request. A repeat with the caller's Idempotency-Key returns the same. Right: Develop. System names the owner.
func (s *Server) CreateApp(ctx context.Context, c *account.Caller, appID string, in wire.OAuthApp) (id, secret string, err error) {
	b, err := s.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return "", "", err
	}
	a := app{
		id: newAppID(), brand: b.ID, owner: c.Account, flow: wire.FlowHybrid, refreshUsage: wire.RefreshTokenUsageOneTimeOnly,
		accessSeconds: defaultAccessSeconds, refreshSeconds: defaultRefreshSeconds, bounds: boundsOf(c, b.ID), created: clock.Now(),
	}
	if c.Kind == account.System {
		if a.owner = wire.V(in.OwnerUserId); a.owner == 0 {
			return "", "", fault.BadField("OwnerUserId", "an app needs an owner, whose rights bound its own")
		}
	}
	if in.OauthAppName == nil {
		in.OauthAppName = new(string)
	}
	if err := a.apply(in); err != nil {
		return "", "", err
	}
	claim, err := c.Claim(b.ID, "CreateOAuthApp", in)
	if err != nil {
		return "", "", err
	}
	secretID, err := s.db.NextID(ctx, "oauth_secrets")
	if err != nil {
		return "", "", wrap("create app", err)
	}
	made := struct{ ID, Secret string }{a.id, newSecret()}
	digest, sealed := s.secretDigest(made.Secret), s.box.Seal([]byte(made.Secret), a.id)
	levels, stores := a.bounds.texts()
	created := clock.Micros(a.created)
	made, err = idempotency.Once(ctx, s.db, claim, made, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlInsertApp, a.id, a.brand, a.owner, a.name, a.logoURI, string(a.flow), string(a.refreshUsage),
			a.accessSeconds, a.refreshSeconds, levels, stores, created, maxApps)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Newf(fault.Conflict, "The brand has %d OAuth apps, the most that one may have.", maxApps).
				With("Delete one that is not used.")
		}
		if _, err = tx.Exec(sqlInsertSecret, secretID, a.brand, a.id, digest, sealed, created); err != nil {
			return err
		}
		return s.accounts.Audit(tx, c, a.brand, "oauthapp.created", target(a.id), a.name)
	})
	if err != nil {
		return "", "", wrap("create app", err)
	}
	return made.ID, made.Secret, nil
}

// UpdateApp changes those members of an OAuth app that are given. OauthAppId and OwnerUserId are not taken from the
// request. Right: Develop.
func (s *Server) UpdateApp(ctx context.Context, c *account.Caller, appID, id string, in wire.OAuthApp) error {
	_, err := s.changeApp(ctx, c, appID, id, func(_ account.Brand, a *app) error { return a.apply(in) })
	return err
}

// DeleteApp deletes an OAuth app with its secrets, redirect URIs and what people allowed it; its tokens stop working at once on this node and
// within two seconds on others. Right: Develop.
func (s *Server) DeleteApp(ctx context.Context, c *account.Caller, appID, id string) error {
	b, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlDeleteApp, a.id)
		if err != nil {
			return err
		}
		if n == 0 {
			return noApp()
		}
		for _, stmt := range []string{sqlDeleteSecrets, sqlDeleteRedirectURIs, sqlDeleteGrantsOfApp, sqlDeleteTokensOfApp} {
			if _, err := tx.Exec(stmt, a.id); err != nil {
				return err
			}
		}
		if err := dropLogo(tx, b.ID, a.id); err != nil {
			return err
		}
		for _, fn := range s.onDelete {
			if err := fn(tx, b.ID, a.id); err != nil {
				return err
			}
		}
		return s.accounts.Audit(tx, c, b.ID, "oauthapp.deleted", target(a.id), a.name)
	})
	s.forget(a.id)
	return wrap("delete app", err)
}

// forget makes this node read anew what an OAuth app's tokens may do.
func (s *Server) forget(id string) {
	s.clients.Evict(id)
	s.verified.Clear(func(v verified) bool { return v.clientID == id })
}

// apply takes over the given members, or names every wrong one.
func (a *app) apply(in wire.OAuthApp) error {
	var bad fault.Collector
	if in.OauthAppName != nil {
		a.name = strings.Join(strings.Fields(*in.OauthAppName), " ")
		if n := utf8.RuneCountInString(a.name); n == 0 || n > 100 || !utf8.ValidString(a.name) || strings.ContainsFunc(a.name, unicode.IsControl) {
			bad.Add("OauthAppName", "an OAuth app needs a name of 1 to 100 characters that can be seen")
		}
	}
	if in.LogoUri != nil {
		a.logoURI = strings.TrimSpace(*in.LogoUri)
		if u, err := url.Parse(a.logoURI); a.logoURI != "" &&
			(err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(a.logoURI) > 1000) {
			bad.Add("LogoUri", "write an absolute https address of an image")
		}
	}
	if in.Flow != nil {
		a.flow = *in.Flow
		switch a.flow {
		case wire.FlowAuthorizationCode, wire.FlowImplicit, wire.FlowHybrid, wire.FlowClientCredentials:
		default:
			bad.Add("Flow", "%q is none of AuthorizationCode, Implicit, Hybrid, ClientCredentials", a.flow)
		}
	}
	if in.RefreshTokenUsage != nil {
		a.refreshUsage = *in.RefreshTokenUsage
		if a.refreshUsage != wire.RefreshTokenUsageReUse && a.refreshUsage != wire.RefreshTokenUsageOneTimeOnly {
			bad.Add("RefreshTokenUsage", "%q is none of ReUse, OneTimeOnly", a.refreshUsage)
		}
	}
	if in.AccessTokenLifetime != nil {
		a.accessSeconds = *in.AccessTokenLifetime
		if a.accessSeconds < minSeconds || a.accessSeconds > maxAccessSeconds {
			bad.Add("AccessTokenLifetime", "write %d to %d seconds", minSeconds, maxAccessSeconds)
		}
	}
	if in.AbsoluteRefreshTokenLifetime != nil {
		a.refreshSeconds = *in.AbsoluteRefreshTokenLifetime
		if a.refreshSeconds < minSeconds || a.refreshSeconds > maxRefreshSeconds {
			bad.Add("AbsoluteRefreshTokenLifetime", "write %d to %d seconds", minSeconds, maxRefreshSeconds)
		}
	}
	return bad.Err()
}

// appIDDigits is the length of a client_id.
const appIDDigits = 22

// newAppID makes a random number of 22 decimal digits, the first of them not 0.
func newAppID() string {
	least := new(big.Int).Exp(big.NewInt(10), big.NewInt(appIDDigits-1), nil)
	n, err := rand.Int(rand.Reader, new(big.Int).Mul(least, big.NewInt(9)))
	if err != nil {
		panic(err) // the system has no randomness: nothing may go on
	}
	return n.Add(n, least).String()
}

// target is how the audit log names an OAuth app.
func target(id string) string { return "oauthapp/" + id }

func isAppID(s string) bool { return len(s) == appIDDigits && strings.Trim(s, "0123456789") == "" }
