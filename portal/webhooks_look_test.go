package portal_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"comanda/webhook"
	"comanda/wire"
)

// TestAWebhookIsMadeFollowedAndMended goes the way of a developer at the keyboard of a desk and a phone: a new webhook, its
// event names, an answer that fails, why, the signature, and the event once more.
func TestAWebhookIsMadeFollowedAndMended(t *testing.T) {
	s := start(t, "")
	r := newReceiver(t)
	tab := s.browse()
	at := s.path("apps", s.made.OAuthAppID, "webhooks")
	press := func() { t.Helper(); tab.Press(".btn.red") }

	tab.Goto(s.path("webhooks"))
	tab.Look("webhooks-none")
	tab.Goto(at)
	press()
	tab.Look("webhook-new")
	tab.Fill("callbackurl", "https://localhost:1/#x")
	press()
	tab.Complaints() // Chromium tells of the 400
	tab.Look("webhook-new-wrong")
	tab.Fill("callbackurl", r.URL+"/hooks/comanda")
	press()
	tab.Look("webhook-made")
	base := strings.TrimSuffix(tab.URL(), "?done=created")
	tab.Press(".callout.warn a")
	tab.Look("webhook-events")
	tab.Click(`[value="order.created"]`)
	tab.Click(`[value="order.accepted"]`)
	press()
	if said := tab.See("[role=status]"); !strings.Contains(said, "event names are saved") {
		t.Errorf("after the event names: %q", said)
	}

	came := 0
	r.set(func(w http.ResponseWriter, _ *http.Request) {
		if came++; came == 17 || came == 25 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":"till restarting"}`)
		}
	})
	for n := 4801; n <= 4830; n++ {
		s.happen(n, &wire.OrderCreatedEvent{Description: fmt.Sprint("Order ", n), Order: &wire.Order{OrderId: n, ChefNote: "No onions"}})
	}
	s.attempted(base, 30)
	tab.Goto(base)
	tab.Look("webhook")
	tab.Goto(base + "?show=failed")
	tab.Look("webhook-failed")
	tab.Goto(base + "?show=waiting")
	tab.Look("webhook-waiting")
	tab.Goto(base + "?show=failed")
	tab.Press(".table td a")
	tab.Look("attempt")
	if said := tab.See(".drawer .callout"); !strings.Contains(said, "503 Service Unavailable.") || !strings.Contains(said, "till restarting") {
		t.Errorf("the attempt says %q", said)
	}
	tab.Click(`.drawer .tabs a[href="#request-headers"]`)
	if headers := tab.See("#request-headers"); !strings.Contains(headers, "Webhook-Signature") {
		t.Errorf("the headers are %q", headers)
	}
	attempt := tab.URL()
	tab.Press(`.drawer form .btn`)
	if said := tab.See(".drawer [role=status]"); !strings.Contains(said, "was sent again, and received") {
		t.Errorf("after the resend: %q", said)
	}
	tab.Look("attempt-again")

	tab.Goto(attempt)
	tab.Press(`.drawer a[href*="/signature?"]`)
	tab.Look("signature")
	press()
	if said := tab.See("main [role=status]"); !strings.Contains(said, "The signature is valid.") {
		t.Errorf("the check of what was sent: %q", said)
	}
	tab.Click("#body")
	tab.Type("#body", "x")
	press()
	if said := tab.See("main [role=status]"); strings.Contains(said, "is valid") {
		t.Errorf("the check of what was changed: %q", said)
	}
	tab.Look("signature-wrong")

	tab.Goto(base + "/test")
	tab.Look("webhook-test")
	press()
	if said := tab.See(".drawer h1"); said != "order.accepted, a test" {
		t.Errorf("after the test comes %q", said)
	}
	tab.Look("attempt-test")
	tab.Goto(base + "/replays?from=20")
	press()
	tab.Look("webhook-replays")
	tab.Goto(base + "/settings")
	tab.Look("webhook-settings")
	tab.Goto(base + "/secret")
	tab.Look("webhook-secret")
	press()
	if secret := tab.See("#secret"); !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("the secret is %q", secret)
	}
	tab.Look("webhook-secret-shown")
	tab.Goto(base + "/lost")
	tab.Look("webhook-lost")
	tab.Goto(s.path("webhooks"))
	tab.Look("webhooks")
	tab.Click(".table .menu summary")
	tab.Look("webhooks-menu")
}

// attempted waits until attempts of so many events of a webhook are logged.
func (s *site) attempted(base string, n int) {
	s.Helper()
	id, err := strconv.Atoi(base[strings.LastIndex(base, "/")+1:])
	s.must(err)
	for range 1200 {
		all, err := s.node.Webhooks.Attempts(s.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, id, webhook.AttemptFilter{Limit: 100})
		s.must(err)
		events := map[string]bool{}
		for _, a := range all {
			events[a.EventID] = true
		}
		if len(events) >= n {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.Fatalf("%d events are not sent", n)
}
