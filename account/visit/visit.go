// Package visit is a person's visit to a page: who is signed in at the browser, which form was sent, and where somebody is
// led who must sign in first. The doors with pages stand on it.
package visit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/internal/web"
)

// SignInPath is the page at which people sign in; it goes on to the local path in its query's "return".
const SignInPath = "/identity/login"

// Door is what every page of a door needs.
type Door struct {
	Accounts *account.Accounts
	Origin   web.Origin
	Pages    *web.Pages
	Public   string // https://host, without a slash at its end
	Home     string // local path to go to when nothing says where

	// KeepsTyped says that what is typed into its pages may be kept, sealed, in the browser of who is signed out meanwhile. A
	// door that asks for passwords must not.
	KeepsTyped bool
}

// Visit is one request for a page.
type Visit struct {
	W       http.ResponseWriter
	R       *http.Request
	Session *account.Session // nil = nobody is signed in
	Form    url.Values       // what a form of ours sent; nil when none did
}

// Page is the way that every page goes: who is there, what was sent, and what becomes of an error.
func (d *Door) Page(serve func(*Visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &Visit{W: w, R: r}
		defer func() {
			// A page is written in one piece at its end, so that nothing has been written yet.
			if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
				d.Pages.Fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		if err := d.arrive(v); err != nil {
			d.Pages.Fail(w, r, err)
		} else if err := serve(v); err != nil {
			d.Pages.Fail(w, r, err)
		}
	})
}

// Protect serves what another site's pages must not send forms to.
func (d *Door) Protect(next http.Handler) (http.Handler, error) {
	return web.Protect(d.Public, http.HandlerFunc(d.foreign), next)
}

// foreign answers a form that another site's page has sent.
func (d *Door) foreign(w http.ResponseWriter, r *http.Request) {
	d.Pages.ShowProblem(w, r, web.Problem{
		Status: http.StatusForbidden, Title: "This form came from another site",
		Text: "Nothing was changed.", Mend: "Open the page here and send the form from there.",
		Back: d.Home, BackCaption: "Start again",
	})
}

func (d *Door) arrive(v *Visit) error {
	if token := web.SessionToken(v.R); token != "" {
		s, err := d.Accounts.Session(v.R.Context(), token)
		switch {
		case err == nil:
			v.Session = &s
		case fault.KindOf(err) != fault.Unauthenticated:
			return err
		}
	}
	return nil
}

// WithForm reads the form before a page is served.
func WithForm(serve func(*Visit) error) func(*Visit) error {
	return func(v *Visit) (err error) {
		if v.Form, err = web.ReadForm(v.W, v.R); err != nil {
			return err
		}
		return serve(v)
	}
}

// SignedIn sends whoever is not signed in to do that, and then to the page; after a form, to the page that the form stood on,
// which shows it again.
func (d *Door) SignedIn(serve func(*Visit, *account.Caller) error) func(*Visit) error {
	return func(v *Visit) error {
		if v.Session == nil {
			page := d.here(v)
			if v.Form != nil {
				d.keep(v, page)
			}
			web.SeeOther(v.W, SignIn(page))
			return nil
		}
		d.recall(v)
		c, err := d.Caller(v)
		if err != nil {
			return err
		}
		return serve(v, c)
	}
}

// Recently is SignedIn for what only somebody may do who proved a short while ago who they are.
func (d *Door) Recently(serve func(*Visit, *account.Caller) error) func(*Visit) error {
	return d.SignedIn(func(v *Visit, c *account.Caller) error {
		if c.RequireRecent() != nil {
			web.SeeOther(v.W, SignIn(d.here(v)))
			return nil
		}
		return serve(v, c)
	})
}

// SignIn is the address of the sign-in page on the way to a local path.
func SignIn(back string) string { return SignInPath + "?return=" + url.QueryEscape(back) }

// here is the page to come back to: this one, or the one that sent the form.
func (d *Door) here(v *Visit) string {
	if v.R.Method == http.MethodGet {
		return web.LocalPath(v.R.URL.RequestURI(), d.Home)
	}
	from, ours := strings.CutPrefix(v.R.Referer(), d.Public)
	if !ours {
		return d.Home
	}
	return web.LocalPath(from, d.Home)
}

// Once is a caller whose form counts once, however often it is sent: the part "once" of the form and what was typed into it are
// the Idempotency-Key. What makes something takes this caller.
func (v *Visit) Once(c *account.Caller) *account.Caller {
	once := *c
	if v.Form.Get("once") != "" {
		sum := sha256.Sum256([]byte(v.R.URL.Path + "?" + v.Form.Encode()))
		once.Idempotent = hex.EncodeToString(sum[:])
	}
	return &once
}

// Caller is the person who is signed in, acting from where they are.
func (d *Door) Caller(v *Visit) (*account.Caller, error) {
	c, err := d.Accounts.SessionCaller(v.R.Context(), *v.Session)
	if err != nil {
		return nil, err
	}
	c.IP = d.Origin.ClientIP(v.R).String()
	return c, nil
}

// Visitor is the visit as a sign-in sees it.
func (d *Door) Visitor(v *Visit) account.Visitor {
	return account.Visitor{Address: d.Origin.ClientIP(v.R), Agent: v.R.UserAgent(), Session: web.SessionToken(v.R)}
}

// Refused says whether an error is the person's to mend, and so belongs into the form that they sent.
func Refused(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Gone, fault.TooMany, fault.Unprocessable:
		return true
	}
	return false
}
