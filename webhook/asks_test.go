package webhook

import (
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"comanda/account"
	"comanda/internal/clock"
)

func TestAsksOutliveAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := asks{by: map[int]*rate.Limiter{}}
		c := &account.Caller{Kind: account.Person, Account: 1}
		for range asksAtOnce {
			if err := a.take(c); err != nil {
				t.Fatal(err)
			}
		}
		if a.take(c) == nil {
			t.Fatal("one too many was taken")
		}
		clock.Shift(-time.Hour)
		defer clock.Shift(time.Hour)
		time.Sleep(time.Minute/asksPerMin + time.Second)
		if err := a.take(c); err != nil {
			t.Fatal(err)
		}
	})
}
