package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/mail"
)

const (
	resetPrefix = "cmd_pr_"
	resetLife   = time.Hour
)

func accountTarget(c *Caller) string { return "account/" + strconv.Itoa(c.Account) }

// ChangePassword replaces the caller's password; all their other sessions end. For the person themselves. A wrong old
// password is an Invalid fault of the field OldPassword; who has no password yet gets one by PIN or link (Conflict).
func (a *Accounts) ChangePassword(ctx context.Context, c *Caller, old, password string) error {
	if err := c.themselves(); err != nil {
		return err
	}
	if err := checkNewPassword("NewPassword", password); err != nil {
		return err
	}
	v := c.visitor()
	if err := a.mayTry(ctx, v, c.Email); err != nil {
		return err
	}
	had := ""
	err := a.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlPasswordOf, c.Account).Scan(&had) })
	if errors.Is(err, db.ErrNoRows) {
		return noSession()
	}
	if err != nil {
		return wrap("change password", err)
	}
	if had == "" {
		return fault.New(fault.Conflict, "This account has no password yet.").With("Set one by a PIN: ask for a password reset.")
	}
	ok, err := a.hash.check(ctx, had, old)
	if err != nil {
		return err
	}
	if a.tried(v, c.Email, ok); !ok {
		return fault.BadField("OldPassword", "this is not your password")
	}
	hash, err := a.hash.make(ctx, password)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlChangePassword, c.Account, had, hash, clock.Micros(clock.Now()))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "The password was changed at the same moment.").With("Sign in with the new one.")
		}
		return a.afterPassword(tx, c, c.SessionKey)
	})
	a.forgetSessions(c.Account)
	return wrap("change password", err)
}

// RequestReset mails a link that sets a new password, good once within an hour. For an address that nobody has it does and
// answers the same, but the message goes to nobody.
func (a *Accounts) RequestReset(ctx context.Context, v Visitor, email string) error {
	address, err := NormaliseEmail(email)
	if err != nil {
		return err
	}
	if err := a.mayMail(ctx, v, address); err != nil {
		return err
	}
	token := newRandom(resetPrefix)
	digest := sha256.Sum256([]byte(token))
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		p, err := personOf(tx, address) // 0 for nobody, whose link leads nowhere
		if err != nil {
			return err
		}
		if _, err := tx.Exec(sqlInsertReset, digest[:], p.id, clock.Micros(clock.Now().Add(resetLife))); err != nil {
			return err
		}
		return a.mail.Put(tx, mail.Message{
			To: p.email, Subject: "Set a new password", Good: resetLife,
			Text: "Set a new password here, within an hour:\n" + a.cfg.PublicURL + "/identity/reset?token=" + url.QueryEscape(token) + "\n\n" +
				strings.Replace(notYou, "tell it to", "give the link to", 1),
		})
	})
	return wrap("request reset", err)
}

// ResetPassword sets a new password by the token of the link that RequestReset mailed and signs the person in; all their
// other sessions end. A token that is wrong, used up or old is an Invalid fault of the field Token.
func (a *Accounts) ResetPassword(ctx context.Context, v Visitor, token, password string) (SignedIn, error) {
	if err := checkPassword(password); err != nil {
		return SignedIn{}, err
	}
	if err := a.mayTry(ctx, v, ""); err != nil {
		return SignedIn{}, err
	}
	wrong := fault.BadField("Token", "this link was used already or is too old; ask for a new one")
	if !strings.HasPrefix(token, resetPrefix) {
		return SignedIn{}, wrong
	}
	digest := sha256.Sum256([]byte(token))
	hash, err := a.hash.make(ctx, password)
	if err != nil {
		return SignedIn{}, err
	}
	session := newRandom(sessionPrefix)
	var in SignedIn
	var p person
	err = a.db.Write(ctx, func(tx *db.Tx) (err error) {
		in = SignedIn{}
		err = tx.QueryRow(sqlTakeReset, digest[:], clock.Micros(clock.Now())).Scan(&p.id)
		if errors.Is(err, db.ErrNoRows) {
			return wrong
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(sqlPersonByID, p.id).Scan(&p.email, &p.name, &p.verified)
		if errors.Is(err, db.ErrNoRows) {
			return wrong
		}
		if err != nil {
			return err
		}
		if err := a.setPassword(tx, v, p, hash); err != nil {
			return err
		}
		in, err = a.admit(tx, session, v, proof{account: p.id, methods: []string{"otp"}, factors: 1})
		return err
	})
	if err != nil {
		if fault.KindOf(err) == fault.Invalid {
			a.tried(v, "", false)
		}
		return SignedIn{}, wrap("reset password", err)
	}
	a.admitted(v)
	a.forgetSessions(p.id)
	return in, nil
}
