package outbound

import (
	"fmt"
	"net/netip"
	"strings"
)

// metadata are the names under which clouds tell a machine its own secrets.
var metadata = map[string]bool{
	"metadata": true, "metadata.google.internal": true, "metadata.goog": true, "instance-data": true,
	"instance-data.ec2.internal": true, "metadata.azure.internal": true, "metadata.tencentyun.com": true,
}

// inside are the ends of names that lead into the caller's own machine or network, RFC 6761, 6762, 8375 and the custom of
// clouds and clusters.
var inside = []string{".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".home.arpa", ".corp", ".private"}

// CheckHost refuses a URL's host by its form: an address that may not be connected to, an address in a spelling that only
// some programs take for one (octal, hexadecimal, short), a name that leads inside. Other names pass: they are judged when
// they have been resolved. Names that lead inside pass where the operator has opened a network, except those of the
// clouds' metadata.
func (g Guard) CheckHost(host string) error {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if a, err := netip.ParseAddr(name); err == nil {
		return g.Check(a)
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case name == "" || strings.HasSuffix(name, ".") || strings.Contains(name, ".."):
		return fmt.Errorf("%w: %.60q is no host", ErrAddress, host)
	case number(last):
		return fmt.Errorf("%w: %.60q is no name, and no address in its usual form of four decimal numbers", ErrAddress, host)
	case metadata[name]:
		return fmt.Errorf("%w: %s is the metadata service of a cloud", ErrAddress, name)
	case name == "localhost":
		return g.Check(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	case len(g.Allow) > 0:
		return nil
	case last == name:
		return fmt.Errorf("%w: %s has no domain", ErrAddress, name)
	}
	for _, end := range inside {
		if strings.HasSuffix(name, end) {
			return fmt.Errorf("%w: names that end in %s lead inside", ErrAddress, end)
		}
	}
	return nil
}

// number reports whether the last label of a host is a number in decimal, octal or hexadecimal: then many programs take the
// host for an IPv4 address (WHATWG URL, 4.1: "ends in a number").
func number(label string) bool {
	digits := "0123456789"
	if rest, hex := strings.CutPrefix(label, "0x"); hex {
		label, digits = rest, "0123456789abcdef"
		if label == "" {
			return true
		}
	}
	return label != "" && strings.Trim(label, digits) == ""
}
