package order

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"

	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	tokenBytes = 18 // 144 bits
	codeLength = 6
	// codeSigns has none that people mix up.
	codeSigns = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
)

// newToken makes a tracking token: whoever has it acts as the order's customer.
func newToken() string {
	b := make([]byte, tokenBytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashToken is how a token is stored.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte("tracking token " + token))
	return hex.EncodeToString(sum[:])
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
func (o *Orders) byToken(ctx context.Context, appID, token string) (id int, err error) {
	unknown := fault.New(fault.NotFound, "There is no order with this tracking token.").
		With("Use the TrackingToken that the order was answered with; the OrderTrackingCode is only for people.")
	brand, err := o.accounts.BrandByAppID(ctx, appID)
	if fault.KindOf(err) == fault.NotFound || len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return 0, unknown
	}
	if err != nil {
		return 0, err
	}
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(sqlOrderByToken, hashToken(token), brand.ID).Scan(&id)
	})
	if errors.Is(err, db.ErrNoRows) {
		return 0, unknown
	}
	return id, err
}
