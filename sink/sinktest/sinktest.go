// Package sinktest is the test kit of sinks: an installation of a log and brands, and what is to arrive of it.
package sinktest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/event"
	"comanda/internal/db"
	"comanda/sink"
	"comanda/wire"
)

// Patience is how long a test waits for what must happen.
const Patience = 60 * time.Second

// World is one node's log on a database.
type World struct {
	T   testing.TB
	DB  *db.DB
	Log *event.Log
}

// New makes a node. On PostgreSQL there may be several on one database.
func New(t testing.TB, d *db.DB) *World {
	return &World{T: t, DB: d, Log: event.NewLog(d, event.LeaseTime(time.Second))}
}

// Slug is brand-1 for brand 1.
func Slug(_ *db.Tx, brand int) (string, error) { return fmt.Sprint("brand-", brand), nil }

// Append adds events to a brand's log, each in a transaction of its own, about three orders in turn.
func (w *World) Append(brand, n int) {
	w.T.Helper()
	for i := range n {
		w.Say(brand, i%3+1, fmt.Sprint("Order ", i))
	}
}

// Burst is Append in few transactions.
func (w *World) Burst(brand, n int) {
	w.T.Helper()
	for n > 0 {
		part := min(n, 500)
		n -= part
		records := make([]event.Record, part)
		for i := range records {
			records[i] = w.record(brand, i%30+1, strings.Repeat("x", 500))
		}
		w.append(records...)
	}
}

// Say adds one event with a text of its own.
func (w *World) Say(brand, order int, text string) {
	w.T.Helper()
	w.append(w.record(brand, order, text))
}

func (w *World) append(records ...event.Record) {
	w.T.Helper()
	err := w.DB.Write(context.Background(), func(tx *db.Tx) error { w.Log.Append(tx, records...); return nil })
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *World) record(brand, order int, text string) event.Record {
	w.T.Helper()
	slug, _ := Slug(nil, brand)
	r, err := event.Encode(event.New{
		Brand: brand, AppID: slug, Subject: fmt.Sprint("order/", brand*1000+order), Body: &wire.OrderCreatedEvent{Description: text},
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return r
}

// Head is the position of a brand's newest event.
func (w *World) Head(brand int) (head int64) {
	w.T.Helper()
	err := w.DB.Read(context.Background(), func(tx *db.Tx) (err error) { head, err = event.Head(tx, brand); return err })
	if err != nil {
		w.T.Fatal(err)
	}
	return head
}

// Cursor is how far a sink has come in a brand; -1 = it has not begun.
func (w *World) Cursor(name string, brand int) int64 {
	w.T.Helper()
	at := int64(-1)
	err := w.DB.Read(context.Background(), func(tx *db.Tx) error {
		all, err := event.Followers(tx, "sink/"+name, brand)
		for _, f := range all {
			if f.Name == "sink/"+name {
				at = f.Cursor
			}
		}
		return err
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return at
}

// Lost are the lost ranges as "brand: from-to reason".
func (w *World) Lost(name string) (out []string) {
	w.T.Helper()
	err := w.DB.Read(context.Background(), func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`select brand_id, from_position, to_position, reason from sink_lost where sink = $1 order by brand_id, from_position`, name)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var brand int
			var from, to int64
			var reason string
			if err := rows.Scan(&brand, &from, &to, &reason); err != nil {
				return err
			}
			out = append(out, fmt.Sprintf("%d: %d-%d %s", brand, from, to, reason))
		}
		return rows.Err()
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return out
}

// Sinks makes the sinks of this node.
func (w *World) Sinks(configs ...sink.Config) *sink.Sinks {
	w.T.Helper()
	s, err := sink.New(w.DB, w.Log, Slug, configs...)
	if err != nil {
		w.T.Fatal(err)
	}
	return s
}

// Run runs sinks and the node's log until the returned function is called, or the test ends.
func (w *World) Run(s *sink.Sinks) (stop func()) {
	logCtx, stopLog := context.WithCancel(context.Background())
	runCtx, stopRun := context.WithCancel(context.Background())
	var logs, runs sync.WaitGroup
	logs.Go(func() { _ = w.Log.Run(logCtx) })
	runs.Go(func() { _ = s.Run(runCtx) })
	stop = sync.OnceFunc(func() {
		stopRun()
		runs.Wait()
		stopLog()
		logs.Wait()
	})
	w.T.Cleanup(stop)
	return stop
}

// Eventually waits until a condition about other processes or connections holds.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.After(Patience); !holds(); {
		select {
		case <-end:
			t.Fatalf("it never came: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Arrived is one message at a destination.
type Arrived struct {
	ID, Brand, Subject string
	Position           int64
	Body               string
}

// Check holds what arrived of a brand, positions from..head, against the promise: nothing is missing, repetitions apart
// all is in sequence and of the log's bytes. It returns how many came twice.
func (w *World) Check(brand int, from int64, got []Arrived) (twice int) {
	w.T.Helper()
	var stored []event.Event
	err := w.DB.Read(context.Background(), func(tx *db.Tx) (err error) {
		stored, err = event.Read(tx, brand, from-1, 1<<30)
		return err
	})
	if err != nil {
		w.T.Fatal(err)
	}
	slug, _ := Slug(nil, brand)
	next := 0
	seen := map[string]bool{}
	for _, a := range got {
		if a.Brand != slug {
			continue
		}
		if seen[a.ID] {
			twice++
			continue
		}
		seen[a.ID] = true
		if next == len(stored) {
			w.T.Errorf("brand %d: position %d came and is not in the log", brand, a.Position)
			break
		}
		e := stored[next]
		if a.ID != e.ID || a.Position != e.Position || a.Body != string(e.Flat()) || a.Subject != e.Subject {
			w.T.Errorf("brand %d: position %d (%s) came where %d should", brand, a.Position, a.Subject, e.Position)
			break
		}
		next++
	}
	if next < len(stored) && !w.T.Failed() {
		w.T.Errorf("brand %d: %d of %d events came", brand, next, len(stored))
	}
	return twice
}
