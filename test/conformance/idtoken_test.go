package conformance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// idToken is an ID token that was verified.
type idToken struct {
	raw, alg, kid string
	claims        map[string]any
}

// skew is how far the suite lets clocks be apart.
const skew = 5 * time.Minute

// verify checks an ID token as a client must (Core 2, 3.1.3.7).
func (r *run) verify(q *request, raw string) *idToken {
	r.Helper()
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	must(r, err)
	head := signed.Signatures[0].Header
	keys := r.keys.Key(head.KeyID)
	if len(keys) != 1 || keys[0].Algorithm != "" && keys[0].Algorithm != head.Algorithm {
		r.Fatalf("kid %q names %d keys, alg %s", head.KeyID, len(keys), head.Algorithm)
	}
	payload, err := signed.Verify(keys[0])
	must(r, err)
	t := &idToken{raw: raw, alg: head.Algorithm, kid: head.KeyID, claims: r.object(payload)}

	now := time.Now()
	if t.claims["iss"] != r.meta.Issuer {
		r.Errorf("iss %v, want %s", t.claims["iss"], r.meta.Issuer)
	}
	if aud := t.audience(); !slices.Contains(aud, q.client.id) || len(aud) != 1 {
		r.Errorf("aud %q, want %s", aud, q.client.id)
	}
	if azp, ok := t.claims["azp"]; ok && azp != q.client.id {
		r.Errorf("azp %v, want %s", azp, q.client.id)
	}
	if sub, _ := t.claims["sub"].(string); sub == "" || len(sub) > 255 || strings.ContainsFunc(sub, func(c rune) bool { return c < 0x20 || c > 0x7e }) {
		r.Errorf("sub %q", sub)
	}
	if exp := t.time(r, "exp"); !exp.After(now) || exp.After(now.AddDate(1, 0, 0)) {
		r.Errorf("exp %s, now %s", exp, now)
	}
	if iat := t.time(r, "iat"); iat.Before(now.Add(-skew)) || iat.After(now.Add(skew)) {
		r.Errorf("iat %s, now %s", iat, now)
	}
	if _, ok := t.claims["auth_time"]; ok {
		if at := t.time(r, "auth_time"); at.Before(now.AddDate(-1, 0, 0)) || at.After(now.Add(skew)) {
			r.Errorf("auth_time %s, now %s", at, now)
		}
	}
	if nonce, ok := t.claims["nonce"]; ok != q.values.Has("nonce") || ok && nonce != q.values.Get("nonce") {
		r.Errorf("nonce %v, want %q", nonce, q.values.Get("nonce"))
	}
	if acr, ok := t.claims["acr"]; ok && acr == "" {
		r.Error("an empty acr")
	}
	// The access token is there to ask for these; Core 5.4 keeps them out of an ID token that nobody asked to carry them.
	for _, claim := range []string{"name", "email", "email_verified", "phone_number", "phone_number_verified", "address", "zoneinfo", "locale", "updated_at"} {
		if _, ok := t.claims[claim]; ok {
			r.Errorf("the ID token tells %s, which was not asked for", claim)
		}
	}
	return t
}

func (t *idToken) audience() (out []string) {
	switch aud := t.claims["aud"].(type) {
	case string:
		return []string{aud}
	case []any:
		for _, v := range aud {
			s, _ := v.(string)
			out = append(out, s)
		}
	}
	return out
}

// seconds is a claim that is a number of seconds.
func (t *idToken) seconds(r *run, claim string) int64 {
	r.Helper()
	number, _ := t.claims[claim].(json.Number)
	n, err := number.Int64()
	if err != nil {
		r.Fatalf("%s is %v, no number of seconds", claim, t.claims[claim])
	}
	return n
}

func (t *idToken) time(r *run, claim string) time.Time {
	r.Helper()
	return time.Unix(t.seconds(r, claim), 0)
}

// hash checks c_hash or at_hash: the left half of the SHA-256 of what it stands for (Core 3.3.2.11).
func (t *idToken) hash(r *run, claim, of string, required bool) {
	r.Helper()
	got, ok := t.claims[claim]
	if !ok {
		if required {
			r.Errorf("no %s", claim)
		}
		return
	}
	sum := sha256.Sum256([]byte(of))
	if want := base64.RawURLEncoding.EncodeToString(sum[:16]); got != want || of == "" {
		r.Errorf("%s %v, want %s", claim, got, want)
	}
}

// standardClaims checks the types of claims about a person (Core 5.1). Claims that are not known must be left out, not
// empty (Core 5.3.2).
func (r *run) standardClaims(claims map[string]any) {
	r.Helper()
	for name, v := range claims {
		var ok bool
		switch name {
		case "email_verified", "phone_number_verified":
			_, ok = v.(bool)
		case "updated_at":
			number, _ := v.(json.Number)
			at, err := number.Int64()
			ok = err == nil && at > 631152000 && at < time.Now().Add(skew).Unix() // after 1990, and seconds
		case "address":
			_, ok = v.(map[string]any)
		default:
			s, isText := v.(string)
			ok = isText && strings.TrimSpace(s) != ""
		}
		if !ok {
			r.Errorf("%s is %#v", name, v)
		}
	}
}
