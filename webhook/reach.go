package webhook

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"comanda/internal/db"
	"comanda/internal/outbound"
)

// Host is a host that enabled subscriptions deliver to.
type Host struct {
	Name    string // with its port
	Failure string // why it cannot be connected to; empty when it can
}

// reachTogether is how many hosts are tried at the same time.
const reachTogether = 20

// Reach connects to each host that enabled subscriptions of any brand deliver to, as delivery would, and sends nothing. It is
// for who runs the server.
func Reach(ctx context.Context, d *db.DB, allow []netip.Prefix) ([]Host, error) {
	var origins []string
	err := d.Read(ctx, func(tx *db.Tx) error {
		origins = nil
		rows, err := tx.Query(sqlEnabledURLs)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var raw string
			if err := rows.Scan(&raw); err != nil {
				return err
			}
			if u, err := url.Parse(raw); err == nil {
				port := u.Port()
				if port == "" {
					port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
				}
				origins = append(origins, u.Scheme+"://"+net.JoinHostPort(u.Hostname(), port))
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(origins)
	origins = slices.Compact(origins)
	transport := outbound.Guard{Allow: allow}.Transport(1)
	hosts := make([]Host, len(origins))
	var group errgroup.Group
	group.SetLimit(reachTogether)
	for i, origin := range origins {
		scheme, address, _ := strings.Cut(origin, "://")
		group.Go(func() error {
			hosts[i].Name = address
			if err := connect(ctx, transport.DialContext, scheme, address); err != nil {
				hosts[i].Failure = reason(err)
			}
			return nil
		})
	}
	return hosts, group.Wait()
}

// connect opens a connection, with a handshake where it is encrypted, and closes it.
func connect(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), scheme, address string) error {
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if scheme != "https" {
		return nil
	}
	host, _, _ := net.SplitHostPort(address)
	return tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx)
}
