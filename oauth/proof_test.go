package oauth

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"comanda/internal/clock"
	"comanda/internal/fault"
)

const tokenAddress = "https://comanda.example/identity/connect/token"

func (s *site) postTo(path, form, user, password string, header ...string) answer {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return s.do(r)
}

// proofOf is a DPoP proof; pairs change its claims.
func proofOf(t testing.TB, key *ecdsa.PrivateKey, method, address string, change ...any) string {
	t.Helper()
	claims := map[string]any{"jti": newRandom(""), "htm": method, "htu": address, "iat": clock.Now().Unix()}
	for i := 0; i < len(change); i += 2 {
		claims[change[i].(string)] = change[i+1]
	}
	return signWith(t, key, "dpop+jwt", claims)
}

func TestATokenIsBoundToAKey(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		key, other := newECKey(t), newECKey(t)
		code := s.agree().Get("code")
		grant := "grant_type=authorization_code&redirect_uri=" + url.QueryEscape(callback) + "&code=" + code
		a := s.postTo("/identity/connect/token", grant, s.id, s.secret, "DPoP", proofOf(t, key, "POST", tokenAddress))
		if a.status != 200 || a.body["token_type"] != "DPoP" {
			t.Fatal(a)
		}
		token := a.body["access_token"].(string)
		sum := sha256.Sum256([]byte(token))
		ath := base64.RawURLEncoding.EncodeToString(sum[:])
		const address = "https://comanda.example/api/v1.0/apps"
		try := func(scheme, proof string) error {
			h := http.Header{}
			if proof != "" {
				h.Set("DPoP", proof)
			}
			_, err := s.Authenticate(t.Context(), Credential{Scheme: scheme, Token: token, Header: h, Method: "GET", Address: address})
			return err
		}
		good := proofOf(t, key, "GET", address, "ath", ath)
		s.must(try("DPoP", good))
		for name, err := range map[string]error{
			"as Bearer":            try("Bearer", ""),
			"as Bearer with proof": try("Bearer", proofOf(t, key, "GET", address, "ath", ath)),
			"no proof":             try("DPoP", ""),
			"used proof":           try("DPoP", good),
			"another key":          try("DPoP", proofOf(t, other, "GET", address, "ath", ath)),
			"another method":       try("DPoP", proofOf(t, key, "POST", address, "ath", ath)),
			"another address":      try("DPoP", proofOf(t, key, "GET", address+"/x", "ath", ath)),
			"no ath":               try("DPoP", proofOf(t, key, "GET", address)),
			"another ath":          try("DPoP", proofOf(t, key, "GET", address, "ath", ath[1:])),
			"old":                  try("DPoP", proofOf(t, key, "GET", address, "ath", ath, "iat", clock.Now().Add(-2*time.Minute).Unix())),
			"from the future":      try("DPoP", proofOf(t, key, "GET", address, "ath", ath, "iat", clock.Now().Add(time.Minute).Unix())),
			"no jti":               try("DPoP", proofOf(t, key, "GET", address, "ath", ath, "jti", "")),
		} {
			if fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A token that is bound to no key does not go by the other scheme.
		if _, err := s.Authenticate(t.Context(), Credential{Scheme: "DPoP", Token: s.token(s.id, s.secret), Header: http.Header{"Dpop": {proofOf(t, key, "GET", address)}}, Method: "GET", Address: address}); fault.KindOf(err) != fault.Unauthenticated {
			t.Error(err)
		}
		// An app that asks for it gets no token without a proof.
		yes := true
		_, err := s.UpdateClientSettings(t.Context(), s.owner, "bella", s.id, ClientSettings{DpopBoundAccessTokens: &yes})
		s.must(err)
		if a := s.post("grant_type=client_credentials", s.id, s.secret); a.body["error"] != "invalid_dpop_proof" {
			t.Error(a)
		}
		if v := s.answered(s.ask("response_type", "code token")); v.Get("error") != "unauthorized_client" {
			t.Error(v)
		}
	})
}

func TestAPublicAppsRefreshTokenIsBoundToItsKey(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		public := Public
		_, err := s.UpdateClientSettings(t.Context(), s.owner, "bella", s.id, ClientSettings{ClientType: &public})
		s.must(err)
		key := newECKey(t)
		code := s.agree("code_challenge", challengeOf(verifier), "code_challenge_method", "S256").Get("code")
		who := "&client_id=" + s.id
		grant := "grant_type=authorization_code&code_verifier=" + verifier + "&redirect_uri=" + url.QueryEscape(callback) + "&code=" + code + who
		if a := s.postTo("/identity/connect/token", "grant_type=client_credentials"+who, "", ""); a.body["error"] != "unauthorized_client" {
			t.Fatal(a)
		}
		if a := s.postTo("/identity/connect/token", grant, s.id, s.secret); a.status != 401 {
			t.Fatalf("a public app has no secret: %v", a)
		}
		a := s.postTo("/identity/connect/token", grant, "", "", "DPoP", proofOf(t, key, "POST", tokenAddress))
		if a.status != 200 {
			t.Fatal(a)
		}
		again := "grant_type=refresh_token&refresh_token=" + a.body["refresh_token"].(string) + who
		for _, proof := range []string{"", proofOf(t, newECKey(t), "POST", tokenAddress)} {
			header := []string{"DPoP", proof}
			if proof == "" {
				header = nil
			}
			if r := s.postTo("/identity/connect/token", again, "", "", header...); r.body["error"] != "invalid_dpop_proof" {
				t.Fatal(r)
			}
		}
		if r := s.postTo("/identity/connect/token", again, "", "", "DPoP", proofOf(t, key, "POST", tokenAddress)); r.status != 200 {
			t.Fatal(r)
		}
	})
}

func TestAClientSignsItsAssertions(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		key, other := newECKey(t), newECKey(t)
		set, err := json.Marshal(keySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
		s.must(err)
		method := "private_key_jwt"
		_, err = s.UpdateClientSettings(t.Context(), s.owner, "bella", s.id, ClientSettings{TokenEndpointAuthMethod: &method, Jwks: set})
		s.must(err)
		try := func(key *ecdsa.PrivateKey, change ...any) answer {
			claims := map[string]any{"iss": s.id, "sub": s.id, "aud": "https://comanda.example/identity", "jti": newRandom(""), "exp": clock.Now().Add(time.Minute).Unix()}
			for i := 0; i < len(change); i += 2 {
				claims[change[i].(string)] = change[i+1]
			}
			return s.postTo("/identity/connect/token", "grant_type=client_credentials&client_assertion_type="+url.QueryEscape(assertionType)+"&client_assertion="+signWith(t, key, "JWT", claims), "", "")
		}
		for _, aud := range []any{"https://comanda.example/identity", tokenAddress, []string{"x", tokenAddress}} {
			if a := try(key, "aud", aud); a.status != 200 {
				t.Fatal(aud, a)
			}
		}
		if a := try(key, "jti", "once"); a.status != 200 {
			t.Fatal(a)
		}
		for name, a := range map[string]answer{
			"used before":        try(key, "jti", "once"),
			"another key":        try(other),
			"another issuer":     try(key, "iss", "x"),
			"another audience":   try(key, "aud", "https://evil.example"),
			"expired":            try(key, "exp", clock.Now().Add(-time.Minute).Unix()),
			"good for too long":  try(key, "exp", clock.Now().Add(time.Hour).Unix()),
			"no expiry":          try(key, "exp", nil),
			"no jti":             try(key, "jti", ""),
			"from the future":    try(key, "iat", clock.Now().Add(time.Hour).Unix()),
			"the secret instead": s.post("grant_type=client_credentials", s.id, s.secret),
		} {
			s.limits.Succeeded(s.cfg.Origin.ClientIP(httptest.NewRequest("GET", "/", nil)), s.id)
			if a.status != 401 && a.status != 429 || a.status == 401 && a.body["error"] != "invalid_client" {
				t.Errorf("%s: %v", name, a)
			}
		}
	})
}

func TestRequestsThatArePushed(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		s.agree()
		push := func(form string) answer { return s.form("/identity/connect/par", form) }
		usual := "response_type=code&scope=openid+api&state=st&redirect_uri=" + url.QueryEscape(callback)
		a := push(usual)
		if a.status != 201 || a.body["expires_in"] != 90.0 {
			t.Fatal(a)
		}
		uri := a.body["request_uri"].(string)
		other := s.kit.site("Other")
		by := func(s *site) Outcome {
			out, err := s.Authorize(httptest.NewRequest("GET", "/identity/connect/authorize?client_id="+s.id+"&request_uri="+url.QueryEscape(uri), nil), s.session)
			s.must(err)
			return out
		}
		if out := by(other); out.Page == nil || out.Page.Code != "invalid_request_uri" {
			t.Fatalf("another app's: %+v", out)
		}
		if v := s.answered(by(s)); v.Get("code") == "" || v.Get("state") != "st" {
			t.Fatal(v)
		}
		if out := by(s); out.Page == nil {
			t.Fatalf("read twice: %+v", out)
		}
		for form, code := range map[string]string{
			"response_type=code&scope=openid":        "invalid_request", // no redirect URI
			usual + "&request_uri=x":                 "invalid_request",
			usual + "x":                              "invalid_request",
			usual + "&request=a.b.c":                 "request_not_supported",
			usual + "&code_challenge=x":              "invalid_request",
			strings.Replace(usual, "code", "x", 1):   "unsupported_response_type",
			usual + "&dpop_jkt=x":                    "invalid_request",
			usual + "&client_id=1234567890123456789": "invalid_request",
		} {
			if a := push(form); a.status != 400 || a.body["error"] != code {
				t.Errorf("%s: %v", form, a)
			}
		}
		// An app that asks for it takes no other requests.
		yes := true
		_, err := s.UpdateClientSettings(t.Context(), s.owner, "bella", s.id, ClientSettings{RequirePushedAuthorizationRequests: &yes})
		s.must(err)
		if v := s.answered(s.ask()); v.Get("error") != "invalid_request" {
			t.Fatal(v)
		}
		uri = push(usual).body["request_uri"].(string)
		s.session.Authenticated = s.session.Authenticated.Add(-time.Hour)
		if v := s.answered(by(s)); v.Get("code") == "" {
			t.Fatal(v)
		}
	})
}
