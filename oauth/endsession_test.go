package oauth

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// An app that shows whose sign-in it speaks of, and takes the person back, ends it unasked; who stays on our pages is asked.
func TestWhoIsAskedBeforeSigningOut(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		back := []string{"https://client.example/bye"}
		_, err := s.UpdateClientSettings(t.Context(), s.owner, "bella", s.id, ClientSettings{PostLogoutRedirectUris: &back})
		s.must(err)
		hint := s.agree("response_type", "code id_token", "nonce", "n").Get("id_token")
		for _, c := range []struct {
			name    string
			query   url.Values
			confirm bool
		}{
			{"nothing said", url.Values{}, true},
			{"no hint", url.Values{"client_id": {s.id}, "post_logout_redirect_uri": back}, true},
			{"the hint alone", url.Values{"id_token_hint": {hint}}, true},
			{"the hint and the way back", url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": back}, false},
		} {
			p, err := s.EndSession(httptest.NewRequest("GET", "/identity/connect/endsession?"+c.query.Encode(), nil), s.session)
			if s.must(err); p.Page != nil || p.Confirm != c.confirm {
				t.Errorf("%s: %+v, want Confirm %t", c.name, p, c.confirm)
			}
		}
	})
}

func TestPagesTakeAFormAndNoOtherBody(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		body := url.Values{"client_id": {s.id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}}.Encode()
		for media, taken := range map[string]bool{"application/x-www-form-urlencoded; charset=utf-8": true, "application/json": false, "text/plain": false, "": false} {
			r := httptest.NewRequest("POST", "/identity/connect/authorize", strings.NewReader(body))
			r.Header.Set("Content-Type", media)
			out, err := s.Authorize(r, nil)
			if s.must(err); (out.SignIn != nil) != taken || (out.Page != nil) == taken {
				t.Errorf("authorize by %q: %+v %+v", media, out, out.Page)
			}
			r = httptest.NewRequest("POST", "/identity/connect/endsession", strings.NewReader("client_id="+s.id))
			r.Header.Set("Content-Type", media)
			p, err := s.EndSession(r, nil)
			if s.must(err); (p.Page == nil) != taken {
				t.Errorf("end session by %q: %+v", media, p)
			}
		}
	})
}
