// Package revision keeps a change that was made from an old state from overwriting a newer one: whoever changes something says
// which revision of it they have seen. Who says nothing changes what is there.
package revision

import (
	"context"
	"errors"

	"comanda/internal/fault"
)

type seenKey struct{}

// Seen returns a context in which a change is a Conflict when what it changes has another revision than the one that whoever
// changes it has seen.
func Seen(ctx context.Context, revision int64) context.Context {
	return context.WithValue(ctx, seenKey{}, revision)
}

// Check is the Conflict of a change to something, such as "this OAuth app", that has the revision now; nil when it is the one
// that was seen, or none was.
func Check(ctx context.Context, now int64, something string) error {
	if seen, given := ctx.Value(seenKey{}).(int64); !given || seen == now {
		return nil
	}
	return stale{fault.Newf(fault.Conflict, "Somebody else changed %s meanwhile.", something).With("Look at what it is now, then change it again.")}
}

// stale tells the fault of Check from other conflicts.
type stale struct{ fault *fault.Error }

func (s stale) Error() string { return s.fault.Error() }
func (s stale) Unwrap() error { return s.fault }

// Stale reports whether an error is the Conflict of Check.
func Stale(err error) bool { return errors.As(err, new(stale)) }
