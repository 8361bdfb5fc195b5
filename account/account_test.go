package account_test

import (
	"context"
	"testing"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var (
	system = &account.Caller{Kind: account.System}
	cheap  = account.Hashing{Memory: 8, Passes: 1, Lanes: 1}
)

// each runs fn on a fresh installation of each engine with open sign-up.
func each(t *testing.T, fn func(t *testing.T, d *db.DB, a *account.Accounts)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fn(t, d, account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap}))
	})
}

// signUp makes an account and returns it as a caller.
func signUp(t *testing.T, a *account.Accounts, email string) *account.Caller {
	t.Helper()
	ctx := context.Background()
	id, err := a.SignUp(ctx, system, account.NewAccount{Email: email, Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	return person(t, a, id)
}

func person(t *testing.T, a *account.Accounts, id int) *account.Caller {
	t.Helper()
	c, err := a.PersonCaller(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCreatorOwnsTheBrand(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada := signUp(t, a, "Ada@Example.com ")
		b, err := a.CreateBrand(ctx, ada, account.NewBrand{Name: " Bella  Napoli "})
		if err != nil {
			t.Fatal(err)
		}
		if b.AppID != "bella-napoli" || b.Name != "Bella Napoli" || b.CountryID != "IE" {
			t.Fatalf("%+v", b)
		}
		ada = person(t, a, ada.Account)
		if _, err := a.Open(ctx, ada, "BELLA-napoli", account.EditApp); err != nil {
			t.Fatal(err)
		}
		eve := signUp(t, a, "eve@example.com")
		_, foreign := a.Open(ctx, eve, "bella-napoli", account.ReadApp)
		_, unknown := a.Open(ctx, eve, "nothing-here", account.ReadApp)
		if fault.KindOf(foreign) != fault.Forbidden || unknown == nil || foreign.Error() != unknown.Error() {
			t.Fatalf("a foreign brand gives %v, an unknown one %v", foreign, unknown)
		}
		got, err := a.BrandByAppID(ctx, "Bella-Napoli")
		if err != nil || got.ID != b.ID || len(got.Settings.Languages) != 1 {
			t.Fatalf("%+v %v", got, err)
		}
		for _, id := range []string{"nothing-here", "", "bella-napoli\x00", "bella napoli", "\xff", "ΒELLA"} {
			if _, err := a.BrandByAppID(ctx, id); fault.KindOf(err) != fault.NotFound {
				t.Fatalf("%q: %v", id, err)
			}
		}
	})
}
