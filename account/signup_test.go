package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
)

// parallel runs fn n times at once and waits for all.
func parallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; fn(i) })
	}
	close(start)
	wg.Wait()
}

func TestModeFirstHasOneWinner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := account.New(d, event.NewLog(d), account.Config{Hashing: cheap})
		var won, refused atomic.Int32
		parallel(32, func(i int) {
			_, err := a.SignUp(context.Background(), &account.Caller{}, account.NewAccount{
				Email: string(rune('a'+i%26)) + strings.Repeat("x", i) + "@example.com", Password: "correct horse",
			})
			switch {
			case err == nil:
				won.Add(1)
			case fault.KindOf(err) == fault.Forbidden:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		if won.Load() != 1 || refused.Load() != 31 {
			t.Fatalf("%d accounts made, %d refused", won.Load(), refused.Load())
		}
		if _, err := a.SignUp(context.Background(), system, account.NewAccount{Email: "second@example.com", Password: "correct horse"}); err != nil {
			t.Fatalf("System is bound by the mode: %v", err)
		}
	})
}

func TestModeInviteRefusesEverybodyButSystem(t *testing.T) {
	d := dbtest.SQLite(t)
	a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpInvite, Hashing: cheap})
	n := account.NewAccount{Email: "a@example.com", Password: "correct horse"}
	if _, err := a.SignUp(context.Background(), &account.Caller{}, n); fault.KindOf(err) != fault.Forbidden {
		t.Fatal(err)
	}
	if _, err := a.SignUp(context.Background(), system, n); err != nil {
		t.Fatal(err)
	}
	if _, err := account.ParseSignUpMode("frist"); err == nil {
		t.Fatal("an unknown mode was taken")
	}
}

func TestOneAccountPerAddress(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		spellings := []string{"ada@example.com", "ADA@example.com", " Ada@Example.COM\n", "ada@EXAMPLE.com"}
		var won, conflict atomic.Int32
		parallel(32, func(i int) {
			_, err := a.SignUp(context.Background(), &account.Caller{}, account.NewAccount{Email: spellings[i%4], Password: "correct horse"})
			switch {
			case err == nil:
				won.Add(1)
			case fault.KindOf(err) == fault.Conflict:
				conflict.Add(1)
			default:
				t.Error(err)
			}
		})
		if won.Load() != 1 || conflict.Load() != 31 {
			t.Fatalf("%d accounts made, %d conflicts", won.Load(), conflict.Load())
		}
	})
}

func TestSignUpNamesTheWrongField(t *testing.T) {
	d := dbtest.SQLite(t)
	a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
	for _, c := range []struct{ email, password, name, field string }{
		{"", "correct horse", "", "Email"},
		{"ada", "correct horse", "", "Email"},
		{"ada@localhost", "correct horse", "", "Email"},
		{"Ada <ada@example.com>", "correct horse", "", "Email"},
		{"ada@example.com, eve@example.com", "correct horse", "", "Email"},
		{strings.Repeat("a", 250) + "@example.com", "correct horse", "", "Email"},
		{"ada@example.com", "1234567", "", "Password"},
		{"ada@example.com", strings.Repeat("p", 1025), "", "Password"},
		{"ada@example.com", "correct horse", strings.Repeat("n", 101), "Name"},
		{"ada@example.com", "correct horse", "A\x00da", "Name"},
		{"ada@example.com", "correct horse", "A\xffda", "Name"},
		{"a\x00da@example.com", "correct horse", "", "Email"},
	} {
		_, err := a.SignUp(context.Background(), &account.Caller{}, account.NewAccount{Email: c.email, Password: c.password, Name: c.name})
		wantField(t, err, c.field)
	}
	if _, err := a.SignUp(context.Background(), &account.Caller{}, account.NewAccount{Email: "ada@example.com", Password: "correct horse"}); err != nil {
		t.Fatalf("a refused sign-up left something behind: %v", err)
	}
}

// wantField fails unless err is an Invalid fault that names the field first.
func wantField(t *testing.T, err error, field string) {
	t.Helper()
	f := (*fault.Error)(nil)
	if !errors.As(err, &f) || f.Kind != fault.Invalid || len(f.Fields) == 0 || f.Fields[0].Name != field {
		t.Errorf("got %v, want a fault of the field %s", err, field)
	}
}

func TestPasswordRefusalsLookAlike(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada := signUp(t, a, "ada@example.com")
		gone := signUp(t, a, "gone@example.com")
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update accounts set disabled = true where id = $1`, gone.Account)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if id, err := a.VerifyPassword(ctx, "ADA@example.com", "correct horse"); err != nil || id != ada.Account {
			t.Fatal(id, err)
		}
		texts := map[string]bool{}
		for _, try := range [][2]string{{"ada@example.com", "wrong"}, {"nobody@example.com", "correct horse"}, {"gone@example.com", "correct horse"}, {"no address", "x"}, {"", ""}} {
			id, err := a.VerifyPassword(ctx, try[0], try[1])
			if id != 0 || fault.KindOf(err) != fault.Unauthenticated {
				t.Fatalf("%q: %d %v", try, id, err)
			}
			texts[err.Error()] = true
		}
		if len(texts) != 1 {
			t.Fatalf("refusals differ: %v", texts)
		}
		if _, err := a.PersonCaller(ctx, gone.Account); fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("a disabled person is a caller: %v", err)
		}
	})
}
