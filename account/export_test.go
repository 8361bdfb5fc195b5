package account

import "context"

// SweepOnce is the step of Run.
func (a *Accounts) SweepOnce(ctx context.Context) (int, error) { return a.sweepOnce(ctx) }
