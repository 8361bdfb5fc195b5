package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// The figures are of answers; how long a client listens says nothing about the server.
func TestStreamsAreNotTimed(t *testing.T) {
	m := newMetrics()
	for _, kind := range []string{"text/event-stream", "application/json"} {
		m.observe("api", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", kind) })).
			ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, f := range families {
		if f.GetName() == "comanda_http_request_seconds" {
			for _, one := range f.GetMetric() {
				n += one.GetHistogram().GetSampleCount()
			}
		}
	}
	if n != 1 {
		t.Error(n, "were timed, want the one that is no stream")
	}
}
