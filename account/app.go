package account

import (
	"context"
	"slices"
	"strings"

	"comanda/internal/fault"
	"comanda/wire"
)

// Apps lists the brands within the caller's reach whose name or appId contains a text, in any case, by id. It returns one
// page of them (page from 1) and how many there are. Right: ReadApp.
func (a *Accounts) Apps(ctx context.Context, c *Caller, nameFilter string, page, limit int) ([]wire.App, int, error) {
	filter := strings.ToLower(strings.TrimSpace(nameFilter))
	found, total := []wire.App{}, 0
	for _, g := range c.Reach(ReadApp) {
		b, err := a.Brand(ctx, g.Brand)
		if err != nil {
			if fault.KindOf(err) == fault.NotFound {
				continue
			}
			return nil, 0, err
		}
		if b.Disabled || !strings.Contains(strings.ToLower(b.Name), filter) && !strings.Contains(b.AppID, filter) {
			continue
		}
		if total++; total > (page-1)*limit && len(found) < limit {
			found = append(found, a.wireApp(b, g))
		}
	}
	return found, total, nil
}

// App is one brand as the caller sees it. Right: ReadApp.
func (a *Accounts) App(ctx context.Context, c *Caller, appID string) (wire.App, error) {
	b, err := a.Open(ctx, c, appID, ReadApp)
	if err != nil {
		return wire.App{}, err
	}
	return a.wireApp(b, c.grantOrAll(b)), nil
}

// AppName is the display name of a brand. Right: ReadApp.
func (a *Accounts) AppName(ctx context.Context, c *Caller, appID string) (string, error) {
	b, err := a.Open(ctx, c, appID, ReadApp)
	return b.Name, err
}

// grantOrAll is the caller's grant on a brand; System has all rights on each.
func (c *Caller) grantOrAll(b Brand) Grant {
	if c.Kind == System {
		return Grant{Brand: b.ID, AppID: b.AppID, Level: wire.AppAccessLevelOwner}
	}
	g, _ := c.GrantOn(b.ID)
	return g
}

// wireApp is a brand in the contract's shape. What Comanda has no counterpart for (mobile apps, maps) is empty.
func (a *Accounts) wireApp(b Brand, g Grant) wire.App {
	s := b.Settings
	level := g.Level
	if level == "" {
		level = wire.AppAccessLevelNone
	}
	return wire.App{
		AppId:                      b.AppID,
		LogoImageUrl:               a.assetURL(s.LogoImageUrl),
		Languages:                  slices.Clone(s.Languages),
		AvailableAppLanguages:      availableLanguages(),
		AppAccessLevel:             level,
		AppResourceSet:             resourcesOf(g),
		Features:                   []string{},
		SmsRestaurantName:          b.Name,
		WebToAppRedirect:           wire.WebToAppRedirectNoRedirect,
		Name:                       b.Name,
		HostName:                   s.HostName,
		MainColor:                  s.MainColor,
		KioskPrimaryColour:         s.KioskPrimaryColour,
		ApplicationCategory:        s.ApplicationCategory,
		IsPanaceaEnabled:           s.IsPanaceaEnabled,
		PanaceaVanityUrl:           s.PanaceaVanityUrl,
		CookieConsentPromptEnabled: s.CookieConsentPromptEnabled,
		CountryId:                  b.CountryID,
	}
}

// availableLanguages are all languages that a brand can offer, by code.
func availableLanguages() []wire.Language {
	out := make([]wire.Language, 0, len(languageNames))
	for id, name := range languageNames {
		out = append(out, wire.Language{LanguageId: id, Name: name, Enabled: true})
	}
	slices.SortFunc(out, func(x, y wire.Language) int { return strings.Compare(x.LanguageId, y.LanguageId) })
	for i := range out {
		out[i].DisplayOrder = i
	}
	return out
}
