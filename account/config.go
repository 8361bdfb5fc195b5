package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// SetConfig changes those settings of a brand that are given and returns the brand as it is then. Right: EditApp.
// Event: app.updated, unless nothing changes.
func (a *Accounts) SetConfig(ctx context.Context, c *Caller, appID string, m wire.AppConfigUpdateModel) (wire.App, error) {
	apply, err := a.checkConfig(m)
	if err != nil {
		return wire.App{}, err
	}
	return a.change(ctx, c, appID, apply, nil)
}

// SetLanguages replaces the languages of a brand, in their DisplayOrder. Right: EditApp. Event: app.updated.
func (a *Accounts) SetLanguages(ctx context.Context, c *Caller, appID string, languages []wire.Language) (wire.App, error) {
	checked, err := checkLanguages(languages)
	if err != nil {
		return wire.App{}, err
	}
	return a.change(ctx, c, appID, func(b *Brand) { b.Settings.Languages = checked }, nil)
}

// change applies a change to the newest state of a brand, stores it under the next version and logs what changed. It may
// apply more than once, when somebody else changes the brand at the same time. with runs in the same transaction.
func (a *Accounts) change(ctx context.Context, c *Caller, appID string, apply func(*Brand), with func(*db.Tx) error) (wire.App, error) {
	opened, err := a.Open(ctx, c, appID, EditApp)
	if err != nil {
		return wire.App{}, err
	}
	for range 8 {
		var old Brand
		err := a.db.Read(ctx, func(tx *db.Tx) (err error) {
			old, err = a.LoadBrand(tx, opened.ID)
			return err
		})
		if err != nil {
			return wire.App{}, err
		}
		b := old
		apply(&b)
		changes := changesOf(old, b)
		if changes == "" && with == nil {
			return a.wireApp(b, c.grantOrAll(b)), nil
		}
		err = a.store(ctx, c, b, changes, with)
		a.brands.Evict(b.ID)
		if err == nil {
			return a.wireApp(b, c.grantOrAll(b)), nil
		}
		if !errors.Is(err, errMoved) {
			return wire.App{}, wrap("change brand", err)
		}
	}
	return wire.App{}, fault.New(fault.Conflict, "The brand is being changed by others at this moment.").With("Try again.")
}

// errMoved says that the brand has another version by now.
var errMoved = errors.New("account: the brand has moved on")

func (a *Accounts) store(ctx context.Context, c *Caller, b Brand, changes string, with func(*db.Tx) error) error {
	settings, err := json.Marshal(b.Settings)
	if err != nil {
		return err
	}
	app := a.wireApp(b, Grant{})
	rec, err := event.Encode(event.New{
		Brand: b.ID, AppID: b.AppID, Subject: "app/" + b.AppID, Time: b.Now(), Request: c.Request,
		Body: &wire.AppUpdatedEvent{
			EventBase:   wire.EventBase{IpAddress: c.EventIP()},
			Description: fmt.Sprintf("%s changed the brand %s (%s).", c.EventName(), b.Name, b.AppID),
			Changes:     changes,
			AppName:     b.Name,
			CountryId:   b.CountryID,
			User:        c.EventUser(),
			App:         &app,
		},
	})
	if err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlUpdateBrand, b.ID, b.Version, b.Name, b.CountryID, string(settings))
		if err != nil {
			return err
		}
		if n == 0 {
			return errMoved
		}
		if with != nil {
			if err := with(tx); err != nil {
				return err
			}
		}
		if changes == "" {
			return nil
		}
		a.log.Append(tx, rec)
		return a.Audit(tx, c, b.ID, "app.updated", "app/"+b.AppID, changes)
	})
}

// changesOf says which settings differ, by wire name, with the value before and after.
func changesOf(old, now Brand) string {
	var out []string
	diff := func(name string, was, is any) {
		if w, i := fmt.Sprint(was), fmt.Sprint(is); w != i {
			out = append(out, fmt.Sprintf("%s: %q → %q", name, w, i))
		}
	}
	diff("Name", old.Name, now.Name)
	diff("HostName", old.Settings.HostName, now.Settings.HostName)
	diff("MainColor", old.Settings.MainColor, now.Settings.MainColor)
	diff("KioskPrimaryColour", old.Settings.KioskPrimaryColour, now.Settings.KioskPrimaryColour)
	diff("ApplicationCategory", old.Settings.ApplicationCategory, now.Settings.ApplicationCategory)
	diff("IsPanaceaEnabled", old.Settings.IsPanaceaEnabled, now.Settings.IsPanaceaEnabled)
	diff("PanaceaVanityUrl", old.Settings.PanaceaVanityUrl, now.Settings.PanaceaVanityUrl)
	diff("CookieConsentPromptEnabled", old.Settings.CookieConsentPromptEnabled, now.Settings.CookieConsentPromptEnabled)
	diff("LogoImageUrl", old.Settings.LogoImageUrl, now.Settings.LogoImageUrl)
	diff("CountryId", old.CountryID, now.CountryID)
	diff("Languages", languageList(old.Settings.Languages), languageList(now.Settings.Languages))
	return strings.Join(out, "; ")
}

func languageList(ls []wire.Language) string {
	var out []string
	for _, l := range ls {
		state := ""
		if !l.Enabled {
			state = " (off)"
		}
		out = append(out, l.LanguageId+state)
	}
	return strings.Join(out, ", ")
}

var (
	colour   = regexp.MustCompile(`^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`)
	hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	vanity   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9./:_-]{0,253}[A-Za-z0-9/])?$`)
)

// checkConfig turns the given settings into a change, or names every wrong one. An empty text clears a setting that may
// be empty.
func (a *Accounts) checkConfig(m wire.AppConfigUpdateModel) (func(*Brand), error) {
	var bad fault.Collector
	var set []func(*Brand)
	text := func(name string, v *string, ok func(string) (string, string), put func(*Brand, string)) {
		if v == nil {
			return
		}
		s, wrong := ok(strings.TrimSpace(*v))
		if wrong != "" {
			bad.Add(name, "%s", wrong)
		}
		set = append(set, func(b *Brand) { put(b, s) })
	}
	match := func(re *regexp.Regexp, lower bool, wrong string) func(string) (string, string) {
		return func(s string) (string, string) {
			if lower {
				s = strings.ToLower(s)
			}
			if s != "" && !re.MatchString(s) || len(s) > 253 {
				return s, wrong
			}
			return s, ""
		}
	}
	text("Name", m.Name, func(s string) (string, string) {
		s, err := checkBrandName(s)
		return s, firstMessage(err)
	}, func(b *Brand, s string) { b.Name = s })
	text("HostName", m.HostName, match(hostName, true, "write a host name such as order.example.com, without scheme and path"),
		func(b *Brand, s string) { b.Settings.HostName = s })
	hex := match(colour, false, "write a colour such as #1A2B3C")
	text("MainColor", m.MainColor, hex, func(b *Brand, s string) { b.Settings.MainColor = s })
	text("KioskPrimaryColour", m.KioskPrimaryColour, hex, func(b *Brand, s string) { b.Settings.KioskPrimaryColour = s })
	text("PanaceaVanityUrl", m.PanaceaVanityUrl, match(vanity, false, "write a short address of letters, digits, dots, hyphens and slashes"),
		func(b *Brand, s string) { b.Settings.PanaceaVanityUrl = s })
	text("LogoImageUrl", m.LogoImageUrl, a.checkImageURL, func(b *Brand, s string) { b.Settings.LogoImageUrl = s })
	text("CountryId", m.CountryId, func(s string) (string, string) {
		country, err := checkCountry(s)
		return country.CountryCode, firstMessage(err)
	}, func(b *Brand, s string) { b.CountryID = s })
	if v := m.ApplicationCategory; v != nil {
		switch *v {
		case wire.ApplicationCategoryRestaurant, wire.ApplicationCategoryCafe, wire.ApplicationCategoryConvenience:
		default:
			bad.Add("ApplicationCategory", "%q is none of Restaurant, Cafe, Convenience", *v)
		}
		set = append(set, func(b *Brand) { b.Settings.ApplicationCategory = *v })
	}
	if v := m.IsPanaceaEnabled; v != nil {
		set = append(set, func(b *Brand) { b.Settings.IsPanaceaEnabled = *v })
	}
	if v := m.CookieConsentPromptEnabled; v != nil {
		set = append(set, func(b *Brand) { b.Settings.CookieConsentPromptEnabled = *v })
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return func(b *Brand) {
		for _, f := range set {
			f(b)
		}
	}, nil
}

// checkImageURL takes an http(s) address. One of our own files is kept without our address, which may change.
func (a *Accounts) checkImageURL(s string) (string, string) {
	if s == "" {
		return "", ""
	}
	if own, ok := strings.CutPrefix(s, a.cfg.PublicURL+assetPath); ok {
		return assetPath + own, ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(s) > 1000 {
		return s, "write an absolute https address of an image, or upload the image"
	}
	return s, ""
}

func firstMessage(err error) string {
	if f := (*fault.Error)(nil); errors.As(err, &f) && len(f.Fields) > 0 {
		return f.Fields[0].Message
	}
	return ""
}

func checkLanguages(in []wire.Language) ([]wire.Language, error) {
	var bad fault.Collector
	out := make([]wire.Language, 0, len(in))
	seen := map[string]bool{}
	enabled := false
	for i, l := range in {
		field := fmt.Sprintf("[%d].LanguageId", i)
		l.LanguageId = strings.ToLower(strings.TrimSpace(l.LanguageId))
		name, known := languageNames[l.LanguageId]
		switch {
		case !known:
			bad.Add(field, "%.20q is none of the brand's AvailableAppLanguages", l.LanguageId)
		case seen[l.LanguageId]:
			bad.Add(field, "%s is there twice", l.LanguageId)
		}
		seen[l.LanguageId] = true
		l.Name = name
		enabled = enabled || l.Enabled
		out = append(out, l)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if !enabled {
		return nil, fault.BadField("Enabled", "a brand needs one enabled language at least")
	}
	slices.SortStableFunc(out, func(x, y wire.Language) int { return x.DisplayOrder - y.DisplayOrder })
	for i := range out {
		out[i].DisplayOrder = i
	}
	return out, nil
}

// SetDisabled switches a brand off or on again: off, its callers are refused everywhere within two seconds. System only.
func (a *Accounts) SetDisabled(ctx context.Context, c *Caller, brand int, disabled bool) error {
	if c.Kind != System {
		return fault.New(fault.Forbidden, "Only the operator switches brands off.")
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		b, err := a.LoadBrand(tx, brand)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(sqlDisableBrand, brand, disabled); err != nil {
			return err
		}
		action := "app.enabled"
		if disabled {
			action = "app.disabled"
		}
		return a.Audit(tx, c, brand, action, "app/"+b.AppID, "")
	})
	a.changed(brand)
	return wrap("disable brand", err)
}
