package app

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comanda/internal/dbtest"
	"comanda/internal/seal"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// each runs fn with the configuration of an empty installation on each engine.
func each(t *testing.T, fn func(t *testing.T, c Config)) {
	base := func(t *testing.T) Config {
		return Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Signup: "first"}
	}
	t.Run("sqlite", func(t *testing.T) { fn(t, base(t)) })
	t.Run("postgres", func(t *testing.T) {
		c := base(t)
		c.DatabaseURL = dbtest.PostgresURL(t)
		fn(t, c)
	})
}

var sample = First{
	Email: "owner@example.com", Password: "correct horse battery", Brand: "Bella Napoli", Country: "IE", Currency: "EUR", Store: "Capel Street",
}

func TestServesFromInitToStop(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		made, err := Init(t.Context(), c, sample)
		if err != nil || made.AppID != "bella-napoli" || made.StoreID == 0 || made.StoreGroupID == 0 {
			t.Fatalf("%+v %v", made, err)
		}
		if _, err := Init(t.Context(), c, sample); err == nil {
			t.Error("a second init was not refused")
		}
		s, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		<-s.Ready()

		admin := "http://" + s.adminListener.Addr().String()
		plain := "http://" + s.listener.Addr().String()
		client := &http.Client{
			Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.CA.Pool(), MinVersion: tls.VersionTLS12}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		for _, call := range []struct {
			url, want string
			status    int
		}{
			{s.PublicURL() + "/api/v1.0/heartbeat", `{"Data":"Pong"}`, 200},
			{s.PublicURL() + "//API/v1.0/heartbeat/", `{"Data":"Pong"}`, 200},
			{s.PublicURL() + "/openapi.json", `"openapi":"3.1`, 200},
			{s.PublicURL() + "/identity/.well-known/openid-configuration", `"issuer":"` + s.PublicURL() + `/identity"`, 200},
			{s.PublicURL() + "/.well-known/oauth-authorization-server/identity", `"issuer":"` + s.PublicURL() + `/identity"`, 200},
			{s.PublicURL() + "/identity/nothing", `"`, 404},
			{s.PublicURL() + "/assets/nothing.png", "There is no such file.", 404},
			{s.PublicURL() + "/nothing", "", 404},
			{plain + "/api/v1.0/heartbeat", `"Message"`, 403},
			{plain + "/identity/.well-known/openid-configuration", `"Message"`, 403},
			{plain + "/menu?table=4", "", 308},
			{admin + "/livez", `"live"`, 200},
			{admin + "/readyz", `"ready"`, 200},
			{admin + "/metrics", "comanda_db_writes_total ", 200},
			{admin + "/metrics", `comanda_http_request_seconds_count{door="api",status="2xx"}`, 200},
		} {
			r, err := client.Get(call.url)
			if err != nil {
				t.Errorf("%s: %v", call.url, err)
				continue
			}
			body, _ := io.ReadAll(r.Body)
			_ = r.Body.Close()
			if r.StatusCode != call.status || !strings.Contains(string(body), call.want) {
				t.Errorf("%s: %d %.200s", call.url, r.StatusCode, body)
			}
			if call.status == 308 && r.Header.Get("Location") != s.PublicURL()+"/menu?table=4" {
				t.Errorf("redirected to %q", r.Header.Get("Location"))
			}
		}
		for base, want := range map[string]int{s.PublicURL(): http.StatusBadRequest, plain: http.StatusForbidden} { // an event that Stripe has not signed
			r, err := client.Post(base+"/payments/stripe/"+made.AppID, "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Error(err)
				continue
			}
			_ = r.Body.Close()
			if r.StatusCode != want {
				t.Errorf("an event at %s: %d", base, r.StatusCode)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
		if c, err := net.Dial("tcp", s.listener.Addr().String()); err == nil {
			_ = c.Close()
			t.Error("it still listens")
		}
	})
}

func TestNotReadyWithoutItsDatabase(t *testing.T) {
	s, err := Open(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Signup: "first"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
	w := &recorder{header: http.Header{}}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil)
	s.admin().ServeHTTP(w, r)
	if w.status != http.StatusServiceUnavailable {
		t.Error(w.status)
	}
	_ = s.Close()
}

type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorder) WriteHeader(status int)      { r.status = status }

// A configuration that cannot work is refused with a sentence that names what to mend.
func TestRefusals(t *testing.T) {
	running := Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Signup: "first"}
	s, err := Open(t.Context(), running)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "master.key"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]Config{
		"in use":       running,
		"--listen":     {Data: t.TempDir(), Listen: "8443"},
		"--data":       {Listen: "127.0.0.1:0"},
		"--public-url": {Data: t.TempDir(), Listen: "127.0.0.1:0", PublicURL: "http://orders.example.com"},
		"master.key":   {Data: broken, Listen: "127.0.0.1:0"},
		"31 days":      {Data: t.TempDir(), Listen: "127.0.0.1:0", LogRetention: 30},
	} {
		s, err := Open(t.Context(), c)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: not refused", want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not speak of %q", err, want)
		}
	}
}

// A database that has a master key takes no other, and none is made in place of a lost one.
func TestAnotherMasterKeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		if _, err := Init(t.Context(), c, sample); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(c.Data, "master.key")
		refused := func(want ...string) {
			t.Helper()
			s, err := Open(t.Context(), c)
			if err == nil {
				_ = s.Close()
				t.Fatal("not refused")
			}
			for _, w := range want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not speak of %q", err, w)
				}
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		refused(file, "--master-key-file")
		if _, err := os.Stat(file); err == nil {
			t.Error("a new master key was made")
		}
		other := base64.StdEncoding.EncodeToString(make([]byte, seal.KeySize))
		if err := os.WriteFile(file, []byte(other), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(file, "--master-key-file")
	})
}

// A client that never reads its answer must not hold a handler for ever.
func TestServersBoundReadingAndWriting(t *testing.T) {
	s := httpServer(http.NotFoundHandler())
	for what, d := range map[string]time.Duration{"header": s.ReadHeaderTimeout, "read": s.ReadTimeout, "write": s.WriteTimeout, "idle": s.IdleTimeout, "stall": s.HTTP2.WriteByteTimeout} {
		if d <= 0 || d > 2*time.Minute {
			t.Errorf("%s: %s", what, d)
		}
	}
}

func TestBackupNeedsADatabase(t *testing.T) {
	c := Config{Data: filepath.Join(t.TempDir(), "nope")}
	_, err := Backup(t.Context(), c, filepath.Join(t.TempDir(), "backup"))
	if err == nil || !strings.Contains(err.Error(), "--data") || !strings.Contains(err.Error(), "--database-url") {
		t.Error(err)
	}
}

func TestBackupRestores(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		made, err := Init(t.Context(), c, sample)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "backup")
		if _, err := Backup(t.Context(), c, file); err != nil {
			t.Fatal(err)
		}
		into := Config{Data: filepath.Join(t.TempDir(), "restored"), Listen: "127.0.0.1:0", MasterKeyFile: filepath.Join(c.Data, "master.key")}
		if _, err := Restore(t.Context(), into, file); err != nil { // from either engine into SQLite
			t.Fatal(err)
		}
		checked, err := Verify(t.Context(), into)
		if err != nil || checked.Events == 0 {
			t.Fatal(checked, err)
		}
		s, err := Open(t.Context(), into)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		b, err := s.Accounts.BrandByAppID(t.Context(), made.AppID)
		if err != nil || b.Name != sample.Brand {
			raw, _ := json.Marshal(b)
			t.Fatal(string(raw), err)
		}
		if _, err := Restore(t.Context(), into, file); err == nil {
			t.Error("restored over a database")
		}
	})
}
