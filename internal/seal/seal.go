// Package seal keeps secrets that must be shown or used again (OAuth app secrets, webhook signing secrets) unreadable at
// rest: AES-256-GCM under a key derived from the installation's master key. A sealed value is bound to what it belongs to,
// so that copying it to another row makes it unreadable.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// format is the first byte of every sealed value; another one would mean another cipher or key generation.
const format = 1

// ErrBroken says that a sealed value is damaged, belongs to something else, or was sealed under another master key.
var ErrBroken = errors.New("seal: the value cannot be opened with this master key")

// Box seals and opens the values of one purpose. It is safe for parallel use.
type Box struct{ aead cipher.AEAD }

// New derives the box of a purpose, such as "webhook secret", from the master key of KeySize bytes. Boxes of different
// purposes cannot open each other's values.
func New(masterKey []byte, purpose string) (*Box, error) {
	if len(masterKey) != KeySize {
		return nil, fmt.Errorf("seal: the master key has %d bytes, not %d", len(masterKey), KeySize)
	}
	key, err := hkdf.Key(sha256.New, masterKey, nil, "comanda seal "+purpose, KeySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead}, nil
}

// Seal encrypts a value; owner says what it belongs to, such as "subscription/1001".
func (b *Box) Seal(value []byte, owner string) []byte {
	return b.aead.Seal([]byte{format}, nil, value, []byte(owner))
}

// Open returns what was sealed for the same owner, or ErrBroken.
func (b *Box) Open(sealed []byte, owner string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != format {
		return nil, ErrBroken
	}
	value, err := b.aead.Open(nil, nil, sealed[1:], []byte(owner))
	if err != nil {
		return nil, ErrBroken
	}
	return value, nil
}

// NewKey makes a random master key.
func NewKey() []byte {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return key
}
