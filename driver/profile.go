package driver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	maxName    = 100 // characters
	maxToken   = 4096
	maxDevices = 20 // of a driver; the one that was added first goes
)

// Profile is a driver as they see themselves.
type Profile struct {
	DriverID    int    `json:"DriverId" format:"int32"`
	Name        string `json:"Name"`
	PhoneNumber string `json:"PhoneNumber"`
	PictureURL  string `json:"PictureUrl" doc:"Empty without a picture."`
}

func profileOf(tx *db.Tx, id int) (Profile, error) {
	p := Profile{DriverID: id}
	return p, tx.QueryRow(sqlProfile, id).Scan(&p.Name, &p.PhoneNumber, &p.PictureURL)
}

// require is Forbidden to everybody who is not signed in as a driver.
func require(c *account.Caller) error {
	if c.Kind != account.Driver {
		return fault.New(fault.Forbidden, "Only drivers have this.").With("Sign in by POST …/drivers/login.")
	}
	return nil
}

// change runs what a driver does to their own rows and returns the profile as it is then.
func (d *Drivers) change(ctx context.Context, c *account.Caller, do func(tx *db.Tx) error) (Profile, error) {
	var p Profile
	if err := require(c); err != nil {
		return p, err
	}
	err := d.db.Write(ctx, func(tx *db.Tx) (err error) {
		if err = do(tx); err == nil {
			p, err = profileOf(tx, c.Driver)
		}
		return err
	})
	return p, faultOr("change profile", err)
}

// faultOr leaves a fault as it is; a driver who was deleted meanwhile is nobody any more.
func faultOr(what string, err error) error {
	switch {
	case err == nil || fault.KindOf(err) != fault.Internal:
		return err
	case errors.Is(err, db.ErrNoRows):
		return fault.New(fault.Unauthenticated, "This driver works nowhere any more.")
	}
	return fmt.Errorf("driver: %s: %w", what, err)
}

// Profile is the calling driver's own.
func (d *Drivers) Profile(ctx context.Context, c *account.Caller) (p Profile, err error) {
	if err := require(c); err != nil {
		return p, err
	}
	err = d.db.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = profileOf(tx, c.Driver)
		return err
	})
	return p, faultOr("profile", err)
}

// SetName changes the calling driver's name, for all brands.
func (d *Drivers) SetName(ctx context.Context, c *account.Caller, name string) (Profile, error) {
	name, err := nameOf(name)
	if err != nil {
		return Profile{}, err
	}
	return d.change(ctx, c, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlSetName, c.Driver, name); err != nil {
			return err
		}
		_, err := tx.Exec(sqlSetNames, c.Driver, name)
		return err
	})
}

func nameOf(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n < 1 || n > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.BadField("Name", "write a name of 1 to %d characters", maxName)
	}
	return name, nil
}

// pictureKind is what a driver's picture is among the public files; they belong to no brand.
func pictureKind(id int) string { return "driver/" + strconv.Itoa(id) }

// SetPicture stores a PNG, JPEG, WebP or GIF image as the calling driver's picture; the one before it is gone.
func (d *Drivers) SetPicture(ctx context.Context, c *account.Caller, content []byte) (Profile, error) {
	f, err := d.accounts.NewImage(0, pictureKind(c.Driver), content)
	if err != nil {
		return Profile{}, err
	}
	return d.change(ctx, c, func(tx *db.Tx) error {
		if err := f.PutAlone(tx); err != nil {
			return err
		}
		_, err := tx.Exec(sqlSetPicture, c.Driver, f.URL)
		return err
	})
}

// RemovePicture removes it.
func (d *Drivers) RemovePicture(ctx context.Context, c *account.Caller) (Profile, error) {
	return d.change(ctx, c, func(tx *db.Tx) error {
		if err := account.DropImages(tx, 0, pictureKind(c.Driver)); err != nil {
			return err
		}
		_, err := tx.Exec(sqlSetPicture, c.Driver, "")
		return err
	})
}

// AddDevice keeps where push notifications to the calling driver go. It may be told again.
func (d *Drivers) AddDevice(ctx context.Context, c *account.Caller, token string) (Profile, error) {
	if err := checkToken(token); err != nil {
		return Profile{}, err
	}
	return d.change(ctx, c, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlAddDevice, c.Driver, token, clock.Micros(clock.Now())); err != nil {
			return err
		}
		_, err := tx.Exec(sqlTrimDevices, c.Driver, maxDevices)
		return err
	})
}

// RemoveDevice forgets it; one that is not there is as good as removed.
func (d *Drivers) RemoveDevice(ctx context.Context, c *account.Caller, token string) (Profile, error) {
	if err := checkToken(token); err != nil {
		return Profile{}, err
	}
	return d.change(ctx, c, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlRemoveDevice, c.Driver, token)
		return err
	})
}

func checkToken(token string) error {
	if len(token) < 1 || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fault.BadField("PushNotificationsToken", "write the token as the device has it: 1 to %d printable ASCII characters", maxToken)
	}
	return nil
}
