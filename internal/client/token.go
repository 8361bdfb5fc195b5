package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const tokenPath = "/identity/connect/token"

// Token is the access token to call with; empty where the client has neither one nor the means to get it.
func (c *Client) Token(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" || c.config.Secret == "" {
		return c.token, nil
	}
	var got granted
	err := c.authorize(ctx, tokenPath, url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}}, &got)
	if err == nil {
		c.token = got.AccessToken
	}
	return got.AccessToken, err
}

// forget gives up a token that the server refused.
func (c *Client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// granted is what the token endpoint answers.
type granted struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// authorize sends a form to the authorization server, as the OAuth app by its secret or, without one, as a public client,
// and decodes the answer into out (nil = ignored). What it refuses is a *Refusal with a Code.
func (c *Client) authorize(ctx context.Context, path string, form url.Values, out any) error {
	if c.config.Secret == "" {
		form.Set("client_id", c.config.ID)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Server+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if c.config.Secret != "" {
		req.SetBasicAuth(url.QueryEscape(c.config.ID), url.QueryEscape(c.config.Secret))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", c.config.Agent)
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case resp.StatusCode/100 != 2:
		return unauthorized(path, resp.StatusCode, raw)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s%s does not answer as an authorization server: %w", c.config.Server, path, err)
	}
	return nil
}

// unauthorized reads OAuth's error shape, or any other.
func unauthorized(path string, status int, raw []byte) *Refusal {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Error == "" {
		return refusal(http.MethodPost, path, status, raw)
	}
	return &Refusal{
		Method: http.MethodPost, Path: path, Status: status, Code: said.Error, Message: fmt.Sprintf("%s (%s)", said.Description, said.Error),
	}
}

// Revoke ends an access token that the client got.
func (c *Client) Revoke(ctx context.Context, token string) error {
	return c.authorize(ctx, "/identity/connect/revocation", url.Values{"token": {token}}, nil)
}
