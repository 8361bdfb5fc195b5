package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"comanda/internal/client"
)

// server is a Comanda in miniature: a token endpoint, one call and a stream that breaks off after two events.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	valid  string
	grants int
	after  []string // what each connection of the stream asked for
}

func newServer(t *testing.T) *server {
	s := &server{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /identity/connect/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id != "app" || secret != "s%26cret" || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"invalid_client","error_description":"The secret is wrong."}`)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.grants++
		s.valid = fmt.Sprint("token-", s.grants)
		_, _ = fmt.Fprintf(w, `{"access_token":%q}`, s.valid)
	})
	mux.HandleFunc("/api/v1.0/", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+s.valid {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(w, `{"Message":"The access token is not valid.","RequestId":"r1","Details":"Ask for a new one."}`)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/events/stream") {
			s.stream(w, r.FormValue("after"))
			return
		}
		if r.URL.Path == "/api/v1.0/bad" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"Message":"The request is not valid.","ErrorCode":400,"Errors":[{"FieldName":"Name","Errors":["is missing. Give one."]}],"RequestId":"r2","Details":""}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"Data":42}`)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// stream sends two events and breaks off; after the fourth it is gone.
func (s *server) stream(w http.ResponseWriter, after string) {
	s.after = append(s.after, after)
	first := 1
	if n, err := fmt.Sscanf(after, "c%d", &first); n == 1 && err == nil {
		first++
	}
	if first > 4 {
		w.WriteHeader(http.StatusGone)
		_, _ = fmt.Fprint(w, `{"Message":"Gone."}`)
		return
	}
	_, _ = fmt.Fprint(w, ": here\n\nretry: 1000\n\n")
	for i := first; i < first+2; i++ {
		_, _ = fmt.Fprintf(w, "id: c%d\nevent: order.created\ndata: {\"Position\":%d}\n\n", i, i)
	}
	_, _ = fmt.Fprint(w, "id: c9\nevent: order.created\ndata: {\"Posi") // broken off in the middle: not an event
}

func (s *server) client(t *testing.T, secret string) *client.Client {
	c, err := client.New(client.Config{Server: s.URL + "/", ID: "app", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestTokenIsMadeOnceAndAnewWhenItIsRefused(t *testing.T) {
	s := newServer(t)
	c := s.client(t, "s&cret")
	for want := 1; want <= 2; want++ {
		for range 2 {
			n, err := client.Data[int](t.Context(), c, http.MethodGet, "/api/v1.0/x", nil)
			if err != nil || n != 42 || s.grants != want {
				t.Fatal(n, err, s.grants)
			}
		}
		s.mu.Lock()
		s.valid = "another" // revoked
		s.mu.Unlock()
	}
}

func TestRefusalsSayWhatTheServerSays(t *testing.T) {
	s := newServer(t)
	_, err := client.Data[int](t.Context(), s.client(t, "wrong"), http.MethodGet, "/api/v1.0/x", nil)
	if err == nil || !strings.Contains(err.Error(), "The secret is wrong.") {
		t.Error(err)
	}
	err = s.client(t, "s&cret").Call(t.Context(), http.MethodGet, "/api/v1.0/bad", nil, nil)
	if want := "GET /api/v1.0/bad: 400 Bad Request: The request is not valid. Name: is missing. Give one. (request r2)"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if _, err := client.New(client.Config{Server: "orders.example.com"}); err == nil {
		t.Error("a host alone was taken for a URL")
	}
}

func TestStreamGoesOnAfterTheLastEvent(t *testing.T) {
	s := newServer(t)
	var got []string
	paused := 0
	err := s.client(t, "s&cret").Stream(t.Context(), "bella", "", nil, func(error) { paused++ }, func(e client.Event) error {
		got = append(got, e.Cursor+" "+string(e.Body))
		return nil
	})
	var refused *client.Refusal
	if !errors.As(err, &refused) || refused.Status != http.StatusGone {
		t.Error(err)
	}
	want := []string{`c1 {"Position":1}`, `c2 {"Position":2}`, `c3 {"Position":3}`, `c4 {"Position":4}`}
	if !slices.Equal(got, want) || !slices.Equal(s.after, []string{"latest", "c2", "c4"}) || paused != 2 {
		t.Error(got, s.after, paused)
	}
	failed := errors.New("the disk is full")
	err = s.client(t, "s&cret").Stream(t.Context(), "bella", "c1", nil, nil, func(client.Event) error { return failed })
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = s.client(t, "s&cret").Stream(ctx, "bella", "c1", nil, nil, func(client.Event) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
