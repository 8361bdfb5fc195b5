package simulate

import (
	"os"
	"runtime"
	"testing"
	"testing/synctest"
)

// inBubble runs fn in a bubble of virtual time, then after outside of it, and the program ends with the exit code that after
// returns. In a bubble the clock
// stands still while anything is done, and leaps to the next timer when everything waits. The runtime offers bubbles to tests
// only, so the program turns itself into one; docs/decisions/0025 says why.
func inBubble(fn func(), after func() int) {
	runtime.GOMAXPROCS(1) // one thing happens after the other, and processors would wait for each other
	os.Args = os.Args[:1] // the flags are not those of tests
	every := func(string, string) (bool, error) { return true, nil }
	testing.Main(every, []testing.InternalTest{{Name: "simulate", F: func(t *testing.T) {
		synctest.Test(t, func(*testing.T) { fn() })
		os.Exit(after())
	}}}, nil, nil)
}
