package identity

import (
	"embed"
	"html/template"
	"net/http"
	"strings"

	"comanda/account"
	"comanda/account/passkey"
	"comanda/account/visit"
	"comanda/internal/web"
	"comanda/oauth"
)

//go:embed assets all:templates
var files embed.FS

const (
	prefix = "/identity"
	home   = prefix + "/account" // where a sign-in leads that was not on the way to somewhere
)

// functions are those of this door's templates.
var functions = template.FuncMap{"onTheWay": onTheWay, "words": words, "when": when, "browserOf": browserOf, "about": oauth.About}

// Config is what the door stands on.
type Config struct {
	Accounts  *account.Accounts
	Passkeys  *passkey.Passkeys
	OAuth     *oauth.Server
	Origin    web.Origin
	PublicURL string // https://host, without a slash at its end
	Version   string
	SignUp    account.SignUpMode // whether the sign-in page offers to create an account
}

// Door serves everything below /identity.
type Door struct {
	visit.Door
	Passkeys *passkey.Passkeys
	OAuth    *oauth.Server
	SignUp   account.SignUpMode
	inner    http.Handler // pages, behind the protection against requests of other sites
	oauth    http.Handler
}

// New makes the door.
func New(c Config) (*Door, error) {
	site := web.Site{PublicURL: c.PublicURL, Host: strings.TrimPrefix(c.PublicURL, "https://"), Version: c.Version}
	pages, err := web.NewPages(prefix, site, files, functions)
	if err != nil {
		return nil, err
	}
	d := &Door{
		Door:     visit.Door{Accounts: c.Accounts, Origin: c.Origin, Pages: pages, Public: c.PublicURL, Home: home},
		Passkeys: c.Passkeys, OAuth: c.OAuth, SignUp: c.SignUp, oauth: c.OAuth.Handler(),
	}
	d.inner, err = d.Protect(d.routes())
	return d, err
}

// routes are all pages.
func (d *Door) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(*visit.Visit) error{
		"GET /identity":                 d.front,
		"GET /identity/{$}":             d.front,
		"GET /identity/login":           d.showLogin,
		"POST /identity/login":          d.login,
		"POST /identity/login/pin/send": d.sendPIN,
		"POST /identity/login/pin":      d.loginPIN,
		"POST /identity/login/second":   d.loginSecond,

		"GET /identity/signup":       d.showSignUp,
		"POST /identity/signup":      d.signUp,
		"POST /identity/verify":      d.verify,
		"GET /identity/reset":        d.showReset,
		"POST /identity/reset":       d.reset,
		"POST /identity/reset/link":  d.resetByLink,
		"GET /identity/invite":       d.showInvite,
		"POST /identity/invite":      d.acceptInvite,
		"POST /identity/invite/join": d.joinByInvite,

		"POST /identity/consent":       d.consent,
		"GET /identity/device":         d.SignedIn(d.showDevice),
		"POST /identity/device":        d.SignedIn(d.device),
		"POST /identity/device/decide": d.SignedIn(d.decideDevice),

		"GET /identity/logout":  d.showLogout,
		"POST /identity/logout": d.logout,

		"GET /identity/account":                   d.SignedIn(d.account),
		"POST /identity/account/profile":          d.SignedIn(d.changeProfile),
		"POST /identity/account/password":         d.SignedIn(d.changePassword),
		"POST /identity/account/two-step":         d.Recently(d.beginTwoStep),
		"POST /identity/account/two-step/confirm": d.Recently(d.confirmTwoStep),
		"POST /identity/account/two-step/end":     d.Recently(d.endTwoStep),
		"POST /identity/account/recovery":         d.Recently(d.newRecovery),
		"POST /identity/account/passkeys/remove":  d.Recently(d.removePasskey),
		"POST /identity/account/sessions/end":     d.SignedIn(d.endSessionOf),
		"POST /identity/account/sessions/others":  d.SignedIn(d.endOtherSessions),
		"POST /identity/account/apps/revoke":      d.SignedIn(d.revokeApp),
	} {
		if strings.HasPrefix(pattern, "POST ") {
			serve = visit.WithForm(serve)
		}
		mux.Handle(pattern, d.Page(serve))
	}
	for path, serve := range map[string]func(*visit.Visit) error{
		"/identity/login/passkey/options":    d.script(d.passkeyOptions),
		"/identity/login/passkey":            d.script(d.loginPasskey),
		"/identity/account/passkeys/options": d.byScript(d.newPasskeyOptions),
		"/identity/account/passkeys":         d.byScript(d.addPasskey),
	} {
		mux.Handle("POST "+path, d.Page(serve))
	}
	mux.Handle("GET /identity/assets/", d.Pages.Assets())
	mux.Handle("/", http.HandlerFunc(d.nothing))
	return mux
}

// ServeHTTP implements http.Handler. The two endpoints that other sites' pages lead to are outside of the protection
// against such requests: nothing changes there before the person has agreed on a page of ours. So is what clients call, some
// of them from pages of their own: no cookie counts there.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.ToLower(r.URL.Path); {
	case path == prefix+"/connect/authorize":
		d.Page(d.authorize).ServeHTTP(w, r)
	case path == prefix+"/connect/endsession":
		d.Page(d.endSession).ServeHTTP(w, r)
	case IsPage(path):
		d.inner.ServeHTTP(w, r)
	default:
		d.oauth.ServeHTTP(w, r)
	}
}

// IsPage reports whether a path below /identity is for people, in a browser.
func IsPage(path string) bool {
	path = strings.TrimPrefix(strings.ToLower(path), prefix)
	switch path {
	case "/connect/authorize", "/connect/endsession":
		return true
	}
	return !strings.HasPrefix(path, "/connect/") && !strings.HasPrefix(path, "/.well-known/")
}

// front leads whoever typed the shortest address to where they want to be.
func (d *Door) front(v *visit.Visit) error {
	http.Redirect(v.W, v.R, home, http.StatusSeeOther)
	return nil
}

// nothing answers where there is no page, also to a reader who reloads the answer to a form by its address.
func (d *Door) nothing(w http.ResponseWriter, r *http.Request) {
	d.Pages.ShowProblem(w, r, web.Problem{
		Status: http.StatusNotFound, Title: "There is no page here", Text: "The address is wrong, or it belongs to a form that was sent from another page.",
		Mend: "Start again from there.", Back: home, BackCaption: "Go to your account",
	})
}

// back is where a form leads after it did what it is for.
func back(v *visit.Visit) string { return web.LocalPath(v.Form.Get("return"), home) }
