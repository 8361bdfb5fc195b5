package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// maxPasskeys is how many one person can have.
const maxPasskeys = 20

// Passkey is a passkey of a person.
type Passkey struct {
	Key        string // names it in lists
	Credential []byte // its id, as authenticators know it
	Account    int
	Name       string
	Doc        string    // the credential as package passkey keeps it
	Created    time.Time // when it was added
	Used       time.Time // last sign-in; zero = never
}

// PasskeyUser is the opaque name by which authenticators know a person.
func (a *Accounts) PasskeyUser(account int) []byte {
	return a.keyed("passkey user", strconv.Itoa(account))
}

// AddPasskey keeps a passkey that package passkey has verified. For the person themselves, signed in recently.
func (a *Accounts) AddPasskey(ctx context.Context, c *Caller, p Passkey, signCount uint32) error {
	if err := a.recently(c); err != nil {
		return err
	}
	name, err := checkPasskeyName(p.Name)
	if err != nil {
		return err
	}
	key := rand.Text()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlAddPasskey, p.Credential, key, c.Account, name, p.Doc, int64(signCount), clock.Micros(clock.Now()), maxPasskeys)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Newf(fault.Conflict, "This passkey is there already, or you have %d of them.", maxPasskeys).
				With("Remove one that you no longer use.")
		}
		if err := a.Audit(tx, c, 0, "account.passkey.added", accountTarget(c), name); err != nil {
			return err
		}
		return a.tell(tx, c, "A passkey was added", "The passkey “"+name+"” can sign in to your account now.")
	})
	return wrap("add passkey", err)
}

// Passkeys lists the caller's passkeys, oldest first. For the person themselves.
func (a *Accounts) Passkeys(ctx context.Context, c *Caller) ([]Passkey, error) {
	if err := c.themselves(); err != nil {
		return nil, err
	}
	var out []Passkey
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		out = []Passkey{}
		rows, err := tx.Query(sqlPasskeys, c.Account)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			p, err := scanPasskey(rows)
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return rows.Err()
	})
	return out, wrap("passkeys", err)
}

// RenamePasskey gives one of the caller's passkeys another name. For the person themselves.
func (a *Accounts) RenamePasskey(ctx context.Context, c *Caller, key, name string) error {
	if err := c.themselves(); err != nil {
		return err
	}
	name, err := checkPasskeyName(name)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlRenamePasskey, c.Account, key, name)
		if err == nil && n == 0 {
			return noPasskey()
		}
		return err
	})
	return wrap("rename passkey", err)
}

// RemovePasskey takes one of the caller's passkeys away; it signs in no more. For the person themselves, signed in recently.
func (a *Accounts) RemovePasskey(ctx context.Context, c *Caller, key string) error {
	if err := a.recently(c); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlRemovePasskey, c.Account, key)
		if err != nil {
			return err
		}
		if n == 0 {
			return noPasskey()
		}
		if err := a.Audit(tx, c, 0, "account.passkey.removed", accountTarget(c), ""); err != nil {
			return err
		}
		return a.tell(tx, c, "A passkey was removed", "A passkey of your account was removed and no longer signs in.")
	})
	return wrap("remove passkey", err)
}

// PasskeyOf finds the passkey of a credential; NotFound when there is none, or its person is disabled.
func (a *Accounts) PasskeyOf(ctx context.Context, credential []byte) (p Passkey, err error) {
	err = a.db.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = scanPasskey(tx.QueryRow(sqlPasskey, credential))
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return Passkey{}, noPasskey()
	}
	return p, wrap("passkey", err)
}

// UsePasskey notes the use of a passkey that package passkey has verified. It refuses, Unauthenticated, an answer to a
// challenge that was answered before, and an authenticator whose count did not rise: it may be a copy. challengeLife is how
// long the challenge may be answered at all.
func (a *Accounts) UsePasskey(ctx context.Context, p Passkey, signCount uint32, challenge string, challengeLife time.Duration) error {
	digest, now := sha256.Sum256([]byte(challenge)), clock.Now()
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlAnswerOnce, digest[:], clock.Micros(now.Add(challengeLife)))
		if err == nil && n == 1 {
			n, err = tx.Exec(sqlUsePasskey, p.Credential, int64(signCount), p.Doc, clock.Micros(now))
		}
		if err == nil && n == 0 {
			return fault.New(fault.Unauthenticated, "This passkey was not accepted.").With("Try again, or sign in another way.")
		}
		return err
	})
	return wrap("use passkey", err)
}

func scanPasskey(row scanner) (p Passkey, err error) {
	var created, used int64
	err = row.Scan(&p.Key, &p.Credential, &p.Account, &p.Name, &p.Doc, &created, &used)
	p.Created, p.Used = clock.FromMicros(created), clock.FromMicros(used)
	return p, err
}

func noPasskey() error { return fault.New(fault.NotFound, "You have no such passkey.") }

func checkPasskeyName(name string) (string, error) {
	if name = strings.Join(strings.Fields(name), " "); name == "" {
		name = "Passkey"
	}
	if !isText(name) {
		return "", fault.BadField("Name", "a name has 100 characters at most, and none that cannot be seen")
	}
	return name, nil
}
