package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	// StepUp is how long after a sign-in what needs a recent one may be done.
	StepUp = 10 * time.Minute

	sessionPrefix = "cmd_ss_" // makes a leaked cookie recognisable
	sessionIdle   = 12 * time.Hour
	sessionLife   = 14 * 24 * time.Hour
	seenEvery     = time.Minute             // how often the use of a session is written down
	sessionTTL    = 1500 * time.Millisecond // how long the end of a session on another node may go unseen
	maxAgent      = 200                     // bytes kept of a User-Agent
)

// Session is one sign-in of a person in one browser.
type Session struct {
	Key           string // names it in lists and is the sid of ID tokens; no secret
	Account       int
	Authenticated time.Time // when the person last proved who they are
	Methods       []string  // how, in the words of RFC 8176: pwd, otp (a PIN or a code), pop (a passkey), mfa when by two factors
	Created       time.Time
	Seen          time.Time // last use, to a minute
	Expires       time.Time // when it ends at the latest
	Address       string    // where it was made
	Agent         string    // the browser's User-Agent, cut
}

// Visitor is where a sign-in comes from.
type Visitor struct {
	Address netip.Addr
	Agent   string
	Session string // the session cookie that came along, if any: it ends when somebody signs in
}

// SignedIn is the outcome of a proof of identity: a session, or the wish for a second factor.
type SignedIn struct {
	Token   string // for the cookie; a new one at each sign-in
	Session Session
	Pending string // for SecondFactor, good for ten minutes; empty when Token is set
}

type sessionDigest [sha256.Size]byte

func digestOf(token string) sessionDigest { return sha256.Sum256([]byte(token)) }

// newRandom is a secret of 256 bits behind a prefix.
func newRandom(prefix string) string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// openSession makes a session in tx and ends the visitor's old one. The token is of newRandom(sessionPrefix), made outside.
func (a *Accounts) openSession(tx *db.Tx, token string, v Visitor, account int, methods []string) (Session, error) {
	now := clock.Now()
	s := Session{
		Account: account, Authenticated: now, Methods: methods, Created: now, Seen: now, Expires: now.Add(sessionLife),
		Agent: cutText(v.Agent, maxAgent),
	}
	if v.Address.IsValid() {
		s.Address = v.Address.Unmap().String()
	}
	digest := digestOf(token)
	key := sha256.Sum256(digest[:]) // follows from the token, so that a repeated closure gives the same
	s.Key = base64.RawURLEncoding.EncodeToString(key[:16])
	if v.Session != "" {
		old := digestOf(v.Session)
		if _, err := tx.Exec(sqlEndSession, old[:]); err != nil {
			return s, err
		}
	}
	at := clock.Micros(now)
	_, err := tx.Exec(sqlInsertSession, digest[:], s.Key, account, at, strings.Join(methods, " "), clock.Micros(now.Add(sessionIdle)),
		clock.Micros(s.Expires), s.Address, s.Agent)
	return s, err
}

// cutText is a text for showing: valid, without control characters and of some bytes at most.
func cutText(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// Session is the session whose cookie this is, or Unauthenticated: unknown, ended, idle for 12 hours, older than 14 days, or
// of a disabled person. What ended on another node counts within sessionTTL, what ended on this one at once.
func (a *Accounts) Session(ctx context.Context, token string) (Session, error) {
	if len(token) != len(sessionPrefix)+43 || !strings.HasPrefix(token, sessionPrefix) {
		return Session{}, noSession()
	}
	digest := digestOf(token)
	s, err := a.sessions.Load(digest, func() (Session, error) { return a.loadSession(ctx, digest) })
	if err != nil {
		return Session{}, err
	}
	if !clock.Now().Before(s.Expires) {
		return Session{}, noSession()
	}
	return s, nil
}

func noSession() error {
	return fault.New(fault.Unauthenticated, "You are not signed in, or no longer.").With("Sign in.")
}

func (a *Accounts) loadSession(ctx context.Context, digest sessionDigest) (s Session, err error) {
	now := clock.Now()
	err = a.db.Read(ctx, func(tx *db.Tx) (err error) {
		s, err = scanSession(tx.QueryRow(sqlSession, digest[:], clock.Micros(now)))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return s, noSession()
	}
	if err != nil || now.Sub(s.Seen) < seenEvery {
		return s, wrap("session", err)
	}
	ends := now.Add(sessionIdle)
	if ends.After(s.Expires) {
		ends = s.Expires
	}
	var touched int64
	err = a.db.Write(ctx, func(tx *db.Tx) (err error) {
		touched, err = tx.Exec(sqlTouchSession, digest[:], clock.Micros(now), clock.Micros(ends))
		return err
	})
	if err == nil && touched == 0 {
		return s, noSession() // it ended since
	}
	s.Seen = now
	return s, wrap("session", err)
}

type scanner interface{ Scan(dest ...any) error }

func scanSession(row scanner) (s Session, err error) {
	var methods string
	var authenticated, created, seen, expires int64
	err = row.Scan(&s.Key, &s.Account, &authenticated, &methods, &created, &seen, &expires, &s.Address, &s.Agent)
	s.Methods = strings.Fields(methods)
	s.Authenticated, s.Created = clock.FromMicros(authenticated), clock.FromMicros(created)
	s.Seen, s.Expires = clock.FromMicros(seen), clock.FromMicros(expires)
	return s, err
}

// SessionCaller is the person of a session as a caller.
func (a *Accounts) SessionCaller(ctx context.Context, s Session) (*Caller, error) {
	c, err := a.PersonCaller(ctx, s.Account)
	if err != nil {
		return nil, err
	}
	c.Authenticated, c.SessionKey = s.Authenticated, s.Key
	return c, nil
}

// RequireRecent refuses a person who acts themselves, by a session or at the command line, and proved longer than StepUp ago
// who they are. OAuth apps pass: what they hold was given to them for what they do.
func (c *Caller) RequireRecent() error {
	if c.Authenticated.IsZero() || clock.Now().Sub(c.Authenticated) <= StepUp {
		return nil
	}
	return fault.New(fault.Forbidden, "This needs a sign-in of the last ten minutes.").With("Sign in again, then repeat it.")
}

// themselves refuses whoever is not a person who acts for themselves: an OAuth app, also one with a token that a person
// delegated to it, has no business with how that person signs in.
func (c *Caller) themselves() error {
	if c.Kind != Person || c.OAuthApp != "" {
		return fault.New(fault.Forbidden, "This concerns a person's own sign-in, which an OAuth app has no part in.").
			With("Sign in as the person.")
	}
	return nil
}

// SignOut ends the session whose cookie this is; one that is not there has ended already.
func (a *Accounts) SignOut(ctx context.Context, token string) error {
	digest := digestOf(token)
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlEndSession, digest[:])
		return err
	})
	a.sessions.Evict(digest)
	return wrap("sign out", err)
}

// Sessions lists the caller's sessions, the one that was used last first. For the person themselves.
func (a *Accounts) Sessions(ctx context.Context, c *Caller) ([]Session, error) {
	if err := c.themselves(); err != nil {
		return nil, err
	}
	var out []Session
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		out = []Session{}
		rows, err := tx.Query(sqlSessionsOf, c.Account, clock.Micros(clock.Now()))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			s, err := scanSession(rows)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	return out, wrap("sessions", err)
}

// EndSession ends one of the caller's sessions by its key. For the person themselves.
func (a *Accounts) EndSession(ctx context.Context, c *Caller, key string) error {
	if err := c.themselves(); err != nil {
		return err
	}
	var n int64
	err := a.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(sqlEndSessionByKey, c.Account, key)
		return err
	})
	a.forgetSessions(c.Account)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "You have no such session.").With("It may have ended already; list your sessions.")
	}
	return wrap("end session", err)
}

// EndOtherSessions ends all of the caller's sessions but the one with the key. For the person themselves.
func (a *Accounts) EndOtherSessions(ctx context.Context, c *Caller, keep string) error {
	if err := c.themselves(); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlEndOtherSessions, c.Account, keep)
		return err
	})
	a.forgetSessions(c.Account)
	return wrap("end sessions", err)
}

// forgetSessions makes this node ask the database for a person's sessions again.
func (a *Accounts) forgetSessions(account int) {
	a.sessions.Clear(func(s Session) bool { return s.Account == account })
}
