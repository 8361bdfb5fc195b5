package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"comanda/internal/client"
)

// device is an authorization server that gives the written answers to a device that asks, in turn.
func device(t *testing.T, answers ...string) *client.Client {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /identity/connect/deviceauthorization", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "cli" || r.FormValue("scope") != "api" {
			t.Errorf("started with %v", r.Form)
		}
		_, _ = io.WriteString(w, `{"device_code":"dc","user_code":"WDJB-MJHT","verification_uri_complete":"https://x/device?user_code=WDJB-MJHT","expires_in":60,"interval":0}`)
	})
	mux.HandleFunc("POST /identity/connect/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "cli" || r.FormValue("device_code") != "dc" || len(answers) == 0 {
			t.Errorf("asked with %v", r.Form)
			return
		}
		next := answers[0]
		answers = answers[1:]
		switch next {
		case "cut":
			panic(http.ErrAbortHandler)
		case "down":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "token":
			_, _ = io.WriteString(w, `{"access_token":"at","expires_in":3600}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"`+next+`","error_description":"So it is."}`)
		}
	})
	mux.HandleFunc("POST /identity/connect/revocation", func(_ http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "cli" || r.FormValue("token") != "at" {
			t.Errorf("revoked with %v", r.Form)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	c, err := client.New(client.Config{Server: s.URL, ID: "cli"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestADeviceAsksUntilThePersonHasAgreed(t *testing.T) {
	c := device(t, "authorization_pending", "cut", "down", "token")
	d, err := c.StartDevice(t.Context(), "api")
	if err != nil || d.UserCode != "WDJB-MJHT" || d.Page != "https://x/device?user_code=WDJB-MJHT" {
		t.Fatal(d, err)
	}
	before := time.Now()
	token, expires, err := c.AwaitDevice(t.Context(), d)
	if err != nil || token != "at" || expires.Sub(before).Round(time.Minute) != time.Hour {
		t.Fatal(token, expires, err)
	}
	if now, err := c.Token(t.Context()); err != nil || now != "at" {
		t.Error(now, err)
	}
	if err := c.Revoke(t.Context(), token); err != nil {
		t.Error(err)
	}
}

func TestADeviceHearsThatThePersonDidNotAgree(t *testing.T) {
	c := device(t, "authorization_pending", "access_denied")
	d, err := c.StartDevice(t.Context(), "api")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = c.AwaitDevice(t.Context(), d)
	var refused *client.Refusal
	if !errors.As(err, &refused) || refused.Code != "access_denied" {
		t.Error(err)
	}
}
