// Package outbound makes HTTP requests to addresses that a stranger chose (webhook callbacks) without lending them our
// place in the network.
//
//	CheckHost      when a URL is registered: addresses in any spelling, names that lead inside by their form
//	Transport      at every connection: each address that a name was resolved to, right before connecting to it
//
// Only the second one protects: a name may resolve to something else a second later, so nothing is resolved at
// registration. The first one tells people at once.
// Nothing from the environment (proxies) redirects a request.
package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// ErrAddress is wrapped by the refusal of a connection to an address that is not public.
var ErrAddress = errors.New("the address is not public")

// Guard decides which addresses may be connected to. The zero Guard allows public addresses only.
type Guard struct {
	// Allow are ranges that the operator opens although they are not public, such as the callback host of a POS in the
	// same network. They win over every refusal.
	Allow []netip.Prefix
	// Resolver resolves names; nil = the machine's own.
	Resolver *net.Resolver
}

// Loopback is the allow-list of a development machine.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// refused4 are the IPv4 ranges that do not lead to a public host, with the reason that is shown.
var refused4 = ranges{
	{"0.0.0.0/8", "this network"},
	{"10.0.0.0/8", "private"},
	{"100.64.0.0/10", "carrier-grade NAT"},
	{"127.0.0.0/8", "loopback"},
	{"168.63.129.16/32", "cloud metadata"},
	{"169.254.0.0/16", "link-local, cloud metadata"},
	{"172.16.0.0/12", "private"},
	{"192.0.0.0/24", "protocol assignments"},
	{"192.0.2.0/24", "documentation"},
	{"192.88.99.0/24", "6to4 relay"},
	{"192.168.0.0/16", "private"},
	{"198.18.0.0/15", "benchmarking"},
	{"198.51.100.0/24", "documentation"},
	{"203.0.113.0/24", "documentation"},
	{"224.0.0.0/4", "multicast"},
	{"240.0.0.0/4", "reserved"},
}.parse()

// public6 is the only IPv6 range that holds public hosts; refused6 are its exceptions. What lies outside (loopback,
// unique local, link-local, site-local, multicast, IPv4-compatible, discard, local NAT64 …) is refused without a list.
var (
	public6  = netip.MustParsePrefix("2000::/3")
	refused6 = ranges{
		{"2001::/23", "protocol assignments, Teredo"},
		{"2001:db8::/32", "documentation"},
		{"3fff::/20", "documentation"},
	}.parse()
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	six4  = netip.MustParsePrefix("2002::/16")
)

type ranges []struct{ cidr, why string }

type refusal struct {
	prefix netip.Prefix
	why    string
}

func (r ranges) parse() []refusal {
	out := make([]refusal, len(r))
	for i, x := range r {
		out[i] = refusal{netip.MustParsePrefix(x.cidr), x.why}
	}
	return out
}

// Check returns nil when an address may be connected to, else an error that wraps ErrAddress and says why not. An IPv6
// address that carries an IPv4 address (mapped, NAT64, 6to4, ISATAP) is judged by the address it carries.
func (g Guard) Check(addr netip.Addr) error {
	a := addr.WithZone("").Unmap()
	for _, p := range g.Allow {
		if p.Contains(a) {
			return nil
		}
	}
	if why := refuse(a); why != "" {
		return fmt.Errorf("%w: %s is %s", ErrAddress, addr, why)
	}
	if addr.Zone() != "" {
		return fmt.Errorf("%w: %s names an interface", ErrAddress, addr)
	}
	return nil
}

func refuse(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "not an address"
	case a.Is4():
		return find(refused4, a)
	}
	b := a.As16()
	inner := func(at int) string { return find(refused4, netip.AddrFrom4([4]byte(b[at:at+4]))) }
	isatap := b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
	switch {
	case nat64.Contains(a):
		return inner(12)
	case six4.Contains(a):
		return inner(2)
	case !public6.Contains(a):
		return "not in the public IPv6 range"
	case isatap && inner(12) != "":
		return inner(12)
	}
	return find(refused6, a)
}

func find(list []refusal, a netip.Addr) string {
	for _, r := range list {
		if r.prefix.Contains(a) {
			return r.why
		}
	}
	return ""
}

// control is a net.Dialer's Control: it sees each resolved address right before the connection is made.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrAddress, address)
	}
	return g.Check(ap.Addr())
}
