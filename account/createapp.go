package account

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/wire"
)

// NewBrand is a brand about to be made.
type NewBrand struct {
	Name      string
	CountryID string // empty = the installation's
	Sandbox   bool   // for trying out: its clock can be moved and its webhooks may go to loopback
	Owner     int    // the account that becomes Owner; used for System only, a person owns what they make
}

// errTaken says that another brand took the appId first.
var errTaken = errors.New("account: the appId is taken")

// CreateBrand makes a brand with an appId made from its name, and its creator the Owner. An OAuth app cannot: a brand
// belongs to a person. A repeat with the caller's Idempotency-Key returns the same.
func (a *Accounts) CreateBrand(ctx context.Context, c *Caller, n NewBrand) (Brand, error) {
	switch {
	case c.Kind == Person && c.OAuthApp == "":
		n.Owner = c.Account
	case c.Kind == System && n.Owner != 0:
	default:
		return Brand{}, fault.New(fault.Forbidden, "A brand is made by a person who is signed in.").
			With("Sign in to the portal and make it there.")
	}
	name, err := checkBrandName(n.Name)
	if err != nil {
		return Brand{}, err
	}
	if n.CountryID == "" {
		n.CountryID = a.cfg.CountryID
	}
	country, err := checkCountry(n.CountryID)
	if err != nil {
		return Brand{}, err
	}
	id, err := a.db.NextID(ctx, "brands")
	if err != nil {
		return Brand{}, wrap("create brand", err)
	}
	b := Brand{
		ID: id, Name: name, CountryID: country.CountryCode, Sandbox: n.Sandbox, Created: clock.Now(), Version: 1,
		Settings: Settings{
			ApplicationCategory: wire.ApplicationCategoryRestaurant,
			Languages:           []wire.Language{{LanguageId: country.LanguageCode, Name: country.LanguageName, Enabled: true}},
		},
	}
	claim, err := c.Claim(0, "CreateBrand", n)
	if err != nil {
		return Brand{}, err
	}
	base := slugOf(name)
	for try := range 8 {
		if b.AppID, err = a.freeAppID(ctx, base, try); err != nil {
			return Brand{}, wrap("create brand", err)
		}
		made, err := a.insertBrand(ctx, c, b, n.Owner, claim)
		if err == nil && made.ID != b.ID {
			return a.BrandByAppID(ctx, made.AppID) // by the first of two calls
		}
		if !errors.Is(err, errTaken) {
			return b, wrap("create brand", err)
		}
	}
	return Brand{}, fault.New(fault.Conflict, "Many brands of this name are being made at this moment.").With("Try again.")
}

// freeAppID proposes an appId that nobody has now: the base, then base-2 to base-9, then with random letters. After a lost
// race it goes for the random letters at once, so that many creations at the same moment do not chase each other.
func (a *Accounts) freeAppID(ctx context.Context, base string, try int) (string, error) {
	free := ""
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		for i := 1; i <= 9 && try < 2; i++ {
			slug := base
			if i > 1 {
				slug += "-" + strconv.Itoa(i)
			}
			if !usableAppID(slug) {
				continue
			}
			var id int
			err := tx.QueryRow(sqlBrandID, slug).Scan(&id)
			if errors.Is(err, db.ErrNoRows) {
				free = slug
				return nil
			}
			if err != nil {
				return err
			}
		}
		free = base + "-" + strings.ToLower(rand.Text()[:8])
		return nil
	})
	return free, err
}

// madeBrand names a brand that was made.
type madeBrand struct {
	ID    int
	AppID string
}

// insertBrand stores a brand, unless the call was made before, and names the one that there is.
func (a *Accounts) insertBrand(ctx context.Context, c *Caller, b Brand, owner int, claim *idempotency.Claim) (made madeBrand, err error) {
	settings, err := json.Marshal(b.Settings)
	if err != nil {
		return made, err
	}
	rec, err := event.Encode(event.New{
		Brand: b.ID, AppID: b.AppID, Subject: "app/" + b.AppID, Time: b.Now(), Request: c.Request,
		Body: &wire.AppCreatedEvent{
			EventBase:   wire.EventBase{IpAddress: c.EventIP()},
			Description: fmt.Sprintf("%s created the brand %s (%s).", c.EventName(), b.Name, b.AppID),
			AppName:     b.Name,
			CountryId:   b.CountryID,
			User:        c.EventUser(),
			AccountId:   strconv.Itoa(owner),
		},
	})
	if err != nil {
		return made, err
	}
	created := clock.Micros(b.Created)
	return idempotency.Once(ctx, a.db, claim, madeBrand{b.ID, b.AppID}, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlInsertBrand, b.ID, b.AppID, b.Name, b.CountryID, string(settings), b.Sandbox, created)
		if err != nil {
			return err
		}
		if n == 0 {
			return errTaken
		}
		if n, err = tx.Exec(sqlInsertOwner, b.ID, owner, string(wire.AppAccessLevelOwner), created); err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "There is no account to own the brand.")
		}
		a.log.Append(tx, rec)
		return a.Audit(tx, c, b.ID, "app.created", "app/"+b.AppID, b.Name)
	})
}

func checkBrandName(s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return "", fault.BadField("Name", "a brand needs a name")
	case !isText(s):
		return "", fault.BadField("Name", "a name has 100 characters at most, and none that cannot be seen")
	}
	return s, nil
}

// isText reports whether a name is short and readable.
func isText(s string) bool {
	return utf8.RuneCountInString(s) <= 100 && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
