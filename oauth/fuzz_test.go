package oauth

import (
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
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
	for _, s := range []string{"", "a=b", "grant_type=client_credentials&client_id=1&client_secret=2", "a=1&a=2", "a=%zz", "a;b", "=x", "&&", "client_id=1&client_id=", "%67rant_type=x&grant_type=y"} {
		f.Add(s, "")
	}
	f.Add("grant_type=client_credentials", "Basic YTpi")
	f.Fuzz(func(t *testing.T, body, auth string) {
		r := httptest.NewRequest("POST", "/identity/connect/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if auth != "" {
			r.Header["Authorization"] = []string{auth}
		}
		got, err := parseTokenRequest(r)
		values, formErr := url.ParseQuery(body)
		if err != nil {
			if p := (*problem)(nil); !errors.As(err, &p) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if formErr != nil || got.client.id == "" || got.client.secret == "" {
			t.Fatalf("%q gives %+v", body, got)
		}
		for name, all := range values {
			if len(all) != 1 {
				t.Fatalf("%q: %s is there %d times", body, name, len(all))
			}
		}
		if got.grantType != values.Get("grant_type") || got.scope != values.Get("scope") {
			t.Fatalf("%q gives %+v", body, got)
		}
	})
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
