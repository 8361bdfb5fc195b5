package web

import "net/http"

// sessionCookie keeps a browser signed in. Its prefix makes browsers refuse one that was not set by this very host over
// HTTPS for all of its paths.
const sessionCookie = "__Host-comanda"

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
