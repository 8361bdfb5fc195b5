package api

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func send(t *testing.T, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "https://comanda.test/", strings.NewReader(body))
	u, err := r.URL.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r.URL, r.TLS = u, &tls.ConnectionState{}
	if strings.HasPrefix(target, "//") {
		r.URL.Path, r.URL.Host = target, ""
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHeartbeat(t *testing.T) {
	h := New(Config{Host: "node-1", Log: slog.New(slog.DiscardHandler)})
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{get, "/api/v1.0/heartbeat", 200, `{"Data":"Pong"}`},
		{get, "/API/V1.0/HeartBeat/", 200, `{"Data":"Pong"}`},
		{get, "//api/v1.0/heartbeat", 200, `{"Data":"Pong"}`},
		{get, "/api/v1.0/heartbeat/hostname", 200, `{"Hostname":"node-1"}`},
		{post, "/api/v1.0/heartbeat", 405, `does not take POST`},
		{get, "/api/v1.0/heartbeat/nothing/here", 404, `no operation`},
		{get, "/api/v1.0/x/bankaccounts", 501, `GetBankAccounts`},
	} {
		w := send(t, h, c.method, c.path, "")
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func typeOf(v any) reflect.Type { return reflect.TypeOf(v) }
