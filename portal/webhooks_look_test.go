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
	look(tab, "webhooks-none")
	tab.Goto(at)
	press()
	look(tab, "webhook-new")
	tab.Fill("callbackurl", "https://localhost:1/#x")
	press()
	tab.Complaints() // Chromium tells of the 400
	look(tab, "webhook-new-wrong")
	tab.Fill("callbackurl", r.URL+"/hooks/comanda")
	press()
	look(tab, "webhook-made")
	base := strings.TrimSuffix(tab.URL(), "?done=created")
	tab.Press(".callout.warn a")
	look(tab, "webhook-events")
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
	look(tab, "webhook")
	tab.Goto(base + "?show=failed")
	look(tab, "webhook-failed")
	tab.Goto(base + "?show=waiting")
	look(tab, "webhook-waiting")
	tab.Goto(base + "?show=failed")
	tab.Press(".table td a")
	look(tab, "attempt")
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
	look(tab, "attempt-again")

	tab.Goto(attempt)
	tab.Press(`.drawer a[href*="/signature?"]`)
	look(tab, "signature")
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
	look(tab, "signature-wrong")

	tab.Goto(base + "/test")
	look(tab, "webhook-test")
	press()
	if said := tab.See(".drawer h2"); said != "order.accepted, a test" {
		t.Errorf("after the test comes %q", said)
	}
	look(tab, "attempt-test")
	tab.Goto(base + "/replays?from=20")
	press()
	look(tab, "webhook-replays")
	tab.Goto(base + "/settings")
	look(tab, "webhook-settings")
	tab.Goto(base + "/secret")
	look(tab, "webhook-secret")
	press()
	if secret := tab.See("#secret"); !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("the secret is %q", secret)
	}
	look(tab, "webhook-secret-shown")
	tab.Goto(base + "/lost")
	look(tab, "webhook-lost")
	tab.Goto(s.path("webhooks"))
	look(tab, "webhooks")
	tab.Click(".table .menu summary")
	look(tab, "webhooks-menu")
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
