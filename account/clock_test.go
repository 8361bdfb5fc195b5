package account_test

import (
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

func TestTheClockOfASandbox(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ada := signUp(t, a, "ada@example.com")
		b, err := a.CreateBrand(t.Context(), ada, account.NewBrand{Name: "Trial", Sandbox: true})
		if err != nil {
			t.Fatal(err)
		}
		live, err := a.CreateBrand(t.Context(), ada, account.NewBrand{Name: "Live"})
		if err != nil {
			t.Fatal(err)
		}
		ada = person(t, a, ada.Account)
		set := func(appID string, in account.ClockChange) (account.Clock, error) {
			return a.SetClock(t.Context(), ada, appID, in)
		}
		advance := func(seconds int) account.ClockChange { return account.ClockChange{AdvanceSeconds: &seconds} }
		to := func(at time.Time) account.ClockChange { return account.ClockChange{Time: wire.P(wire.At(at))} }

		if _, err := set(b.AppID, to(clock.Now().Add(-time.Hour))); fault.KindOf(err) != fault.Conflict {
			t.Errorf("an hour ago, of a clock that was never moved: %v", err)
		}

		// Advances at the same moment add up.
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				if _, err := set(b.AppID, advance(60)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := a.Clock(t.Context(), ada, b.AppID)
		if err != nil || got.OffsetSeconds != 32*60 {
			t.Fatalf("%+v %v", got, err)
		}
		if ahead := got.Time.Sub(clock.Now()); ahead < 31*time.Minute || ahead > 33*time.Minute {
			t.Errorf("the clock is %v ahead", ahead)
		}

		tomorrow := clock.Now().Add(24 * time.Hour)
		if got, err = set(b.AppID, to(tomorrow)); err != nil || got.Time.Sub(tomorrow).Abs() > time.Minute {
			t.Errorf("%+v %v", got, err)
		}
		if brand, err := a.BrandByAppID(t.Context(), b.AppID); err != nil || brand.Now().Sub(tomorrow).Abs() > time.Minute {
			t.Errorf("the brand's time is %v, %v", brand.Now(), err)
		}
		for name, c := range map[string]struct {
			appID string
			in    account.ClockChange
			want  fault.Kind
		}{
			"back":          {b.AppID, to(clock.Now()), fault.Conflict},
			"long ago":      {b.AppID, to(time.Unix(0, 0)), fault.Conflict},
			"nothing":       {b.AppID, account.ClockChange{}, fault.Invalid},
			"both":          {b.AppID, account.ClockChange{Time: wire.P(wire.At(tomorrow)), AdvanceSeconds: wire.P(1)}, fault.Invalid},
			"no time":       {b.AppID, advance(0), fault.Invalid},
			"back by time":  {b.AppID, advance(-60), fault.Invalid},
			"far":           {b.AppID, to(clock.Now().AddDate(20, 0, 0)), fault.Invalid},
			"far in steps":  {b.AppID, advance(10 * 365 * 24 * 3600), fault.Conflict},
			"a live brand":  {live.AppID, advance(60), fault.Forbidden},
			"another brand": {"elsewhere", advance(60), fault.Forbidden},
		} {
			if _, err := set(c.appID, c.in); fault.KindOf(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after, err := a.Clock(t.Context(), ada, b.AppID); err != nil || after.OffsetSeconds != got.OffsetSeconds {
			t.Errorf("a refused change moved the clock: %+v %v", after, err)
		}
		entries, err := a.AuditLog(t.Context(), ada, b.AppID, account.AuditFilter{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			if e.Action == "sandbox.clock.set" {
				n++
			}
		}
		if n != 33 {
			t.Errorf("%d entries of the audit log, want 33", n)
		}
	})
}
