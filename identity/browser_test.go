package identity_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"comanda/internal/browsertest"
)

// silent fails when the browser complained, above all of the content policy.
func silent(tab *browsertest.Tab) {
	tab.Helper()
	for _, c := range tab.Complaints() {
		tab.Errorf("at %s: %s", tab.URL(), c)
	}
}

func TestInTheBrowserAnAppGetsItsAnswer(t *testing.T) {
	tab := browsertest.Open(t)
	s := start(t, "")
	s.renameApp("Till sync")
	byPost := s.request("response_type", "code id_token", "response_mode", "form_post")
	for _, script := range []bool{true, false} {
		if !script { // from the start, in the same browser
			tab.Goto(s.url + "/identity/logout")
			tab.Press(".btn.red")
			apps, err := s.node.OAuth.MyConnectedApps(t.Context(), s.owner())
			s.must(err)
			s.must(s.node.OAuth.RevokeGrant(t.Context(), s.owner(), apps[0].GrantId))
		}
		tab.Scripts(script)
		tab.Goto(s.request())
		tab.Fill("email", ownerEmail)
		tab.Fill("password", password)
		tab.Press(".btn.red")
		if title := tab.See("h1"); title != "Let Till sync in?" {
			t.Fatalf("after the sign-in comes %q", title)
		}
		tab.Press("[value=approve]")
		s.lands("GET")
		if tab.See("h1") != "Welcome back" {
			t.Errorf("ended at %s", tab.URL())
		}

		tab.Goto(byPost)
		if !script {
			if title := tab.See("h1"); title != "Back to the app" {
				t.Fatalf("without script comes %q", title)
			}
			tab.Press(".btn.red")
		}
		if form := s.lands("POST"); form.Get("id_token") == "" {
			t.Errorf("posted %v", form)
		}
		tab.Await("Welcome back")

		// A sign-in that needs no consent leads through to the app in one chain of redirects.
		tab.Goto(s.request("prompt", "login"))
		tab.Fill("password", password)
		tab.Press(".btn.red")
		s.lands("GET")
		tab.Await("Welcome back")
		silent(tab)
	}
}

func TestInTheBrowserPasskeysSignIn(t *testing.T) {
	tab := browsertest.Open(t)
	s := start(t, "")
	tab.Goto(s.url + "/identity/login")
	tab.Fill("email", ownerEmail)
	tab.Fill("password", password)
	tab.Press(".btn.red")
	_, err := chromedp.Call(tab.Context, webauthn.Enable, webauthn.EnableParams{})
	s.must(err)
	_, err = chromedp.Call(tab.Context, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	s.must(err)
	tab.Type("#passkey-name", "Giulia’s laptop")
	tab.Press("#add-passkey")
	if text := tab.See("[role=status]"); !strings.Contains(text, "The passkey is added") {
		t.Fatalf("the page says %q", text)
	}
	if text := tab.See("main"); !strings.Contains(text, "Giulia’s laptop") {
		t.Errorf("the passkey is not listed in %q", text)
	}
	tab.Click("#add-passkey")
	if text := tab.See("#add-passkey-error"); !strings.Contains(text, "has a passkey for your account already") {
		t.Errorf("the second time it says %q", text)
	}
	tab.Goto(s.url + "/identity/logout")
	tab.Press(".btn.red")
	tab.Goto(s.url + "/identity/login?return=%2Fidentity%2Fdevice")
	tab.Press("#passkey")
	if title := tab.See("h1"); title != "Connect a device" {
		t.Errorf("signed in to %q", title)
	}
	silent(tab)

	// A passkey that was removed here is still on the device.
	tab.Goto(s.url + "/identity/account")
	tab.Click("[aria-labelledby=passkeys] summary")
	tab.Press("[aria-labelledby=passkeys] details .danger:not(summary)")
	tab.Goto(s.url + "/identity/logout")
	tab.Press(".btn.red")
	tab.Goto(s.url + "/identity/login")
	tab.Click("#passkey")
	if text := tab.See("#passkey-error"); text == "" {
		t.Error("nothing tells that the passkey is not known")
	}
}

func TestInTheBrowserTheKeyboardGoesThroughTheSignIn(t *testing.T) {
	tab := browsertest.Open(t)
	s := start(t, "")
	tab.Goto(s.url + "/identity/login")
	active := func() string {
		return browsertest.Eval[string](tab, `(e => e.name || e.textContent.trim())(document.activeElement)`)
	}
	// The browser sets the cursor at the first frame that it draws, which may be after the page has loaded.
	cursor := func(want string) (got string) {
		for range 250 {
			if got = active(); got == want {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		return got
	}
	if got := cursor("email"); got != "email" {
		t.Errorf("the cursor is in %q at first", got)
	}
	var order []string
	for range 7 {
		order = append(order, active())
		if ring := browsertest.Eval[string](tab, `getComputedStyle(document.activeElement).outlineStyle`); ring != "solid" {
			t.Errorf("%s has the focus and no ring", active())
		}
		tab.Keys(kb.Tab)
	}
	if want := []string{"email", "password", "Sign in", "Use a passkey", "E-mail a code", "Forgot the password?", "Create one"}; !slices.Equal(order, want) {
		t.Errorf("the order is %q", order)
	}
	tab.Fill("email", ownerEmail)
	tab.Fill("password", "wrong one")
	tab.Send(kb.Enter)
	if got := cursor("password"); got != "password" {
		t.Errorf("after a wrong password the cursor is in %q", got)
	}
	if text := browsertest.Eval[string](tab, `document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent`); !strings.Contains(text, "do not match") {
		t.Errorf("it is described by %q", text)
	}
	tab.Keys(password)
	tab.Send(kb.Enter)
	if title := tab.See("h1"); title != "Your account" {
		t.Errorf("signed in to %q", title)
	}
}
