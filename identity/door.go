package identity

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"comanda/account"
	"comanda/account/passkey"
	"comanda/internal/fault"
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
	Config
	pages *web.Pages
	inner http.Handler // pages, behind the protection against requests of other sites
	oauth http.Handler
}

// New makes the door.
func New(c Config) (*Door, error) {
	site := web.Site{PublicURL: c.PublicURL, Host: strings.TrimPrefix(c.PublicURL, "https://"), Version: c.Version}
	pages, err := web.NewPages(prefix, site, files, functions)
	if err != nil {
		return nil, err
	}
	d := &Door{Config: c, pages: pages, oauth: c.OAuth.Handler()}
	d.inner, err = web.Protect(c.PublicURL, http.HandlerFunc(d.foreign), d.routes())
	return d, err
}

// routes are all pages.
func (d *Door) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(*visit) error{
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
		"GET /identity/device":         d.signedIn(d.showDevice),
		"POST /identity/device":        d.signedIn(d.device),
		"POST /identity/device/decide": d.signedIn(d.decideDevice),

		"GET /identity/logout":  d.showLogout,
		"POST /identity/logout": d.logout,

		"GET /identity/account":                   d.signedIn(d.account),
		"POST /identity/account/profile":          d.signedIn(d.changeProfile),
		"POST /identity/account/password":         d.signedIn(d.changePassword),
		"POST /identity/account/two-step":         d.recently(d.beginTwoStep),
		"POST /identity/account/two-step/confirm": d.recently(d.confirmTwoStep),
		"POST /identity/account/two-step/end":     d.recently(d.endTwoStep),
		"POST /identity/account/recovery":         d.recently(d.newRecovery),
		"POST /identity/account/passkeys/remove":  d.recently(d.removePasskey),
		"POST /identity/account/sessions/end":     d.signedIn(d.endSessionOf),
		"POST /identity/account/sessions/others":  d.signedIn(d.endOtherSessions),
		"POST /identity/account/apps/revoke":      d.signedIn(d.revokeApp),
	} {
		if strings.HasPrefix(pattern, "POST ") {
			serve = withForm(serve)
		}
		mux.Handle(pattern, d.page(serve))
	}
	for path, serve := range map[string]func(*visit) error{
		"/identity/login/passkey/options":    d.script(d.passkeyOptions),
		"/identity/login/passkey":            d.script(d.loginPasskey),
		"/identity/account/passkeys/options": d.byScript(d.newPasskeyOptions),
		"/identity/account/passkeys":         d.byScript(d.addPasskey),
	} {
		mux.Handle("POST "+path, d.page(serve))
	}
	mux.Handle("GET /identity/assets/", d.pages.Assets())
	mux.Handle("/", http.HandlerFunc(d.nothing))
	return mux
}

// ServeHTTP implements http.Handler. The two endpoints that other sites' pages lead to are outside of the protection
// against such requests: nothing changes there before the person has agreed on a page of ours. So is what clients call, some
// of them from pages of their own: no cookie counts there.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.ToLower(r.URL.Path); {
	case path == prefix+"/connect/authorize":
		d.page(d.authorize).ServeHTTP(w, r)
	case path == prefix+"/connect/endsession":
		d.page(d.endSession).ServeHTTP(w, r)
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
func (d *Door) front(v *visit) error {
	http.Redirect(v.w, v.r, home, http.StatusSeeOther)
	return nil
}

// foreign answers a form that another site's page has sent.
func (d *Door) foreign(w http.ResponseWriter, r *http.Request) {
	d.pages.ShowProblem(w, r, web.Problem{
		Status: http.StatusForbidden, Title: "This form came from another site",
		Text: "Nothing was changed.", Mend: "Open the page here and send the form from there.",
		Back: home, BackCaption: "Go to your account",
	})
}

// nothing answers where there is no page, also to a reader who reloads the answer to a form by its address.
func (d *Door) nothing(w http.ResponseWriter, r *http.Request) {
	d.pages.ShowProblem(w, r, web.Problem{
		Status: http.StatusNotFound, Title: "There is no page here", Text: "The address is wrong, or it belongs to a form that was sent from another page.",
		Mend: "Start again from there.", Back: home, BackCaption: "Go to your account",
	})
}

// visit is one request for a page.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	session *account.Session // nil = nobody is signed in
	form    url.Values       // what a form of ours sent; nil when none did
}

// page is the way that every page goes: who is there, what was sent, and what becomes of an error.
func (d *Door) page(serve func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r}
		defer func() {
			// A page is written in one piece at its end, so that nothing has been written yet.
			if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
				d.pages.Fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		if err := d.arrive(v); err != nil {
			d.pages.Fail(w, r, err)
		} else if err := serve(v); err != nil {
			d.pages.Fail(w, r, err)
		}
	})
}

func (d *Door) arrive(v *visit) error {
	if token := web.SessionToken(v.r); token != "" {
		s, err := d.Accounts.Session(v.r.Context(), token)
		switch {
		case err == nil:
			v.session = &s
		case fault.KindOf(err) != fault.Unauthenticated:
			return err
		}
	}
	return nil
}

func withForm(serve func(*visit) error) func(*visit) error {
	return func(v *visit) (err error) {
		if v.form, err = web.ReadForm(v.w, v.r); err != nil {
			return err
		}
		return serve(v)
	}
}

// visitor is the visit as a sign-in sees it.
func (d *Door) visitor(v *visit) account.Visitor {
	return account.Visitor{Address: d.Origin.ClientIP(v.r), Agent: v.r.UserAgent(), Session: web.SessionToken(v.r)}
}

// caller is the person who is signed in, acting from where they are.
func (d *Door) caller(v *visit) (*account.Caller, error) {
	c, err := d.Accounts.SessionCaller(v.r.Context(), *v.session)
	if err != nil {
		return nil, err
	}
	c.IP = d.Origin.ClientIP(v.r).String()
	return c, nil
}

// back is where a form leads after it did what it is for.
func (v *visit) back() string { return web.LocalPath(v.form.Get("return"), home) }

// refused says whether an error is the person's to mend, and so belongs into the form that they sent.
func refused(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Gone, fault.TooMany, fault.Unprocessable:
		return true
	}
	return false
}
