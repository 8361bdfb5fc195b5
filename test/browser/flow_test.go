package browser_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"comanda/demo"
	"comanda/internal/browsertest"
	"comanda/internal/client"
	"comanda/internal/db"
)

// hands are how somebody uses a page.
type hands interface {
	Press(selector string)      // what leads to another page
	Click(selector string)      // what does not
	Fill(name, text string)     // the field with a name
	Type(selector, text string) // more into a field
}

// keyboard is somebody without a mouse: the focus goes from one thing to the next, and is seen wherever it is.
type keyboard struct{ *browsertest.Tab }

// farthest is more than any page has that takes the focus.
const farthest = 150

// reach moves the focus to what a selector finds first.
func (k keyboard) reach(selector string) {
	k.Helper()
	k.See(selector)
	for range farthest {
		at := browsertest.Eval[struct{ There, Seen bool }](k.Tab, `(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			return {
				There: e === [...document.querySelectorAll(`+"`"+selector+"`"+`)].find(e => e.checkVisibility()),
				Seen: e === document.body || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || e.matches("input, select, textarea") && style.boxShadow !== "none",
			};
		})()`)
		if !at.Seen {
			k.Errorf("at %s something has the focus and does not show it: %s", k.URL(), browsertest.Eval[string](k.Tab, "document.activeElement.outerHTML"))
		}
		if at.There {
			return
		}
		k.Keys(kb.Tab)
	}
	k.Fatalf("at %s the keyboard does not get to %s", k.URL(), selector)
}

func (k keyboard) Press(selector string) { k.Helper(); k.reach(selector); k.Send(kb.Enter) }
func (k keyboard) Click(selector string) { k.Helper(); k.reach(selector); k.Keys(" ") }

func (k keyboard) Fill(name, text string) {
	k.Helper()
	k.reach(`[name="` + name + `"]`)
	k.Keys(text)
}

func (k keyboard) Type(selector, text string) {
	k.Helper()
	k.reach(selector)
	k.Keys(text)
}

// till is a developer's server with a mistake in it.
type till struct {
	*httptest.Server
	mu      sync.Mutex
	mended  bool
	header  http.Header // of the newest delivery
	body    string
	arrived chan struct{}
}

func newTill(t testing.TB) *till {
	x := &till{arrived: make(chan struct{}, 100)}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		x.mu.Lock()
		defer x.mu.Unlock()
		x.header, x.body = r.Header.Clone(), string(body)
		if !x.mended {
			w.Header().Set("Retry-After", "3600") // so that it waits for the person
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"bad signature"}`)
		}
		x.arrived <- struct{}{}
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *till) mend() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mended = true
}

// wait waits for a delivery.
func (x *till) wait(t testing.TB) (header http.Header, body string) {
	t.Helper()
	select {
	case <-x.arrived:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was sent to the till")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.header, x.body
}

// TestFromNothingToADeliveredWebhook is the way of a developer who has never been here: an account, a brand, an app, its
// secret, a token, a call, a webhook that fails, why, and the delivery. On a phone, at a desk by the keyboard alone, and there
// in a browser that runs no script.
func TestFromNothingToADeliveredWebhook(t *testing.T) {
	s := start(t, t.TempDir())
	for name, as := range map[string]struct {
		width   int64
		scripts bool
		try     bool // an operation in the reference, which needs scripts, and at the keyboard a hundred steps
		use     func(tab *browsertest.Tab) hands
	}{
		"phone":          {390, true, true, func(tab *browsertest.Tab) hands { return tab }},
		"keyboard":       {1280, true, false, func(tab *browsertest.Tab) hands { return keyboard{tab} }},
		"without script": {1280, false, false, func(tab *browsertest.Tab) hands { return tab }},
	} {
		t.Run(name, func(t *testing.T) {
			tab := browsertest.Open(t)
			tab.Size(as.width, 844)
			tab.Scripts(as.scripts)
			here := &site{TB: t, node: s.node, url: s.url}
			here.walk(tab, as.use(tab), as.try, strings.ReplaceAll(name, " ", "-")+"@till.example")
			for _, c := range tab.Complaints() {
				t.Error(c)
			}
		})
	}
}

// sessionsKept is longer than a server remembers a session that it has read.
const sessionsKept = 2 * time.Second

func (s *site) walk(tab *browsertest.Tab, h hands, try bool, email string) {
	s.Helper()
	says := func(selector string, texts ...string) string {
		s.Helper()
		got := tab.See(selector)
		for _, text := range texts {
			if !strings.Contains(got, text) {
				s.Fatalf("at %s, %s says %q, not %q", tab.URL(), selector, got, text)
			}
		}
		return got
	}

	tab.Goto(s.url + "/portal")
	h.Press(`a[href^="/identity/signup"]`)
	h.Fill("name", "Nuala Byrne")
	h.Fill("email", email)
	h.Fill("password", "correct horse battery")
	h.Press(".btn.red")
	h.Fill("pin", s.mailed(email))
	h.Press(".btn.red")
	says("h1", "New brand")
	s.must(s.node.DB.Write(s.Context(), func(tx *db.Tx) error { // an hour passes
		_, err := tx.Exec(`update sessions set authenticated_at = authenticated_at - 3600000000`)
		return err
	}))
	anHourLater := time.Now().Add(sessionsKept)
	h.Fill("name", "Till trial")
	h.Press(".btn.red")

	says("h1", "OAuth apps")
	h.Press(".btn.red")
	h.Fill("oauthappname", "Till sync")
	h.Press(".btn.red")
	app := tab.URL()
	appID, _, _ := strings.Cut(strings.TrimPrefix(app, s.url+"/portal/"), "/")
	time.Sleep(time.Until(anHourLater))
	h.Press(".btn.caps")
	says("h1", "Sign in again")
	h.Fill("password", "correct horse battery")
	h.Press(".btn.red")
	h.Press(".btn.caps")
	id, secret := says("#app-id"), says("#secret-key", "cmd_sk_")
	h.Press(".ticket .btn.red")
	token := says("#token", "cmd_at_")

	if try {
		tab.Goto(s.url + "/developers/reference")
		h.Press(".trybar form .btn")
		says("#token", "cmd_at_")
		tab.Try("Apps", "GetApps", "200 OK")
		tab.Until("the brand", `document.querySelector("[role=dialog]").textContent.includes('"`+appID+`"')`)
	}

	api := s.client(client.Config{Token: token})
	if _, _, err := demo.Shop(s.Context(), api, appID); err != nil {
		s.Fatalf("calls with the token: %v", err)
	}
	if _, err := s.client(client.Config{ID: id, Secret: secret}).Token(s.Context()); err != nil {
		s.Fatalf("a token for the app and its secret: %v", err)
	}

	broken := newTill(s)
	tab.Goto(s.url + "/portal/" + appID + "/webhooks")
	h.Press(".btn.red")
	h.Fill("callbackurl", broken.URL+"/comanda")
	h.Press(".btn.red")
	says("[role=status]", "The webhook is made")
	h.Press(".callout.warn a")
	h.Click(`[value="order.created"]`)
	h.Press(".btn.red")
	says("[role=status]", "event names are saved")
	hook := strings.TrimSuffix(tab.URL(), "?done=names")

	tab.Goto(s.url + "/portal/" + appID + "/sandbox")
	h.Press("main .btn.red")
	says("#placed", "Placed")
	header, body := broken.wait(s)
	s.failed(tab, hook)
	h.Press(".table td a")
	says(".drawer .callout.bad", "401 Unauthorized.", "bad signature")
	attempt := tab.URL()

	h.Press(`.drawer a[href*="/signature?"]`) // what the till was sent stands there; it checked what it had parsed
	h.Press(".btn.red")
	says("main [role=status]", "The signature is valid.")
	h.Type("#body", " ")
	h.Press(".btn.red")
	says("main [role=status]", "it was parsed and written again")

	broken.mend()
	tab.Goto(attempt)
	h.Press(".drawer form .btn")
	says(".drawer [role=status]", "was sent again, and received")
	again, same := broken.wait(s)
	if same != body || again.Get("Webhook-Id") != header.Get("Webhook-Id") {
		s.Errorf("what was sent again differs: %v and %v", again, header)
	}
}

// failed opens the page of a webhook until it shows an attempt that failed: they are logged a moment after the fact.
func (s *site) failed(tab *browsertest.Tab, hook string) {
	s.Helper()
	for range 200 {
		tab.Goto(hook)
		if browsertest.Eval[bool](tab, `!!document.querySelector(".table td .code-bad")`) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.Fatal("the attempt is not on the page")
}

// client calls the server as a program does.
func (s *site) client(c client.Config) *client.Client {
	s.Helper()
	c.Server, c.CAFile, c.Agent = s.url, s.node.CA.CAFile(), "Till sync"
	out, err := client.New(c)
	s.must(err)
	s.Cleanup(out.Close)
	return out
}

var mailedCode = regexp.MustCompile(`PIN is ([0-9]{6})`)

// mailed waits for the code in a message to an address.
func (s *site) mailed(address string) string {
	s.Helper()
	late, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	for ; late.Err() == nil; time.Sleep(20 * time.Millisecond) {
		for _, m := range s.node.Mailbox.Messages() {
			if found := mailedCode.FindStringSubmatch(m.Text); m.To == address && found != nil {
				return found[1]
			}
		}
	}
	s.Fatalf("no code was mailed to %s", address)
	return ""
}
