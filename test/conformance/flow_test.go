package conformance_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// run is one run of a module: a variant, its clients, a browser.
type run struct {
	*testing.T
	*provider
	variant
	clients
	browser *browser
}

// request is an authorization request.
type request struct {
	client   *client
	values   url.Values
	order    []string // of the parameters; nil = sorted
	verifier string
	post     bool
}

// request makes the request that every module begins with (OpenID Connect Core 1.0, 3.1.2.1).
func (r *run) request(c *client, changes ...func(*request)) *request {
	q := &request{client: c, values: url.Values{
		"client_id": {c.id}, "redirect_uri": {c.redirect}, "response_type": {r.types}, "scope": {"openid"},
		"state": {rand.Text()}, "nonce": {rand.Text()},
	}}
	if r.mode != "" {
		q.values.Set("response_mode", r.mode)
	}
	for _, change := range changes {
		change(q)
	}
	return q
}

// with sets a parameter.
func with(name, value string) func(*request) {
	return func(q *request) { q.values.Set(name, value) }
}

// without leaves a parameter out.
func without(name string) func(*request) {
	return func(q *request) { q.values.Del(name) }
}

// send opens the request in the browser; the pages that ask for something are filled in.
func (r *run) send(q *request) page {
	r.Helper()
	if q.post {
		return r.browser.settle(r.browser.visit(r.meta.Authorization, q.values))
	}
	query := q.values.Encode()
	if q.order != nil {
		var parts []string
		for _, name := range q.order {
			parts = append(parts, name+"="+url.QueryEscape(q.values.Get(name)))
		}
		if query = strings.Join(parts, "&"); len(parts) != len(q.values) {
			r.Fatalf("%d of %d parameters in order", len(parts), len(q.values))
		}
	}
	return r.browser.settle(r.browser.visit(r.meta.Authorization+"?"+query, nil))
}

// answered sends a request and returns what the client got, in the place where it must be.
func (r *run) answered(q *request) url.Values {
	r.Helper()
	p := r.send(q)
	if p.left == nil {
		r.Fatalf("no answer to the client but a page: %s, status %d: %s", p.address.Path, p.status, p.text())
	}
	return r.read(q, p.left)
}

// read checks where an answer came to, its mode, state and iss, and returns its parameters.
func (r *run) read(q *request, a *answer) url.Values {
	r.Helper()
	mode := q.values.Get("response_mode")
	if mode == "" {
		mode = map[bool]string{true: "query", false: "fragment"}[q.values.Get("response_type") == "code" || q.values.Get("response_type") == ""]
	}
	to, query, _ := strings.Cut(q.client.redirect, "?")
	if mode != "query" && query != "" {
		to += "?" + query
	}
	if a.to != to || a.mode != mode {
		r.Fatalf("answered to %s by %s, want %s by %s: %q", a.to, a.mode, to, mode, keysOf(a.values))
	}
	if mode == "query" { // the redirect URI keeps the query that it is registered with (RFC 6749, 3.1.2)
		for name, want := range formValues(query) {
			if !slices.Equal(a.values[name], want) {
				r.Errorf("the redirect URI lost its own %s", name)
			}
			delete(a.values, name)
		}
	}
	known := []string{"code", "id_token", "access_token", "token_type", "expires_in", "scope", "state", "iss", "error", "error_description", "error_uri"}
	for name, v := range a.values {
		if len(v) != 1 || !slices.Contains(known, name) {
			r.Errorf("parameter %q, %d times", name, len(v))
		}
	}
	if got, want := a.values.Get("state"), q.values.Get("state"); got != want || a.values.Has("state") != q.values.Has("state") { // RFC 6749, 4.1.2
		r.Errorf("state %q, want %q", got, want)
	}
	if got := a.values.Get("iss"); r.meta.Iss && got != r.meta.Issuer { // RFC 9207, 2
		r.Errorf("iss %q, want %q", got, r.meta.Issuer)
	}
	return a.values
}

// refused sends a request that must come back to the client as one of the errors.
func (r *run) refused(q *request, codes ...string) {
	r.Helper()
	r.isError(r.answered(q), codes...)
}

func (r *run) isError(got url.Values, codes ...string) {
	r.Helper()
	if !slices.Contains(codes, got.Get("error")) {
		r.Errorf("error %q, want one of %q", got.Get("error"), codes)
	}
	for _, name := range []string{"code", "id_token", "access_token"} {
		if got.Has(name) {
			r.Errorf("%s beside an error", name)
		}
	}
	// RFC 6749, 4.1.2.1: what a description may consist of.
	if strings.ContainsFunc(got.Get("error_description"), func(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }) {
		r.Errorf("error_description %q", got.Get("error_description"))
	}
}

// shownError checks a page that tells the person of an error and leads nowhere.
func (r *run) shownError(p page) {
	r.Helper()
	if p.left != nil {
		r.Fatalf("went to %s by %s with %q; want an error page", p.left.to, p.left.mode, keysOf(p.left.values))
	}
	kind, _, _ := mime.ParseMediaType(p.header.Get("Content-Type"))
	if p.status < 400 || p.status > 499 || kind != "text/html" || p.header.Get("Refresh") != "" || len(p.raw) == 0 {
		r.Errorf("status %d, %s: no error page: %s", p.status, kind, p.text())
	}
}

// tokens is what a client has at the end of a flow.
type tokens struct {
	code    string
	front   *idToken // of the authorization response
	id      *idToken // of the token response
	early   string   // access token of the authorization response
	access  string
	refresh string
	scope   string
}

// flow sends a request that must succeed, redeems the code and checks everything that comes.
func (r *run) flow(q *request) tokens {
	r.Helper()
	return r.redeem(q, r.front(q, r.answered(q)))
}

// front checks a successful authorization response (Core 3.1.2.5, 3.3.2.5).
func (r *run) front(q *request, got url.Values) (out tokens) {
	r.Helper()
	if got.Has("error") {
		r.Fatalf("refused: %s: %s", got.Get("error"), got.Get("error_description"))
	}
	for part, name := range map[string]string{"code": "code", "id_token": "id_token", "token": "access_token"} {
		if got.Has(name) != r.issues(part) || got.Has(name) && got.Get(name) == "" {
			r.Fatalf("the response to %q has %q", r.types, keysOf(got))
		}
	}
	out.code, out.early = got.Get("code"), got.Get("access_token")
	if n := len(out.code); n < 22 { // 128 bits in base64 (RFC 6749, 10.10)
		r.Errorf("a code of %d characters", n)
	}
	if out.early != "" {
		r.bearer(got.Get("token_type"), got.Get("expires_in"))
		r.userInfo(out.early)
	} else if got.Has("token_type") || got.Has("expires_in") {
		r.Errorf("token_type or expires_in without an access token")
	}
	if raw := got.Get("id_token"); raw != "" {
		out.front = r.verify(q, raw)
		out.front.hash(r, "c_hash", out.code, true)
		out.front.hash(r, "at_hash", out.early, out.early != "")
	}
	return out
}

// bearer checks token_type and expires_in (RFC 6749, 5.1).
func (r *run) bearer(kind, expires string) {
	r.Helper()
	if seconds, err := strconv.Atoi(expires); !strings.EqualFold(kind, "Bearer") || err != nil || seconds <= 0 {
		r.Errorf("token_type %q, expires_in %q", kind, expires)
	}
}

// redeem exchanges the code and checks the token response (Core 3.1.3.3).
func (r *run) redeem(q *request, out tokens) tokens {
	r.Helper()
	got := r.token(q.client, r.redemption(q, out.code), http.StatusOK)
	out = r.issued(q, out, got)
	if out.id == nil {
		r.Fatal("no ID token in the token response")
	}
	out.id.hash(r, "c_hash", out.code, false)
	if out.front != nil {
		for _, claim := range []string{"iss", "sub"} { // Core 3.3.3.6
			if out.front.claims[claim] != out.id.claims[claim] {
				r.Errorf("%s differs between the ID tokens: %v and %v", claim, out.front.claims[claim], out.id.claims[claim])
			}
		}
	}
	if out.access == out.early {
		r.Error("the token endpoint repeats the access token that was in the address")
	}
	if info := r.userInfo(out.access); info["sub"] != out.id.claims["sub"] { // Core 5.3.2
		r.Errorf("sub is %v in the user info and %v in the ID token", info["sub"], out.id.claims["sub"])
	}
	return out
}

// redemption is the token request for a code.
func (r *run) redemption(q *request, code string) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {q.client.redirect}}
	if q.verifier != "" {
		form.Set("code_verifier", q.verifier)
	}
	return form
}

// issued reads a successful token response.
func (r *run) issued(q *request, out tokens, got map[string]any) tokens {
	r.Helper()
	text := func(name string) string { s, _ := got[name].(string); return s }
	expires, _ := got["expires_in"].(json.Number)
	r.bearer(text("token_type"), expires.String())
	out.access, out.refresh, out.scope, out.id = text("access_token"), text("refresh_token"), text("scope"), nil
	for name, value := range map[string]string{"access_token": out.access, "refresh_token": out.refresh} {
		// RFC 6749, appendix A: what tokens may consist of.
		if name == "access_token" && value == "" || strings.ContainsFunc(value, func(c rune) bool { return c < 0x20 || c > 0x7e }) {
			r.Errorf("%s %q", name, value)
		}
	}
	if raw := text("id_token"); raw != "" {
		out.id = r.verify(q, raw)
		out.id.hash(r, "at_hash", out.access, false)
	}
	return out
}

// token makes a token request and checks what every answer has (RFC 6749, 5.1, 5.2).
func (r *run) token(c *client, form url.Values, status int) map[string]any {
	r.Helper()
	header := http.Header{}
	if c.post {
		form.Set("client_id", c.id)
		form.Set("client_secret", c.secret)
	} else {
		pair := url.QueryEscape(c.id) + ":" + url.QueryEscape(c.secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	code, answer, body := r.post(r, r.meta.Token, header, form)
	if code != status {
		r.Fatalf("token endpoint: status %d, want %d: %s", code, status, body)
	}
	kind, _, _ := mime.ParseMediaType(answer.Get("Content-Type"))
	if kind != "application/json" || !strings.Contains(answer.Get("Cache-Control"), "no-store") {
		r.Errorf("token endpoint: Content-Type %q, Cache-Control %q", kind, answer.Get("Cache-Control"))
	}
	return r.object(body)
}

// invalidGrant makes a token request that must be refused as such.
func (r *run) invalidGrant(c *client, form url.Values) {
	r.Helper()
	if got := r.token(c, form, http.StatusBadRequest); got["error"] != "invalid_grant" {
		r.Errorf("error %v, want invalid_grant", got["error"])
	}
}

func (r *run) object(body []byte) (out map[string]any) {
	r.Helper()
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	must(r, d.Decode(&out))
	return out
}

// userInfo reads the user info by GET and checks it (Core 5.3).
func (r *run) userInfo(access string) map[string]any {
	r.Helper()
	status, header, body := r.provider.send(r, http.MethodGet, r.meta.UserInfo, http.Header{"Authorization": {"Bearer " + access}}, nil)
	return r.claimsOf(status, header, body)
}

func (r *run) claimsOf(status int, header http.Header, body []byte) map[string]any {
	r.Helper()
	if kind, _, _ := mime.ParseMediaType(header.Get("Content-Type")); status != http.StatusOK || kind != "application/json" {
		r.Fatalf("user info: status %d, %q: %s", status, kind, body)
	}
	got := r.object(body)
	if sub, _ := got["sub"].(string); sub == "" {
		r.Error("user info without sub")
	}
	r.standardClaims(got)
	return got
}

// deadToken checks that an access token does not work any more.
func (r *run) deadToken(access string) {
	r.Helper()
	status, header, _ := r.provider.send(r, http.MethodGet, r.meta.UserInfo, http.Header{"Authorization": {"Bearer " + access}}, nil)
	if challenge := header.Get("WWW-Authenticate"); status != http.StatusUnauthorized || !strings.Contains(challenge, "invalid_token") { // RFC 6750, 3.1
		r.Errorf("status %d, WWW-Authenticate %q, want 401 and invalid_token", status, challenge)
	}
}

// challenge gives a request a PKCE challenge (RFC 7636, 4.2).
func challenge(q *request) {
	q.verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(q.verifier))
	q.values.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.values.Set("code_challenge_method", "S256")
}

// waitUntil waits for the server's clock, which is the machine's: there is no other way to see a later auth_time or iat,
// which count whole seconds.
func waitUntil(second int64) {
	time.Sleep(time.Until(time.Unix(second, 0).Add(10 * time.Millisecond)))
}

func keysOf[V any](m map[string]V) (out []string) {
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
