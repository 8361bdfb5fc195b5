package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/mail"
)

// PINLife is how long a PIN is good.
const PINLife = 10 * time.Minute

const pinTries = 5

// PINPurpose tells what a PIN is for. There is one PIN for an address and a purpose; a new one ends the old.
type PINPurpose string

const (
	pinSignIn   PINPurpose = "sign-in"
	pinPassword PINPurpose = "password" // proves an address and sets a password

	// PINDriver signs a driver in, whose address is a phone number; see package driver.
	PINDriver PINPurpose = "driver"
)

// NewPIN is six digits, the first not zero: the contract writes PINs as numbers.
func NewPIN() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(900_000)) // never fails since Go 1.24
	return strconv.FormatInt(n.Int64()+100_000, 10)
}

// keyed is what is stored of something too short or too personal for a plain digest.
func (a *Accounts) keyed(parts ...string) []byte {
	m := hmac.New(sha256.New, a.pepper)
	m.Write([]byte(strings.Join(parts, "\x00")))
	return m.Sum(nil)
}

// PutPIN makes pin the PIN of an address for a purpose.
func (a *Accounts) PutPIN(tx *db.Tx, purpose PINPurpose, address, pin string) error {
	_, err := tx.Exec(sqlPutPIN, a.keyed("address", address), string(purpose), a.keyed("pin", string(purpose), address, pin),
		clock.Micros(clock.Now().Add(PINLife)))
	return err
}

// TakePIN uses up the PIN of an address if it is the right one; a wrong one costs a try. tx must commit either way.
func (a *Accounts) TakePIN(tx *db.Tx, purpose PINPurpose, address, pin string) (bool, error) {
	of := a.keyed("address", address)
	n, err := tx.Exec(sqlTryPIN, of, string(purpose), pinTries, clock.Micros(clock.Now()))
	if err != nil || n == 0 {
		return false, err
	}
	n, err = tx.Exec(sqlTakePIN, of, string(purpose), a.keyed("pin", string(purpose), address, pin))
	return n == 1, err
}

// person is an account that an address belongs to.
type person struct {
	id       int
	email    string // as kept; empty when there is nobody, or somebody who is disabled
	name     string
	verified bool
}

// personOf finds whose address this is.
func personOf(tx *db.Tx, address string) (p person, err error) {
	err = tx.QueryRow(sqlPersonOf, address).Scan(&p.id, &p.email, &p.name, &p.verified)
	if errors.Is(err, db.ErrNoRows) {
		return person{}, nil
	}
	return p, err
}

// RequestPIN mails a PIN to sign in with. For an address that nobody has it does and answers the same, but the message goes
// to nobody.
func (a *Accounts) RequestPIN(ctx context.Context, v Visitor, email string) error {
	address, err := NormaliseEmail(email)
	if err != nil {
		return err
	}
	if err := a.mayMail(ctx, v, address); err != nil {
		return err
	}
	pin := NewPIN()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		p, err := personOf(tx, address)
		if err != nil {
			return err
		}
		if err := a.PutPIN(tx, pinSignIn, address, pin); err != nil {
			return err
		}
		return a.mail.Put(tx, mail.Message{
			To: p.email, Subject: "Your PIN to sign in", Good: PINLife,
			Text: "Your PIN is " + pin + ". It signs you in once, within ten minutes.\n\n" + notYou,
		})
	})
	return wrap("request PIN", err)
}

const notYou = "If you did not ask for it, do nothing, and never tell it to anybody.\n"

// SignInPIN signs a person in by the PIN that RequestPIN mailed: once, within ten minutes, five tries. It verifies the
// address. Everything that is wrong gets the same answer, Unauthenticated; after several failures TooMany for a while.
func (a *Accounts) SignInPIN(ctx context.Context, v Visitor, email, pin string) (SignedIn, error) {
	address := normalOrNone(email)
	if err := a.mayTry(ctx, v, address); err != nil {
		return SignedIn{}, err
	}
	token := newRandom(sessionPrefix)
	var in SignedIn
	var p person
	var brand string
	var right bool
	err := a.db.Write(ctx, func(tx *db.Tx) (err error) {
		in, p, brand = SignedIn{}, person{}, ""
		if right, err = a.TakePIN(tx, pinSignIn, address, digits(pin)); err != nil || !right {
			return err
		}
		if p, err = personOf(tx, address); err != nil {
			return err
		}
		if right = p.email != ""; !right {
			return nil
		}
		if !p.verified {
			if err := tx.QueryRow(sqlFirstBrand, p.id).Scan(&brand); err != nil {
				return err
			}
			// Whoever set a password before did not prove that the address is theirs.
			if _, err := tx.Exec(sqlVerifyWithoutPassword, p.id, clock.Micros(clock.Now())); err != nil {
				return err
			}
		}
		in, err = a.admit(tx, token, v, proof{account: p.id, methods: []string{"otp"}, factors: 1})
		return err
	})
	a.admitted(v)
	if err != nil {
		return SignedIn{}, wrap("sign in by PIN", err)
	}
	a.tried(v, address, right)
	if !right {
		return SignedIn{}, fault.New(fault.Unauthenticated, "The PIN is wrong or no longer good.").
			With("Check it, or ask for a new one.")
	}
	a.makeFirstBrand(ctx, v, p, brand)
	return in, nil
}

// digits drops what people put between the digits of a code.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code)
}
