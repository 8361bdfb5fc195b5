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
	s.compare(t, "server", acknowledged, have)
	// Each order that is there was acknowledged in the end, because each diner insisted, but for the demo's own.
	if want := len(acknowledged) + 1; len(have) != want {
		t.Errorf("the server has %d orders, want %d", len(have), want)
	}
	if err := n.Stop(patience); err != nil {
		t.Errorf("the server did not stop well: %v", err)
	}
	s.compare(t, "log", acknowledged, s.log(t, len(have)))
}

// verifyHolds says whether every acknowledged order is there, with its event.
func (s *installation) verifyHolds(t *testing.T, n *node, acknowledged []acknowledgement) {
	t.Helper()
	have := s.orders(t, n)
	s.compare(t, "server", acknowledged, have)
	if err := n.Stop(patience); err != nil {
		t.Errorf("the server did not stop well: %v", err)
	}
	s.compare(t, "log", acknowledged, s.log(t, len(have)))
}

func (s *installation) compare(t *testing.T, where string, acknowledged []acknowledgement, have map[int]int) {
	t.Helper()
	seen := map[int]bool{}
	for _, a := range acknowledged {
		if seen[a.id] {
			t.Errorf("two keys were answered with order %d", a.id)
		}
		seen[a.id] = true
		if have[a.id] != 1 {
			t.Errorf("order %d was acknowledged and is %d times in the %s, want once", a.id, have[a.id], where)
		}
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
	out, position := map[int]int{}, int64(0)
	err = d.Read(t.Context(), func(tx *db.Tx) error {
		for {
			events, err := event.Read(tx, brand, position, 500)
			if err != nil || len(events) == 0 {
				return err
			}
			for _, e := range events {
				if e.Position != position+1 {
					t.Errorf("the log jumps from position %d to %d", position, e.Position)
				}
				position = e.Position
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
	if len(out) != orders {
		t.Errorf("the log tells of %d orders, the server has %d", len(out), orders)
	}
	return out
}
