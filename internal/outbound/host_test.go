package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"comanda/internal/outbound"
)

func TestHostsThatLeadInsideAreRefused(t *testing.T) {
	refused := []string{
		// spellings of 127.0.0.1 and friends that inet_aton or a browser understands
		"2130706433", "017700000001", "0x7f000001", "0x7F.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "127.1", "127.0.1", "127.0.0.1.",
		"0", "0x", "00000177.0.0.1", "127.0.0.0x1", "1.2.3.4.5", "256.256.256.256", "010.0.0.1",
		// addresses
		"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1",
		"2002:7f00:1::", "fe80::1%eth0", "fd00::1", "2001:0:7f00:1::", "2a00:1450::5efe:10.0.0.1",
		// names
		"localhost", "LOCALHOST", "localhost.", "api.localhost", "printer.local", "pos.internal", "METADATA.google.internal",
		"metadata.google.internal.", "metadata", "instance-data", "metadata.goog", "db.corp", "router.lan", "nas.home.arpa", "pos",
		"", ".", "..", "pos..example.com", "pos.example.com..",
	}
	for _, host := range refused {
		if err := (outbound.Guard{}).CheckHost(host); !errors.Is(err, outbound.ErrAddress) {
			t.Errorf("%q: %v", host, err)
		}
	}
	for _, host := range []string{
		"pos.example.com", "POS.example.com.", "xn--bcher-kva.example", "8.8.8.8", "2606:4700::1111", "127.0.0.1.nip.io.example",
		"local.example.com", "0x7f.example.com", "3com.com", "deadbeef.example", "a.b0",
	} {
		if err := (outbound.Guard{}).CheckHost(host); err != nil {
			t.Errorf("%q: %v", host, err)
		}
	}
	dev := outbound.Guard{Allow: outbound.Loopback}
	for host, open := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "pos": true, "pos.local": true, "0x7f.1": false, "metadata.google.internal": false, "10.0.0.1": false,
	} {
		if got := dev.CheckHost(host) == nil; got != open {
			t.Errorf("with loopback allowed, %s: allowed %v", host, got)
		}
	}
}

// Percent-encoded and full-width digits never reach CheckHost as such: a URL's host comes out decoded or not at all.
func TestEncodedHosts(t *testing.T) {
	for _, raw := range []string{
		"https://127.0.0%2e1/", "https://%31%32%37.0.0.1/", "https://１２７.0.0.1/", "https://127。0。0。1/", "https://[::ffff:127.0.0.1%25eth0]/",
		"https://[fe80::1%25lo]/", "https://0x7f.1/", "https://localhost%00.example.com/", "https://①②⑦.0.0.1/",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			continue
		}
		host := u.Hostname()
		ascii := strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:%") == ""
		if err := (outbound.Guard{}).CheckHost(host); err == nil && ascii {
			t.Errorf("%s: host %q passes", raw, host)
		}
	}
}

// nameServer answers every A question with the addresses that it is set to, every other one with nothing.
type nameServer struct {
	mu      sync.Mutex
	answers []string
	asked   int
}

func (s *nameServer) set(answers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = answers
}

func (s *nameServer) reply(raw []byte) []byte {
	var q dnsmessage.Message
	if q.Unpack(raw) != nil || len(q.Questions) != 1 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	q.Response, q.Authoritative, q.Additionals = true, true, nil
	for _, a := range s.answers {
		if ip := netip.MustParseAddr(a); ip.Is4() && q.Questions[0].Type == dnsmessage.TypeA {
			q.Answers = append(q.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.AResource{A: ip.As4()},
			})
		}
	}
	out, err := q.Pack()
	if err != nil {
		return nil
	}
	return out
}

// resolver asks the server over loopback.
func (s *nameServer) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := l.ReadFrom(buf)
			if err != nil {
				return
			}
			if out := s.reply(buf[:n]); out != nil {
				_, _ = l.WriteTo(out, from)
			}
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", l.LocalAddr().String())
	}}
}

// A name that looks public when it is registered leads inside at the next connection (DNS rebinding).
func TestNamesAreJudgedByWhatTheyResolveTo(t *testing.T) {
	reached := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer srv.Close()
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	dns := &nameServer{}
	strict := outbound.Guard{Resolver: dns.resolver(t)}
	post := func(g outbound.Guard) error {
		tr := g.Transport(1)
		defer tr.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://pos.example.com:"+port+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := tr.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}

	if err := strict.CheckHost("pos.example.com"); err != nil {
		t.Errorf("a public name: %v", err)
	}
	dns.set("127.0.0.1")
	if err := post(strict); !errors.Is(err, outbound.ErrAddress) || reached != 0 {
		t.Errorf("a name that leads inside: %v, reached %d", err, reached)
	}
	dns.set("10.0.0.1", "169.254.169.254")
	if err := post(strict); !errors.Is(err, outbound.ErrAddress) {
		t.Errorf("two private addresses at connect: %v", err)
	}
	// Of several addresses the one that is open is used, and the other never connected to.
	open := outbound.Guard{Allow: outbound.Loopback, Resolver: strict.Resolver}
	dns.set("10.0.0.1", "127.0.0.1")
	if err := post(open); err != nil || reached != 1 {
		t.Errorf("one open address: %v, reached %d", err, reached)
	}
	dns.mu.Lock()
	defer dns.mu.Unlock()
	if dns.asked == 0 {
		t.Error("the name server was never asked")
	}
}
