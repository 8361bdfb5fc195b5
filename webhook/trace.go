package webhook

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"comanda/internal/clock"
)

// timings are the parts of one attempt; what a connection that was used again does not need is zero.
type timings struct {
	dns, connect, tls time.Duration
	firstByte         time.Duration // from the attempt's beginning to the first byte of the answer
	reused            bool
}

// trace measures one attempt. The transport may go on connecting after the attempt is over, hence the atomics: each holds
// nanoseconds since the beginning.
type trace struct {
	httptrace.ClientTrace
	began                                                  time.Time
	dnsFrom, dnsTo, connectFrom, connectTo, tlsFrom, tlsTo atomic.Int64
	first                                                  atomic.Int64
	reused                                                 atomic.Bool
}

func newTrace(began time.Time) *trace {
	t := &trace{began: began}
	t.ClientTrace = httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { t.reused.Store(c.Reused) },
		GotFirstResponseByte: func() { t.mark(&t.first) },
		DNSStart:             func(httptrace.DNSStartInfo) { t.mark(&t.dnsFrom) },
		DNSDone:              func(httptrace.DNSDoneInfo) { t.mark(&t.dnsTo) },
		ConnectStart:         func(string, string) { t.connectFrom.CompareAndSwap(0, t.now()) },
		ConnectDone:          func(string, string, error) { t.mark(&t.connectTo) },
		TLSHandshakeStart:    func() { t.mark(&t.tlsFrom) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { t.mark(&t.tlsTo) },
	}
	return t
}

func (t *trace) now() int64 { return max(int64(clock.Mono().Sub(t.began)), 1) }

func (t *trace) mark(at *atomic.Int64) { at.Store(t.now()) }

// timings are what was measured until now.
func (t *trace) timings() timings {
	out := timings{firstByte: time.Duration(t.first.Load()), reused: t.reused.Load()}
	if !out.reused {
		out.dns, out.connect, out.tls = between(&t.dnsFrom, &t.dnsTo), between(&t.connectFrom, &t.connectTo), between(&t.tlsFrom, &t.tlsTo)
	}
	return out
}

// between is the time between two marks, 0 when one is missing.
func between(from, to *atomic.Int64) time.Duration {
	f, t := from.Load(), to.Load()
	if f == 0 || t < f {
		return 0
	}
	return time.Duration(t - f)
}
