package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"comanda/event"
	"comanda/internal/db"
)

// verify compares what diners saw confirmed with the server's orders, the log and the receiver, and stops the node.
func (s *installation) verify(t *testing.T, n *node, acknowledged []acknowledgement, r *receiver) {
	t.Helper()
	r.await(t, acknowledged...)
	for i, a := range acknowledged {
		if i%(len(acknowledged)/10+1) != 0 {
			continue
		}
		if id, err := n.place(t.Context(), a.key); err != nil || id != a.id {
			t.Errorf("the key of order %d, used again, answers order %d, %v", a.id, id, err)
		}
	}
	have := s.orders(t, n)
	report(t, compare("server", acknowledged, have))
	// Each order that is there was acknowledged in the end, because each diner insisted, but for the demo's own.
	if want := len(acknowledged) + 1; len(have) != want {
		t.Errorf("the server has %d orders, want %d", len(have), want)
	}
	if err := n.Stop(patience); err != nil {
		t.Errorf("the server did not stop well: %v", err)
	}
	report(t, compare("log", acknowledged, s.log(t, len(have))))
}

// verifyHolds says whether every acknowledged order is there, with its event.
func (s *installation) verifyHolds(t *testing.T, n *node, acknowledged []acknowledgement) {
	t.Helper()
	have := s.orders(t, n)
	report(t, compare("server", acknowledged, have))
	if err := n.Stop(patience); err != nil {
		t.Errorf("the server did not stop well: %v", err)
	}
	report(t, compare("log", acknowledged, s.log(t, len(have))))
}

// compare says what is wrong with what was found (order id → how often), given what was acknowledged.
func compare(where string, acknowledged []acknowledgement, have map[int]int) []string {
	var wrong []string
	seen := map[int]bool{}
	for _, a := range acknowledged {
		if seen[a.id] {
			wrong = append(wrong, fmt.Sprintf("two keys were answered with order %d", a.id))
		}
		seen[a.id] = true
		if have[a.id] != 1 {
			wrong = append(wrong, fmt.Sprintf("order %d was acknowledged and is %d times in the %s, want once", a.id, have[a.id], where))
		}
	}
	return wrong
}

// gaps says where positions are not 1, 2, 3 and so on.
func gaps(positions []int64) []string {
	var wrong []string
	for i, p := range positions {
		if p != int64(i)+1 {
			wrong = append(wrong, fmt.Sprintf("position %d stands where %d should", p, i+1))
		}
	}
	return wrong
}

func TestTheComparisonCanFail(t *testing.T) {
	two := []acknowledgement{{"a", 1}, {"b", 2}}
	for _, c := range []struct {
		what string
		acks []acknowledgement
		have map[int]int
		want int
	}{
		{"all there", two, map[int]int{1: 1, 2: 1, 3: 1}, 0},
		{"one lost", two, map[int]int{1: 1}, 1},
		{"one twice", two, map[int]int{1: 1, 2: 2}, 1},
		{"one order for two keys", []acknowledgement{{"a", 1}, {"b", 1}}, map[int]int{1: 1}, 1},
	} {
		if got := compare("log", c.acks, c.have); len(got) != c.want {
			t.Errorf("%s: %q, want %d complaints", c.what, got, c.want)
		}
	}
	if gaps([]int64{1, 2, 3}) != nil || gaps([]int64{1, 3}) == nil || gaps([]int64{2}) == nil || gaps([]int64{1, 1}) == nil {
		t.Error("gaps in positions are not noticed")
	}
}

// orders lists all orders through the API.
func (s *installation) orders(t *testing.T, n *node) map[int]int {
	t.Helper()
	out := map[int]int{}
	for page := 1; ; page++ {
		var list struct {
			TotalRecordCount int
			Data             []struct{ OrderId int }
		}
		n.api(t, http.MethodGet, fmt.Sprintf("/api/v1.0/orders?page=%d&limit=100", page), nil, &list)
		for _, o := range list.Data {
			out[o.OrderId]++
		}
		if len(list.Data) == 0 || len(out) >= list.TotalRecordCount {
			return out
		}
	}
}

// log reads the brand's log from the database, checks that its positions have no gap, and counts order.created by order.
func (s *installation) log(t *testing.T, orders int) map[int]int {
	t.Helper()
	config := db.Config{URL: s.databaseURL}
	if s.databaseURL == "" {
		config = db.Config{Path: filepath.Join(s.data, "comanda.db")}
	}
	d, err := db.Open(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	const brand = 1001 // the only one
	out, positions := map[int]int{}, []int64{}
	err = d.Read(t.Context(), func(tx *db.Tx) error {
		for {
			after := int64(0)
			if len(positions) > 0 {
				after = positions[len(positions)-1]
			}
			events, err := event.Read(tx, brand, after, 500)
			if err != nil || len(events) == 0 {
				return err
			}
			for _, e := range events {
				positions = append(positions, e.Position)
				if e.Name != "order.created" {
					continue
				}
				var body struct{ Order struct{ OrderId int } }
				if err := json.Unmarshal(e.Body, &body); err != nil {
					return err
				}
				out[body.Order.OrderId]++
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	report(t, gaps(positions))
	if len(out) != orders {
		t.Errorf("the log tells of %d orders, the server has %d", len(out), orders)
	}
	return out
}

// report fails the test with the first few of many complaints.
func report(t *testing.T, wrong []string) {
	t.Helper()
	for i, w := range wrong {
		if i == 5 {
			t.Errorf("and %d more", len(wrong)-i)
			return
		}
		t.Error(w)
	}
}
