// Package interop drives the real server with clients of OpenID Connect that nobody here wrote, and compares it with a
// provider that nobody here wrote. All of them speak TLS to processes of their own.
//
// go test ./test/interop -peer runs the clients against that other provider instead: a client that fails there too is
// driven wrongly, one that fails on ours alone has found a defect of ours.
package interop

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "comanda/app" // the program that runs is built of it: when it has changed, an old result does not count
	"comanda/internal/dbtest"
	"comanda/internal/localca"
	"comanda/test/program"
)

var onPeer = flag.Bool("peer", false, "run the clients against npm oidc-provider instead of Comanda")

func TestMain(m *testing.M) {
	code := dbtest.Run(m)
	program.Clean()
	os.Exit(code)
}

const (
	startPatience = 60 * time.Second
	password      = "correct horse battery staple"
	email         = "ada@example.com"
)

// provider is an OpenID provider that runs, and what a client has to know of it.
type provider struct {
	name    string
	base    string // https://localhost:port
	issuer  string
	api     string // an address that wants a token with the scope api; empty: this provider has no API
	person  credentials
	sub     string // of the person; empty: not known before somebody signs in
	trust   *x509.CertPool
	trusted string // the same as a PEM file
	keyPin  string // of the server's certificate, for Chromium
	clients map[string]client
	proxied bool // believes X-Forwarded-For from loopback
}

type credentials struct{ email, password string }

// client is a registration. Its JSON form is that of dynamic client registration (RFC 7591).
type client struct {
	Name       string   `json:"client_name"`
	ID         string   `json:"id"`
	Secret     string   `json:"secret,omitempty"`
	Redirects  []string `json:"redirect_uris"`
	Signed     []string `json:"post_logout_redirect_uris,omitempty"`
	Auth       string   `json:"token_endpoint_auth_method"`
	Types      []string `json:"response_types"`
	Grants     []string `json:"grant_types"`
	Alg        string   `json:"id_token_signed_response_alg"`
	Keys       *keySet  `json:"jwks,omitempty"`
	Kind       string   `json:"application_type"`
	privateKey jwk
}

type keySet struct {
	Keys []jwk `json:"keys"`
}

// jwk is a key on P-256.
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
	D     string `json:"d,omitempty"`
	ID    string `json:"kid"`
	Alg   string `json:"alg"`
	Use   string `json:"use"`
}

// The names of clients that answers are sent to. Nothing resolves them but the tests' own dialler and Chromium's rule.
const (
	callback  = "https://rp.test/callback"
	signedOut = "https://rp.test/signed-out"
	spaOrigin = "https://spa.test"
	desktop   = "oob://localhost/wpf.webview.client"
)

// registrations are the clients of every provider, by name; each provider adds ids and secrets.
func registrations(t *testing.T) map[string]client {
	t.Helper()
	private, public := newKey(t)
	hybrid := []string{"code", "code id_token", "code token", "code id_token token"}
	all := []string{"authorization_code", "implicit", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"}
	interactive := []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}
	list := []client{
		{Name: "basic", Auth: "client_secret_basic", Types: hybrid, Grants: all, Redirects: []string{callback, callback + "?fixed=1"}, Signed: []string{signedOut}, Alg: "RS256"},
		{Name: "post", Auth: "client_secret_post", Types: hybrid, Grants: all, Redirects: []string{callback}, Signed: []string{signedOut}, Alg: "ES256"},
		{Name: "jwt", Auth: "private_key_jwt", Types: hybrid, Grants: all, Redirects: []string{callback}, Keys: &keySet{[]jwk{public}}, privateKey: private, Alg: "RS256"},
		{Name: "public", Auth: "none", Types: []string{"code"}, Grants: interactive, Redirects: []string{callback, spaOrigin + "/callback"}, Signed: []string{signedOut, spaOrigin + "/"}, Alg: "RS256"},
		{Name: "apache", Auth: "client_secret_basic", Types: hybrid, Grants: all, Alg: "RS256"},
		{Name: "desktop", Auth: "client_secret_basic", Types: hybrid, Grants: all, Redirects: []string{desktop}, Signed: []string{signedOut}, Alg: "RS256", Kind: "native"},
	}
	out := map[string]client{}
	for _, c := range list {
		if c.Kind == "" {
			c.Kind = "web"
		}
		if c.Name == "apache" {
			for _, site := range apacheSites {
				c.Redirects = append(c.Redirects, site.origin()+"/callback")
				c.Signed = append(c.Signed, site.origin()+"/signed-out.html")
			}
		}
		out[c.Name] = c
	}
	return out
}

func newKey(t *testing.T) (private, public jwk) {
	t.Helper()
	k := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	point := must(k.PublicKey.Bytes())(t)
	secret := must(k.Bytes())(t)
	b64 := base64.RawURLEncoding.EncodeToString
	public = jwk{Type: "EC", Curve: "P-256", X: b64(point[1:33]), Y: b64(point[33:]), ID: "client-key", Alg: "ES256", Use: "sig"}
	private = public
	private.D = b64(secret)
	return private, public
}

// subject is the provider that the clients are run against.
func subject(t *testing.T) *provider {
	t.Helper()
	if *onPeer {
		return startPeer(t, nil)
	}
	return startComanda(t, "")
}

// eachSubject runs fn against Comanda on each of its databases, or against the other provider.
func eachSubject(t *testing.T, fn func(t *testing.T, p *provider)) {
	t.Helper()
	if *onPeer {
		fn(t, startPeer(t, nil))
		return
	}
	t.Run("sqlite", func(t *testing.T) { fn(t, startComanda(t, "")) })
	t.Run("postgres", func(t *testing.T) { fn(t, startComanda(t, dbtest.PostgresURL(t))) })
}

// startComanda runs the real program on an empty folder, and on a PostgreSQL where its address is given, and registers the
// clients as an integrator does: by the API.
func startComanda(t *testing.T, databaseURL string) *provider {
	t.Helper()
	folder := t.TempDir()
	where := []string{"--data", folder}
	if databaseURL != "" {
		where = append(where, "--database-url", databaseURL)
	}
	var made struct {
		AppID        string `json:"appId"`
		OAuthAppID   string `json:"oauthAppId"`
		ClientSecret string `json:"clientSecret"`
		Password     string `json:"password"`
	}
	printed := program.Run(t, startPatience, append([]string{"init", "--email", email, "--brand", "Bella Napoli", "--store", "Dame Street", "--json"}, where...)...)
	if err := json.Unmarshal([]byte(printed[strings.IndexByte(printed, '{'):]), &made); err != nil {
		t.Fatalf("init printed %q: %v", printed, err)
	}
	server := program.Start(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--admin", "", "--behind-proxy", "127.0.0.1/32"}, where...)...)
	serving := regexp.MustCompile(`msg=serving url=(https://\S+)`)
	base := eventually(t, "the server says that it serves", func() string {
		if m := serving.FindStringSubmatch(server.Output()); m != nil {
			return m[1]
		}
		if !server.Running() {
			t.Fatal("the server ended by itself")
		}
		return ""
	})
	p := &provider{
		name: "Comanda", base: base, issuer: base + "/identity", api: base + "/api/v1.0/apps", person: credentials{email, made.Password},
		trusted: filepath.Join(folder, "tls", "ca.pem"), clients: map[string]client{}, proxied: true,
	}
	p.connect(t)
	token := p.clientCredentials(t, made.OAuthAppID, made.ClientSecret)
	for name, c := range registrations(t) {
		p.clients[name] = p.register(t, token, made.AppID, c)
	}
	return p
}

// clientCredentials gets an access token for the client itself.
func (p *provider) clientCredentials(t *testing.T, id, secret string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}, "client_id": {id}, "client_secret": {secret}}
	var answer struct {
		Token string `json:"access_token"`
	}
	res := must(p.http().PostForm(p.issuer+"/connect/token", form))(t)
	decode(t, res, http.StatusOK, &answer)
	return answer.Token
}

func (p *provider) register(t *testing.T, token, brand string, c client) client {
	t.Helper()
	root := p.base + "/api/v1.0/" + brand + "/oauthclients"
	call := func(method, address string, body any) *http.Response {
		raw := must(json.Marshal(body))(t)
		r := must(http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(raw)))(t)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		res := must(p.http().Do(r))(t)
		if res.StatusCode >= 300 {
			raw, _ := io.ReadAll(res.Body)
			t.Fatalf("%s %s: %s\n%s", method, address, res.Status, raw)
		}
		return res
	}
	flow := "Hybrid"
	if len(c.Types) == 1 {
		flow = "AuthorizationCode"
	}
	made := call(http.MethodPost, root, map[string]any{"OauthAppName": c.Name, "RefreshTokenUsage": "OneTimeOnly", "Flow": flow})
	_ = made.Body.Close()
	own := p.base + made.Header.Get("Location")
	c.ID = own[strings.LastIndexByte(own, '/')+1:]
	if c.Auth != "none" {
		var secret struct{ Data string }
		decode(t, call(http.MethodGet, own+"/secret", nil), http.StatusOK, &secret)
		c.Secret = secret.Data
	}
	for _, uri := range c.Redirects {
		_ = call(http.MethodPost, own+"/redirecturis", uri).Body.Close()
	}
	settings := map[string]any{
		"PostLogoutRedirectUris": c.Signed, "ClientType": "Confidential", "IdTokenSigningAlg": c.Alg, "TokenEndpointAuthMethod": "client_secret",
	}
	switch c.Auth {
	case "none":
		settings["ClientType"], settings["TokenEndpointAuthMethod"] = "Public", c.Auth
	case "private_key_jwt":
		settings["TokenEndpointAuthMethod"] = c.Auth
	}
	if c.Keys != nil {
		settings["Jwks"] = c.Keys
	}
	_ = call(http.MethodPut, own+"/settings", settings).Body.Close()
	return c
}

// startPeer runs npm oidc-provider with the clients of another provider, or with its own.
func startPeer(t *testing.T, like *provider) *provider {
	t.Helper()
	node := nodeWith(t, "oidc-provider")
	folder := t.TempDir()
	must(localca.Open(folder, nil))(t)
	p := &provider{
		name: "oidc-provider", person: credentials{email, password}, sub: "person-1",
		trusted: filepath.Join(folder, "ca.pem"), clients: map[string]client{},
	}
	if like != nil {
		p.person, p.clients = like.person, like.clients
	} else {
		for name, c := range registrations(t) {
			c.ID = name + "-client"
			if c.Auth != "none" {
				c.Secret = rand.Text()
			}
			p.clients[name] = c
		}
	}
	config := map[string]any{
		"cert": filepath.Join(folder, "server.pem"), "key": filepath.Join(folder, "server.key"), "clients": list(p.clients),
		"person": map[string]string{"sub": p.sub, "email": p.person.email, "password": p.person.password, "name": "Ada Lovelace"},
	}
	file := filepath.Join(folder, "peer.json")
	check(t, os.WriteFile(file, must(json.Marshal(config))(t), 0o600))
	out := start(t, exec.CommandContext(context.Background(), node, "peer.js"), "INTEROP="+file, "NODE_ENV=production")
	p.issuer = eventually(t, "the peer says its issuer", func() string {
		if _, rest, ok := strings.Cut(out.String(), "issuer="); ok && strings.Contains(rest, "\n") {
			issuer, _, _ := strings.Cut(rest, "\n")
			return issuer
		}
		return ""
	})
	p.base = strings.TrimSuffix(p.issuer, "/identity")
	p.connect(t)
	return p
}

func list(clients map[string]client) (out []client) {
	for _, c := range clients {
		out = append(out, c)
	}
	return out
}

// connect learns whom to trust.
func (p *provider) connect(t *testing.T) {
	t.Helper()
	p.trust = x509.NewCertPool()
	if !p.trust.AppendCertsFromPEM(must(os.ReadFile(p.trusted))(t)) {
		t.Fatalf("%s holds no certificate", p.trusted)
	}
	p.keyPin = keyPin(t, strings.TrimPrefix(p.base, "https://"), p.trust)
}

// keyPin is the digest of a server's public key, as Chromium's list of trusted keys wants it.
func keyPin(t *testing.T, address string, trust *x509.CertPool) string {
	t.Helper()
	c := must((&tls.Dialer{Config: &tls.Config{RootCAs: trust, ServerName: "localhost"}}).DialContext(t.Context(), "tcp", address))(t)
	defer func() { _ = c.Close() }()
	digest := sha256.Sum256(c.(*tls.Conn).ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(digest[:])
}

// http is a client that trusts the provider alone and follows no redirect.
func (p *provider) http() *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.trust}, ForceAttemptHTTP2: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// start runs a program that is not ours until the test ends and returns what it prints.
func start(t *testing.T, cmd *exec.Cmd, env ...string) *program.Printed {
	t.Helper()
	out := &program.Printed{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), env...)
	check(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), out)
		}
	})
	return out
}

// nodeWith finds Node and checks that a package of test/interop is there.
func nodeWith(t *testing.T, name string) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node", "Node is not installed")
	}
	if _, err := os.Stat(filepath.Join("node_modules", name)); err != nil {
		missing(t, "node", "the clients are not installed: run `npm ci --ignore-scripts` in test/interop")
	}
	return node
}

// missing skips loudly, or fails where COMANDA_TEST_REQUIRE says that it must be there.
func missing(t *testing.T, name, what string) {
	t.Helper()
	for required := range strings.SplitSeq(os.Getenv("COMANDA_TEST_REQUIRE"), ",") {
		if strings.TrimSpace(required) == name {
			t.Fatalf("required by COMANDA_TEST_REQUIRE but missing: %s", what)
		}
	}
	t.Skipf("SKIPPED: %s", what)
}

// eventually asks until there is an answer.
func eventually(t *testing.T, what string, ask func() string) string {
	t.Helper()
	for end := time.Now().Add(startPatience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if answer := ask(); answer != "" {
			return answer
		}
	}
	t.Fatalf("waited %s in vain until %s", startPatience, what)
	return ""
}

func decode(t *testing.T, res *http.Response, status int, into any) {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	raw := must(io.ReadAll(res.Body))(t)
	if res.StatusCode != status {
		t.Fatalf("%s %s: %s, want %d\n%s", res.Request.Method, res.Request.URL.Path, res.Status, status, raw)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
