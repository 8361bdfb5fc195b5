package conformance_test

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// config is the plan of the discovery document.
func (p *provider) config(t *testing.T) {
	t.Run("discovery-endpoint-verification", func(t *testing.T) { p.discovery(t) })
}

// The document is JSON at the issuer's well-known address and says what is required and true (OpenID Connect Discovery 1.0,
// 3, 4); every endpoint is https; the keys are public ones and have a name each (Core 10.1).
func (p *provider) discovery(t *testing.T) {
	m := p.meta
	if m.Issuer+"/.well-known/openid-configuration" != p.base+"/identity/.well-known/openid-configuration" {
		t.Errorf("issuer %q", m.Issuer)
	}
	for name, v := range p.all {
		text, isText := v.(string)
		if strings.HasSuffix(name, "_endpoint") || strings.HasSuffix(name, "_uri") || name == "issuer" || name == "service_documentation" {
			if u, err := url.Parse(text); err != nil || !isText || u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
				t.Errorf("%s is %v", name, v)
			}
		}
		if list, isList := v.([]any); isList && len(list) == 0 { // RFC 8414, 3.2
			t.Errorf("%s is empty", name)
		}
	}
	for name, have := range map[string]string{
		"authorization_endpoint": m.Authorization, "token_endpoint": m.Token, "userinfo_endpoint": m.UserInfo,
		"jwks_uri": m.JWKS, "end_session_endpoint": m.EndSession,
	} {
		if !strings.HasPrefix(have, m.Issuer+"/") {
			t.Errorf("%s is %q", name, have)
		}
	}
	has := func(name string, have []string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !slices.Contains(have, w) {
				t.Errorf("%s %q lacks %s", name, have, w)
			}
		}
	}
	has("response_types_supported", m.ResponseTypes, "code", "code id_token", "code token", "code id_token token")
	has("response_modes_supported", m.ResponseModes, "query", "fragment", "form_post")
	has("grant_types_supported", m.GrantTypes, "authorization_code", "refresh_token")
	has("subject_types_supported", m.Subjects, "public")
	has("id_token_signing_alg_values_supported", m.IDTokenAlgs, "RS256")
	has("scopes_supported", m.Scopes, "openid", "profile", "email", "phone", "offline_access")
	has("claims_supported", m.Claims, "sub", "iss", "auth_time", "name", "email")
	has("token_endpoint_auth_methods_supported", m.AuthMethods, "client_secret_basic", "client_secret_post")
	has("code_challenge_methods_supported", m.PKCE, "S256")
	if slices.Contains(m.IDTokenAlgs, "none") || slices.Contains(m.PKCE, "plain") || !m.ClaimsParam || !m.Iss {
		t.Errorf("algs %q, PKCE %q, claims %t, iss %t", m.IDTokenAlgs, m.PKCE, m.ClaimsParam, m.Iss)
	}
	if len(p.keys.Keys) == 0 {
		t.Error("no keys")
	}
	names := map[string]bool{}
	for _, k := range p.keys.Keys {
		if !k.Valid() || !k.IsPublic() || k.Use != "sig" || k.KeyID == "" || names[k.KeyID] || !slices.Contains(m.IDTokenAlgs, k.Algorithm) {
			t.Errorf("key %q: valid %t, public %t, use %q, alg %q", k.KeyID, k.Valid(), k.IsPublic(), k.Use, k.Algorithm)
		}
		names[k.KeyID] = true
	}
	// Every endpoint that is named is there: a bare request gets an error of its own, not "nothing here".
	for name, v := range p.all {
		if address, ok := v.(string); ok && strings.HasSuffix(name, "_endpoint") {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				status, _, _ := p.send(t, method, address, nil, nil)
				if status == http.StatusNotFound || status > 499 || status < 200 {
					t.Errorf("%s %s: status %d", method, name, status)
				}
			}
		}
	}
}

// entropy is an estimate in bits, by how often each character occurs: what the suite measures secrets by.
func entropy(s string) float64 {
	counts := map[rune]float64{}
	for _, c := range s {
		counts[c]++
	}
	n, bits := float64(len(s)), 0.0
	for _, c := range counts {
		bits -= c * math.Log2(c/n)
	}
	return bits
}
