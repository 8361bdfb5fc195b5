package web

import (
	"net/http"
	"net/url"
	"strings"
)

// Protect refuses unsafe requests that a page of another origin sends. public is the address under which browsers know
// this server, which a proxy may have kept from the Host header; deny answers what is refused.
func Protect(public string, deny, next http.Handler) (http.Handler, error) {
	p := http.NewCrossOriginProtection()
	if err := p.AddTrustedOrigin(public); err != nil {
		return nil, err
	}
	p.SetDenyHandler(deny)
	return p.Handler(next), nil
}

// SameOrigin reports whether a request that carries the session cookie may use it: it comes from a page of this server, or
// from something that is no browser. public is the address under which browsers know this server. GET requests are held to
// it too, so it is for doors whose answers only scripts read, not for pages that links lead to.
func SameOrigin(r *http.Request, public string) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin := r.Header.Get("Origin")
	return origin == "" || strings.EqualFold(origin, public)
}

// maxPath is how long a path may be that the browser is sent back to. The longest are those that carry an authorization
// request: 8 KiB, sealed.
const maxPath = 16 << 10

// LocalPath returns s when it is a path on this server, with its query, that a browser can be sent to: exactly one slash
// first, and nothing that a browser would read as another host. Anything else is fallback.
func LocalPath(s, fallback string) string {
	if len(s) > maxPath || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
		return fallback
	}
	for _, c := range []byte(s) {
		// Browsers take \ for / and drop tabs and line ends; what is not ASCII belongs escaped.
		if c <= ' ' || c >= 0x7f || c == '\\' || c == '#' {
			return fallback
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\r\n") {
		return fallback
	}
	// Dots would be resolved after this check: /./ /x and /..//host.
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return fallback
		}
	}
	return s
}

// SeeOther sends the browser to an address by GET, exactly as it is written.
func SeeOther(w http.ResponseWriter, address string) {
	h := w.Header()
	h.Set("Location", address)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}
