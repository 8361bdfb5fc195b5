package web

import (
	"net/http"
	"time"
)

// sessionCookie keeps a browser signed in. Its prefix makes browsers refuse one that was not set by this very host over
// HTTPS for all of its paths.
const sessionCookie = "__Host-comanda"

// stepCookie carries a sealed handle from one step of a sign-in by API to the next, for a quarter of an hour.
const stepCookie = "__Host-comanda-step"

// Step is the handle of the request's unfinished sign-in; empty when there is none.
func Step(r *http.Request) string {
	c, err := r.Cookie(stepCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// SetStep keeps the handle of an unfinished sign-in in the browser; an empty one forgets it.
func SetStep(w http.ResponseWriter, handle string) {
	age := 15 * 60
	if handle == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: stepCookie, Value: handle, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// unsentCookie carries, sealed, the form of somebody who was signed out before they sent it, until they have signed in.
const unsentCookie = "__Host-comanda-unsent"

// UnsentAge is how long an unsent form is kept.
const UnsentAge = 15 * time.Minute

// MaxUnsent is how long a sealed form may be: browsers keep 4096 bytes of a cookie with its name and attributes.
const MaxUnsent = 3800

// UnsentHandle is the handle of the browser's unsent form; empty when there is none.
func UnsentHandle(r *http.Request) string {
	c, err := r.Cookie(unsentCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// SetUnsent keeps the handle of an unsent form in the browser; an empty one forgets it.
func SetUnsent(w http.ResponseWriter, handle string) {
	age := int(UnsentAge.Seconds())
	if handle == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: unsentCookie, Value: handle, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// SessionToken is the token of the request's session; empty when there is none.
func SessionToken(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// SetSession signs the browser in until it is closed or the session ends on the server.
func SetSession(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// ClearSession forgets the session in the browser.
func ClearSession(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
