// Package sms is the mail.Sender of text messages: a gateway that takes them by HTTP.
//
//	POST <url>   Authorization: Bearer <token>
//	{"from": "Comanda", "to": "+353871234567", "text": "…"}
//
// Every answer 2xx means that the gateway has taken the message on.
package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"comanda/internal/mail"
)

// Config says which gateway.
type Config struct {
	URL   string // https, or http on a loopback address
	Token string // the bearer token; empty = none is sent
	From  string // the sender that people see, as the gateway allows it; empty = the gateway's own
}

// Gateway sends text messages. It is safe for parallel use.
type Gateway struct {
	Config
	client *http.Client
}

// patience is how long a gateway may take to answer.
const patience = 20 * time.Second

// New checks the configuration; it does not connect. Errors name the flag that is wrong and never repeat a token.
func New(c Config) (*Gateway, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		return nil, errors.New("--sms-url: write the gateway's address as https://…; the token goes into --sms-token-file")
	}
	return &Gateway{Config: c, client: &http.Client{
		Timeout: patience,
		// A redirect would carry the message, with the PIN in it, to another place.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send implements mail.Sender. A gateway that is busy or broken is asked again later; what it refuses is refused for good.
func (g *Gateway) Send(ctx context.Context, m mail.Message) error {
	body, err := json.Marshal(map[string]string{"from": g.From, "to": m.Phone, "text": m.Text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if g.Token != "" {
		r.Header.Set("Authorization", "Bearer "+g.Token)
	}
	answer, err := g.client.Do(r)
	if err != nil {
		return fmt.Errorf("sms: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	switch s := answer.StatusCode; {
	case s >= 200 && s < 300:
		return nil
	case s >= 400 && s < 500 && s != http.StatusRequestTimeout && s != http.StatusTooManyRequests && s != http.StatusUnauthorized && s != http.StatusForbidden:
		return fmt.Errorf("%w: the gateway answered %d", mail.ErrRefused, s)
	default:
		return fmt.Errorf("sms: the gateway answered %d", s)
	}
}
