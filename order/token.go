package order

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	secretBytes = 18 // 144 bits
	codeLength  = 6
	// codeSigns has none that people mix up.
	codeSigns = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
)

// newToken makes a tracking token: whoever has it acts as the order's customer. It begins with the order's id, so that the
// order is found without an index of random keys; the rest cannot be guessed.
func newToken(id int) string {
	b := make([]byte, 4+secretBytes)
	binary.BigEndian.PutUint32(b, uint32(id))
	_, _ = rand.Read(b[4:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// idOf reads the id that a token begins with, false for what is no token.
func idOf(token string) (int, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != 4+secretBytes {
		return 0, false
	}
	id := binary.BigEndian.Uint32(b)
	return int(id), id <= maxID
}

// hashToken is how a token is stored.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte("tracking token " + token))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// newCode makes an OrderTrackingCode, for people to read to each other. It opens nothing.
func newCode() string {
	b := make([]byte, codeLength)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = codeSigns[int(b[i])%len(codeSigns)]
	}
	return string(b)
}

// byToken finds the order of a tracking token within the brand of a path.
func (o *Orders) byToken(ctx context.Context, appID, token string) (int, error) {
	unknown := fault.New(fault.NotFound, "There is no order with this tracking token.").
		With("Use the TrackingToken that the order was answered with; the OrderTrackingCode is only for people.")
	brand, err := o.accounts.BrandByAppID(ctx, appID)
	id, ok := idOf(token)
	if fault.KindOf(err) == fault.NotFound || !ok {
		return 0, unknown
	}
	if err != nil {
		return 0, err
	}
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(sqlOrderByToken, id, brand.ID, hashToken(token)).Scan(&id)
	})
	if errors.Is(err, db.ErrNoRows) {
		return 0, unknown
	}
	return id, err
}
