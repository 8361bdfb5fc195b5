package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var logHash = regexp.MustCompile(`sha256 ([0-9a-f]{64})`)

func simulate(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	s := &shop{t: t}
	return s.run(append([]string{"simulate"}, args...)...)
}

// The same seed is the same log, byte for byte; also when processors are scheduled otherwise.
func TestSimulatedDays(t *testing.T) {
	day := func(args ...string) string {
		out, errs, code := simulate(t, append([]string{"--orders", "40", "--hours", "1"}, args...)...)
		if code != 0 || strings.Contains(out, "BROKEN") || strings.Count(out, "  held ") != 9 {
			t.Fatalf("%v: exit %d: %s%s", args, code, out, errs)
		}
		return logHash.FindStringSubmatch(out)[1]
	}
	keep := filepath.Join(t.TempDir(), "day")
	first, again, other := day("--seed", "7"), day("--seed", "7", "--keep", keep), day("--seed", "8", "--date", "2026-10-25")
	if first != again {
		t.Errorf("the same seed made the logs %s and %s", first, again)
	}
	if first == other {
		t.Error("another seed made the same log")
	}
	if _, err := os.Stat(filepath.Join(keep, "comanda.db")); err != nil {
		t.Error(err)
	}
	for want, args := range map[string][]string{
		"is not empty": {"--keep", keep}, "--orders: give a number": {"--orders", "0"}, "--hours: give a number": {"--hours", "13"}, `"tomorrow" is no day`: {"--date", "tomorrow"},
	} {
		if out, errs, code := simulate(t, args...); code != 1 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}
