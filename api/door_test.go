package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"comanda/internal/web"
)

func TestPlainHTTPIsRefused(t *testing.T) {
	proxy := web.Origin{Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	identity := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, c := range []struct {
		name    string
		handler http.Handler
		headers []string
		status  int
	}{
		{"api", New(Config{Log: slog.New(slog.DiscardHandler)}), nil, 403},
		{"api with a forged header", New(Config{Log: slog.New(slog.DiscardHandler)}), []string{"X-Forwarded-Proto", "https"}, 403},
		{"api behind a proxy", New(Config{Origin: proxy, Log: slog.New(slog.DiscardHandler)}), []string{"X-Forwarded-Proto", "https"}, 200},
		{"api behind a proxy, plain", New(Config{Origin: proxy, Log: slog.New(slog.DiscardHandler)}), []string{"X-Forwarded-Proto", "http"}, 403},
		{"identity", HTTPSOnly(web.Origin{}, identity), nil, 403},
		{"identity behind a proxy", HTTPSOnly(proxy, identity), []string{"X-Forwarded-Proto", "https"}, 418},
	} {
		r := httptest.NewRequest(get, "/api/v1.0/heartbeat", nil) // from 192.0.2.1
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if c.status == 403 && (w.Header().Get("Content-Type") != "application/json" || !strings.HasPrefix(w.Body.String(), `{"Message":"Plain HTTP is not served here."`)) {
			t.Errorf("%s: %v %s", c.name, w.Header(), w.Body)
		}
	}
}

func TestTheLimiterForgetsButStaysFair(t *testing.T) {
	l := newLimiter(0.0001, 1)
	first := netip.MustParseAddr("2001:db8::1")
	if l.take(first) != 0 {
		t.Fatal("the first request has to wait")
	}
	if l.take(netip.MustParseAddr("2001:db8::2")) == 0 {
		t.Error("addresses of one /64 have a budget each")
	}
	if l.take(netip.MustParseAddr("2001:db8:0:1::1")) != 0 {
		t.Error("another /64 shares the budget")
	}
	for i := range 3 * limiterGeneration {
		l.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
		if n := len(l.young) + len(l.old); n > 2*limiterGeneration {
			t.Fatalf("%d addresses remembered", n)
		}
		if i%1000 == 0 && l.take(first) == 0 {
			t.Fatal("an address that keeps asking got a new budget")
		}
	}
}

func TestTheLogHoldsNoSecretsAndNoPeople(t *testing.T) {
	var out strings.Builder
	s := probe(t)
	s.Log = slog.New(slog.NewTextHandler(&out, nil))
	send(t, s, post, "/api/v1.0/probe/thing?email=jane@example.com", `{"Name":"Jane"}`, "Authorization", "Bearer sesame", "X-Forwarded-For", "203.0.113.77")
	send(t, s, get, "/api/v1.0/bella/probe/7", "")
	for _, secret := range []string{"sesame", "Jane", "jane", "203.0.113.77", "192.0.2.1"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log tells %q:\n%s", secret, &out)
		}
	}
	for _, want := range []string{"operation=Thing", "status=200", "app=bella", "operation=Get"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &out)
		}
	}
}

// Requests do not share anything: run with -race.
func TestRequestsInParallel(t *testing.T) {
	s := probe(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				id := strconv.Itoa(i*1000 + n)
				if w := send(t, s, get, "/api/v1.0/Brand"+id+"/probe/"+id+"?page="+id+"1&state=1", ""); !strings.Contains(w.Body.String(), `"AppID":"Brand`+id+`","Order":`+id) {
					t.Errorf("%s: %s", id, w.Body)
				}
				if w := send(t, s, post, "/api/v1.0/probe/thing", `{"Name":"`+id+`","Count":`+strconv.Itoa(n)+`}`); !strings.Contains(w.Body.String(), `"Name":"`+id+`","Count":`+strconv.Itoa(n)) {
					t.Errorf("%s: %s", id, w.Body)
				}
			}
		})
	}
	wg.Wait()
}
