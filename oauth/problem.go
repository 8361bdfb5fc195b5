package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"comanda/internal/db"
	"comanda/internal/fault"
)

// problem is an error as RFC 6749 has it. The description is plain ASCII without quotes, and never repeats input.
type problem struct {
	status      int
	code        string
	description string
	retryAfter  time.Duration
	challenge   string // WWW-Authenticate of a 401 or 403; empty = HTTP Basic with a 401
}

func (p *problem) Error() string { return p.code + ": " + p.description }

func refusal(code, description string) error {
	return &problem{status: http.StatusBadRequest, code: code, description: description}
}

func invalidRequest(description string) error { return refusal("invalid_request", description) }

func invalidGrant(description string) error { return refusal("invalid_grant", description) }

func invalidScope(description string) error { return refusal("invalid_scope", description) }

func invalidClient(description string) error {
	return &problem{status: http.StatusUnauthorized, code: "invalid_client", description: description}
}

func invalidProof(description string) error { return refusal("invalid_dpop_proof", description) }

func tooMany(wait time.Duration, description string) *problem {
	return &problem{status: http.StatusTooManyRequests, code: "temporarily_unavailable", retryAfter: wait, description: description}
}

// problemOf is what is told of an error: its own words when it has some for clients, else server_error, and the log
// gets the rest.
func problemOf(r *http.Request, err error) *problem {
	var p *problem
	var f *fault.Error
	switch {
	case errors.As(err, &p):
		return p
	case fault.KindOf(err) == fault.Unavailable, errors.Is(err, db.ErrOutcomeUnknown), errors.Is(err, db.ErrUnavailable), errors.Is(err, db.ErrClosed):
		slog.WarnContext(r.Context(), "authorization server: the database is not available", "error", err)
		return &problem{
			status: http.StatusServiceUnavailable, code: "temporarily_unavailable", retryAfter: time.Second,
			description: "Try again in a moment.",
		}
	case errors.As(err, &f) && f.Kind == fault.TooMany:
		return tooMany(f.RetryAfter, "Too many tries. Wait, then try again.")
	}
	slog.ErrorContext(r.Context(), "authorization server", "error", err)
	return &problem{status: http.StatusInternalServerError, code: "server_error", description: "Something went wrong here; it is logged."}
}

// refuse writes an error.
func refuse(w http.ResponseWriter, r *http.Request, err error) { writeProblem(w, problemOf(r, err)) }

func writeProblem(w http.ResponseWriter, p *problem) {
	h := w.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	switch {
	case p.challenge != "":
		h.Set("WWW-Authenticate", p.challenge)
	case p.status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="Comanda", charset="UTF-8"`)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	writeJSON(w, p.status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{p.code, p.description})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only our own plain values get here
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
