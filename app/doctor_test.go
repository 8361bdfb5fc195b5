package app

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/outbound"
	"comanda/internal/seal"
	"comanda/wire"
)

// states are what Doctor found, by check.
func states(t *testing.T, c Config) map[string]Finding {
	t.Helper()
	out := map[string]Finding{}
	told := 0
	for _, f := range Doctor(t.Context(), c, func(Finding) { told++ }) {
		out[f.Check] = f
		if f.Text == "" || f.State == Fail && f.Mend == "" || !strings.HasSuffix(f.Text, ".") {
			t.Errorf("it does not say what is wrong and how to mend it: %+v", f)
		}
	}
	if told != len(out) {
		t.Errorf("%d findings were told and %d returned", told, len(out))
	}
	return out
}

// is checks that a finding has a state and says something.
func (f Finding) is(t *testing.T, state State, text string) {
	t.Helper()
	if f.State != state || !strings.Contains(f.Text, text) {
		t.Errorf("found %+v, want %s: %s", f, state, text)
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		c.WebhookAllow = outbound.Loopback
		made, err := Init(t.Context(), c, sample)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		<-s.Ready()
		c.Listen, c.Admin = s.listener.Addr().String(), s.adminListener.Addr().String()

		well := states(t, c)
		for _, check := range []string{"configuration", "data folder", "database", "master key", "certificate", "server", "public address", "clock", "webhooks"} {
			well[check].is(t, OK, "")
		}
		well["mail"].is(t, Warn, "no mail server")
		if len(well) != 10 {
			t.Errorf("%d findings", len(well))
		}

		there, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		gone, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		owner := &account.Caller{Kind: account.System}
		for _, l := range []net.Listener{there, gone} {
			for _, path := range []string{"/a", "/b"} {
				if _, err := s.Webhooks.Create(t.Context(), owner, made.AppID, made.OAuthAppID, wire.WebhookSubscription{CallbackUrl: wire.P("http://" + l.Addr().String() + path)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		states(t, c)["webhooks"].is(t, OK, "(2)")
		_ = gone.Close()
		states(t, c)["webhooks"].is(t, Warn, "1 of 2 hosts cannot be connected to: "+gone.Addr().String()+" (the endpoint refused the connection).")
		_ = there.Close()
		stranger := httptest.NewTLSServer(http.NotFoundHandler())
		defer stranger.Close()
		if _, err := s.Webhooks.Create(t.Context(), owner, made.AppID, made.OAuthAppID, wire.WebhookSubscription{CallbackUrl: &stranger.URL}); err != nil {
			t.Fatal(err)
		}
		states(t, c)["webhooks"].is(t, Warn, stranger.Listener.Addr().String()+" (the endpoint's TLS certificate is not valid")

		elsewhere := c
		elsewhere.PublicURL, elsewhere.SMTPURL, elsewhere.MailFrom = "https://127.0.0.1:1", "smtp://"+gone.Addr().String(), "orders@example.com"
		lost := states(t, elsewhere)
		lost["public address"].is(t, Fail, "cannot be reached")
		lost["mail"].is(t, Fail, "connection refused")
		named := c
		named.Listen = "192.0.2.7:443"
		states(t, named)["certificate"].is(t, Fail, "not for all of 127.0.0.1, 192.0.2.7")

		clock.Shift(-time.Hour)
		behind := states(t, c)
		clock.Shift(time.Hour)
		behind["clock"].is(t, Warn, "apart")

		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		stopped := states(t, c)
		stopped["server"].is(t, Fail, "no server answers at "+c.Admin)
		stopped["public address"].is(t, Fail, "cannot be reached")
		stopped["database"].is(t, OK, "")

		key := filepath.Join(c.Data, "master.key")
		if err := os.Chmod(key, 0o644); err != nil {
			t.Fatal(err)
		}
		f := states(t, c)["data folder"]
		f.is(t, Warn, "Other users")
		if f.Mend != "chmod 600 "+key {
			t.Error(f.Mend)
		}
		other := filepath.Join(t.TempDir(), "other.key")
		if err := os.WriteFile(other, []byte(base64.StdEncoding.EncodeToString(seal.NewKey())), 0o600); err != nil {
			t.Fatal(err)
		}
		c.MasterKeyFile = other
		states(t, c)["master key"].is(t, Fail, "not the master key of this database")
	})
}

func TestDoctorStopsWhereNothingCanBeSeen(t *testing.T) {
	c := Config{Data: t.TempDir(), Listen: "nonsense"}
	if all := states(t, c); len(all) != 1 || all["configuration"].State != Fail {
		t.Error(all)
	}
	c.Listen = ":8443"
	all := states(t, c)
	all["database"].is(t, Fail, "there is no database at")
	if len(all) != 3 {
		t.Error(all)
	}
	c.Data = filepath.Join(c.Data, "none")
	states(t, c)["data folder"].is(t, Fail, "there is no folder")
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("it made a folder")
	}
}

func TestDoctorSeesThatTheClockWasSetBack(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		clock.Shift(time.Hour)
		_, err := Init(t.Context(), c, sample)
		clock.Shift(-time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		states(t, c)["clock"].is(t, Warn, "The newest event happened 1h0m0s from now")
	})
}
