package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"comanda/internal/fault"
)

// Hashing is the cost of one argon2id password hash.
type Hashing struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// strong is what OWASP's password storage advice gives for argon2id: 19 MiB, 2 passes, 1 lane.
var strong = Hashing{Memory: 19 * 1024, Passes: 2, Lanes: 1}

const (
	hashLength    = 32
	saltLength    = 16
	hashesWaiting = 64 // beyond it a sign-in is refused at once
)

// hashesAtOnce leaves half of the processors to everything else, however many people sign in or guess.
var hashesAtOnce = max(1, runtime.GOMAXPROCS(0)/2)

// hasher makes and checks password hashes, a few at a time.
type hasher struct {
	cost    Hashing
	slots   chan struct{}
	runs    atomic.Int64
	waiting atomic.Int32
	dummy   string // checked when there is no account, so that it takes as long
}

func newHasher(cost Hashing) *hasher {
	if cost == (Hashing{}) {
		cost = strong
	}
	h := &hasher{cost: cost, slots: make(chan struct{}, hashesAtOnce)}
	h.dummy = encodeHash(cost, make([]byte, saltLength), make([]byte, hashLength))
	return h
}

// Stats counts what sign-in did on this node.
type Stats struct {
	Hashes   int64 // passwords hashed, to make or to check one
	Refused  int64 // wrong proofs: passwords, PINs, codes
	Deferred int64 // tries that had to wait
}

// Stats counts what sign-in did on this node.
func (a *Accounts) Stats() Stats {
	return Stats{Hashes: a.hash.runs.Load(), Refused: a.refused.Load(), Deferred: a.deferred.Load()}
}

// make returns the hash text of a password: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (h *hasher) make(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	sum, err := h.derive(ctx, h.cost, salt, password)
	if err != nil {
		return "", err
	}
	return encodeHash(h.cost, salt, sum), nil
}

// check reports whether the password belongs to the hash text; an empty text never matches but costs the same.
func (h *hasher) check(ctx context.Context, text, password string) (bool, error) {
	real := text != ""
	if !real {
		text = h.dummy
	}
	cost, salt, want, err := decodeHash(text)
	if err != nil {
		return false, err
	}
	sum, err := h.derive(ctx, cost, salt, password)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, want) == 1 && real, nil
}

func (h *hasher) derive(ctx context.Context, cost Hashing, salt []byte, password string) ([]byte, error) {
	if h.waiting.Add(1) > hashesWaiting {
		h.waiting.Add(-1)
		return nil, fault.New(fault.TooMany, "Too many people are signing in at this moment.").With("Try again in a few seconds.")
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	h.runs.Add(1)
	return argon2.IDKey([]byte(password), salt, cost.Passes, cost.Memory, cost.Lanes, hashLength), nil
}

func encodeHash(c Hashing, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

func decodeHash(text string) (c Hashing, salt, sum []byte, err error) {
	var version int
	var rest string
	if _, err := fmt.Sscanf(text, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &c.Memory, &c.Passes, &c.Lanes, &rest); err != nil || version != argon2.Version {
		return c, nil, nil, fmt.Errorf("account: a stored password hash is not argon2id version %d", argon2.Version)
	}
	saltText, sumText, _ := strings.Cut(rest, "$")
	if salt, err = base64.RawStdEncoding.DecodeString(saltText); err == nil {
		sum, err = base64.RawStdEncoding.DecodeString(sumText)
	}
	if err != nil || len(sum) != hashLength {
		return c, nil, nil, fmt.Errorf("account: a stored password hash is damaged")
	}
	return c, salt, sum, nil
}

func checkPassword(p string) error { return checkNewPassword("Password", p) }

func checkNewPassword(field, p string) error {
	switch n := utf8.RuneCountInString(p); {
	case n < 8:
		return fault.BadField(field, "a password has 8 characters at least")
	case len(p) > 1024:
		return fault.BadField(field, "a password has 1024 bytes at most")
	}
	return nil
}
