package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Brand is a tenant, the contract's App.
type Brand struct {
	ID          int
	AppID       string // slug, in lower case, never changed
	Name        string
	CountryID   string // ISO 3166, upper case
	Settings    Settings
	Sandbox     bool
	Disabled    bool          // its tokens and callers are refused; what it has is kept
	ClockOffset time.Duration // how far a sandbox's clock is ahead
	Created     time.Time
	Version     int64
}

// Settings are the parts of a brand that no query looks for, stored as one document. A Brand's Settings are shared by its
// readers and must not be changed.
type Settings struct {
	HostName                   string
	MainColor                  string
	KioskPrimaryColour         string
	ApplicationCategory        wire.ApplicationCategory
	IsPanaceaEnabled           bool
	PanaceaVanityUrl           string
	CookieConsentPromptEnabled bool
	LogoImageUrl               string
	Languages                  []wire.Language
}

// Now is the brand's own time: what its domain rules and the times it shows go by.
func (b Brand) Now() time.Time { return clock.Now().Add(b.ClockOffset) }

// Brand returns a brand by its id, at most brandTTL old; NotFound when there is none. A disabled brand is returned.
func (a *Accounts) Brand(ctx context.Context, id int) (Brand, error) {
	return a.brands.Load(id, func() (b Brand, err error) {
		err = a.db.Read(ctx, func(tx *db.Tx) error {
			b, err = a.LoadBrand(tx, id)
			return err
		})
		return b, err
	})
}

// BrandByAppID returns a brand by its appId, written in any case; NotFound when there is none.
func (a *Accounts) BrandByAppID(ctx context.Context, appID string) (Brand, error) {
	appID = strings.ToLower(appID)
	if !isSlug(appID) {
		return Brand{}, noBrand()
	}
	id, err := a.ids.Load(appID, func() (id int, err error) {
		err = a.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlBrandID, appID).Scan(&id) })
		return id, err
	})
	if errors.Is(err, db.ErrNoRows) {
		return Brand{}, noBrand()
	}
	if err != nil {
		return Brand{}, fmt.Errorf("account: brand id: %w", err)
	}
	return a.Brand(ctx, id)
}

// LoadBrand reads a brand inside a transaction, uncached.
func (a *Accounts) LoadBrand(tx *db.Tx, id int) (Brand, error) {
	b := Brand{ID: id}
	var settings string
	var offset, created int64
	err := tx.QueryRow(sqlBrand, id).Scan(&b.AppID, &b.Name, &b.CountryID, &settings, &b.Sandbox, &b.Disabled, &offset, &created, &b.Version)
	if errors.Is(err, db.ErrNoRows) {
		return b, noBrand()
	}
	if err != nil {
		return b, fmt.Errorf("account: load brand: %w", err)
	}
	b.ClockOffset = time.Duration(offset) * time.Microsecond
	b.Created = clock.FromMicros(created)
	if err := json.Unmarshal([]byte(settings), &b.Settings); err != nil {
		return b, fmt.Errorf("account: settings of brand %d: %w", id, err)
	}
	return b, nil
}

// Open is the check of every path that names a brand: the caller must have the right on it. A brand that is not there and
// one out of the caller's reach are refused alike.
func (a *Accounts) Open(ctx context.Context, c *Caller, appID string, r Right) (Brand, error) {
	if c.Kind == System {
		return a.BrandByAppID(ctx, appID)
	}
	for _, g := range c.Grants {
		if !strings.EqualFold(g.AppID, appID) {
			continue
		}
		if err := c.Require(r, g.Brand, 0); err != nil {
			return Brand{}, err
		}
		b, err := a.Brand(ctx, g.Brand)
		if err != nil {
			return Brand{}, err
		}
		if b.Disabled {
			return Brand{}, outOfReach()
		}
		return b, nil
	}
	return Brand{}, outOfReach()
}

func noBrand() error { return fault.New(fault.NotFound, "There is no such brand.") }

func outOfReach() error {
	return fault.New(fault.Forbidden, "This token does not reach the brand that the path names.").
		With("Check the appId; GET /api/v1.0/apps lists the brands within reach.")
}
