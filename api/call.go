package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/requestlog"
)

// call is one request on its way through the door. It is the huma.Context of its operation: the parameters and the body
// that huma reads are the canonical ones.
type call struct {
	humaContext
	s        *server
	r        *http.Request
	w        answer
	ctx      context.Context // carries the call itself
	id       string          // RequestId
	endpoint *endpoint       // where the path leads; nil = nowhere
	segments []string        // of the path
	caller   *account.Caller
	refusal  *problem // what was answered instead
	start    time.Time

	pathValues  []value
	queryValues []value
	body        *bytes.Reader
	form        *multipart.Form
	values      [8]value // room for the usual few parameters
}

// humaContext gives the embedded field a name that does not hide the method Context.
type humaContext = huma.Context

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func newCall(s *server, w http.ResponseWriter, r *http.Request) *call {
	c := &call{s: s, r: r, id: requestlog.NewID(), start: clock.Mono()}
	c.w.ResponseWriter = w
	c.ctx = context.WithValue(r.Context(), callKey{}, c)
	c.pathValues, c.queryValues = c.values[0:0:4], c.values[4:4:8]
	h := w.Header()
	h.Set("X-Request-Id", c.id)
	h.Set("Cache-Control", "no-store") // answers are about people; an operation may say otherwise
	h.Set("X-Content-Type-Options", "nosniff")
	return c
}

// serveHuma runs the operation.
func (c *call) serveHuma(o *operation) {
	c.humaContext = humachi.NewContext(o.op, c.r, &c.w)
	o.handler(c)
}

// Param implements huma.Context.
func (c *call) Param(name string) string { return lookup(c.pathValues, name) }

// Query implements huma.Context.
func (c *call) Query(name string) string { return lookup(c.queryValues, name) }

func lookup(vs []value, name string) string {
	for i := range vs {
		if vs[i].name == name {
			return vs[i].text
		}
	}
	return ""
}

// URL implements huma.Context; its query is the canonical one. huma reads lists from it.
func (c *call) URL() url.URL {
	u := *c.r.URL
	q := url.Values{}
	for _, v := range c.queryValues {
		q.Add(v.name, v.text)
	}
	u.RawQuery = q.Encode()
	return u
}

// Header implements huma.Context. A body that was rewritten is JSON, whatever it was sent as.
func (c *call) Header(name string) string {
	if c.body != nil && name == "Content-Type" {
		return "application/json"
	}
	return c.r.Header.Get(name)
}

// BodyReader implements huma.Context.
func (c *call) BodyReader() io.Reader {
	if c.body != nil {
		return c.body
	}
	return c.r.Body
}

func (c *call) setBody(b []byte) { c.body = bytes.NewReader(b) }

// Context implements huma.Context; it carries the call itself.
func (c *call) Context() context.Context { return c.ctx }

// SetReadDeadline implements huma.Context: the body has been read, and the connection's deadlines are the server's.
func (c *call) SetReadDeadline(time.Time) error { return nil }

// refuse answers an error.
func (c *call) refuse(err error) {
	p := toProblem(c, err)
	if c.w.sent {
		return
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	for k, v := range p.GetHeaders() {
		h[k] = v
	}
	c.w.WriteHeader(p.status)
	_ = writeJSON(&c.w, p)
}

// end recovers a panic, sends what is left to send, and writes the request's line to the log.
func (c *call) end() {
	if v := recover(); v != nil {
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		c.logError(slog.LevelError, "panic", fmt.Errorf("%v\n%s", v, debug.Stack()))
		if c.w.sent {
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}
		c.w.status = 0
		c.refuse(fault.New(fault.Internal, "panic"))
	}
	c.w.finish()
	c.logRequest()
	c.s.Log.LogAttrs(c.r.Context(), slog.LevelInfo, "request",
		slog.String("operation", c.operation()),
		slog.Int("status", c.w.status),
		slog.Duration("duration", clock.Mono().Sub(c.start)),
		slog.Int64("bytes", c.w.written),
		slog.String("app", lookup(c.pathValues, "appId")),
		slog.String("request", c.id),
	)
}

func (c *call) operation() string {
	if c.endpoint == nil {
		return "-"
	}
	return c.endpoint.id
}

func (c *call) logError(level slog.Level, msg string, err error) {
	c.s.Log.LogAttrs(c.r.Context(), level, msg,
		slog.String("operation", c.operation()), slog.String("request", c.id), slog.Any("error", err))
}

// answer is the response on its way out. It holds the status back until the first byte, so that a body written at once
// has its length declared and a panic can still become a 500.
type answer struct {
	http.ResponseWriter
	status  int
	sent    bool
	written int64
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if !a.sent {
		if a.status == 0 {
			a.status = http.StatusOK
		}
		h := a.Header()
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/json")
		}
		h.Set("Content-Length", strconv.Itoa(len(b)))
		a.send()
	}
	n, err := a.ResponseWriter.Write(b)
	a.written += int64(n)
	return n, err
}

// stream sends the header now, and the body piece by piece without a declared length.
func (a *answer) stream() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.send()
}

func (a *answer) send() {
	a.sent = true
	status := a.status
	if status == statusClientGone {
		status = http.StatusBadRequest
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) finish() {
	if a.sent {
		return
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.status != http.StatusNoContent {
		a.Header().Set("Content-Length", "0")
	}
	a.send()
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
