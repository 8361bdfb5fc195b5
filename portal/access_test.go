package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"comanda/account"
	"comanda/portal"
	"comanda/wire"
)

// TestEveryPageAsksWhoIsThere opens every page and sends every form as nobody, as somebody of another brand, and as teammates
// without the right to the developer tools. None of them gets in, and nothing is told.
func TestEveryPageAsksWhoIsThere(t *testing.T) {
	each(t, func(s *site) {
		base := s.signIn().newHook("https://pos.example.com/hook")
		path := strings.NewReplacer(
			"{appId}", s.made.AppID, "{oauthAppId}", s.made.OAuthAppID, "{id}", base[strings.LastIndex(base, "/")+1:],
			"{attemptId}", "x", "{requestId}", "x", "{eventId}", "x", "{replayId}", "1",
		)
		stranger := s.person("rosa@casaroma.example")
		_, err := s.node.Accounts.CreateBrand(s.Context(), s.caller(stranger), account.NewBrand{Name: "Casa Roma"})
		s.must(err)
		refused := map[string]*person{"somebody of another brand": s.signInAs("rosa@casaroma.example")}
		for level, email := range map[wire.AppAccessLevel]string{
			wire.AppAccessLevelFinanceManger:       "finance@bellanapoli.example",
			wire.AppAccessLevelStoreStaff:          "staff@bellanapoli.example",
			wire.AppAccessLevelStoreReadOnlyAccess: "guest@bellanapoli.example",
		} {
			var stores []int
			if level != wire.AppAccessLevelFinanceManger {
				stores = []int{s.made.StoreID}
			}
			b, err := s.node.Accounts.Open(s.Context(), s.owner(), s.made.AppID, account.Develop)
			s.must(err)
			s.must(s.node.Accounts.SetMember(s.Context(), s.owner(), b.ID, s.person(email), level, stores))
			refused[string(level)] = s.signInAs(email)
		}
		nobody := &person{s, &http.Client{Transport: insecure()}}
		for _, pattern := range portal.Patterns() {
			method, at, _ := strings.Cut(path.Replace(pattern), " ")
			if strings.Contains(at, "{") {
				t.Fatalf("the test has no value for a part of %s", pattern)
			}
			var form url.Values
			if method == http.MethodPost {
				form = url.Values{}
			}
			if got := nobody.do(method, s.url+at, form); !strings.HasPrefix(got.path, "/identity/login?return=") {
				t.Errorf("%s as nobody leads to %s", pattern, got.path)
			}
			if at == "/portal/"+s.made.AppID { // open to whoever may read the brand
				continue
			}
			for who, p := range refused {
				if got := p.do(method, s.url+at, form); got.status != http.StatusForbidden || strings.Contains(got.text, "pos.example.com") {
					t.Errorf("%s as %s: %d %s", pattern, who, got.status, main(got.text))
				}
			}
		}
		if !s.sub(base).Enabled {
			t.Error("a refused form changed something")
		}
	})
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
