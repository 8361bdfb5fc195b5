package api

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"comanda/account"
	"comanda/requestlog"
	"comanda/wire"
)

// discard is a response that nobody reads.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkDoor measures what the door itself costs: routing, caller, normaliser, huma, codec, the log line and what the
// request log is given, without the network and without a domain.
func BenchmarkDoor(b *testing.B) {
	s := probe(b)
	s.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	s.Requests = requestlog.New(nil, nil, 0)
	order := []byte(`{"OrderId":1001,"Note":"` + strings.Repeat("x", 4000) + `"}`)
	s.register([]group{{"Bench", "", []row{
		on("StoredOrder", get, "/api/v1.0/bench/orders/{id}", can(account.ReadOrders),
			func(_ context.Context, _ *account.Caller, in *struct {
				ID int `path:"id"`
			},
			) (*storedOut, error) {
				return &storedOut{StoredData[wire.Result[wire.Order]](order)}, nil
			}, ""),
	}}})
	for _, c := range []struct{ name, method, target, body string }{
		{"heartbeat", get, "/api/v1.0/probe/signedin", ""},
		{"stored order", get, "/api/v1.0/bench/orders/1001", ""},
		{"list with filters", get, "/api/v1.0/bella/probe/7?state=Created&state=Dispatched&page=2&from=2026-11-01T00:00:00Z", ""},
		{"body", post, "/api/v1.0/probe/thing", `{"Name":"a","Count":3,"Price":12.50,"Items":[{"Quantity":1},{"Quantity":2}],"Tags":["x","y"],"Meta":{"k":"v"}}`},
		{"not found", get, "/api/v1.0/nothing/here/at/all", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := &discard{http.Header{}}
			r := httptest.NewRequest(c.method, "https://comanda.test"+c.target, nil)
			r.TLS = &tls.ConnectionState{}
			r.Header.Set("Authorization", "Bearer owner")
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				r.Body = io.NopCloser(strings.NewReader(c.body))
				s.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkOverHTTPS is a cheap GET over a kept-alive HTTPS connection, the client's work included.
func BenchmarkOverHTTPS(b *testing.B) {
	s := probe(b)
	s.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	srv := httptest.NewTLSServer(s)
	defer srv.Close()
	client := srv.Client()
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, srv.URL+"/api/v1.0/probe/signedin", nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer owner")
		resp, err := client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
