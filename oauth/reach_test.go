package oauth

import (
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// Who registers a key for an app, makes it public or sets its level comes by what it can do: that takes what reading its
// secret takes, and neither the right Develop nor a scope that includes it.
func TestCredentialsAreSetByThoseWhoMayHoldThem(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		set, err := json.Marshal(keySet{Keys: []jose.JSONWebKey{{Key: newECKey(t).Public(), KeyID: "k1"}}})
		s.must(err)
		method, public, level := authPrivateKey, Public, wire.AppAccessLevelOwner
		yes := true
		narrow := s.post("grant_type=client_credentials&scope=developer", s.id, s.secret).body["access_token"].(string)
		delegated := s.redeem(s.agree("scope", "openid developer").Get("code")).body["access_token"].(string)
		all := s.redeem(s.agree("scope", "openid api").Get("code")).body["access_token"].(string)
		for who, c := range map[string]*account.Caller{
			"an integrator": s.member(wire.AppAccessLevelIntegrator), "a narrow token": s.caller(narrow),
			"a delegated narrow token": s.caller(delegated), "a delegated token": s.caller(all),
		} {
			for what, in := range map[string]ClientSettings{
				"keys": {Jwks: set}, "how it authenticates": {TokenEndpointAuthMethod: &method, Jwks: set},
				"that it is public": {ClientType: &public}, "its level": {AccessLevel: &level},
			} {
				if _, err := s.UpdateClientSettings(t.Context(), c, "bella", s.id, in); fault.KindOf(err) != fault.Forbidden {
					t.Errorf("%s set %s of an owner's app: %v", who, what, err)
				}
			}
			if _, err := s.UpdateClientSettings(t.Context(), c, "bella", s.id, ClientSettings{RequirePushedAuthorizationRequests: &yes}); err != nil {
				t.Errorf("%s: %v", who, err)
			}
		}
		for who, c := range map[string]*account.Caller{"the owner": s.owner, "the app itself": s.caller(s.token(s.id, s.secret))} {
			if _, err := s.UpdateClientSettings(t.Context(), c, "bella", s.id, ClientSettings{Jwks: set, AccessLevel: &level}); err != nil {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
}
