package web

import "net/http"

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
