package identity

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/oauth"
	"comanda/wire"
)

// accountPage is everything about a person's own sign-in.
type accountPage struct {
	Done     string // what was done just now
	Profile  account.Profile
	Factors  account.Factors
	Zone     *time.Location
	Current  string // key of this session
	Sessions []account.Session
	Passkeys []account.Passkey
	Apps     []oauth.ConnectedApp
	Person   web.Form // the profile
	Password web.Form
}

// dones are what the page says after a form, by the value of "done" in its address.
var dones = map[string]string{
	"profile":   "Your profile is saved.",
	"password":  "Your password is changed. Every other browser is signed out.",
	"two-step":  "Two-step sign-in is off.",
	"session":   "That browser is signed out.",
	"sessions":  "Every other browser is signed out.",
	"app":       "The app is out. What it held stops working within two seconds.",
	"passkey":   "The passkey is added. Use it at your next sign-in.",
	"nopasskey": "The passkey is removed.",
}

func (d *Door) account(v *visit.Visit, c *account.Caller) error {
	return d.showAccount(v, c, nil, nil)
}

// showAccount shows the page; change puts a refused form into it.
func (d *Door) showAccount(v *visit.Visit, c *account.Caller, refusal error, change func(*accountPage)) error {
	ctx := v.R.Context()
	p := accountPage{Done: dones[v.R.URL.Query().Get("done")], Current: v.Session.Key, Zone: time.UTC}
	var err error
	if p.Profile, err = d.Accounts.Profile(ctx, c.Account); err != nil {
		return err
	}
	if p.Factors, err = d.Accounts.Factors(ctx, c); err != nil {
		return err
	}
	if p.Sessions, err = d.Accounts.Sessions(ctx, c); err != nil {
		return err
	}
	if p.Passkeys, err = d.Accounts.Passkeys(ctx, c); err != nil {
		return err
	}
	if p.Apps, err = d.OAuth.MyConnectedApps(ctx, c); err != nil {
		return err
	}
	if zone, err := time.LoadLocation(p.Profile.TimeZone); err == nil {
		p.Zone = zone
	}
	p.Person = web.Filled("name", p.Profile.Name, "language", p.Profile.Language, "timezone", p.Profile.TimeZone, "phone", p.Profile.Phone)
	if change != nil {
		change(&p)
	}
	status := http.StatusOK
	if refusal != nil {
		status = web.StatusOf(refusal)
		web.SetRetryAfter(v.W.Header(), refusal)
	}
	d.Pages.Show(v.W, v.R, status, web.Page{Name: "account", Title: "Your account", Density: "dense", Policy: web.Policy{Scripts: []string{"passkey.js"}}, Data: p})
	return nil
}

// finish ends a form of the account page: what was done, or the form again with what is wrong.
func (d *Door) finish(v *visit.Visit, c *account.Caller, err error, done string, change func(*accountPage)) error {
	switch {
	case err == nil:
		web.SeeOther(v.W, home+"?done="+done)
		return nil
	case !visit.Refused(err), change == nil:
		return err
	}
	return d.showAccount(v, c, err, change)
}

func (d *Door) changeProfile(v *visit.Visit, c *account.Caller) error {
	field := func(name string) *string { text := v.Form.Get(name); return &text }
	err := d.Accounts.UpdateProfile(v.R.Context(), c, account.ProfileChange{
		Name: field("name"), Language: field("language"), TimeZone: field("timezone"), Phone: field("phone"),
	})
	return d.finish(v, c, err, "profile", func(p *accountPage) {
		p.Person = web.Again(v.Form, renamed(err, "TimeZoneInfoId", "timezone", "LanguageId", "language"), "name", "language", "timezone", "phone")
	})
}

func (d *Door) changePassword(v *visit.Visit, c *account.Caller) error {
	err := d.Accounts.ChangePassword(v.R.Context(), c, v.Form.Get("old"), v.Form.Get("new"))
	return d.finish(v, c, err, "password", func(p *accountPage) {
		p.Password = web.Again(v.Form, renamed(err, "OldPassword", "old", "NewPassword", "new"), "old", "new")
	})
}

// renamed gives the fields of a fault the names that a form has for them, given in pairs.
func renamed(err error, pairs ...string) error {
	f, ok := err.(*fault.Error) //nolint:errorlint // wrapped faults are not about fields of ours
	if !ok {
		return err
	}
	out := *f
	out.Fields = nil
	for _, field := range f.Fields {
		for i := 0; i+1 < len(pairs); i += 2 {
			if field.Name == pairs[i] {
				field.Name = pairs[i+1]
			}
		}
		out.Fields = append(out.Fields, field)
	}
	return &out
}

type twoStepPage struct {
	account.TOTPSetup
	QR   qrCode       // the same for a camera
	Link template.URL // opens an authenticator app on the same device
	Form web.Form
}

func (d *Door) beginTwoStep(v *visit.Visit, c *account.Caller) error {
	setup, err := d.Accounts.BeginTOTP(v.R.Context(), c)
	if err != nil {
		return err
	}
	d.askTwoStep(v, http.StatusOK, setup, web.Form{})
	return nil
}

func (d *Door) askTwoStep(v *visit.Visit, status int, setup account.TOTPSetup, form web.Form) {
	p := twoStepPage{TOTPSetup: setup, Form: form}
	if strings.HasPrefix(setup.URL, "otpauth://totp/") {
		p.QR = qrOf(setup.URL)
		p.Link = template.URL(setup.URL) //nolint:gosec // of this scheme only, which html/template does not know
	}
	d.show(v, status, "two-step", "Two-step sign-in", web.Policy{}, p)
}

type recoveryPage struct{ Codes []string }

func (d *Door) confirmTwoStep(v *visit.Visit, c *account.Caller) error {
	codes, err := d.Accounts.ConfirmTOTP(v.R.Context(), c, v.Form.Get("code"))
	if err == nil {
		d.showRecovery(v, codes)
		return nil
	}
	if !visit.Refused(err) {
		return err
	}
	web.SetRetryAfter(v.W.Header(), err)
	d.askTwoStep(v, web.StatusOf(err), account.TOTPSetup{Secret: v.Form.Get("secret"), URL: v.Form.Get("url")}, web.Again(nil, err, "code").OnField("code"))
	return nil
}

func (d *Door) endTwoStep(v *visit.Visit, c *account.Caller) error {
	return d.finish(v, c, d.Accounts.RemoveTOTP(v.R.Context(), c), "two-step", nil)
}

func (d *Door) newRecovery(v *visit.Visit, c *account.Caller) error {
	codes, err := d.Accounts.NewRecoveryCodes(v.R.Context(), c)
	if err != nil {
		return err
	}
	d.showRecovery(v, codes)
	return nil
}

func (d *Door) showRecovery(v *visit.Visit, codes []string) {
	d.show(v, http.StatusOK, "recovery", "Recovery codes", web.Policy{}, recoveryPage{codes})
}

func (d *Door) endSessionOf(v *visit.Visit, c *account.Caller) error {
	key := v.Form.Get("key")
	if key == c.SessionKey {
		return d.signOut(v, "")
	}
	return d.finish(v, c, d.Accounts.EndSession(v.R.Context(), c, key), "session", nil)
}

func (d *Door) endOtherSessions(v *visit.Visit, c *account.Caller) error {
	return d.finish(v, c, d.Accounts.EndOtherSessions(v.R.Context(), c, c.SessionKey), "sessions", nil)
}

func (d *Door) revokeApp(v *visit.Visit, c *account.Caller) error {
	id, err := strconv.Atoi(v.Form.Get("grant"))
	if err != nil {
		return fault.New(fault.Invalid, "The form names no connected app.")
	}
	return d.finish(v, c, d.OAuth.RevokeGrant(v.R.Context(), c, id), "app", nil)
}

// browserOf is a User-Agent in words.
func browserOf(agent string) string {
	first := func(or string, pairs ...string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return or
	}
	browser := first("", "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	if browser == "" {
		return "A program"
	}
	return browser + first("", "iPhone", " on iPhone", "iPad", " on iPad", "Android", " on Android", "Windows", " on Windows", "Mac OS", " on a Mac", "CrOS", " on a Chromebook", "Linux", " on Linux")
}

// words writes the name of an access level as people do: StoreManager is store manager.
func words(level wire.AppAccessLevel) string {
	var out strings.Builder
	for i, r := range string(level) {
		if i > 0 && unicode.IsUpper(r) {
			out.WriteByte(' ')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// when writes a moment in the person's own time.
func when(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2 Jan 2006, 15:04 MST")
}
