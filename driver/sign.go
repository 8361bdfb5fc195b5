package driver

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/mail"
)

const (
	tokenPrefix = "cmd_dr_"
	sessionLife = 30 * 24 * time.Hour
)

// IsToken reports whether a bearer token looks like a driver's.
func IsToken(token string) bool { return strings.HasPrefix(token, tokenPrefix) }

func digestOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// SignedIn is a driver's session: the token is told once.
type SignedIn struct {
	AccessToken string  `json:"AccessToken" doc:"The bearer token of the driver's calls."`
	TokenType   string  `json:"TokenType" doc:"Bearer."`
	ExpiresIn   int     `json:"ExpiresIn" format:"int32" doc:"For how many seconds it is good."`
	Driver      Profile `json:"Driver"`
}

// numberOf reads a phone number that has to say its country itself.
func (d *Drivers) numberOf(text, country string) (string, error) {
	n, ok := d.phones.Read(strings.TrimSpace(text), country)
	if !ok {
		return "", fault.BadField("PhoneNumber", "is not a phone number; write it with its country code, such as +353 87 123 4567")
	}
	return n.International, nil
}

// RequestPIN sends a PIN to sign in with to a driver's phone: good once, for ten minutes, for five tries. For a number that is
// no driver's it does and answers the same, but the message goes to nobody.
func (d *Drivers) RequestPIN(ctx context.Context, caller *account.Caller, number string) error {
	number, err := d.numberOf(number, "")
	if err != nil {
		return err
	}
	from := addressOf(caller)
	if err := wait(max(d.messages.Wait(from, number), d.phone.Wait(netip.Addr{}, number)), "Too many PINs were asked for."); err != nil {
		return err
	}
	d.messages.Failed(from, number)
	d.phone.Failed(netip.Addr{}, number)
	pin := account.NewPIN()
	err = d.db.Write(ctx, func(tx *db.Tx) error {
		to := number
		var id int
		if err := tx.QueryRow(sqlIDByPhone, number).Scan(&id); errors.Is(err, db.ErrNoRows) {
			to = ""
		} else if err != nil {
			return err
		}
		if err := d.accounts.PutPIN(tx, account.PINDriver, number, pin); err != nil {
			return err
		}
		return d.outbox.Put(tx, mail.Message{
			Phone: to, Good: account.PINLife, Text: "Your PIN to sign in as a driver is " + pin + ". Never tell it to anybody.",
		})
	})
	if err != nil {
		return fmt.Errorf("driver: request PIN: %w", err)
	}
	return nil
}

// SignIn opens a session by the PIN that RequestPIN sent. Everything that is wrong gets the same answer, Unauthenticated;
// after several failures TooMany for a while.
func (d *Drivers) SignIn(ctx context.Context, caller *account.Caller, number, pin string) (*SignedIn, error) {
	number, err := d.numberOf(number, "")
	if err != nil {
		return nil, err
	}
	from := addressOf(caller)
	if err := wait(max(d.tries.Wait(from, number), d.everywhere.Wait(netip.Addr{}, number)), "Too many failed sign-ins."); err != nil {
		return nil, err
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	out := &SignedIn{
		AccessToken: tokenPrefix + base64.RawURLEncoding.EncodeToString(raw), TokenType: "Bearer", ExpiresIn: int(sessionLife / time.Second),
	}
	var right bool
	err = d.db.Write(ctx, func(tx *db.Tx) (err error) {
		if right, err = d.accounts.TakePIN(tx, account.PINDriver, number, strings.TrimSpace(pin)); err != nil || !right {
			return err
		}
		var id int
		err = tx.QueryRow(sqlIDByPhone, number).Scan(&id)
		if right = err == nil; errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if out.Driver, err = profileOf(tx, id); err != nil {
			return err
		}
		_, err = tx.Exec(sqlInsertSession, digestOf(out.AccessToken), id, clock.Micros(clock.Now().Add(sessionLife)))
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("driver: sign in: %w", err)
	case right:
		d.tries.Succeeded(from, number)
		return out, nil
	}
	d.tries.Failed(from, number)
	d.everywhere.Failed(netip.Addr{}, number)
	return nil, fault.New(fault.Unauthenticated, "The PIN is wrong or no longer good.").With("Check it, or ask for a new one.")
}

// Authenticate is the driver whose token this is, with what they may do now; Unauthenticated when there is none.
func (d *Drivers) Authenticate(ctx context.Context, token string) (*account.Caller, error) {
	c := &account.Caller{Kind: account.Driver}
	err := d.db.Read(ctx, func(tx *db.Tx) error {
		c.Grants = nil
		if err := tx.QueryRow(sqlSession, digestOf(token), clock.Micros(clock.Now())).Scan(&c.Driver, &c.Name); err != nil {
			return err
		}
		rows, err := tx.Query(sqlWorkplaces, c.Driver)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var brand, at int
			var appID, name string
			if err := rows.Scan(&brand, &appID, &at, &name); err != nil {
				return err
			}
			if n := len(c.Grants); n == 0 || c.Grants[n-1].Brand != brand {
				c.Grants = append(c.Grants, account.Grant{Brand: brand, AppID: appID, Level: account.LevelDriver, Name: name})
			}
			g := &c.Grants[len(c.Grants)-1]
			g.Stores = append(g.Stores, at)
		}
		return rows.Err()
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.New(fault.Unauthenticated, "This driver's token is unknown or has expired.").With("Sign in again.")
	}
	if err != nil {
		return nil, fmt.Errorf("driver: authenticate: %w", err)
	}
	return c, nil
}

// Sweep deletes sessions that have expired and returns how many those were.
func (d *Drivers) Sweep(ctx context.Context) (n int, err error) {
	var swept int64
	err = d.db.Write(ctx, func(tx *db.Tx) (err error) {
		swept, err = tx.Exec(sqlSweepSessions, clock.Micros(clock.Now()))
		return err
	})
	return int(swept), err
}

func addressOf(caller *account.Caller) netip.Addr {
	a, _ := netip.ParseAddr(caller.IP)
	return a
}

func wait(d time.Duration, message string) error {
	if d <= 0 {
		return nil
	}
	f := fault.New(fault.TooMany, message).With("Wait, then try again.")
	f.RetryAfter = d
	return f
}
