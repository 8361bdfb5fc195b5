package oauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// signingAlgorithms are what ID tokens are signed with: RS256 by default, ES256 where an app asks for it.
var signingAlgorithms = []string{string(jose.RS256), string(jose.ES256)}

const (
	keyLife      = 90 * 24 * time.Hour // how long a key signs
	keyAfterglow = 7 * 24 * time.Hour  // how long it is published after that
	keyMemory    = 24 * time.Hour      // how long a key that is gone is still listed
	rsaBits      = 2048
)

// KeyState is where a signing key stands: next → active → retiring → gone.
type KeyState string

// The states. All but gone are published.
const (
	KeyNext     KeyState = "next"     // published, so that clients know it when it begins to sign
	KeyActive   KeyState = "active"   // signs
	KeyRetiring KeyState = "retiring" // signs no more; what it signed is still good
	KeyGone     KeyState = "gone"
)

// Key is a signing key as the operator sees it.
type Key struct {
	ID         string    `json:"kid"`
	Algorithm  string    `json:"alg"`
	Generation int       `json:"generation"`
	State      KeyState  `json:"state"`
	Created    time.Time `json:"created"`
	Active     time.Time `json:"signsFrom"`               // or since when
	Gone       time.Time `json:"publishedUntil,omitzero"` // zero = not decided
}

// signingKey is a key with what signs and what verifies.
type signingKey struct {
	Key
	sealed []byte
	public jose.JSONWebKey
}

// keyRing is all keys as they were read, newest generation first for each algorithm.
type keyRing struct {
	keys []signingKey
	sign map[string]jose.Signer // by algorithm
}

// Keys lists the signing keys with their states, newest first.
func (s *Server) Keys(ctx context.Context) ([]Key, error) {
	all, err := s.readKeys(ctx)
	out := make([]Key, len(all))
	for i, k := range all {
		out[i] = k.Key
	}
	return out, err
}

// readKeys reads all keys from the database and gives each its state at this moment.
func (s *Server) readKeys(ctx context.Context) ([]signingKey, error) {
	var out []signingKey
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = scanKeys(tx)
		return err
	})
	return out, wrap("read keys", err)
}

func scanKeys(tx *db.Tx) ([]signingKey, error) {
	rows, err := tx.Query(sqlKeys)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []signingKey
	now := clock.Now()
	active := map[string]bool{}
	for rows.Next() {
		var k signingKey
		var public string
		var created, from, gone int64
		if err := rows.Scan(&k.ID, &k.Algorithm, &k.Generation, &k.sealed, &public, &created, &from, &gone); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(public), &k.public); err != nil {
			return nil, fmt.Errorf("public key %s: %w", k.ID, err)
		}
		k.Created, k.Active, k.Gone = clock.FromMicros(created), clock.FromMicros(from), clock.FromMicros(gone)
		switch {
		case gone != 0 && !k.Gone.After(now):
			k.State = KeyGone
		case k.Active.After(now):
			k.State = KeyNext
		case !active[k.Algorithm]:
			k.State, active[k.Algorithm] = KeyActive, true
		default:
			k.State = KeyRetiring
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// ring is the keys at most verifyTTL old, made first if there are none.
func (s *Server) ring(ctx context.Context) (*keyRing, error) {
	return s.keys.Load(struct{}{}, func() (*keyRing, error) {
		keys, err := s.readKeys(ctx)
		if err != nil {
			return nil, err
		}
		ring := &keyRing{keys: keys, sign: map[string]jose.Signer{}}
		if slices.ContainsFunc(signingAlgorithms, func(alg string) bool { return ring.active(alg) == nil }) {
			if _, err := s.rotateOnce(ctx); err != nil {
				return nil, err
			}
			if ring.keys, err = s.readKeys(ctx); err != nil {
				return nil, err
			}
		}
		for _, alg := range signingAlgorithms {
			k := ring.active(alg)
			if k == nil {
				return nil, fmt.Errorf("oauth: there is no key for %s", alg)
			}
			if ring.sign[alg], err = s.signer(k); err != nil {
				return nil, err
			}
		}
		return ring, nil
	})
}

func (r *keyRing) active(alg string) *signingKey {
	i := slices.IndexFunc(r.keys, func(k signingKey) bool { return k.Algorithm == alg && k.State == KeyActive })
	if i < 0 {
		return nil
	}
	return &r.keys[i]
}

// published is the JSON Web Key Set that clients verify with.
func (r *keyRing) published() keySet {
	set := keySet{Keys: []jose.JSONWebKey{}}
	for _, k := range r.keys {
		if k.State != KeyGone {
			set.Keys = append(set.Keys, k.public)
		}
	}
	return set
}

func (s *Server) signer(k *signingKey) (jose.Signer, error) {
	der, err := s.keyBox.Open(k.sealed, "key/"+k.ID)
	if err != nil {
		return nil, fmt.Errorf("oauth: key %s: %w", k.ID, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("oauth: key %s: %w", k.ID, err)
	}
	return jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Algorithm), Key: jose.JSONWebKey{Key: private, KeyID: k.ID}},
		(&jose.SignerOptions{}).WithType("JWT"))
}

// newKey makes a key of the generation after the newest one.
func (s *Server) newKey(alg string, generation int, from time.Time) (signingKey, error) {
	var private crypto.Signer
	var err error
	switch jose.SignatureAlgorithm(alg) {
	case jose.RS256:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("oauth: no keys for %s", alg)
	}
	if err != nil {
		return signingKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return signingKey{}, err
	}
	k := signingKey{public: jose.JSONWebKey{Key: private.Public(), Algorithm: alg, Use: "sig"}}
	sum, err := k.public.Thumbprint(crypto.SHA256)
	if err != nil {
		return signingKey{}, err
	}
	k.ID = base64.RawURLEncoding.EncodeToString(sum)
	k.public.KeyID = k.ID
	k.Algorithm, k.Generation, k.Created, k.Active = alg, generation, clock.Now(), from
	k.sealed = s.keyBox.Seal(der, "key/"+k.ID)
	return k, nil
}

// rotateOnce makes sure that each algorithm has an active key and a next one, and decides when retiring ones go. It
// returns how many keys it made. Nodes may do it at the same time: a generation is made once.
func (s *Server) rotateOnce(ctx context.Context) (made int, err error) {
	for _, alg := range signingAlgorithms {
		keys, err := s.readKeys(ctx)
		if err != nil {
			return made, err
		}
		keys = slices.DeleteFunc(keys, func(k signingKey) bool { return k.Algorithm != alg })
		newest, from := 0, clock.Now()
		hasActive, hasNext := false, false
		for _, k := range keys {
			newest = max(newest, k.Generation)
			hasNext = hasNext || k.State == KeyNext
			if k.State == KeyActive {
				hasActive, from = true, k.Active
			}
		}
		var fresh []signingKey
		if !hasActive && !hasNext {
			newest++
			k, err := s.newKey(alg, newest, clock.Now())
			if err != nil {
				return made, err
			}
			fresh, from = append(fresh, k), k.Active
		}
		if !hasNext {
			if from = from.Add(keyLife); !from.After(clock.Now()) {
				from = clock.Now().Add(keyLife)
			}
			k, err := s.newKey(alg, newest+1, from)
			if err != nil {
				return made, err
			}
			fresh = append(fresh, k)
		}
		if made, err = s.storeKeys(ctx, alg, fresh, made); err != nil {
			return made, err
		}
	}
	return made, nil
}

func (s *Server) storeKeys(ctx context.Context, alg string, fresh []signingKey, made int) (int, error) {
	now := clock.Now()
	stored := 0
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		stored = 0
		for _, k := range fresh {
			public, err := json.Marshal(k.public)
			if err != nil {
				return err
			}
			n, err := tx.Exec(sqlInsertKey, k.ID, k.Algorithm, k.Generation, k.sealed, string(public), clock.Micros(k.Created), clock.Micros(k.Active))
			if err != nil {
				return err
			}
			stored += int(n)
		}
		if _, err := tx.Exec(sqlForgetKeys, clock.Micros(now.Add(-keyMemory))); err != nil {
			return err
		}
		_, err := tx.Exec(sqlRetireKeys, alg, clock.Micros(now), clock.Micros(now.Add(keyAfterglow)))
		return err
	})
	s.keys.Evict(struct{}{})
	return made + stored, wrap("store keys", err)
}

// RotateKeys makes the next key of each algorithm sign from now on; what the active one signed stays good. In an
// emergency the active key is not published any more from now on: what it signed is good for nothing.
// Nodes follow within two seconds.
func (s *Server) RotateKeys(ctx context.Context, emergency bool) error {
	if _, err := s.rotateOnce(ctx); err != nil { // so that there is a next one
		return err
	}
	now := clock.Micros(clock.Now())
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		keys, err := scanKeys(tx)
		if err != nil {
			return err
		}
		for _, k := range keys {
			switch {
			case k.State == KeyNext:
				_, err = tx.Exec(sqlActivateKey, k.ID, now)
			case emergency && (k.State == KeyActive || k.State == KeyRetiring):
				_, err = tx.Exec(sqlDropKey, k.ID, now)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return wrap("rotate keys", err)
	}
	_, err = s.rotateOnce(ctx)
	return err
}

// halfHash is at_hash and c_hash of OpenID Connect: the left half of the SHA-256 that goes with both algorithms.
func halfHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}
