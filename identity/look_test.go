package identity_test

import (
	"os"
	"path/filepath"
	"testing"

	"comanda/internal/browsertest"
)

// TestEveryPageFitsEveryScreen opens every page at the sizes of a phone and a desk, light and dark: nothing is wider than
// the screen, also at 320 pixels, the page has one h1, every field a label, and the console stays empty. With
// COMANDA_SHOTS it writes pictures into that folder.
func TestEveryPageFitsEveryScreen(t *testing.T) {
	tab := browsertest.Open(t)
	s := start(t, "")
	s.renameApp("Till sync")
	look := func(name string) {
		t.Helper()
		for _, wrong := range browsertest.Eval[[]string](tab, `(() => {
			const out = [];
			if (document.querySelectorAll("h1").length !== 1) out.push("not one h1");
			if (document.documentElement.lang !== "en") out.push("no lang");
			for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
				if (!e.labels.length && !e.getAttribute("aria-label")) out.push("no label: " + e.name);
			for (const e of document.querySelectorAll("[aria-describedby], [aria-labelledby]"))
				for (const id of (e.getAttribute("aria-describedby") || e.getAttribute("aria-labelledby")).split(" "))
					if (!document.getElementById(id)) out.push("nothing is called " + id);
			if (document.querySelectorAll("[style]").length) out.push("inline style");
			const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
			if (new Set(ids).size !== ids.length) out.push("an id twice");
			return out;
		})()`) {
			t.Errorf("%s: %s", name, wrong)
		}
		for _, width := range []int64{320, 390, 1280} {
			tab.Size(width, 844)
			if got := browsertest.Eval[int64](tab, "document.documentElement.scrollWidth"); got > width {
				t.Errorf("%s is %d pixels wide on a screen of %d", name, got, width)
			}
		}
		if folder := os.Getenv("COMANDA_SHOTS"); folder != "" {
			for _, dark := range []bool{false, true} {
				tab.Dark(dark)
				scheme := map[bool]string{false: "light", true: "dark"}[dark]
				tab.Size(390, 844)
				tab.Shot(filepath.Join(folder, name+"-phone-"+scheme+".png"))
				tab.Size(1280, 900)
				tab.Shot(filepath.Join(folder, name+"-desk-"+scheme+".png"))
			}
			tab.Dark(false)
		}
		tab.Size(1280, 900)
		for _, c := range tab.Complaints() {
			t.Errorf("%s: %s", name, c)
		}
	}

	press := func() { t.Helper(); tab.Press(".btn.red") }

	tab.Goto(s.url + "/identity/login")
	look("login")
	tab.Goto(s.url + "/identity/signup")
	look("signup")
	tab.Fill("name", "Ada")
	tab.Fill("email", "ada@example.com")
	tab.Fill("password", "correct horse battery")
	press()
	look("verify")
	tab.Fill("pin", "000000")
	press()
	tab.Complaints() // Chromium tells of the 400
	look("verify-wrong")
	tab.Goto(s.url + "/identity/reset")
	look("reset")
	tab.Fill("email", ownerEmail)
	press()
	look("reset-code")
	tab.Goto(s.url + "/identity/reset?token=x")
	look("reset-link")
	tab.Goto(s.url + "/identity/login")
	tab.Fill("email", ownerEmail)
	tab.Press("[formaction]")
	look("pin")
	tab.Goto(s.url + "/identity/connect/authorize?client_id=nobody")
	tab.Complaints()
	look("problem")

	tab.Goto(s.request())
	look("login-app")
	tab.Fill("email", ownerEmail)
	tab.Fill("password", "wrong one")
	press()
	tab.Complaints()
	look("login-wrong")
	tab.Fill("password", password)
	press()
	look("consent")
	s.moreBrands()
	tab.Goto(s.request("scope", "openid profile email orders:read orders:write menus:read offline_access"))
	look("consent-brands")
	tab.Click("[name=all_stores]")
	look("consent-stores")
	press()

	tab.Goto(s.url + "/identity/account")
	look("account")
	tab.Click(".sure > summary")
	look("account-sure")
	tab.Press("form[action$='/two-step'] button")
	look("two-step")
	secret := tab.See(".secret code")
	tab.Fill("code", "000000")
	press()
	tab.Complaints()
	look("two-step-wrong")
	tab.Fill("code", s.totp(secret, -1))
	press()
	look("recovery")
	tab.Goto(s.url + "/identity/account?done=profile")
	look("account-two-step")

	tab.Goto(s.url + "/identity/device?user_code=" + s.startDevice())
	look("device")
	press()
	look("device-consent")
	press()
	look("device-done")
	tab.Goto(s.url + "/identity/device")
	tab.Fill("user_code", "BBBB-BBBB")
	press()
	tab.Complaints()
	look("device-wrong")

	code := s.invite("ada@example.com")
	tab.Goto(s.url + "/identity/invite?code=" + code)
	look("invite-other")
	tab.Goto(s.url + "/identity/logout")
	look("logout")
	press()
	look("signed-out")
	tab.Goto(s.url + "/identity/invite?code=" + code)
	look("invite")

	tab.Goto(s.url + "/identity/login")
	tab.Fill("email", ownerEmail)
	tab.Fill("password", password)
	press()
	look("second")

	tab.Scripts(false)
	tab.Fill("code", s.totp(secret, 0))
	press()
	tab.Goto(s.request("response_type", "code id_token", "response_mode", "form_post", "scope", "openid"))
	look("post")
}
