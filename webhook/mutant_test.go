package webhook_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A simulation that finds nothing proves nothing unless it can find something. Each mutant is this very code with one
// mistake in it, built with go's -overlay. The simulation must notice each.

// mutant is an exact replacement in a file of the repository. The old text must be there once: when code changes, so must
// its mutants.
type mutant struct{ name, file, old, new string }

var mutants = []mutant{
	{
		"the cursor moves over what is in flight", "webhook/progress.go",
		"if !full && now.Sub(e.started) < headLimit {\n\t\t\t\treturn\n", "if !full && now.Sub(e.started) < headLimit {\n\t\t\t\tbreak\n",
	},
	{
		"two events of a subject are in flight", "webhook/pump.go",
		"\t\tp.s.push(&events[i])\n", "\t\te := events[i]\n\t\te.Subject = e.ID\n\t\tp.s.push(&e)\n",
	},
	{
		"an event that failed is dropped", "webhook/stream.go",
		"\t\tr = s.rowOf(e.ev, rowDue)\n\t\t*e = entry{}\n\t\ts.failed(r, o, now)\n", "\t\t*e = entry{}\n\t\ts.touched = true\n",
	},
	{
		"a hold is never released", "webhook/settings.go",
		"\t\treturn orderHold\n", "\t\treturn 2 * retryWindow\n",
	},
	{
		"a hold is released early", "webhook/settings.go",
		"\t\treturn orderHold\n", "\t\treturn orderHold / 10\n",
	},
	{
		"what is settled is sent again after a start", "webhook/dispatcher.go",
		"newStream(sub, p.follower.Cursor, rows", "newStream(sub, max(0, p.follower.Cursor-2), rows",
	},
	{
		"a row that is settled stays", "webhook/settle.go",
		"range s.what.gone {", "range s.what.gone[:0] {",
	},
	{
		"what expired is not recorded", "webhook/settle.go",
		"\tfor _, x := range s.what.expired {\n\t\tout = append(", "\tfor _, x := range s.what.expired[:0] {\n\t\tout = append(",
	},
	{
		"a settlement that failed counts", "webhook/settle.go",
		"\t\ts.p.s.unsettle(s.what)\n", "\t\ts.p.s.settled(s.what)\n",
	},
	{
		"a node that was replaced settles", "event/lease.go",
		"\tif n == 0 {\n\t\tle.end()\n", "\tif n < 0 {\n\t\tle.end()\n",
	},
	{
		"a name counts from one position too late", "webhook/sql.go",
		"set from_position = (select position from log_heads", "set from_position = (select position + 1 from log_heads",
	},
	{
		"an event that nobody chose is sent", "webhook/subscription.go",
		"\treturn ok && position > from\n", "\treturn ok || from == 0\n",
	},
}

// mutantSeeds is within how many seeds a mistake must be found.
const mutantSeeds = "150"

func TestSimulationFindsMistakes(t *testing.T) {
	if os.Getenv("COMANDA_MUTANTS") == "" {
		t.Skip("SKIPPED: it builds this package a dozen times; COMANDA_MUTANTS=1 runs it, as a stage of CI does")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	work := make(chan mutant)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for m := range work {
				m.mustBeFound(t, root)
			}
		})
	}
	for _, m := range mutants {
		work <- m
	}
	close(work)
	workers.Wait()
}

func (m *mutant) mustBeFound(t *testing.T, root string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(root, m.file)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	if n := strings.Count(string(raw), m.old); n != 1 {
		t.Errorf("%s: %s holds the text to be mutated %d times, not once", m.name, m.file, n)
		return
	}
	changed := filepath.Join(dir, "mutant.go")
	overlay := filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err == nil {
		err = os.WriteFile(overlay, list, 0o600)
	}
	if err == nil {
		err = os.WriteFile(changed, []byte(strings.Replace(string(raw), m.old, m.new, 1)), 0o600)
	}
	if err != nil {
		t.Error(err)
		return
	}
	binary := filepath.Join(dir, "mutant.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-ldflags", "-s -w", "-overlay", overlay, "-o", binary, "./webhook")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%s: it does not build: %v\n%s", m.name, err, out)
		return
	}
	run := exec.CommandContext(t.Context(), binary, "-test.run", "^TestSimulation$", "-test.v", "-test.timeout", "2m")
	run.Dir = filepath.Join(root, "webhook")
	run.Env = append(os.Environ(), "COMANDA_SIM_SEEDS="+mutantSeeds, "COMANDA_SIM_BRIEF=1", "COMANDA_SIM_SEED=")
	out, err := run.CombinedOutput()
	if err == nil {
		t.Errorf("%s: not found in %s seeds\n%s", m.name, mutantSeeds, out)
		return
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "seed ") {
			t.Logf("%s: %s", m.name, strings.TrimSpace(line))
			return
		}
	}
	t.Errorf("%s: it breaks, but not by a check:\n%.2000s", m.name, out)
}
