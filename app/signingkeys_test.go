package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"comanda/oauth"
)

// The keys are rotated beside a running server as well as without one, and only by who can read the master key.
func TestSigningKeysAreRotatedByTheOperator(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		if _, err := SigningKeys(t.Context(), c); err == nil || !strings.Contains(err.Error(), "there is no master key") {
			t.Fatal(err)
		}
		if _, err := RotateSigningKeys(t.Context(), c, false); err == nil {
			t.Fatal("keys of no installation were rotated")
		}
		s, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		<-s.Ready()
		c.Admin = s.adminListener.Addr().String()
		states := func(keys []oauth.Key, err error) (out []oauth.KeyState) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				if k.Algorithm == "RS256" {
					out = append(out, k.State)
				}
			}
			return out
		}
		if got := states(RotateSigningKeys(t.Context(), c, false)); !slices.Equal(got, []oauth.KeyState{oauth.KeyNext, oauth.KeyActive, oauth.KeyRetiring}) {
			t.Errorf("rotated: %v", got)
		}
		if got := states(RotateSigningKeys(t.Context(), c, true)); !slices.Equal(got, []oauth.KeyState{oauth.KeyNext, oauth.KeyActive, oauth.KeyGone, oauth.KeyGone}) {
			t.Errorf("emergency: %v", got)
		}
		before := states(SigningKeys(t.Context(), c))
		for _, token := range []string{"", "Bearer ", "Bearer x"} {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.Admin+rotatePath, nil)
			r.Header.Set("Authorization", token)
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusForbidden {
				t.Errorf("%q: %s", token, answer.Status)
			}
		}
		if after := states(SigningKeys(t.Context(), c)); !slices.Equal(before, after) {
			t.Errorf("%v became %v", before, after)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := states(RotateSigningKeys(t.Context(), c, false)); len(got) != 5 || got[1] != oauth.KeyActive {
			t.Errorf("rotated without a server: %v", got)
		}
	})
}
