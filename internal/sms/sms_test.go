package sms_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"comanda/internal/mail"
	"comanda/internal/sms"
)

func TestAGatewayTakesAMessage(t *testing.T) {
	for status, want := range map[int]string{200: "", 202: "", 302: "again", 400: "refused", 401: "again", 404: "refused", 429: "again", 500: "again"} {
		var got struct{ From, To, Text string }
		var token string
		gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token = r.Header.Get("Authorization")
			if r.Method != http.MethodPost || r.URL.Path != "/send" || json.NewDecoder(r.Body).Decode(&got) != nil {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		defer gateway.Close()
		g, err := sms.New(sms.Config{URL: gateway.URL + "/send", Token: "secret", From: "Bella"})
		if err != nil {
			t.Fatal(err)
		}
		err = g.Send(context.Background(), mail.Message{Phone: "+353871234567", Text: "Your PIN is 123456."})
		told := ""
		switch {
		case errors.Is(err, mail.ErrRefused):
			told = "refused"
		case err != nil:
			told = "again"
		}
		if told != want || got.To != "+353871234567" || got.From != "Bella" || got.Text != "Your PIN is 123456." || token != "Bearer secret" {
			t.Errorf("%d: %v, %+v, %s", status, err, got, token)
		}
		if err != nil && strings.Contains(err.Error(), "123456") {
			t.Errorf("%v tells the PIN", err)
		}
	}
}

func TestAGatewayThatIsAwayIsAskedAgain(t *testing.T) {
	gateway := httptest.NewServer(http.NotFoundHandler())
	gateway.Close()
	g, err := sms.New(sms.Config{URL: gateway.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Send(context.Background(), mail.Message{Phone: "+353871234567"}); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Error(err)
	}
}

func TestAddressesOfGateways(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://sms.example/send": true, "http://localhost:9": true, "http://127.0.0.1:9/x": true, "http://[::1]:9": true,
		"http://sms.example": false, "sms.example": false, "https://": false, "ftp://sms.example": false, "https://user:secret@sms.example": false, "": false,
	} {
		_, err := sms.New(sms.Config{URL: address})
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells a secret", err)
		}
	}
}
