package oauth

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strconv"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// introspection is what a client is told of a token of its own (RFC 7662); of any other, only that it is not active.
type introspection struct {
	Active       bool              `json:"active"`
	Scope        string            `json:"scope,omitempty"`
	ClientID     string            `json:"client_id,omitempty"`
	TokenType    string            `json:"token_type,omitempty"`
	Subject      string            `json:"sub,omitempty"`
	Issuer       string            `json:"iss,omitempty"`
	IssuedAt     int64             `json:"iat,omitempty"`
	Expires      int64             `json:"exp,omitempty"`
	Confirmation map[string]string `json:"cnf,omitempty"`
}

func (s *Server) serveIntrospection(w http.ResponseWriter, r *http.Request) {
	answer, err := s.introspect(r)
	if err != nil {
		refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) introspect(r *http.Request) (introspection, error) {
	form, err := formOf(r)
	if err != nil {
		return introspection{}, err
	}
	c, err := s.authenticate(r, form, s.cfg.Issuer+"/connect/introspect")
	if err != nil {
		return introspection{}, err
	}
	token := form["token"]
	switch {
	case c.settings.Public:
		return introspection{}, errUnknownClient // whoever knows a client_id would be told
	case token == "":
		return introspection{}, invalidRequest("token is missing.")
	}
	t, err := s.live(r.Context(), token)
	if err != nil || t.app != c.id {
		return introspection{}, err
	}
	out := introspection{
		Active: true, Scope: t.scopes.String(), ClientID: c.id, TokenType: "Bearer", Subject: strconv.Itoa(t.subject), Issuer: s.cfg.Issuer,
		IssuedAt: t.created.Unix(), Expires: t.expires.Unix(),
	}
	if t.kind == kindRefresh {
		out.TokenType = ""
	}
	if t.keyThumbprint != "" {
		out.Confirmation = map[string]string{"jkt": t.keyThumbprint}
		if t.kind != kindRefresh {
			out.TokenType = "DPoP"
		}
	}
	return out, nil
}

// live reads a token of either kind; its app is empty unless the token works now.
func (s *Server) live(ctx context.Context, token string) (t access, err error) {
	digest := digestOf(token)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		if t, err = scanToken(tx.QueryRow(sqlToken, digest[:])); err != nil {
			return err
		}
		if t.used || !clock.Now().Before(t.expires) {
			return sql.ErrNoRows
		}
		if t.kind != kindRefresh {
			return nil
		}
		auth, revoked, err := scanAuthorization(tx.QueryRow(sqlAuthorization, t.authorization))
		if err == nil && revoked {
			err = sql.ErrNoRows
		}
		if err != nil {
			return err
		}
		if stands, err := s.agreed(tx, auth); err != nil || !stands {
			return cmp.Or(err, sql.ErrNoRows)
		}
		return nil
	})
	if err == nil && t.kind != kindRefresh {
		// The whole of what makes an access token work, from the same place that the API asks.
		if _, err = s.verify(ctx, digest); fault.KindOf(err) == fault.Unauthenticated {
			err = sql.ErrNoRows
		}
	}
	if errors.Is(err, sql.ErrNoRows) {
		return access{}, nil
	}
	return t, wrap("introspect", err)
}

// serveRevocation ends a token (RFC 7009). One that is not known is ended already; another client's is refused.
func (s *Server) serveRevocation(w http.ResponseWriter, r *http.Request) {
	if err := s.revoke(r); err != nil {
		refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

func (s *Server) revoke(r *http.Request) error {
	form, err := formOf(r)
	if err != nil {
		return err
	}
	c, err := s.authenticate(r, form, s.cfg.Issuer+"/connect/revocation")
	if err != nil {
		return err
	}
	if form["token"] == "" {
		return invalidRequest("token is missing.")
	}
	digest := digestOf(form["token"])
	var t access
	err = s.db.Write(r.Context(), func(tx *db.Tx) (err error) {
		t, err = scanToken(tx.QueryRow(sqlToken, digest[:]))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		case t.app != c.id:
			return invalidRequest("The token was issued to another app.")
		}
		if t.kind == kindRefresh {
			return s.kill(tx, t.authorization)
		}
		_, err = tx.Exec(sqlDeleteToken, digest[:])
		return err
	})
	if err != nil {
		return wrap("revoke", err)
	}
	s.verified.Evict(digest)
	if t.kind == kindRefresh {
		s.forgetAuthorization(t.authorization)
	}
	return nil
}
