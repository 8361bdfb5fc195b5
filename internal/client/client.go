// Package client calls the API of a Comanda server the way any integration would: HTTPS, a bearer token, JSON. The command
// line and the demo use it.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Config says which server is called, and as whom.
type Config struct {
	Server string // base URL, such as https://orders.example.com
	CAFile string // PEM certificates to trust beside the machine's own; empty = none
	Token  string // access token; empty = one is asked for with ID and Secret, where there are any
	ID     string // client_id, which is the id of the OAuth app
	Secret string // client_secret
	Agent  string // User-Agent

	Transport http.RoundTripper // of the calls, in place of one that trusts CAFile; nil = that one
}

// Client calls one server. It is safe for parallel use.
type Client struct {
	config Config
	http   *http.Client

	mu    sync.Mutex
	token string
}

const (
	answerMax   = 32 << 20
	tlsTimeout  = 10 * time.Second
	callTimeout = time.Minute
)

// New makes a client; it does not call yet.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.Server)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%q is no address of a server; write it as https://host", c.Server)
	}
	c.Server = strings.TrimRight(c.Server, "/")
	if c.Transport != nil {
		return &Client{config: c, http: &http.Client{Transport: c.Transport}, token: c.Token}, nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSHandshakeTimeout, transport.ResponseHeaderTimeout = tlsTimeout, callTimeout
	if c.CAFile != "" {
		pool, err := roots(c.CAFile)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &Client{config: c, http: &http.Client{Transport: transport}, token: c.Token}, nil
}

// roots are the machine's certificates and those of a file.
func roots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate in PEM form", file)
	}
	return pool, nil
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Refusal is an answer other than 2xx.
type Refusal struct {
	Method, Path string
	Status       int
	Code         string          // of the authorization server, such as invalid_client; empty for the API
	Message      string          // the server's sentences, with what it says about mending
	Data         json.RawMessage // what the server adds for programs, nil = nothing
	RequestID    string
}

func (r *Refusal) Error() string {
	text := r.Message
	if text == "" {
		text = "no reason given"
	}
	if r.RequestID != "" {
		text += " (request " + r.RequestID + ")"
	}
	return fmt.Sprintf("%s %s: %d %s: %s", r.Method, r.Path, r.Status, http.StatusText(r.Status), text)
}

// refusal reads the contract's error shape as far as it is there.
func refusal(method, path string, status int, answer []byte) *Refusal {
	r := &Refusal{Method: method, Path: path, Status: status}
	var body struct {
		Message, Details string
		RequestID        string `json:"RequestId"`
		Data             json.RawMessage
		Errors           []struct {
			FieldName string
			Errors    []string
		}
	}
	if json.Unmarshal(answer, &body) != nil {
		r.Message = strings.TrimSpace(string(answer[:min(len(answer), 300)]))
		return r
	}
	r.Message, r.RequestID, r.Data = body.Message, body.RequestID, body.Data
	for _, e := range body.Errors {
		for _, text := range e.Errors {
			if !strings.Contains(r.Message, text) {
				r.Message = strings.TrimSpace(r.Message + " " + e.FieldName + ": " + text)
			}
		}
	}
	if !strings.Contains(r.Message, body.Details) {
		r.Message += " " + body.Details
	}
	return r
}

// Call sends body (nil = none) and decodes the answer into out (nil = ignored). Any answer but 2xx is a *Refusal. headers
// are names and values in turn. A token of the client's own making that the server no longer takes is made anew once.
func (c *Client) Call(ctx context.Context, method, path string, body, out any, headers ...string) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.do(ctx, method, path, raw, headers...)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil || out == nil || len(answer) == 0 {
		return err
	}
	return json.Unmarshal(answer, out)
}

// Data is Call for answers in the envelope {Data}.
func Data[T any](ctx context.Context, c *Client, method, path string, body any, headers ...string) (T, error) {
	var out struct{ Data T }
	err := c.Call(ctx, method, path, body, &out, headers...)
	return out.Data, err
}

// Create is a POST that makes something, and returns the path at which it is.
func (c *Client) Create(ctx context.Context, path string, body any) (string, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.do(ctx, http.MethodPost, path, raw)
	if err != nil {
		return "", err
	}
	return resp.Header.Get("Location"), resp.Body.Close()
}

// do returns a 2xx answer, whose body the caller closes.
func (c *Client) do(ctx context.Context, method, path string, body []byte, headers ...string) (*http.Response, error) {
	for again := false; ; again = true {
		token, err := c.Token(ctx)
		if err != nil {
			return nil, err
		}
		resp, err := c.send(ctx, method, path, body, token, headers...)
		if err != nil {
			return nil, c.unreachable(err)
		}
		if resp.StatusCode/100 == 2 {
			return resp, nil
		}
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized && !again && c.config.Token == "" && c.config.Secret != "" {
			c.forget(token)
			continue
		}
		return nil, refusal(method, path, resp.StatusCode, answer)
	}
}

// unreachable says what to look at when there was no answer.
func (c *Client) unreachable(err error) error {
	var unknown x509.UnknownAuthorityError
	var other *url.Error
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%s shows a certificate that this machine does not trust; name the server's authority with --ca-file", c.config.Server)
	case errors.As(err, &other):
		return fmt.Errorf("%s cannot be reached: %w", c.config.Server, other.Err)
	}
	return err
}

func (c *Client) send(ctx context.Context, method, path string, body []byte, token string, headers ...string) (*http.Response, error) {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.config.Server+path, r)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("User-Agent", c.config.Agent)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	return c.http.Do(req)
}
