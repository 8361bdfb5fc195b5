package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"comanda/internal/outbound"
)

func TestGuardRefusesWhatIsNotPublic(t *testing.T) {
	refused := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.9.1",
		"168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.7",
		"192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1",
		"2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
		"fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:192.168.0.1",
		"fe80::5efe:8.8.8.8", "4000::1",
	}
	for _, s := range refused {
		if err := (outbound.Guard{}).Check(netip.MustParseAddr(s)); !errors.Is(err, outbound.ErrAddress) {
			t.Errorf("%s was allowed: %v", s, err)
		}
	}
	if err := (outbound.Guard{}).Check(netip.Addr{}); !errors.Is(err, outbound.ErrAddress) {
		t.Errorf("no address was allowed: %v", err)
	}
}

func TestGuardAllowsPublicAddresses(t *testing.T) {
	for _, s := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
		"223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2606:4700::1111", "2a00:1450::200e",
		"2a00:1450::5efe:8.8.8.8",
	} {
		if err := (outbound.Guard{}).Check(netip.MustParseAddr(s)); err != nil {
			t.Errorf("%s was refused: %v", s, err)
		}
	}
}

func TestAllowListOpensWhatItNamesAndNoMore(t *testing.T) {
	g := outbound.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/16")}}
	for s, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd12::9": true, "fd13::9": false, "127.0.0.1": false,
		"8.8.8.8": true,
	} {
		if got := g.Check(netip.MustParseAddr(s)) == nil; got != want {
			t.Errorf("%s: allowed %v, want %v", s, got, want)
		}
	}
	for host, want := range map[string]bool{
		"127.0.0.1": false, "::1": false, "localhost": false, "pos.example.com": true, "10.1.0.9": true,
	} {
		if got := g.CheckHost(host) == nil; got != want {
			t.Errorf("host %s: allowed %v, want %v", host, got, want)
		}
	}
}

// A name that passes CheckHost is refused when it turns out to lead inside.
func TestAddressIsCheckedAfterResolution(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	url := "http://localhost:" + srv.URL[len("http://127.0.0.1:"):]
	get := func(g outbound.Guard) error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		tr := g.Transport(1)
		defer tr.CloseIdleConnections()
		res, err := tr.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	if err := get(outbound.Guard{}); !errors.Is(err, outbound.ErrAddress) || reached {
		t.Errorf("localhost: %v, reached %v", err, reached)
	}
	if err := get(outbound.Guard{Allow: outbound.Loopback}); err != nil || !reached {
		t.Errorf("allowed loopback: %v, reached %v", err, reached)
	}
}

func TestEnvironmentProxyIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	if (outbound.Guard{}).Transport(1).Proxy != nil {
		t.Error("the transport asks for a proxy")
	}
}
