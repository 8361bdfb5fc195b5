package account_test

import (
	"context"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pquerna/otp/totp"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/mail"
	"comanda/internal/seal"
)

// town is an installation with its mail.
type town struct {
	*account.Accounts
	t       *testing.T
	db      *db.DB
	key     []byte
	outbox  *mail.Outbox
	mailbox *mail.Mailbox
}

func newTown(t *testing.T, d *db.DB) *town {
	t.Helper()
	w := &town{t: t, db: d, key: seal.NewKey(), mailbox: &mail.Mailbox{}}
	var err error
	if w.outbox, err = mail.NewOutbox(d, w.key, w.mailbox); err != nil {
		t.Fatal(err)
	}
	w.Accounts = w.node()
	return w
}

// node is another node of the installation.
func (w *town) node() *account.Accounts {
	return account.New(w.db, event.NewLog(w.db), account.Config{
		SignUp: account.SignUpOpen, Hashing: cheap, MasterKey: w.key, Mail: w.outbox, PublicURL: "https://comanda.test",
	})
}

func inTown(t *testing.T, fn func(t *testing.T, w *town)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newTown(t, d)) })
}

// letters are the messages to an address, newest first.
func (w *town) letters(to string) (out []mail.Message) {
	w.t.Helper()
	for {
		n, err := w.outbox.RunOnce(context.Background())
		w.must(err)
		if n == 0 {
			break
		}
	}
	for _, m := range w.mailbox.Messages() {
		if m.To == to {
			out = append(out, m.Message)
		}
	}
	return out
}

var (
	pinInMail  = regexp.MustCompile(`PIN is (\d{6})\.`)
	linkInMail = regexp.MustCompile(`https://\S+`)
)

func (w *town) pin(to string) string {
	w.t.Helper()
	for _, m := range w.letters(to) {
		if found := pinInMail.FindStringSubmatch(m.Text); found != nil {
			return found[1]
		}
	}
	w.t.Fatalf("no PIN was mailed to %s", to)
	return ""
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// wrongPIN is a PIN that is not the given one.
func wrongPIN(pin string) string {
	if pin == "123456" {
		return "654321"
	}
	return "123456"
}

func TestAPINSignsInOnceAndVerifies(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		ada := signUp(t, w.Accounts, "ada@example.com")
		w.must(w.RequestPIN(ctx, here, " Ada@Example.com"))
		pin := w.pin("ada@example.com")
		in, err := w.SignInPIN(ctx, here, "ada@example.com", " "+pin[:3]+" "+pin[3:])
		if err != nil || in.Session.Account != ada.Account || !slices.Equal(in.Session.Methods, []string{"otp"}) {
			t.Fatalf("%+v %v", in, err)
		}
		_, err = w.SignInPIN(ctx, here, "ada@example.com", pin)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestAPINHasOneWinnerInParallel(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		signUp(t, w.Accounts, "ada@example.com")
		nodes := []*account.Accounts{w.Accounts, w.node()}
		for range 5 {
			w.must(w.RequestPIN(ctx, at("192.0.2.1"), "ada@example.com"))
			pin := w.pin("ada@example.com")
			var won, refused atomic.Int32
			parallel(4, func(i int) { // within the five tries
				_, err := nodes[i%2].SignInPIN(ctx, at("192.0.2.1"), "ada@example.com", pin)
				switch {
				case err == nil:
					won.Add(1)
				case fault.KindOf(err) == fault.Unauthenticated:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
			if won.Load() != 1 || refused.Load() != 3 {
				t.Fatalf("%d won, %d refused", won.Load(), refused.Load())
			}
			signIn(t, w.Accounts, at("192.0.2.1"), "ada@example.com") // the failures are forgotten
			signIn(t, nodes[1], at("192.0.2.1"), "ada@example.com")
		}
	})
}

func TestAPINHasFiveTriesInParallel(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		signUp(t, w.Accounts, "ada@example.com")
		w.must(w.RequestPIN(ctx, here, "ada@example.com"))
		pin := w.pin("ada@example.com")
		parallel(5, func(int) {
			_, err := w.SignInPIN(ctx, at("203.0.113.9"), "ada@example.com", wrongPIN(pin))
			if fault.KindOf(err) != fault.Unauthenticated {
				t.Error(err)
			}
		})
		_, err := w.SignInPIN(ctx, here, "ada@example.com", pin)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestANewPINEndsTheOldAndPINsGrowOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, dbtest.SQLite(t))
		ctx := context.Background()
		signUp(t, w.Accounts, "ada@example.com")
		w.must(w.RequestPIN(ctx, here, "ada@example.com"))
		first := w.pin("ada@example.com")
		w.must(w.RequestPIN(ctx, here, "ada@example.com"))
		second := w.pin("ada@example.com")
		if _, err := w.SignInPIN(ctx, here, "ada@example.com", first); first != second && err == nil {
			t.Fatal("the first PIN works beside the second")
		}
		time.Sleep(10*time.Minute + time.Second)
		_, err := w.SignInPIN(ctx, here, "ada@example.com", second)
		wantKind(t, err, fault.Unauthenticated)
		w.must(w.RequestPIN(ctx, here, "ada@example.com"))
		if _, err := w.SignInPIN(ctx, here, "ada@example.com", w.pin("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		handle, err := w.RequestPasswordPIN(ctx, here, "ada@example.com")
		w.must(err)
		w.must(w.RequestReset(ctx, here, "ada@example.com"))
		link, err := url.Parse(linkInMail.FindString(w.letters("ada@example.com")[0].Text))
		w.must(err)
		time.Sleep(10*time.Minute + time.Second)
		_, err = w.SetPasswordByPIN(ctx, here, handle, w.pin("ada@example.com"), "correct horse")
		wantField(t, err, "Pin")
		time.Sleep(5 * time.Minute)
		for _, h := range []string{"", "x", handle} {
			_, err = w.SetPasswordByPIN(ctx, here, h, second, "correct horse")
			wantKind(t, err, fault.Gone)
		}
		time.Sleep(45 * time.Minute)
		_, err = w.ResetPassword(ctx, here, link.Query().Get("token"), "correct horse")
		wantField(t, err, "Token")
	})
}

// What an address without an account, one of a disabled person and one with an account get is the same: kind, text, rows
// written, messages put. Only the mailbox of the owner knows.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		signUp(t, w.Accounts, "ada@example.com")
		gone := signUp(t, w.Accounts, "gone@example.com")
		exec(t, w.db, `update accounts set disabled = true where id = $1`, gone.Account)
		type seen struct {
			outcomes       string
			pins, messages int
			hashes         int64
		}
		count := func(table string) (n int) {
			w.must(w.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`select count(*) from ` + table).Scan(&n) }))
			return n
		}
		look := func(email, from string) (s seen) {
			v := at(from)
			pins, messages, hashes := count("account_pins")+count("account_resets"), count("mail_outbox"), w.Stats().Hashes
			text := func(err error) {
				if err != nil {
					s.outcomes += err.Error()
				}
				s.outcomes += "|"
			}
			_, err := w.SignInPassword(ctx, v, email, "wrong guess")
			text(err)
			text(w.RequestPIN(ctx, v, email))
			_, err = w.SignInPIN(ctx, v, email, "000000") // PINs do not begin with 0
			text(err)
			handle, err := w.RequestPasswordPIN(ctx, v, email)
			text(err)
			_, err = w.SetPasswordByPIN(ctx, v, handle, "000000", "correct horse")
			text(err)
			text(w.RequestReset(ctx, v, email))
			s.pins, s.messages, s.hashes = count("account_pins")+count("account_resets")-pins, count("mail_outbox")-messages, w.Stats().Hashes-hashes
			return s
		}
		known, unknown, disabled := look("ada@example.com", "198.51.100.1"), look("eve@example.com", "198.51.100.2"), look("gone@example.com", "198.51.100.3")
		if known != unknown || known != disabled {
			t.Fatalf("known    %+v\nunknown  %+v\ndisabled %+v", known, unknown, disabled)
		}
		if known.pins != 3 || known.messages != 3 || known.hashes != 2 {
			t.Fatalf("%+v", known)
		}
		if n := len(w.letters("ada@example.com")); n != 3 {
			t.Fatalf("%d messages to the owner", n)
		}
		if len(w.letters("eve@example.com"))+len(w.letters("gone@example.com"))+len(w.letters("")) != 0 {
			t.Fatal("a message went to somebody without an account")
		}
	})
}

func TestSigningUpDoesNotTellWhoHasAnAccount(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		signUp(t, w.Accounts, "ada@example.com")
		for _, email := range []string{"ada@example.com", "new@example.com"} {
			handle, err := w.Register(ctx, here, account.NewAccount{Email: email, Password: "battery staple"})
			if err != nil || handle == "" {
				t.Fatal(email, err)
			}
			_, err = w.SetPasswordByPIN(ctx, here, handle, "000000", "")
			wantField(t, err, "Pin")
		}
		if m := w.letters("ada@example.com"); len(m) != 1 || !strings.Contains(m[0].Text, "has an account already") || pinInMail.MatchString(m[0].Text) {
			t.Fatalf("%+v", m)
		}
		signIn(t, w.Accounts, here, "ada@example.com") // her password is as it was
	})
}

func TestSigningUpVerifiesTheAddressAndMakesTheFirstBrand(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		handle, err := w.Register(ctx, here, account.NewAccount{Email: "new@example.com", Password: "battery staple", FirstBrand: "Casa Nuova", Language: "PT-br"})
		w.must(err)
		_, err = w.SignInPassword(ctx, here, "new@example.com", "battery staple")
		wantKind(t, err, fault.Unauthenticated)
		in, err := w.SetPasswordByPIN(ctx, here, handle, w.pin("new@example.com"), "")
		w.must(err)
		p, err := w.Profile(ctx, in.Session.Account)
		if err != nil || !p.Verified || p.Language != "pt-BR" || p.Name != "new" {
			t.Fatalf("%+v %v", p, err)
		}
		if _, err := w.SignInPassword(ctx, here, "new@example.com", "battery staple"); err != nil {
			t.Fatal(err)
		}
		b, err := w.BrandByAppID(ctx, "casa-nuova")
		if err != nil || b.Name != "Casa Nuova" {
			t.Fatal(err)
		}
		if c := person(t, w.Accounts, in.Session.Account); len(c.Grants) != 1 || c.Grants[0].Brand != b.ID {
			t.Fatalf("%+v", c)
		}
		_, err = w.SetPasswordByPIN(ctx, here, handle, w.pin("new@example.com"), "")
		wantField(t, err, "Pin")
	})
}

// An attacker who signs up first with somebody's address gets nothing out of it when that person signs up or in later.
func TestAPasswordThatSomebodyElsePutOnAnAddressNeverCounts(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		evil, err := w.Register(ctx, at("203.0.113.1"), account.NewAccount{Email: "ada@example.com", Password: "attacker's choice"})
		w.must(err)
		mine, err := w.Register(ctx, here, account.NewAccount{Email: "ada@example.com", Password: "correct horse"})
		w.must(err)
		if evil == mine {
			t.Fatal("the handles are equal")
		}
		if _, err := w.SetPasswordByPIN(ctx, here, mine, w.pin("ada@example.com"), ""); err != nil {
			t.Fatal(err)
		}
		_, err = w.SignInPassword(ctx, at("203.0.113.1"), "ada@example.com", "attacker's choice")
		wantKind(t, err, fault.Unauthenticated)
		signIn(t, w.Accounts, here, "ada@example.com")

		// The same by the older way, with a password in the account.
		id, err := w.SignUp(ctx, &account.Caller{}, account.NewAccount{Email: "bob@example.com", Password: "attacker's choice"})
		w.must(err)
		_, err = w.SignInPassword(ctx, here, "bob@example.com", "attacker's choice")
		if (id != 1) != (fault.KindOf(err) == fault.Forbidden) {
			t.Fatal(err)
		}
		w.must(w.RequestPIN(ctx, here, "bob@example.com"))
		if _, err := w.SignInPIN(ctx, here, "bob@example.com", w.pin("bob@example.com")); err != nil {
			t.Fatal(err)
		}
		_, err = w.SignInPassword(ctx, at("203.0.113.2"), "bob@example.com", "attacker's choice")
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestANewPasswordEndsEverythingFromBefore(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		other := w.node()
		ada := signUp(t, w.Accounts, "ada@example.com")
		for name, change := range map[string]func(c *account.Caller, keep account.SignedIn) string{
			"change": func(c *account.Caller, keep account.SignedIn) string {
				wantField(t, w.ChangePassword(ctx, c, "wrong", "correct horse"), "OldPassword")
				wantField(t, w.ChangePassword(ctx, c, "correct horse", "short"), "NewPassword")
				w.must(w.ChangePassword(ctx, c, "correct horse", "correct horse"))
				return keep.Token
			},
			"link": func(*account.Caller, account.SignedIn) string {
				w.must(w.RequestReset(ctx, here, "ada@example.com"))
				link, err := url.Parse(linkInMail.FindString(w.letters("ada@example.com")[0].Text))
				w.must(err)
				in, err := w.ResetPassword(ctx, here, link.Query().Get("token"), "correct horse")
				w.must(err)
				_, err = w.ResetPassword(ctx, here, link.Query().Get("token"), "correct horse")
				wantField(t, err, "Token")
				return in.Token
			},
			"PIN": func(*account.Caller, account.SignedIn) string {
				handle, err := w.RequestPasswordPIN(ctx, here, "ada@example.com")
				w.must(err)
				in, err := w.SetPasswordByPIN(ctx, here, handle, w.pin("ada@example.com"), "correct horse")
				w.must(err)
				return in.Token
			},
		} {
			t.Run(name, func(t *testing.T) {
				keep, stolen := signIn(t, w.Accounts, here, "ada@example.com"), signIn(t, other, at("203.0.113.1"), "ada@example.com")
				w.must(w.RequestReset(ctx, at("192.0.2.2"), "ada@example.com"))
				oldLink, err := url.Parse(linkInMail.FindString(w.letters("ada@example.com")[0].Text))
				w.must(err)
				w.must(w.RequestPIN(ctx, at("192.0.2.2"), "ada@example.com"))
				oldPIN := w.pin("ada@example.com")
				c, err := w.SessionCaller(ctx, keep.Session)
				w.must(err)
				c.IP = "192.0.2.1"
				token := change(c, keep)
				_, err = w.Session(ctx, stolen.Token)
				wantKind(t, err, fault.Unauthenticated)
				if _, err := w.Session(ctx, token); err != nil {
					t.Fatal(err)
				}
				_, err = w.SignInPIN(ctx, here, "ada@example.com", oldPIN)
				wantKind(t, err, fault.Unauthenticated)
				_, err = w.ResetPassword(ctx, here, oldLink.Query().Get("token"), "correct horse")
				wantField(t, err, "Token")
				if m := w.letters("ada@example.com")[0]; m.Subject != "Your password was changed" || !strings.Contains(m.Text, "192.0.2.1") {
					t.Fatalf("%+v", m)
				}
				list, err := w.Sessions(ctx, ada)
				if err != nil || len(list) != 1 {
					t.Fatalf("%d sessions %v", len(list), err)
				}
			})
		}
	})
}

// A sign-in with the old password that runs beside the change leaves no session.
func TestNoSessionOfTheOldPasswordSurvivesItsChange(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		for round := range 5 {
			email := string(rune('a'+round)) + "@example.com"
			ada := signUp(t, w.Accounts, email)
			parallel(4, func(i int) {
				if i == 0 {
					if err := w.ChangePassword(ctx, ada, "correct horse", "battery staple"); err != nil {
						t.Error(err)
					}
					return
				}
				if _, err := w.SignInPassword(ctx, at("192.0.2.1"), email, "correct horse"); err != nil && fault.KindOf(err) != fault.Unauthenticated {
					t.Error(err)
				}
			})
			if list, err := w.Sessions(ctx, ada); err != nil || len(list) != 0 {
				t.Fatalf("%d sessions %v", len(list), err)
			}
		}
	})
}

// withTOTP sets up an authenticator app and returns its secret and the recovery codes.
func (w *town) withTOTP(c *account.Caller) (secret string, recovery []string) {
	w.t.Helper()
	setup, err := w.BeginTOTP(context.Background(), c)
	w.must(err)
	recovery, err = w.ConfirmTOTP(context.Background(), c, w.code(setup.Secret, 0))
	w.must(err)
	return setup.Secret, recovery
}

func (w *town) code(secret string, from time.Duration) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, time.Now().Add(from))
	w.must(err)
	return code
}

func TestASecondFactorIsAskedForAndItsCodesWorkOnce(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		ada := signUp(t, w.Accounts, "ada@example.com")
		secret, recovery := w.withTOTP(ada)
		if len(recovery) != 10 {
			t.Fatal(recovery)
		}
		pend := func() account.SignedIn {
			in, err := w.SignInPassword(ctx, here, "ada@example.com", "correct horse")
			if err != nil || in.Token != "" || in.Pending == "" {
				t.Fatalf("%+v %v", in, err)
			}
			return in
		}
		p := pend()
		var code string
		for round := range 20 {
			if round > 0 {
				exec(t, w.db, `update account_totp set last_step = last_step - 2`) // as if the code had not been used
			}
			code = w.code(secret, 30*time.Second) // the one before was used to confirm
			nodes := []*account.Accounts{w.node(), w.node()}
			var won atomic.Int32
			parallel(8, func(i int) {
				in, err := nodes[i%2].SecondFactor(ctx, here, p.Pending, code)
				if err == nil {
					won.Add(1)
					if !slices.Equal(in.Session.Methods, []string{"pwd", "otp", "mfa"}) {
						t.Error(in.Session.Methods)
					}
				} else if fault.KindOf(err) != fault.Unauthenticated {
					t.Error(err)
				}
			})
			if won.Load() != 1 {
				t.Fatalf("%d sign-ins by one code", won.Load())
			}
		}
		for _, used := range []string{code, w.code(secret, 0)} {
			_, err := w.SecondFactor(ctx, at("192.0.2.77"), pend().Pending, used)
			wantKind(t, err, fault.Unauthenticated)
		}
		_, err := w.BeginTOTP(ctx, ada)
		wantKind(t, err, fault.Conflict)
		f, err := w.Factors(ctx, ada)
		if err != nil || !f.TOTP || !f.Password || f.RecoveryCodes != 10 || f.Passkeys != 0 {
			t.Fatalf("%+v %v", f, err)
		}
	})
}

func TestARecoveryCodeHasOneWinnerOfTwenty(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		ada := signUp(t, w.Accounts, "ada@example.com")
		_, recovery := w.withTOTP(ada)
		p, err := w.SignInPassword(ctx, here, "ada@example.com", "correct horse")
		w.must(err)
		nodes := make([]*account.Accounts, 20) // each counts failures by itself, so that nobody waits
		for i := range nodes {
			nodes[i] = w.node()
		}
		var won, refused atomic.Int32
		parallel(20, func(i int) {
			_, err := nodes[i].SecondFactor(ctx, here, p.Pending, strings.ToUpper(recovery[3]))
			switch {
			case err == nil:
				won.Add(1)
			case fault.KindOf(err) == fault.Unauthenticated:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		if won.Load() != 1 || refused.Load() != 19 {
			t.Fatalf("%d won, %d refused", won.Load(), refused.Load())
		}
		more, err := w.NewRecoveryCodes(ctx, ada)
		w.must(err)
		_, err = w.SecondFactor(ctx, here, p.Pending, recovery[0])
		wantKind(t, err, fault.Unauthenticated)
		if _, err := w.SecondFactor(ctx, here, p.Pending, more[0]); err != nil {
			t.Fatal(err)
		}
		w.must(w.RemoveTOTP(ctx, ada))
		signIn(t, w.Accounts, here, "ada@example.com")
	})
}

func TestAPendingSignInIsBoundToItsPasswordAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, dbtest.SQLite(t))
		ctx := context.Background()
		ada := signUp(t, w.Accounts, "ada@example.com")
		secret, recovery := w.withTOTP(ada)
		p, err := w.SignInPassword(ctx, here, "ada@example.com", "correct horse")
		w.must(err)
		w.must(w.ChangePassword(ctx, ada, "correct horse", "battery staple"))
		_, err = w.SecondFactor(ctx, here, p.Pending, recovery[0])
		wantKind(t, err, fault.Unauthenticated)
		p, err = w.SignInPassword(ctx, here, "ada@example.com", "battery staple")
		w.must(err)
		time.Sleep(10*time.Minute + time.Second)
		_, err = w.SecondFactor(ctx, here, p.Pending, w.code(secret, 0))
		wantKind(t, err, fault.Gone)
		for _, forged := range []string{"", "x", p.Pending[:len(p.Pending)-2], p.Pending + "AA"} {
			_, err = w.SecondFactor(ctx, here, forged, w.code(secret, 0))
			wantKind(t, err, fault.Gone)
		}
	})
}

func TestCodesWaitButNotWhereThePersonSignedInBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, dbtest.SQLite(t))
		ctx := context.Background()
		ada := signUp(t, w.Accounts, "ada@example.com")
		signIn(t, w.Accounts, here, "ada@example.com")
		secret, _ := w.withTOTP(ada)
		p, err := w.SignInPassword(ctx, at("198.51.100.1"), "ada@example.com", "correct horse")
		w.must(err)
		waited := false
		for i := range 30 {
			_, err := w.SecondFactor(ctx, at(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String()), p.Pending, "000000")
			waited = waited || fault.KindOf(err) == fault.TooMany
		}
		if !waited {
			t.Fatal("codes can be guessed at will")
		}
		time.Sleep(30 * time.Second) // the next code
		if _, err := w.SecondFactor(ctx, here, p.Pending, w.code(secret, 0)); err != nil {
			t.Fatalf("the owner is locked out: %v", err)
		}
	})
}

func TestWhatChangesSignInWantsThePersonAndARecentSignIn(t *testing.T) {
	w := newTown(t, dbtest.SQLite(t))
	ctx := context.Background()
	ada := signUp(t, w.Accounts, "ada@example.com")
	stale := *ada
	stale.Authenticated = time.Now().Add(-time.Hour)
	delegated := *ada
	delegated.OAuthApp = "1"
	app := account.Caller{Kind: account.App, Account: ada.Account}
	for name, c := range map[string]*account.Caller{"stale": &stale, "delegated": &delegated, "app": &app, "nobody": {}} {
		_, err := w.BeginTOTP(ctx, c)
		wantKind(t, err, fault.Forbidden)
		_, err = w.ConfirmTOTP(ctx, c, "000000")
		wantKind(t, err, fault.Forbidden)
		wantKind(t, w.RemoveTOTP(ctx, c), fault.Forbidden)
		_, err = w.NewRecoveryCodes(ctx, c)
		wantKind(t, err, fault.Forbidden)
		if name != "stale" {
			wantKind(t, w.ChangePassword(ctx, c, "correct horse", "battery staple"), fault.Forbidden)
			_, err = w.Factors(ctx, c)
			wantKind(t, err, fault.Forbidden)
		}
	}
	for name, c := range map[string]*account.Caller{"app": &app, "nobody": {}} {
		if err := w.UpdateProfile(ctx, c, account.ProfileChange{}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAProfileChangesByItsOwner(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		ada := signUp(t, w.Accounts, "ada@example.com")
		p := func(s string) *string { return &s }
		yes := true
		w.must(w.UpdateProfile(ctx, ada, account.ProfileChange{Name: p(" Ada  Lovelace "), Language: p("EN-gb"), TimeZone: p("Europe/London"), Phone: p("+44 20 7946 0000"), LocalTimes: &yes}))
		w.must(w.UpdateProfile(ctx, ada, account.ProfileChange{Phone: p("")}))
		got, err := w.Profile(ctx, ada.Account)
		if err != nil || got.Name != "Ada Lovelace" || got.Language != "en-GB" || got.TimeZone != "Europe/London" || got.Phone != "" || !got.LocalTimes || !got.Verified || got.Updated.Before(got.Created) {
			t.Fatalf("%+v %v", got, err)
		}
		for field, c := range map[string]account.ProfileChange{
			"Name": {Name: p("")}, "Language": {Language: p("not a language")}, "TimeZoneInfoId": {TimeZone: p("Mars/Olympus")}, "Phone": {Phone: p("call me")},
		} {
			wantField(t, w.UpdateProfile(ctx, ada, c), field)
		}
		_, err = w.Profile(ctx, 1<<30)
		wantKind(t, err, fault.NotFound)
	})
}

func TestMailIsNotSentWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, dbtest.SQLite(t))
		ctx := context.Background()
		signUp(t, w.Accounts, "ada@example.com")
		signIn(t, w.Accounts, here, "ada@example.com")
		for _, email := range []string{"ada@example.com", "nobody@example.com"} {
			sent := 0
			for i := range 40 {
				if err := w.RequestPIN(ctx, at(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}).String()), email); err == nil {
					sent++
				} else if fault.KindOf(err) != fault.TooMany {
					t.Fatal(err)
				}
			}
			if sent != 11 {
				t.Fatalf("%s: %d PINs were mailed", email, sent)
			}
		}
		w.must(w.RequestPIN(ctx, here, "ada@example.com")) // the owner, where she signed in before
	})
}

func TestWhatExpiredIsSwept(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		signUp(t, w.Accounts, "ada@example.com")
		kept := signIn(t, w.Accounts, here, "ada@example.com")
		signIn(t, w.Accounts, here, "ada@example.com")
		w.must(w.RequestPIN(ctx, here, "ada@example.com"))
		w.must(w.RequestReset(ctx, here, "ada@example.com"))
		exec(t, w.db, `update sessions set ends_at = 1 where session_key <> $1`, kept.Session.Key)
		exec(t, w.db, `update account_pins set expires_at = 1`)
		exec(t, w.db, `update account_resets set expires_at = 1`)
		exec(t, w.db, `update account_sites set seen_at = 1`)
		for want := range map[int]bool{4: true} {
			if n, err := w.SweepOnce(ctx); err != nil || n != want {
				t.Fatal(n, err)
			}
		}
		if n, err := w.SweepOnce(ctx); err != nil || n != 0 {
			t.Fatal(n, err)
		}
		if _, err := w.Session(ctx, kept.Token); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzNormaliseEmail(f *testing.F) {
	for _, s := range []string{"", "ada@example.com", " ADA@Example.COM ", "a@b", "\"a b\"@example.com", "a@[127.0.0.1]", "ada@example.com\r\nBcc: x@example.com", "a,b@example.com", "ä@example.com", "a@example.com<b@example.com>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := account.NormaliseEmail(s)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		if again, err := account.NormaliseEmail(got); err != nil || again != got {
			t.Fatalf("%q is not in its own normal form: %q %v", got, again, err)
		}
		if strings.ContainsAny(got, "\r\n\x00") || strings.Count(got, "@") == 0 || len(got) > 254 {
			t.Fatalf("%q was taken", got)
		}
	})
}

// Codes that are sent all at once are counted before they are looked at: most of them are not.
func TestManyCodesAtOnceAreCountedFirst(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		ada := signUp(t, w.Accounts, "ada@example.com")
		w.withTOTP(ada)
		p, err := w.SignInPassword(ctx, here, "ada@example.com", "correct horse")
		w.must(err)
		node := w.node()
		var looked atomic.Int32
		parallel(200, func(i int) {
			guesser := account.Visitor{Address: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})}
			_, err := node.SecondFactor(ctx, guesser, p.Pending, "no-such-code")
			switch fault.KindOf(err) {
			case fault.Unauthenticated:
				looked.Add(1)
			case fault.TooMany:
			default:
				t.Error(err)
			}
		})
		if n := looked.Load(); n < 5 || n > 50 {
			t.Fatalf("%d of 200 codes were looked at", n)
		}
	})
}
