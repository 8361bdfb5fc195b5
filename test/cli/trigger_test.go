package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"comanda/internal/client"
)

// What is triggered has happened: the log has it, about the order that is told.
func TestEventsAreTriggered(t *testing.T) {
	s := open(t, "--pos", "first")
	for event, want := range map[string]string{
		"order.created":        "order.created",
		"order.accepted":       "order.accepted order.created",
		"order.rejected":       "order.created order.rejected",
		"order.dispatched":     "order.accepted order.created order.dispatched",
		"order.refunded":       "order.accepted order.created order.refunded",
		"Order.Tip.Updated":    "order.created order.tip.updated",
		"order.rating.updated": "order.accepted order.created order.rating.updated",
	} {
		var told struct {
			EventName string
			OrderId   int
		}
		if err := json.Unmarshal([]byte(s.says(nil, "trigger", event, "--json")), &told); err != nil {
			t.Fatal(err)
		}
		if got := s.happened(told.OrderId); got != want || told.EventName != strings.ToLower(event) {
			t.Errorf("%s: %+v, and in the log %s", event, told, got)
		}
	}
	s.says([]string{"Order ", " was placed, accepted, dispatched.\n"}, "trigger", "order.dispatched")

	s.says([]string{"A test of order.created to subscription 1001: 200 after "}, "trigger", "order.created", "--subscription", "1001")
	s.says([]string{"A test of menu.updated to subscription 1001: 200 after "}, "trigger", "menu.updated")
	deaf := serve(t, "127.0.0.1:0", http.StatusTeapot)
	s.says(nil, "webhooks", "create", "http://"+deaf.Addr, "--event", "order.rejected")
	out, errs, code := s.run("trigger", "store.updated", "--json")
	var tests []struct{ EventName string }
	if err := json.Unmarshal([]byte(out), &tests); err != nil || len(tests) != 2 || tests[1].EventName != "store.updated" || code != 1 || !strings.Contains(errs, "1 of 2 endpoints did not take the test") {
		t.Errorf("exit %d: %v %s %s", code, err, out, errs)
	}
	for args, want := range map[string]string{
		"order.vanished":                 "order.vanished",
		"order.created --subscription 9": "9",
	} {
		if _, errs, code := s.run(append([]string{"trigger"}, strings.Fields(args)...)...); code != 3 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s", args, code, errs)
		}
	}
}

// happened names the events of an order, sorted.
func (s *shop) happened(order int) string {
	s.t.Helper()
	raw, err := os.ReadFile(s.credentials)
	var c struct{ BaseURL, CAFile, AccessToken, AppID string }
	if err != nil || json.Unmarshal(raw, &c) != nil {
		s.t.Fatal(err, string(raw))
	}
	api, err := client.New(client.Config{Server: c.BaseURL, CAFile: c.CAFile, Token: c.AccessToken})
	if err != nil {
		s.t.Fatal(err)
	}
	defer api.Close()
	classes, err := client.Data[map[string][]struct{ EventName string }](s.t.Context(), api, http.MethodGet, fmt.Sprintf("/api/v1.0/%s/events/order/%d", c.AppID, order), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, events := range classes {
		for _, e := range events {
			names = append(names, e.EventName)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
