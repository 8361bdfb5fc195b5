package oauth

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"comanda/account"
	"comanda/internal/clock"
)

// idTokenLife is how long an ID token is good for. It is a statement about a moment, not a key to anything.
const idTokenLife = time.Hour

// idToken signs what a client may know of a sign-in. code and token are what travels beside it, empty if nothing does.
// alone says that no access token will be issued, so that the person's claims travel here (OpenID Connect, 5.4).
func (s *Server) idToken(ctx context.Context, a app, auth authorization, code, token string, alone bool) (string, error) {
	ring, err := s.ring(ctx)
	if err != nil {
		return "", err
	}
	now := clock.Now()
	claims := map[string]any{
		"iss": s.cfg.Issuer, "sub": strconv.Itoa(auth.account), "aud": a.id,
		"iat": now.Unix(), "exp": now.Add(idTokenLife).Unix(), "auth_time": auth.authenticated.Unix(),
	}
	if auth.nonce != "" {
		claims["nonce"] = auth.nonce
	}
	if auth.sessionKey != "" {
		claims["sid"] = auth.sessionKey
	}
	if auth.methods != "" {
		claims["amr"] = strings.Fields(auth.methods)
	}
	if code != "" {
		claims["c_hash"] = halfHash(code)
	}
	if token != "" {
		claims["at_hash"] = halfHash(token)
	}
	asked := auth.claims.IDToken
	if alone || len(asked) > 0 {
		p, err := s.person(ctx, auth.account)
		if err != nil {
			return "", err
		}
		scopes := scopeSet{}
		if alone {
			scopes = auth.scopes
		}
		for name, value := range claimsOf(p, scopes, asked) {
			claims[name] = value
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := ring.sign[a.settings.algorithm()].Sign(payload)
	if err != nil {
		return "", wrap("sign", err)
	}
	return signed.CompactSerialize()
}

// claimScopes are the claims about a person and the scope that asks for each.
var claimScopes = map[string]string{
	"name": scopeProfile, "locale": scopeProfile, "zoneinfo": scopeProfile, "updated_at": scopeProfile,
	"email": scopeEmail, "email_verified": scopeEmail, "phone_number": scopePhone, "phone_number_verified": scopePhone,
}

// claimsOf are the claims about a person that scopes and single names ask for; what is not known is left out.
func claimsOf(p account.Profile, scopes scopeSet, names []string) map[string]any {
	out := map[string]any{}
	put := func(name string, known bool, value any) {
		asked := scopes.has(claimScopes[name])
		for _, n := range names {
			asked = asked || n == name
		}
		if asked && known {
			out[name] = value
		}
	}
	put("name", p.Name != "", p.Name)
	put("locale", p.Language != "", p.Language)
	put("zoneinfo", p.TimeZone != "", p.TimeZone)
	put("updated_at", !p.Updated.IsZero(), p.Updated.Unix())
	put("email", p.Email != "", p.Email)
	put("email_verified", p.Email != "", p.Verified)
	put("phone_number", p.Phone != "", p.Phone)
	put("phone_number_verified", p.Phone != "", false)
	return out
}

// claimsRequest is the claims parameter (OpenID Connect, 5.5): names of claims that go into userinfo and ID token.
type claimsRequest struct {
	UserInfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
}

// parseClaims reads a claims parameter. Claims that we do not know are left out, as essential ones are, too: which claims
// are essential changes nothing for us, because we never hold one back that was agreed to.
func parseClaims(text string) (claimsRequest, error) {
	var c claimsRequest
	if text == "" {
		return c, nil
	}
	var in struct {
		UserInfo map[string]json.RawMessage `json:"userinfo"`
		IDToken  map[string]json.RawMessage `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return c, invalidRequest("The claims parameter is not a JSON object with userinfo and id_token.")
	}
	for name := range claimScopes {
		if _, asked := in.UserInfo[name]; asked {
			c.UserInfo = append(c.UserInfo, name)
		}
		if _, asked := in.IDToken[name]; asked {
			c.IDToken = append(c.IDToken, name)
		}
	}
	return c, nil
}

// scopes are those whose consent the single claims need.
func (c claimsRequest) scopes() scopeSet {
	var text []string
	for _, name := range append(append([]string{}, c.UserInfo...), c.IDToken...) {
		text = append(text, claimScopes[name])
	}
	set, _ := parseScope(strings.Join(text, " "))
	return set
}

func (c claimsRequest) String() string {
	if len(c.UserInfo)+len(c.IDToken) == 0 {
		return ""
	}
	b, _ := json.Marshal(c)
	return string(b)
}

// hint is what an ID token that we signed once says, though it may have expired since.
type hint struct {
	account  int
	clientID string
	session  string
}

// parseHint reads an id_token_hint; ok is false unless a published key of ours signed it.
func (s *Server) parseHint(ctx context.Context, text string) (h hint, ok bool, err error) {
	if len(text) > maxAssertion {
		return h, false, nil
	}
	t, parseErr := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if parseErr != nil {
		return h, false, nil
	}
	ring, err := s.ring(ctx)
	if err != nil {
		return h, false, err
	}
	var c jwt.Claims
	var more struct {
		Session string `json:"sid"`
	}
	set := ring.published()
	keys := set.Key(t.Headers[0].KeyID)
	if len(keys) != 1 || t.Claims(keys[0], &c, &more) != nil || c.Issuer != s.cfg.Issuer || len(c.Audience) != 1 {
		return h, false, nil
	}
	if h.account, parseErr = strconv.Atoi(c.Subject); parseErr != nil {
		return h, false, nil
	}
	h.clientID, h.session = c.Audience[0], more.Session
	return h, true, nil
}
