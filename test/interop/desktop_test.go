package interop

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestDesktopExample sends the request of the official desktop example, which runs a web view: it takes all three of code,
// ID token and access token from the redirect to a scheme of its own, or from the hidden fields of a form; it calls the API
// with the access token; and after the end of the session it waits until the view has shown a page below
// <base>/identity/logout twice.
func TestDesktopExample(t *testing.T) { eachSubject(t, desktopExample) }

func desktopExample(t *testing.T, p *provider) {
	c := p.clients["desktop"]
	for _, mode := range []string{"fragment", "form_post"} {
		t.Run(mode, func(t *testing.T) {
			who := p.newPerson(t)
			request := url.Values{
				"client_id": {c.ID}, "response_type": {"code id_token token"}, "scope": {"openid api"}, "redirect_uri": {desktop},
				"nonce": {"4c0b1f7e"}, "response_mode": {mode},
			}
			end := must(who.visit(p.issuer + "/connect/authorize?" + request.Encode()))(t)
			if at, _, _ := strings.Cut(end.URL, "#"); at != desktop || end.Form != (mode == "form_post") {
				t.Fatalf("the view ended at %s: %d %s", end.URL, end.Status, end.Text)
			}
			if end.Form && !end.hidden {
				t.Error("a field of the form can be seen")
			}
			answer := end.params()
			for _, name := range []string{"code", "id_token", "access_token", "token_type", "expires_in", "scope"} {
				if p.name != "Comanda" && name == "scope" { // the peer leaves it out when it is what was asked for
					continue
				}
				if len(answer[name]) != 1 || answer.Get(name) == "" {
					t.Errorf("the answer has %d of %s", len(answer[name]), name)
				}
			}
			if p.api != "" {
				r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, p.api, http.NoBody))(t)
				r.Header.Set("Authorization", "Bearer "+answer.Get("access_token"))
				var apps struct{ Data []struct{ AppId string } }
				decode(t, must(p.http().Do(r))(t), http.StatusOK, &apps)
				if len(apps.Data) != 1 || apps.Data[0].AppId == "" {
					t.Errorf("the API tells of %+v", apps)
				}
			}

			who.pages = nil
			must(who.visit(p.issuer + "/connect/endsession?" + url.Values{"id_token_hint": {answer.Get("id_token")}}.Encode()))(t)
			seen := 0
			for _, at := range who.pages {
				if strings.HasPrefix(at, p.base+"/identity/logout") {
					seen++
				}
			}
			if seen < 2 && p.name == "Comanda" {
				t.Errorf("%d pages below /identity/logout were shown: %s", seen, who.pages)
			}
			request.Set("prompt", "none")
			end = must(who.visit(p.issuer + "/connect/authorize?" + request.Encode()))(t)
			if got := end.params().Get("error"); got != "login_required" {
				t.Errorf("afterwards the answer without a question is %q, want login_required", got)
			}
		})
	}
}
