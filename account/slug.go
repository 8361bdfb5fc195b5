package account

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxSlug leaves room for a suffix within the 50 characters of an appId.
const maxSlug = 40

// reserved are the first path segments that no appId may be equal to, in lower case: the literal ones of the contract's
// paths below /api/v1.0, and those of our own pages and services.
var reserved = set(
	"accounts", "address", "app", "apps", "appstore", "auditlogs", "clients", "csp", "drivers", "firebaseapp", "heartbeat",
	"home", "hydra", "integrationmetadatacatalogue", "intercom", "kioskiot", "lightspeed", "menus", "mobileapps",
	"oauthclients", "orders", "orgs", "payment_intents", "payments", "processingfeeconfigs", "properties", "receipts",
	"search", "sms-providers", "storegroups", "stores", "stuart", "teammates", "terminaliot", "users", "vouchers",
	"whitelabelbuilds", "whitelabelconfig",

	"api", "identity", "portal", "terminal", "developers", "storefront", "assets", "livez", "readyz", "metrics",
	"openapi.json", "robots.txt", "favicon.ico", ".well-known", "signalr", "reporting",
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// usableAppID reports whether a slug may be a brand's appId: it is no reserved segment and not all digits, which a path
// could not tell from a number.
func usableAppID(slug string) bool {
	return !reserved[strings.ToLower(slug)] && strings.Trim(slug, "0123456789") != ""
}

// slugOf makes the base of an appId from a brand's name: letters a-z and digits, with single hyphens between words.
// Accents are dropped; a name that leaves nothing gives "brand".
func slugOf(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(name) {
		r = unicode.ToLower(r)
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
			// An accent or an apostrophe joins: "Joe's" is joes.
		default:
			gap = true
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	slug := strings.Trim(b.String(), "-")
	if slug == "" {
		return "brand"
	}
	return slug
}

// isSlug reports whether a text could be an appId at all: nothing else is worth a query.
func isSlug(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 50
}
