package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"comanda/account"
	"comanda/internal/clock"
)

// LogoutPrompt says how a sign-out that an app asked for goes on (OpenID Connect RP-Initiated Logout).
type LogoutPrompt struct {
	Confirm  bool       // ask the person first
	AppName  string     // empty: no app is known
	Request  string     // opaque; LogoutTarget opens it after the person confirmed
	Redirect string     // where to go once signed out; empty = to our own page
	Page     *ErrorPage // nothing is signed out
}

type sealedLogout struct {
	App, Redirect string
	At            int64
}

// EndSession reads a request of the end session endpoint, GET or POST. session is the browser's, nil without one.
func (s *Server) EndSession(r *http.Request, session *account.Session) (LogoutPrompt, error) {
	p, err := s.endSession(r, session)
	if e := (*pageError)(nil); errors.As(err, &e) {
		return LogoutPrompt{Page: &e.ErrorPage}, nil
	}
	if e := (*problem)(nil); errors.As(err, &e) {
		return LogoutPrompt{Page: &ErrorPage{e.status, e.code, e.description, "Go back to the app, or sign out on this server's own page."}}, nil
	}
	return p, err
}

func (s *Server) endSession(r *http.Request, session *account.Session) (LogoutPrompt, error) {
	text, err := carriedBy(r)
	if err != nil {
		return LogoutPrompt{}, err
	}
	p, err := parseParams(text)
	if err != nil {
		return LogoutPrompt{}, err
	}
	var said *hint
	clientID := p["client_id"]
	if p["id_token_hint"] != "" {
		h, ok, err := s.parseHint(r.Context(), p["id_token_hint"])
		switch {
		case err != nil:
			return LogoutPrompt{}, err
		case !ok:
			return LogoutPrompt{}, page("invalid_request", "The app's proof of who is signed in is not one of this server (id_token_hint).", "Sign out on this server's own page.")
		case clientID != "" && clientID != h.clientID:
			return LogoutPrompt{}, page("invalid_request", "The app's proof of who is signed in was issued to another app (id_token_hint, client_id).", "Tell the app's developer.")
		}
		said, clientID = &h, h.clientID
	}
	c := client{}
	if clientID != "" {
		if c, err = s.client(r.Context(), clientID); err != nil {
			return LogoutPrompt{}, err
		}
	}
	out := LogoutPrompt{AppName: c.name}
	if to := p["post_logout_redirect_uri"]; to != "" {
		switch {
		case c.id == "" || c.disabled || c.brandOff:
			return LogoutPrompt{}, page("invalid_request", "Nothing says which app wants you back after signing out (id_token_hint, client_id).", "Tell the app's developer.")
		case !slices.Contains(c.settings.PostLogoutURIs, to):
			return LogoutPrompt{}, page("invalid_request", "The address that the app wants to go to after signing out is not registered for it (post_logout_redirect_uri).", "Its developer adds the address to the app's post-logout redirect URIs, to the letter.")
		}
		out.Redirect = to
		if state := p["state"]; state != "" {
			sep := "?"
			if strings.Contains(to, "?") {
				sep = "&"
			}
			out.Redirect += sep + "state=" + url.QueryEscape(state)
		}
	}
	// An app that holds the ID token of this very sign-in need not ask; any other could sign people out unasked.
	same := session != nil && said != nil && said.account == session.Account && (said.session == "" || said.session == session.Key)
	// Who stays on our pages is asked there even so: the official desktop example waits until it has seen two of them.
	out.Confirm = session != nil && (!same || out.Redirect == "")
	raw, err := json.Marshal(sealedLogout{c.name, out.Redirect, clock.Micros(clock.Now())})
	out.Request = base64.RawURLEncoding.EncodeToString(s.requestBox.Seal(raw, "logout"))
	return out, err
}

// LogoutTarget opens a LogoutPrompt's Request: the app that asked and where to go once signed out. What has expired or is
// none leads to our own page.
func (s *Server) LogoutTarget(_ context.Context, request string) (redirect, appName string) {
	sealed, err := base64.RawURLEncoding.DecodeString(request)
	if err != nil {
		return "", ""
	}
	raw, err := s.requestBox.Open(sealed, "logout")
	var l sealedLogout
	if err != nil || json.Unmarshal(raw, &l) != nil || clock.Now().Sub(clock.FromMicros(l.At)) > requestLife {
		return "", ""
	}
	return l.Redirect, l.App
}
