package web

import (
	"net/http"
	"net/url"
	"strings"
)

// Policy is how far the content policy of one page goes beyond what every page has: its own styles, its own images, forms
// to this server, in nobody's frame.
type Policy struct {
	// Scripts are assets that the page loads; such a page may also fetch from this server.
	Scripts []string
	// Styles are assets that the page loads after those that every page has.
	Styles []string
	// Nonce lets a page's scripts make style elements that carry it, and elements with style attributes. Only for what is
	// not ours and cannot do without.
	Nonce string
	// InlineScript is the hash source of the one script that stands in the page, such as 'sha256-…'.
	InlineScript string
	// FormTargets are sources beside this server that a form may end at. Browsers check them along the whole chain of
	// redirects that follows a form, also those that the other site sends.
	FormTargets []string
}

func (p Policy) set(h http.Header) {
	h.Set("Content-Security-Policy", p.content())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Nobody else learns our addresses. With no-referrer, browsers without Sec-Fetch-Site would also withhold the Origin that
	// Protect looks at.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

func (p Policy) content() string {
	styles := "style-src 'self'"
	if p.Nonce != "" {
		styles = "style-src-elem 'self' 'nonce-" + p.Nonce + "'; style-src-attr 'unsafe-inline'"
	}
	parts := []string{"default-src 'none'", styles, "img-src 'self'"}
	switch {
	case p.InlineScript != "":
		parts = append(parts, "script-src "+p.InlineScript)
	case len(p.Scripts) > 0:
		parts = append(parts, "script-src 'self'", "connect-src 'self'")
	}
	parts = append(parts,
		strings.Join(append([]string{"form-action 'self'"}, p.FormTargets...), " "),
		"frame-ancestors 'none'", "base-uri 'none'")
	return strings.Join(parts, "; ")
}

// FormTargets are the sources at which a form may end that leads to another program's address: its origin or its private
// scheme, and any https, because that program may send the browser on to a page of its own elsewhere, and browsers would
// hold that redirect against our policy. An address that is none leads nowhere.
func FormTargets(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return nil
	}
	switch scheme := strings.ToLower(u.Scheme); {
	case scheme == "https":
		return []string{"https:"}
	case scheme == "http" && isSource(u.Host):
		return []string{"http://" + u.Host, "https:"}
	default:
		return []string{scheme + ":", "https:"}
	}
}

// isSource reports whether a host is one that a content policy can name; it has no form for IPv6 addresses.
func isSource(host string) bool {
	return host != "" && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-:") == ""
}
