package oauth

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"comanda/internal/web"
)

// endpoint is an address below /identity that clients call.
type endpoint struct {
	methods []string
	open    bool // pages of any origin may call it: it takes no cookies
	public  bool // its answer is the same for everybody and may be kept for a minute
	serve   http.HandlerFunc
}

// endpoints is the whole table; the pages that people see stand in package identity.
func (s *Server) endpoints() map[string]endpoint {
	read, send, both := []string{"GET", "HEAD"}, []string{"POST"}, []string{"GET", "POST"}
	return map[string]endpoint{
		"/.well-known/openid-configuration": {methods: read, open: true, public: true, serve: s.serveMetadata},
		// Where RFC 8414 (3.1) has it: outside of the issuer's path.
		"/.well-known/oauth-authorization-server/identity": {methods: read, open: true, public: true, serve: s.serveMetadata},
		"/.well-known/jwks":            {methods: read, open: true, public: true, serve: s.serveKeys},
		"/connect/token":               {methods: send, open: true, serve: s.serveToken},
		"/connect/par":                 {methods: send, open: true, serve: s.servePushed},
		"/connect/deviceauthorization": {methods: send, open: true, serve: s.serveDevice},
		"/connect/introspect":          {methods: send, serve: s.serveIntrospection},
		"/connect/revocation":          {methods: send, open: true, serve: s.serveRevocation},
		"/connect/userinfo":            {methods: both, open: true, serve: s.serveUserInfo},
	}
}

// Handler serves what clients call below /identity, with or without that prefix.
func (s *Server) Handler() http.Handler {
	table := s.endpoints()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		e, known := table[strings.TrimPrefix(strings.ToLower(web.Collapse(r.URL.Path)), "/identity")]
		if !known {
			writeProblem(w, &problem{status: http.StatusNotFound, code: "not_found", description: "There is nothing at this address. See /identity/.well-known/openid-configuration."})
			return
		}
		if e.open {
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", strings.Join(e.methods, ", "))
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
				h.Set("Access-Control-Max-Age", "86400")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		if !slices.Contains(e.methods, r.Method) {
			h.Set("Allow", strings.Join(e.methods, ", "))
			writeProblem(w, &problem{status: http.StatusMethodNotAllowed, code: "invalid_request", description: "This address takes " + strings.Join(e.methods, " and ") + " only."})
			return
		}
		if e.public {
			h.Set("Cache-Control", "public, max-age=60")
		} else {
			h.Set("Cache-Control", "no-store")
			h.Set("Pragma", "no-cache")
		}
		e.serve(w, r)
	})
}

// tokenAnswer is a successful answer of the token endpoint.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
}

// The values of grant_type.
const (
	grantCode   = "authorization_code"
	grantDevice = "urn:ietf:params:oauth:grant-type:device_code"
)

var grantTypes = []string{grantCode, kindRefresh, kindClientCredentials, grantDevice}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	answer, err := s.grant(r)
	if err != nil {
		refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// grant answers a request to the token endpoint.
func (s *Server) grant(r *http.Request) (tokenAnswer, error) {
	ctx := r.Context()
	form, err := formOf(r)
	if err != nil {
		return tokenAnswer{}, err
	}
	address := s.cfg.Issuer + "/connect/token"
	c, err := s.authenticate(r, form, address)
	if err != nil {
		return tokenAnswer{}, err
	}
	kind := form["grant_type"]
	switch {
	case kind == "":
		return tokenAnswer{}, invalidRequest("grant_type is missing.")
	case !slices.Contains(grantTypes, kind):
		return tokenAnswer{}, refusal("unsupported_grant_type", "grant_type is none of "+strings.Join(grantTypes, ", ")+".")
	}
	thumbprint, err := s.proof(ctx, r.Header, r.Method, address, "")
	if err == nil && thumbprint == "" && c.settings.RequireDPoP {
		err = invalidProof("The access tokens of this app are bound to a key: send a DPoP proof.")
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	if kind == kindClientCredentials {
		return s.ownToken(r, c, form, thumbprint)
	}
	var got issued
	switch kind {
	case grantCode:
		got, err = s.redeemCode(ctx, c, form, thumbprint)
	case kindRefresh:
		got, err = s.redeemRefresh(ctx, c, form, thumbprint)
	case grantDevice:
		got, err = s.redeemDevice(ctx, c, form, thumbprint)
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	answer := c.answer(got.access, got.scopes, thumbprint)
	answer.RefreshToken = got.refresh
	if got.scopes.has(scopeOpenID) {
		if kind == kindRefresh {
			got.auth.nonce = "" // it answered the authorization request, not this one
		}
		answer.IDToken, err = s.idToken(ctx, c.app, got.auth, "", got.access, false)
	}
	return answer, err
}

// ownToken is a token by which an app acts for its brand.
func (s *Server) ownToken(r *http.Request, c client, form params, thumbprint string) (tokenAnswer, error) {
	if err := c.mayActForItself(); err != nil {
		return tokenAnswer{}, err
	}
	set, strange := parseScope(form["scope"])
	if form["scope"] == "" {
		set = scopeSet{scopeAPI}
	}
	for _, name := range set {
		if sc, _ := scopeNamed(name); sc.Rights == nil {
			strange = append(strange, name)
		}
	}
	if len(strange) > 0 || len(set) == 0 {
		return tokenAnswer{}, invalidScope("The scopes for client_credentials are api and the narrower ones of the API. See scopes_supported in the metadata.")
	}
	token, err := s.own(r.Context(), c.app, access{kind: kindClientCredentials, subject: c.owner, scopes: set, keyThumbprint: thumbprint}, nil, nil)
	return c.answer(token, set, thumbprint), err
}

func (c client) answer(token string, scopes scopeSet, thumbprint string) tokenAnswer {
	a := tokenAnswer{AccessToken: token, ExpiresIn: c.accessSeconds, TokenType: "Bearer", Scope: scopes.String()}
	if thumbprint != "" {
		a.TokenType = "DPoP"
	}
	return a
}

// metadata is what is served now (RFC 8414, OpenID Connect Discovery).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	JWKS                  string   `json:"jwks_uri"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	DeviceEndpoint        string   `json:"device_authorization_endpoint"`
	PushedEndpoint        string   `json:"pushed_authorization_request_endpoint"`
	Scopes                []string `json:"scopes_supported"`
	Claims                []string `json:"claims_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	AuthAlgorithms        []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethods []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	ProofAlgorithms       []string `json:"dpop_signing_alg_values_supported"`
	PromptValues          []string `json:"prompt_values_supported"`
	DisplayValues         []string `json:"display_values_supported"`
	UILocales             []string `json:"ui_locales_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
	IssuerInResponse      bool     `json:"authorization_response_iss_parameter_supported"`
	RequirePushed         bool     `json:"require_pushed_authorization_requests"`
}

func (s *Server) metadata() metadata {
	at := func(path string) string { return s.cfg.Issuer + "/connect/" + path }
	claims := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "amr", "sid", "at_hash", "c_hash"}
	for name := range claimScopes {
		claims = append(claims, name)
	}
	slices.Sort(claims)
	methods := []string{authBasic, authPost, authPrivateKey, authNone}
	return metadata{
		Issuer:                s.cfg.Issuer,
		AuthorizationEndpoint: at("authorize"), TokenEndpoint: at("token"), UserInfoEndpoint: at("userinfo"), EndSessionEndpoint: at("endsession"),
		JWKS: s.cfg.Issuer + "/.well-known/jwks", IntrospectionEndpoint: at("introspect"), RevocationEndpoint: at("revocation"),
		DeviceEndpoint: at("deviceauthorization"), PushedEndpoint: at("par"),
		Scopes: scopeNames(), Claims: claims,
		ResponseTypes: []string{"code", "code id_token", "code token", "code id_token token", "id_token", "token", "id_token token"},
		ResponseModes: []string{modeQuery, modeFragment, modeFormPost},
		GrantTypes:    append(slices.Clone(grantTypes), "implicit"),
		SubjectTypes:  []string{"public"}, IDTokenAlgorithms: signingAlgorithms,
		AuthMethods: methods, AuthAlgorithms: algorithmNames(clientAlgorithms), RevocationAuthMethods: methods, IntrospectAuthMethods: methods[:3],
		ChallengeMethods: []string{"S256"}, ProofAlgorithms: algorithmNames(clientAlgorithms),
		PromptValues: promptValues, DisplayValues: []string{"page", "popup"}, UILocales: []string{"en"},
		ClaimsParameter: true, IssuerInResponse: true,
	}
}

func (s *Server) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.metadata())
}

func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request) {
	ring, err := s.ring(r.Context())
	if err != nil {
		refuse(w, r, err)
		return
	}
	body, err := json.Marshal(ring.published())
	if err != nil {
		refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, json.RawMessage(body))
}
