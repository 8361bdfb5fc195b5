package account

import (
	"context"
	"errors"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Profile is what a person says of themselves.
type Profile struct {
	Account    int
	Email      string
	Verified   bool // they proved that the address is theirs
	Name       string
	Language   string // BCP 47; may be empty
	TimeZone   string // IANA; may be empty
	Phone      string
	LocalTimes bool // show times in TimeZone instead of the store's
	Created    time.Time
	Updated    time.Time
}

// Profile reads a person's profile; NotFound when there is no such account or it is disabled.
func (a *Accounts) Profile(ctx context.Context, accountID int) (p Profile, err error) {
	p.Account = accountID
	var created, updated int64
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(sqlProfile, accountID).Scan(&p.Email, &p.Name, &p.Verified, &p.Language, &p.TimeZone, &p.Phone, &p.LocalTimes, &created, &updated)
	})
	if errors.Is(err, db.ErrNoRows) {
		return Profile{}, fault.New(fault.NotFound, "There is no such account.")
	}
	if updated == 0 {
		updated = created
	}
	p.Created, p.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	return p, wrap("profile", err)
}
