package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"comanda/wire"
)

// client calls the API as any integration would: HTTPS, a bearer token, JSON.
type client struct {
	http  *http.Client
	base  string
	token string
}

// refusal is an answer other than 2xx.
type refusal struct {
	method, path string
	status       int
	answer       string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s %s: %d: %s", r.method, r.path, r.status, r.answer)
}

// call sends body (nil = none) and decodes the answer into out (nil = ignore). Any answer but 2xx is a *refusal
// that carries the server's own sentence.
func (c *client) call(ctx context.Context, method, path string, body, out any, headers ...string) error {
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, r)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.Header.Set("User-Agent", "Comanda-Demo")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return &refusal{method, path, resp.StatusCode, string(raw)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// clientCredentials asks the authorization server for an access token as an OAuth app.
func clientCredentials(ctx context.Context, h *http.Client, base, clientID, secret string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/identity/connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(secret))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := h.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return "", err
	}
	if answer.AccessToken == "" {
		return "", fmt.Errorf("no token: %s %s", answer.Error, answer.Description)
	}
	return answer.AccessToken, nil
}

// data is the {Data} envelope.
func data[T any](ctx context.Context, c *client, method, path string, body any, headers ...string) (T, error) {
	var out wire.Result[T]
	err := c.call(ctx, method, path, body, &out, headers...)
	return out.Data, err
}
