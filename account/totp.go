package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	totpPeriod    = 30 // seconds, what every authenticator app takes
	totpSkew      = 1  // periods that a phone's clock may be off, either way
	recoveryCodes = 10
)

// TOTPSetup is what an authenticator app needs to know, once.
type TOTPSetup struct {
	Secret string // base32, for typing
	URL    string // otpauth://…, for a QR code
}

// Factors says how a person can sign in.
type Factors struct {
	Password      bool
	TOTP          bool
	RecoveryCodes int // that are left
	Passkeys      int
}

// hasSecondFactor reports whether a person set up an authenticator app.
func hasSecondFactor(tx *db.Tx, account int) (bool, error) {
	var n int
	err := tx.QueryRow(sqlCountSecondFactors, account).Scan(&n)
	return n > 0, err
}

// Factors tells how the caller can sign in. For the person themselves.
func (a *Accounts) Factors(ctx context.Context, c *Caller) (f Factors, err error) {
	if err := c.themselves(); err != nil {
		return f, err
	}
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		var hash string
		if err := tx.QueryRow(sqlPasswordOf, c.Account).Scan(&hash); err != nil {
			return err
		}
		f.Password = hash != ""
		var err error
		if f.TOTP, err = hasSecondFactor(tx, c.Account); err != nil {
			return err
		}
		if err := tx.QueryRow(sqlCountRecovery, c.Account).Scan(&f.RecoveryCodes); err != nil {
			return err
		}
		return tx.QueryRow(sqlCountPasskeys, c.Account).Scan(&f.Passkeys)
	})
	return f, wrap("factors", err)
}

// BeginTOTP makes the secret of an authenticator app, which counts once ConfirmTOTP has seen a code of it. Conflict when
// there is one already. For the person themselves, signed in recently.
func (a *Accounts) BeginTOTP(ctx context.Context, c *Caller) (s TOTPSetup, err error) {
	if err := a.recently(c); err != nil {
		return s, err
	}
	secret := make([]byte, 20)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	sealed := a.totp.Seal(secret, totpOwner(c.Account))
	var n int64
	err = a.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(sqlBeginTOTP, c.Account, sealed, clock.Micros(clock.Now()))
		return err
	})
	if err != nil {
		return s, wrap("begin TOTP", err)
	}
	if n == 0 {
		return s, fault.New(fault.Conflict, "There is an authenticator app already.").With("Remove it first.")
	}
	issuer := "Comanda"
	if u, err := url.Parse(a.cfg.PublicURL); err == nil && u.Host != "" {
		issuer += " " + strings.ReplaceAll(u.Host, ":", " ")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: strings.ReplaceAll(c.Email, ":", ""), Secret: secret})
	if err != nil {
		return s, wrap("begin TOTP", err)
	}
	return TOTPSetup{Secret: key.Secret(), URL: key.URL()}, nil
}

// ConfirmTOTP asks for codes from now on, after a first right one, and returns ten recovery codes, which are shown only
// here. For the person themselves, signed in recently.
func (a *Accounts) ConfirmTOTP(ctx context.Context, c *Caller, code string) (recovery []string, err error) {
	if err := a.recently(c); err != nil {
		return nil, err
	}
	v := c.visitor()
	if err := a.mayEnterCode(ctx, v, c.Account, c.Email); err != nil {
		return nil, err
	}
	recovery = newRecoveryCodes()
	right := false
	err = a.db.Write(ctx, func(tx *db.Tx) (err error) {
		if right, err = a.takeCode(tx, c.Account, code, false); err != nil || !right {
			return err
		}
		if err := a.putRecoveryCodes(tx, c.Account, recovery); err != nil {
			return err
		}
		if err := a.Audit(tx, c, 0, "account.totp.added", accountTarget(c), ""); err != nil {
			return err
		}
		return a.tell(tx, c, "Two-step sign-in is on", "Signing in to your account now asks for a code of your authenticator app.")
	})
	if err != nil {
		return nil, wrap("confirm TOTP", err)
	}
	a.enteredCode(v, c.Account, right)
	if !right {
		return nil, fault.BadField("Code", "the code is wrong; check the clock of your phone and take the next code")
	}
	return recovery, nil
}

// RemoveTOTP ends two-step sign-in and its recovery codes. For the person themselves, signed in recently.
func (a *Accounts) RemoveTOTP(ctx context.Context, c *Caller) error {
	if err := a.recently(c); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlRemoveTOTP, c.Account)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "There is no authenticator app.")
		}
		if _, err := tx.Exec(sqlDropRecovery, c.Account); err != nil {
			return err
		}
		if err := a.Audit(tx, c, 0, "account.totp.removed", accountTarget(c), ""); err != nil {
			return err
		}
		return a.tell(tx, c, "Two-step sign-in is off", "Signing in to your account no longer asks for a code of an authenticator app.")
	})
	return wrap("remove TOTP", err)
}

// NewRecoveryCodes replaces the recovery codes by ten new ones, which are shown only here. For the person themselves,
// signed in recently.
func (a *Accounts) NewRecoveryCodes(ctx context.Context, c *Caller) ([]string, error) {
	if err := a.recently(c); err != nil {
		return nil, err
	}
	codes := newRecoveryCodes()
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		on, err := hasSecondFactor(tx, c.Account)
		if err != nil {
			return err
		}
		if !on {
			return fault.New(fault.Conflict, "Recovery codes stand in for an authenticator app, and there is none.").With("Add one first.")
		}
		if err := a.putRecoveryCodes(tx, c.Account, codes); err != nil {
			return err
		}
		if err := a.Audit(tx, c, 0, "account.recoverycodes.replaced", accountTarget(c), ""); err != nil {
			return err
		}
		return a.tell(tx, c, "You have new recovery codes", "The recovery codes of your account were replaced; the old ones no longer work.")
	})
	if err != nil {
		return nil, wrap("recovery codes", err)
	}
	return codes, nil
}

// recently is the check of what changes how a person signs in.
func (a *Accounts) recently(c *Caller) error {
	if err := c.themselves(); err != nil {
		return err
	}
	return c.RequireRecent()
}

// SecondFactor finishes a sign-in that is Pending by a code of the authenticator app or a recovery code, each good once. A
// wrong code is Unauthenticated and makes the next ones wait, by the person and not by who knows their password.
func (a *Accounts) SecondFactor(ctx context.Context, v Visitor, handle, code string) (SignedIn, error) {
	var p pending
	raw, ok := a.openHandle(handle, "second factor")
	if !ok || json.Unmarshal(raw, &p) != nil || over(p.Until) {
		return SignedIn{}, fault.New(fault.Gone, "This sign-in took too long.").With("Sign in again.")
	}
	email := ""
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		var name string
		var verified bool
		return tx.QueryRow(sqlPersonByID, p.Account).Scan(&email, &name, &verified)
	})
	if errors.Is(err, db.ErrNoRows) {
		return SignedIn{}, wrongCode()
	}
	if err != nil {
		return SignedIn{}, wrap("second factor", err)
	}
	if err := a.mayEnterCode(ctx, v, p.Account, email); err != nil {
		return SignedIn{}, err
	}
	methods := slices.Clone(p.Methods)
	for _, m := range []string{"otp", "mfa"} {
		if !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	token := newRandom(sessionPrefix)
	var in SignedIn
	var right bool
	err = a.db.Write(ctx, func(tx *db.Tx) (err error) {
		in = SignedIn{}
		if right, err = a.takeCode(tx, p.Account, code, true); err != nil || !right {
			return err
		}
		in, err = a.admit(tx, token, v, proof{account: p.Account, methods: methods, factors: 2, stamp: p.Stamp})
		return err
	})
	a.admitted(v)
	if err != nil {
		return SignedIn{}, wrap("second factor", err)
	}
	a.enteredCode(v, p.Account, right)
	if !right {
		return SignedIn{}, wrongCode()
	}
	return in, nil
}

func wrongCode() error {
	return fault.New(fault.Unauthenticated, "The code is wrong or was used already.").With("Wait for the next code, or use a recovery code.")
}

// takeCode uses up a code of the authenticator app (of a confirmed one, or one to be confirmed), or a recovery code. Who
// comes second with the same code finds its step taken or its row gone.
func (a *Accounts) takeCode(tx *db.Tx, account int, code string, confirmed bool) (bool, error) {
	code = digits(code)
	if len(code) != int(otp.DigitsSix) {
		if !confirmed {
			return false, nil
		}
		n, err := tx.Exec(sqlTakeRecovery, account, a.recoveryDigest(account, code))
		return n == 1, err
	}
	var sealed []byte
	var last int64
	err := tx.QueryRow(sqlTOTP, account, confirmed).Scan(&sealed, &last)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	secret, err := a.totp.Open(sealed, totpOwner(account))
	if err != nil {
		return false, err
	}
	step, ok, err := matchStep(secret, code, clock.Now().Unix()/totpPeriod, last)
	if err != nil || !ok {
		return false, err
	}
	n, err := tx.Exec(sqlTakeStep, account, step)
	return n == 1, err
}

// matchStep finds the time step around now, later than last, whose code this is.
func matchStep(secret []byte, code string, now, last int64) (int64, bool, error) {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	for step := max(now-totpSkew, last+1); step <= now+totpSkew; step++ {
		want, err := hotp.GenerateCode(text, uint64(step))
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step, true, nil
		}
	}
	return 0, false, nil
}

func totpOwner(account int) string { return "account/" + strconv.Itoa(account) }

// newRecoveryCodes makes ten codes of 60 bits, written as xxxx-xxxx-xxxx.
func newRecoveryCodes() []string {
	out := make([]string, recoveryCodes)
	for i := range out {
		t := strings.ToLower(rand.Text())
		out[i] = t[:4] + "-" + t[4:8] + "-" + t[8:12]
	}
	return out
}

func (a *Accounts) recoveryDigest(account int, code string) []byte {
	return a.keyed("recovery", strconv.Itoa(account), strings.ToLower(digits(code)))
}

func (a *Accounts) putRecoveryCodes(tx *db.Tx, account int, codes []string) error {
	if _, err := tx.Exec(sqlDropRecovery, account); err != nil {
		return err
	}
	for _, code := range codes {
		if _, err := tx.Exec(sqlPutRecovery, account, a.recoveryDigest(account, code)); err != nil {
			return err
		}
	}
	return nil
}

// mayEnterCode refuses who has to wait before the next code. It counts codes by themselves, so that who guesses passwords
// does not delay who knows theirs. A code counts as wrong until it has proved to be right: who sends many at once finds most
// of them counted already.
func (a *Accounts) mayEnterCode(ctx context.Context, v Visitor, account int, email string) error {
	of := "code/" + strconv.Itoa(account)
	err := a.mayGoOn(ctx, v, email, "Too many wrong codes.", a.patience.tries.Wait(v.Address, of), a.patience.codes.Wait(netip.Addr{}, of))
	if err == nil {
		a.patience.codes.Failed(netip.Addr{}, of)
	}
	return err
}

func (a *Accounts) enteredCode(v Visitor, account int, right bool) {
	of := "code/" + strconv.Itoa(account)
	if right {
		a.patience.tries.Succeeded(v.Address, of)
		a.patience.codes.Succeeded(netip.Addr{}, of)
		return
	}
	a.refused.Add(1)
	a.patience.tries.Failed(v.Address, of)
}
