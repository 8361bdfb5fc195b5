package oauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/internal/backoff"
	"comanda/internal/dbtest"
)

func TestClientCredentialsByEitherMethod(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		id, secret := k.app(k.owner, "POS")
		body := "client_id=" + id + "&client_secret=" + secret
		for name, a := range map[string]answer{
			"Basic":                    k.post("grant_type=client_credentials&scope=api", id, secret),
			"Basic without scope":      k.post("grant_type=client_credentials", id, secret),
			"Basic and client_id":      k.post("grant_type=client_credentials&client_id="+id, id, secret),
			"body":                     k.post("grant_type=client_credentials&scope=api&"+body, "", ""),
			"body, empty scope":        k.post("scope=&grant_type=client_credentials&"+body, "", ""),
			"body, other parameters":   k.post("grant_type=client_credentials&audience=x&resource=y&"+body, "", ""),
			"body, encoded characters": k.post("grant%5Ftype=client%5fcredentials&scope=+api+&"+body, "", ""),
		} {
			if a.status != 200 || a.body["token_type"] != "Bearer" || a.body["expires_in"] != 3600.0 || a.body["scope"] != "api" || len(a.body) != 4 {
				t.Errorf("%s: %v", name, a)
				continue
			}
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %v", name, a.header)
			}
			k.caller(a.body["access_token"].(string))
		}
	})
}

func TestAClosedDatabaseIsTemporarilyUnavailable(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		id, secret := k.app(k.owner, "POS")
		k.must(k.db.Close())
		a := k.post("grant_type=client_credentials", id, secret)
		if a.status != 503 || a.body["error"] != "temporarily_unavailable" || a.header.Get("Retry-After") != "1" {
			t.Errorf("%v %v", a, a.header)
		}
	})
}

func TestBadTokenRequests(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		id, secret := k.app(k.owner, "POS")
		const grant = "grant_type=client_credentials"
		body := "&client_id=" + id + "&client_secret=" + secret
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
		raw := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
		for _, c := range []struct {
			name, form string
			auth       []string
			status     int
			code       string
		}{
			{"no grant type", "scope=api" + body, nil, 400, "invalid_request"},
			{"empty grant type", "grant_type=" + body, nil, 400, "invalid_request"},
			{"unknown grant type", "grant_type=x" + body, nil, 400, "unsupported_grant_type"},
			{"implicit", "grant_type=implicit" + body, nil, 400, "unsupported_grant_type"},
			{"code without redirect_uri", "grant_type=authorization_code&code=x" + body, nil, 400, "invalid_request"},
			{"no code", "grant_type=authorization_code&redirect_uri=x" + body, nil, 400, "invalid_request"},
			{"unknown code", "grant_type=authorization_code&code=x&redirect_uri=x" + body, nil, 400, "invalid_grant"},
			{"no refresh token", "grant_type=refresh_token" + body, nil, 400, "invalid_request"},
			{"unknown refresh token", "grant_type=refresh_token&refresh_token=x" + body, nil, 400, "invalid_grant"},
			{"no device code", "grant_type=urn:ietf:params:oauth:grant-type:device_code" + body, nil, 400, "invalid_request"},
			{"unknown device code", "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x" + body, nil, 400, "invalid_grant"},
			{"assertion of an app without keys", grant + "&client_assertion_type=" + assertionType + "&client_id=" + id + "&client_assertion=a.b.c", nil, 401, "invalid_client"},
			{"assertion of another type", grant + "&client_assertion_type=x&client_id=" + id + "&client_assertion=a.b.c", nil, 400, "invalid_request"},
			{"assertion and secret", grant + body + "&client_assertion=a.b.c", nil, 400, "invalid_request"},
			{"password grant", "grant_type=password&username=a&password=b" + body, nil, 400, "unsupported_grant_type"},
			{"unknown scope", grant + "&scope=api+admin" + body, nil, 400, "invalid_scope"},
			{"openid", grant + "&scope=openid" + body, nil, 400, "invalid_scope"},
			{"scope in another case", grant + "&scope=API" + body, nil, 400, "invalid_scope"},
			{"repeated grant type", grant + "&" + grant + body, nil, 400, "invalid_request"},
			{"repeated scope", grant + "&scope=api&scope=api" + body, nil, 400, "invalid_request"},
			{"repeated client_id", grant + body + "&client_id=" + id, nil, 400, "invalid_request"},
			{"repeated secret, one empty", grant + body + "&client_secret=", nil, 400, "invalid_request"},
			{"repeated unknown parameter", grant + body + "&x=1&x=2", nil, 400, "invalid_request"},
			{"broken escape", grant + body + "&x=%zz", nil, 400, "invalid_request"},
			{"semicolon", grant + ";x=1" + body, nil, 400, "invalid_request"},
			{"both methods", grant + body, []string{basic}, 400, "invalid_request"},
			{"both methods, other secret", grant + "&client_secret=x", []string{basic}, 400, "invalid_request"},
			{"Basic and another client_id", grant + "&client_id=1", []string{basic}, 400, "invalid_request"},
			{"two headers", grant, []string{basic, basic}, 400, "invalid_request"},
			{"no credentials", grant, nil, 401, "invalid_client"},
			{"empty body", "", nil, 401, "invalid_client"},
			{"id only", grant + "&client_id=" + id, nil, 401, "invalid_client"},
			{"secret only", grant + "&client_secret=" + secret, nil, 401, "invalid_client"},
			{"empty secret", grant + "&client_id=" + id + "&client_secret=", nil, 401, "invalid_client"},
			{"wrong secret", grant + "&client_id=" + id + "&client_secret=x", nil, 401, "invalid_client"},
			{"unknown app", grant + "&client_id=1234567890123456789012&client_secret=" + secret, nil, 401, "invalid_client"},
			{"id that is none", grant + "&client_id=%00%ff'&client_secret=" + secret, nil, 401, "invalid_client"},
			{"Bearer", grant, []string{"Bearer " + secret}, 401, "invalid_client"},
			{"Basic, no base64", grant, []string{"Basic ***"}, 400, "invalid_request"},
			{"Basic, no colon", grant, []string{raw(id)}, 400, "invalid_request"},
			{"Basic, broken escape", grant, []string{raw(id + ":%zz")}, 400, "invalid_request"},
			{"Basic, empty secret", grant, []string{raw(id + ":")}, 401, "invalid_client"},
			{"Basic, wrong secret", grant, []string{raw(id + ":x")}, 401, "invalid_client"},
			{"Basic, nothing", grant, []string{"Basic"}, 400, "invalid_request"},
			{"too large", grant + body + "&x=" + strings.Repeat("x", maxForm), nil, 413, "invalid_request"},
		} {
			k.limits = backoff.New(clientPatience) // another test is about it
			r := httptest.NewRequest(http.MethodPost, "/identity/connect/token", strings.NewReader(c.form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header["Authorization"] = c.auth
			a := k.do(r)
			text, _ := a.body["error_description"].(string)
			if a.status != c.status || a.body["error"] != c.code || text == "" || len(a.body) != 2 || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v", c.name, a)
			}
			if strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' }) || strings.Contains(text, secret) {
				t.Errorf("%s: the description is no plain text: %q", c.name, text)
			}
			if got := a.header.Get("WWW-Authenticate"); (a.status == 401) != strings.HasPrefix(got, "Basic realm=") {
				t.Errorf("%s: WWW-Authenticate is %q", c.name, got)
			}
		}
		if _, total, err := k.Tokens(context.Background(), k.owner, "bella", id, 1, 1); total != 0 || err != nil {
			t.Fatalf("refused requests issued %d tokens (%v)", total, err)
		}
	})
}

func TestUnknownAppAndWrongSecretLookAlike(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		id, secret := k.app(k.owner, "POS")
		const grant = "grant_type=client_credentials"
		wrong, unknown := k.post(grant, id, "cmd_sk_x"), k.post(grant, "1234567890123456789012", secret)
		wrong.header.Del("Date")
		if wrong.String() != unknown.String() || fmt.Sprint(wrong.header) != fmt.Sprint(unknown.header) {
			t.Fatalf("%v %v\n%v %v", wrong, wrong.header, unknown, unknown.header)
		}
	})
}

func TestOnlyTheBodyOfAPostIsTaken(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	id, secret := k.app(k.owner, "POS")
	params := "grant_type=client_credentials&client_id=" + id + "&client_secret=" + secret
	for _, c := range []struct {
		method, target, contentType, body string
		status                            int
	}{
		{"POST", "/identity/connect/token?" + params, "application/x-www-form-urlencoded", "", 400},
		{"POST", "/identity/connect/token?scope=api", "application/x-www-form-urlencoded", params, 400},
		{"POST", "/identity/connect/token?x=1", "application/x-www-form-urlencoded", params, 200},
		{"POST", "/IDENTITY//Connect/Token", "application/x-www-form-urlencoded", params, 200},
		{"POST", "/connect/token", "application/x-www-form-urlencoded", params, 200},
		{"POST", "/identity/connect/token", "application/json", `{"grant_type":"client_credentials"}`, 400},
		{"POST", "/identity/connect/token", "", params, 400},
		{"POST", "/identity/connect/token", "multipart/form-data; boundary=x", params, 400},
		{"GET", "/identity/connect/token?" + params, "", "", 405},
		{"PUT", "/identity/connect/token", "application/x-www-form-urlencoded", params, 405},
		{"POST", "/identity/.well-known/openid-configuration", "", "", 405},
		{"GET", "/identity/connect/authorize", "", "", 404},
		{"GET", "/identity", "", "", 404},
		{"GET", "/identity/../../etc/passwd", "", "", 404},
	} {
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		a := k.do(r)
		if a.status != c.status || c.status != 200 && a.body["error"] == nil || (c.status == 405) != (a.header.Get("Allow") != "") {
			t.Errorf("%s %s: %v %v", c.method, c.target, a, a.header)
		}
	}
}

func TestDiscoveryAdvertisesWhatIsServed(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	r := httptest.NewRequest("GET", "/identity/.well-known/openid-configuration", nil)
	r.Host = "evil.example"
	w := httptest.NewRecorder()
	k.Handler().ServeHTTP(w, r)
	if w.Code != 200 || strings.Contains(w.Body.String(), "evil.example") || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	const issuer = "https://comanda.example/identity"
	if doc["issuer"] != issuer || doc["jwks_uri"] != issuer+"/.well-known/jwks" {
		t.Fatal(doc)
	}
	// Every endpoint that it names answers; the two that people see are pages, which package identity serves.
	for name, v := range doc {
		s, ok := v.(string)
		if !ok || !strings.HasSuffix(name, "_endpoint") || name == "authorization_endpoint" || name == "end_session_endpoint" {
			continue
		}
		if a := k.do(httptest.NewRequest("POST", s, nil)); a.status == 404 || !strings.HasPrefix(s, issuer+"/connect/") {
			t.Errorf("%s is not served: %v", name, a)
		}
	}
	for _, grant := range doc["grant_types_supported"].([]any) {
		if a := k.post("grant_type="+url.QueryEscape(grant.(string)), "1", "x"); a.body["error"] == "unsupported_grant_type" {
			t.Errorf("%s is advertised and not served", grant)
		}
	}
}

func TestFailuresDelayOneClientOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, dbtest.SQLite(t))
		id, secret := k.app(k.owner, "POS")
		other, otherSecret := k.app(k.owner, "Other")
		from := func(address, id, secret string) answer {
			r := httptest.NewRequest("POST", "/identity/connect/token", strings.NewReader("grant_type=client_credentials"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.SetBasicAuth(id, secret)
			r.RemoteAddr = address
			return k.do(r)
		}
		const here, there = "192.0.2.1:1000", "192.0.2.2:1000"
		for i := range clientPatience.Free {
			if a := from(here, id, "wrong"); a.status != 401 {
				t.Fatal(i, a)
			}
		}
		for delay := time.Second; delay <= 64*time.Second; delay *= 2 {
			if a := from(here, id, "wrong"); a.status != 401 {
				t.Fatalf("after waiting: %v", a)
			}
			a := from(here, id, secret) // even the right one waits
			if a.status != 429 || a.body["error"] != "temporarily_unavailable" || a.header.Get("Retry-After") != fmt.Sprint(int(delay.Seconds())) {
				t.Fatalf("delay %s: %v %v", delay, a, a.header)
			}
			if a := from(there, id, secret); a.status != 200 {
				t.Fatalf("the app is locked out from elsewhere: %v", a)
			}
			if a := from(here, other, otherSecret); a.status != 200 {
				t.Fatalf("another app is locked out at the same address: %v", a)
			}
			time.Sleep(delay)
		}
		if a := from(here, id, secret); a.status != 200 {
			t.Fatalf("after the wait: %v", a)
		}
		if a := from(here, id, "wrong"); a.status != 401 {
			t.Fatalf("a success must start the count anew: %v", a)
		}
	})
}

func TestSprayingFromOneAddressIsDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, dbtest.SQLite(t))
		blocked := 0
		for i := range clientPatience.FreeAddress + 10 {
			r := httptest.NewRequest("POST", "/identity/connect/token", strings.NewReader("grant_type=client_credentials"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.SetBasicAuth(fmt.Sprintf("%022d", i), "x")
			r.RemoteAddr = fmt.Sprintf("[2001:db8:0:1::%x]:1", i) // one site
			if k.do(r).status == 429 {
				blocked++
			}
		}
		if blocked != 9 {
			t.Fatalf("%d of 10 further tries were delayed", blocked)
		}
		time.Sleep(clientPatience.Forget + time.Second)
		if k.post("grant_type=client_credentials", "1", "x").status != 401 {
			t.Fatal("the address is not forgotten")
		}
	})
}

func TestTheLimiterForgetsTheOldest(t *testing.T) {
	l := backoff.New(clientPatience)
	for i := range 3 * clientPatience.Size {
		l.Failed(addr(i), fmt.Sprintf("%022d", i))
	}
	if l.Len() != clientPatience.Size {
		t.Fatalf("%d entries", l.Len())
	}
}

// What is written to the log while secrets are made, shown, used and refused holds none of them.
func TestNoSecretReachesTheLog(t *testing.T) {
	var log lockedBuffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(old)
	k := newKit(t, dbtest.SQLite(t))
	ctx := context.Background()
	id, secret := k.app(k.owner, "POS")
	token := k.token(id, secret)
	made, err := k.AccessToken(ctx, k.owner, "bella", id)
	k.must(err)
	rotated, err := k.RotateSecret(ctx, k.owner, "bella", id)
	k.must(err)
	_, err = k.Secret(ctx, k.owner, "bella", id)
	k.must(err)
	k.post("grant_type=client_credentials", "1234567890123456789012", rotated)
	k.post("grant_type=client_credentials&client_id="+secret+"&client_secret="+rotated, "", "") // the secret in the wrong place
	k.post("grant_type="+secret, id, rotated)
	list, _, err := k.Tokens(ctx, k.owner, "bella", id, 1, 1)
	k.must(err)
	k.must(k.RevokeToken(ctx, k.owner, "bella", list[0].Key))
	k.must(k.db.Close()) // the internal errors from here on are logged
	k.post("grant_type=client_credentials", id, rotated)
	_, _ = k.Authenticate(ctx, Bearer(token))
	_, _ = k.accounts.VerifyPassword(ctx, "owner@example.com", "correct horse")
	text := log.String()
	for _, s := range []string{secret, rotated, token, made} {
		if strings.Contains(text, s[7:]) {
			t.Errorf("the log holds %s…:\n%s", s[:7], text)
		}
	}
	for _, s := range []string{"correct horse", "owner@example.com", "192.0.2.1"} {
		if strings.Contains(text, s) {
			t.Errorf("the log holds %s:\n%s", s, text)
		}
	}
	for _, must := range []string{"oauth app secret revealed", "oauth app secret rotated", "oauth token revoked", "client authentication failed", "authorization server"} {
		if !strings.Contains(text, must) {
			t.Errorf("the log lacks %q:\n%s", must, text)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var _ interface {
	Authenticate(context.Context, Credential) (*account.Caller, error)
} = (*Server)(nil)
