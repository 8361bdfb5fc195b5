package localca

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestClientTrustsTheAuthority(t *testing.T) {
	a := must(t)(Open(t.TempDir(), []string{"orders.example.com", "192.0.2.7"}))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	s.Listener = tls.NewListener(s.Listener, a.TLS())
	s.Start()
	defer s.Close()
	url := "https" + strings.TrimPrefix(s.URL, "http")
	for _, name := range []string{"localhost", "127.0.0.1", "orders.example.com", "192.0.2.7"} {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool(), ServerName: name, MinVersion: tls.VersionTLS12}}}
		r, err := c.Get(url)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = r.Body.Close()
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool(), ServerName: "elsewhere.example.com", MinVersion: tls.VersionTLS12}}}
	if r, err := c.Get(url); err == nil {
		_ = r.Body.Close()
		t.Fatal("a name that the certificate lacks was accepted")
	}
}

func TestReopenKeepsAuthorityAndCertificate(t *testing.T) {
	dir := t.TempDir()
	first := must(t)(Open(dir, nil))
	second := must(t)(Open(dir, nil))
	if !second.ca.Equal(first.ca) || !second.leaf.Leaf.Equal(first.leaf.Leaf) {
		t.Fatal("reopening made a new authority or certificate")
	}
	third := must(t)(Open(dir, []string{"new.example.com"}))
	if !third.ca.Equal(first.ca) || third.leaf.Leaf.Equal(first.leaf.Leaf) {
		t.Fatal("a new host must give a new certificate from the same authority")
	}
	for _, f := range []string{"ca.key", "server.key"} {
		if i, err := os.Stat(filepath.Join(dir, f)); err != nil || i.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v %v", f, i, err)
		}
	}
}

func TestLookChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Look(dir, nil); err == nil {
		t.Error("an empty folder has a certificate")
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Error("looking made files")
	}
	a := must(t)(Open(dir, []string{"orders.example.com"}))
	leaf, err := Look(dir, []string{"orders.example.com"})
	if err != nil || !leaf.Equal(a.leaf.Leaf) {
		t.Error(err)
	}
	if _, err := Look(dir, []string{"new.example.com"}); err == nil || !strings.Contains(err.Error(), "new.example.com") {
		t.Error(err)
	}
}

func TestRenewsWhileRunning(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := must(t)(Open(dir, nil))
		before := a.leaf.Leaf
		time.Sleep((leafDays - 31) * 24 * time.Hour)
		if c, err := a.certificate(); err != nil || !c.Leaf.Equal(before) {
			t.Fatal("renewed too early", err)
		}
		time.Sleep(2 * 24 * time.Hour)
		if c, err := a.certificate(); err != nil || c.Leaf.Equal(before) {
			t.Fatal("not renewed", err)
		}
	})
}

// While the certificate is valid, a folder that cannot be written does not end TLS; renewal is tried hourly.
func TestFailedRenewalKeepsTheCertificate(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := must(t)(Open(dir, nil))
		before := a.leaf.Leaf
		obstacle := filepath.Join(dir, "server.key.new") // a folder in the way of the new key, for root too
		if err := os.Mkdir(obstacle, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep((leafDays - 29) * 24 * time.Hour)
		if c, err := a.certificate(); err != nil || !c.Leaf.Equal(before) {
			t.Fatal("a failed renewal broke TLS", err)
		}
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		time.Sleep(retry - time.Second)
		if c, err := a.certificate(); err != nil || !c.Leaf.Equal(before) {
			t.Fatal("tried again within the hour", err)
		}
		time.Sleep(time.Second)
		if c, err := a.certificate(); err != nil || c.Leaf.Equal(before) {
			t.Fatal("not tried again after an hour", err)
		}
		if err := os.Mkdir(obstacle, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(leafDays * 24 * time.Hour)
		if _, err := a.certificate(); err == nil {
			t.Fatal("an expired certificate was handed out")
		}
	})
}

func must(t *testing.T) func(*Authority, error) *Authority {
	return func(a *Authority, err error) *Authority {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}
