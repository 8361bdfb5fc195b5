package developers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"comanda/account"
	"comanda/internal/browsertest"
)

// signIn signs the owner in and goes on to a page of the hub.
func (h *hub) signIn(tab *browsertest.Tab, path string) {
	h.Helper()
	tab.Goto(h.url + "/identity/login?return=" + url.QueryEscape(path))
	tab.Fill("email", ownerEmail)
	tab.Fill("password", password)
	tab.Press("form .btn.red")
}

func TestOperationsAreTriedOut(t *testing.T) {
	h := start(t)
	tab := browsertest.Open(t)
	h.signIn(tab, "/developers/reference")
	tab.Try("Apps", "GetApps", "401") // the cookie does not count
	if said := tab.Complaints(); len(said) != 1 || !strings.Contains(said[0], "status of 401") {
		t.Errorf("the browser complains: %q", said)
	}
	tab.Goto(h.url + "/developers/reference")
	tab.Press(".trybar form .btn")
	token := tab.See("#token")
	tab.Until("the reference", `document.querySelector("#scalar h1")`)
	tab.Look("reference")
	tab.Try("Apps", "GetApps", "200 OK")
	tab.Until("the brand", `document.querySelector("[role=dialog]").textContent.includes('"`+h.made.AppID+`"')`)

	kept := browsertest.Eval[string](tab, `location.href + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie`)
	if token == "" || strings.Contains(kept, token) {
		t.Errorf("the token %q is kept: %s", token, kept)
	}
	for _, asked := range browsertest.Eval[[]string](tab, `performance.getEntriesByType("resource").map(e => e.name)`) {
		if !strings.HasPrefix(asked, h.url+"/") {
			t.Errorf("the page asked for %s", asked)
		}
	}

	// Search, guides and other people's notes link to operations by their ids.
	tab.Goto(h.url + "/developers/search")
	leads := func(operation string) {
		tab.Until(operation, `location.hash === "#tag/Orders/`+operation+`" &&
			Math.abs(document.getElementById("api-1/tag/Orders/`+operation+`")?.getBoundingClientRect().top ?? 9999) < innerHeight`)
	}
	tab.Goto(h.url + "/developers/reference#RejectOrder")
	leads("RejectOrder")
	browsertest.Eval[bool](tab, `location.hash = "#AcceptOrder", true`)
	leads("AcceptOrder")
	browsertest.Eval[bool](tab, browsertest.Button("Shell", "[id$='/AcceptOrder']")+".click(), true")
	tab.Until("the choice of languages", `document.querySelector("[role=option]")`)
	want := []string{"HttpClient", "NewRequest", "Fetch", "Curl"}
	if got := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("[role=option]")].map(o => o.textContent.trim())`); !slices.Equal(got, want) {
		t.Errorf("samples with %q, not %q", got, want)
	}
	if said := tab.Complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

func TestTheReferenceWithoutScriptIsAList(t *testing.T) {
	h := start(t)
	tab := browsertest.Open(t)
	tab.Scripts(false)
	h.signIn(tab, "/developers/reference")
	tab.Look("reference-list")
	if _, _, body := h.get("/developers/reference"); strings.Count(body, `<tr id="`) < 100 || !strings.Contains(body, `<tr id="AcceptOrder"`) {
		t.Error("no list of the operations")
	}
	tab.Press(".trybar form .btn")
	if tab.See("#token") == "" {
		t.Error("no token")
	}
}

// session is the cookie of somebody who signs in.
func (h *hub) session(email string) string {
	h.Helper()
	in, err := h.node.Accounts.SignInPassword(h.Context(), account.Visitor{}, email, password)
	if err != nil {
		h.Fatal(err)
	}
	return in.Token
}

func TestTokensAreForWhoMayHaveThem(t *testing.T) {
	h := start(t)
	post := func(cookie, app string, header ...string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/developers/reference", strings.NewReader(url.Values{"app": {app}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: "__Host-comanda", Value: cookie})
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w, err := h.client.Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.Body.Close() }()
		return w.StatusCode, w.Header.Get("Location")
	}
	if _, err := h.node.Accounts.SignUp(t.Context(), &account.Caller{Kind: account.System}, account.NewAccount{Email: "eve@elsewhere.example", Password: password}); err != nil {
		t.Fatal(err)
	}
	owner, stranger := h.session(ownerEmail), h.session("eve@elsewhere.example")
	ours := h.made.AppID + "/" + h.made.OAuthAppID
	for _, c := range []struct {
		name, cookie, app string
		header            []string
		want              int
	}{
		{"owner", owner, ours, nil, 200},
		{"nobody", "", ours, nil, 303},
		{"a stranger", stranger, ours, nil, 403},
		{"an app that is not there", owner, h.made.AppID + "/nothing", nil, 404},
		{"nothing chosen", owner, "", nil, 403},
		{"a page elsewhere", owner, ours, []string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		if got, to := post(c.cookie, c.app, c.header...); got != c.want || got == 303 && !strings.HasPrefix(to, "/identity/login?return=") {
			t.Errorf("%s: %d %s, want %d", c.name, got, to, c.want)
		}
	}
}
