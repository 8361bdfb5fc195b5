package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comanda/internal/db"
	"comanda/internal/fault"
)

// problem is an answer that is not a success, in the contract's shape.
type problem struct {
	status     int
	retryAfter int    // seconds; 0 = not said
	challenge  string // WWW-Authenticate; empty = the plain one with a 401

	Message    string       `json:"Message"`
	ErrorCode  int          `json:"ErrorCode"`
	StackTrace *string      `json:"StackTrace"`
	Errors     []fieldError `json:"Errors"`
	RequestId  string       `json:"RequestId"`
	Details    string       `json:"Details"`
	Data       any          `json:"Data,omitempty"`
}

// fieldError is the contract's ValidationErrorResult.
type fieldError struct {
	FieldName string   `json:"FieldName"`
	Errors    []string `json:"Errors"`
}

// refusal is the shape of 401 and 403.
type refusal struct {
	Message   string `json:"Message"`
	RequestId string `json:"RequestId"`
	Details   string `json:"Details"`
}

func (p *problem) Error() string  { return p.Message }
func (p *problem) GetStatus() int { return p.status }

// GetHeaders implements huma.HeadersError.
func (p *problem) GetHeaders() http.Header {
	switch {
	case p.challenge != "":
		return http.Header{"Www-Authenticate": {p.challenge}}
	case p.status == http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {`Bearer realm="comanda"`}}
	case p.retryAfter > 0:
		return http.Header{"Retry-After": {strconv.Itoa(p.retryAfter)}}
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (p *problem) MarshalJSON() ([]byte, error) {
	if p.status == http.StatusUnauthorized || p.status == http.StatusForbidden {
		return marshal(refusal{p.Message, p.RequestId, p.Details})
	}
	type plain problem
	c := plain(*p)
	c.ErrorCode = p.status
	if c.Errors == nil {
		c.Errors = []fieldError{}
	}
	return marshal(c)
}

var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Gone:            http.StatusGone,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unprocessable:   http.StatusUnprocessableEntity,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// statusClientGone is what the log shows for a request whose client went away.
const statusClientGone = 499

// toProblem maps any error to the answer. Only a fault says something about itself; the text of any other error stays in
// the log.
func toProblem(c *call, err error) *problem {
	p, f := (*problem)(nil), (*fault.Error)(nil)
	switch {
	case errors.As(err, &p):
	case errors.Is(err, db.ErrOutcomeUnknown):
		p = &problem{
			status: http.StatusServiceUnavailable, retryAfter: 1,
			Message: "The database did not confirm in time whether this was done.",
			Details: "Repeat the request with the same Idempotency-Key, or read the resource back.",
		}
		c.logError(slog.LevelWarn, "outcome unknown", err)
	case errors.As(err, &f) && f.Kind != fault.Internal:
		p = fromFault(f)
	case errors.Is(err, context.Canceled) && c.r.Context().Err() != nil:
		p = &problem{status: statusClientGone, Message: "The client closed the connection."}
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, db.ErrClosed):
		p = unavailableProblem()
		c.logError(slog.LevelWarn, "database not available", err)
	default:
		p = internalProblem()
		c.logError(slog.LevelError, "internal error", err)
	}
	c.refusal, p.RequestId = p, c.id
	return p
}

func fromFault(f *fault.Error) *problem {
	p := &problem{status: statuses[f.Kind], Message: f.Message, Details: f.Mend, Data: f.Data}
	for _, field := range f.Fields {
		if n := len(p.Errors); n > 0 && p.Errors[n-1].FieldName == field.Name {
			p.Errors[n-1].Errors = append(p.Errors[n-1].Errors, field.Message)
			continue
		}
		p.Errors = append(p.Errors, fieldError{field.Name, []string{field.Message}})
	}
	if f.RetryAfter > 0 {
		p.retryAfter = max(1, int(f.RetryAfter.Seconds()+0.999))
	}
	return p
}

func unavailableProblem() *problem {
	return &problem{
		status: http.StatusServiceUnavailable, retryAfter: 1,
		Message: "The database is not available at this moment; nothing was changed.",
		Details: "Repeat the request after the time in Retry-After, with the same Idempotency-Key if it had one.",
	}
}

func internalProblem() *problem {
	return &problem{
		status:  http.StatusInternalServerError,
		Message: "Something went wrong on our side.",
		Details: "Try again; when it happens again, report the RequestId.",
	}
}

// humaError replaces huma.NewErrorWithContext: what huma itself refuses is answered in the contract's shape too.
func humaError(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	p := &problem{status: status, Message: sentence(msg)}
	if status == http.StatusUnprocessableEntity {
		p.status = http.StatusBadRequest
	}
	if c, ok := ctx.(*call); ok {
		c.refusal, p.RequestId = p, c.id
		if status == http.StatusInternalServerError {
			c.logError(slog.LevelError, "huma: "+msg, errors.Join(errs...))
			*p = *internalProblem()
			p.RequestId = c.id
		}
	}
	if p.status != http.StatusBadRequest {
		return p
	}
	for _, err := range errs {
		d, ok := err.(huma.ErrorDetailer)
		if !ok {
			continue
		}
		detail := d.ErrorDetail()
		_, name, found := strings.Cut(detail.Location, ".")
		if !found {
			name = detail.Location
		}
		p.Errors = append(p.Errors, fieldError{name, []string{sentence(detail.Message)}})
	}
	if len(p.Errors) > 0 {
		p.Message = p.Errors[0].FieldName + ": " + p.Errors[0].Errors[0]
	}
	return p
}

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
