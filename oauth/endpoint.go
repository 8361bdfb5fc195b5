package oauth

import (
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/web"
)

// problem is an error as RFC 6749 has it. The description is plain ASCII without quotes, and never repeats input.
type problem struct {
	status      int
	code        string
	description string
	retryAfter  time.Duration
}

func (p *problem) Error() string { return p.code + ": " + p.description }

func invalidRequest(description string) error {
	return &problem{status: http.StatusBadRequest, code: "invalid_request", description: description}
}

func invalidClient(description string) error {
	return &problem{status: http.StatusUnauthorized, code: "invalid_client", description: description}
}

// Handler serves everything below /identity, with or without that prefix.
func (s *Server) Handler() http.Handler {
	discovery := s.discovery()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		switch strings.TrimPrefix(strings.ToLower(web.Collapse(r.URL.Path)), "/identity") {
		case "/connect/token":
			if r.Method != http.MethodPost {
				h.Set("Allow", "POST")
				writeProblem(w, &problem{status: http.StatusMethodNotAllowed, code: "invalid_request", description: "The token endpoint takes POST only."})
				return
			}
			s.serveToken(w, r)
		case "/.well-known/openid-configuration":
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				h.Set("Allow", "GET, HEAD")
				writeProblem(w, &problem{status: http.StatusMethodNotAllowed, code: "invalid_request", description: "The metadata is read by GET."})
				return
			}
			h.Set("Cache-Control", "public, max-age=300")
			h.Set("Access-Control-Allow-Origin", "*")
			writeJSON(w, http.StatusOK, discovery)
		default:
			writeProblem(w, &problem{status: http.StatusNotFound, code: "not_found", description: "There is nothing at this address. See /identity/.well-known/openid-configuration."})
		}
	})
}

// discovery is the metadata of what is served now (RFC 8414).
func (s *Server) discovery() any {
	return struct {
		Issuer        string   `json:"issuer"`
		TokenEndpoint string   `json:"token_endpoint"`
		Scopes        []string `json:"scopes_supported"`
		ResponseTypes []string `json:"response_types_supported"`
		GrantTypes    []string `json:"grant_types_supported"`
		AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	}{
		Issuer:        s.cfg.Issuer,
		TokenEndpoint: s.cfg.Issuer + "/connect/token",
		Scopes:        []string{scopeAPI},
		ResponseTypes: []string{},
		GrantTypes:    []string{kindClientCredentials},
		AuthMethods:   []string{"client_secret_basic", "client_secret_post"},
	}
}

const scopeAPI = "api"

// tokenAnswer is a successful answer of the token endpoint.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	answer, err := s.grant(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) grant(r *http.Request) (tokenAnswer, error) {
	t, err := parseTokenRequest(r)
	if err != nil {
		return tokenAnswer{}, err
	}
	a, err := s.authenticateClient(r, t.client)
	if err != nil {
		return tokenAnswer{}, err
	}
	switch t.grantType {
	case kindClientCredentials:
	case "":
		return tokenAnswer{}, invalidRequest("grant_type is missing.")
	default:
		return tokenAnswer{}, &problem{status: http.StatusBadRequest, code: "unsupported_grant_type", description: "The only grant_type served is client_credentials."}
	}
	for scope := range strings.FieldsSeq(t.scope) {
		if scope != scopeAPI {
			return tokenAnswer{}, &problem{status: http.StatusBadRequest, code: "invalid_scope", description: "The only scope for client_credentials is api."}
		}
	}
	token, seconds, err := s.issue(r.Context(), a, kindClientCredentials, a.owner, bounds{}, nil)
	return tokenAnswer{AccessToken: token, ExpiresIn: seconds, TokenType: "Bearer", Scope: scopeAPI}, err
}

// authenticateClient checks a client's secret. An app that does not exist costs the same queries and the same comparison
// as a wrong secret, and gets the same answer.
func (s *Server) authenticateClient(r *http.Request, c credentials) (app, error) {
	id := c.id
	if !isAppID(id) {
		id = ""
	}
	address := s.cfg.Origin.ClientIP(r)
	if wait := s.limits.Wait(address, id); wait > 0 {
		return app{}, &problem{
			status: http.StatusTooManyRequests, code: "temporarily_unavailable", retryAfter: wait,
			description: "Too many failed client authentications. Check client_id and client_secret, and wait.",
		}
	}
	var a app
	var known, standing bool
	err := s.db.Read(r.Context(), func(tx *db.Tx) (err error) {
		known, standing = false, false
		if a, err = scanApp(tx.QueryRow(sqlApp, id)); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if known, err = s.knows(tx, id, c.secret); err != nil || !known {
			return err
		}
		_, err = s.accounts.Standing(tx, a.brand, a.owner)
		if standing = err == nil; errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return app{}, wrap("authenticate client", err)
	case !known || a.id == "" || a.disabled:
		s.limits.Failed(address, id)
		slog.InfoContext(r.Context(), "client authentication failed", "oauthAppId", id)
		return app{}, invalidClient("The client_id is not known or the client_secret is wrong.")
	}
	s.limits.Succeeded(address, id)
	if !standing {
		return app{}, &problem{
			status: http.StatusBadRequest, code: "unauthorized_client",
			description: "The owner of this OAuth app has no access to its brand any more, or the brand is switched off.",
		}
	}
	return a, nil
}

// knows compares a secret with those of an OAuth app. The time it takes depends neither on how many there are nor on
// which one it is.
func (s *Server) knows(tx *db.Tx, id, secret string) (bool, error) {
	rows, err := tx.Query(sqlSecretDigests, id)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	live := make([][]byte, 0, maxSecrets)
	for rows.Next() {
		var d []byte
		if err := rows.Scan(&d); err != nil {
			return false, err
		}
		live = append(live, d)
	}
	for len(live) < maxSecrets {
		live = append(live, make([]byte, len(s.pepper))) // nobody knows a secret with this digest
	}
	got, equal := s.secretDigest(secret), 0
	for _, d := range live {
		equal |= subtle.ConstantTimeCompare(got, d)
	}
	return equal == 1, rows.Err()
}

// refuse writes an error; what is not meant for clients is logged and told as server_error.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	switch {
	case errors.As(err, &p):
	case fault.KindOf(err) == fault.Unavailable, errors.Is(err, db.ErrOutcomeUnknown), errors.Is(err, db.ErrUnavailable), errors.Is(err, db.ErrClosed):
		slog.WarnContext(r.Context(), "token endpoint not available", "error", err)
		p = &problem{
			status: http.StatusServiceUnavailable, code: "temporarily_unavailable", retryAfter: time.Second,
			description: "Try again in a moment.",
		}
	default:
		slog.ErrorContext(r.Context(), "token endpoint", "error", err)
		p = &problem{status: http.StatusInternalServerError, code: "server_error", description: "Something went wrong here; it is logged."}
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p *problem) {
	h := w.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if p.status == http.StatusUnauthorized {
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
		panic(err) // only our own plain structs get here
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
