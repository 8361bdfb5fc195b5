package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// What cannot work is refused before anything is made, so that the same folder takes the mended command.
func TestRefusedInitMakesNothing(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		for flag, spoil := range map[string]func(*First){
			"--email":          func(f *First) { f.Email = "owner" },
			"--password-stdin": func(f *First) { f.Password = "short" },
			"--brand":          func(f *First) { f.Brand = " " },
			"--store":          func(f *First) { f.Store = strings.Repeat("x", 101) },
			"--country":        func(f *First) { f.Country = "XX" },
			"--currency":       func(f *First) { f.Currency = "XXX" },
		} {
			f := sample
			spoil(&f)
			if _, err := Init(t.Context(), c, f); err == nil || !strings.Contains(err.Error(), flag) {
				t.Errorf("%s: %v", flag, err)
			}
		}
		if _, err := Init(t.Context(), c, sample); err != nil {
			t.Fatal(err)
		}
		if _, err := Init(t.Context(), c, sample); err == nil || !strings.Contains(err.Error(), "empty folder") || strings.Contains(err.Error(), "signup") {
			t.Errorf("a second init: %v", err)
		}
	})
}

// The OAuth app that init makes gets a token that reads the brand's orders.
func TestInitsOAuthAppGetsIn(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
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
		defer func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		<-s.Ready()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.CA.Pool(), MinVersion: tls.VersionTLS12}}}
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}, "client_id": {made.OAuthAppID}, "client_secret": {made.ClientSecret}}
		r, err := client.PostForm(s.PublicURL()+"/identity/connect/token", form)
		if err != nil {
			t.Fatal(err)
		}
		var token struct {
			AccessToken string `json:"access_token"`
		}
		err = json.NewDecoder(r.Body).Decode(&token)
		_ = r.Body.Close()
		if err != nil || token.AccessToken == "" {
			t.Fatal(r.Status, err)
		}
		q, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.PublicURL()+"/api/v1.0/orders?limit=5", nil)
		q.Header.Set("Authorization", "Bearer "+token.AccessToken)
		if r, err = client.Do(q); err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Error(r.Status)
		}
	})
}
