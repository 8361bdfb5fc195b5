package account

import (
	"context"
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed

	"golang.org/x/text/language"

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

// Own reads the caller's profile. A token that a person delegated may do it, an app's own not.
func (a *Accounts) Own(ctx context.Context, c *Caller) (Profile, error) {
	if err := c.isPerson(); err != nil {
		return Profile{}, err
	}
	return a.Profile(ctx, c.Account)
}

// ProfileChange has the members of a profile that change; nil members stay.
type ProfileChange struct {
	Name       *string
	Language   *string // BCP 47
	TimeZone   *string // IANA
	Phone      *string
	LocalTimes *bool
}

// UpdateProfile changes what the caller says of themselves. A token that a person delegated may do it, an app's own not.
func (a *Accounts) UpdateProfile(ctx context.Context, c *Caller, m ProfileChange) error {
	if err := c.isPerson(); err != nil {
		return err
	}
	p, err := a.Profile(ctx, c.Account)
	if err != nil {
		return err
	}
	if err := m.apply(&p); err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlUpdateProfile, p.Account, p.Name, p.Language, p.TimeZone, p.Phone, p.LocalTimes, clock.Micros(clock.Now()))
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "There is no such account.")
		}
		return err
	})
	return wrap("update profile", err)
}

func (m ProfileChange) apply(p *Profile) error {
	var wrong fault.Collector
	if m.Name != nil {
		p.Name = strings.Join(strings.Fields(*m.Name), " ")
		if p.Name == "" || !isText(p.Name) {
			wrong.Add("Name", "a name has 1 to 100 characters, and none that cannot be seen")
		}
	}
	if m.Language != nil {
		l, err := checkLanguage(*m.Language)
		if err != nil {
			wrong.Add("Language", "%.40q is not a language such as en or pt-BR", *m.Language)
		}
		p.Language = l
	}
	if m.TimeZone != nil {
		p.TimeZone = strings.TrimSpace(*m.TimeZone)
		if _, err := time.LoadLocation(p.TimeZone); err != nil || p.TimeZone == "Local" {
			wrong.Add("TimeZoneInfoId", "%.60q is not a time zone such as Europe/Dublin", p.TimeZone)
		}
	}
	if m.Phone != nil {
		p.Phone = strings.TrimSpace(*m.Phone)
		if len(p.Phone) > 32 || strings.Trim(p.Phone, "+0123456789 ()-./") != "" {
			wrong.Add("Phone", "a phone number has digits, as in +353 1 234 5678")
		}
	}
	if m.LocalTimes != nil {
		p.LocalTimes = *m.LocalTimes
	}
	return wrong.Err()
}

// checkLanguage is a language in its usual spelling; empty stays empty.
func checkLanguage(s string) (string, error) {
	if s = strings.TrimSpace(s); s == "" {
		return "", nil
	}
	t, err := language.Parse(s)
	if err != nil || len(s) > 35 {
		return "", fault.BadField("LanguageId", "%.40q is not a language such as en or pt-BR", s)
	}
	return t.String(), nil
}

// isPerson refuses an OAuth app that acts for its brand: it is nobody.
func (c *Caller) isPerson() error {
	if c.Kind != Person {
		return fault.New(fault.Forbidden, "This concerns a person's own account, and this token is an app's.").
			With("Use a token that the person granted, or sign in as the person.")
	}
	return nil
}
