package portal_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"
)

var onceField = regexp.MustCompile(`action="([^"#]*)[^>]*><input type="hidden" name="once" value="([^"]+)"`)

// TestAFormSentTwiceMakesOne sends each form that makes something twice at the same moment, as somebody does without script who
// presses twice: both answers are of the same one thing. Another showing of the form, or other content, makes another.
func TestAFormSentTwiceMakesOne(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		at, list := s.path("apps", s.made.OAuthAppID), s.path("apps")
		once := func(page, action string) string {
			for _, m := range onceField.FindAllStringSubmatch(p.get(page).text, -1) {
				if strings.HasSuffix(m[1], action) {
					return m[2]
				}
			}
			t.Fatalf("%s has no form %s that counts once", page, action)
			return ""
		}
		twice := func(address string, pairs ...string) (first, second page) {
			var both sync.WaitGroup
			both.Go(func() { first = p.post(address, pairs...) })
			both.Go(func() { second = p.post(address, pairs...) })
			both.Wait()
			return first, second
		}
		count := func() (apps, hooks, tokens, brands int) {
			all, err := s.node.OAuth.Apps(t.Context(), s.owner(), s.made.AppID, "")
			s.must(err)
			_, hooks, err = s.node.Webhooks.Overviews(t.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, 1, 100)
			s.must(err)
			_, tokens, err = s.node.OAuth.Tokens(t.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID, 1, 100)
			s.must(err)
			_, brands, err = s.node.Accounts.Apps(t.Context(), s.owner(), "", 1, 100)
			s.must(err)
			return len(all), hooks, tokens, brands
		}
		apps, hooks, tokens, brands := count()

		for _, c := range []struct {
			name, page, action string
			pairs              []string
		}{
			{"an app", list + "/new", "/apps/new", []string{"oauthappname", "Twin"}},
			{"a webhook", at + "/webhooks/new", "/webhooks/new", []string{"callbackurl", "https://pos.example.com/hook"}},
			{"a brand", s.url + "/portal/new", "/portal/new", []string{"name", "Twin", "kind", "sandbox"}},
		} {
			pairs := append([]string{"once", once(c.page, c.action)}, c.pairs...)
			first, second := twice(c.page, pairs...)
			if first.status != 200 || first.path == "" || first.path != second.path {
				t.Errorf("%s sent twice leads to %d %s and %d %s", c.name, first.status, first.path, second.status, second.path)
			}
		}
		key := once(at, "/token")
		first, second := twice(at+"/token", "once", key)
		if one, two := found(accessToken, first.text), found(accessToken, second.text); one == "" || one != two {
			t.Errorf("the form of a token sent twice gives %q and %q", one, two)
		}
		before := found(secretKey, p.post(at+"/secret/reveal").text)
		key = once(at, "/secret/rotate")
		twice(at+"/secret/rotate", "once", key)
		if !s.granted(s.made.OAuthAppID, before) {
			t.Error("a rotation sent twice ends the key before")
		}
		if a, h, k, b := count(); a != apps+1 || h != hooks+1 || k != tokens+2 || b != brands+1 { // a token by the form, one by the key
			t.Errorf("made are %d apps, %d webhooks, %d tokens and %d brands", a-apps, h-hooks, k-tokens, b-brands)
		}

		key = once(list+"/new", "/apps/new")
		p.has("a name", p.post(list+"/new", "once", key, "oauthappname", "One"), 200, "One")
		p.has("after going back, another name", p.post(list+"/new", "once", key, "oauthappname", "Two"), 200, "Two")
		if a, _, _, _ := count(); a != apps+3 {
			t.Errorf("%d apps, want %d", a, apps+3)
		}
	})
}

// TestASecretOfAWebhookIsRotatedOnce sends the form twice: the secret before goes on signing.
func TestASecretOfAWebhookIsRotatedOnce(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		base := p.newHook("https://pos.example.com/hook")
		form := onceField.FindStringSubmatch(p.get(base + "/secret").text)
		revision := s.sub(base).Revision
		for range 2 {
			p.has("rotated", p.post(base+"/secret/rotate", "once", form[2]), 200, "There is a new signing secret")
		}
		if got := s.sub(base).Revision; got != revision+1 {
			t.Errorf("the webhook was changed %d times", got-revision)
		}
	})
}
