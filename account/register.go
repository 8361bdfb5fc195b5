package account

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/mail"
)

// asked is what a browser carries between asking for a PIN that sets a password and entering it, sealed. A password that
// was chosen at sign-up travels in it as a hash and not in the account, so that it counts only in the browser where it was
// chosen: nobody can put their password onto somebody else's address and wait for them to verify it.
type asked struct {
	Address string
	Hash    string
	Until   int64
}

// askedLife is a little more than a PIN is good for.
const askedLife = 15 * time.Minute

func (a *Accounts) askedHandle(address, hash string) (string, error) {
	raw, err := json.Marshal(asked{address, hash, clock.Micros(clock.Now().Add(askedLife))})
	return a.handle(raw, "password PIN"), err
}

// Register signs a person up by themselves: it makes an account that is not verified and mails a PIN for SetPasswordByPIN,
// which wants the handle that is returned here. Where the address has a verified account, the message says so instead of
// telling a PIN, and nothing else differs. A password may be given here or there. Forbidden when sign-up is closed.
func (a *Accounts) Register(ctx context.Context, v Visitor, n NewAccount) (handle string, err error) {
	if a.cfg.SignUp == SignUpInvite {
		return "", signUpByInvitation()
	}
	address, err := NormaliseEmail(n.Email)
	if err != nil {
		return "", err
	}
	name, err := personName(n.Name, address)
	if err != nil {
		return "", err
	}
	language, err := checkLanguage(n.Language)
	if err != nil {
		return "", err
	}
	brand := ""
	if n.FirstBrand != "" {
		if brand, err = checkBrandName(n.FirstBrand); err != nil {
			return "", err
		}
	}
	if err := a.mayMail(ctx, v, address); err != nil {
		return "", err
	}
	hash := ""
	if n.Password != "" {
		if err := checkPassword(n.Password); err != nil {
			return "", err
		}
		if hash, err = a.hash.make(ctx, n.Password); err != nil {
			return "", err
		}
	}
	id, err := a.db.NextID(ctx, "accounts")
	if err != nil {
		return "", wrap("register", err)
	}
	pin, now := NewPIN(), clock.Micros(clock.Now())
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		if err := a.claimFirst(tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlInsertAccount, id, address, name, "", now, false); err != nil {
			return err
		}
		p, err := personOf(tx, address)
		if err != nil {
			return err
		}
		if p.id == id {
			if _, err := tx.Exec(sqlSetSignUp, id, language, brand); err != nil {
				return err
			}
		}
		m := mail.Message{
			To: p.email, Subject: "Your PIN to finish signing up", Good: PINLife,
			Text: "Welcome. Your PIN is " + pin + ". Enter it within ten minutes where you signed up.\n\n" + notYou,
		}
		if p.verified || p.email == "" {
			pin = NewPIN() // told to nobody
			m.Subject = "You have an account already"
			m.Text = "Somebody, perhaps you, signed up with this address, which has an account already.\nSign in at " +
				a.cfg.PublicURL + "/identity/login\n\nIf it was not you, there is nothing to do.\n"
		}
		if err := a.PutPIN(tx, pinPassword, address, pin); err != nil {
			return err
		}
		return a.mail.Put(tx, m)
	})
	if err != nil {
		return "", wrap("register", err)
	}
	return a.askedHandle(address, hash)
}

// RequestPasswordPIN mails a PIN for SetPasswordByPIN, which wants the handle that is returned here. For an address that
// nobody has it does and answers the same, but the message goes to nobody.
func (a *Accounts) RequestPasswordPIN(ctx context.Context, v Visitor, email string) (handle string, err error) {
	address, err := NormaliseEmail(email)
	if err != nil {
		return "", err
	}
	if err := a.mayMail(ctx, v, address); err != nil {
		return "", err
	}
	pin := NewPIN()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		p, err := personOf(tx, address)
		if err != nil {
			return err
		}
		if err := a.PutPIN(tx, pinPassword, address, pin); err != nil {
			return err
		}
		return a.mail.Put(tx, mail.Message{
			To: p.email, Subject: "Your PIN to set a new password", Good: PINLife,
			Text: "Your PIN is " + pin + ". Enter it within ten minutes where you asked for it, and choose a new password.\n\n" + notYou,
		})
	})
	if err != nil {
		return "", wrap("request password PIN", err)
	}
	return a.askedHandle(address, "")
}

// PasswordHandle is the handle for SetPasswordByPIN of somebody who is signed in, so that their PIN needs no other. For the
// person themselves.
func (a *Accounts) PasswordHandle(c *Caller) (string, error) {
	if err := c.themselves(); err != nil {
		return "", err
	}
	return a.askedHandle(c.Email, "")
}

// SetPasswordByPIN verifies the address of the handle by the PIN that was mailed, sets the password and signs the person
// in; all their other sessions end. An empty password means the one that was given to Register. The brand that a sign-up
// asked for is made now. A PIN that is wrong, used up or of another handle is an Invalid fault of the field Pin.
func (a *Accounts) SetPasswordByPIN(ctx context.Context, v Visitor, handle, pin, password string) (SignedIn, error) {
	var h asked
	raw, ok := a.openHandle(handle, "password PIN")
	if !ok || json.Unmarshal(raw, &h) != nil || over(h.Until) {
		return SignedIn{}, fault.New(fault.Gone, "This was begun elsewhere, or too long ago.").With("Ask for a new PIN.")
	}
	if err := a.mayTry(ctx, v, h.Address); err != nil {
		return SignedIn{}, err
	}
	hash := h.Hash
	if password != "" || hash == "" {
		if err := checkPassword(password); err != nil {
			return SignedIn{}, err
		}
		var err error
		if hash, err = a.hash.make(ctx, password); err != nil {
			return SignedIn{}, err
		}
	}
	token := newRandom(sessionPrefix)
	var in SignedIn
	var p person
	var brand string
	var right bool
	err := a.db.Write(ctx, func(tx *db.Tx) (err error) {
		in, p, brand = SignedIn{}, person{}, ""
		if right, err = a.TakePIN(tx, pinPassword, h.Address, digits(pin)); err != nil || !right {
			return err
		}
		if p, err = personOf(tx, h.Address); err != nil {
			return err
		}
		if right = p.email != ""; !right {
			return nil
		}
		if err := tx.QueryRow(sqlFirstBrand, p.id).Scan(&brand); err != nil {
			return err
		}
		if err := a.setPassword(tx, v, p, hash); err != nil {
			return err
		}
		in, err = a.admit(tx, token, v, proof{account: p.id, methods: []string{"otp"}, factors: 1})
		return err
	})
	a.admitted(v)
	if err != nil {
		return SignedIn{}, wrap("set password by PIN", err)
	}
	a.tried(v, h.Address, right)
	if !right {
		return SignedIn{}, fault.BadField("Pin", "the PIN is wrong or no longer good; check it, or ask for a new one")
	}
	a.forgetSessions(p.id)
	a.makeFirstBrand(ctx, v, p, brand)
	return in, nil
}

// makeFirstBrand makes the brand that a sign-up asked for, once, when the address is verified.
func (a *Accounts) makeFirstBrand(ctx context.Context, v Visitor, p person, brand string) {
	if brand == "" {
		return
	}
	c := &Caller{Kind: System, Account: p.id, Name: p.name, Email: p.email, IP: ipOf(v)}
	if _, err := a.CreateBrand(ctx, c, NewBrand{Name: brand, Owner: p.id}); err != nil {
		slog.ErrorContext(ctx, "the first brand of a new account was not made; its owner can make it", "account", p.id, "error", err)
	}
}

// setPassword replaces a person's password by somebody who proved that the address is theirs: the address is verified, and
// every session, PIN and link from before ends.
func (a *Accounts) setPassword(tx *db.Tx, v Visitor, p person, hash string) error {
	if _, err := tx.Exec(sqlSetPassword, p.id, hash, clock.Micros(clock.Now())); err != nil {
		return err
	}
	return a.afterPassword(tx, &Caller{Kind: Person, Account: p.id, Name: p.name, Email: p.email, IP: ipOf(v)}, "")
}

// afterPassword ends what a password from before may have opened, all sessions but one, and tells the person.
func (a *Accounts) afterPassword(tx *db.Tx, c *Caller, keep string) error {
	if _, err := tx.Exec(sqlEndOtherSessions, c.Account, keep); err != nil {
		return err
	}
	if _, err := tx.Exec(sqlEndResets, c.Account); err != nil {
		return err
	}
	if _, err := tx.Exec(sqlEndPINs, a.keyed("address", c.Email)); err != nil {
		return err
	}
	if err := a.Audit(tx, c, 0, "account.password.changed", accountTarget(c), ""); err != nil {
		return err
	}
	return a.tell(tx, c, "Your password was changed", "The password of your account was changed.")
}

// tell mails a person what was done to their account.
func (a *Accounts) tell(tx *db.Tx, c *Caller, subject, text string) error {
	if c.IP != "" {
		text += " It was done from the address " + c.IP + "."
	}
	return a.mail.Put(tx, mail.Message{
		To: c.Email, Subject: subject,
		Text: text + "\n\nIf it was not you, set a new password at " + a.cfg.PublicURL + "/identity/reset and look through your sessions.\n",
	})
}

func ipOf(v Visitor) string {
	if !v.Address.IsValid() {
		return ""
	}
	return v.Address.Unmap().String()
}

func signUpByInvitation() error {
	return fault.New(fault.Forbidden, "Accounts are made by invitation here.").With("Ask an owner to invite you.")
}

// claimFirst makes an account the first of the installation, or refuses it where only the first may be made.
func (a *Accounts) claimFirst(tx *db.Tx, id int) error {
	first, err := tx.Exec(sqlClaimFirst, id)
	if err == nil && first == 0 && a.cfg.SignUp == SignUpFirst {
		return fault.New(fault.Forbidden, "Sign-up is closed: this installation has its first account.").
			With("Ask an owner to invite you, or start the server with --signup=open.")
	}
	return err
}

// personName is a name, or what stands before the @.
func personName(name, address string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		name, _, _ = strings.Cut(address, "@")
	}
	if !isText(name) {
		return "", fault.BadField("Name", "a name has 100 characters at most, and none that cannot be seen")
	}
	return name, nil
}
