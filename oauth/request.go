package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/internal/clock"
)

// authRequest is an authorization request: its parameters, each read once into what it means.
type authRequest struct {
	raw params
	at  time.Time // when it arrived first
	app client

	redirectURI   string
	state         string
	response      responseType
	mode          string // query, fragment or form_post
	scopes        scopeSet
	nonce         string
	challenge     string // of PKCE, S256
	prompt        []string
	maxAge        time.Duration // negative = not asked
	hint          *hint
	loginHint     string
	claims        claimsRequest
	keyThumbprint string // of the DPoP key that the code is bound to
}

// responseType is what the authorization endpoint answers with.
type responseType struct{ code, idToken, token bool }

// responseTypes are the combinations that exist, by their words in order.
var responseTypes = map[string]responseType{
	"code":                {code: true},
	"code id_token":       {code: true, idToken: true},
	"code token":          {code: true, token: true},
	"code id_token token": {code: true, idToken: true, token: true},
	"id_token":            {idToken: true},
	"token":               {token: true},
	"id_token token":      {idToken: true, token: true},
}

// parseResponseType reads a response_type, whose words come in any order.
func parseResponseType(text string) (responseType, bool) {
	words := strings.Fields(text)
	slices.Sort(words)
	t, ok := responseTypes[strings.Join(words, " ")]
	return t, ok
}

// front reports whether anything but a code is issued in front.
func (t responseType) front() bool { return t.idToken || t.token }

// The response modes.
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"
)

// arrived reads a request: new, pushed ahead, or on its way back from another page.
func (s *Server) arrived(r *http.Request) (authRequest, error) {
	text, err := carriedBy(r)
	if err != nil {
		return authRequest{}, err
	}
	p, err := parseParams(text)
	if err != nil && !errors.Is(err, errRepeated) {
		return authRequest{}, err
	}
	if handle := p[continueParam]; handle != "" {
		sealed, err := s.openRequest(handle)
		if err != nil {
			return authRequest{}, err
		}
		return s.read(r.Context(), sealed.Params, clock.FromMicros(sealed.At), true) // it was let through when it was sealed
	}
	pushed := false
	if ref := p["request_uri"]; strings.HasPrefix(ref, pushedPrefix) && err == nil {
		if p, err = s.takePushed(r.Context(), ref, p["client_id"]); err != nil {
			return authRequest{}, err
		}
		pushed = true
	}
	q, readErr := s.read(r.Context(), p, clock.Now(), pushed)
	if q.redirectURI != "" && err != nil {
		return q, err // a parameter is repeated, and none of those that say where to tell it
	}
	return q, readErr
}

// read reads parameters into a request. As soon as client and redirect URI are known to belong together, they are in
// what is returned, so that the error can be told there.
func (s *Server) read(ctx context.Context, p params, at time.Time, pushed bool) (authRequest, error) {
	q := authRequest{raw: p, at: at, maxAge: -1}
	var err error
	if q.app, err = s.client(ctx, p["client_id"]); err != nil {
		return q, err
	}
	switch {
	case p["client_id"] == "":
		return q, page("invalid_request", "The app that sent you here did not say which one it is (client_id).", "Tell its developer.")
	case q.app.id == "" || q.app.disabled || q.app.brandOff:
		return q, page("invalid_client", "The app that sent you here is not known on this server (client_id).", "Tell its developer.")
	case p["redirect_uri"] == "":
		return q, page("invalid_request", "The app that sent you here did not say where to go back to (redirect_uri).", "Tell its developer.")
	}
	if known, err := s.redirectRegistered(ctx, q.app.id, p["redirect_uri"]); err != nil {
		return q, err
	} else if !known {
		return q, page("invalid_redirect_uri", "The address that the app wants to go back to is not registered for it (redirect_uri).", "Its developer adds the address to the app's redirect URIs, to the letter.")
	}
	q.redirectURI, q.state = p["redirect_uri"], p["state"]

	// Where errors go is settled first.
	response, known := parseResponseType(p["response_type"])
	q.response = response
	q.mode = modeQuery
	if response.front() {
		q.mode = modeFragment
	}
	wrongMode := false
	switch m := p["response_mode"]; {
	case m == "":
	case m == modeFormPost, m == modeFragment, m == modeQuery && !response.front():
		q.mode = m
	default:
		wrongMode = true
	}
	switch {
	case p["response_type"] == "":
		return q, invalidRequest("response_type is missing.")
	case !known:
		return q, refusal("unsupported_response_type", "response_type is none of code, code id_token, code token, code id_token token, id_token, token, id_token token.")
	case wrongMode && p["response_mode"] == modeQuery:
		return q, invalidRequest("response_mode query is for response_type code only: a token must not stand in a query.")
	case wrongMode:
		return q, invalidRequest("response_mode is none of query, fragment, form_post.")
	case p["request"] != "":
		return q, refusal("request_not_supported", "Request objects are not supported: send plain parameters.")
	case p["request_uri"] != "":
		return q, refusal("request_uri_not_supported", "request_uri is for requests pushed to the pushed authorization request endpoint only.")
	case p["registration"] != "":
		return q, refusal("registration_not_supported", "The registration parameter is not supported.")
	case q.app.settings.RequirePushed && !pushed:
		return q, invalidRequest("This app sends its requests to the pushed authorization request endpoint first.")
	case !flowAllows(q.app.app, response):
		return q, refusal("unauthorized_client", "The flow of this OAuth app does not allow this response_type.")
	}
	return q, s.readRest(ctx, &q, p)
}

// readRest reads what is not about where the answer goes.
func (s *Server) readRest(ctx context.Context, q *authRequest, p params) (err error) {
	if p.size() > maxRequest {
		return invalidRequest("The request is larger than 8 KiB.")
	}
	q.scopes, _ = parseScope(p["scope"])
	q.nonce, q.loginHint = p["nonce"], p["login_hint"]
	switch {
	case len(q.scopes) == 0:
		return invalidScope("scope names none of the scopes that this server knows. See scopes_supported in the metadata.")
	case q.response.idToken && !q.scopes.has(scopeOpenID):
		return invalidRequest("A response_type with id_token needs the scope openid.")
	case q.response.idToken && q.nonce == "":
		return invalidRequest("A response_type with id_token needs a nonce.")
	case len(q.nonce) > 512 || len(q.state) > 4096:
		return invalidRequest("nonce has 512 bytes at most, state 4096.")
	}
	if !q.response.code {
		q.scopes = slices.DeleteFunc(q.scopes, func(name string) bool { return name == scopeOffline })
	}
	q.challenge = p["code_challenge"]
	switch method := p["code_challenge_method"]; {
	case q.challenge == "" && method != "":
		return invalidRequest("code_challenge_method is there without code_challenge.")
	case q.challenge == "" && q.app.settings.Public && q.response.code:
		return invalidRequest("A public app needs PKCE: send code_challenge and code_challenge_method S256.")
	case q.challenge != "" && method != "S256":
		return invalidRequest("The only code_challenge_method is S256, and it must be named.")
	case q.challenge != "" && !isDigestText(q.challenge):
		return invalidRequest("code_challenge is not the base64url of a SHA-256.")
	}
	if q.keyThumbprint = p["dpop_jkt"]; q.keyThumbprint != "" && !isDigestText(q.keyThumbprint) {
		return invalidRequest("dpop_jkt is not the base64url of a SHA-256.")
	}
	q.prompt = strings.Fields(p["prompt"])
	for _, word := range q.prompt {
		if !slices.Contains(promptValues, word) {
			return invalidRequest("prompt is none of none, login, consent, select_account, create.")
		}
	}
	if len(q.prompt) > 1 && slices.Contains(q.prompt, "none") {
		return invalidRequest("prompt none stands alone.")
	}
	if text := p["max_age"]; text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return invalidRequest("max_age is not a number of seconds.")
		}
		q.maxAge = time.Duration(seconds) * time.Second
	}
	if text := p["id_token_hint"]; text != "" {
		h, ok, err := s.parseHint(ctx, text)
		if err != nil {
			return err
		}
		if !ok {
			return invalidRequest("id_token_hint is not an ID token of this server.")
		}
		q.hint = &h
	}
	q.claims, err = parseClaims(p["claims"])
	return err
}

var promptValues = []string{"none", "login", "consent", "select_account", "create"}

func isDigestText(s string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(raw) == 32
}

// flowAllows reports whether an app's Flow includes a response type.
func flowAllows(a app, t responseType) bool {
	switch a.flow {
	case "AuthorizationCode":
		return t.code && !t.front()
	case "Hybrid":
		return t.code
	case "Implicit":
		return !t.code
	}
	return false
}

// sealedRequest is an authorization request on its way through the browser.
type sealedRequest struct {
	Params  params
	At      int64
	Account int `json:",omitempty"` // whom the consent page was shown to
}

func (s *Server) sealRequest(q authRequest, accountID int) string {
	raw, _ := json.Marshal(sealedRequest{q.raw, clock.Micros(q.at), accountID})
	return base64.RawURLEncoding.EncodeToString(s.requestBox.Seal(raw, "authorize"))
}

func (s *Server) openRequest(text string) (sealedRequest, error) {
	var r sealedRequest
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		var raw []byte
		if raw, err = s.requestBox.Open(sealed, "authorize"); err == nil {
			err = json.Unmarshal(raw, &r)
		}
	}
	if err != nil || clock.Now().Sub(clock.FromMicros(r.At)) > requestLife {
		return r, page("invalid_request", "This request is not complete or has taken too long.", "Go back to the app and start again.")
	}
	return r, nil
}
