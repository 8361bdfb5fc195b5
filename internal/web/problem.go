package web

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"comanda/internal/db"
	"comanda/internal/fault"
)

// Problem is what the error page says.
type Problem struct {
	Status      int
	Title       string
	Text        string
	Mend        string
	Code        string // for whoever builds against this server; empty = none
	Back        string // local path of the way on; empty = none
	BackCaption string
}

// titles of the error page by kind of fault.
var titles = map[fault.Kind]struct {
	status int
	title  string
}{
	fault.Internal:        {http.StatusInternalServerError, "Something went wrong here"},
	fault.Invalid:         {http.StatusBadRequest, "This cannot be done"},
	fault.Unauthenticated: {http.StatusUnauthorized, "Sign in first"},
	fault.Forbidden:       {http.StatusForbidden, "You may not do this"},
	fault.NotFound:        {http.StatusNotFound, "Not found"},
	fault.Conflict:        {http.StatusConflict, "This cannot be done now"},
	fault.Gone:            {http.StatusGone, "This is over"},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "This is too much"},
	fault.Unprocessable:   {http.StatusUnprocessableEntity, "This cannot be done"},
	fault.TooMany:         {http.StatusTooManyRequests, "Too many attempts"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "Not available at this moment"},
}

// StatusOf is the HTTP status of an error.
func StatusOf(err error) int { return titles[kindOf(err)].status }

func kindOf(err error) fault.Kind {
	k := fault.KindOf(err)
	if k == fault.Internal && (errors.Is(err, db.ErrOutcomeUnknown) || errors.Is(err, db.ErrUnavailable) || errors.Is(err, db.ErrClosed)) {
		return fault.Unavailable
	}
	return k
}

// Fail answers an error by a page. What is not meant for people is logged and told as our mistake.
func (p *Pages) Fail(w http.ResponseWriter, r *http.Request, err error) {
	k := kindOf(err)
	out := Problem{Status: titles[k].status, Title: titles[k].title}
	fe := (*fault.Error)(nil)
	switch {
	case errors.As(err, &fe):
		out.Text, out.Mend = fe.Message, fe.Mend
		SetRetryAfter(w.Header(), err)
	case k == fault.Unavailable:
		slog.WarnContext(r.Context(), "page not available", "error", err)
		out.Text, out.Mend = "The database does not answer.", "Try again in a moment."
	default:
		slog.ErrorContext(r.Context(), "page", "path", r.URL.Path, "error", err)
		out.Text, out.Mend = "It is not your fault, and it is written to the log.", "Go back and try again."
	}
	p.ShowProblem(w, r, out)
}

// SetRetryAfter tells programs how long to wait, where an error says so.
func SetRetryAfter(h http.Header, err error) {
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(fe.RetryAfter.Seconds()))))
	}
}

// ShowProblem answers by the error page.
func (p *Pages) ShowProblem(w http.ResponseWriter, r *http.Request, problem Problem) {
	p.Show(w, r, problem.Status, Page{Name: "problem", Title: problem.Title, Data: problem})
}
