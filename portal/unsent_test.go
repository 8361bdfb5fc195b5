package portal_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"comanda/internal/browsertest"
	"comanda/wire"
)

// sendSignedOut sends a form from a page after the owner's sessions ended, signs in by password and returns the page at which
// that ends.
func (p *person) sendSignedOut(from, action string, form url.Values) page {
	p.Helper()
	p.must(p.node.Accounts.EndOtherSessions(p.Context(), p.owner(), ""))
	req, err := http.NewRequestWithContext(p.Context(), http.MethodPost, action, strings.NewReader(form.Encode()))
	p.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Referer", from)
	res, err := p.client.Do(req)
	p.must(err)
	p.must(res.Body.Close())
	back := res.Request.URL.Query().Get("return")
	if want := from[len(p.url):]; back != want {
		p.Fatalf("a sign-in leads back to %q, want %q", back, want)
	}
	p.has("the sign-in", p.get(res.Request.URL.String()), 200, "You were signed out before this was sent")
	return p.post(p.url+"/identity/login", "email", ownerEmail, "password", password, "return", back)
}

// TestASessionEndsWhileAFormIsFilledIn sends forms of every kind after the session ended: after the sign-in the page shows the form
// as it was typed, once, and sending it again does what it is for.
func TestASessionEndsWhileAFormIsFilledIn(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		list, at := s.path("apps"), s.path("apps", s.made.OAuthAppID)
		got := p.sendSignedOut(list+"/new", list+"/new", url.Values{"oauthappname": {`Rider "<b>"`}})
		p.has("the form again", got, 200, "signed out before this was saved. What you typed stands here", `value="Rider &#34;&lt;b&gt;&#34;"`)
		if apps, err := s.node.OAuth.Apps(t.Context(), s.owner(), s.made.AppID, "Rider"); err != nil || len(apps) != 0 {
			t.Errorf("somebody who was signed out made %d apps, %v", len(apps), err)
		}
		if again := p.get(list + "/new"); strings.Contains(again.text, "signed out") || strings.Contains(again.text, "Rider") {
			t.Error("the form is shown twice")
		}

		got = p.sendSignedOut(s.url+"/portal/new", s.url+"/portal/new", url.Values{"name": {"Casa"}, "countryid": {"DE"}, "kind": {"live"}})
		p.has("choices", got, 200, `value="Casa"`, `value="DE" selected=""`, `value="live" checked=""`)
		if strings.Contains(got.text, `value="sandbox" checked`) {
			t.Error("two choices of one are made")
		}

		hook := p.newHook("https://pos.example.com/hook")
		got = p.sendSignedOut(hook+"/events", hook+"/events", url.Values{"revision": {"77"}, "name": {"order.created", "order.rejected"}})
		p.has("ticks", got, 200, `value="order.created" checked=""`, `value="order.rejected" checked=""`, `name="revision" value="77"`)

		check := s.path("signature")
		got = p.sendSignedOut(check, check, url.Values{"headers": {"webhook-id: 1\r\n"}, "body": {"{\"a\": \"</textarea>\"}"}})
		p.has("texts", got, 200, "webhook-id: 1", `{&#34;a&#34;: &#34;&lt;/textarea&gt;&#34;}`)
		var noise strings.Builder // it does not get shorter when it is packed
		for range 200 {
			noise.WriteString(rand.Text())
		}
		got = p.sendSignedOut(check, check, url.Values{"body": {noise.String()}})
		p.has("too long to keep", got, 200, "Please fill it in again")

		got = p.sendSignedOut(at, at+"/secret/rotate", url.Values{})
		p.has("a button", got, 200, "nothing was changed. Please do it again", `<details class="sure" open="">`)
		p.has("gone meanwhile", p.sendSignedOut(list, list+"/x/delete", url.Values{}), 200, "nothing was changed. Please do it again")
	})
}

// TestWhatComesBetweenFits looks at what somebody sees who was signed out over a form, and who edits in two tabs.
func TestWhatComesBetweenFits(t *testing.T) {
	s := start(t, "")
	tab := s.browse()
	at := s.path("apps", s.made.OAuthAppID)
	tab.Goto(at)
	name := "Rider board"
	s.must(s.node.OAuth.UpdateApp(t.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, wire.OAuthApp{OauthAppName: &name}))
	tab.Fill("accesstokenlifetime", "600")
	s.must(s.node.Accounts.EndOtherSessions(t.Context(), s.owner(), ""))
	tab.Press(`form[action$="` + s.made.OAuthAppID + `"] .btn`)
	tab.Look("signed-out")
	tab.Fill("email", ownerEmail)
	tab.Fill("password", password)
	tab.Press(".btn.red")
	tab.Until("the cursor", `document.activeElement.name`)
	if got := browsertest.Eval[string](tab, `document.activeElement.name + " " + document.getElementsByName("accesstokenlifetime")[0].value`); got != "oauthappname 600" {
		t.Errorf("the cursor and what was typed: %s", got)
	}
	tab.Look("signed-in-again")
	tab.Press(`form[action$="` + s.made.OAuthAppID + `"] .btn`)
	tab.See(".err")
	tab.Complaints() // Chromium tells of the 409
	tab.Look("two-tabs")
}
