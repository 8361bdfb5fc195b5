package conformance_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"comanda/app"
)

// provider is the running server, as its clients see it.
type provider struct {
	base  string // https://localhost:port
	plain *http.Client
	brand string // appId
	token string // of the API, for the set-up
	owner person
	meta  metadata
	all   map[string]any // the metadata with every member
	keys  jose.JSONWebKeySet
}

// person is who signs in.
type person struct{ email, password, name, phone, language, zone string }

// metadata is what the modules read of the discovery document.
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	EndSession    string   `json:"end_session_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Scopes        []string `json:"scopes_supported"`
	Claims        []string `json:"claims_supported"`
	ACRs          []string `json:"acr_values_supported"`
	IDTokenAlgs   []string `json:"id_token_signing_alg_values_supported"`
	ObjectAlgs    []string `json:"request_object_signing_alg_values_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported"`
	Subjects      []string `json:"subject_types_supported"`
	PKCE          []string `json:"code_challenge_methods_supported"`
	Request       *bool    `json:"request_parameter_supported"`
	RequestURI    *bool    `json:"request_uri_parameter_supported"`
	ClaimsParam   bool     `json:"claims_parameter_supported"`
	Iss           bool     `json:"authorization_response_iss_parameter_supported"`
}

// start makes an installation in a database (empty: SQLite), runs it until the end of the test and gets a token for its API.
func start(t *testing.T, database string) *provider {
	t.Helper()
	p := &provider{owner: person{
		email: "owner@example.com", password: "correct horse battery",
		name: "Ada Owner", phone: "+353871234567", language: "en", zone: "Europe/Dublin",
	}}
	c := app.Config{Data: t.TempDir(), DatabaseURL: database, Listen: "127.0.0.1:0", Signup: "first"}
	made, err := app.Init(t.Context(), c, app.First{
		Email: p.owner.email, Password: p.owner.password, Brand: "Bella Napoli", Country: "IE", Currency: "EUR", Store: "Capel Street",
	})
	must(t, err)
	s, err := app.Open(t.Context(), c)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-s.Ready()
	p.base, p.brand = s.PublicURL(), made.AppID
	p.plain = &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: s.CA.Pool(), MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
	t.Cleanup(p.plain.CloseIdleConnections)
	status, _, body := p.post(t, p.base+"/identity/connect/token", nil, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {made.OAuthAppID}, "client_secret": {made.ClientSecret}, "scope": {"api"},
	})
	var got struct {
		AccessToken string `json:"access_token"`
	}
	must(t, json.Unmarshal(body, &got))
	if p.token = got.AccessToken; status != http.StatusOK || p.token == "" {
		t.Fatalf("no token for the API: status %d: %s", status, body)
	}
	p.discover(t)
	p.introduce(t)
	return p
}

// discover reads the metadata and the keys.
func (p *provider) discover(t *testing.T) {
	t.Helper()
	raw := p.document(t, p.base+"/identity/.well-known/openid-configuration", "application/json")
	must(t, json.Unmarshal(raw, &p.meta))
	must(t, json.Unmarshal(raw, &p.all))
	must(t, json.Unmarshal(p.document(t, p.meta.JWKS, "application/json", "application/jwk-set+json"), &p.keys)) // RFC 7517, 8.5
}

// document reads a public JSON document of one of the types.
func (p *provider) document(t *testing.T, address string, types ...string) []byte {
	t.Helper()
	status, header, body := p.send(t, http.MethodGet, address, nil, nil)
	if kind, _, _ := mime.ParseMediaType(header.Get("Content-Type")); status != http.StatusOK || !slices.Contains(types, kind) {
		t.Fatalf("%s: status %d, %s", address, status, kind)
	}
	return body
}

// introduce gives the owner a profile, so that each scope has something to tell.
func (p *provider) introduce(t *testing.T) {
	t.Helper()
	b := p.browser(t)
	b.signIn()
	b.editProfile(p.owner)
}

// send makes one request outside of any browser.
func (p *provider) send(t testing.TB, method, address string, header http.Header, body []byte) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
	must(t, err)
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := p.plain.Do(r)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, answer.Header, raw
}

// post sends a form.
func (p *provider) post(t testing.TB, address string, header http.Header, form url.Values) (int, http.Header, []byte) {
	t.Helper()
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for name, values := range header {
		h[name] = values
	}
	return p.send(t, http.MethodPost, address, h, []byte(form.Encode()))
}

// api makes one call of the API that must succeed and decodes the Data of the answer into data, if that is not nil.
func (p *provider) api(t testing.TB, method, where string, in, data any) http.Header {
	t.Helper()
	var body []byte
	if in != nil {
		var err error
		body, err = json.Marshal(in)
		must(t, err)
	}
	status, header, raw := p.send(t, method, p.base+"/api/v1.0/"+where, http.Header{
		"Authorization": {"Bearer " + p.token}, "Content-Type": {"application/json"},
	}, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: status %d: %s", method, where, status, raw)
	}
	if data != nil {
		out := struct{ Data any }{data}
		must(t, json.Unmarshal(raw, &out))
	}
	return header
}

// client is an OAuth app.
type client struct {
	id, secret string
	redirect   string
	post       bool // authenticates in the body
}

type clients struct{ main, second, poster *client }

// register makes an OAuth app.
func (p *provider) register(t testing.TB, name, flow string, settings map[string]any, redirect string) *client {
	t.Helper()
	c := &client{redirect: redirect}
	c.id = path.Base(p.api(t, http.MethodPost, p.brand+"/oauthclients", map[string]any{"OauthAppName": name, "Flow": flow}, nil).Get("Location"))
	where := p.brand + "/oauthclients/" + c.id
	p.api(t, http.MethodGet, where+"/secret", nil, &c.secret)
	p.api(t, http.MethodPost, where+"/redirecturis", redirect, nil)
	if settings != nil {
		p.api(t, http.MethodPut, where+"/settings", settings, nil)
	}
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (v variant) issues(what string) bool { return slices.Contains(strings.Fields(v.types), what) }
