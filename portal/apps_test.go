package portal_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"comanda/account"
	"comanda/internal/db"
	"comanda/wire"
)

var (
	secretKey   = regexp.MustCompile(`id="secret-key">(cmd_sk_[^<]+)<`)
	accessToken = regexp.MustCompile(`id="token">(cmd_at_[^<]+)<`)
)

// found is what a page shows of a pattern; empty = nothing.
func found(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// called asks the API for the brand with a token and returns the status.
func (s *site) called(token string) int {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"/api/v1.0/apps/"+s.made.AppID, nil)
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Client{Transport: insecure()}).Do(req)
	s.must(err)
	s.must(res.Body.Close())
	return res.StatusCode
}

// granted asks for a token with an App ID and a Secret Key and reports whether there is one.
func (s *site) granted(id, secret string) bool {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+"/identity/connect/token", strings.NewReader("grant_type=client_credentials"))
	s.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(id, secret)
	res, err := (&http.Client{Transport: insecure()}).Do(req)
	s.must(err)
	s.must(res.Body.Close())
	return res.StatusCode == http.StatusOK
}

// TestFormsOfAnApp goes through every form of an OAuth app without script.
func TestFormsOfAnApp(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		list := s.path("apps")
		p.has("the list", p.get(list), 200, "Till sync", s.made.OAuthAppID)
		p.has("a name of nothing", p.post(list+"/new", "oauthappname", " "), 400, `aria-invalid="true"`)
		p.has("a name too long", p.post(list+"/new", "oauthappname", strings.Repeat("x", 2000)), 400, `aria-invalid="true"`)
		made := p.post(list+"/new", "oauthappname", `<b>Rider</b>`)
		p.has("made", made, 200, "&lt;b&gt;Rider&lt;/b&gt;")
		at := s.url + made.path
		id := made.path[strings.LastIndex(made.path, "/")+1:]
		if strings.Contains(made.text, "cmd_sk_") {
			t.Error("the secret is shown before anybody asked")
		}

		first := found(secretKey, p.post(at+"/secret/reveal").text)
		if !s.granted(id, first) {
			t.Fatalf("the revealed secret %q is not the app's", first)
		}
		p.has("rotated", p.post(at+"/secret/rotate"), 200, "works beside it")
		second := found(secretKey, p.post(at+"/secret/reveal").text)
		if second == first || !s.granted(id, first) || !s.granted(id, second) {
			t.Error("after a rotation both secrets work, and the new one is shown")
		}
		p.has("two keys", p.get(at), 200, "Two keys work now", "End the old key")
		if got := p.post(at + "/secret/drop"); got.status != 200 || !strings.Contains(got.text, "Only the newest") || strings.Contains(got.text, "End the old key") {
			t.Errorf("the old one ended: %d %s", got.status, main(got.text))
		}
		if s.granted(id, first) || !s.granted(id, second) {
			t.Error("the old secret works, or the new one does not")
		}

		p.has("a bad URI", p.post(at+"/uris", "uri", `http://192.168.1.20/"return`), 400, `value="http://192.168.1.20/&#34;return"`, `id="uri-error"`)
		p.has("a URI", p.post(at+"/uris", "uri", "https://rider.example.com/return"), 200, "https://rider.example.com/return", "is added")
		uris, err := s.node.OAuth.RedirectURIs(t.Context(), s.owner(), s.made.AppID, id)
		s.must(err)
		p.has("a URI removed", p.post(at+"/uris/remove", "uri", asJSON(uris[0].Id)), 200, "is removed")
		p.has("no URI", p.post(at+"/uris/remove", "uri", "x"), 404, "not there any more")

		settings := []string{
			"oauthappname", "Rider board", "logouri", "https://rider.example.com/logo.png", "flow", "AuthorizationCode",
			"refreshtokenusage", "ReUse", "accesstokenlifetime", "600", "absoluterefreshtokenlifetime", "86400",
		}
		p.has("settings", p.post(at, settings...), 200, "Rider board", "changes are saved", `value="600"`)
		app, err := s.node.OAuth.App(t.Context(), s.owner(), s.made.AppID, id)
		s.must(err)
		if wire.V(app.Flow) != wire.FlowAuthorizationCode || wire.V(app.RefreshTokenUsage) != wire.RefreshTokenUsageReUse || wire.V(app.AbsoluteRefreshTokenLifetime) != 86400 {
			t.Errorf("saved %s", asJSON(app))
		}
		for _, c := range [][2]string{{"accesstokenlifetime", "soon"}, {"accesstokenlifetime", "-1"}, {"logouri", "javascript:alert(1)"}, {"oauthappname", ""}} {
			wrong := append([]string{}, settings...)
			for i := 0; i < len(wrong); i += 2 {
				if wrong[i] == c[0] {
					wrong[i+1] = c[1]
				}
			}
			p.has(c[0]+"="+c[1], p.post(at, wrong...), 400, `id="`+c[0]+`-error"`)
		}

		for _, of := range []string{"flow", "refreshtokenusage"} { // choices that the page does not offer
			wrong := append([]string{}, settings...)
			for j := 0; j < len(wrong); j += 2 {
				if wrong[j] == of {
					wrong[j+1] = "Magic"
				}
			}
			p.has(of, p.post(at, wrong...), 400, "is none of")
		}

		token := found(accessToken, p.post(at+"/token").text)
		if got := s.called(token); got != http.StatusOK {
			t.Fatalf("a call with the new token: %d", got)
		}
		shown := p.get(at)
		if strings.Contains(shown.text, token) {
			t.Error("the token is shown again")
		}
		p.has("its row", shown, 200, "Works until", "The app itself", "<code>api</code>", "Revoke")
		key := found(regexp.MustCompile(`name="key" value="([^"]+)"`), shown.text)
		p.has("revoked", p.post(at+"/tokens/revoke", "key", key), 200, "is revoked")
		p.has("revoked again", p.post(at+"/tokens/revoke", "key", key), 200, "is revoked")
		for range 21 {
			p.post(at + "/token")
		}
		p.has("the first tokens", p.get(at), 200, "?page=2")
		p.has("the others", p.get(at+"?page=2"), 200, "Revoke", "?page=1")

		p.has("deleted", p.post(at+"/delete"), 200, "The app is deleted")
		p.has("gone", p.get(at), 404)
	})
}

// TestTwoTabsOfAnApp edits one app in two tabs: who comes second sees both versions, and what they typed is not lost. A form that
// is sent twice is no quarrel.
func TestTwoTabsOfAnApp(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		at := s.path("apps", s.made.OAuthAppID)
		settings := func(revision, name, lifetime string) []string {
			return []string{
				"revision", revision, "oauthappname", name, "logouri", "", "flow", "Hybrid", "refreshtokenusage", "OneTimeOnly",
				"accesstokenlifetime", lifetime, "absoluterefreshtokenlifetime", "2592000",
			}
		}
		revisions := regexp.MustCompile(`name="revision" value="(\d+)"`)
		seen := func(text string) (uris, app string) {
			all := revisions.FindAllStringSubmatch(text, -1)
			return all[0][1], all[len(all)-1][1]
		}
		uris, app := seen(p.get(at).text)
		p.has("the secret is rotated meanwhile", p.post(at+"/secret/rotate"), 200)
		p.has("a first URI", p.post(at+"/uris", "revision", uris, "uri", "https://a.example.com/"), 200, "is added")
		for _, what := range []string{"the first tab", "sent twice"} {
			p.has(what, p.post(at, settings(app, "Rider board", "600")...), 200, "changes are saved", "Rider board")
		}
		got := p.post(at, settings(app, "Till <two>", "3600")...)
		p.has("the second tab", got, 409, "Somebody else saved this form", `value="Till &lt;two&gt;"`, "Saved meanwhile: Rider board", "Saved meanwhile: 600")
		if strings.Contains(got.text, "Saved meanwhile: Hybrid") {
			t.Error("what does not differ is shown as changed")
		}
		_, app = seen(got.text)
		p.has("replaced", p.post(at, settings(app, "Till two", "3600")...), 200, "changes are saved", "Till two")

		p.has("the same URI sent twice", p.post(at+"/uris", "revision", uris, "uri", "https://a.example.com/"), 200, "is added")
		got = p.post(at+"/uris", "revision", uris, "uri", "https://b.example.com/")
		p.has("a URI of an old list", got, 409, "Somebody else changed the redirect URIs", `value="https://b.example.com/"`, ">https://a.example.com/<")
		list, err := s.node.OAuth.RedirectURIs(t.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID)
		s.must(err)
		p.has("removed of an old list", p.post(at+"/uris/remove", "revision", uris, "uri", asJSON(list[0].Id)), 409, "Somebody else changed the redirect URIs", "Remove it again")
		uris, _ = seen(got.text)
		p.has("again", p.post(at+"/uris", "revision", uris, "uri", "https://b.example.com/"), 200, "is added")
	})
}

// TestRedirectURIsThatAreNone sends what an app could be attacked by, or would never match, to its page.
func TestRedirectURIsThatAreNone(t *testing.T) {
	s := start(t, "")
	p, at := s.signIn(), s.path("apps", s.made.OAuthAppID)
	for _, c := range []struct{ uri, says string }{
		{"", "absolute URI"},
		{"rider", "absolute URI"},
		{"/return", "absolute URI"},
		{"//rider.example.com/return", "absolute URI"},
		{"://rider", "absolute URI"},
		{"https://", "needs a host"},
		{"https:rider.example.com", "needs a host"},
		{"javascript:alert(1)", "scheme javascript is not allowed"},
		{"JavaScript://rider.example.com/%0aalert(1)", "scheme javascript is not allowed"},
		{"data:text/html,hello", "scheme data is not allowed"},
		{"vbscript:x", "scheme vbscript is not allowed"},
		{"file:///etc/passwd", "scheme file is not allowed"},
		{"blob:https://rider.example.com/1", "scheme blob is not allowed"},
		{"about:blank", "scheme about is not allowed"},
		{"ftp://rider.example.com/return", "scheme ftp is not allowed"},
		{"http://rider.example.com/return", "loopback addresses"},
		{"http://192.168.1.20/return", "loopback addresses"},
		{"http://127.0.0.1.rider.example.com/return", "loopback addresses"},
		{"http://localhost.rider.example.com/return", "loopback addresses"},
		{"https://nuala@rider.example.com/return", "no user name"},
		{"https://nuala:secret@rider.example.com/return", "no user name"},
		{"https://rider.example.com/return#token", "no fragment"},
		{"https://*.example.com/return", "no wildcards"},
		{"https://rider.example.com/a b", "blanks"},
		{"https://rider.example.com\\@intruder.example/", "special characters"},
		{"https://rider.example.com/é", "special characters"},
		{"https://rider.example.com/\r\nLocation:x", "special characters"},
		{"https://rider.example.com/" + strings.Repeat("x", 2000), "2000 characters at most"},
	} {
		p.has(c.uri, p.post(at+"/uris", "uri", c.uri), 400, `id="uri-error"`, c.says)
	}
	uris, err := s.node.OAuth.RedirectURIs(t.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID)
	s.must(err)
	if len(uris) > 0 {
		t.Errorf("added are %s", asJSON(uris))
	}
	for _, good := range []string{"https://rider.example.com/return?from=comanda", "http://127.0.0.1:4711/return", "http://localhost/return", "com.example.rider:/return"} {
		p.has(good, p.post(at+"/uris", "uri", good), 200, "is added")
	}
}

// TestSecretsAreShownToWhoProvedWhoTheyAre signs in long ago.
func TestSecretsAreShownToWhoProvedWhoTheyAre(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		s.must(s.node.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`update sessions set authenticated_at = 1`)
			return err
		}))
		at := s.path("apps", s.made.OAuthAppID)
		for _, form := range []string{"/secret/reveal", "/secret/rotate", "/secret/drop"} {
			if got := p.post(at + form); !strings.HasPrefix(got.path, "/identity/login?return=") || strings.Contains(got.text, "cmd_sk_") {
				t.Errorf("%s leads to %s", form, got.path)
			}
		}
	})
}

// TestOnlyOwnersAreOfferedTheSecret opens the page as somebody who may do all the rest of it.
func TestOnlyOwnersAreOfferedTheSecret(t *testing.T) {
	each(t, func(s *site) {
		b, err := s.node.Accounts.Open(s.Context(), s.owner(), s.made.AppID, account.Develop)
		s.must(err)
		s.must(s.node.Accounts.SetMember(s.Context(), s.owner(), b.ID, s.person("dev@bellanapoli.example"), wire.AppAccessLevelIntegrator, nil))
		p := s.signInAs("dev@bellanapoli.example")
		at := s.path("apps", s.made.OAuthAppID)
		got := p.get(at)
		p.has("the page", got, 200, "Owners of this brand can reveal it", "Request token")
		if strings.Contains(got.text, "/secret/") {
			t.Error("the page offers what is refused")
		}
		for _, form := range []string{"/secret/reveal", "/secret/rotate", "/secret/drop"} {
			p.has(form, p.post(at+form), 403, "You may not do this")
		}
		p.has("a token", p.post(at+"/token"), 200, "New token")
	})
}

// TestAnAppGetsItsFirstToken goes the way of the guide at a keyboard: OAuth apps, Add New, a name, Create, the secret, a token.
func TestAnAppGetsItsFirstToken(t *testing.T) {
	s := start(t, "")
	tab := s.browse()
	tab.Goto(s.path())
	tab.Look("apps")
	tab.Press(".btn.red")
	tab.Look("app-new")
	tab.Fill("oauthappname", "Rider board")
	tab.Press(".btn.red")
	tab.Look("app")
	tab.Press(".btn.caps")
	if secret := tab.See("#secret-key"); !strings.HasPrefix(secret, "cmd_sk_") {
		t.Errorf("revealed %q", secret)
	}
	tab.Look("app-secret")
	tab.Press(".ticket .btn.red")
	token := tab.See("#token")
	if got := s.called(token); got != http.StatusOK {
		t.Errorf("a call with %q: %d", token, got)
	}
	tab.Look("app-token")
}
