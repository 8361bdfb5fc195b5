package app

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"comanda/internal/localca"
)

func TestOnePortSpeaksBothTongues(t *testing.T) {
	ca, err := localca.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, plain := split(l)
	answer := func(text string) *http.Server {
		return &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, text+string(body))
		})}
	}
	a, b := answer("secure "), answer("plain ")
	go func() { _ = a.Serve(tls.NewListener(secure, ca.TLS())) }()
	go func() { _ = b.Serve(plain) }()
	defer func() { _ = a.Close(); _ = b.Close() }()

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}}}
	long := strings.Repeat("x", 20_000) // longer than what is buffered while sniffing
	for url, want := range map[string]string{"https://" + l.Addr().String(): "secure " + long, "http://" + l.Addr().String(): "plain " + long} {
		r, err := client.Post(url, "text/plain", strings.NewReader(long))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if string(got) != want {
			t.Errorf("%s: got %.20q", url, got)
		}
	}

	silent, err := net.Dial("tcp", l.Addr().String()) // must not keep others waiting
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	r, err := client.Get("https://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
}
