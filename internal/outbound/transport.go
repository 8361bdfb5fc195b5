package outbound

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Limits of one request. The whole request is bounded by its context.
const (
	dialTimeout   = 5 * time.Second
	tlsTimeout    = 5 * time.Second
	headerTimeout = 10 * time.Second
	idleTimeout   = 30 * time.Second
	maxHeader     = 64 << 10
)

// Transport returns an HTTP/1.1 transport behind the guard: connections are kept and reused, up to perHost of them, and
// proxies named by the environment are not used. It follows no redirect (a transport never does): the caller sees the 3xx.
func (g Guard) Transport(perHost int) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Control: g.control, Resolver: g.Resolver}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           0, // no limit over all hosts
		MaxIdleConnsPerHost:    perHost,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		WriteBufferSize:        16 << 10,
	}
}
