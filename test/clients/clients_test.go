// Package clients runs the official Flipdish API clients, exactly as they come from npm, against the real program.
package clients

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comanda/test/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// patience bounds the start of the demo: the program, its first order, the sample POS's answer.
const patience = 60 * time.Second

func TestOfficialClients(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "Node is not installed")
	}
	if _, err := os.Stat("node_modules"); err != nil {
		missing(t, "the official clients are not installed: run `npm ci` in test/clients")
	}
	folder := t.TempDir()
	demo := program.Start(t, "demo", "--data", folder, "--listen", "127.0.0.1:0", "--no-day")
	credentials := filepath.Join(folder, "demo.json")
	ca := await(t, demo, credentials)

	for _, client := range []string{"typescript", "javascript", "backoffice"} {
		t.Run(client, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", client+".test.js")
			cmd.Env = append(os.Environ(), "COMANDA_DEMO_JSON="+credentials, "NODE_EXTRA_CA_CERTS="+ca,
				"NODE_NO_WARNINGS=1", "NODE_OPTIONS=", "NO_COLOR=1")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if testing.Verbose() {
				t.Logf("\n%s", out)
			}
		})
	}
	if !demo.Running() {
		t.Error("the demo ended while it was used")
	}
}

// await waits until the demo's first order went round and returns the file of its certificate authority.
func await(t *testing.T, demo *program.Process, file string) (ca string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if !demo.Running() {
			t.Fatal("the demo ended by itself")
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var c struct {
			CAFile  string `json:"caFile"`
			OrderID int    `json:"orderId"`
		}
		if json.Unmarshal(raw, &c) == nil && c.OrderID != 0 {
			return c.CAFile
		}
	}
	t.Fatalf("the demo did not finish its first order within %s", patience)
	return ""
}

// missing skips loudly, or fails where COMANDA_TEST_REQUIRE says that Node must be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "node") {
		t.Fatalf("required by COMANDA_TEST_REQUIRE but missing: %s", what)
	}
	t.Skipf("SKIPPED: %s", what)
}
