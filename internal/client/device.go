package client

import (
	"context"
	"errors"
	"net/url"
	"time"

	"comanda/internal/clock"
)

// Device is a sign-in that waits for a person to agree in a browser (RFC 8628).
type Device struct {
	Code      string `json:"device_code"`
	UserCode  string `json:"user_code"`                 // to be compared with what the page shows
	Page      string `json:"verification_uri_complete"` // where the person agrees
	ExpiresIn int    `json:"expires_in"`                // seconds
	Interval  int    `json:"interval"`                  // seconds between two questions
}

// slower is added to the pause when the server asks for it (RFC 8628, 3.5).
const slower = 5 * time.Second

// StartDevice begins a sign-in as a public client.
func (c *Client) StartDevice(ctx context.Context, scope string) (d Device, err error) {
	return d, c.authorize(ctx, "/identity/connect/deviceauthorization", url.Values{"scope": {scope}}, &d)
}

// AwaitDevice waits until the person has agreed and returns the access token, which the client calls with from now on, and
// when it ends. A refusal or the end of the code's time is a *Refusal. A server that does not answer is asked again until then.
func (c *Client) AwaitDevice(ctx context.Context, d Device) (token string, expires time.Time, err error) {
	pause, end := time.Duration(d.Interval)*time.Second, clock.Now().Add(time.Duration(d.ExpiresIn)*time.Second)
	for {
		if err := clock.Sleep(ctx, pause); err != nil {
			return "", expires, err
		}
		var got granted
		asked := clock.Now()
		err := c.authorize(ctx, tokenPath, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.Code}}, &got)
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.token = got.AccessToken
			return got.AccessToken, asked.Add(time.Duration(got.ExpiresIn) * time.Second), nil
		}
		if ctx.Err() != nil || clock.Now().After(end) {
			return "", expires, err
		}
		var refused *Refusal
		switch {
		case !errors.As(err, &refused), refused.Status/100 == 5, refused.Code == "authorization_pending":
		case refused.Code == "slow_down":
			pause += slower
		default:
			return "", expires, err
		}
	}
}
