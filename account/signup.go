package account

import (
	"context"
	"net/mail"
	"strings"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// NewAccount is a person about to be known.
type NewAccount struct {
	Email    string
	Name     string // empty = what stands before the @
	Password string

	// For Register only.
	Language   string // BCP 47; may be empty
	FirstBrand string // a brand to make when the address is verified; may be empty
}

// SignUp makes an account with a password, if the installation's mode lets this caller, and returns its id. System may
// always. An account that System makes, and the first of the installation, counts as verified. People who sign up by
// themselves do it with Register, which does not tell who has an account.
func (a *Accounts) SignUp(ctx context.Context, c *Caller, n NewAccount) (int, error) {
	if c.Kind != System && a.cfg.SignUp == SignUpInvite {
		return 0, signUpByInvitation()
	}
	email, err := NormaliseEmail(n.Email)
	if err != nil {
		return 0, err
	}
	name, err := personName(n.Name, email)
	if err != nil {
		return 0, err
	}
	if err := checkPassword(n.Password); err != nil {
		return 0, err
	}
	hash, err := a.hash.make(ctx, n.Password)
	if err != nil {
		return 0, err
	}
	id, err := a.db.NextID(ctx, "accounts")
	if err != nil {
		return 0, wrap("sign up", err)
	}
	now := clock.Micros(clock.Now())
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		first, err := tx.Exec(sqlClaimFirst, id)
		if err != nil {
			return err
		}
		if first == 0 && c.Kind != System && a.cfg.SignUp == SignUpFirst {
			return fault.New(fault.Forbidden, "Sign-up is closed: this installation has its first account.").
				With("Ask an owner to invite you, or start the server with --signup=open.")
		}
		added, err := tx.Exec(sqlInsertAccount, id, email, name, hash, now, c.Kind == System || first == 1)
		if err == nil && added == 0 {
			return fault.New(fault.Conflict, "There is an account with this e-mail address.").With("Sign in instead.")
		}
		return err
	})
	if err != nil {
		return 0, wrap("sign up", err)
	}
	return id, nil
}

// NormaliseEmail trims an address and puts it in lower case, the form in which addresses are compared and kept.
func NormaliseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if p, err := mail.ParseAddress(s); err != nil || p.Address != s || len(s) > 254 || !strings.Contains(s[strings.LastIndexByte(s, '@'):], ".") {
		return "", fault.BadField("Email", "%.80q is not an e-mail address such as name@example.com", s)
	}
	return s, nil
}

// VerifyPassword returns the id of the account whose address and password these are, else Unauthenticated. It takes the
// same work and answers the same for an unknown address, a wrong password and a disabled account.
func (a *Accounts) VerifyPassword(ctx context.Context, email, password string) (int, error) {
	m, err := a.matchPassword(ctx, normalOrNone(email), password)
	return m.account, err
}
