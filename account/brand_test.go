package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

// newBrand makes a brand owned by a new person, who is returned with the right to it.
func newBrand(t *testing.T, a *account.Accounts, name string) (*account.Caller, account.Brand) {
	t.Helper()
	ada := signUp(t, a, strings.ToLower(strings.ReplaceAll(name, " ", "."))+"@example.com")
	b, err := a.CreateBrand(context.Background(), ada, account.NewBrand{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return person(t, a, ada.Account), b
}

// logged returns the bodies of a brand's events with a name, oldest first.
func logged(t *testing.T, d *db.DB, brand int, name string) []map[string]any {
	t.Helper()
	var out []map[string]any
	err := d.Read(context.Background(), func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`select body from log_events where brand_id = $1 and name = $2 order by position`, brand, name)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var body string
			var m map[string]any
			if err := rows.Scan(&body); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(body), &m); err != nil {
				return err
			}
			out = append(out, m)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBrandsOfOneNameGetDifferentAppIDs(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ada := signUp(t, a, "ada@example.com")
		var mu sync.Mutex
		ids, brands := map[string]int{}, map[int]bool{}
		parallel(64, func(i int) {
			name := "Bella Napoli"
			if i%2 == 1 {
				name = "BELLA   napoli"
			}
			b, err := a.CreateBrand(context.Background(), ada, account.NewBrand{Name: name})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[strings.ToLower(b.AppID)]++
			brands[b.ID] = true
		})
		if len(ids) != 64 || len(brands) != 64 || ids["bella-napoli"] != 1 {
			t.Fatalf("64 brands have %d appIds and %d ids", len(ids), len(brands))
		}
		for id := range brands {
			if n := len(logged(t, d, id, "app.created")); n != 1 {
				t.Fatalf("brand %d has %d app.created events", id, n)
			}
		}
		if n := len(person(t, a, ada.Account).Grants); n != 64 {
			t.Fatalf("the creator owns %d of them", n)
		}
	})
}

func TestAppIDsAreNumberedAndNeverReserved(t *testing.T) {
	d := dbtest.SQLite(t)
	a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
	ada := signUp(t, a, "ada@example.com")
	for _, c := range [][2]string{{"Orders", "orders-2"}, {"orders!", "orders-3"}, {"2024", "2024-2"}, {"寿司", "brand"}, {"すし", "brand-2"}} {
		b, err := a.CreateBrand(context.Background(), ada, account.NewBrand{Name: c[0]})
		if err != nil || b.AppID != c[1] {
			t.Errorf("%q is %q, want %q (%v)", c[0], b.AppID, c[1], err)
		}
	}
}

func TestCreatedEventNamesBrandAndActor(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ada := signUp(t, a, "ada@example.com")
		ada.IP = "192.0.2.7"
		b, err := a.CreateBrand(context.Background(), ada, account.NewBrand{Name: "Bella", CountryID: "gb"})
		if err != nil {
			t.Fatal(err)
		}
		e := logged(t, d, b.ID, "app.created")[0]
		user := e["User"].(map[string]any)
		if e["AppId"] != "bella" || e["AppName"] != "Bella" || e["CountryId"] != "GB" || e["IpAddress"] != "192.0.2.7" ||
			e["AccountId"] != fmt.Sprint(ada.Account) || user["UserEmail"] != "ada@example.com" || e["Description"] != "ada created the brand Bella (bella)." {
			t.Fatalf("%v", e)
		}
	})
}

func TestOnlyAPersonMakesABrand(t *testing.T) {
	d := dbtest.SQLite(t)
	a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
	ada := signUp(t, a, "ada@example.com")
	ctx := context.Background()
	for name, c := range map[string]*account.Caller{
		"nobody":              {},
		"an app":              {Kind: account.App, Account: ada.Account, OAuthApp: "1"},
		"a delegated token":   {Kind: account.Person, Account: ada.Account, OAuthApp: "1"},
		"System for no owner": system,
	} {
		if _, err := a.CreateBrand(ctx, c, account.NewBrand{Name: "X"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.CreateBrand(ctx, system, account.NewBrand{Name: "X", Owner: 4711}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an owner who is not there: %v", err)
	}
	if _, err := a.CreateBrand(ctx, system, account.NewBrand{Name: "X", Owner: ada.Account, Sandbox: true}); err != nil {
		t.Error(err)
	}
	for name, n := range map[string]account.NewBrand{"Name": {Name: " "}, "CountryId": {Name: "X", CountryID: "XX"}} {
		_, err := a.CreateBrand(ctx, ada, n)
		wantField(t, err, name)
	}
	_, err := a.CreateBrand(ctx, ada, account.NewBrand{Name: strings.Repeat("é", 101)})
	wantField(t, err, "Name")
}

// Who may do what, with the levels that differ.
func TestAccessByLevelAndMethod(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		owner, b := newBrand(t, a, "Bella")
		methods := map[string]func(c *account.Caller) error{
			"App":     func(c *account.Caller) error { _, err := a.App(ctx, c, b.AppID); return err },
			"AppName": func(c *account.Caller) error { _, err := a.AppName(ctx, c, b.AppID); return err },
			"SetConfig": func(c *account.Caller) error {
				_, err := a.SetConfig(ctx, c, b.AppID, wire.AppConfigUpdateModel{MainColor: wire.P("#fff")})
				return err
			},
			"SetLanguages": func(c *account.Caller) error {
				_, err := a.SetLanguages(ctx, c, b.AppID, []wire.Language{{LanguageId: "en", Enabled: true}})
				return err
			},
			"SetLogo": func(c *account.Caller) error { _, err := a.SetLogo(ctx, c, b.AppID, picture(t, "png", 1)); return err },
			"SetMember": func(c *account.Caller) error {
				return a.SetMember(ctx, c, b.ID, owner.Account, wire.AppAccessLevelOwner, nil)
			},
		}
		read := map[string]bool{"App": true, "AppName": true}
		for _, level := range []wire.AppAccessLevel{
			wire.AppAccessLevelOwner, wire.AppAccessLevelManagedOwner, wire.AppAccessLevelStoreOwner, wire.AppAccessLevelPropertyOwner,
			wire.AppAccessLevelIntegrator, wire.AppAccessLevelStoreManager, wire.AppAccessLevelStoreStaff, wire.AppAccessLevelStaffMember,
			wire.AppAccessLevelStoreReadOnlyAccess, wire.AppAccessLevelFinanceManger, wire.AppAccessLevelOnboarding,
			wire.AppAccessLevelSupport, wire.AppAccessLevelNone, "outsider",
		} {
			c := signUp(t, a, strings.ToLower(string(level))+"@example.com")
			if level != "outsider" {
				if err := a.SetMember(ctx, owner, b.ID, c.Account, level, []int{1}); err != nil {
					t.Fatal(level, err)
				}
				if level == wire.AppAccessLevelOwner || level == wire.AppAccessLevelManagedOwner {
					if err := a.SetMember(ctx, owner, b.ID, c.Account, level, nil); err != nil {
						t.Fatal(level, err)
					}
				}
				c = person(t, a, c.Account)
			}
			for name, call := range methods {
				want := level == wire.AppAccessLevelOwner || level == wire.AppAccessLevelManagedOwner ||
					read[name] && level != wire.AppAccessLevelNone && level != "outsider"
				err := call(c)
				if want && err != nil {
					t.Errorf("%s %s: %v", level, name, err)
				}
				if k := fault.KindOf(err); !want && k != fault.Forbidden && (k != fault.NotFound || name != "SetMember") {
					t.Errorf("%s %s: got %v, want a refusal", level, name, err)
				}
			}
		}
	})
}

func TestSetConfigChangesOnlyWhatIsGiven(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada, b := newBrand(t, a, "Bella")
		app, err := a.SetConfig(ctx, ada, b.AppID, wire.AppConfigUpdateModel{Name: wire.P("Bella Due"), MainColor: wire.P("#1a2b3c"), CountryId: wire.P("it")})
		if err != nil || app.Name != "Bella Due" || app.MainColor != "#1a2b3c" || app.CountryId != "IT" || app.AppId != "bella" {
			t.Fatalf("%+v %v", app, err)
		}
		app, err = a.SetConfig(ctx, ada, b.AppID, wire.AppConfigUpdateModel{HostName: wire.P("Order.Bella.example"), IsPanaceaEnabled: wire.P(true)})
		if err != nil || app.Name != "Bella Due" || app.MainColor != "#1a2b3c" || app.HostName != "order.bella.example" || !app.IsPanaceaEnabled {
			t.Fatalf("%+v %v", app, err)
		}
		if app, err = a.SetConfig(ctx, ada, b.AppID, wire.AppConfigUpdateModel{MainColor: wire.P("")}); err != nil || app.MainColor != "" {
			t.Fatalf("an empty text does not clear: %+v %v", app, err)
		}
		if _, err = a.SetConfig(ctx, ada, b.AppID, wire.AppConfigUpdateModel{Name: wire.P("Bella Due")}); err != nil {
			t.Fatal(err)
		}
		events := logged(t, d, b.ID, "app.updated")
		if len(events) != 3 {
			t.Fatalf("%d events for three changes and a call that changed nothing", len(events))
		}
		if got := events[0]["Changes"]; got != `Name: "Bella" → "Bella Due"; MainColor: "" → "#1a2b3c"; CountryId: "IE" → "IT"` {
			t.Error(got)
		}
		inside := events[1]["App"].(map[string]any)
		if inside["HostName"] != "order.bella.example" || inside["AppId"] != "bella" || inside["AppAccessLevel"] != "None" {
			t.Error(inside)
		}
	})
}

func TestParallelChangesOfDifferentSettingsAllCount(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada, b := newBrand(t, a, "Bella")
		changes := []wire.AppConfigUpdateModel{
			{MainColor: wire.P("#111")},
			{KioskPrimaryColour: wire.P("#222")},
			{HostName: wire.P("a.example")},
			{PanaceaVanityUrl: wire.P("bella")},
			{CookieConsentPromptEnabled: wire.P(true)},
		}
		parallel(len(changes), func(i int) {
			if _, err := a.SetConfig(ctx, ada, b.AppID, changes[i]); err != nil {
				t.Error(err)
			}
		})
		app, err := a.App(ctx, ada, b.AppID)
		if err != nil || app.MainColor != "#111" || app.KioskPrimaryColour != "#222" || app.HostName != "a.example" ||
			app.PanaceaVanityUrl != "bella" || !app.CookieConsentPromptEnabled {
			t.Fatalf("%+v %v", app, err)
		}
		if n := len(logged(t, d, b.ID, "app.updated")); n != len(changes) {
			t.Fatalf("%d events", n)
		}
	})
}

func TestBadSettingsAreNamedAndNothingIsStored(t *testing.T) {
	d := dbtest.SQLite(t)
	a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
	ctx := context.Background()
	ada, b := newBrand(t, a, "Bella")
	for _, c := range []struct {
		field string
		m     wire.AppConfigUpdateModel
	}{
		{"Name", wire.AppConfigUpdateModel{Name: wire.P("  ")}},
		{"Name", wire.AppConfigUpdateModel{Name: wire.P(strings.Repeat("x", 101))}},
		{"HostName", wire.AppConfigUpdateModel{HostName: wire.P("https://order.example")}},
		{"HostName", wire.AppConfigUpdateModel{HostName: wire.P("-a.example")}},
		{"MainColor", wire.AppConfigUpdateModel{MainColor: wire.P("red")}},
		{"KioskPrimaryColour", wire.AppConfigUpdateModel{KioskPrimaryColour: wire.P("#12345")}},
		{"ApplicationCategory", wire.AppConfigUpdateModel{ApplicationCategory: wire.P(wire.ApplicationCategory("Bar"))}},
		{"PanaceaVanityUrl", wire.AppConfigUpdateModel{PanaceaVanityUrl: wire.P("a b")}},
		{"LogoImageUrl", wire.AppConfigUpdateModel{LogoImageUrl: wire.P("javascript:alert(1)")}},
		{"LogoImageUrl", wire.AppConfigUpdateModel{LogoImageUrl: wire.P("//evil.example/x.png")}},
		{"LogoImageUrl", wire.AppConfigUpdateModel{LogoImageUrl: wire.P("https://user@evil.example/x.png")}},
		{"CountryId", wire.AppConfigUpdateModel{CountryId: wire.P("ZZ")}},
	} {
		c.m.IsPanaceaEnabled = wire.P(true) // a good field beside the bad one
		_, err := a.SetConfig(ctx, ada, b.AppID, c.m)
		wantField(t, err, c.field)
	}
	for field, ls := range map[string][]wire.Language{
		"[0].LanguageId": {{LanguageId: "xx", Enabled: true}},
		"[1].LanguageId": {{LanguageId: "en", Enabled: true}, {LanguageId: "EN"}},
		"Enabled":        {{LanguageId: "en"}},
	} {
		_, err := a.SetLanguages(ctx, ada, b.AppID, ls)
		wantField(t, err, field)
	}
	if _, err := a.SetLanguages(ctx, ada, b.AppID, nil); err == nil {
		t.Error("a brand without a language")
	}
	app, err := a.App(ctx, ada, b.AppID)
	if err != nil || app.IsPanaceaEnabled || len(app.Languages) != 1 || len(logged(t, d, b.ID, "app.updated")) != 0 {
		t.Fatalf("something was stored: %+v %v", app, err)
	}
}

func TestLanguagesKeepTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ada, b := newBrand(t, a, "Bella")
		app, err := a.SetLanguages(context.Background(), ada, b.AppID, []wire.Language{
			{LanguageId: "it", DisplayOrder: 5, Enabled: false}, {LanguageId: "EN", DisplayOrder: 2, Enabled: true, Name: "whatever"},
		})
		if err != nil || len(app.Languages) != 2 || app.Languages[0] != (wire.Language{LanguageId: "en", Name: "English", Enabled: true}) ||
			app.Languages[1] != (wire.Language{LanguageId: "it", Name: "Italiano", DisplayOrder: 1}) {
			t.Fatalf("%+v %v", app.Languages, err)
		}
		if got := logged(t, d, b.ID, "app.updated")[0]["Changes"]; got != `Languages: "en" → "en, it (off)"` {
			t.Error(got)
		}
	})
}

// picture encodes a square image.
func picture(t *testing.T, format string, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, side, side))
	var err error
	switch format {
	case "png":
		err = png.Encode(&b, img)
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func wide(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8193, 1))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLogoIsWhatItsBytesSay(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *account.Accounts) {
		a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap, PublicURL: "https://comanda.example"})
		ctx := context.Background()
		ada, b := newBrand(t, a, "Bella")
		webp := append([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L"), make([]byte, 16)...)
		last := ""
		for _, c := range []struct {
			content []byte
			want    string
		}{
			{picture(t, "png", 3), "image/png"}, {picture(t, "jpeg", 3), "image/jpeg"}, {picture(t, "gif", 3), "image/gif"}, {webp, "image/webp"},
		} {
			app, err := a.SetLogo(ctx, ada, b.AppID, c.content)
			if err != nil {
				t.Fatal(c.want, err)
			}
			name, ok := strings.CutPrefix(app.LogoImageUrl, "https://comanda.example/assets/")
			if !ok {
				t.Fatal(app.LogoImageUrl)
			}
			got, err := a.Asset(ctx, name)
			if err != nil || got.ContentType != c.want || !bytes.Equal(got.Content, c.content) {
				t.Fatal(c.want, got.ContentType, err)
			}
			if last != "" {
				if _, err := a.Asset(ctx, last); fault.KindOf(err) != fault.NotFound {
					t.Fatalf("the logo before is still there: %v", err)
				}
			}
			last = name
		}
		again, err := a.SetLogo(ctx, ada, b.AppID, webp)
		if err != nil || !strings.HasSuffix(again.LogoImageUrl, last) {
			t.Fatal(again.LogoImageUrl, err)
		}
		if n := len(logged(t, d, b.ID, "app.updated")); n != 4 {
			t.Fatalf("%d events for four logos and a repetition", n)
		}
		// The address of our own file, sent back as read, stays ours.
		if app, err := a.SetConfig(ctx, ada, b.AppID, wire.AppConfigUpdateModel{LogoImageUrl: &again.LogoImageUrl}); err != nil || app.LogoImageUrl != again.LogoImageUrl {
			t.Fatal(app.LogoImageUrl, err)
		}
		if n := len(logged(t, d, b.ID, "app.updated")); n != 4 {
			t.Fatal("sending back the logo's own address counted as a change")
		}
	})
}

func TestBadLogosAreRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
	ctx := context.Background()
	ada, b := newBrand(t, a, "Bella")
	for name, content := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"html behind a gif's name": []byte("GIF89a<script>"), "cut png": picture(t, "png", 3)[:20], "too wide": wide(t),
	} {
		if _, err := a.SetLogo(ctx, ada, b.AppID, content); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.SetLogo(ctx, ada, b.AppID, make([]byte, account.MaxImage+1)); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("too large: %v", err)
	}
}

func TestAppsAreFilteredAndPaged(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada, _ := newBrand(t, a, "Bella 1")
		for i := 2; i <= 5; i++ {
			if _, err := a.CreateBrand(ctx, ada, account.NewBrand{Name: fmt.Sprintf("Bella %d", i)}); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = newBrand(t, a, "Bella of somebody else")
		ada = person(t, a, ada.Account)
		for _, c := range []struct {
			filter      string
			page, limit int
			total       int
			want        string
		}{
			{"", 1, 20, 5, "bella-1 bella-2 bella-3 bella-4 bella-5"},
			{"", 2, 2, 5, "bella-3 bella-4"},
			{"", 3, 2, 5, "bella-5"},
			{"", 9, 2, 5, ""},
			{"LA 4", 1, 20, 1, "bella-4"},
			{"la-4", 1, 20, 1, "bella-4"},
			{"nobody", 1, 20, 0, ""},
		} {
			apps, total, err := a.Apps(ctx, ada, c.filter, c.page, c.limit)
			var got []string
			for _, app := range apps {
				got = append(got, app.AppId)
			}
			if err != nil || total != c.total || strings.Join(got, " ") != c.want || apps == nil {
				t.Errorf("%+v gives %v, %d, %v", c, got, total, err)
			}
		}
	})
}

func TestABrandKeepsItsLastOwner(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada, b := newBrand(t, a, "Bella")
		if err := a.RemoveMember(ctx, ada, b.ID, ada.Account); fault.KindOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		bob := signUp(t, a, "bob@example.com")
		if err := a.SetMember(ctx, ada, b.ID, bob.Account, wire.AppAccessLevelOwner, nil); err != nil {
			t.Fatal(err)
		}
		bob = person(t, a, bob.Account)
		errs := make([]error, 2) // each removes the other at the same moment
		parallel(2, func(i int) {
			errs[i] = a.RemoveMember(ctx, []*account.Caller{ada, bob}[i], b.ID, []*account.Caller{bob, ada}[i].Account)
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("exactly one removal must win: %v, %v", errs[0], errs[1])
		}
	})
}

// What another node changed is seen within the cache's time, by the clock of a bubble.
func TestAnotherNodesChangeIsSeenWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		here := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		there := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		ctx := context.Background()
		ada, b := newBrand(t, here, "Bella")
		if n, _ := here.AppName(ctx, ada, b.AppID); n != "Bella" {
			t.Fatal(n)
		}
		if _, err := there.SetConfig(ctx, ada, b.AppID, wire.AppConfigUpdateModel{Name: wire.P("Due")}); err != nil {
			t.Fatal(err)
		}
		if n, _ := there.AppName(ctx, ada, b.AppID); n != "Due" {
			t.Fatalf("the node that changed it still says %q", n)
		}
		if n, _ := here.AppName(ctx, ada, b.AppID); n != "Bella" {
			t.Fatalf("nothing is cached: %q", n)
		}
		time.Sleep(1500 * time.Millisecond)
		if n, _ := here.AppName(ctx, ada, b.AppID); n != "Due" {
			t.Fatalf("still %q", n)
		}
		if err := there.SetDisabled(ctx, system, b.ID, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		if _, err := here.App(ctx, ada, b.AppID); fault.KindOf(err) != fault.Forbidden {
			t.Fatalf("a disabled brand is open: %v", err)
		}
	})
}

func TestCountriesAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for _, c := range account.SupportedCountries() {
		if len(c.CountryCode) != 2 || c.CountryCode != strings.ToUpper(c.CountryCode) || seen[c.CountryCode] || c.Name <= last ||
			c.PhoneCode < 1 || c.PhoneCode > 999 || c.LanguageName == "" || c.AddressLayout == "" || c.PostCodeType == "" || c.SupportRegion == "" {
			t.Errorf("%+v", c)
		}
		seen[c.CountryCode], last = true, c.Name
	}
	for _, must := range []string{"GB", "IE", "FR", "ES", "PT", "IT", "DE", "PL", "BE", "LU", "NL", "US", "CA", "BG", "MX", "AU", "NZ"} {
		if !seen[must] {
			t.Errorf("%s is missing", must)
		}
	}
}

// Somebody who is disabled is no Owner that a brand could be left to.
func TestADisabledOwnerDoesNotCount(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ctx := context.Background()
		ada, b := newBrand(t, a, "Bella")
		bob := signUp(t, a, "bob@example.com")
		if err := a.SetMember(ctx, ada, b.ID, bob.Account, wire.AppAccessLevelOwner, nil); err != nil {
			t.Fatal(err)
		}
		exec(t, d, `update accounts set disabled = true where id = $1`, bob.Account)
		if err := a.RemoveMember(ctx, ada, b.ID, ada.Account); fault.KindOf(err) != fault.Conflict {
			t.Fatalf("the last Owner who can sign in left: %v", err)
		}
	})
}
