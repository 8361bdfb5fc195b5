package oauth

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
)

// pair starts a device and returns its answer.
func (s *site) pair(scope string) map[string]any {
	s.t.Helper()
	r := s.form("/identity/connect/deviceauthorization", "scope="+url.QueryEscape(scope))
	if r.status != 200 {
		s.t.Fatal(r)
	}
	return r.body
}

// form posts to an endpoint as the site's client.
func (s *site) form(path, body string) answer {
	s.t.Helper()
	return s.postTo(path, body, s.id, s.secret)
}

func (s *site) poll(code any) answer {
	s.t.Helper()
	return s.form("/identity/connect/token", "grant_type="+url.QueryEscape(grantDevice)+"&device_code="+url.QueryEscape(code.(string)))
}

func TestADeviceIsPaired(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		d := s.pair("openid orders:write offline_access")
		if d["verification_uri"] != "https://comanda.example/identity/device" || d["expires_in"] != 600.0 || d["interval"] != 5.0 || len(d["user_code"].(string)) != 9 {
			t.Fatal(d)
		}
		if a := s.poll(d["device_code"]); a.body["error"] != "authorization_pending" {
			t.Fatal(a)
		}
		r := httptest.NewRequest("POST", "/identity/device", nil)
		if _, err := s.DeviceRequest(r, s.session, "BCDF-GHJK"); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		// People type codes as they like.
		typed := d["user_code"].(string)
		typed = typed[:4] + " " + typed[5:]
		p, err := s.DeviceRequest(r, s.session, typed)
		s.must(err)
		if p.AppName != "Shop" || len(p.Scopes) != 3 || len(p.Brands) != 1 {
			t.Fatalf("%+v", p)
		}
		other := s.kit.session(s.person("other@example.com"))
		if _, err := s.DecideDevice(r, other, Decision{Request: p.Request, Approve: true, Brand: s.brand.ID}); fault.KindOf(err) != fault.NotFound {
			t.Fatalf("somebody else answered for the person who was asked: %v", err)
		}
		name, err := s.DecideDevice(r, s.session, Decision{Request: p.Request, Approve: true, Brand: s.brand.ID})
		s.must(err)
		if name != "Shop" {
			t.Fatal(name)
		}
		won := make(chan answer, 20)
		parallel(20, func(int) {
			if a := s.poll(d["device_code"]); a.status == 200 {
				won <- a
			} else if a.body["error"] != "invalid_grant" {
				t.Error(a)
			}
		})
		if len(won) != 1 {
			t.Fatalf("%d of 20 polls won", len(won))
		}
		a := <-won
		c := s.caller(a.body["access_token"].(string))
		if c.Account != s.owner.Account || c.Require(account.EditOrders, s.brand.ID, 0) != nil || c.Require(account.EditMenus, s.brand.ID, 0) == nil {
			t.Fatalf("%+v", c)
		}
		if a := s.refresh(a.body["refresh_token"].(string)); a.status != 200 {
			t.Fatal(a)
		}
		if _, err := s.DecideDevice(r, s.session, Decision{Request: p.Request}); fault.KindOf(err) != fault.NotFound {
			t.Fatalf("decided twice: %v", err)
		}
	})
}

func TestADeviceIsRefusedOrExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, dbtest.SQLite(t))
		s := k.site("Kiosk")
		r := httptest.NewRequest("POST", "/identity/device", nil)
		d := s.pair("orders:read")
		p, err := k.DeviceRequest(r, s.session, d["user_code"].(string))
		k.must(err)
		_, err = k.DecideDevice(r, s.session, Decision{Request: p.Request})
		k.must(err)
		if a := s.poll(d["device_code"]); a.body["error"] != "access_denied" {
			t.Fatal(a)
		}
		late := s.pair("orders:read")
		for _, want := range []string{"authorization_pending", "slow_down", "slow_down"} {
			if a := s.poll(late["device_code"]); a.body["error"] != want {
				t.Fatal(a)
			}
		}
		time.Sleep(16 * time.Second) // five seconds more each time
		if a := s.poll(late["device_code"]); a.body["error"] != "authorization_pending" {
			t.Fatal(a)
		}
		time.Sleep(deviceLife)
		if a := s.poll(late["device_code"]); a.body["error"] != "expired_token" {
			t.Fatal(a)
		}
		if _, err := k.DeviceRequest(r, s.session, late["user_code"].(string)); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		// Guessing codes is slowed down.
		var last error
		for range 12 {
			_, last = k.DeviceRequest(r, s.session, "BCDF-BCDF")
		}
		if fault.KindOf(last) != fault.TooMany {
			t.Fatal(last)
		}
	})
}
