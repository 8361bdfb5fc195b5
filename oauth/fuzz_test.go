package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"comanda/internal/dbtest"
)

func addr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// Whatever stands in the header, it is credentials with two parts or a problem of the right kind.
func FuzzBasic(f *testing.F) {
	for _, s := range []string{"", "Basic", "Basic ", "Basic OjA=", "basic YTpi", "Basic YTpiOmM=", "Bearer x", "Basic ***", "Basic JTI1OiUyNQ==", "Basic YSs6Yg=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, err := parseBasic(header)
		if err != nil {
			if p := (*problem)(nil); !errors.As(err, &p) || p.status != 400 && p.status != 401 || c != (credentials{}) {
				t.Fatalf("%q: %v %+v", header, err, c)
			}
			return
		}
		if c.id == "" || c.secret == "" {
			t.Fatalf("%q gives an empty part", header)
		}
		// What is encoded as the rules say comes back.
		again, err := parseBasic("Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.id)+":"+url.QueryEscape(c.secret))))
		if err != nil || again != c {
			t.Fatalf("%q: %+v came back as %+v (%v)", header, c, again, err)
		}
	})
}

// Whatever stands in the body, each parameter is read once or the request is refused.
func FuzzTokenForm(f *testing.F) {
	for _, s := range []string{"", "a=b", "grant_type=client_credentials&client_id=1&client_secret=2", "a=1&a=2", "a=%zz", "a;b", "=x", "&&", "client_id=1&client_id=", "%67rant_type=x&grant_type=y", "client_assertion=a.b.c&client_assertion_type=x"} {
		f.Add(s, "")
	}
	f.Add("grant_type=client_credentials", "Basic YTpi")
	f.Fuzz(func(t *testing.T, body, auth string) {
		r := httptest.NewRequest("POST", "/identity/connect/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if auth != "" {
			r.Header["Authorization"] = []string{auth}
		}
		form, err := formOf(r)
		var said credentials
		if err == nil {
			said, err = credentialsOf(r.Header.Values("Authorization"), form)
		}
		values, formErr := url.ParseQuery(body)
		if err != nil {
			if p := (*problem)(nil); !errors.As(err, &p) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		proofs := 0
		for _, part := range []string{said.secret, said.assertion} {
			if part != "" {
				proofs++
			}
		}
		if formErr != nil || said.id == "" || proofs > 1 || (said.method == authNone) != (proofs == 0) {
			t.Fatalf("%q gives %+v", body, said)
		}
		for name, all := range values {
			if len(all) != 1 || form[name] != all[0] {
				t.Fatalf("%q: %s is there %d times, read as %q", body, name, len(all), form[name])
			}
		}
	})
}

// Whatever stands in an authorization request, its answer goes to a redirect URI that is registered, or nowhere.
func FuzzAuthorize(f *testing.F) {
	k := newKit(f, dbtest.SQLite(f))
	id, _ := k.app(k.owner, "Shop")
	const here = "https://client.example/cb?x=1"
	if _, err := k.AddRedirectURI(f.Context(), k.owner, "bella", id, here); err != nil {
		f.Fatal(err)
	}
	to := "&redirect_uri=" + url.QueryEscape(here)
	for _, s := range []string{
		"", "response_type=code&scope=openid" + to, "response_type=code+id_token&scope=openid&nonce=n&state=s" + to, "response_type=token&response_mode=query" + to,
		"response_type=code&response_mode=form_post&scope=openid&prompt=none" + to, "response_type=code&scope=openid&max_age=-1" + to,
		"response_type=code&scope=openid&claims={" + to, "response_type=code&scope=openid&code_challenge=x&code_challenge_method=plain" + to,
		"redirect_uri=https://evil.example", "state=a&state=b" + to, "continue=AAAA", "request_uri=urn:ietf:params:oauth:request_uri:x" + to, "id_token_hint=a.b.c&scope=openid&response_type=code" + to,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/identity/connect/authorize", nil)
		r.URL.RawQuery = "client_id=" + id + "&" + query
		out, err := k.Authorize(r, nil)
		if err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		set := 0
		for _, is := range []bool{out.Redirect != "", out.Form != nil, out.SignIn != nil, out.Consent != nil, out.Page != nil} {
			if is {
				set++
			}
		}
		switch {
		case set != 1:
			t.Fatalf("%q: %+v", query, out)
		case out.Redirect != "" && !strings.HasPrefix(out.Redirect, here+"&") && !strings.HasPrefix(out.Redirect, here+"#"):
			t.Fatalf("%q goes to %s", query, out.Redirect)
		case out.Form != nil && out.Form.Action != here:
			t.Fatalf("%q posts to %s", query, out.Form.Action)
		case out.SignIn != nil && !strings.HasPrefix(out.SignIn.Continue, authorizePath+"?"):
			t.Fatalf("%q comes back to %s", query, out.SignIn.Continue)
		case out.Page != nil && (out.Page.Status < 400 || out.Page.Text == ""):
			t.Fatalf("%q: %+v", query, out.Page)
		}
		if strings.Contains(out.Redirect, "code=") && !strings.Contains(out.Redirect, "error=") {
			t.Fatalf("%q was answered with a code though nobody is signed in: %s", query, out.Redirect)
		}
	})
}

// Whatever is sent as a client assertion, it is not taken without a key of the client's.
func FuzzClientAssertion(f *testing.F) {
	for _, s := range []string{"", "a.b.c", "..", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA", signedJWT(f, "", map[string]any{"iss": "1", "sub": "1", "jti": "x", "exp": 9e9})} {
		f.Add(s)
	}
	k := newKit(f, dbtest.SQLite(f))
	key := jose.JSONWebKey{Key: newECKey(f).Public(), KeyID: "1", Algorithm: "ES256"}
	a := app{id: "1", settings: settings{PrivateKey: true, Keys: keySet{Keys: []jose.JSONWebKey{key}}}}
	f.Fuzz(func(t *testing.T, text string) {
		_ = unverifiedSubject(text)
		if ok, err := k.assertionHolds(t.Context(), a, text, "https://comanda.example/identity/connect/token"); ok || err != nil {
			t.Fatalf("%q holds (%v)", text, err)
		}
	})
}

// Whatever stands in a DPoP header, it is a proof signed by the public key that it carries, or a refusal.
func FuzzDPoPProof(f *testing.F) {
	f.Add("")
	f.Add("a.b.c")
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.")
	f.Add(signedJWT(f, "dpop+jwt", map[string]any{"jti": "1", "htm": "POST", "htu": "https://comanda.example/identity/connect/token", "iat": 1}))
	f.Fuzz(func(t *testing.T, text string) {
		c, thumbprint, err := parseProof(text)
		if err != nil {
			if p := (*problem)(nil); !errors.As(err, &p) || p.code != "invalid_dpop_proof" || thumbprint != "" {
				t.Fatalf("%q: %v %q", text, err, thumbprint)
			}
			return
		}
		signed, err := jose.ParseSignedCompact(text, clientAlgorithms)
		if err != nil || c.ID == "" || !isDigestText(thumbprint) || !signed.Signatures[0].Protected.JSONWebKey.IsPublic() {
			t.Fatalf("%q is taken: %+v %v", text, c, err)
		}
	})
}

// newECKey makes a client's key.
func newECKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signedJWT is a JWT with the public key in its header.
func signedJWT(t testing.TB, typ string, claims map[string]any) string {
	t.Helper()
	return signWith(t, newECKey(t), typ, claims)
}

func signWith(t testing.TB, key *ecdsa.PrivateKey, typ string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func FuzzRedirectURI(f *testing.F) {
	for _, s := range []string{"https://example.com/cb", "http://127.0.0.1:1/", "oob://localhost/x", "javascript:x", "https://a#b", "http://[::1]%2f/", "https://example.com\\@evil"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkRedirectURI(s) != "" {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme == "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(s, "#*\\ \n") || refusedSchemes[strings.ToLower(u.Scheme)] {
			t.Fatalf("%q is taken", s)
		}
		if u.Scheme == "http" && !loopback(u.Hostname()) {
			t.Fatalf("%q is taken", s)
		}
	})
}
