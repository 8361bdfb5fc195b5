package oauth

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/revision"
	"comanda/wire"
)

const maxRedirectURIs = 50 // of one OAuth app

// RedirectURIs lists where an OAuth app's users may be sent back to. Right: Develop.
func (s *Server) RedirectURIs(ctx context.Context, c *account.Caller, appID, id string) ([]wire.OauthClientRedirectUri, error) {
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return nil, err
	}
	var out []wire.OauthClientRedirectUri
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out, err = redirectURIs(tx, a.id)
		return err
	})
	return out, wrap("redirect uris", err)
}

func redirectURIs(tx *db.Tx, id string) ([]wire.OauthClientRedirectUri, error) {
	rows, err := tx.Query(sqlRedirectURIs, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []wire.OauthClientRedirectUri{}
	for rows.Next() {
		var u wire.OauthClientRedirectUri
		if err := rows.Scan(&u.Id, &u.Uri); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

// URIsRevision is the revision of a list of redirect URIs, which a change of it may name as seen.
func URIsRevision(list []wire.OauthClientRedirectUri) int64 {
	sum := fnv.New64a()
	for _, u := range list {
		_ = binary.Write(sum, binary.BigEndian, int64(u.Id))
	}
	return int64(sum.Sum64() >> 1)
}

// AddRedirectURI adds a redirect URI to an OAuth app; one that is there already is returned as it is. Right: Develop.
func (s *Server) AddRedirectURI(ctx context.Context, c *account.Caller, appID, id, uri string) (wire.OauthClientRedirectUri, error) {
	out := wire.OauthClientRedirectUri{Uri: uri}
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return out, err
	}
	if wrong := checkRedirectURI(uri); wrong != "" {
		return out, fault.BadField("uri", "%s", wrong)
	}
	next, err := s.db.NextID(ctx, "oauth_redirect_uris")
	if err != nil {
		return out, wrap("add redirect uri", err)
	}
	now := clock.Micros(clock.Now())
	err = s.changeURIs(ctx, a, func(tx *db.Tx, list []wire.OauthClientRedirectUri, stale error) error {
		if i := slices.IndexFunc(list, func(u wire.OauthClientRedirectUri) bool { return u.Uri == uri }); i >= 0 {
			out = list[i]
			return nil
		}
		if stale != nil {
			return stale
		}
		if len(list) >= maxRedirectURIs {
			return fault.Newf(fault.Conflict, "The OAuth app has %d redirect URIs, the most that one may have.", maxRedirectURIs).
				With("Remove one that is not used.")
		}
		out.Id = next
		if _, err := tx.Exec(sqlInsertRedirectURI, next, a.brand, a.id, uri, now); err != nil {
			return err
		}
		return s.accounts.Audit(tx, c, a.brand, "oauthapp.redirecturi.added", target(a.id), uri)
	})
	return out, wrap("add redirect uri", err)
}

// RemoveRedirectURI removes a redirect URI by its id. Right: Develop.
func (s *Server) RemoveRedirectURI(ctx context.Context, c *account.Caller, appID, id string, uriID int) error {
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	if err != nil {
		return err
	}
	err = s.changeURIs(ctx, a, func(tx *db.Tx, list []wire.OauthClientRedirectUri, stale error) error {
		i := slices.IndexFunc(list, func(u wire.OauthClientRedirectUri) bool { return u.Id == uriID })
		if i < 0 {
			return fault.New(fault.NotFound, "The OAuth app has no such redirect URI.").
				With("GET …/redirecturis lists them with their ids.")
		}
		if stale != nil {
			return stale
		}
		if _, err := tx.Exec(sqlDeleteRedirectURI, uriID); err != nil {
			return err
		}
		return s.accounts.Audit(tx, c, a.brand, "oauthapp.redirecturi.removed", target(a.id), list[i].Uri)
	})
	return wrap("remove redirect uri", err)
}

// changeURIs runs one change of an OAuth app's redirect URIs at a time. stale is the Conflict of who has not seen the list as it
// is; a change that was made already does not mind.
func (s *Server) changeURIs(ctx context.Context, a app, change func(tx *db.Tx, list []wire.OauthClientRedirectUri, stale error) error) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, a.id); err != nil {
			return err
		}
		list, err := redirectURIs(tx, a.id)
		if err != nil {
			return err
		}
		return change(tx, list, revision.Check(ctx, URIsRevision(list), "the redirect URIs"))
	})
}

var privateScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)

// refusedSchemes run code, read files, or are somebody else's protocol.
var refusedSchemes = map[string]bool{
	"javascript": true, "vbscript": true, "data": true, "file": true, "blob": true, "filesystem": true, "about": true,
	"view-source": true, "jar": true, "content": true, "intent": true, "ws": true, "wss": true, "ftp": true, "mailto": true, "tel": true, "sms": true,
}

// checkRedirectURI says what is wrong with a redirect URI, or nothing: https anywhere; http on a loopback address only; a
// private-use scheme (RFC 8252) such as oob://localhost/page. It is compared exactly, so it must be exact: no fragment,
// no wildcard, no user.
func checkRedirectURI(s string) string {
	switch {
	case s == "":
		return "is missing: write an absolute URI such as https://example.com/callback"
	case len(s) > 2000:
		return "a redirect URI has 2000 characters at most"
	case strings.ContainsAny(s, "#"):
		return "a redirect URI has no fragment (#): the answer may travel in it"
	case strings.ContainsAny(s, "*\\ \t\r\n<>\"`{}|^") || strings.ContainsFunc(s, func(r rune) bool { return r < 0x21 || r >= 0x7f }):
		return "a redirect URI is compared exactly: no wildcards, blanks or unescaped special characters"
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return "write an absolute URI such as https://example.com/callback"
	}
	switch {
	case u.User != nil:
		return "a redirect URI has no user name or password"
	case u.Scheme == "https":
		if u.Hostname() == "" {
			return "an https redirect URI needs a host"
		}
	case u.Scheme == "http":
		if !loopback(u.Hostname()) {
			return "http is for loopback addresses (http://127.0.0.1/…, http://localhost/…) only; use https"
		}
	case u.Opaque == "" && u.Host == "" && u.Path == "":
		return "write an absolute URI such as https://example.com/callback"
	case refusedSchemes[u.Scheme] || !privateScheme.MatchString(u.Scheme):
		return "the scheme " + u.Scheme + " is not allowed; use https, or a private scheme of your app"
	}
	return ""
}

// redirectRegistered reports whether an address is one of an OAuth app's redirect URIs: to the letter, but for the port of
// an http loopback address, which a native app gets from its system (RFC 8252, 7.3).
func (s *Server) redirectRegistered(ctx context.Context, id, uri string) (known bool, err error) {
	if checkRedirectURI(uri) != "" {
		return false, nil
	}
	bare := withoutLoopbackPort(uri)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		list, err := redirectURIs(tx, id)
		known = slices.ContainsFunc(list, func(u wire.OauthClientRedirectUri) bool {
			return u.Uri == uri || bare != "" && withoutLoopbackPort(u.Uri) == bare
		})
		return err
	})
	return known, wrap("redirect uri", err)
}

// withoutLoopbackPort is an http loopback address without its port, empty for any other address.
func withoutLoopbackPort(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || !loopback(u.Hostname()) {
		return ""
	}
	rest := strings.TrimPrefix(uri, "http://"+u.Host)
	return "http://" + u.Hostname() + rest
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
