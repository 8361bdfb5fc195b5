package account_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
)

// at is a visitor from an address.
func at(address string) account.Visitor {
	return account.Visitor{Address: netip.MustParseAddr(address), Agent: "test"}
}

var here = at("192.0.2.1")

// signIn signs a person in by the password of signUp.
func signIn(t *testing.T, a *account.Accounts, v account.Visitor, email string) account.SignedIn {
	t.Helper()
	in, err := a.SignInPassword(context.Background(), v, email, "correct horse")
	if err != nil || in.Token == "" || in.Pending != "" {
		t.Fatalf("%+v %v", in, err)
	}
	return in
}

// wantKind fails unless err is a fault of the kind.
func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Helper()
		t.Fatalf("got %v, want a fault of kind %d", err, kind)
	}
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestASessionStandsForThePersonWhoSignedIn(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada := signUp(t, a, "ada@example.com")
		in := signIn(t, a, here, " ADA@example.com")
		if len(in.Token) < 43+len("cmd_ss_") || !slices.Equal(in.Session.Methods, []string{"pwd"}) {
			t.Fatalf("%+v", in)
		}
		s, err := a.Session(ctx, in.Token)
		if err != nil || s.Key != in.Session.Key || s.Account != ada.Account || !s.Authenticated.Equal(in.Session.Authenticated) ||
			s.Address != "192.0.2.1" || s.Agent != "test" || s.Expires.Sub(s.Created) != 14*24*time.Hour {
			t.Fatalf("%+v %v", s, err)
		}
		c, err := a.SessionCaller(ctx, s)
		if err != nil || c.Kind != account.Person || c.Account != ada.Account || c.SessionKey != s.Key || c.RequireRecent() != nil {
			t.Fatalf("%+v %v", c, err)
		}
		for _, token := range []string{"", "x", in.Token[:len(in.Token)-1], in.Token + "x", "cmd_ss_" + strings.Repeat("A", 43), in.Session.Key} {
			_, err := a.Session(ctx, token)
			wantKind(t, err, fault.Unauthenticated)
		}
	})
}

func TestSignInAlwaysMakesANewSessionAndEndsTheVisitorsOld(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		signUp(t, a, "ada@example.com")
		signUp(t, a, "eve@example.com")
		planted := signIn(t, a, here, "eve@example.com")
		v := here
		v.Session = planted.Token // fixation: the victim's browser carries the attacker's cookie
		in := signIn(t, a, v, "ada@example.com")
		if in.Token == planted.Token || in.Session.Key == planted.Session.Key {
			t.Fatal("the session was taken over")
		}
		_, err := a.Session(ctx, planted.Token)
		wantKind(t, err, fault.Unauthenticated)
		if _, err := a.Session(ctx, in.Token); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSignOutCountsAtOnceHereAndSoonElsewhere(t *testing.T) {
	// Time is virtual here, so on SQLite; PostgreSQL differs in nothing that this looks at.
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		node := func() *account.Accounts {
			return account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		}
		a, other := node(), node()
		ctx := context.Background()
		signUp(t, a, "ada@example.com")
		in := signIn(t, a, here, "ada@example.com")
		for _, n := range []*account.Accounts{a, other} {
			if _, err := n.Session(ctx, in.Token); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.SignOut(ctx, in.Token); err != nil {
			t.Fatal(err)
		}
		_, err := a.Session(ctx, in.Token)
		wantKind(t, err, fault.Unauthenticated)
		time.Sleep(1501 * time.Millisecond)
		_, err = other.Session(ctx, in.Token)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestSessionsEndIdleAndOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		ctx := context.Background()
		signUp(t, a, "ada@example.com")
		idle, used := signIn(t, a, here, "ada@example.com"), signIn(t, a, here, "ada@example.com")
		began := time.Now()
		for time.Since(began) < 14*24*time.Hour-11*time.Hour {
			time.Sleep(11 * time.Hour)
			if _, err := a.Session(ctx, used.Token); err != nil {
				t.Fatalf("after %s: %v", time.Since(began), err)
			}
		}
		_, err := a.Session(ctx, idle.Token)
		wantKind(t, err, fault.Unauthenticated)
		time.Sleep(11 * time.Hour)
		_, err = a.Session(ctx, used.Token)
		wantKind(t, err, fault.Unauthenticated)
		c, err := a.SessionCaller(ctx, used.Session)
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, c.RequireRecent(), fault.Forbidden)
	})
}

func TestADisabledPersonsSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		ctx := context.Background()
		ada := signUp(t, a, "ada@example.com")
		in := signIn(t, a, here, "ada@example.com")
		if _, err := a.Session(ctx, in.Token); err != nil {
			t.Fatal(err)
		}
		exec(t, d, `update accounts set disabled = true where id = $1`, ada.Account)
		time.Sleep(1501 * time.Millisecond)
		_, err := a.Session(ctx, in.Token)
		wantKind(t, err, fault.Unauthenticated)
		_, err = a.SessionCaller(ctx, in.Session)
		wantKind(t, err, fault.Unauthenticated)
	})
}

func TestPeopleListAndEndTheirOwnSessionsOnly(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada, eve := signUp(t, a, "ada@example.com"), signUp(t, a, "eve@example.com")
		one, two, three := signIn(t, a, here, "ada@example.com"), signIn(t, a, here, "ada@example.com"), signIn(t, a, here, "ada@example.com")
		hers := signIn(t, a, here, "eve@example.com")
		list, err := a.Sessions(ctx, ada)
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v %v", list, err)
		}
		wantKind(t, a.EndSession(ctx, eve, one.Session.Key), fault.NotFound)
		if err := a.EndSession(ctx, ada, one.Session.Key); err != nil {
			t.Fatal(err)
		}
		_, err = a.Session(ctx, one.Token)
		wantKind(t, err, fault.Unauthenticated)
		wantKind(t, a.EndSession(ctx, ada, one.Session.Key), fault.NotFound)
		if err := a.EndOtherSessions(ctx, ada, two.Session.Key); err != nil {
			t.Fatal(err)
		}
		_, err = a.Session(ctx, three.Token)
		wantKind(t, err, fault.Unauthenticated)
		for _, token := range []string{two.Token, hers.Token} {
			if _, err := a.Session(ctx, token); err != nil {
				t.Fatal(err)
			}
		}
		for _, app := range []*account.Caller{{Kind: account.App, Account: ada.Account}, {Kind: account.Person, Account: ada.Account, OAuthApp: "1"}} {
			_, err := a.Sessions(ctx, app)
			wantKind(t, err, fault.Forbidden)
			wantKind(t, a.EndSession(ctx, app, two.Session.Key), fault.Forbidden)
			wantKind(t, a.EndOtherSessions(ctx, app, ""), fault.Forbidden)
		}
	})
}

func TestRequireRecentLooksAtSessionsOnly(t *testing.T) {
	for name, c := range map[string]struct {
		since time.Duration
		ok    bool
	}{"now": {0, true}, "nine minutes": {9 * time.Minute, true}, "eleven minutes": {11 * time.Minute, false}} {
		caller := account.Caller{Kind: account.Person, Authenticated: time.Now().Add(-c.since)}
		if err := caller.RequireRecent(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []account.Caller{{Kind: account.System}, {Kind: account.App}, {Kind: account.Person, OAuthApp: "1"}} {
		if err := c.RequireRecent(); err != nil {
			t.Error(err)
		}
	}
}

func TestGuessingIsDelayedButNotWhereThePersonSignedInBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		ctx := context.Background()
		signUp(t, a, "ada@example.com")
		home := at("2001:db8::1")
		signIn(t, a, home, "ada@example.com")
		waits := func(v account.Visitor, email, password string) bool {
			_, err := a.SignInPassword(ctx, v, email, password)
			return fault.KindOf(err) == fault.TooMany
		}
		for _, email := range []string{"ada@example.com", "nobody@example.com"} {
			for i := range 21 { // one guess each from many addresses
				if waits(at(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String()), email, "guess") {
					t.Fatalf("%s: guess %d waits", email, i)
				}
			}
			if !waits(at("198.51.100.7"), email, "correct horse") {
				t.Fatalf("%s: a guesser with many addresses is not slowed down", email)
			}
		}
		signIn(t, a, at("2001:db8::2"), "ada@example.com") // home, by the network
		time.Sleep(31 * time.Second)
		signIn(t, a, at("198.51.100.7"), "ada@example.com") // anywhere, half a minute later at the latest

		for range 6 {
			if waits(home, "ada@example.com", "guess") {
				t.Fatal("a free try waits")
			}
		}
		if !waits(home, "ada@example.com", "correct horse") {
			t.Fatal("a guesser at a known site is not slowed down")
		}
	})
}

func TestParallelSignInAndSignOutLeaveNoSessionOfTheOldCookie(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		signUp(t, a, "ada@example.com")
		old := signIn(t, a, here, "ada@example.com")
		var alive atomic.Int32
		parallel(16, func(i int) {
			v := here
			v.Session = old.Token
			if i%4 == 0 {
				if err := a.SignOut(ctx, old.Token); err != nil {
					t.Error(err)
				}
				return
			}
			if in, err := a.SignInPassword(ctx, v, "ada@example.com", "correct horse"); err != nil {
				t.Error(err)
			} else if _, err := a.Session(ctx, in.Token); err == nil {
				alive.Add(1)
			}
		})
		if alive.Load() != 12 {
			t.Fatalf("%d of 12 new sessions live", alive.Load())
		}
		_, err := a.Session(ctx, old.Token)
		wantKind(t, err, fault.Unauthenticated)
	})
}

// Behind one address there may be many people, and one of them a guesser.
func TestAGuesserBehindTheSameAddressDelaysNobodyWhoIsSignedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		ctx := context.Background()
		signUp(t, a, "ada@example.com")
		signUp(t, a, "eve@example.com")
		mine, hers := here, here
		mine.Session = signIn(t, a, here, "ada@example.com").Token
		hers.Session = signIn(t, a, here, "eve@example.com").Token
		for range 7 {
			_, _ = a.SignInPassword(ctx, here, "ada@example.com", "guess")
		}
		for name, v := range map[string]account.Visitor{"no session": here, "another person's": hers, "a made-up one": {Address: here.Address, Session: "cmd_ss_x"}} {
			_, err := a.SignInPassword(ctx, v, "ada@example.com", "correct horse")
			if fault.KindOf(err) != fault.TooMany {
				t.Errorf("%s: %v", name, err)
			}
		}
		again := signIn(t, a, mine, "ada@example.com")
		mine.Session = again.Token
		waited := false
		for range 20 { // whoever sits at her browser cannot guess at will either
			_, err := a.SignInPassword(ctx, mine, "ada@example.com", "guess")
			waited = waited || fault.KindOf(err) == fault.TooMany
		}
		if !waited {
			t.Error("a signed-in browser guesses at will")
		}
	})
}
