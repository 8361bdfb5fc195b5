package webhook

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// The vectors of testdata/signatures.json were made by Node's own crypto.
func TestSignaturesAreThoseOfTheWrittenVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name, Secret, Seed, PublicKey, ID, Timestamp, Body, V1, V1a string
		LegacySha256Hex, LegacySha1Hex, LegacySha512Base64          string
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 4 {
		t.Fatalf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(v.Secret, secretPrefix))
		if err != nil {
			t.Fatal(err)
		}
		seed, err := hex.DecodeString(v.Seed)
		if err != nil {
			t.Fatal(err)
		}
		key := ed25519.NewKeyFromSeed(seed)
		s := &Subscription{secret: secret, key: key}
		if got := s.signature(v.ID, v.Timestamp, []byte(v.Body), time.Now()); got != v.V1 {
			t.Errorf("%s: v1 alone %s, want %s", v.Name, got, v.V1)
		}
		s.settings.V1a = true
		if got, want := s.signature(v.ID, v.Timestamp, []byte(v.Body), time.Now()), v.V1+" "+v.V1a; got != want {
			t.Errorf("%s: %s, want %s", v.Name, got, want)
		}
		if got := publicKeyText(key); got != v.PublicKey {
			t.Errorf("%s: public key %s, want %s", v.Name, got, v.PublicKey)
		}
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(v.V1a, "v1a,"))
		public, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(v.PublicKey, publicKeyPrefix))
		signed := []byte(v.ID + "." + v.Timestamp + "." + v.Body)
		if !ed25519.Verify(public, signed, raw) || ed25519.Verify(public, append(signed, ' '), raw) {
			t.Errorf("%s: Go does not verify the v1a signature, or another text as well", v.Name)
		}
		for want, l := range map[string]legacy{
			"sha256=" + v.LegacySha256Hex:  {"X-Hub-Signature-256", "sha256", "hex", "sha256="},
			v.LegacySha1Hex:                {"X-Signature", "sha1", "hex", ""},
			"HMAC " + v.LegacySha512Base64: {"Authorization", "sha512", "base64", "HMAC "},
		} {
			if got := l.value(secret, []byte(v.Body)); got != want {
				t.Errorf("%s: %s carries %s, want %s", v.Name, l.Header, got, want)
			}
		}
	}
}
