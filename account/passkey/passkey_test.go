package passkey

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	authenticator "github.com/descope/virtualwebauthn"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/seal"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const public = "https://comanda.test:8443"

var (
	here = account.Visitor{Address: netip.MustParseAddr("192.0.2.1")}
	site = authenticator.RelyingParty{ID: "comanda.test", Name: "Comanda", Origin: public}
)

// desk is an installation and one person.
type desk struct {
	*Passkeys
	t        *testing.T
	accounts *account.Accounts
	ada      *account.Caller
}

func newDesk(t *testing.T, d *db.DB) *desk {
	t.Helper()
	key := seal.NewKey()
	a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: account.Hashing{Memory: 8, Passes: 1, Lanes: 1}, MasterKey: key, PublicURL: public})
	p, err := New(a, key, public)
	if err != nil {
		t.Fatal(err)
	}
	k := &desk{Passkeys: p, t: t, accounts: a}
	k.ada = k.person("ada@example.com")
	return k
}

func each(t *testing.T, fn func(t *testing.T, k *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newDesk(t, d)) })
}

func (k *desk) person(email string) *account.Caller {
	k.t.Helper()
	id, err := k.accounts.SignUp(k.t.Context(), &account.Caller{Kind: account.System}, account.NewAccount{Email: email, Password: "correct horse"})
	if err != nil {
		k.t.Fatal(err)
	}
	c, err := k.accounts.PersonCaller(k.t.Context(), id)
	if err != nil {
		k.t.Fatal(err)
	}
	return c
}

// device is an authenticator with one passkey.
type device struct {
	authenticator.Authenticator
	key authenticator.Credential
}

// newKey makes a key whose coordinates both have 32 bytes: the library leaves out zeros in front, which no authenticator does
// and which is refused.
func newKey() authenticator.Credential {
	const whole = 77 // bytes of a COSE key on P-256
	for {
		if key := authenticator.NewCredential(authenticator.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}

func (k *desk) newDevice(c *account.Caller) *device {
	d := &device{authenticator.NewAuthenticator(), newKey()}
	d.Options.UserHandle = k.accounts.PasskeyUser(c.Account)
	return d
}

// create is the device's answer to BeginRegistration.
func (d *device) create(t *testing.T, options json.RawMessage, at authenticator.RelyingParty) []byte {
	t.Helper()
	o, err := authenticator.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(authenticator.CreateAttestationResponse(at, d.Authenticator, d.key, *o))
}

// get is the device's answer to BeginSignIn.
func (d *device) get(t *testing.T, options json.RawMessage, at authenticator.RelyingParty) []byte {
	t.Helper()
	o, err := authenticator.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(authenticator.CreateAssertionResponse(at, d.Authenticator, d.key, *o))
}

// add adds a passkey of a new device.
func (k *desk) add(c *account.Caller) *device {
	k.t.Helper()
	d := k.newDevice(c)
	options, handle, err := k.BeginRegistration(k.t.Context(), c)
	if err == nil {
		err = k.FinishRegistration(k.t.Context(), c, handle, " My  phone ", d.create(k.t, options, site))
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return d
}

func (k *desk) begin() (json.RawMessage, string) {
	k.t.Helper()
	options, handle, err := k.BeginSignIn(context.Background())
	if err != nil {
		k.t.Fatal(err)
	}
	return options, handle
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Fatalf("got %v, want a fault of kind %d", err, kind)
	}
}

func TestAPasskeySignsInWithoutASecondFactor(t *testing.T) {
	each(t, func(t *testing.T, k *desk) {
		ctx := t.Context()
		d := k.add(k.ada)
		if _, err := k.accounts.BeginTOTP(ctx, k.ada); err != nil {
			t.Fatal(err)
		}
		options, handle := k.begin()
		if strings.Contains(string(options), "ada") || strings.Contains(string(options), "allowCredentials") {
			t.Fatalf("the options tell who has passkeys: %s", options)
		}
		in, err := k.FinishSignIn(ctx, here, handle, d.get(t, options, site))
		if err != nil || in.Token == "" || in.Session.Account != k.ada.Account || !slices.Equal(in.Session.Methods, []string{"pop", "mfa"}) {
			t.Fatalf("%+v %v", in, err)
		}
		list, err := k.accounts.Passkeys(ctx, k.ada)
		if err != nil || len(list) != 1 || list[0].Name != "My phone" || list[0].Used.IsZero() {
			t.Fatalf("%+v %v", list, err)
		}
	})
}

func TestAnAnswerCountsOnceInParallel(t *testing.T) {
	each(t, func(t *testing.T, k *desk) {
		d := k.add(k.ada)
		for range 5 {
			options, handle := k.begin()
			answer := d.get(t, options, site)
			var won, refused atomic.Int32
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range 10 {
				wg.Go(func() {
					<-start
					_, err := k.FinishSignIn(context.Background(), here, handle, answer)
					switch {
					case err == nil:
						won.Add(1)
					case fault.KindOf(err) == fault.Unauthenticated:
						refused.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			close(start)
			wg.Wait()
			if won.Load() != 1 || refused.Load() != 9 {
				t.Fatalf("%d won, %d refused", won.Load(), refused.Load())
			}
		}
	})
}

func TestACopiedAuthenticatorIsRefused(t *testing.T) {
	each(t, func(t *testing.T, k *desk) {
		d := k.add(k.ada)
		signIn := func(count uint32) error {
			d.key.Counter = count
			options, handle := k.begin()
			_, err := k.FinishSignIn(t.Context(), here, handle, d.get(t, options, site))
			return err
		}
		for _, count := range []uint32{0, 0, 5, 6} {
			if err := signIn(count); err != nil {
				t.Fatal(count, err)
			}
		}
		for _, count := range []uint32{6, 3, 0} {
			wantKind(t, signIn(count), fault.Unauthenticated)
		}
		if err := signIn(7); err != nil {
			t.Fatal(err)
		}
		for count := uint32(8); count < 18; count++ { // the authenticator and its copy at the same moment
			d.key.Counter = count
			var won atomic.Int32
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range 6 {
				options, handle := k.begin()
				answer := d.get(t, options, site)
				wg.Go(func() {
					<-start
					if _, err := k.FinishSignIn(context.Background(), here, handle, answer); err == nil {
						won.Add(1)
					}
				})
			}
			close(start)
			wg.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d sign-ins with one count", won.Load())
			}
		}
	})
}

func TestEveryWrongAnswerLooksAlike(t *testing.T) {
	k := newDesk(t, dbtest.SQLite(t))
	ctx := t.Context()
	d := k.add(k.ada)
	eve := k.person("eve@example.com")
	stranger := k.newDevice(eve) // not added
	impostor := k.add(eve)
	impostor.Options.UserHandle = k.accounts.PasskeyUser(k.ada.Account)
	unverified := *d
	unverified.Options.UserNotVerified = true
	forged := *d
	forged.key.Key = newKey().Key
	texts := map[string]bool{}
	for name, answer := range map[string]func(options json.RawMessage) []byte{
		"unknown passkey":  func(o json.RawMessage) []byte { return stranger.get(t, o, site) },
		"another person's": func(o json.RawMessage) []byte { return impostor.get(t, o, site) },
		"not verified":     func(o json.RawMessage) []byte { return unverified.get(t, o, site) },
		"another key":      func(o json.RawMessage) []byte { return forged.get(t, o, site) },
		"another origin": func(o json.RawMessage) []byte {
			return d.get(t, o, authenticator.RelyingParty{ID: site.ID, Origin: "https://evil.test"})
		},
		"another port": func(o json.RawMessage) []byte {
			return d.get(t, o, authenticator.RelyingParty{ID: site.ID, Origin: "https://comanda.test"})
		},
		"another site": func(o json.RawMessage) []byte {
			return d.get(t, o, authenticator.RelyingParty{ID: "evil.test", Origin: public})
		},
		"an answer to something": func(json.RawMessage) []byte { o, _ := k.begin(); return d.get(t, o, site) },
		"nothing":                func(json.RawMessage) []byte { return nil },
		"no JSON":                func(json.RawMessage) []byte { return []byte("{") },
		"too long":               func(json.RawMessage) []byte { return make([]byte, maxAnswer+1) },
	} {
		options, handle := k.begin()
		in, err := k.FinishSignIn(ctx, here, handle, answer(options))
		if fault.KindOf(err) != fault.Unauthenticated || in.Token != "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		texts[err.Error()] = true
	}
	if len(texts) != 1 {
		t.Errorf("the refusals differ: %v", texts)
	}
	list, err := k.accounts.Passkeys(ctx, k.ada)
	if err != nil || !list[0].Used.IsZero() {
		t.Fatal("a refused answer was noted as a use")
	}
}

func TestHandlesAreOfOneKindOnePersonAndFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newDesk(t, dbtest.SQLite(t))
		ctx := t.Context()
		d := k.add(k.ada)
		eve := k.person("eve@example.com")
		options, adding, err := k.BeginRegistration(ctx, k.ada)
		if err != nil {
			t.Fatal(err)
		}
		more := k.newDevice(k.ada)
		wantKind(t, k.FinishRegistration(ctx, eve, adding, "", more.create(t, options, site)), fault.Gone)
		signOptions, signing := k.begin()
		wantKind(t, k.FinishRegistration(ctx, k.ada, signing, "", more.create(t, options, site)), fault.Gone)
		_, err = k.FinishSignIn(ctx, here, adding, d.get(t, signOptions, site))
		wantKind(t, err, fault.Gone)
		for _, forged := range []string{"", "x", signing[:len(signing)-4], signing + "AAAA"} {
			_, err = k.FinishSignIn(ctx, here, forged, d.get(t, signOptions, site))
			wantKind(t, err, fault.Gone)
		}
		time.Sleep(life)
		_, err = k.FinishSignIn(ctx, here, signing, d.get(t, signOptions, site))
		wantKind(t, err, fault.Gone)
		wantKind(t, k.FinishRegistration(ctx, k.ada, adding, "", more.create(t, options, site)), fault.Gone)
	})
}

func TestAddingRefusesWhatIsNotTheAnswer(t *testing.T) {
	k := newDesk(t, dbtest.SQLite(t))
	ctx := t.Context()
	d := k.add(k.ada)
	unverified := k.newDevice(k.ada)
	unverified.Options.UserNotVerified = true
	for name, answer := range map[string]func(json.RawMessage) []byte{
		"another origin": func(o json.RawMessage) []byte {
			return k.newDevice(k.ada).create(t, o, authenticator.RelyingParty{ID: site.ID, Origin: "https://evil.test"})
		},
		"not verified": func(o json.RawMessage) []byte { return unverified.create(t, o, site) },
		"no JSON":      func(json.RawMessage) []byte { return []byte("null") },
		"nothing":      func(json.RawMessage) []byte { return nil },
	} {
		options, handle, err := k.BeginRegistration(ctx, k.ada)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.FinishRegistration(ctx, k.ada, handle, "", answer(options)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	options, handle, err := k.BeginRegistration(ctx, k.ada)
	if err != nil || !strings.Contains(string(options), "excludeCredentials") {
		t.Fatalf("a device is not told that it has a passkey already: %s %v", options, err)
	}
	wantKind(t, k.FinishRegistration(ctx, k.ada, handle, "", d.create(t, options, site)), fault.Conflict)

	stale := *k.ada
	stale.Authenticated = time.Now().Add(-time.Hour)
	delegated := *k.ada
	delegated.OAuthApp = "1"
	for _, c := range []*account.Caller{&stale, &delegated, {Kind: account.App, Account: k.ada.Account}} {
		_, _, err := k.BeginRegistration(ctx, c)
		wantKind(t, err, fault.Forbidden)
	}
	_, adding, err := k.BeginRegistration(ctx, k.ada)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, k.FinishRegistration(ctx, &stale, adding, "", k.newDevice(k.ada).create(t, options, site)), fault.Invalid)
}

func TestPasskeysAreRenamedAndRemovedByTheirOwner(t *testing.T) {
	each(t, func(t *testing.T, k *desk) {
		ctx := t.Context()
		d := k.add(k.ada)
		eve := k.person("eve@example.com")
		list, err := k.accounts.Passkeys(ctx, k.ada)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		key := list[0].Key
		wantKind(t, k.accounts.RenamePasskey(ctx, eve, key, "hers"), fault.NotFound)
		wantKind(t, k.accounts.RemovePasskey(ctx, eve, key), fault.NotFound)
		if err := k.accounts.RenamePasskey(ctx, k.ada, key, "Tablet"); err != nil {
			t.Fatal(err)
		}
		if list, err = k.accounts.Passkeys(ctx, k.ada); err != nil || list[0].Name != "Tablet" {
			t.Fatal(list, err)
		}
		if err := k.accounts.RemovePasskey(ctx, k.ada, key); err != nil {
			t.Fatal(err)
		}
		options, handle := k.begin()
		_, err = k.FinishSignIn(ctx, here, handle, d.get(t, options, site))
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestAnIPAddressHasNoPasskeys(t *testing.T) {
	k := newDesk(t, dbtest.SQLite(t))
	p, err := New(k.accounts, seal.NewKey(), "https://192.0.2.7:8443")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.BeginSignIn(t.Context())
	wantKind(t, err, fault.Conflict)
}

// Whatever a browser answers, it is parsed or refused as a wrong answer.
func FuzzAnswers(f *testing.F) {
	d := device{authenticator.NewAuthenticator(), newKey()}
	d.Options.UserHandle = []byte("ada")
	f.Add([]byte(authenticator.CreateAttestationResponse(site, d.Authenticator, d.key, authenticator.AttestationOptions{Challenge: []byte("challenge")})))
	f.Add([]byte(authenticator.CreateAssertionResponse(site, d.Authenticator, d.key, authenticator.AssertionOptions{Challenge: []byte("challenge")})))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if created, err := parseCreation(answer); err != nil && fault.KindOf(err) != fault.Invalid || err == nil && created == nil {
			t.Fatal(created, err)
		}
		if asserted, err := parseAssertion(answer); err != nil && fault.KindOf(err) != fault.Unauthenticated || err == nil && asserted == nil {
			t.Fatal(asserted, err)
		}
	})
}
