// Package cli runs the commands that talk to a server as people run them: the real program against the demo.
package cli

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comanda/test/program"
)

func TestMain(m *testing.M) { program.Main(m) }

const patience = 60 * time.Second

// shop is a running demo.
type shop struct {
	t           *testing.T
	demo        *program.Process
	credentials string
}

func open(t *testing.T, flags ...string) *shop {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir()) // where sign-ins are kept
	data := t.TempDir()
	p := program.Start(t, append([]string{"demo", "--data", data, "--listen", "127.0.0.1:0", "--pos", "auto", "--no-day"}, flags...)...)
	for end := time.Now().Add(patience); !strings.Contains(p.Output(), "everybody knows"); time.Sleep(20 * time.Millisecond) {
		if !p.Running() || time.Now().After(end) {
			t.Fatal("the demo does not get there")
		}
	}
	return &shop{t, p, filepath.Join(data, "demo.json")}
}

// run returns what a command printed and its exit code; with the credentials file unless the shop has none.
func (s *shop) run(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	if s.credentials != "" {
		args = append(args, "--credentials", s.credentials)
	}
	cmd := exec.CommandContext(s.t.Context(), program.Binary(s.t), args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// says runs a command that must end well and print all of these.
func (s *shop) says(want []string, args ...string) string {
	s.t.Helper()
	out, errs, code := s.run(args...)
	if code != 0 {
		s.t.Errorf("%v: exit %d: %s", args, code, errs)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			s.t.Errorf("%v does not print %q:\n%s", args, w, out)
		}
	}
	return out
}

func TestWebhookCommands(t *testing.T) {
	s := open(t)
	s.says([]string{"STATE", "1001", "streaming", "/webhooks"}, "webhooks", "list")
	s.says([]string{"State", "streaming", "0 events"}, "webhooks", "health", "1001")
	s.says([]string{`"State": "streaming"`}, "webhooks", "health", "1001", "--json")
	s.says([]string{"order.created: 200"}, "webhooks", "test", "1001")
	s.says([]string{"order.rejected: 200"}, "webhooks", "test", "1001", "order.rejected")

	var attempts []struct{ AttemptId, EventId, EventName, Kind string }
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) { // the log is written beside
		if err := json.Unmarshal([]byte(s.says(nil, "webhooks", "logs", "1001", "--json")), &attempts); err != nil {
			t.Fatal(err)
		}
		if len(attempts) >= 4 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d attempts", len(attempts))
		}
	}
	s.says([]string{"ANSWER", "order.created", "live", "test", "200"}, "webhooks", "logs", "1001")
	last := attempts[len(attempts)-1]
	s.says([]string{"Request", "Webhook-Signature: v1,", `"Type":"` + last.EventName, "Answer", "first byte", "curl "}, "webhooks", "attempt", "1001", last.AttemptId)

	s.says([]string{"is paused"}, "webhooks", "pause", "1001")
	s.says([]string{"paused since"}, "webhooks", "health", "1001")
	if _, errs, code := s.run("webhooks", "resend", "1001", last.EventId); code != 3 || !strings.Contains(errs, "Resume it first.") {
		t.Errorf("resend to a paused one: exit %d, %s", code, errs)
	}
	s.says([]string{"is resumed"}, "webhooks", "resume", "1001")
	s.says([]string{"is done: 1 delivered, 0 failed."}, "webhooks", "resend", "1001", last.EventId, "--wait")
	s.says([]string{"is done: 2 delivered, 0 failed."}, "events", "replay", "--subscription", "1001", "--since", "2026-01-01T00:00:00Z", "--name", "order.created", "--name", "order.accepted", "--wait")
}

func TestEventCommands(t *testing.T) {
	s := open(t)
	pulled := ""
	for turn := 0; ; turn++ { // of one order, or one store, one event comes at a time
		out, errs, code := s.run("events", "pull", "--consumer", "kitchen", "--from", "oldest", "--limit", "100", "--ack")
		if code != 0 || turn > 30 {
			t.Fatalf("pull %d: exit %d, %s", turn, code, errs)
		}
		if out == "" && strings.Contains(errs, "No events.") {
			break
		}
		pulled += out
	}
	for _, want := range []string{"app.created", "order.created", "order.accepted", "Comanda created the brand"} {
		if strings.Count(pulled, want) != 1 {
			t.Errorf("%q was pulled %d times:\n%s", want, strings.Count(pulled, want), pulled)
		}
	}

	tail := program.Start(t, "events", "tail", "--since", "2026-01-01T00:00:00Z", "--group", "Order", "--json", "--credentials", s.credentials)
	var first struct {
		Cursor string
		Event  struct {
			EventName string
			Order     struct{ OrderId int }
		}
	}
	for end := time.Now().Add(patience); strings.Count(tail.Output(), "\n") < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the tail shows %s", tail.Output())
		}
	}
	if err := tail.Stop(patience); err != nil {
		t.Errorf("an interrupted tail: %v", err)
	}
	line, _, _ := strings.Cut(tail.Output(), "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil || first.Event.EventName != "order.created" || first.Event.Order.OrderId == 0 || first.Cursor == "" {
		t.Errorf("%v: %s", err, line)
	}
	after := program.Start(t, "events", "tail", "--after", first.Cursor, "--name", "order.accepted", "--credentials", s.credentials)
	for end := time.Now().Add(patience); !strings.Contains(after.Output(), "accepted order"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the tail after a cursor shows %s", after.Output())
		}
	}
}

func TestExitCodes(t *testing.T) {
	s := open(t)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"webhooks", "health", "999"}, 3, "no such webhook subscription"},
		{[]string{"webhooks", "test", "1001", "order.eaten"}, 3, "no event name"},
		{[]string{"webhooks", "health", "many"}, 2, "many"},
		{[]string{"events", "replay", "--subscription", "1001"}, 2, "say which events"},
		{[]string{"events", "tail", "--after", "nonsense"}, 3, "not a cursor"},
		{[]string{"events", "tail", "--after", "x", "--since", "2026-01-01T00:00:00Z"}, 2, "exclude"},
		{[]string{"webhooks", "list", "--client-secret", "wrong"}, 3, "invalid_client"},
		{[]string{"webhooks", "list", "--server", "http://127.0.0.1:1"}, 1, "cannot be reached"},
		{[]string{"webhooks", "list", "--server", "orders.example.com"}, 1, "https://host"},
	} {
		out, errs, code := s.run(c.args...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" && c.code != 2 {
			t.Errorf("%v: exit %d, want %d: %s%s", c.args, code, c.code, out, errs)
		}
	}
	cmd := exec.CommandContext(t.Context(), program.Binary(t), "events", "tail")
	cmd.Env = []string{}
	if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "--credentials FILE") {
		t.Errorf("without anything: %s", out)
	}
}
