package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/revision"
	"comanda/wire"
)

// settings are what an OAuth app has beyond the contract's fields, as stored.
type settings struct {
	Public         bool     `json:",omitempty"` // it cannot keep a secret: PKCE stands in for it
	PrivateKey     bool     `json:",omitempty"` // it authenticates by private_key_jwt only
	Keys           keySet   `json:",omitzero"`  // its public keys, for private_key_jwt
	Algorithm      string   `json:",omitempty"` // of its ID tokens; empty = RS256
	PostLogoutURIs []string `json:",omitempty"`
	RequirePushed  bool     `json:",omitempty"` // authorization requests come by PAR only
	RequireDPoP    bool     `json:",omitempty"` // its access tokens are bound to a key
}

type keySet = jose.JSONWebKeySet

func (s settings) allowsSecret() bool { return !s.Public && !s.PrivateKey }

func (s settings) algorithm() string {
	if s.Algorithm == "" {
		return string(jose.RS256)
	}
	return s.Algorithm
}

// ClientType says whether an OAuth app can keep a secret.
type ClientType string

// The client types of RFC 6749, 2.1.
const (
	Confidential ClientType = "Confidential"
	Public       ClientType = "Public"
)

// Values lists the client types.
func (ClientType) Values() []string { return []string{string(Confidential), string(Public)} }

// ClientSettings are the settings of an OAuth app beyond the contract's. In a change nil means: as it is.
type ClientSettings struct {
	ClientType                         *ClientType          `json:"ClientType,omitempty" required:"false" enum:"Confidential,Public" doc:"Public: an app in a browser or on a device, which cannot keep a secret and uses PKCE instead."`
	TokenEndpointAuthMethod            *string              `json:"TokenEndpointAuthMethod,omitempty" required:"false" enum:"client_secret,private_key_jwt,none" doc:"How the app authenticates. none goes with Public."`
	Jwks                               json.RawMessage      `json:"Jwks,omitempty" required:"false" doc:"The app's public keys as a JSON Web Key Set, for private_key_jwt."`
	IdTokenSigningAlg                  *string              `json:"IdTokenSigningAlg,omitempty" required:"false" enum:"RS256,ES256"`
	PostLogoutRedirectUris             *[]string            `json:"PostLogoutRedirectUris,omitempty" required:"false" doc:"Where people may land after signing out."`
	RequirePushedAuthorizationRequests *bool                `json:"RequirePushedAuthorizationRequests,omitempty" required:"false"`
	DpopBoundAccessTokens              *bool                `json:"DpopBoundAccessTokens,omitempty" required:"false" doc:"Every access token must be bound to a key of the app."`
	AccessLevel                        *wire.AppAccessLevel `json:"AccessLevel,omitempty" required:"false" doc:"What the app can do at most by client credentials; never more than who sets it, nor than its owner at that time."`
}

const (
	maxPostLogoutURIs = 50
	maxKeys           = 20
)

// ClientSettings reads the settings of an OAuth app. Right: Develop.
func (s *Server) ClientSettings(ctx context.Context, c *account.Caller, appID, id string) (ClientSettings, error) {
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	return a.clientSettings(), err
}

func (a app) clientSettings() ClientSettings {
	kind, method, alg := Confidential, "client_secret", a.settings.algorithm()
	switch {
	case a.settings.Public:
		kind, method = Public, authNone
	case a.settings.PrivateKey:
		method = authPrivateKey
	}
	uris := append([]string{}, a.settings.PostLogoutURIs...)
	keys, _ := json.Marshal(keySet{Keys: append([]jose.JSONWebKey{}, a.settings.Keys.Keys...)})
	level := a.level()
	return ClientSettings{
		ClientType: &kind, TokenEndpointAuthMethod: &method, Jwks: keys, IdTokenSigningAlg: &alg, PostLogoutRedirectUris: &uris,
		RequirePushedAuthorizationRequests: &a.settings.RequirePushed, DpopBoundAccessTokens: &a.settings.RequireDPoP, AccessLevel: &level,
	}
}

// level is what the app can do at most by client credentials, as its settings tell it.
func (a app) level() wire.AppAccessLevel {
	if len(a.bounds.levels) > 0 {
		return a.bounds.levels[0]
	}
	return wire.AppAccessLevelOwner
}

// actsBy is all by which somebody can act as the app, to be compared.
func (a app) actsBy() string {
	keys := append([]jose.JSONWebKey{}, a.settings.Keys.Keys...)
	text, _ := json.Marshal([]any{a.settings.Public, a.settings.PrivateKey, keys, a.bounds.levels, a.bounds.stores})
	return string(text)
}

// UpdateClientSettings changes those settings of an OAuth app that are given and returns all of them. Right: Develop; how
// the app authenticates and its level take what its secret takes, because who sets them can act as the app.
func (s *Server) UpdateClientSettings(ctx context.Context, c *account.Caller, appID, id string, in ClientSettings) (ClientSettings, error) {
	a, err := s.changeApp(ctx, c, appID, id, func(b account.Brand, a *app) error {
		before := a.actsBy()
		if err := a.applySettings(c, b.ID, in); err != nil || a.actsBy() == before {
			return err
		}
		return mayHold(c, b.ID, id)
	})
	return a.clientSettings(), err
}

// changeApp applies a change to the newest state of an OAuth app and stores it under the next version. It may apply more
// than once, when somebody else changes the app at the same time. Right: Develop.
func (s *Server) changeApp(ctx context.Context, c *account.Caller, appID, id string, apply func(account.Brand, *app) error) (app, error) {
	for range 8 {
		b, a, err := s.open(ctx, c, appID, id, account.Develop)
		if err != nil {
			return a, err
		}
		if err := revision.Check(ctx, a.version, "this OAuth app"); err != nil {
			return a, err
		}
		if err := apply(b, &a); err != nil {
			return a, err
		}
		stored, err := json.Marshal(a.settings)
		if err != nil {
			return a, err
		}
		levels, stores := a.bounds.texts()
		var n int64
		err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.Exec(sqlUpdateApp, a.id, a.version, a.name, a.logoURI, string(a.flow), string(a.refreshUsage),
				a.accessSeconds, a.refreshSeconds, string(stored), levels, stores)
			if err != nil || n == 0 {
				return err
			}
			if a.beside != nil {
				if err := a.beside(tx); err != nil {
					return err
				}
			}
			return s.accounts.Audit(tx, c, b.ID, "oauthapp.updated", target(a.id), a.name)
		})
		if err != nil {
			return a, wrap("update app", err)
		}
		if n == 1 {
			s.forget(a.id)
			return a, nil
		}
	}
	return app{}, fault.New(fault.Conflict, "The OAuth app is being changed by others at this moment.").With("Try again.")
}

// applySettings takes over the given members, or names every wrong one.
func (a *app) applySettings(c *account.Caller, brand int, in ClientSettings) error {
	var bad fault.Collector
	if in.ClientType != nil {
		switch *in.ClientType {
		case Public:
			a.settings.Public, a.settings.PrivateKey = true, false
		case Confidential:
			a.settings.Public = false
		default:
			bad.Add("ClientType", "%.40q is none of Confidential, Public", *in.ClientType)
		}
	}
	if in.Jwks != nil {
		keys, wrong := parseClientKeys(in.Jwks)
		if wrong != "" {
			bad.Add("Jwks", "%s", wrong)
		}
		a.settings.Keys = keys
	}
	if in.TokenEndpointAuthMethod != nil {
		switch m := *in.TokenEndpointAuthMethod; m {
		case "client_secret", authBasic, authPost:
			a.settings.PrivateKey = false
		case authPrivateKey:
			a.settings.PrivateKey = true
		case authNone:
			if !a.settings.Public {
				bad.Add("TokenEndpointAuthMethod", "none is for the ClientType Public")
			}
		default:
			bad.Add("TokenEndpointAuthMethod", "%.40q is none of client_secret, private_key_jwt, none", m)
		}
	}
	if a.settings.PrivateKey && a.settings.Public {
		bad.Add("TokenEndpointAuthMethod", "a Public app does not authenticate: make it Confidential for private_key_jwt")
	}
	if a.settings.PrivateKey && len(a.settings.Keys.Keys) == 0 {
		bad.Add("Jwks", "private_key_jwt needs the app's public keys")
	}
	if in.IdTokenSigningAlg != nil {
		a.settings.Algorithm = *in.IdTokenSigningAlg
		if !slices.Contains(signingAlgorithms, a.settings.Algorithm) {
			bad.Add("IdTokenSigningAlg", "%.40q is none of RS256, ES256", a.settings.Algorithm)
		}
	}
	if in.PostLogoutRedirectUris != nil {
		uris := *in.PostLogoutRedirectUris
		if len(uris) > maxPostLogoutURIs {
			bad.Add("PostLogoutRedirectUris", "an app has %d at most", maxPostLogoutURIs)
			uris = nil
		}
		a.settings.PostLogoutURIs = []string{}
		for i, uri := range uris {
			if wrong := checkRedirectURI(uri); wrong != "" {
				bad.Add(fmt.Sprintf("PostLogoutRedirectUris[%d]", i), "%s", wrong)
			}
			if !slices.Contains(a.settings.PostLogoutURIs, uri) {
				a.settings.PostLogoutURIs = append(a.settings.PostLogoutURIs, uri)
			}
		}
	}
	if in.RequirePushedAuthorizationRequests != nil {
		a.settings.RequirePushed = *in.RequirePushedAuthorizationRequests
	}
	if in.DpopBoundAccessTokens != nil {
		a.settings.RequireDPoP = *in.DpopBoundAccessTokens
	}
	if in.AccessLevel != nil && *in.AccessLevel != a.level() {
		if !slices.Contains(in.AccessLevel.Values(), string(*in.AccessLevel)) {
			bad.Add("AccessLevel", "%.40q is not an access level of the contract", *in.AccessLevel)
		} else {
			// The level asked for, and whatever bounds who asks now.
			asker := boundsOf(c, brand)
			levels := append([]wire.AppAccessLevel{*in.AccessLevel}, asker.levels...)
			a.bounds = bounds{slices.Compact(levels), asker.stores}
		}
	}
	return bad.Err()
}

// parseClientKeys reads a client's public keys, or says what is wrong with them.
func parseClientKeys(raw json.RawMessage) (keySet, string) {
	var set keySet
	if string(raw) == "null" {
		return set, ""
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return keySet{}, `write a JSON Web Key Set such as {"keys": [{"kty": "EC", "crv": "P-256", "x": "…", "y": "…", "kid": "1"}]}`
	}
	if len(set.Keys) > maxKeys {
		return keySet{}, fmt.Sprintf("a key set has %d keys at most", maxKeys)
	}
	for i, k := range set.Keys {
		switch {
		case !k.Valid():
			return keySet{}, fmt.Sprintf("key %d is not valid", i)
		case !k.IsPublic():
			return keySet{}, fmt.Sprintf("key %d is private or symmetric: keep it, and send its public part", i)
		}
	}
	return set, ""
}
