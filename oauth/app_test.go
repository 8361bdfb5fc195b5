package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

func TestANewAppHasTheContractsDefaults(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, secret := k.app(k.owner, " My  POS ")
		if len(id) != 22 || id[0] == '0' || strings.Trim(id, "0123456789") != "" {
			t.Fatalf("%q is no number of 22 digits", id)
		}
		if !strings.HasPrefix(secret, "cmd_sk_") || len(secret) != 50 {
			t.Fatal("the secret has another form")
		}
		a, err := k.App(ctx, k.owner, "BELLA", id)
		if err != nil || *a.OauthAppId != id || *a.OauthAppName != "My POS" || *a.OwnerUserId != k.owner.Account || *a.LogoUri != "" ||
			*a.Flow != wire.FlowHybrid || *a.RefreshTokenUsage != wire.RefreshTokenUsageOneTimeOnly || *a.AccessTokenLifetime != 3600 ||
			*a.AbsoluteRefreshTokenLifetime != 2592000 {
			t.Fatalf("%+v %v", a, err)
		}
		got, err := k.Secret(ctx, k.owner, "bella", id)
		if err != nil || got != secret {
			t.Fatalf("the revealed secret differs from the one that was made: %v", err)
		}
	})
}

func TestUpdateChangesOnlyWhatIsGiven(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, _ := k.app(k.owner, "POS")
		k.must(k.UpdateApp(ctx, k.owner, "bella", id, wire.OAuthApp{
			LogoUri: wire.P("https://example.com/logo.png"), Flow: wire.P(wire.FlowImplicit), AccessTokenLifetime: wire.P(120),
			OwnerUserId: wire.P(4711), OauthAppId: wire.P("123"),
		}))
		k.must(k.UpdateApp(ctx, k.owner, "bella", id, wire.OAuthApp{RefreshTokenUsage: wire.P(wire.RefreshTokenUsageReUse)}))
		a, err := k.App(ctx, k.owner, "bella", id)
		if err != nil || *a.OauthAppId != id || *a.OauthAppName != "POS" || *a.LogoUri != "https://example.com/logo.png" ||
			*a.Flow != wire.FlowImplicit || *a.AccessTokenLifetime != 120 || *a.RefreshTokenUsage != wire.RefreshTokenUsageReUse ||
			*a.OwnerUserId != k.owner.Account {
			t.Fatalf("%+v %v", a, err)
		}
	})
}

func TestBadAppsAreNamedAndNotStored(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	ctx := context.Background()
	id, _ := k.app(k.owner, "POS")
	name := func(o wire.OAuthApp) wire.OAuthApp {
		if o.OauthAppName == nil {
			o.OauthAppName = wire.P("Changed")
		}
		return o
	}
	for _, c := range []struct {
		field string
		in    wire.OAuthApp
	}{
		{"OauthAppName", wire.OAuthApp{OauthAppName: wire.P(" ")}},
		{"OauthAppName", wire.OAuthApp{OauthAppName: wire.P(strings.Repeat("x", 101))}},
		{"LogoUri", wire.OAuthApp{LogoUri: wire.P("javascript:alert(1)")}},
		{"LogoUri", wire.OAuthApp{LogoUri: wire.P("/logo.png")}},
		{"LogoUri", wire.OAuthApp{LogoUri: wire.P("http://example.com/logo.png")}},
		{"Flow", wire.OAuthApp{Flow: wire.P(wire.Flow("Device"))}},
		{"RefreshTokenUsage", wire.OAuthApp{RefreshTokenUsage: wire.P(wire.RefreshTokenUsage("Never"))}},
		{"AccessTokenLifetime", wire.OAuthApp{AccessTokenLifetime: wire.P(0)}},
		{"AccessTokenLifetime", wire.OAuthApp{AccessTokenLifetime: wire.P(-1)}},
		{"AccessTokenLifetime", wire.OAuthApp{AccessTokenLifetime: wire.P(maxAccessSeconds + 1)}},
		{"AbsoluteRefreshTokenLifetime", wire.OAuthApp{AbsoluteRefreshTokenLifetime: wire.P(1)}},
	} {
		wantField(t, k.UpdateApp(ctx, k.owner, "bella", id, name(c.in)), c.field)
		_, _, err := k.CreateApp(ctx, k.owner, "bella", name(c.in))
		wantField(t, err, c.field)
	}
	_, _, err := k.CreateApp(ctx, k.owner, "bella", wire.OAuthApp{})
	wantField(t, err, "OauthAppName")
	apps, err := k.Apps(ctx, k.owner, "bella", "")
	if err != nil || len(apps) != 1 || *apps[0].OauthAppName != "POS" {
		t.Fatalf("something was stored: %v %v", apps, err)
	}
}

// wantField fails unless err is an Invalid fault that names the field.
func wantField(t *testing.T, err error, field string) {
	t.Helper()
	f := (*fault.Error)(nil)
	if !errors.As(err, &f) || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != field {
		t.Errorf("got %v, want a fault of the field %s", err, field)
	}
}

func TestAppsAreListedByName(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		for _, n := range []string{"Till", "Driver app", "Loyalty APP"} {
			k.app(k.owner, n)
		}
		for filter, want := range map[string]string{"": "Till,Driver app,Loyalty APP", "app": "Driver app,Loyalty APP", "x": ""} {
			apps, err := k.Apps(context.Background(), k.owner, "bella", filter)
			var names []string
			for _, a := range apps {
				names = append(names, *a.OauthAppName)
			}
			if err != nil || strings.Join(names, ",") != want || apps == nil {
				t.Errorf("%q gives %v %v", filter, names, err)
			}
		}
	})
}

func TestDeletedAppsAreGone(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, secret := k.app(k.owner, "POS")
		token := k.token(id, secret)
		k.caller(token)
		var told atomic.Value
		k.OnDelete(func(_ *db.Tx, brand int, oauthAppID string) error {
			told.Store(fmt.Sprint(brand, oauthAppID))
			return nil
		})
		k.must(k.CheckApp(ctx, k.brand.ID, id))
		k.must(k.DeleteApp(ctx, k.owner, "bella", id))
		if told.Load() != fmt.Sprint(k.brand.ID, id) {
			t.Error("OnDelete was not called")
		}
		k.refused(k.Server, token)
		if a := k.post("grant_type=client_credentials", id, secret); a.status != 401 {
			t.Error(a)
		}
		for name, err := range map[string]error{
			"CheckApp": k.CheckApp(ctx, k.brand.ID, id),
			"Delete":   k.DeleteApp(ctx, k.owner, "bella", id),
			"Update":   k.UpdateApp(ctx, k.owner, "bella", id, wire.OAuthApp{}),
		} {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestARedirectURIMustBeExactAndSafe(t *testing.T) {
	for uri, ok := range map[string]bool{
		"https://example.com/callback":                     true,
		"https://example.com":                              true,
		"https://example.com:8443/cb?x=1&y=%20":            true,
		"http://localhost:3000":                            true,
		"http://127.0.0.1:5000/cb":                         true,
		"http://[::1]/cb":                                  true,
		"oob://localhost/wpf.webview.client":               true,
		"com.example.app:/oauth2redirect":                  true,
		"com.example.app://cb":                             true,
		"urn:ietf:wg:oauth:2.0:oob":                        true,
		"":                                                 false,
		"/callback":                                        false,
		"example.com/callback":                             false,
		"https://":                                         false,
		"https:///path":                                    false,
		"https:example.com":                                false,
		"https://example.com/#frag":                        false,
		"https://example.com/#":                            false,
		"https://*.example.com/":                           false,
		"https://user@example.com/":                        false,
		"https://u:p@example.com/":                         false,
		"https://example.com\\@evil.example":               false,
		"https://example.com/a b":                          false,
		"https://example.com/\n":                           false,
		" https://example.com/":                            false,
		"https://exämple.com/":                             false,
		"http://example.com/":                              false,
		"http://127.0.0.1.evil.example/":                   false,
		"http://localhost.evil.example/":                   false,
		"http://10.0.0.1/":                                 false,
		"javascript:alert(1)":                              false,
		"JavaScript:alert(1)":                              false,
		"java\tscript:alert(1)":                            false,
		"data:text/html,x":                                 false,
		"file:///etc/passwd":                               false,
		"vbscript:x":                                       false,
		"blob:https://example.com/x":                       false,
		"foo:":                                             false,
		"https://example.com/" + strings.Repeat("x", 2000): false,
	} {
		if wrong := checkRedirectURI(uri); (wrong == "") != ok {
			t.Errorf("%q: %q", uri, wrong)
		}
	}
}

func TestRedirectURIsAreKeptOnce(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, _ := k.app(k.owner, "POS")
		var ids [16]int
		parallel(16, func(i int) {
			u, err := k.AddRedirectURI(ctx, k.owner, "bella", id, "https://example.com/cb")
			if err != nil {
				t.Error(err)
			}
			ids[i] = u.Id
		})
		for _, got := range ids {
			if got != ids[0] || got == 0 {
				t.Fatalf("one URI has several ids: %v", ids)
			}
		}
		second, err := k.AddRedirectURI(ctx, k.owner, "bella", id, "oob://localhost/x")
		k.must(err)
		if _, err := k.AddRedirectURI(ctx, k.owner, "bella", id, "javascript:x"); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		list, err := k.RedirectURIs(ctx, k.owner, "bella", id)
		if err != nil || len(list) != 2 || list[1] != second || list[0].Uri != "https://example.com/cb" {
			t.Fatal(list, err)
		}
		k.must(k.RemoveRedirectURI(ctx, k.owner, "bella", id, ids[0]))
		if err := k.RemoveRedirectURI(ctx, k.owner, "bella", id, ids[0]); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		other, _ := k.app(k.owner, "Other")
		if err := k.RemoveRedirectURI(ctx, k.owner, "bella", other, second.Id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another app's URI was removed: %v", err)
		}
		for i := range maxRedirectURIs - 1 {
			if _, err := k.AddRedirectURI(ctx, k.owner, "bella", id, fmt.Sprintf("https://example.com/%d", i)); err != nil {
				t.Fatal(i, err)
			}
		}
		if _, err := k.AddRedirectURI(ctx, k.owner, "bella", id, "https://example.com/last"); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
		if _, err := k.AddRedirectURI(ctx, k.owner, "bella", id, "https://example.com/1"); err != nil {
			t.Errorf("one that is there is refused when the list is full: %v", err)
		}
	})
}

func TestTwoSecretsWorkWhileChangingOver(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, first := k.app(k.owner, "POS")
		rotate := func() string {
			s, err := k.RotateSecret(ctx, k.owner, "bella", id)
			k.must(err)
			return s
		}
		works := func(secret string) bool {
			return k.post("grant_type=client_credentials", id, secret).status == 200
		}
		second := rotate()
		if !works(first) || !works(second) {
			t.Fatal("both secrets must work after a rotation")
		}
		third := rotate()
		if works(first) || !works(second) || !works(third) {
			t.Fatal("the two newest secrets must work, and no other")
		}
		if got, err := k.Secret(ctx, k.owner, "bella", id); err != nil || got != third {
			t.Fatalf("not the newest secret is revealed: %v", err)
		}
		k.must(k.DropOldSecret(ctx, k.owner, "bella", id))
		if works(second) || !works(third) {
			t.Fatal("only the newest secret must work now")
		}
		parallel(8, func(int) { rotate() })
		var n int
		k.must(k.db.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select count(*) from oauth_secrets where oauth_app_id = $1`, id).Scan(&n)
		}))
		if n != 2 {
			t.Fatalf("%d secrets are live after parallel rotations", n)
		}
	})
}

// Which level may call what. outsider is a person without any level, foreign an owner of another brand.
func TestAccessByLevelAndMethod(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, _ := k.app(k.owner, "POS")
		const (
			develop = "Owner ManagedOwner Integrator"
			owners  = "Owner ManagedOwner"
		)
		methods := map[string]struct {
			who  string
			call func(c *account.Caller) error
		}{
			"Apps":        {develop, func(c *account.Caller) error { _, err := k.Apps(ctx, c, "bella", ""); return err }},
			"App":         {develop, func(c *account.Caller) error { _, err := k.App(ctx, c, "bella", id); return err }},
			"Update":      {develop, func(c *account.Caller) error { return k.UpdateApp(ctx, c, "bella", id, wire.OAuthApp{}) }},
			"LiveSecrets": {develop, func(c *account.Caller) error { _, err := k.LiveSecrets(ctx, c, "bella", id); return err }},
			"Create": {develop, func(c *account.Caller) error {
				_, _, err := k.CreateApp(ctx, c, "bella", wire.OAuthApp{OauthAppName: wire.P("x")})
				return err
			}},
			"Delete": {develop, func(c *account.Caller) error {
				victim, _ := k.app(k.owner, "victim")
				return k.DeleteApp(ctx, c, "bella", victim)
			}},
			"RedirectURIs": {develop, func(c *account.Caller) error { _, err := k.RedirectURIs(ctx, c, "bella", id); return err }},
			"AddRedirectURI": {develop, func(c *account.Caller) error {
				_, err := k.AddRedirectURI(ctx, c, "bella", id, "https://example.com/")
				return err
			}},
			"RemoveRedirectURI": {develop, func(c *account.Caller) error {
				u, err := k.AddRedirectURI(ctx, k.owner, "bella", id, "https://example.com/victim")
				k.must(err)
				return k.RemoveRedirectURI(ctx, c, "bella", id, u.Id)
			}},
			"Tokens":      {develop, func(c *account.Caller) error { _, _, err := k.Tokens(ctx, c, "bella", id, 1, 20); return err }},
			"AccessToken": {develop, func(c *account.Caller) error { _, err := k.AccessToken(ctx, c, "bella", id); return err }},
			"RevokeToken": {develop, func(c *account.Caller) error {
				_, err := k.AccessToken(ctx, k.owner, "bella", id)
				k.must(err)
				list, _, err := k.Tokens(ctx, k.owner, "bella", id, 1, 1)
				k.must(err)
				return k.RevokeToken(ctx, c, "bella", list[0].Key)
			}},
			"Secret":        {owners, func(c *account.Caller) error { _, err := k.Secret(ctx, c, "bella", id); return err }},
			"RotateSecret":  {owners, func(c *account.Caller) error { _, err := k.RotateSecret(ctx, c, "bella", id); return err }},
			"DropOldSecret": {owners, func(c *account.Caller) error { return k.DropOldSecret(ctx, c, "bella", id) }},
		}
		callers := map[string]*account.Caller{
			"outsider":  k.person("outsider@example.com"),
			"Anonymous": {},
		}
		foreign := k.person("foreign@example.com")
		_, err := k.accounts.CreateBrand(ctx, foreign, account.NewBrand{Name: "Foreign"})
		k.must(err)
		callers["foreign"] = k.again(foreign)
		for _, l := range []wire.AppAccessLevel{
			wire.AppAccessLevelOwner, wire.AppAccessLevelManagedOwner, wire.AppAccessLevelIntegrator, wire.AppAccessLevelStaffMember,
			wire.AppAccessLevelFinanceManger, wire.AppAccessLevelOnboarding, wire.AppAccessLevelSupport, wire.AppAccessLevelNone,
		} {
			callers[string(l)] = k.member(l)
		}
		for _, l := range []wire.AppAccessLevel{
			wire.AppAccessLevelPropertyOwner, wire.AppAccessLevelStoreOwner, wire.AppAccessLevelPropertyManager,
			wire.AppAccessLevelStoreManager, wire.AppAccessLevelStoreStaff, wire.AppAccessLevelStoreReadOnlyAccess,
		} {
			callers[string(l)] = k.member(l, 1)
		}
		callers["Owner of one store"] = &account.Caller{Kind: account.Person, Account: k.owner.Account, Grants: []account.Grant{
			{Brand: k.brand.ID, AppID: "bella", Level: wire.AppAccessLevelOwner, Stores: []int{1}},
		}}
		for level, c := range callers {
			for name, m := range methods {
				want := false
				for w := range strings.FieldsSeq(m.who) {
					want = want || w == level
				}
				err := m.call(c)
				if want && err != nil {
					t.Errorf("%s, %s: %v", level, name, err)
				}
				if !want && fault.KindOf(err) != fault.Forbidden {
					t.Errorf("%s, %s: got %v, want Forbidden", level, name, err)
				}
			}
		}
	})
}

func TestAnotherBrandsAppIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, _ := k.app(k.owner, "POS")
		eve := k.person("eve@example.com")
		_, err := k.accounts.CreateBrand(ctx, eve, account.NewBrand{Name: "Evil"})
		k.must(err)
		eve = k.again(eve)
		token, err := k.AccessToken(ctx, k.owner, "bella", id)
		k.must(err)
		list, _, err := k.Tokens(ctx, k.owner, "bella", id, 1, 1)
		k.must(err)
		for name, call := range map[string]func(id string) error{
			"App":           func(id string) error { _, err := k.App(ctx, eve, "evil", id); return err },
			"Update":        func(id string) error { return k.UpdateApp(ctx, eve, "evil", id, wire.OAuthApp{}) },
			"Delete":        func(id string) error { return k.DeleteApp(ctx, eve, "evil", id) },
			"Secret":        func(id string) error { _, err := k.Secret(ctx, eve, "evil", id); return err },
			"RotateSecret":  func(id string) error { _, err := k.RotateSecret(ctx, eve, "evil", id); return err },
			"DropOldSecret": func(id string) error { return k.DropOldSecret(ctx, eve, "evil", id) },
			"AccessToken":   func(id string) error { _, err := k.AccessToken(ctx, eve, "evil", id); return err },
			"Tokens":        func(id string) error { _, _, err := k.Tokens(ctx, eve, "evil", id, 1, 20); return err },
			"RedirectURIs":  func(id string) error { _, err := k.RedirectURIs(ctx, eve, "evil", id); return err },
			"AddRedirectURI": func(id string) error {
				_, err := k.AddRedirectURI(ctx, eve, "evil", id, "https://example.com/")
				return err
			},
			"RemoveRedirectURI": func(id string) error { return k.RemoveRedirectURI(ctx, eve, "evil", id, 1) },
		} {
			foreign, unknown := call(id), call("1234567890123456789012")
			if fault.KindOf(foreign) != fault.NotFound || unknown == nil || foreign.Error() != unknown.Error() {
				t.Errorf("%s: another brand's app gives %v, an unknown one %v", name, foreign, unknown)
			}
			if err := call("'; drop table oauth_apps; --\x00"); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: nonsense gives %v", name, err)
			}
		}
		if err := k.RevokeToken(ctx, eve, "evil", list[0].Key); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		k.caller(token)
	})
}

// Whoever comes by an app's secret in a browser has shown a short time ago who they are.
func TestSecretsNeedARecentSignIn(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, _ := k.app(k.owner, "POS")
		for ago, kind := range map[time.Duration]fault.Kind{time.Minute: -1, account.StepUp + time.Minute: fault.Forbidden} {
			c := *k.owner
			c.Authenticated = clock.Now().Add(-ago)
			_, reveal := k.Secret(ctx, &c, "bella", id)
			_, rotate := k.RotateSecret(ctx, &c, "bella", id)
			drop := k.DropOldSecret(ctx, &c, "bella", id)
			for _, err := range []error{reveal, rotate, drop} {
				if kind == -1 && err != nil || kind != -1 && fault.KindOf(err) != kind {
					t.Errorf("%s after the sign-in: %v", ago, err)
				}
			}
		}
	})
}
