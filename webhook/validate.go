package webhook

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// Limits of what a subscription may say.
const (
	maxURL           = 2048 // bytes
	maxToken         = 255
	maxSubscriptions = 100 // of one OAuth app
)

// checkVersion returns the body version; empty is the default.
func checkVersion(bad *fault.Collector, v string) string {
	switch v {
	case "":
		return Envelope
	case Flat, Envelope:
		return v
	}
	bad.Add("Version", `%.20q is no version. Use "1" for the flat event as documented, or "2" for the envelope {Type, CreateTime, Body} as received live.`, v)
	return ""
}

// checkNames returns the canonical event names.
func checkNames(bad *fault.Collector, names []string) []string {
	out := make([]string, 0, len(names))
	seen := map[string]bool{}
	for _, given := range names {
		name, ok := knownName(given)
		switch {
		case !ok:
			bad.Add("EventNames", "%.60q is no event name. GET /api/v1.0/{appId}/webhooks/events lists them all.", given)
		case seen[name]:
			bad.Add("EventNames", "%q is there twice. Name each event once.", name)
		default:
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// knownName finds a name of the catalogue, written in any case.
func knownName(given string) (string, bool) {
	e, ok := catalogue[strings.ToLower(given)]
	return e.Name, ok
}

var catalogue = func() map[string]wire.CatalogueEntry {
	out := make(map[string]wire.CatalogueEntry, len(wire.Catalogue)+len(wire.Own))
	for _, e := range wire.Catalogue {
		out[e.Name] = e
	}
	for _, e := range wire.Own {
		out[e.Name] = e
	}
	return out
}()

// headings are the catalogue's groups and that of our own events.
var headings = func() map[string]bool {
	out := map[string]bool{wire.OwnGroup: true}
	for _, e := range wire.Catalogue {
		out[e.Group] = true
	}
	return out
}()

// headingList are the headings in alphabetical order.
var headingList = slices.Sorted(maps.Keys(headings))

// knownHeading finds a heading of the catalogue, written in any case.
func knownHeading(given string) (string, bool) {
	i := slices.IndexFunc(headingList, func(h string) bool { return strings.EqualFold(h, given) })
	if i < 0 {
		return "", false
	}
	return headingList[i], true
}

// printable reports whether a text has printable ASCII only, as a header value may have.
func printable(text string) bool {
	for _, c := range []byte(text) {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

// checkToken refuses a verify token that cannot be a header value.
func checkToken(bad *fault.Collector, token string) {
	if len(token) > maxToken {
		bad.Add("VerifyToken", "has %d bytes. At most %d fit the X-Verify-Token header.", len(token), maxToken)
		return
	}
	if !printable(token) {
		bad.Add("VerifyToken", "has a character that is not printable ASCII, such as a line break. Use letters, digits and punctuation.")
		return
	}
	if strings.TrimSpace(token) != token {
		bad.Add("VerifyToken", "begins or ends with a space, which a header cannot carry. Leave it away.")
	}
}

// checkURL refuses a callback URL that must not or cannot be called. An address that its name leads to is checked again
// at each connection.
func (w *Webhooks) checkURL(bad *fault.Collector, b account.Brand, raw string) {
	const field = "CallbackUrl"
	if raw == "" {
		bad.Add(field, "is missing. Give the absolute https URL that shall receive the events.")
		return
	}
	if len(raw) > maxURL {
		bad.Add(field, "has %d bytes. At most %d are kept.", len(raw), maxURL)
		return
	}
	for _, c := range []byte(raw) {
		if c <= 0x20 || c > 0x7e {
			bad.Add(field, "has a space, a control or a non-ASCII character. Percent-encode it; write the host in its xn-- form.")
			return
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Host == "" {
		bad.Add(field, "is not an absolute URL. Write it as https://host/path.")
		return
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		bad.Add(field, "has the scheme %.20q. Use https.", u.Scheme)
	case u.User != nil:
		bad.Add(field, "carries a user name or password. Put a secret into VerifyToken or the query instead.")
	case strings.Contains(raw, "#"):
		bad.Add(field, "has a fragment (#…), which is never sent. Leave it away.")
	case host == "" || strings.ContainsAny(host, "%\\\"<>^`{|}"):
		bad.Add(field, "has no valid host. Write it as https://host/path.")
	case !validPort(u):
		bad.Add(field, "has no valid port. Use a number from 1 to 65535.")
	case u.Scheme == "http" && !b.Sandbox && !w.loopback(host):
		bad.Add(field, "is not https. Plain http is for sandbox brands only: use https.")
	default:
		if err := w.guard.CheckHost(host); err != nil {
			bad.Add(field, "leads to an address that is not public (%s). Use a public host, or ask the operator to allow the range.", host)
		}
	}
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	return err == nil && n >= 1 && n <= 65535
}

// loopback reports whether a host is this machine, and the operator has opened it to callbacks.
func (w *Webhooks) loopback(host string) bool {
	if host == "localhost" {
		host = "127.0.0.1"
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback() && w.guard.Check(a) == nil
}
