package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// settings are what a subscription has beyond the contract's fields, as stored.
type settings struct {
	Stores        []int `json:",omitempty"` // only events of these stores; empty = all events
	RatePerSecond int   `json:",omitempty"` // attempts started per second at most; 0 = as fast as the endpoint answers
	HoldSeconds   *int  `json:",omitempty"` // how long later events of an order wait for a failed one; nil = orderHold
}

func parseSettings(text string) (s settings, err error) {
	if err = json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("webhook: settings: %w", err)
	}
	return s, nil
}

// orderHold is how long after an event's first failed attempt the later events of its subject wait for it.
func (s *settings) orderHold() time.Duration {
	if s.HoldSeconds == nil {
		return orderHold
	}
	return time.Duration(*s.HoldSeconds) * time.Second
}

// takes reports whether events of a store pass the store filter; store 0 is an event of no single store.
func (s *settings) takes(store int) bool {
	return len(s.Stores) == 0 || slices.Contains(s.Stores, store)
}
