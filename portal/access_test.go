package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"comanda/account"
	"comanda/internal/db"
	"comanda/portal"
	"comanda/wire"
)

// levels are access levels by what they open in the portal, written down here once more, on purpose.
type levels []wire.AppAccessLevel

var (
	// owners hold the secrets of apps.
	owners = levels{wire.AppAccessLevelOwner, wire.AppAccessLevelManagedOwner}
	// developers have the developer tools.
	developers = append(levels{wire.AppAccessLevelIntegrator}, owners...)
	// members may know that the brand is there.
	members = append(levels{
		wire.AppAccessLevelPropertyOwner, wire.AppAccessLevelStoreOwner, wire.AppAccessLevelPropertyManager, wire.AppAccessLevelStoreManager,
		wire.AppAccessLevelStoreStaff, wire.AppAccessLevelStaffMember, wire.AppAccessLevelStoreReadOnlyAccess, wire.AppAccessLevelFinanceManger,
		wire.AppAccessLevelOnboarding, wire.AppAccessLevelSupport,
	}, developers...)
	// everyone is every level that there is.
	everyone = append(levels{wire.AppAccessLevelNone}, members...)
)

// ofStores are the levels that are given for stores only.
var ofStores = levels{
	wire.AppAccessLevelPropertyOwner, wire.AppAccessLevelStoreOwner, wire.AppAccessLevelPropertyManager, wire.AppAccessLevelStoreManager,
	wire.AppAccessLevelStoreStaff, wire.AppAccessLevelStoreReadOnlyAccess,
}

const (
	anApp  = "/portal/{appId}/apps/{oauthAppId}"
	aHook  = anApp + "/webhooks/{id}"
	anHTTP = "/portal/{appId}/logs"
)

// access is who gets into each page and action; the last ones take away what the others are about.
var access = []struct {
	pattern string
	who     levels
}{
	{"GET /portal/{appId}", members},
	{"GET /portal/{appId}/apps", developers},
	{"GET /portal/{appId}/apps/new", developers},
	{"POST /portal/{appId}/apps/new", developers},
	{"GET " + anApp, developers},
	{"POST " + anApp, developers},
	{"POST " + anApp + "/secret/reveal", owners},
	{"POST " + anApp + "/secret/rotate", owners},
	{"POST " + anApp + "/secret/drop", owners},
	{"POST " + anApp + "/logo", developers},
	{"POST " + anApp + "/uris", developers},
	{"POST " + anApp + "/uris/remove", developers},
	{"POST " + anApp + "/token", developers},
	{"POST " + anApp + "/tokens/revoke", developers},
	{"GET /portal/{appId}/webhooks", developers},
	{"GET /portal/{appId}/webhooks/new", developers},
	{"POST /portal/{appId}/webhooks/new", developers},
	{"GET " + anApp + "/webhooks", developers},
	{"GET " + anApp + "/webhooks/new", developers},
	{"POST " + anApp + "/webhooks/new", developers},
	{"GET " + aHook, developers},
	{"POST " + aHook + "/pause", developers},
	{"POST " + aHook + "/resume", developers},
	{"GET " + aHook + "/attempts/{attemptId}", developers},
	{"POST " + aHook + "/attempts/{attemptId}/resend", developers},
	{"GET " + aHook + "/events", developers},
	{"POST " + aHook + "/events", developers},
	{"GET " + aHook + "/settings", developers},
	{"POST " + aHook + "/settings", developers},
	{"POST " + aHook + "/delivery", developers},
	{"GET " + aHook + "/secret", developers},
	{"POST " + aHook + "/secret/reveal", developers},
	{"POST " + aHook + "/secret/rotate", developers},
	{"GET " + aHook + "/test", developers},
	{"POST " + aHook + "/test", developers},
	{"GET " + aHook + "/replays", developers},
	{"POST " + aHook + "/replays", developers},
	{"POST " + aHook + "/replays/{replayId}/cancel", developers},
	{"GET " + aHook + "/lost", developers},
	{"GET " + anHTTP, developers},
	{"GET " + anHTTP + "/{requestId}", developers},
	{"GET " + anApp + "/logs", developers},
	{"GET " + anApp + "/logs/{requestId}", developers},
	{"GET /portal/{appId}/events", developers},
	{"GET /portal/{appId}/events/{eventId}", developers},
	{"GET /portal/{appId}/sandbox", developers},
	{"POST /portal/{appId}/sandbox", developers},
	{"POST /portal/{appId}/sandbox/orders", developers},
	{"GET /portal/{appId}/signature", developers},
	{"POST /portal/{appId}/signature", developers},
	{"POST " + aHook + "/delete", developers},
	{"POST " + anApp + "/delete", developers},
}

// sent is what the forms of actions are filled with that would do something.
var sent = map[string]url.Values{
	"POST /portal/{appId}/apps/new":       {"oauthappname": {"Intruder"}},
	"POST " + anApp:                       {"oauthappname": {"Intruder"}, "accesstokenlifetime": {"600"}, "absoluterefreshtokenlifetime": {"600"}},
	"POST " + anApp + "/uris":             {"uri": {"https://intruder.example.com/"}},
	"POST /portal/{appId}/webhooks/new":   {"callbackurl": {"https://intruder.example.com/"}},
	"POST " + anApp + "/webhooks/new":     {"callbackurl": {"https://intruder.example.com/"}},
	"POST " + aHook + "/replays":          {"what": {"position"}, "fromposition": {"1"}},
	"POST /portal/{appId}/sandbox":        {"by": {"60"}},
	"POST /portal/{appId}/sandbox/orders": {"count": {"1"}},
}

func TestEveryPageIsInTheTableOfAccess(t *testing.T) {
	var have []string
	for _, a := range access {
		have = append(have, a.pattern)
	}
	want := portal.Patterns()
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("the table has\n%s\nand the portal\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// target is an app with a webhook, and where they stand.
type target struct{ app, hook string }

// path is the address of a pattern for it.
func (x target) path(brand, pattern string) (method, path string) {
	method, path, _ = strings.Cut(strings.NewReplacer(
		"{appId}", brand, "{oauthAppId}", x.app, "{id}", x.hook, "{attemptId}", "x", "{requestId}", "x", "{eventId}", "x", "{replayId}", "1",
	).Replace(pattern), " ")
	return method, path
}

func (s *site) target() target {
	s.Helper()
	id, _, err := s.node.OAuth.CreateApp(s.Context(), s.owner(), s.made.AppID, wire.OAuthApp{OauthAppName: wire.P("Bridge of Bella")})
	s.must(err)
	hook, err := s.node.Webhooks.Create(s.Context(), s.owner(), s.made.AppID, id, wire.WebhookSubscription{CallbackUrl: wire.P("https://pos.example.com/hook")})
	s.must(err)
	return target{id, fmt.Sprint(hook)}
}

// TestEveryPageAsksWhoIsThere opens every page and sends every form as nobody, as the owner of another brand, through their
// own brand too, and at every access level. Whoever is not meant is told nothing and changes nothing.
func TestEveryPageAsksWhoIsThere(t *testing.T) {
	each(t, func(s *site) {
		b, err := s.node.Accounts.Open(s.Context(), s.owner(), s.made.AppID, account.Develop)
		s.must(err)
		x := s.target()
		visit := func(p *person, brand, pattern string, of target) page {
			method, path := of.path(brand, pattern)
			var form url.Values
			if method == http.MethodPost {
				form = url.Values{}
				for name, v := range sent[pattern] {
					form[name] = v
				}
			}
			return p.do(method, s.url+path, form)
		}
		tells := func(got page) bool {
			return strings.Contains(got.text, "pos.example.com") || strings.Contains(got.text, "Bridge of Bella")
		}

		_, err = s.node.Accounts.CreateBrand(s.Context(), s.caller(s.person("rosa@casaroma.example")), account.NewBrand{Name: "Casa Roma", Sandbox: true})
		s.must(err)
		at := map[wire.AppAccessLevel]*person{}
		for i, level := range everyone {
			email := fmt.Sprintf("level%d@bellanapoli.example", i)
			var stores []int
			if slices.Contains(ofStores, level) {
				stores = []int{s.made.StoreID}
			}
			s.must(s.node.Accounts.SetMember(s.Context(), s.owner(), b.ID, s.person(email), level, stores))
			at[level] = s.signInAs(email)
		}
		nobody, rosa := &person{s, &http.Client{Transport: insecure()}}, s.signInAs("rosa@casaroma.example")

		before := s.state(b.ID, x)
		for _, a := range access {
			if got := visit(nobody, s.made.AppID, a.pattern, x); !strings.HasPrefix(got.path, "/identity/login?return=") || tells(got) {
				t.Errorf("%s as nobody leads to %s", a.pattern, got.path)
			}
			if got := visit(rosa, s.made.AppID, a.pattern, x); got.status != http.StatusForbidden || tells(got) {
				t.Errorf("%s as somebody of another brand: %d %s", a.pattern, got.status, main(got.text))
			}
			if strings.Contains(a.pattern, "{oauthAppId}") {
				if got := visit(rosa, "casa-roma", a.pattern, x); got.status != http.StatusNotFound || tells(got) {
					t.Errorf("%s through another brand: %d %s", a.pattern, got.status, main(got.text))
				}
			}
			for _, level := range everyone {
				if slices.Contains(a.who, level) {
					continue
				}
				if got := visit(at[level], s.made.AppID, a.pattern, x); got.status != http.StatusForbidden || tells(got) {
					t.Errorf("%s as %s: %d at %s: %s", a.pattern, level, got.status, got.path, main(got.text))
				}
			}
		}
		if after := s.state(b.ID, x); after != before {
			t.Errorf("what was refused changed something:\n%s\n%s", before, after)
		}

		for _, level := range members {
			own := s.target() // for each one, because they delete it in the end
			for _, a := range access {
				if !slices.Contains(a.who, level) {
					continue
				}
				if got := visit(at[level], s.made.AppID, a.pattern, own); got.status == http.StatusForbidden || got.status >= 500 || strings.HasPrefix(got.path, "/identity/") {
					t.Errorf("%s as %s: %d at %s: %s", a.pattern, level, got.status, got.path, main(got.text))
				}
			}
			if _, err := s.node.OAuth.App(s.Context(), s.owner(), s.made.AppID, own.app); (err == nil) == slices.Contains(developers, level) {
				t.Errorf("after all of it as %s the app: %v", level, err)
			}
		}
	})
}

// state is all that the forms of the portal can change: the log tells of every change of the business, and the rest is asked for.
func (s *site) state(brand int, x target) string {
	s.Helper()
	var out []any
	note := func(v any, err error) {
		s.Helper()
		s.must(err)
		out = append(out, v)
	}
	app, err := s.node.OAuth.App(s.Context(), s.owner(), s.made.AppID, x.app)
	note(app, err)
	uris, err := s.node.OAuth.RedirectURIs(s.Context(), s.owner(), s.made.AppID, x.app)
	note(uris, err)
	secret, err := s.node.OAuth.Secret(s.Context(), s.recent(), s.made.AppID, x.app)
	note(secret, err)
	apps, err := s.node.OAuth.Apps(s.Context(), s.owner(), s.made.AppID, "")
	note(apps, err)
	for _, a := range apps {
		tokens, total, err := s.node.OAuth.Tokens(s.Context(), s.owner(), s.made.AppID, wire.V(a.OauthAppId), 1, 100)
		note(tokens, err)
		note(total, nil)
	}
	hooks, _, err := s.node.Webhooks.Overviews(s.Context(), s.owner(), s.made.AppID, "", 1, 100)
	s.must(err)
	for _, h := range hooks {
		signing, err := s.node.Webhooks.Secret(s.Context(), s.recent(), s.made.AppID, h.OAuthApp, h.ID)
		note(signing, err)
		note([]any{h.Subscription.Revision, h.CallbackURL, h.Enabled, h.Groups(), h.EventNames()}, nil)
	}
	clock, err := s.node.Accounts.Clock(s.Context(), s.owner(), s.made.AppID)
	note(clock.OffsetSeconds, err)
	var events int
	s.must(s.node.DB.Read(s.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(`select count(*) from log_events where brand_id = $1`, brand).Scan(&events)
	}))
	note(events, nil)
	return asJSON(out)
}

// person signs somebody up and returns the account's id.
func (s *site) person(email string) int {
	s.Helper()
	id, err := s.node.Accounts.SignUp(s.Context(), &account.Caller{Kind: account.System}, account.NewAccount{Email: email, Password: password})
	s.must(err)
	return id
}

func (s *site) caller(id int) *account.Caller {
	s.Helper()
	c, err := s.node.Accounts.PersonCaller(s.Context(), id)
	s.must(err)
	return c
}
