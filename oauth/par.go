package oauth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

const (
	pushedPrefix = "urn:ietf:params:oauth:request_uri:"
	pushedLife   = 90 * time.Second
)

// servePushed takes an authorization request ahead of the browser (RFC 9126).
func (s *Server) servePushed(w http.ResponseWriter, r *http.Request) {
	uri, err := s.push(r)
	if err != nil {
		refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}{uri, int(pushedLife.Seconds())})
}

func (s *Server) push(r *http.Request) (string, error) {
	ctx := r.Context()
	form, err := formOf(r)
	if err != nil {
		return "", err
	}
	address := s.cfg.Issuer + "/connect/par"
	c, err := s.authenticate(r, form, address)
	if err != nil {
		return "", err
	}
	thumbprint, err := s.proof(ctx, r.Header, r.Method, address, "")
	if err != nil {
		return "", err
	}
	if thumbprint != "" {
		if said := form["dpop_jkt"]; said != "" && said != thumbprint {
			return "", invalidProof("dpop_jkt is not the key of the DPoP proof.")
		}
		form["dpop_jkt"] = thumbprint
	}
	if form["request_uri"] != "" {
		return "", invalidRequest("request_uri has no place in a pushed request.")
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		delete(form, name)
	}
	form["client_id"] = c.id
	if _, err := s.read(ctx, form, clock.Now(), true); err != nil {
		if p := (*pageError)(nil); errors.As(err, &p) {
			return "", invalidRequest(p.Text)
		}
		return "", err
	}
	stored, err := json.Marshal(form)
	if err != nil {
		return "", err
	}
	handle := newRandom("")
	digest := digestOf(handle)
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlInsertPushed, digest[:], c.id, string(stored), clock.Micros(clock.Now().Add(pushedLife)))
		return err
	})
	return pushedPrefix + handle, wrap("push", err)
}

// takePushed reads a pushed request, once.
func (s *Server) takePushed(ctx context.Context, uri, clientID string) (params, error) {
	digest := digestOf(strings.TrimPrefix(uri, pushedPrefix))
	var stored string
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(sqlTakePushed, digest[:], clientID, clock.Micros(clock.Now())).Scan(&stored)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, page("invalid_request_uri", "The request of the app is not known here, was used before or has expired (request_uri).", "Go back to the app and start again.")
	}
	if err != nil {
		return nil, wrap("take pushed request", err)
	}
	var p params
	return p, json.Unmarshal([]byte(stored), &p)
}
