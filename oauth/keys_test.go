package oauth

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// published is what clients verify with.
func (k *kit) published(s *Server) keySet {
	k.t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/identity/.well-known/jwks", nil))
	var set keySet
	k.must(json.Unmarshal(w.Body.Bytes(), &set))
	for _, key := range set.Keys {
		if !key.IsPublic() || !key.Valid() || key.KeyID == "" {
			k.t.Fatalf("published: %+v", key)
		}
	}
	return set
}

// verifies reports whether an ID token holds with a published key, and by which.
func verifies(t *testing.T, token string, set keySet) (string, bool) {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	id := parsed.Headers[0].KeyID
	for _, key := range set.Key(id) {
		if parsed.Claims(key, &jwt.Claims{}) == nil {
			return id, true
		}
	}
	return id, false
}

func TestKeysRotate(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		idToken := func() string { return s.redeem(s.agree("scope", "openid").Get("code")).body["id_token"].(string) }
		first := idToken()
		set := s.published(s.Server)
		if len(set.Keys) != 4 { // an active and a next one of each algorithm
			t.Fatalf("%d keys are published", len(set.Keys))
		}
		firstKey, ok := verifies(t, first, set)
		if !ok {
			t.Fatal("the first ID token does not verify")
		}
		s.must(s.RotateKeys(t.Context(), false))
		second := idToken()
		secondKey, ok := verifies(t, second, set) // with the keys as they were read before
		if !ok || secondKey == firstKey {
			t.Fatal("what was next does not sign, or was not known before")
		}
		if _, ok := verifies(t, first, s.published(s.Server)); !ok {
			t.Fatal("a rotation must not break what was signed before")
		}
		s.must(s.RotateKeys(t.Context(), true))
		now := s.published(s.Server)
		for _, old := range []string{first, second} {
			if _, ok := verifies(t, old, now); ok {
				t.Fatal("after an emergency what was signed before must not hold")
			}
		}
		third := idToken()
		if id, ok := verifies(t, third, now); !ok || id == secondKey {
			t.Fatal("the new key does not sign")
		}
		if out := s.ask("id_token_hint", second, "prompt", "none"); s.answered(out).Get("error") != "invalid_request" {
			t.Fatalf("%+v", out)
		}
		alg := "ES256"
		_, err := s.UpdateClientSettings(t.Context(), s.owner, "bella", s.id, ClientSettings{IdTokenSigningAlg: &alg})
		s.must(err)
		parsed, err := jwt.ParseSigned(idToken(), []jose.SignatureAlgorithm{jose.ES256})
		if err != nil || parsed.Headers[0].Algorithm != "ES256" {
			t.Fatal(err)
		}
	})
}

func TestKeysRotateByThemselvesAndOnEveryNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, dbtest.SQLite(t))
		_, other := k.node()
		active := func(s *Server) string {
			ring, err := s.ring(t.Context())
			k.must(err)
			return ring.active("RS256").ID
		}
		first := active(k.Server)
		if active(other) != first {
			t.Fatal("two nodes sign with keys of their own")
		}
		keys, err := k.Keys(t.Context())
		k.must(err)
		for range 3 { // nothing to do
			if n, err := k.rotateOnce(t.Context()); n != 0 || err != nil {
				t.Fatal(n, err)
			}
		}
		time.Sleep(keyLife + time.Second)
		second := active(other)
		if second == first || second != keys[1].ID && second != keys[0].ID && second != keys[2].ID {
			t.Fatal("the next key did not take over")
		}
		if n, err := other.rotateOnce(t.Context()); n != len(signingAlgorithms) || err != nil {
			t.Fatal(n, err)
		}
		if set := k.published(k.Server); len(set.Keys) != 6 {
			t.Fatalf("%d keys", len(set.Keys))
		}
		time.Sleep(keyAfterglow + time.Second)
		if set := k.published(k.Server); len(set.Keys) != 4 || len(set.Key(first)) != 0 {
			t.Fatalf("%d keys", len(set.Keys))
		}
	})
}

func TestSigningKeysAreSealed(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		_, err := k.ring(t.Context())
		k.must(err)
		k.key = make([]byte, 32)
		_, other := k.node()
		if _, err := other.ring(t.Context()); err == nil {
			t.Fatal("keys opened under another master key")
		}
		k.must(k.db.Read(t.Context(), func(tx *db.Tx) error {
			var sealed []byte
			var public string
			if err := tx.QueryRow(`select sealed, public from oauth_keys limit 1`).Scan(&sealed, &public); err != nil {
				return err
			}
			var key jose.JSONWebKey
			if err := json.Unmarshal([]byte(public), &key); err != nil || !key.IsPublic() || len(sealed) < 100 {
				t.Fatal(err, len(sealed))
			}
			return nil
		}))
	})
}
