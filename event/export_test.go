package event

import (
	"flag"
	"testing"
)

// FewChecks lowers rapid's number of checks for properties that run transactions; -rapid.checks overrides it.
func FewChecks(t *testing.T, n string) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = flag.Set("rapid.checks", n)
		t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
	}
}
