package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // a legacy receiver may ask for it; HMAC-SHA1 is not broken
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"
)

// The signature schemes of the Standard Webhooks specification.
const (
	schemeV1  = "v1"  // HMAC-SHA256 under the secret
	schemeV1a = "v1a" // ed25519: the receiver needs no secret
)

const publicKeyPrefix = "whpk_"

// signature is the Standard Webhooks signature header. Every live key signs, newest first; the schemes that not every
// receiver knows come last: "v1,… v1,… v1a,… v1a,…".
func (s *Subscription) signature(id, stamp string, body []byte, at time.Time) string {
	rotating := at.Before(s.oldUntil)
	out := signV1(make([]byte, 0, 128), s.secret, id, stamp, body)
	if rotating && s.oldSecret != nil {
		out = signV1(append(out, ' '), s.oldSecret, id, stamp, body)
	}
	if s.settings.V1a && s.key != nil {
		out = signV1a(append(out, ' '), s.key, id, stamp, body)
		if rotating && s.oldKey != nil {
			out = signV1a(append(out, ' '), s.oldKey, id, stamp, body)
		}
	}
	return string(out)
}

func signV1(out, key []byte, id, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + stamp + "."))
	m.Write(body)
	var sum [sha256.Size]byte
	return base64.StdEncoding.AppendEncode(append(out, schemeV1+","...), m.Sum(sum[:0]))
}

func signV1a(out []byte, key ed25519.PrivateKey, id, stamp string, body []byte) []byte {
	signed := append([]byte(id+"."+stamp+"."), body...)
	return base64.StdEncoding.AppendEncode(append(out, schemeV1a+","...), ed25519.Sign(key, signed))
}

// newSeed makes the seed of an ed25519 key.
func newSeed() []byte {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails since Go 1.24
	return seed
}

// seedOwner is what a sealed seed is bound to: another thing than the secret of the same subscription.
func seedOwner(id int) string { return secretOwner(id) + "/ed25519" }

func (w *Webhooks) sealSeed(id int, seed []byte) []byte { return w.box.Seal(seed, seedOwner(id)) }

// openSeed returns the key of a sealed seed, nil when there is none.
func (w *Webhooks) openSeed(id int, sealed []byte) (ed25519.PrivateKey, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	seed, err := w.box.Open(sealed, seedOwner(id))
	if err != nil {
		return nil, fmt.Errorf("webhook: signing key of subscription %d: %w", id, err)
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("webhook: signing key of subscription %d has %d bytes", id, len(seed))
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func publicKeyText(key ed25519.PrivateKey) string {
	public, _ := key.Public().(ed25519.PublicKey)
	return publicKeyPrefix + base64.StdEncoding.EncodeToString(public)
}

// legacy is a signature of the raw body in a header of the receiver's choice, as stored.
type legacy struct {
	Header    string
	Algorithm string
	Encoding  string
	Prefix    string `json:",omitempty"`
}

var legacyHashes = map[string]func() hash.Hash{"sha256": sha256.New, "sha1": sha1.New, "sha512": sha512.New}

var legacyEncodings = map[string]func([]byte) string{"hex": hex.EncodeToString, "base64": base64.StdEncoding.EncodeToString}

// value is what the header carries. The key is the text of the secret, whsec_ included, as such receivers use what they were
// given: byte for byte.
func (l *legacy) value(secret, body []byte) string {
	m := hmac.New(legacyHashes[l.Algorithm], []byte(secretText(secret)))
	m.Write(body)
	return l.Prefix + legacyEncodings[l.Encoding](m.Sum(nil))
}

// reservedHeaders cannot carry a legacy signature: HTTP, its proxies or this package give them a meaning of their own.
var reservedHeaders = map[string]bool{
	"accept": true, "accept-encoding": true, "connection": true, "content-encoding": true, "content-length": true,
	"content-type": true, "cookie": true, "date": true, "expect": true, "forwarded": true, "host": true, "http2-settings": true,
	"idempotency-key": true, "keep-alive": true, "set-cookie": true, "te": true, "trailer": true, "transfer-encoding": true,
	"upgrade": true, "user-agent": true, "via": true, "x-idempotency-key": true, "x-verify-token": true,
}

var reservedPrefixes = []string{"proxy-", "sec-", "webhook-", "x-comanda-", "x-forwarded-"}

func reservedHeader(name string) bool {
	name = strings.ToLower(name)
	for _, p := range reservedPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return reservedHeaders[name]
}

// validHeader reports whether a text is a token of RFC 9110, as a header name must be.
func validHeader(name string) bool {
	for _, c := range []byte(name) {
		if c >= 0x7f || c <= ' ' || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return name != ""
}
