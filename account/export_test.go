package account

import "context"

// HashRuns is how many password hashes were made or checked.
func (a *Accounts) HashRuns() int64 { return a.hash.runs.Load() }

// SweepOnce is the step of Run.
func (a *Accounts) SweepOnce(ctx context.Context) (int, error) { return a.sweepOnce(ctx) }
