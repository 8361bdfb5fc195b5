// Package worker runs what goes on beside the doors: a step that does a bounded piece of work and says how much, taken again
// and again.
package worker

import (
	"context"
	"log/slog"
	"time"
)

// Step does a bounded piece of work and returns how much it did; 0 = there is nothing to do now.
type Step func(ctx context.Context) (n int, err error)

// Run takes steps until ctx ends: the next one at once while there is something to do, else when every has passed or wake
// has a value (nil: never). An error is logged with what failed, such as "sending mail"; the step is taken again later.
func Run(ctx context.Context, what string, every time.Duration, wake <-chan struct{}, step Step) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		n, err := step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			slog.ErrorContext(ctx, what+" failed; it goes on later", "error", err)
		case n > 0:
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-wake:
		}
	}
}
