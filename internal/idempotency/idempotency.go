package idempotency

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	// Keep is how long an answer is kept, in real time, unless its Request says for ever.
	Keep = 48 * time.Hour
	// MinKey is the least length of a key from a caller who has no identity of its own: a short one could be guessed.
	MinKey = 16
	// MaxKey is the greatest length of any key.
	MaxKey = 255
)

// Request is what one idempotent call is known by.
type Request struct {
	Brand     int
	Principal string // such as "app/6364835077453070787486" or "account/7"; "" for the public storefront
	Operation string // such as "PlaceOrder"
	Key       string // the caller's Idempotency-Key
	Subject   string // whose data the answer holds, such as "order/1001", so that an erasure finds it; "" when nobody's
	Forever   bool   // the answer is never swept: the key is the name of what is made
	Body      []byte // the request in canonical form: two requests are the same when these bytes are
}

// Claim is a request prepared for its transaction. It holds no state of a try: a closure that runs twice may use it twice. A nil
// Claim is that of a call without a key: Seal and Take let it take effect each time.
type Claim struct {
	request Request
	id      string
	body    string
	sealed  []byte
}

// Prepare checks the key and does the hashing, which belongs outside the transaction.
func Prepare(r Request) (*Claim, error) {
	const name = "Idempotency-Key"
	switch n := len(r.Key); {
	case n == 0:
		return nil, fault.BadField(name, "this call needs the header Idempotency-Key; send a new random value such as a UUID with every new request, and the same one when you repeat a request")
	case n > MaxKey:
		return nil, fault.BadField(name, "at most %d characters are allowed; a UUID is enough", MaxKey)
	case r.Principal == "" && n < MinKey:
		return nil, fault.BadField(name, "at least %d characters are needed; a random UUID is best", MinKey)
	}
	for _, c := range []byte(r.Key) {
		if c <= ' ' || c > '~' {
			return nil, fault.BadField(name, "only visible ASCII characters are allowed; a UUID is enough")
		}
	}
	return &Claim{request: r, id: r.id(), body: hash(r.Body)}, nil
}

func (r Request) id() string {
	return hash([]byte("idempotency"), binary.BigEndian.AppendUint64(nil, uint64(r.Brand)),
		[]byte(r.Principal), []byte(r.Operation), []byte(r.Key))
}

// About sets the request's Subject when it becomes known.
func (c *Claim) About(subject string) { c.request.Subject = subject }

// Seal notes the answer to store with the claim.
func (c *Claim) Seal(answer []byte) error {
	if c == nil {
		return nil
	}
	box, err := seal(c.request.Key, c.id, answer)
	c.sealed = box
	return err
}

// Take claims the request in tx, or returns the answer that the first call of it was given (not nil, though it may be
// empty). The same key with another body is an Unprocessable fault.
func (c *Claim) Take(tx *db.Tx) ([]byte, error) {
	if c == nil {
		return nil, nil
	}
	n, err := tx.Exec(sqlTake, c.id, c.request.Brand, c.request.Subject, c.body, clock.Micros(clock.Now()), c.sealed, c.request.Forever)
	if err != nil || n == 1 {
		return nil, err
	}
	return c.read(tx)
}

// Settle stores the answer of a claim that was taken without one. It is the last statement of its transaction.
func (c *Claim) Settle(tx *db.Tx, answer []byte) error {
	box, err := seal(c.request.Key, c.id, answer)
	if err != nil {
		return err
	}
	n, err := tx.Exec(sqlSettle, c.id, box)
	if err == nil && n != 1 {
		err = errors.New("idempotency: settled a claim that was not taken")
	}
	return err
}

// Find returns the stored answer, or nil when there is none. A call that is about to be refused asks it first, so that
// the repeat of a call that once succeeded hears of that success.
func (c *Claim) Find(ctx context.Context, d *db.DB) (answer []byte, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		answer, err = c.read(tx)
		if errors.Is(err, db.ErrNoRows) {
			answer, err = nil, nil
		}
		return err
	})
	return answer, err
}

func (c *Claim) read(tx *db.Tx) ([]byte, error) {
	var body string
	var sealed []byte
	if err := tx.QueryRow(sqlRead, c.id).Scan(&body, &sealed); err != nil {
		return nil, err
	}
	if body != c.body {
		return nil, fault.New(fault.Unprocessable, "This Idempotency-Key was used before with another request.").
			With("Use a new key for a new request; repeat a request with exactly the same content.")
	}
	if len(sealed) == 0 {
		return nil, fault.New(fault.Conflict, "This request was carried out before, and what it was answered is erased with its customer.").
			With("Read what it was about again.")
	}
	answer, err := open(c.request.Key, c.id, sealed)
	if err != nil {
		return nil, fmt.Errorf("idempotency: %w", err)
	}
	return answer, nil
}

// hash is the SHA-256 of the parts, each preceded by its length, as text.
func hash(parts ...[]byte) string {
	sum := digest(parts...)
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

func digest(parts ...[]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	h.Sum(sum[:0])
	return sum
}

func box(key string) (cipher.AEAD, error) {
	k := digest([]byte("idempotency answer"), []byte(key))
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(key, id string, answer []byte) ([]byte, error) {
	aead, err := box(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, aead.NonceSize(), aead.NonceSize()+len(answer)+aead.Overhead())
	if _, err := rand.Read(out); err != nil {
		return nil, err
	}
	return aead.Seal(out, out, answer, []byte(id)), nil
}

func open(key, id string, sealed []byte) ([]byte, error) {
	aead, err := box(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("a claim was committed without its answer")
	}
	answer, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(id))
	if answer == nil {
		answer = []byte{}
	}
	return answer, err
}
