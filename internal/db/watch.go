package db

import (
	"bytes"
	"context"
	"log/slog"
	"reflect"
	"runtime"
	"sync"
	"time"

	"comanda/internal/clock"
)

// slowClosure is how long a closure may take before it is logged: on SQLite every other write waits for it.
const slowClosure = 50 * time.Millisecond

// watched wraps a closure with what holds on both engines: slow ones are logged by name, never with data, and in strict
// mode the goroutine is marked while it runs.
func (d *DB) watched(kind string, fn func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		tx.guard = d.guard
		d.guard.enter()
		defer d.guard.leave()
		start := clock.Mono()
		err := fn(tx)
		if took := clock.Mono().Sub(start); took > slowClosure {
			d.stats.slow.Add(1)
			slog.Warn("slow "+kind+" closure", "closure", closureName(fn), "took", took.Round(time.Millisecond))
		}
		return err
	}
}

func closureName(fn func(*Tx) error) string {
	return runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Name()
}

// nested says whether the caller is inside a closure already: by its context, and in strict mode by its goroutine.
func (d *DB) nested(ctx context.Context) bool {
	return ctx.Value(nestedKey{}) != nil || d.guard.inside()
}

// guard knows which goroutines run a closure. A nil guard knows of none.
type guard struct{ goroutines sync.Map }

func (g *guard) enter() {
	if g != nil {
		g.goroutines.Store(goroutine(), true)
	}
}

func (g *guard) leave() {
	if g != nil {
		g.goroutines.Delete(goroutine())
	}
}

func (g *guard) inside() bool {
	if g == nil {
		return false
	}
	_, in := g.goroutines.Load(goroutine())
	return in
}

// goroutine returns the number of the current goroutine, which Go tells only in a stack trace.
func goroutine() string {
	var b [64]byte
	text := b[:runtime.Stack(b[:], false)]
	text = bytes.TrimPrefix(text, []byte("goroutine "))
	if i := bytes.IndexByte(text, ' '); i > 0 {
		text = text[:i]
	}
	return string(text)
}
