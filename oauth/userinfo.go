package oauth

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"comanda/internal/fault"
)

// serveUserInfo tells a client what it may know of the person behind an access token (OpenID Connect, 5.3).
func (s *Server) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	claims, err := s.userInfo(r)
	if f := (*fault.Error)(nil); errors.As(err, &f) && f.Kind == fault.Unauthenticated {
		p := &problem{
			status: http.StatusUnauthorized, code: codeInvalidToken, description: f.Message,
			challenge: `Bearer error="` + codeInvalidToken + `", error_description="` + f.Message + `"`,
		}
		if u := (*unusable)(nil); errors.As(err, &u) {
			p.code, p.challenge = u.code, Challenge(err)
		}
		err = p
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, claims)
}

func (s *Server) userInfo(r *http.Request) (map[string]any, error) {
	cred, ok := CredentialOf(r, strings.TrimSuffix(s.cfg.Issuer, "/identity"))
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "" {
		form, err := formOf(r)
		if err != nil {
			return nil, err
		}
		if token := form["access_token"]; token != "" {
			if ok {
				return nil, &problem{
					status: http.StatusBadRequest, code: "invalid_request", description: "The access token is there twice: in the header and in the body.",
					challenge: `Bearer error="invalid_request"`,
				}
			}
			cred, ok = Bearer(token), true
		}
	}
	if !ok {
		return nil, &problem{status: http.StatusUnauthorized, code: codeInvalidToken, description: "Send the access token: Authorization: Bearer.", challenge: `Bearer realm="Comanda"`}
	}
	v, err := s.present(r.Context(), cred)
	if err != nil {
		return nil, err
	}
	if v.kind != kindDelegated || !v.scopes.has(scopeOpenID) {
		return nil, &problem{
			status: http.StatusForbidden, code: "insufficient_scope", description: "This needs an access token that a person granted, with the scope openid.",
			challenge: `Bearer error="insufficient_scope", scope="openid"`,
		}
	}
	p, err := s.accounts.Profile(r.Context(), v.subject)
	if fault.KindOf(err) == fault.NotFound {
		return nil, badToken()
	}
	if err != nil {
		return nil, err
	}
	claims := claimsOf(p, v.scopes, v.claims.UserInfo)
	claims["sub"] = strconv.Itoa(v.subject)
	return claims, nil
}
