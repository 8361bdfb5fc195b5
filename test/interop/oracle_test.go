package interop

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// differences is the document whose table lists where we answer otherwise than the peer, and why.
const differences = "../../docs/oauth.md"

// TestSameAnswersAsAnotherProvider sends one table of requests to Comanda and to npm oidc-provider, which know the same
// clients. The answers must be the same in status, in where they go and in what they carry, except where docs/oauth.md
// lists the difference with its reason; a listed difference that is none any more fails as well.
func TestSameAnswersAsAnotherProvider(t *testing.T) {
	nodeWith(t, "oidc-provider")
	ours := startComanda(t, "")
	theirs := startPeer(t, ours)
	listed := readDifferences(t)
	if len(probes) < 80 {
		t.Fatalf("only %d requests", len(probes))
	}
	a, b := newOracle(t, ours), newOracle(t, theirs)
	for i, probe := range probes {
		t.Run(probe.name, func(t *testing.T) {
			here, there := a.ask(t, i, probe), b.ask(t, i, probe)
			d, known := listed[probe.name]
			delete(listed, probe.name)
			switch {
			case here == there && known:
				t.Errorf("both answer %q: remove the line from docs/oauth.md", here)
			case here != there && !known:
				t.Errorf("not listed in docs/oauth.md:\n| %s | `%s` | `%s` | why |", probe.name, here, there)
			case here != there && (d.here != here || d.there != there):
				t.Errorf("docs/oauth.md tells otherwise (%s):\n| %s | `%s` | `%s` | %s |", d, probe.name, here, there, d.why)
			}
		})
	}
	for name := range listed {
		if !slices.ContainsFunc(probes, func(p probe) bool { return p.name == name }) {
			t.Errorf("docs/oauth.md lists the request %q, which is not sent", name)
		}
	}
}

type difference struct{ here, there, why string }

func (d difference) String() string { return fmt.Sprintf("%q and %q", d.here, d.there) }

var differenceRow = regexp.MustCompile("(?m)^\\| ([^|`]+) \\| `([^`]+)` \\| `([^`]+)` \\| (.+) \\|$")

func readDifferences(t *testing.T) map[string]difference {
	t.Helper()
	out := map[string]difference{}
	for _, m := range differenceRow.FindAllStringSubmatch(string(must(os.ReadFile(differences))(t)), -1) {
		if len(m[4]) < 15 {
			t.Errorf("docs/oauth.md gives no reason for %q", m[1])
		}
		if _, twice := out[m[1]]; twice {
			t.Errorf("docs/oauth.md lists %q twice", m[1])
		}
		out[m[1]] = difference{m[2], m[3], m[4]}
	}
	return out
}

// probe is one request of the table.
type probe struct {
	name string
	ask  func(o *oracle) *http.Request
}

// oracle asks one provider. Whatever a request needs first (a code, a token, a session) it gets by itself.
type oracle struct {
	*testing.T
	p       *provider
	someone *person // is signed in
	walker  *person // goes on after the answer, to its end; nil: the answer itself counts
	address string  // of the client, where the provider believes a proxy
}

func newOracle(t *testing.T, p *provider) *oracle {
	t.Helper()
	o := &oracle{T: t, p: p}
	o.someone = p.newPerson(t)
	o.tokens("basic") // consent to all scopes is on record from now on
	return o
}

// ask runs one probe and says in a few words what came back.
func (o *oracle) ask(t *testing.T, i int, probe probe) string {
	t.Helper()
	o.T, o.walker = t, nil
	o.address = fmt.Sprintf("198.51.%d.%d", 100+i/200, 1+i%200) // failures of one request must not delay the next
	r := probe.ask(o)
	if o.walker != nil {
		return o.wordsOfWalk(r)
	}
	return o.words(o.do(r))
}

func (o *oracle) do(r *http.Request) *http.Response {
	o.Helper()
	if o.p.proxied && o.address != "" {
		r.Header.Set("X-Forwarded-For", o.address)
	}
	return must(o.p.http().Do(r))(o)
}

// told are the members whose presence is compared.
var told = []string{
	"code", "access_token", "id_token", "refresh_token", "request_uri", "device_code", "active", "sub", "email", "keys", "issuer", "state",
}

// words tells an answer as: status, place, and the error or what it carries.
func (o *oracle) words(res *http.Response) string {
	o.Helper()
	defer func() { _ = res.Body.Close() }()
	body := must(io.ReadAll(res.Body))(o)
	say := func(place string, what url.Values) string {
		scheme, _, _ := strings.Cut(res.Header.Get("WWW-Authenticate"), " ")
		if scheme == "Basic" { // goes with every 401 of ours where clients authenticate, because HTTP asks for it
			scheme = ""
		}
		return strings.Join(strings.Fields(fmt.Sprintf("%d %s %s %s", res.StatusCode, place, carried(what), scheme)), " ")
	}
	if to := res.Header.Get("Location"); to != "" && res.StatusCode >= 300 && res.StatusCode < 400 {
		u := must(res.Request.URL.Parse(to))(o)
		return fmt.Sprintf("%d %s", res.StatusCode, o.place(u))
	}
	kind := res.Header.Get("Content-Type")
	switch {
	case strings.HasPrefix(kind, "application/json") || strings.HasPrefix(kind, "application/jwk-set+json"):
		var doc map[string]any
		if err := json.Unmarshal(body, &doc); err != nil {
			return say("not JSON", nil)
		}
		what := url.Values{}
		for k, v := range doc {
			what.Set(k, fmt.Sprint(v))
		}
		return say("json", what)
	case len(body) == 0 || kind == "":
		if m := challenge.FindStringSubmatch(res.Header.Get("WWW-Authenticate")); m != nil {
			return say("json", url.Values{"error": {m[1]}})
		}
		return say("empty", nil)
	}
	for _, f := range formsOf(body) {
		to := must(res.Request.URL.Parse(f.action))(o)
		if !o.someone.isHome(to) {
			return say("form", f.values())
		}
		if f.has("password") {
			return say("sign-in", nil)
		}
		if f.has("decision") {
			return say("consent", nil)
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%d page %s", res.StatusCode, codeOn(textOf(body))))
}

var challenge = regexp.MustCompile(`error="([a-z_]+)"`)

// wordsOfWalk tells where a person ends who goes on from the answer.
func (o *oracle) wordsOfWalk(r *http.Request) string {
	o.Helper()
	if o.p.proxied && o.address != "" {
		r.Header.Set("X-Forwarded-For", o.address)
	}
	end, err := o.walker.walk(r)
	if err != nil {
		return "no end: " + err.Error()
	}
	u := must(url.Parse(end.URL))(o)
	switch {
	case end.Form:
		what := url.Values{}
		for k, v := range end.Fields {
			what.Set(k, v)
		}
		return strings.TrimSpace(fmt.Sprintf("%d form %s", end.Status, carried(what)))
	case o.someone.isHome(u):
		return strings.TrimSpace(fmt.Sprintf("%d page %s", end.Status, codeOn(end.Text)))
	}
	return fmt.Sprintf("%d %s", end.Status, o.place(u))
}

// place tells where a redirect leads and what it carries there.
func (o *oracle) place(u *url.URL) string {
	if o.someone.isHome(u) {
		if strings.Contains(u.Path, "/login") || strings.Contains(u.Path, "/interaction/") {
			return "sign-in"
		}
		return "own page"
	}
	if u.Fragment != "" {
		what, _ := url.ParseQuery(u.EscapedFragment())
		return strings.TrimSpace("fragment " + carried(what))
	}
	return strings.TrimSpace("query " + carried(u.Query()))
}

// carried names the error and what there is of value.
func carried(what url.Values) string {
	var names []string
	if e := what["error"]; len(e) > 0 {
		names = []string{strings.Join(e, "+")}
	}
	for _, name := range told {
		switch {
		case name == "active" && what.Has(name):
			names = append(names, name+"="+what.Get(name))
		case what.Has(name):
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

var codes = regexp.MustCompile(`\b(invalid_[a-z_]+|unauthorized_client|unsupported_[a-z_]+|access_denied|request_[a-z_]*not_supported|registration_not_supported|(?:login|consent|interaction)_required)\b`)

// codeOn is the error code that a page shows.
func codeOn(text string) string { return codes.FindString(text) }

// change changes a request's parameters: "name=value" sets one, "+name=value" adds another, "-name" removes it.
func change(form url.Values, changes []string) url.Values {
	for _, c := range changes {
		name, value, set := strings.Cut(strings.TrimLeft(c, "+-"), "=")
		switch {
		case c[0] == '-':
			form.Del(name)
		case c[0] == '+':
			form.Add(name, value)
		case set:
			form.Set(name, value)
		}
	}
	return form
}

func (o *oracle) endpoint(name string) string { return o.p.issuer + "/connect/" + name }

func (o *oracle) get(address string, query url.Values) *http.Request {
	o.Helper()
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return must(http.NewRequestWithContext(o.Context(), http.MethodGet, address, http.NoBody))(o)
}

func (o *oracle) post(address string, form url.Values) *http.Request {
	o.Helper()
	r := must(http.NewRequestWithContext(o.Context(), http.MethodPost, address, strings.NewReader(form.Encode())))(o)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

const (
	verifier = "a-verifier-of-more-than-the-forty-three-characters-0"
)

func challengeOf(v string) string {
	digest := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// request is an authorization request that is right in all respects, then changed.
func (o *oracle) request(name string, changes ...string) url.Values {
	return change(url.Values{
		"client_id": {o.p.clients[name].ID}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}, changes)
}

// authorize asks as somebody who is not signed in.
func authorize(name string, changes ...string) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request { return o.get(o.endpoint("authorize"), o.request(name, changes...)) }
}

// agreed asks as somebody who is signed in and agrees to all; the end of the way counts.
func agreed(name string, changes ...string) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		o.walker = o.someone
		o.walker.refuse = false
		return authorize(name, changes...)(o)
	}
}

// declined asks as somebody who is signed in and says no.
func declined(name string, changes ...string) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		r := agreed(name, append(changes, "prompt=consent")...)(o)
		other := *o.someone
		other.refuse = true
		o.walker = &other
		return r
	}
}

const allScopes = "openid profile email offline_access api"

// code gets an authorization code.
func (o *oracle) code(name string, changes ...string) string {
	o.Helper()
	end := must(o.someone.visit(o.endpoint("authorize") + "?" + o.request(name, append([]string{"scope=" + allScopes, "prompt=consent"}, changes...)...).Encode()))(o)
	code := end.params().Get("code")
	if code == "" {
		o.Fatalf("%s gave no code: %d %s %s", o.p.name, end.Status, end.URL, end.Text)
	}
	return code
}

// redeem is a request for the tokens of a code, right in all respects.
func (o *oracle) redeem(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

// tokens get a full set for a person.
func (o *oracle) tokens(name string) (out tokens) {
	o.Helper()
	decode(o.T, o.do(o.authenticated(name, "token", o.redeem(o.code(name)))), http.StatusOK, &out)
	return out
}

// authenticated is a request of a client that authenticates as it is registered to.
func (o *oracle) authenticated(name, endpoint string, form url.Values) *http.Request {
	o.Helper()
	c := o.p.clients[name]
	switch c.Auth {
	case "client_secret_post":
		form.Set("client_id", c.ID)
		form.Set("client_secret", c.Secret)
	case "none":
		form.Set("client_id", c.ID)
	case "private_key_jwt":
		form.Set("client_id", c.ID)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", o.assertion(c, nil, nil))
	}
	r := o.post(o.endpoint(endpoint), form)
	if c.Auth == "client_secret_basic" {
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	}
	return r
}

// assertion is a client's signed statement who it is (RFC 7523), with claims changed.
func (o *oracle) assertion(c client, header, claims map[string]any) string {
	o.Helper()
	now := time.Now().Unix()
	h := map[string]any{"alg": "ES256", "kid": c.privateKey.ID}
	b := map[string]any{"iss": c.ID, "sub": c.ID, "aud": o.p.issuer, "iat": now, "exp": now + 60, "jti": rand.Text()}
	return o.sign(c.privateKey, merge(h, header), merge(b, claims))
}

// merge lays changes over a map; nil removes.
func merge(base, changes map[string]any) map[string]any {
	for k, v := range changes {
		if v == nil {
			delete(base, k)
		} else {
			base[k] = v
		}
	}
	return base
}

// sign makes a JWS by ES256, whatever its header says.
func (o *oracle) sign(key jwk, header, claims map[string]any) string {
	o.Helper()
	b64 := base64.RawURLEncoding
	input := b64.EncodeToString(must(json.Marshal(header))(o)) + "." + b64.EncodeToString(must(json.Marshal(claims))(o))
	private := must(ecdsa.ParseRawPrivateKey(p256, must(b64.DecodeString(key.D))(o)))(o)
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	check(o, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + b64.EncodeToString(signature)
}

// proof is a DPoP proof (RFC 9449) for a request, with header and claims changed.
func (o *oracle) proof(key jwk, method, address, token string, header, claims map[string]any) string {
	o.Helper()
	public := map[string]any{"kty": key.Type, "crv": key.Curve, "x": key.X, "y": key.Y}
	h := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": public}
	b := map[string]any{"htm": method, "htu": address, "iat": time.Now().Unix(), "jti": rand.Text()}
	if token != "" {
		b["ath"] = challengeOf(token)
	}
	return o.sign(key, merge(h, header), merge(b, claims))
}

// pushed pushes an authorization request and returns its request_uri.
func (o *oracle) pushed(name string, changes ...string) string {
	o.Helper()
	var out struct {
		URI string `json:"request_uri"`
	}
	decode(o.T, o.do(o.authenticated(name, "par", o.request(name, changes...))), http.StatusCreated, &out)
	return out.URI
}

type deviceCode struct {
	Device string `json:"device_code"`
	User   string `json:"user_code"`
	Page   string `json:"verification_uri_complete"`
}

func (o *oracle) device(name string) (out deviceCode) {
	o.Helper()
	decode(o.T, o.do(o.authenticated(name, "deviceauthorization", url.Values{"scope": {allScopes}})), http.StatusOK, &out)
	return out
}

// clientToken gets a token that no person stands behind.
func (o *oracle) clientToken(name string) string {
	o.Helper()
	var out tokens
	decode(o.T, o.do(o.authenticated(name, "token", url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}})), http.StatusOK, &out)
	return out.Access
}

func (o *oracle) must(r *http.Request, status int) {
	o.Helper()
	res := o.do(r)
	raw, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != status {
		o.Fatalf("%s %s: %d, want %d: %s", r.Method, r.URL.Path, res.StatusCode, status, bytes.TrimSpace(raw))
	}
}
