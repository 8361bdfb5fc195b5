package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"syscall"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/outbound"
)

// Bounds of an answer.
const (
	keptBody    = 16 << 10 // of the answer's body, for the attempt log
	drainedBody = 64 << 10 // read at most, so that the connection can be used again
	bodyTimeout = 2 * time.Second
)

// result is what one attempt came to, for the stream and for the attempt log.
type result struct {
	outcome
	at       time.Time
	duration time.Duration
	timings  timings
	request  *http.Request
	header   http.Header
	body     []byte
	err      error
}

// send makes one attempt. The answer counts from its status line on: the body of a 2xx may be slow or broken.
func (e *endpoint) send(ctx context.Context, client http.RoundTripper, ev *event.Event, number int) result {
	r := result{at: clock.Now()}
	began := clock.Mono()
	if e.err != nil {
		r.err, r.connect = e.err, true
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	watch := newTrace(began)
	r.request = e.build(httptrace.WithClientTrace(ctx, &watch.ClientTrace), ev, number, r.at)
	res, err := client.RoundTrip(r.request) //nolint:bodyclose // readBody closes it
	r.took = clock.Mono().Sub(began)
	r.timings = watch.timings()
	if err != nil {
		r.duration, r.err, r.connect = r.took, err, neverConnected(err)
		return r
	}
	r.status, r.header = res.StatusCode, res.Header
	r.received = res.StatusCode >= 200 && res.StatusCode <= 299
	if !r.received {
		r.wait = retryAfter(res.Header.Get("Retry-After"), r.at)
	}
	r.body, r.err = readBody(res.Body, cancel)
	r.duration = clock.Mono().Sub(began)
	return r
}

// readBody reads what is kept of an answer and a little more, for a bounded time.
func readBody(body io.ReadCloser, cancel func()) ([]byte, error) {
	defer func() { _ = body.Close() }()
	if body == http.NoBody {
		return nil, nil
	}
	timer := time.AfterFunc(bodyTimeout, cancel)
	defer timer.Stop()
	kept, err := io.ReadAll(io.LimitReader(body, keptBody))
	if err == nil && len(kept) == keptBody {
		_, err = io.CopyN(io.Discard, body, drainedBody-keptBody)
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return kept, err
}

// neverConnected reports whether an attempt failed before the endpoint had the request: DNS, a refused or forbidden
// connection, TLS.
func neverConnected(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.Is(err, outbound.ErrAddress), errors.As(err, &dns):
		return true
	case errors.As(err, &op):
		return op.Op == "dial" || op.Op == "remote error"
	}
	return strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "TLS handshake")
}

// retryAfter reads a Retry-After header, seconds or a date; 0 = none.
func retryAfter(v string, now time.Time) time.Duration {
	if v == "" {
		return 0
	}
	if n, err := strconv.Atoi(v); err == nil {
		return min(max(time.Duration(n)*time.Second, 0), retryWindow)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), retryWindow)
	}
	return 0
}

// Why there was no answer.
const (
	reasonNotPublic   = "the callback's host leads to an address that is not public"
	reasonNoHost      = "the callback's host name could not be resolved"
	reasonLate        = "the endpoint did not answer in time"
	reasonRefused     = "the endpoint refused the connection"
	reasonClosed      = "the endpoint closed the connection without an answer"
	reasonUnreachable = "the endpoint's host cannot be reached"
	reasonCertificate = "the endpoint's TLS certificate is not valid for its host or not trusted"
	reasonTLS         = "the TLS handshake failed"
	reasonNoHTTP      = "the answer is no valid HTTP"
	reasonFailed      = "the connection failed"
)

// inAWord is the same where there is little space.
var inAWord = map[string]string{
	reasonNotPublic:   "not public",
	reasonNoHost:      "no host",
	reasonLate:        "timeout",
	reasonRefused:     "refused",
	reasonClosed:      "closed",
	reasonUnreachable: "unreachable",
	reasonCertificate: "certificate",
	reasonTLS:         "TLS",
	reasonNoHTTP:      "no HTTP",
	reasonFailed:      "failed",
}

// reason says in our words why there was no answer; addresses behind a name stay ours.
func reason(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	text := err.Error()
	switch {
	case errors.Is(err, outbound.ErrAddress):
		return reasonNotPublic
	case errors.As(err, &dns):
		return reasonNoHost
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return reasonLate
	case errors.Is(err, syscall.ECONNREFUSED):
		return reasonRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return reasonClosed
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return reasonUnreachable
	case strings.Contains(text, "certificate"):
		return reasonCertificate
	case strings.Contains(text, "tls"), strings.Contains(text, "TLS"):
		return reasonTLS
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "exceeded"):
		return reasonNoHTTP
	}
	return reasonFailed
}
