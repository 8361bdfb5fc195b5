package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"comanda/internal/clock"
)

// Event is one event of a stream.
type Event struct {
	Cursor string          // to go on after it
	Name   string          // such as order.created
	Body   json.RawMessage // the flat event, as a webhook of version 1 gets it
}

const (
	// quiet is how long a stream may bring nothing, not even a heartbeat, before the connection counts as dead.
	quiet      = 50 * time.Second
	backoffMin = time.Second
	backoffMax = 30 * time.Second
	lineMax    = 8 << 20
)

// Stream calls fn with every event of a brand after a cursor, in order, each once, until ctx ends or fn fails: it connects
// again, from the last event on, whenever the connection ends or the server is away, and calls paused then with the
// reason. The empty cursor means: what happens from now on, or from the filter's start. filter are the query parameters of the
// events stream.
func (c *Client) Stream(ctx context.Context, appID, after string, filter url.Values, paused func(error), fn func(Event) error) error {
	if after == "" && !filter.Has("start") {
		after = "latest"
	}
	wait := backoffMin
	for {
		last, err := c.stream(ctx, appID, after, filter, fn)
		if last != after {
			after, wait = last, backoffMin
		}
		var refused *Refusal
		var mine *callbackError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &mine):
			return mine.error
		case errors.As(err, &refused) && refused.Status < 500 && refused.Status != http.StatusTooManyRequests:
			return err
		}
		if paused != nil {
			paused(err)
		}
		if err := clock.Sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, backoffMax)
	}
}

// callbackError is what fn returned.
type callbackError struct{ error }

// stream reads one connection to its end and returns the cursor of the last event.
func (c *Client) stream(ctx context.Context, appID, after string, filter url.Values, fn func(Event) error) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	query := url.Values{}
	for name, values := range filter {
		query[name] = values
	}
	if after != "" {
		query.Set("after", after)
		query.Del("start")
	}
	path := "/api/v1.0/" + url.PathEscape(appID) + "/events/stream?" + query.Encode()
	resp, err := c.do(ctx, http.MethodGet, path, nil, "Accept", "text/event-stream")
	if err != nil {
		return after, err
	}
	defer func() { _ = resp.Body.Close() }()
	dead := time.AfterFunc(quiet, cancel)
	defer dead.Stop()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, lineMax)
	var e Event
	for lines.Scan() {
		dead.Reset(quiet)
		line := lines.Bytes()
		if len(line) == 0 {
			if e.Cursor != "" {
				after = e.Cursor
			}
			if len(e.Body) > 0 {
				if err := fn(e); err != nil {
					return after, &callbackError{err}
				}
			}
			e = Event{}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "id":
			e.Cursor = string(value)
		case "event":
			e.Name = string(value)
		case "data":
			e.Body = append(e.Body, value...)
		}
	}
	err = lines.Err()
	if err == nil {
		err = io.EOF
	}
	return after, fmt.Errorf("the stream ended: %w", err)
}
