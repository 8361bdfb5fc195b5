package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
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

// endpoint is what the requests of one subscription have in common, prepared once per change of it.
type endpoint struct {
	sub   *Subscription
	url   *url.URL
	host  string
	agent string
	err   error // the URL cannot be called
}

func newEndpoint(s *Subscription, agent string) *endpoint {
	e := &endpoint{sub: s, agent: agent}
	e.url, e.err = exactURL(s.CallbackURL)
	if e.err == nil {
		e.host = e.url.Host
	}
	return e
}

// exactURL parses a callback URL so that the request line carries its bytes after the host unchanged.
func exactURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	rest := raw[strings.Index(raw, "//")+2:]
	slash := strings.IndexAny(rest, "/?")
	out := &url.URL{Scheme: u.Scheme, Host: u.Host}
	if slash >= 0 {
		out.Opaque, out.RawQuery, out.ForceQuery = rest[slash:], "", false
		path, query, asked := strings.Cut(out.Opaque, "?")
		out.Opaque, out.RawQuery, out.ForceQuery = path, query, asked && query == ""
	}
	if out.Opaque == "" {
		out.Opaque = "/"
	}
	if strings.HasPrefix(out.Opaque, "//") { // an Opaque of this form would be taken for a host
		out.Opaque = ""
		out.Path, out.RawPath = u.Path, u.RawPath
	}
	return out, nil
}

// signature is the Standard Webhooks signature header: v1 under each live secret, separated by a space.
func (s *Subscription) signature(id, stamp string, body []byte, at time.Time) string {
	out := sign(make([]byte, 0, 128), s.secret, id, stamp, body)
	if s.oldSecret != nil && at.Before(s.oldUntil) {
		out = sign(append(out, ' '), s.oldSecret, id, stamp, body)
	}
	return string(out)
}

func sign(out, key []byte, id, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + stamp + "."))
	m.Write(body)
	var sum [sha256.Size]byte
	return base64.StdEncoding.AppendEncode(append(out, "v1,"...), m.Sum(sum[:0]))
}

// bodyOf returns the bytes that are sent for an event in a version.
func bodyOf(ev *event.Event, version string) []byte {
	if version == Flat {
		return ev.Flat()
	}
	return ev.Envelope()
}

// Headers by their canonical keys.
const (
	headerToken     = "X-Verify-Token"
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
	headerPosition  = "X-Comanda-Position"
	headerAttempt   = "X-Comanda-Attempt"
)

// sentHeaders are all headers that build sets, in the order in which the attempt log shows them.
var sentHeaders = []string{
	"Content-Type", "User-Agent", headerToken, headerID, headerTimestamp, headerSignature, headerPosition, headerAttempt,
}

// build makes the request of one attempt.
func (e *endpoint) build(ctx context.Context, ev *event.Event, number int, at time.Time) *http.Request {
	body := bodyOf(ev, e.sub.Version)
	stamp := strconv.FormatInt(at.Unix(), 10)
	values := []string{
		"application/json", e.agent, ev.ID, stamp, e.sub.signature(ev.ID, stamp, body, at),
		strconv.FormatInt(ev.Position, 10), strconv.Itoa(number), e.sub.VerifyToken,
	}
	header := http.Header{
		"Content-Type":  values[0:1:1],
		"User-Agent":    values[1:2:2],
		headerID:        values[2:3:3],
		headerTimestamp: values[3:4:4],
		headerSignature: values[4:5:5],
		headerPosition:  values[5:6:6],
		headerAttempt:   values[6:7:7],
		// Not sent, but it tells the transport to repeat the request at once on a new connection when the endpoint closed
		// an idle one at the very moment we used it; deliveries may repeat anyway.
		"X-Idempotency-Key": nil,
	}
	if e.sub.VerifyToken != "" {
		header[headerToken] = values[7:8:8]
	}
	req := &http.Request{
		Method: http.MethodPost, URL: e.url, Host: e.host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
	return req.WithContext(ctx)
}

// result is what one attempt came to, for the stream and for the attempt log.
type result struct {
	outcome
	at       time.Time
	duration time.Duration
	request  *http.Request
	status   int
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
	r.request = e.build(ctx, ev, number, r.at)
	res, err := client.RoundTrip(r.request) //nolint:bodyclose // readBody closes it
	r.took = clock.Mono().Sub(began)
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

// reason says in our words why there was no answer; addresses behind a name stay ours.
func reason(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	text := err.Error()
	switch {
	case errors.Is(err, outbound.ErrAddress):
		return "the callback's host leads to an address that is not public"
	case errors.As(err, &dns):
		return "the callback's host name could not be resolved"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "the endpoint did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the endpoint refused the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return "the endpoint closed the connection without an answer"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the endpoint's host cannot be reached"
	case strings.Contains(text, "certificate"):
		return "the endpoint's TLS certificate is not valid for its host or not trusted"
	case strings.Contains(text, "tls"), strings.Contains(text, "TLS"):
		return "the TLS handshake failed"
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "exceeded"):
		return "the answer is no valid HTTP"
	}
	return "the connection failed"
}
