package webhook_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/webhook"
	"comanda/wire"
)

func (w *world) attempts(id int, f webhook.AttemptFilter) []webhook.Attempt {
	w.t.Helper()
	if f.Limit == 0 {
		f.Limit = 100
	}
	out, err := w.hooks.Attempts(ctx, w.owner, w.brand.AppID, w.app, id, f)
	w.must(err)
	return out
}

// argsOf is what a shell makes of a curl line.
func argsOf(t *testing.T, line, token string) []string {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "curl() { printf '%s\\0' \"$@\"; }\n"+line)
	cmd.Env = []string{"VERIFY_TOKEN=" + token}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestAttemptShowsTheWholeOfIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, func(d delivery, rw http.ResponseWriter) {
			rw.Header().Set("X-Receiver", "till-4")
			if d.attempt == 1 && d.order == "It's $HOME `x` \\ \"y\"" {
				rw.WriteHeader(500)
			}
			_, _ = fmt.Fprint(rw, "thanks")
		})
		const token = `tok'en"`
		id := w.subscribe(e.URL+"/it's?a=[1]&b={2}", func(s *wire.WebhookSubscription) { s.VerifyToken = wire.P(token) })
		stop := w.run()
		w.happen(1, &wire.OrderCreatedEvent{Description: "It's $HOME `x` \\ \"y\""})
		e.wait(t, 1)
		w.orders(2, 4)
		got := e.wait(t, 5)
		stop()
		all := w.attempts(id, webhook.AttemptFilter{})
		if len(all) != 5 {
			t.Fatalf("%d attempts", len(all))
		}
		first := all[4]
		if first.Kind != "live" || first.Status != 500 || first.Received || first.Number != 1 || first.Reused || first.Connect == 0 ||
			first.FirstByte == 0 || first.Duration < first.FirstByte || first.DNS != 0 || first.TLS != 0 {
			t.Errorf("%+v", first)
		}
		reused := 0
		for _, a := range all {
			if a.Reused {
				reused++
				if a.Connect != 0 {
					t.Errorf("a connection that was there needed %v", a.Connect)
				}
			}
		}
		if reused == 0 {
			t.Error("no connection was used again")
		}
		if failed := w.attempts(id, webhook.AttemptFilter{Failed: true}); len(failed) != 1 || failed[0] != first {
			t.Errorf("failed: %+v", failed)
		}
		for _, f := range []webhook.AttemptFilter{{EventID: first.EventID}, {Position: first.Position}} {
			if both := w.attempts(id, f); len(both) != 2 || both[0].Number != 2 || both[1] != first {
				t.Errorf("of one event: %+v", both)
			}
		}
		if none := w.attempts(id, webhook.AttemptFilter{EventID: "no-such-event"}); len(none) != 0 {
			t.Errorf("of no event: %+v", none)
		}
		if page := w.attempts(id, webhook.AttemptFilter{Before: all[1].ID, Limit: 2}); len(page) != 2 || page[0] != all[2] || page[1] != all[3] {
			t.Errorf("page 2: %+v", page)
		}
		a, err := w.hooks.Attempt(ctx, w.owner, w.brand.AppID, w.app, id, first.ID)
		w.must(err)
		if a.Attempt != first || a.RequestBody != string(got[0].body) || a.ResponseBody != "thanks" {
			t.Errorf("%+v", a)
		}
		sent := map[string]string{}
		for _, h := range a.Request {
			sent[h.Name] = h.Value
		}
		if sent["X-Verify-Token"] != "(hidden)" || strings.Contains(a.Curl, token) || sent["Webhook-Signature"] != got[0].header.Get("Webhook-Signature") {
			t.Errorf("%v\n%s", sent, a.Curl)
		}
		received := map[string]string{}
		for _, h := range a.Response {
			received[h.Name] = h.Value
		}
		if received["X-Receiver"] != "till-4" {
			t.Errorf("%v", received)
		}
		args := argsOf(t, a.Curl, token)
		header := map[string]string{}
		for i := 4; i+1 < len(args); i += 2 {
			name, value, _ := strings.Cut(args[i+1], ": ")
			header[name] = value
		}
		if args[0] != "--globoff" || args[1] != "-X" || args[2] != "POST" || args[3] != e.URL+"/it's?a=[1]&b={2}" || args[len(args)-2] != "--data-binary" ||
			args[len(args)-1] != string(got[0].body) || header["X-Verify-Token"] != token || header["Content-Type"] != "application/json" || header["Host"] != "" {
			t.Errorf("%q", args)
		}
	})
}
