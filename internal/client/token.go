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

// Token is the access token to call with; empty where the client has neither one nor the means to get it.
func (c *Client) Token(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" || c.config.Secret == "" {
		return c.token, nil
	}
	token, err := c.grant(ctx)
	if err == nil {
		c.token = token
	}
	return token, err
}

// forget gives up a token that the server refused.
func (c *Client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// grant asks the authorization server for a token as the OAuth app itself.
func (c *Client) grant(ctx context.Context) (string, error) {
	const path = "/identity/connect/token"
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Server+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(url.QueryEscape(c.config.ID), url.QueryEscape(c.config.Secret))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", c.config.Agent)
	resp, err := c.http.Do(req)
	if err != nil {
		return "", c.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(raw, &answer) == nil && answer.AccessToken != "" {
		return answer.AccessToken, nil
	}
	if answer.Error == "" {
		return "", refusal(http.MethodPost, path, resp.StatusCode, raw)
	}
	return "", &Refusal{
		Method: http.MethodPost, Path: path, Status: resp.StatusCode,
		Message: fmt.Sprintf("no token for the client %s: %s (%s)", c.config.ID, answer.Description, answer.Error),
	}
}
