package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/webhook"
	"comanda/wire"
)

// revision is the hidden field of a form that says what it was filled from.
var revision = regexp.MustCompile(`name="revision" value="(\d+)"`)

func seen(t testing.TB, text string) string {
	t.Helper()
	m := revision.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no revision in\n%s", main(text))
	}
	return m[1]
}

// newHook makes a webhook by its form and returns the address of its page.
func (p *person) newHook(callback string) string {
	p.Helper()
	got := p.post(p.path("apps", p.made.OAuthAppID, "webhooks", "new"), "callbackurl", callback)
	p.has("create", got, 200, "The webhook is made", "nothing is sent")
	return p.url + strings.TrimSuffix(got.path, "?done=created")
}

// sub is the webhook as the API would tell it.
func (s *site) sub(base string) *webhook.Subscription {
	s.Helper()
	all, _, err := s.node.Webhooks.Overviews(s.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, 1, 100)
	s.must(err)
	for _, o := range all {
		if strings.HasSuffix(base, "/"+asJSON(o.ID)) {
			return o.Subscription
		}
	}
	s.Fatalf("there is no webhook %s", base)
	return nil
}

func TestFormsOfAWebhook(t *testing.T) {
	each(t, func(s *site) {
		p, r := s.signIn(), newReceiver(s)
		list := s.path("apps", s.made.OAuthAppID, "webhooks")

		p.has("none", p.get(list), 200, "No webhooks yet", "Add New")
		p.has("a bad URL", p.post(list+"/new", "callbackurl", `ftp://x"><b>`), 400, `value="ftp://x&#34;&gt;&lt;b&gt;"`, "Use https.")
		p.has("a URL that is asked and refuses", p.post(s.path("webhooks", "new"), "app", s.made.OAuthAppID, "callbackurl", "http://127.0.0.1:1/", "verify", "on"), 400, "refused the connection")
		base := p.newHook(r.URL)
		p.has("the app says how many", p.get(s.path("apps")), 200, list[len(s.url):]+`">1<`)

		// Event names.
		form := p.get(base + "/events")
		p.has("event names", form, 200, `value="order.created"`, `value="Webhook delivery"`)
		old := seen(s, form.text)
		p.has("names", p.post(base+"/events", "revision", old, "name", "order.created", "group", "Menu"), 200, "event names are saved")
		if sub := s.sub(base); asJSON(sub.EventNames())+asJSON(sub.Groups()) != `["order.created"]["Menu"]` {
			t.Errorf("chosen are %v and %v", sub.EventNames(), sub.Groups())
		}
		got := p.post(base+"/events", "revision", old, "name", "order.rejected")
		p.has("names of an old form", got, 409, "Somebody else changed", "Chosen now: Menu, order.created", `value="order.rejected" checked`)
		p.has("an unknown name", p.post(base+"/events", "revision", seen(s, got.text), "name", "order.eaten"), 400, "is no event name")
		p.has("the same again", p.post(base+"/events", "revision", seen(s, got.text), "name", "order.rejected"), 200, "event names are saved")
		if sub := s.sub(base); asJSON(sub.EventNames())+asJSON(sub.Groups()) != `["order.rejected"][]` {
			t.Errorf("chosen are %v and %v", sub.EventNames(), sub.Groups())
		}

		// Where it goes.
		form = p.get(base + "/settings")
		p.has("settings", form, 200, r.URL, "Capel Street", `name="enabled" checked`)
		old = seen(s, form.text)
		p.has("saved", p.post(base+"/settings", "revision", old, "callbackurl", r.URL+"/a", "version", "1", "verifytoken", "mine", "enabled", "on"), 200, "settings are saved", "1, flat")
		got = p.post(base+"/settings", "revision", old, "callbackurl", r.URL+"/b", "version", "1", "verifytoken", "mine")
		p.has("two tabs", got, 409, "Somebody else saved", "Saved meanwhile: "+r.URL+"/a", "Saved meanwhile: on", `value="`+r.URL+`/b"`)
		p.has("bad fields", p.post(base+"/settings", "revision", seen(s, got.text), "callbackurl", "", "version", "3", "verifytoken", " x "), 400, "Is missing", "is no version", "Begins or ends with a space")
		p.has("asked", p.post(base+"/settings", "revision", seen(s, got.text), "callbackurl", "http://127.0.0.1:1/", "version", "1", "verify", "on"), 400, "refused the connection")

		// How it is delivered.
		store := asJSON(s.made.StoreID)
		how := []string{
			"revision", seen(s, got.text), "storeids", store, "ratepersecond", "5", "orderholdseconds", "60", "v1a", "on", "legacysignature.header", "X-Sign",
			"legacysignature.algorithm", "sha1", "legacysignature.encoding", "base64", "legacysignature.prefix", "s=",
		}
		p.has("delivery", p.post(base+"/delivery", how...), 200, "delivery settings are saved")
		form = p.get(base + "/settings")
		p.has("as saved", form, 200, `value="`+store+`" checked`, `name="v1a" checked`, `value="X-Sign"`, `<option selected>sha1`, `<option selected>base64`, `value="60"`)
		p.has("two tabs", p.post(base+"/delivery", "revision", old, "ratepersecond", "7", "orderholdseconds", "60"), 409, "Saved meanwhile: 5", "Saved meanwhile: X-Sign")
		p.has("bad numbers", p.post(base+"/delivery", "revision", seen(s, form.text), "ratepersecond", "x", "orderholdseconds", "4000"), 400, "Is no whole number")
		p.has("a reserved header", p.post(base+"/delivery", "revision", seen(s, form.text), "ratepersecond", "0", "orderholdseconds", "4000", "legacysignature.header", "Host"), 400, "a meaning of its own", "Use a number from 0 to 3600")

		// The secret, with the public key of v1a.
		p.has("hidden", p.get(base+"/secret"), 200, "REVEAL SIGNING SECRET", "whpk_")
		secret, err := s.node.Webhooks.Secret(s.Context(), s.recent(), s.made.AppID, s.made.OAuthAppID, s.sub(base).ID)
		s.must(err)
		p.has("shown", p.post(base+"/secret/reveal"), 200, ">"+strings.ReplaceAll(secret, "+", "&#43;")+"<")
		p.has("rotated", p.post(base+"/secret/rotate"), 200, "There is a new signing secret", "REVEAL")
		if got := p.post(base + "/secret/reveal"); strings.Contains(got.text, secret) {
			t.Error("the secret is the old one")
		}

		// Pause, resume, delete.
		p.has("pause", p.post(base+"/pause"), 200, "Delivery is paused", "Paused", "Resume")
		p.has("the form of a paused one", p.get(base+"/replays"), 200, "is paused, so nothing can be sent again", " disabled>")
		p.has("a replay to a paused one", p.post(base+"/replays", "what", "position", "fromposition", "1"), 409, "is paused")
		p.has("resume", p.post(base+"/resume"), 200, "Delivery goes on")
		p.has("replay without a position", p.post(base+"/replays", "what", "position"), 400, "From which position")
		p.has("replay from no position", p.post(base+"/replays", "what", "position", "fromposition", "0x", "toposition", "-1"), 400, "Is no position")
		p.has("replay without a time", p.post(base+"/replays", "what", "time", "end", "yesterday"), 400, "From when on", "Is no date and time", `value="yesterday"`)
		p.has("replay of what was not lost", p.post(base+"/replays", "what", "lost"), 404, "nothing to send again")
		p.has("replay", p.post(base+"/replays", "what", "time", "start", "2020-01-01T00:00"), 200, "The replay has begun")
		p.has("nothing was given up", p.get(base+"/lost"), 200, "None in the last 30 days")
		p.has("list", p.get(s.path("webhooks")), 200, "Till sync", "Streaming", base[len(s.url):]+"/events")
		p.has("delete", p.post(base+"/delete"), 200, "The webhook is deleted", "No webhooks yet")
		p.has("gone", p.get(base), 404, "no such webhook")
		p.has("no number", p.get(list+"/x"), 404, "no page at this address")
	})
}

// recent is the owner who has just signed in.
func (s *site) recent() *account.Caller {
	s.Helper()
	in, err := s.node.Accounts.SignInPassword(s.Context(), account.Visitor{}, ownerEmail, password)
	s.must(err)
	session, err := s.node.Accounts.Session(s.Context(), in.Token)
	s.must(err)
	c, err := s.node.Accounts.SessionCaller(s.Context(), session)
	s.must(err)
	return c
}

func TestAttemptsAndSignatures(t *testing.T) {
	each(t, func(s *site) {
		p, r := s.signIn(), newReceiver(s)
		base := p.newHook(r.URL)
		p.has("names", p.post(base+"/events", "revision", asJSON(s.sub(base).Revision), "name", "order.created"), 200)
		r.set(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600") // it is not tried again while the test looks
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("<b>short and stout</b>"))
		})
		s.happen(4817, &wire.OrderCreatedEvent{Description: "<script>alert(1)</script>"})
		s.attempted(base, 1)
		got := p.get(base)
		p.has("details", got, 200, "1 of the last 1 attempt failed: 1 × 418.", "1 event waiting", "#4817", `class="bad"`)
		p.has("waiting", p.get(base+"?show=waiting"), 200, "Waiting 1", "1 ×", "#4817")
		attempt := regexp.MustCompile(base[len(s.url):] + `/attempts/[\w-]+`).FindString(got.text)
		got = p.get(s.url + attempt)
		p.has("attempt", got, 200, "418 I&#39;m a teapot.", "No later attempt is logged", "attempt 1 of 1", "&lt;b&gt;short and stout&lt;/b&gt;", `\u003cscript\u003e`)
		if strings.Contains(got.text, "<script>alert") || strings.Contains(got.text, "<b>short") {
			t.Error("a text is not escaped")
		}
		p.has("resend in vain", p.post(s.url+attempt+"/resend"), 200, "was sent again, and was not received", "order.created, sent again")
		r.set(nil)
		p.has("resend", p.post(s.url+attempt+"/resend"), 200, "was sent again, and received", "200 OK.")
		p.has("no such attempt", p.get(base+"/attempts/nonsense"), 400, "is no id of an attempt")
		p.has("failed ones", p.get(base+"?show=failed"), 200, "418")

		header, body := r.newest()
		lines := ""
		for name := range header {
			lines += name + ": " + header.Get(name) + "\r\n"
		}
		id := asJSON(s.sub(base).ID)
		check := s.path("signature")
		p.has("the form, filled", p.get(check+"?webhook="+id+"&attempt="+url.QueryEscape(attempt[strings.LastIndex(attempt, "/")+1:])), 200, "webhook-signature: v1,", "order.created")
		p.has("valid", p.post(check, "webhook", id, "headers", lines, "body", body), 200, "The signature is valid.")
		p.has("changed", p.post(check, "webhook", id, "headers", lines, "body", strings.Replace(body, "order.created", "order.<b>", 1)), 200, "The signature is of another body", "order.&lt;b&gt;")
		p.has("no webhook", p.post(check, "webhook", "1", "headers", lines, "body", body), 400, "Choose the webhook")
		p.has("an attempt of no webhook", p.get(check+"?webhook=1&attempt=x"), 404)

		p.has("test", p.post(base+"/test", "event", "order.rejected"), 200, "order.rejected, a test", "The test was sent.")
		p.has("a test of nothing", p.post(base+"/test", "event", "order.eaten"), 400, "is no event name")
	})
}

func TestTheSecretIsForThoseWhoProveWhoTheyAre(t *testing.T) {
	s := start(t, "")
	base := s.signIn().newHook("https://pos.example.com/hook")
	p := s.signIn()
	s.must(s.node.DB.Write(s.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`update sessions set authenticated_at = authenticated_at - $1`, time.Hour.Microseconds())
		return err
	}))
	for _, act := range []string{"/secret/reveal", "/secret/rotate"} {
		got := p.post(base + act)
		if want := "/identity/login?return=" + url.QueryEscape(base[len(s.url):]+"/secret"); got.path != want {
			t.Errorf("%s leads to %s, want %s", act, got.path, want)
		}
		if strings.Contains(got.text, "whsec_") {
			t.Errorf("%s tells a secret", act)
		}
	}
}
