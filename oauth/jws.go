package oauth

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// clientAlgorithms are what clients may sign with: assertions and DPoP proofs.
var clientAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

func algorithmNames(algs []jose.SignatureAlgorithm) []string {
	out := make([]string, len(algs))
	for i, a := range algs {
		out[i] = string(a)
	}
	return out
}

const (
	maxAssertion   = 16 << 10         // bytes of a JWT from outside
	assertionLife  = 10 * time.Minute // how long a client assertion may be good for
	proofLife      = time.Minute      // how old a DPoP proof may be
	clockTolerance = 10 * time.Second // how far a client's clock may be ahead
	maxJTI         = 256
)

// unverifiedSubject reads the sub of a JWT whose signature nobody has checked yet: to find the keys to check it with.
func unverifiedSubject(assertion string) string {
	if len(assertion) > maxAssertion {
		return ""
	}
	t, err := jwt.ParseSigned(assertion, clientAlgorithms)
	if err != nil {
		return ""
	}
	var c jwt.Claims
	if err := t.UnsafeClaimsWithoutVerification(&c); err != nil {
		return ""
	}
	return c.Subject
}

// assertionHolds checks a client assertion (RFC 7523, 3) and uses it up. endpoint is the address that was called.
func (s *Server) assertionHolds(ctx context.Context, a app, assertion, endpoint string) (bool, error) {
	if len(assertion) > maxAssertion || !a.settings.PrivateKey {
		return false, nil
	}
	t, err := jwt.ParseSigned(assertion, clientAlgorithms)
	if err != nil {
		return false, nil
	}
	c, ok := signedBy(t, a.settings.Keys)
	if !ok || c.Issuer != a.id || c.Subject != a.id || c.ID == "" || len(c.ID) > maxJTI || c.Expiry == nil {
		return false, nil
	}
	now := clock.Now()
	expires := c.Expiry.Time()
	switch {
	case !c.Audience.Contains(s.cfg.Issuer) && !c.Audience.Contains(s.cfg.Issuer+"/connect/token") && !c.Audience.Contains(endpoint),
		!expires.After(now), expires.After(now.Add(assertionLife + clockTolerance)),
		c.NotBefore != nil && c.NotBefore.Time().After(now.Add(clockTolerance)),
		c.IssuedAt != nil && c.IssuedAt.Time().After(now.Add(clockTolerance)):
		return false, nil
	}
	return s.firstUse(ctx, "assertion", a.id, c.ID, expires)
}

// signedBy returns the claims of a JWT that one of the keys signed: the one that its header names, or any.
func signedBy(t *jwt.JSONWebToken, keys keySet) (jwt.Claims, bool) {
	for _, k := range keys.Keys {
		if named := t.Headers[0].KeyID; named != "" && k.KeyID != "" && named != k.KeyID {
			continue
		}
		if k.Algorithm != "" && k.Algorithm != t.Headers[0].Algorithm {
			continue
		}
		var c jwt.Claims
		if err := t.Claims(k, &c); err == nil {
			return c, true
		}
	}
	return jwt.Claims{}, false
}

// firstUse notes that something which may be used once was used, and reports whether this was the first time.
func (s *Server) firstUse(ctx context.Context, kind, owner, id string, until time.Time) (bool, error) {
	sum := sha256.Sum256([]byte(kind + "\x00" + owner + "\x00" + id))
	var n int64
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(sqlUseOnce, sum[:], clock.Micros(until.Add(clockTolerance)))
		return err
	})
	return n == 1, wrap("replay", err)
}

// proofClaims are those of a DPoP proof (RFC 9449, 4.2).
type proofClaims struct {
	ID       string           `json:"jti"`
	Method   string           `json:"htm"`
	URL      string           `json:"htu"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	Token    string           `json:"ath"`
}

// proof checks the DPoP proof of a request, if it has one, and returns the thumbprint of the key behind it, empty without
// a proof. token is the access token that goes with it, if any.
func (s *Server) proof(ctx context.Context, header http.Header, method, address, token string) (string, error) {
	all := header.Values("DPoP")
	switch {
	case len(all) == 0:
		return "", nil
	case len(all) > 1:
		return "", invalidProof("There is more than one DPoP header.")
	}
	c, thumbprint, err := parseProof(all[0])
	if err != nil {
		return "", err
	}
	now := clock.Now()
	switch {
	case c.Method != method:
		return "", invalidProof("The htm of the DPoP proof is not the method of this request.")
	case !sameAddress(c.URL, address):
		return "", invalidProof("The htu of the DPoP proof is not the address of this request.")
	case c.IssuedAt == nil, c.IssuedAt.Time().After(now.Add(clockTolerance)), c.IssuedAt.Time().Before(now.Add(-proofLife)):
		return "", invalidProof("The iat of the DPoP proof is not within the last minute. Check the clock.")
	}
	if token != "" {
		want := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare([]byte(c.Token), []byte(base64.RawURLEncoding.EncodeToString(want[:]))) != 1 {
			return "", invalidProof("The ath of the DPoP proof is not that of the access token.")
		}
	}
	first, err := s.firstUse(ctx, "dpop", thumbprint, c.ID, c.IssuedAt.Time().Add(proofLife))
	if err == nil && !first {
		err = invalidProof("The DPoP proof was used before. Make a new one for each request.")
	}
	return thumbprint, err
}

// parseProof reads a DPoP proof that is signed by the key in its own header, and returns that key's thumbprint.
func parseProof(text string) (proofClaims, string, error) {
	var c proofClaims
	if len(text) > maxAssertion {
		return c, "", invalidProof("The DPoP proof is too long.")
	}
	signed, err := jose.ParseSignedCompact(text, clientAlgorithms)
	if err != nil {
		return c, "", invalidProof("The DPoP header is not a JWT signed with one of the supported algorithms.")
	}
	h := signed.Signatures[0].Protected
	if typ, _ := h.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(typ, "dpop+jwt") {
		return c, "", invalidProof("The typ of the DPoP proof is not dpop+jwt.")
	}
	key := h.JSONWebKey
	if key == nil || !key.Valid() || !key.IsPublic() {
		return c, "", invalidProof("The DPoP proof does not carry a valid public key in jwk.")
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return c, "", invalidProof("The DPoP proof is not signed by the key that it carries.")
	}
	if err := json.Unmarshal(payload, &c); err != nil || c.ID == "" || len(c.ID) > maxJTI {
		return proofClaims{}, "", invalidProof("The claims of the DPoP proof are not as they should be: jti, htm, htu and iat.")
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return proofClaims{}, "", invalidProof("The key of the DPoP proof cannot be used.")
	}
	return c, base64.RawURLEncoding.EncodeToString(sum), nil
}

// sameAddress compares two addresses without query and fragment, scheme and host in any case.
func sameAddress(a, b string) bool {
	norm := func(s string) string {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return ""
		}
		host := strings.ToLower(u.Host)
		if u.Scheme = strings.ToLower(u.Scheme); u.Scheme == "https" {
			host = strings.TrimSuffix(host, ":443")
		}
		return u.Scheme + "://" + host + u.EscapedPath()
	}
	n := norm(a)
	return n != "" && n == norm(b)
}
