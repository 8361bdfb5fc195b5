package backoff

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var rule = Rule{Free: 3, FreeAddress: 10, First: time.Second, Longest: time.Minute, Forget: 15 * time.Minute, Size: 100}

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

func TestTheDelayGrowsAndStopsAtTheLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(rule)
		for range rule.Free {
			if l.Wait(here, "ada") > 0 {
				t.Fatal("a free try has to wait")
			}
			l.Failed(here, "ada")
		}
		for _, want := range []time.Duration{0, 1, 2, 4, 8, 16, 32, 60, 60} {
			if got := l.Wait(here, "ada"); got != want*time.Second {
				t.Fatalf("waits %s, want %ds", got, want)
			}
			if l.Wait(there, "ada") > 0 {
				t.Fatal("the delay counts elsewhere")
			}
			time.Sleep(want * time.Second)
			l.Failed(here, "ada")
		}
		time.Sleep(rule.Forget + time.Second)
		l.Failed(here, "ada")
		if l.Wait(here, "ada") > 0 {
			t.Fatal("the count is not forgotten")
		}
	})
}

func TestOneAddressIsCountedWhateverItTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(rule)
		for i := range rule.FreeAddress + 1 {
			l.Failed(netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i)), fmt.Sprint(i)) // one site
		}
		if l.Wait(netip.MustParseAddr("2001:db8::ffff"), "another") != time.Second {
			t.Fatal("a site may spray")
		}
		if l.Wait(netip.MustParseAddr("2001:db8:0:1::"), "another") > 0 {
			t.Fatal("the next site waits too")
		}
		l.Succeeded(netip.MustParseAddr("2001:db8::1"), "1")
		if l.Wait(netip.MustParseAddr("2001:db8::1"), "1") <= 0 {
			t.Fatal("one hit ends the delay of a spray")
		}
	})
}

func TestASuccessStartsTheCountAnew(t *testing.T) {
	l := New(rule)
	for range rule.Free + 1 {
		l.Failed(here, "ada")
	}
	if l.Wait(here, "ada") <= 0 {
		t.Fatal("no delay")
	}
	l.Succeeded(here, "ada")
	l.Failed(here, "ada")
	if l.Wait(here, "ada") > 0 {
		t.Fatal("the count went on after a success")
	}
}

func TestWithoutARuleForAddressesOnlyTheThingCounts(t *testing.T) {
	only := rule
	only.FreeAddress = 0
	l := New(only)
	for i := range 50 {
		l.Failed(netip.Addr{}, fmt.Sprint(i))
	}
	if l.Wait(netip.Addr{}, "ada") > 0 || l.Len() != 50 {
		t.Fatal("all that has no address shares a delay")
	}
}

func TestTheOldestCountsAreForgotten(t *testing.T) {
	l := New(rule)
	var wg sync.WaitGroup
	for i := range 3 * rule.Size {
		wg.Go(func() { l.Failed(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), "x") })
	}
	wg.Wait()
	if l.Len() != rule.Size {
		t.Fatalf("%d counts kept", l.Len())
	}
}
