package portal

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/revision"
	"comanda/internal/web"
	"comanda/oauth"
	"comanda/wire"
)

// tokensAtOnce are the tokens of an app that its page lists.
const tokensAtOnce = 20

// oauthApp is a visit to the page of one OAuth app.
type oauthApp struct {
	*desk
	App      wire.OAuthApp
	Revision int64
	Base     string // address of its page
}

func (a *oauthApp) id() string { return wire.V(a.App.OauthAppId) }

// app opens the OAuth app in the path.
func (d *Door) app(serve func(*oauthApp) error) func(*desk) error {
	return func(v *desk) error {
		a := &oauthApp{desk: v}
		if err := d.loadApp(a, v.R.PathValue("oauthAppId")); err != nil {
			return err
		}
		a.Base = v.path("apps", a.id())
		return serve(a)
	}
}

// loadApp reads the OAuth app as it is now.
func (d *Door) loadApp(a *oauthApp, id string) (err error) {
	a.App, a.Revision, err = d.OAuth.AppRevision(a.ctx(), a.Caller, a.Brand.AppID, id)
	return err
}

// appTabs are the pages of an OAuth app, as the part "apptabs" draws them.
type appTabs struct{ Base, At string }

type appPage struct {
	ID, Name  string
	Base      string
	List      string // address of the list of apps
	Secret    string // empty = hidden
	MayHold   bool   // the person may look at the secret and change it
	Changing  bool   // two secrets work
	Token     string // a new one, shown once; empty = none was asked for
	Lifetime  string // how long a new token works
	PublicURL string
	AppID     string // of the brand
	Revision  int64
	URIs      []wire.OauthClientRedirectUri
	URIsAt    int64 // their revision
	Tokens    []tokenRow
	Total     int    // of tokens
	Newer     string // address of the tokens before these
	Older     string
	Zone      *time.Location
	Done      string
	Settings  web.Form
	URI       web.Form
	Logo      web.Form
	LogoPath  string // of the logo that is kept here; empty = none is
	Flows     []wire.Flow
	Usages    []wire.RefreshTokenUsage
}

type tokenRow struct {
	Key     string
	Kind    string
	For     string // the person who let the app in; empty = it acts for itself
	Scope   string
	Created time.Time
	Expires time.Time
}

func (d *Door) showApp(a *oauthApp) error { return d.appWith(a, http.StatusOK, nil) }

// appWith shows the page of an app; change puts in what is not always there.
func (d *Door) appWith(a *oauthApp, status int, change func(*appPage)) (err error) {
	p := appPage{
		ID: a.id(), Revision: a.Revision, Name: wire.V(a.App.OauthAppName), Base: a.Base, List: a.path("apps"),
		PublicURL: d.PublicURL, LogoPath: d.Accounts.AssetPath(wire.V(a.App.LogoUri)), AppID: a.Brand.AppID, Done: appDones[a.R.URL.Query().Get("done")],
		Lifetime: lasting(wire.V(a.App.AccessTokenLifetime)),
		Flows:    []wire.Flow{wire.FlowHybrid, wire.FlowAuthorizationCode, wire.FlowImplicit, wire.FlowClientCredentials},
		Usages:   []wire.RefreshTokenUsage{wire.RefreshTokenUsageOneTimeOnly, wire.RefreshTokenUsageReUse},
	}
	if p.URIs, err = d.OAuth.RedirectURIs(a.ctx(), a.Caller, a.Brand.AppID, a.id()); err != nil {
		return err
	}
	p.URIsAt = oauth.URIsRevision(p.URIs)
	live, err := d.OAuth.LiveSecrets(a.ctx(), a.Caller, a.Brand.AppID, a.id())
	if err != nil {
		return err
	}
	p.MayHold, p.Changing = a.mayHold() == nil, live > 1
	page := max(1, number(a.R.URL.Query().Get("page")))
	tokens, total, err := d.OAuth.Tokens(a.ctx(), a.Caller, a.Brand.AppID, a.id(), page, tokensAtOnce)
	if err != nil {
		return err
	}
	p.Total = total
	p.Newer, p.Older = neighbours(a.Base, page, tokensAtOnce, total)
	people, err := d.peopleNames(a.desk)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		row := tokenRow{Key: t.Key, Kind: t.TokenType, Scope: t.Scope, Created: t.Created, Expires: t.Expiry.Time}
		if t.Person != 0 {
			row.For = cmp.Or(people[t.Person], "A person")
		}
		p.Tokens = append(p.Tokens, row)
	}
	if p.Zone, err = d.zone(a.desk); err != nil {
		return err
	}
	p.Settings = a.settings()
	if change != nil {
		change(&p)
	}
	return d.show(a.desk, view{Name: "app", Title: p.Name, Status: status, Data: p})
}

// settings is the form of the app's settings as they are stored.
func (a *oauthApp) settings() web.Form {
	return web.Filled(
		"oauthappname", wire.V(a.App.OauthAppName), "flow", string(wire.V(a.App.Flow)), "refreshtokenusage", string(wire.V(a.App.RefreshTokenUsage)),
		"accesstokenlifetime", strconv.Itoa(wire.V(a.App.AccessTokenLifetime)),
		"absoluterefreshtokenlifetime", strconv.Itoa(wire.V(a.App.AbsoluteRefreshTokenLifetime)), "logouri", wire.V(a.App.LogoUri),
	)
}

// finishApp ends a form of the page: it says what was done, or shows the form again with what is wrong.
func (d *Door) finishApp(a *oauthApp, err error, done string, refused func(*appPage)) error {
	switch {
	case err == nil:
		web.SeeOther(a.W, a.Base+"?done="+done)
		return nil
	case refused == nil || !visit.Refused(err):
		return err
	}
	return d.appWith(a, again(a.Visit, err), refused)
}

var appFields = []string{"oauthappname", "flow", "refreshtokenusage", "accesstokenlifetime", "absoluterefreshtokenlifetime", "logouri"}

func (d *Door) saveApp(a *oauthApp) error {
	var wrong fault.Collector
	whole := func(field, name string) *int {
		n, err := strconv.Atoi(a.Form.Get(field))
		if err != nil {
			wrong.Add(name, "must be a whole number of seconds")
		}
		return &n
	}
	text := func(field string) *string { s := a.Form.Get(field); return &s }
	flow, usage := wire.Flow(a.Form.Get("flow")), wire.RefreshTokenUsage(a.Form.Get("refreshtokenusage"))
	change := wire.OAuthApp{
		OauthAppName: text("oauthappname"), LogoUri: text("logouri"), Flow: &flow, RefreshTokenUsage: &usage,
		AccessTokenLifetime:          whole("accesstokenlifetime", "AccessTokenLifetime"),
		AbsoluteRefreshTokenLifetime: whole("absoluterefreshtokenlifetime", "AbsoluteRefreshTokenLifetime"),
	}
	err := wrong.Err()
	if err == nil {
		err = d.OAuth.UpdateApp(a.seen(), a.Caller, a.Brand.AppID, a.id(), change)
	}
	form := web.Again(a.Form, err, appFields...)
	if revision.Stale(err) {
		if err := d.loadApp(a, a.id()); err != nil {
			return err
		}
		if !bothVersions(&form, a.settings(), nil, appFields...) {
			err = nil
		}
	}
	return d.finishApp(a, err, "saved", func(p *appPage) { p.Settings = form })
}

// setLogo takes an image file as the logo.
func (d *Door) setLogo(a *oauthApp) error {
	content, err := web.Upload(a.R, "image", account.MaxImage)
	if err != nil {
		return err
	}
	if len(content) == 0 {
		err = fault.BadField("Image", "choose a file")
	} else {
		err = d.OAuth.SetLogo(a.ctx(), a.Caller, a.Brand.AppID, a.id(), content)
	}
	if fault.KindOf(err) == fault.TooLarge {
		err = fault.BadField("Image", "the file is larger than 1 MiB")
	}
	form := web.Again(a.Form, err, "image")
	return d.finishApp(a, err, "saved", func(p *appPage) { p.Logo = form })
}

func (d *Door) deleteApp(a *oauthApp) error {
	if err := d.OAuth.DeleteApp(a.ctx(), a.Caller, a.Brand.AppID, a.id()); err != nil {
		return err
	}
	web.SeeOther(a.W, a.path("apps")+"?done=deleted")
	return nil
}

func (a *oauthApp) mayHold() error { return a.Caller.Require(account.RevealSecrets, a.Brand.ID, 0) }

// proven lets a form of the secret be served to who may do that and signed in a short while ago; others who may do it are led to
// sign in, and back to the page.
func proven(serve func(*oauthApp) error) func(*oauthApp) error {
	return func(a *oauthApp) error {
		if err := a.mayHold(); err != nil {
			return err
		}
		if a.Caller.RequireRecent() != nil {
			web.SeeOther(a.W, visit.SignIn(a.Base))
			return nil
		}
		return serve(a)
	}
}

// revealSecret answers with the secret itself: it stands in no address and is kept nowhere.
func (d *Door) revealSecret(a *oauthApp) error {
	secret, err := d.OAuth.Secret(a.ctx(), a.Caller, a.Brand.AppID, a.id())
	if err != nil {
		return err
	}
	return d.appWith(a, http.StatusOK, func(p *appPage) { p.Secret = secret })
}

func (d *Door) rotateSecret(a *oauthApp) error {
	_, err := d.OAuth.RotateSecret(a.ctx(), a.Once(a.Caller), a.Brand.AppID, a.id())
	return d.finishApp(a, err, "rotated", nil)
}

func (d *Door) dropSecret(a *oauthApp) error {
	return d.finishApp(a, d.OAuth.DropOldSecret(a.ctx(), a.Caller, a.Brand.AppID, a.id()), "dropped", nil)
}

func (d *Door) addURI(a *oauthApp) error {
	_, err := d.OAuth.AddRedirectURI(a.seen(), a.Caller, a.Brand.AppID, a.id(), a.Form.Get("uri"))
	return d.finishApp(a, err, "added", func(p *appPage) {
		if p.URI = web.Again(a.Form, err, "uri"); revision.Stale(err) {
			p.URI.Problem = urisChanged + " Add yours again to have it too."
			return
		}
		p.URI = p.URI.OnField("uri")
	})
}

// urisChanged stands above the list as it is now.
const urisChanged = "Somebody else changed the redirect URIs while you had this page open. They are now as listed here."

func (d *Door) removeURI(a *oauthApp) error {
	id, err := strconv.Atoi(a.Form.Get("uri"))
	if err != nil {
		return errNoSuchPart
	}
	err = unlessGone(d.OAuth.RemoveRedirectURI(a.seen(), a.Caller, a.Brand.AppID, a.id(), id))
	if revision.Stale(err) {
		return d.finishApp(a, err, "", func(p *appPage) { p.URI.Problem = urisChanged + " Remove it again if it shall go." })
	}
	return d.finishApp(a, err, "removed", nil)
}

// requestToken answers with a new token, once: only its digest is kept.
func (d *Door) requestToken(a *oauthApp) error {
	token, err := d.OAuth.AccessToken(a.ctx(), a.Once(a.Caller), a.Brand.AppID, a.id())
	if err != nil {
		return err
	}
	return d.appWith(a, http.StatusOK, func(p *appPage) { p.Token = token })
}

func (d *Door) revokeToken(a *oauthApp) error {
	return d.finishApp(a, unlessGone(d.OAuth.RevokeToken(a.ctx(), a.Caller, a.Brand.AppID, a.Form.Get("key"))), "revoked", nil)
}

// unlessGone takes it for done that what was to be removed is not there any more.
func unlessGone(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Try is the address of a first call with a new token.
func (p appPage) Try() string { return p.PublicURL + "/api/v1.0/apps/" + url.PathEscape(p.AppID) }
