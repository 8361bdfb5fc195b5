package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// stepTimeout bounds the wait for each step of the timeline.
const stepTimeout = 20 * time.Second

// Step is one line of the timeline: what happened, and when, in milliseconds after the order was sent.
type Step struct {
	What         string  `json:"what"`
	Milliseconds float64 `json:"milliseconds"`
}

// timeline is the story of one order.
type timeline struct {
	start time.Time
	Steps []Step `json:"timeline"`
}

func (t *timeline) at(when time.Time, what string) {
	t.Steps = append(t.Steps, Step{what, float64(when.Sub(t.start).Microseconds()) / 1000})
}

func (t *timeline) sort() {
	slices.SortStableFunc(t.Steps, func(a, b Step) int { return cmp.Compare(a.Milliseconds, b.Milliseconds) })
}

// wait takes from a channel what belongs to the order, or fails with the first thing that went wrong.
func wait(ctx context.Context, from chan heard, failed chan error, orderID int, event string) (heard, error) {
	timeout := time.NewTimer(stepTimeout)
	defer timeout.Stop()
	for {
		select {
		case h := <-from:
			if h.OrderID == orderID && h.Event == event {
				return h, nil
			}
		case err := <-failed:
			return heard{}, err
		case <-timeout.C:
			return heard{}, fmt.Errorf("no %s for order %d within %s", event, orderID, stepTimeout)
		case <-ctx.Done():
			return heard{}, ctx.Err()
		}
	}
}

func (t *timeline) print(w io.Writer) {
	for _, s := range t.Steps {
		fmt.Fprintf(w, "  %8.1f ms  %s\n", s.Milliseconds, s.What)
	}
}

// result is what --json prints: the timeline and where everything is, without secrets (they are in demo.json). An address
// that is dead when the program ends is left out.
type result struct {
	timeline
	Day         *Day   `json:"day,omitempty"`
	Refusal     string `json:"refusal,omitempty"`
	BaseURL     string `json:"baseUrl,omitempty"`
	AppID       string `json:"appId"`
	StoreID     int    `json:"storeId"`
	OrderID     int    `json:"orderId,omitempty"`
	TrackingURL string `json:"trackingUrl,omitempty"`
	Credentials string `json:"credentialsFile,omitempty"`
}

func (r result) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

var errStopped = errors.New("the server stopped")
