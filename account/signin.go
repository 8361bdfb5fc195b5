package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// pendingLife is how long a second factor may take.
const pendingLife = 10 * time.Minute

// proof is what somebody has shown of being a person.
type proof struct {
	account int
	methods []string
	factors int    // 2 = no second one is asked for
	stamp   []byte // of the password hash that was matched; nil when it was no password
}

// pending is what a handle for SecondFactor says, sealed.
type pending struct {
	Account int
	Methods []string
	Stamp   []byte // of the password hash: a new password ends the handle
	Until   int64
}

// holder is the account row that a sign-in holds until it commits.
type holder struct {
	email string
	name  string
	hash  string
}

func stampOf(hash string) []byte {
	sum := sha256.Sum256([]byte(hash))
	return sum[:8]
}

// SignInPassword signs a person in by e-mail address and password. An unknown address, a wrong password and a disabled
// account take the same work and get the same answer, Unauthenticated; after several failures it is TooMany for a while
// (see patience). Somebody who has not verified their address yet is Forbidden, which only the right password finds out.
func (a *Accounts) SignInPassword(ctx context.Context, v Visitor, email, password string) (SignedIn, error) {
	address := normalOrNone(email)
	if err := a.mayTry(ctx, v, address); err != nil {
		return SignedIn{}, err
	}
	p, err := a.matchPassword(ctx, address, password)
	if err == nil && !p.verified {
		return SignedIn{}, fault.New(fault.Forbidden, "This e-mail address is not verified yet.").
			With("Enter the PIN that was mailed to it, or ask for a new one.")
	}
	var in SignedIn
	if err == nil {
		in, err = a.admitAlone(ctx, v, proof{account: p.account, methods: []string{"pwd"}, factors: 1, stamp: stampOf(p.hash)})
	}
	if kind := fault.KindOf(err); err == nil || kind == fault.Unauthenticated {
		a.tried(v, address, err == nil) // a database that was away is nobody's failure
	}
	return in, err
}

// SignInPasskey signs a person in whose passkey package passkey has verified. A passkey that checked the person itself, by
// a fingerprint or a PIN, is two factors.
func (a *Accounts) SignInPasskey(ctx context.Context, v Visitor, accountID int, userVerified bool) (SignedIn, error) {
	p := proof{account: accountID, methods: []string{"pop"}, factors: 1}
	if userVerified {
		p.methods, p.factors = []string{"pop", "mfa"}, 2
	}
	return a.admitAlone(ctx, v, p)
}

// admitAlone admits in a transaction of its own.
func (a *Accounts) admitAlone(ctx context.Context, v Visitor, p proof) (in SignedIn, err error) {
	token := newRandom(sessionPrefix)
	err = a.db.Write(ctx, func(tx *db.Tx) (err error) {
		in, err = a.admit(tx, token, v, p)
		return err
	})
	a.admitted(v)
	if err != nil {
		return SignedIn{}, wrap("sign in", err)
	}
	return in, nil
}

// admit opens a session for a person in tx, or asks for the second factor that they have set up. It holds the account's
// row, so that a sign-in and a change of the password go one after the other.
func (a *Accounts) admit(tx *db.Tx, token string, v Visitor, p proof) (SignedIn, error) {
	var h holder
	err := tx.QueryRow(sqlHoldAccount, p.account).Scan(&h.email, &h.name, &h.hash)
	if errors.Is(err, db.ErrNoRows) || err == nil && p.stamp != nil && !bytes.Equal(p.stamp, stampOf(h.hash)) {
		return SignedIn{}, wrongCredentials()
	}
	if err != nil {
		return SignedIn{}, err
	}
	if p.factors < 2 {
		asked, err := hasSecondFactor(tx, p.account)
		if err != nil {
			return SignedIn{}, err
		}
		if asked {
			raw, err := json.Marshal(pending{p.account, p.methods, stampOf(h.hash), clock.Micros(clock.Now().Add(pendingLife))})
			return SignedIn{Pending: a.handle(raw, "second factor")}, err
		}
	}
	s, err := a.openSession(tx, token, v, p.account, p.methods)
	if err == nil && v.Address.IsValid() {
		_, err = tx.Exec(sqlSeeSite, p.account, site(v), clock.Micros(s.Created))
	}
	if err == nil {
		c := &Caller{Kind: Person, Account: p.account, Name: h.name, Email: h.email, IP: ipOf(v)}
		err = a.Audit(tx, c, 0, "account.signedin", accountTarget(c), strings.Join(p.methods, " "))
	}
	return SignedIn{Token: token, Session: s}, err
}

// visitor is where a caller is.
func (c *Caller) visitor() Visitor {
	address, _ := netip.ParseAddr(c.IP)
	return Visitor{Address: address}
}

// admitted forgets on this node what the visitor was before.
func (a *Accounts) admitted(v Visitor) {
	if v.Session != "" {
		a.sessions.Evict(digestOf(v.Session))
	}
}

func wrongCredentials() error {
	return fault.New(fault.Unauthenticated, "The e-mail address or the password is wrong.")
}

// normalOrNone is an address in the form in which it is kept, or empty: then nobody has it.
func normalOrNone(email string) string {
	normal, err := NormaliseEmail(email)
	if err != nil {
		return ""
	}
	return normal
}

// matched is whose password it was.
type matched struct {
	account  int
	hash     string
	verified bool
}

// matchPassword finds the account whose address and password these are, else Unauthenticated.
func (a *Accounts) matchPassword(ctx context.Context, address, password string) (m matched, err error) {
	var disabled bool
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		m, disabled = matched{}, false
		err := tx.QueryRow(sqlPassword, address).Scan(&m.account, &m.hash, &disabled, &m.verified)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return m, wrap("match password", err)
	}
	ok, err := a.hash.check(ctx, m.hash, password)
	if err != nil {
		return m, err
	}
	if !ok || disabled || m.account == 0 {
		return matched{}, wrongCredentials()
	}
	return m, nil
}
