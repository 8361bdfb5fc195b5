package simulate

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// A day goes well, and then each check finds what somebody breaks for it.
func TestChecksFindWhatIsBroken(t *testing.T) {
	was := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(was)
	synctest.Test(t, func(t *testing.T) {
		o := Options{Orders: 40, Seed: 3, Hours: 1, Date: "2026-05-08"}
		opens, err := o.check()
		if err != nil {
			t.Fatal(err)
		}
		s := &sim{Options: o, opens: opens, interrupted: func() bool { return false }}
		err = s.run(t.TempDir(), func(ctx context.Context) error {
			verify := func() {
				s.promises = promises{}
				if err := s.verify(ctx); err != nil {
					t.Fatal(err)
				}
			}
			verify()
			if err := s.report(io.Discard, 0); err != nil {
				t.Error(err)
			}
			change := func(stmt string) func() {
				return func() {
					if err := s.server.DB.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(stmt); return err }); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, c := range []struct {
				of    func() promise
				wrong func()
				told  string
			}{
				{func() promise { return s.promises.Told }, func() { delete(s.till.got, s.told+5) }, "the till did not have"},
				{func() promise { return s.promises.Told }, func() { s.till.got[s.told+6].body += " " }, "the till did not have"},
				{func() promise { return s.promises.Logged }, func() { s.confirmed[7] = true }, "order 7, which its diner saw confirmed, is not there"},
				{func() promise { return s.promises.Money }, change(`update orders set refunded = refunded + 1 where payment_id <> ''`), "the order says"},
				{func() promise { return s.promises.Explains }, change(`update orders set amount = amount + 1`), "Amount of the row"},
				{func() promise { return s.promises.Limits }, change(`update vouchers set used = used + 1`), "vouchers were used"},
				{func() promise { return s.promises.Settled }, change(`update orders set state = 'ReadyToProcess' where state = 'Dispatched'`), "is still ReadyToProcess"},
				{func() promise { return s.promises.Logged }, change(`delete from log_events where name = 'order.created'`), "is in the log 0 times"},
				{func() promise { return s.promises.Gapless }, func() {}, "is at place"}, // since the one before
			} {
				c.wrong()
				verify()
				if got := strings.Join(c.of().Broken, "\n"); !strings.Contains(got, c.told) {
					t.Errorf("%q is not told of: %q", c.told, got)
				}
			}
			if err := s.report(io.Discard, 0); !errors.Is(err, errBroken) {
				t.Errorf("the report says %v", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestDeedsAreDoneInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began, did := newAgenda(), clock.Now(), ""
		do := func(what string, at time.Duration) {
			a.add(began.Add(at), what, func(context.Context) { did += what })
		}
		do("d", 3*time.Second)
		do("c", 2*time.Second)
		do("b", 2*time.Second)
		go func() {
			time.Sleep(time.Second)
			do("a", 1500*time.Millisecond) // earlier than what is waited for
		}()
		a.run(t.Context(), began.Add(2500*time.Millisecond), func() bool { return false })
		if did != "abc" || a.len() != 1 || clock.Now().Sub(began) != 2500*time.Millisecond {
			t.Errorf("did %s, %d are left after %v", did, a.len(), clock.Now().Sub(began))
		}
	})
}
