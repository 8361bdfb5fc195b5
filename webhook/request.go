package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
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
