package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"comanda/internal/db"
	"comanda/internal/fault"
)

var failures = map[string]func() error{
	"invalid":         func() error { return fault.BadField("Items[0].Quantity", "must be at least 1.").With("Send 1.") },
	"missing":         func() error { return fault.New(fault.NotFound, "There is no order 5.") },
	"unauthenticated": func() error { return fault.New(fault.Unauthenticated, "Who?") },
	"forbidden":       func() error { return fault.New(fault.Forbidden, "No.").With("Ask.") },
	"conflict": func() error {
		return &fault.Error{Kind: fault.Conflict, Message: "The price moved.", Data: map[string]int{"Amount": 5}}
	},
	"many": func() error {
		return &fault.Error{Kind: fault.TooMany, Message: "Slow.", RetryAfter: 1500 * time.Millisecond}
	},
	"unknown":  func() error { return fmt.Errorf("place: %w", db.ErrOutcomeUnknown) },
	"closed":   func() error { return fmt.Errorf("place: %w", db.ErrClosed) },
	"down":     func() error { return errors.Join(db.ErrUnavailable, errors.New("secret detail at host db-1")) },
	"internal": func() error { return errors.New("secret detail at host db-1") },
	"panic":    func() error { panic("secret") },
}

func TestEveryErrorHasTheContractsShape(t *testing.T) {
	s := probe(t)
	for _, c := range []struct {
		how    string
		status int
		parts  []string
	}{
		{"invalid", 400, []string{
			`"Message":"Items[0].Quantity: must be at least 1."`, `"ErrorCode":400`, `"StackTrace":null`,
			`"Errors":[{"FieldName":"Items[0].Quantity","Errors":["must be at least 1."]}]`, `"Details":"Send 1."`,
		}},
		{"missing", 404, []string{`"Message":"There is no order 5."`, `"Errors":[]`}},
		{"unauthenticated", 401, []string{`{"Message":"Who?"`}},
		{"forbidden", 403, []string{`{"Message":"No.","RequestId":"`, `"Details":"Ask."}`}},
		{"conflict", 409, []string{`"Data":{"Amount":5}`}},
		{"many", 429, nil},
		{"unknown", 503, []string{`same Idempotency-Key`}},
		{"closed", 503, []string{`"Message":"The database is not available at this moment; nothing was changed."`}},
		{"down", 503, []string{`Repeat the request`}},
		{"internal", 500, []string{`"Message":"Something went wrong on our side."`}},
		{"panic", 500, []string{`"Message":"Something went wrong on our side."`}},
	} {
		w := send(t, s, post, "/api/v1.0/probe/fail/"+c.how, "")
		body := w.Body.String()
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.how, w.Code, c.status, body)
		}
		for _, p := range append(c.parts, `"RequestId":"`+w.Header().Get("X-Request-Id")+`"`) {
			if !strings.Contains(body, p) {
				t.Errorf("%s: %s lacks %s", c.how, body, p)
			}
		}
		if strings.Contains(body, "secret") {
			t.Errorf("%s: internal text left the process: %s", c.how, body)
		}
		if ct := w.Header().Get("Content-Type"); ct != "application/json" {
			t.Errorf("%s: content type %q", c.how, ct)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); (c.status == 401) != (challenge == `Bearer realm="comanda"`) {
			t.Errorf("%s: WWW-Authenticate %q", c.how, challenge)
		}
		if c.status == 503 && w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: Retry-After %q", c.how, w.Header().Get("Retry-After"))
		}
		if c.how == "many" && w.Header().Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
		}
	}
}
