package cli

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/test/program"
)

// laptop is a program on this machine that takes webhooks.
type laptop struct {
	*http.Server
	got chan received
}

type received struct {
	header http.Header
	body   string
}

// serve takes webhooks at an address and answers them all with a status.
func serve(t *testing.T, address string, status int) *laptop {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	m := &laptop{got: make(chan received, 100)}
	m.Server = &http.Server{Addr: l.Addr().String(), ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(status)
		m.got <- received{r.Header, string(body)}
	})}
	go func() { _ = m.Serve(l) }()
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func (m *laptop) next(t *testing.T) received {
	t.Helper()
	select {
	case r := <-m.got:
		return r
	case <-time.After(patience):
		t.Fatal("nothing comes")
		return received{}
	}
}

var (
	secretShown = regexp.MustCompile(`whsec_\S+`)
	cursorShown = regexp.MustCompile(`--after (\S+)`)
)

// Events reach a program on this machine as its webhooks would: the same bytes, signed, in order, each once, whether the
// program is there from the beginning or not.
func TestListenForwardsEvents(t *testing.T) {
	s := open(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()

	listen := program.Start(t, "listen", "--forward-to", address+"/hooks", "--since", "2026-01-01T00:00:00Z", "--group", "Order", "--verify-token", "abc", "--credentials", s.credentials)
	awaits(t, listen, "order.created waits")
	secret := secretShown.FindString(listen.Output())
	verify, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	there := serve(t, address, http.StatusAccepted)
	for _, want := range []string{"order.created", "order.accepted"} {
		r := there.next(t)
		if err := verify.Verify([]byte(r.body), r.header); err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(r.body, `{"Type":"`+want+`"`) || r.header.Get("X-Verify-Token") != "abc" || r.body != s.delivered(want) {
			t.Errorf("want %s as it was delivered, got %v\n%s", want, r.header, r.body)
		}
	}
	awaits(t, listen, "order.accepted            202 after")
	if err := listen.Stop(patience); err != nil {
		t.Error(err)
	}
	cursor := cursorShown.FindStringSubmatch(listen.Output())
	if cursor == nil {
		t.Fatal(listen.Output())
	}

	again := program.Start(t, "listen", "--forward-to", "http://"+address, "--after", cursor[1], "--version", "1", "--json", "--credentials", s.credentials)
	awaits(t, again, "Ctrl-C")
	if secretShown.FindString(again.Output()) != secret {
		t.Error("the signing secret is another one the next time")
	}
	s.says(nil, "webhooks", "create", "http://"+address+"/more", "--event", "order.rejected")
	next := there.next(t)
	var flat struct {
		EventName, FlipdishEventId string
		Position                   int
	}
	if err := json.Unmarshal([]byte(next.body), &flat); err != nil || flat.EventName == "" || flat.FlipdishEventId != next.header.Get("Webhook-Id") {
		t.Error(err, next.body)
	}
	awaits(t, again, `"StatusCode":202`)
}

// delivered is the body of the webhook by which the sample POS was told of an event.
func (s *shop) delivered(event string) string {
	s.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // the log is written beside
		var all []struct{ AttemptId, EventName, Kind string }
		if err := json.Unmarshal([]byte(s.says(nil, "webhooks", "logs", "1001", "--json")), &all); err != nil {
			s.t.Fatal(err)
		}
		for _, a := range all {
			if a.EventName == event && a.Kind == "live" {
				var one struct{ RequestBody string }
				if err := json.Unmarshal([]byte(s.says(nil, "webhooks", "attempt", "1001", a.AttemptId, "--json")), &one); err != nil {
					s.t.Fatal(err)
				}
				return one.RequestBody
			}
		}
	}
	s.t.Fatalf("%s was not delivered", event)
	return ""
}

func TestWebhooksAreCreated(t *testing.T) {
	s := open(t)
	s.says([]string{"order.created\n", "webhook_subscription.failing\n"}, "webhooks", "events")
	there := serve(t, "127.0.0.1:0", http.StatusOK)
	var made struct {
		Id            int
		SigningSecret string
	}
	out := s.says(nil, "webhooks", "create", "http://"+there.Addr+"/hooks", "--event", "order.created", "--event", "order.rejected", "--verify-token", "abc", "--json")
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Id == 0 {
		t.Fatal(err, out)
	}
	id := strconv.Itoa(made.Id)
	if secret := strings.TrimSpace(s.says(nil, "webhooks", "secret", id)); secret != made.SigningSecret {
		t.Errorf("the secret is %q and was %q", secret, made.SigningSecret)
	}
	s.says([]string{"order.rejected: 200"}, "webhooks", "test", id, "order.rejected")
	verify, err := standardwebhooks.NewWebhook(made.SigningSecret)
	if err != nil {
		t.Fatal(err)
	}
	r := there.next(t)
	if err := verify.Verify([]byte(r.body), r.header); err != nil || r.header.Get("X-Verify-Token") != "abc" {
		t.Error(err, r.header)
	}
	s.says([]string{"sends order.created to http", "Its signing secret is whsec_"}, "webhooks", "create", "http://"+there.Addr+"/more", "--event", "order.created")
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"http://" + there.Addr + "/hooks":                   {2, "--event"},
		"http://" + there.Addr + "/hooks --event order.ate": {3, "no event name"},
		"nowhere --event order.created":                     {3, "CallbackUrl"},
	} {
		_, errs, code := s.run(append([]string{"webhooks", "create"}, strings.Fields(args)...)...)
		if code != want.code || !strings.Contains(errs, want.says) {
			t.Errorf("%s: exit %d, %s", args, code, errs)
		}
	}
}
