package web

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestForwardedHeadersCountOnlyFromTrustedProxies(t *testing.T) {
	behind := Origin{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for _, c := range []struct {
		name   string
		origin Origin
		peer   string
		tls    bool
		xff    []string
		proto  string
		ip     string
		secure bool
	}{
		{"direct", Origin{}, "203.0.113.5:80", true, nil, "", "203.0.113.5", true},
		{"direct, plain", Origin{}, "203.0.113.5:80", false, nil, "", "203.0.113.5", false},
		{"forged by a stranger", behind, "203.0.113.5:80", false, []string{"198.51.100.1"}, "https", "203.0.113.5", false},
		{"nobody is trusted", Origin{}, "10.0.0.1:80", false, []string{"198.51.100.1"}, "https", "10.0.0.1", false},
		{"from the proxy", behind, "10.0.0.1:80", false, []string{"198.51.100.1"}, "https", "198.51.100.1", true},
		{"from the proxy, plain", behind, "10.0.0.1:80", false, []string{"198.51.100.1"}, "http", "198.51.100.1", false},
		{"forged in front of the proxy", behind, "10.0.0.1:80", false, []string{"1.1.1.1, 198.51.100.1"}, "https", "198.51.100.1", true},
		{"two proxies", behind, "10.0.0.1:80", false, []string{"198.51.100.1", "10.0.0.2"}, "https", "198.51.100.1", true},
		{"garbage", behind, "10.0.0.1:80", false, []string{"198.51.100.1, unknown"}, "HTTPS", "10.0.0.1", true},
		{"IPv4 in IPv6", behind, "[::ffff:10.0.0.1]:80", false, []string{"::ffff:198.51.100.1"}, "https", "198.51.100.1", true},
		{"IPv6", behind, "[fd00::1]:80", false, []string{"2001:db8::1"}, "https", "2001:db8::1", true},
		{"no address", behind, "@", false, []string{"198.51.100.1"}, "https", "invalid IP", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		for _, x := range c.xff {
			r.Header.Add("X-Forwarded-For", x)
		}
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		if got := c.origin.ClientIP(r).String(); got != c.ip {
			t.Errorf("%s: address %s, want %s", c.name, got, c.ip)
		}
		if got := c.origin.Secure(r); got != c.secure {
			t.Errorf("%s: secure %t, want %t", c.name, got, c.secure)
		}
	}
}

func TestDoubledSlashesAreCollapsedWithoutARedirect(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.URL.EscapedPath()))
	})
	for path, want := range map[string]string{
		"//api/v1.0/orders":      "/api/v1.0/orders",
		"/api///v1.0//orders":    "/api/v1.0/orders",
		"//api/v1.0/be%2F%2Fl/x": "/api/v1.0/be%2F%2Fl/x",
		"/api/v1.0/orders":       "/api/v1.0/orders",
	} {
		r := httptest.NewRequest(http.MethodPost, "https://comanda.test"+path, nil)
		w := httptest.NewRecorder()
		CollapseSlashes(mux).ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: %d %s, want %s", path, w.Code, w.Body, want)
		}
	}
}
