package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"comanda/internal/outbound"
)

func TestWaitingAttemptsAreBoundedByAllTheirBytes(t *testing.T) {
	const value = 64 << 10
	answer := http.Header{"X-Long": {strings.Repeat("x", value)}}
	a := newAttemptLog(nil, DefaultLogBytes)
	for range 2 * logBytes / value {
		a.add(logged{result: result{header: answer}})
	}
	if n := len(a.queue); n == 0 || n*value > logBytes {
		t.Fatalf("%d attempts with %d bytes of header each wait", n, value)
	}
	if a.lost == 0 {
		t.Fatal("none was dropped")
	}
	for len(a.take()) > 0 {
	}
	if a.bytes != 0 {
		t.Fatalf("%d bytes are left of none", a.bytes)
	}
}

// What an attempt's error tells a tenant never has an address, a resolver or a text of the system's in it.
func TestReasonHidesTheNetwork(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 5353}
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Source: at, Addr: at, Err: err} }
	for text, err := range map[string]error{
		"not public":            fmt.Errorf("dial 10.1.2.3: %w", outbound.ErrAddress),
		"could not be resolved": dial(&net.DNSError{Err: "no such host", Name: "pos.internal", Server: "10.1.2.3:5353"}),
		"refused":               dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)),
		"in time":               dial(os.ErrDeadlineExceeded),
		"cannot be reached":     dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)),
		"closed the connection": &url.Error{Op: "Post", URL: "http://10.1.2.3", Err: io.EOF},
		"certificate":           &tls.CertificateVerificationError{Err: errors.New("x509: 10.1.2.3")},
		"TLS handshake":         fmt.Errorf("10.1.2.3: %w", tls.AlertError(40)),
		"the connection failed": dial(errors.New("something of 10.1.2.3")),
		"did not answer":        context.DeadlineExceeded,
	} {
		got := reason(err)
		if !strings.Contains(got, text) || strings.Contains(got, "10.1") || strings.Contains(got, "pos.internal") {
			t.Errorf("%v is told as %q", err, got)
		}
	}
}
