package webhook

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/event"
)

// endpoint is what the requests of one subscription have in common, prepared once per change of it.
type endpoint struct {
	sub   *Subscription
	url   *url.URL
	host  string
	agent string
	err   error // the URL cannot be called

	mark, marked string // a header that tells what kind of delivery it is, and its value; empty = a live one
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
	headerTest      = "X-Comanda-Test"
	headerReplay    = "X-Comanda-Replay"
)

// sentHeaders are all headers that build sets, in the order in which the attempt log shows them.
var sentHeaders = []string{
	"Content-Type", "User-Agent", headerToken, headerID, headerTimestamp, headerSignature, headerPosition, headerAttempt, headerTest, headerReplay,
}

// sentNames are the names of the headers of a request that are sent, in the order of sentHeaders; others, such as the one
// of a legacy signature, stand last.
func sentNames(h http.Header) []string {
	out := slices.Clone(sentHeaders)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if len(h[name]) > 0 && !slices.Contains(sentHeaders, name) {
			out = append(out, name)
		}
	}
	return out
}

// message is what one request carries.
type message struct {
	id       string
	body     []byte
	position int64 // 0 = it is not in the log
	number   int   // of the attempt; 1 = the first
}

// build makes the request of one attempt.
func (e *endpoint) build(ctx context.Context, ev *event.Event, number int, at time.Time) *http.Request {
	return e.request(ctx, message{ev.ID, bodyOf(ev, e.sub.Version), ev.Position, number}, at)
}

// request makes and signs a request.
func (e *endpoint) request(ctx context.Context, m message, at time.Time) *http.Request {
	stamp := strconv.FormatInt(at.Unix(), 10)
	values := []string{
		"application/json", e.agent, m.id, stamp, e.sub.signature(m.id, stamp, m.body, at),
		strconv.FormatInt(m.position, 10), strconv.Itoa(m.number), e.sub.VerifyToken,
	}
	header := http.Header{
		"Content-Type":  values[0:1:1],
		"User-Agent":    values[1:2:2],
		headerID:        values[2:3:3],
		headerTimestamp: values[3:4:4],
		headerSignature: values[4:5:5],
		headerAttempt:   values[6:7:7],
		// Not sent, but it tells the transport to repeat the request at once on a new connection when the endpoint closed
		// an idle one at the very moment we used it; deliveries may repeat anyway.
		"X-Idempotency-Key": nil,
	}
	if m.position != 0 {
		header[headerPosition] = values[5:6:6]
	}
	if e.sub.VerifyToken != "" {
		header[headerToken] = values[7:8:8]
	}
	if e.mark != "" {
		header[e.mark] = []string{e.marked}
	}
	if l := e.sub.settings.Legacy; l != nil {
		header[l.Header] = []string{l.value(e.sub.secret, m.body)}
	}
	req := &http.Request{
		Method: http.MethodPost, URL: e.url, Host: e.host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(m.body)), ContentLength: int64(len(m.body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.body)), nil },
	}
	return req.WithContext(ctx)
}
