package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
)

// Outcome says what the browser does next at the authorization endpoint. Exactly one member is set.
type Outcome struct {
	Redirect string         // go there by 303
	Form     *FormPost      // post there
	SignIn   *SignInPrompt  // sign in, then come back
	Consent  *ConsentPrompt // ask the person, then Decide
	Page     *ErrorPage     // an error that must not be sent anywhere
}

// FormPost is a form that posts itself (OAuth 2.0 Form Post Response Mode).
type FormPost struct {
	Action string
	Fields [][2]string
}

// SignInPrompt asks for a sign-in before an authorization request goes on.
type SignInPrompt struct {
	Continue         string // local path to come back to
	RedirectURI      string // where the person will land in the end
	AppName, LogoURI string
	LoginHint        string
	UILocales        []string
	Fresh            bool // a session that is there does not do: the person proves who they are again
	Create           bool // the client would like a new account to be made
}

// ErrorPage is an error told to a person.
type ErrorPage struct {
	Status int
	Code   string // as RFC 6749 has it
	Text   string // what is wrong
	Mend   string // how to put it right
}

const (
	authorizePath = "/identity/connect/authorize"
	continueParam = "continue"
	requestLife   = time.Hour // how long a person may take over a request
)

// pageError is a problem that is told on a page of ours, because there is no trusted place to send it to.
type pageError struct{ ErrorPage }

func (p *pageError) Error() string { return p.Code + ": " + p.Text }

func page(code, text, mend string) error {
	return &pageError{ErrorPage{http.StatusBadRequest, code, text, mend}}
}

// Authorize answers a request of the authorization endpoint, GET or POST. session is the browser's, nil without one.
func (s *Server) Authorize(r *http.Request, session *account.Session) (Outcome, error) {
	q, err := s.arrived(r)
	if err == nil {
		var out Outcome
		if out, err = s.proceed(r.Context(), q, session); err == nil {
			return out, nil
		}
	}
	return s.tell(r, q, err)
}

// tell turns an error into an outcome: at the redirect URI once that is known to be the client's, else on a page.
func (s *Server) tell(r *http.Request, q authRequest, err error) (Outcome, error) {
	if p := (*pageError)(nil); errors.As(err, &p) {
		return Outcome{Page: &p.ErrorPage}, nil
	}
	p := problemOf(r, err)
	if q.redirectURI == "" {
		return Outcome{Page: &ErrorPage{max(p.status, http.StatusBadRequest), p.code, p.description, ""}}, nil
	}
	return s.respond(q, [][2]string{{"error", p.code}, {"error_description", p.description}}), nil
}

// proceed goes on with a good request as far as it can without the person.
func (s *Server) proceed(ctx context.Context, q authRequest, session *account.Session) (Outcome, error) {
	silent := slices.Contains(q.prompt, "none")
	if session != nil && q.hint != nil && q.hint.account != session.Account && !session.Authenticated.Before(q.at) {
		return Outcome{}, refusal("login_required", "Somebody else signed in than the app expects.")
	}
	if fresh, needed := q.needsSignIn(session); needed {
		if silent {
			return Outcome{}, refusal("login_required", "Nobody is signed in, or not as this request asks.")
		}
		return s.askSignIn(q, fresh), nil
	}
	g, found, err := s.grantFor(ctx, q, session.Account)
	if err != nil {
		return Outcome{}, err
	}
	asked := slices.Contains(q.prompt, "consent") || q.impersonable()
	if found && !asked { // who has to be asked is answered by Decide alone: a request may have been kept for later
		return s.answer(ctx, q, session, g)
	}
	if silent {
		return Outcome{}, refusal("consent_required", "The person has not agreed to this yet.")
	}
	if q.needsProof(session) {
		return s.askSignIn(q, true), nil
	}
	return s.askConsent(ctx, q, session)
}

// needsProof says whether the sign-in is too old to agree to the request by it: who lets an app act on the brand has shown a
// short time ago that it is them.
func (q authRequest) needsProof(session *account.Session) bool {
	return q.scopes.api() && session.Authenticated.Before(clock.Now().Add(-account.StepUp))
}

// impersonable reports whether another program on the person's device could have sent the request in the app's name: the app
// proves nothing or gets its tokens in front, and its redirect URI is not one that only it can receive at (RFC 8252, 8.6).
// Then the person is asked each time.
func (q authRequest) impersonable() bool {
	return (q.app.settings.Public || q.response.front()) && !strings.HasPrefix(q.redirectURI, "https://")
}

// needsSignIn says whether the person has to sign in, and whether a session that is there does not do.
func (q authRequest) needsSignIn(session *account.Session) (fresh, needed bool) {
	if session == nil {
		return false, true
	}
	// Signed in for this very request; a request that was kept for later does not take any sign-in since for its own.
	since := !session.Authenticated.Before(q.at) && clock.Now().Sub(session.Authenticated) <= account.StepUp
	switch {
	case q.hint != nil && q.hint.account != session.Account:
		return true, true
	case since:
		return false, false
	case slices.Contains(q.prompt, "login"), slices.Contains(q.prompt, "select_account"), slices.Contains(q.prompt, "create"):
		return true, true
	case q.maxAge >= 0 && clock.Now().Sub(session.Authenticated) > q.maxAge:
		return true, true
	}
	return false, false
}

// continuePath is the local path at which a sealed request goes on.
func continuePath(sealed string) string { return authorizePath + "?" + continueParam + "=" + sealed }

func (s *Server) askSignIn(q authRequest, fresh bool) Outcome {
	return Outcome{SignIn: &SignInPrompt{
		Continue: continuePath(s.sealRequest(q, 0)), RedirectURI: q.redirectURI,
		AppName: q.app.name, LogoURI: q.app.logoURI, LoginHint: q.loginHint, UILocales: strings.Fields(q.raw["ui_locales"]),
		Fresh: fresh, Create: slices.Contains(q.prompt, "create"),
	}}
}

// ForSignIn says for which app a sign-in page is shown, from the local path that it returns to; empty when it is none of
// ours or has expired.
func (s *Server) ForSignIn(ctx context.Context, returnTo string) SignInPrompt {
	u, err := url.Parse(returnTo)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path != authorizePath {
		return SignInPrompt{}
	}
	sealed, err := s.openRequest(u.Query().Get(continueParam))
	if err != nil {
		return SignInPrompt{}
	}
	q, err := s.read(ctx, sealed.Params, clock.FromMicros(sealed.At), true)
	if err != nil {
		return SignInPrompt{}
	}
	p := s.askSignIn(q, false).SignIn
	p.Continue = returnTo
	return *p
}

// answer issues what the request asks for.
func (s *Server) answer(ctx context.Context, q authRequest, session *account.Session, g grant) (Outcome, error) {
	auth := authorization{
		id: newRandom(""), grant: g.id, app: q.app.id, account: session.Account, scopes: q.scopes, claims: q.claims, nonce: q.nonce,
		sessionKey: session.Key, methods: strings.Join(session.Methods, " "), authenticated: session.Authenticated,
	}
	var code, token string
	now := clock.Now()
	access := access{authorization: auth.id, scopes: q.scopes, kind: kindDelegated, subject: session.Account}
	if q.response.code {
		code = newRandom(codePrefix)
	}
	if q.response.token {
		if q.app.settings.RequireDPoP {
			return Outcome{}, refusal("unauthorized_client", "The access tokens of this app are bound to a key, so none is issued in front.")
		}
		token = newRandom(tokenPrefix)
	}
	if err := s.storeAnswer(ctx, q, auth, code, token, access, now); err != nil {
		return Outcome{}, err
	}
	var fields [][2]string
	if code != "" {
		fields = append(fields, [2]string{"code", code})
	}
	if q.response.idToken {
		id, err := s.idToken(ctx, q.app.app, auth, code, token, !q.response.code && !q.response.token)
		if err != nil {
			return Outcome{}, err
		}
		fields = append(fields, [2]string{"id_token", id})
	}
	if token != "" {
		fields = append(fields, [2]string{"access_token", token}, [2]string{"token_type", "Bearer"},
			[2]string{"expires_in", strconv.Itoa(q.app.accessSeconds)}, [2]string{"scope", q.scopes.String()})
	}
	return s.respond(q, fields), nil
}

// respond sends an answer or an error to the redirect URI, with state and issuer (RFC 9207).
func (s *Server) respond(q authRequest, fields [][2]string) Outcome {
	if q.state != "" {
		fields = append(fields, [2]string{"state", q.state})
	}
	fields = append(fields, [2]string{"iss", s.cfg.Issuer})
	if q.mode == modeFormPost {
		return Outcome{Form: &FormPost{q.redirectURI, fields}}
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f[0] + "=" + url.QueryEscape(f[1])
	}
	text := strings.Join(parts, "&")
	switch {
	case q.mode == modeFragment:
		return Outcome{Redirect: q.redirectURI + "#" + text}
	case strings.Contains(q.redirectURI, "?"):
		return Outcome{Redirect: q.redirectURI + "&" + text}
	}
	return Outcome{Redirect: q.redirectURI + "?" + text}
}
