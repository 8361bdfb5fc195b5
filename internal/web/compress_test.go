package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTextsAreCompressedForWhoTakesIt(t *testing.T) {
	text := strings.Repeat("Comanda ", 100)
	for _, c := range []struct {
		name, accept, kind, encoding string
		status                       int
		packed, vary                 bool
	}{
		{"a page", "gzip, deflate, br", "text/html; charset=utf-8", "", 200, true, true},
		{"an error", "deflate;q=1, GZIP ; q=0.5", "text/html", "", 404, true, true},
		{"a drawing", "gzip", "image/svg+xml", "", 200, true, true},
		{"a kind that nobody said", "gzip", "", "", 200, true, true},
		{"a picture", "gzip", "image/png", "", 200, false, false},
		{"packed already", "gzip", "text/javascript", "br", 200, false, false},
		{"a part", "gzip", "text/css", "", 206, false, true},
		{"nothing taken", "", "text/html", "", 200, false, true},
		{"gzip refused", "br, gzip; q=0.0", "text/html", "", 200, false, true},
	} {
		h := Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range map[string]string{"Content-Type": c.kind, "Content-Encoding": c.encoding} {
				if value != "" {
					w.Header().Set(name, value)
				}
			}
			w.Header().Set("Content-Length", "800")
			if c.status != 200 {
				w.WriteHeader(c.status)
			}
			_, _ = io.WriteString(w, text[:3])
			_, _ = io.WriteString(w, text[3:])
		}))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Vary") == "Accept-Encoding"; got != c.vary {
			t.Errorf("%s: Vary %q", c.name, w.Header().Get("Vary"))
		}
		var body io.Reader = w.Body
		if got := w.Header().Get("Content-Encoding"); c.packed != (got == "gzip") || c.packed == (w.Header().Get("Content-Length") != "") {
			t.Errorf("%s: %v", c.name, w.Header())
		}
		if c.packed {
			if w.Body.Len() > 100 {
				t.Errorf("%s: %d bytes", c.name, w.Body.Len())
			}
			var err error
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != text || w.Code != c.status {
			t.Errorf("%s: %d %q %v", c.name, w.Code, got, err)
		}
	}
}

func TestABodyThatWasCutOffIsNotWhole(t *testing.T) {
	server := httptest.NewServer(Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<p>half")
		panic(http.ErrAbortHandler)
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("half a page was taken for a whole one")
	}
}
