package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Origin tells where a request came from. Forwarded headers count only when the connection itself comes from one of the
// trusted proxies; the zero Origin trusts none.
type Origin struct {
	Proxies []netip.Prefix // of --behind-proxy
}

// ClientIP is the address of the client: the connection's, or the nearest address in X-Forwarded-For that is not a
// trusted proxy.
func (o Origin) ClientIP(r *http.Request) netip.Addr {
	peer := o.peer(r)
	if !o.trusted(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return peer
		}
		if peer = a.Unmap(); !o.trusted(peer) {
			return peer
		}
	}
	return peer
}

// Secure reports whether the client used HTTPS: with us, or with the trusted proxy in front of us.
func (o Origin) Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	return o.trusted(o.peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func (o Origin) peer(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap()
	}
	return netip.Addr{}
}

func (o Origin) trusted(a netip.Addr) bool {
	if !a.IsValid() {
		return false
	}
	for _, p := range o.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// CollapseSlashes answers //api/v1.0/… as /api/v1.0/…, without the redirect by which http.ServeMux would lose a POST's
// body: clients whose base path ends in a slash send it. Put it in front of every ServeMux.
func CollapseSlashes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		escaped := r.URL.EscapedPath()
		if !strings.Contains(escaped, "//") {
			next.ServeHTTP(w, r)
			return
		}
		u := *r.URL
		u.RawPath = Collapse(escaped)
		if path, err := url.PathUnescape(u.RawPath); err == nil {
			u.Path = path
		}
		r2 := *r
		r2.URL = &u
		next.ServeHTTP(w, &r2)
	})
}

// Collapse makes one slash of each run of slashes.
func Collapse(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
