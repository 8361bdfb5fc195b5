package account

import (
	"context"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// maxClockOffset is how far a sandbox's clock can be ahead.
const maxClockOffset = 10 * 365 * 24 * time.Hour

// Clock is what the clock of a brand shows.
type Clock struct {
	Time          wire.Time `json:"Time" doc:"The brand's time: opening hours, slots and the times of orders and events follow it."`
	OffsetSeconds float64   `json:"OffsetSeconds" doc:"By how much it is ahead; 0 for a live brand."`
}

// ClockChange sets a sandbox's clock: one of its members.
type ClockChange struct {
	Time           *wire.Time `json:"Time,omitempty" required:"false" doc:"What the clock is to show. Not before what it shows now."`
	AdvanceSeconds *int       `json:"AdvanceSeconds,omitempty" required:"false" doc:"By how much it goes ahead."`
}

func (b Brand) clock() Clock { return Clock{wire.At(b.Now()), b.ClockOffset.Seconds()} }

// Clock reads the clock of a brand. Right: ReadApp.
func (a *Accounts) Clock(ctx context.Context, c *Caller, appID string) (Clock, error) {
	b, err := a.Open(ctx, c, appID, ReadApp)
	return b.clock(), err
}

// SetClock moves the clock of a sandbox brand, ahead only: what has happened has happened. Parallel advances add up. The
// log's own times, retries, leases and tokens stay with real time. Right: Develop.
func (a *Accounts) SetClock(ctx context.Context, c *Caller, appID string, in ClockChange) (Clock, error) {
	b, err := a.Open(ctx, c, appID, Develop)
	if err != nil {
		return Clock{}, err
	}
	if !b.Sandbox {
		return Clock{}, fault.New(fault.Forbidden, "The clock of a live brand cannot be set.").With("Make a sandbox brand, whose clock can.")
	}
	change, by, err := in.check(b)
	if err != nil {
		return Clock{}, err
	}
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(change, b.ID, by.Microseconds(), maxClockOffset.Microseconds())
		if err != nil {
			return err
		}
		if b, err = a.LoadBrand(tx, b.ID); err != nil {
			return err
		}
		if n == 0 {
			return notBack(b)
		}
		return a.Audit(tx, c, b.ID, "sandbox.clock.set", "app/"+b.AppID, wire.At(b.Now()).Format())
	})
	if err != nil {
		return Clock{}, wrap("set clock", err)
	}
	a.brands.Evict(b.ID)
	return b.clock(), nil
}

func notBack(b Brand) error {
	return fault.Newf(fault.Conflict, "The clock shows %s already; it goes ahead only, and at most ten years.", wire.At(b.Now()).Format()).
		With("Set a later time, or make a new sandbox brand.")
}

// check returns the statement of the change and its argument.
func (in ClockChange) check(b Brand) (statement string, by time.Duration, err error) {
	switch {
	case (in.Time == nil) == (in.AdvanceSeconds == nil):
		return "", 0, fault.BadField("Time", "give either Time or AdvanceSeconds")
	case in.Time != nil:
		by = in.Time.Sub(clock.Now())
		switch {
		case by > maxClockOffset:
			return "", 0, fault.BadField("Time", "must be within ten years from now")
		case by < 0: // also before what a clock shows that was never moved
			return "", 0, notBack(b)
		}
		return sqlSetClock, by, nil
	case *in.AdvanceSeconds < 1 || *in.AdvanceSeconds > int(maxClockOffset/time.Second):
		return "", 0, fault.BadField("AdvanceSeconds", "must be from 1 to %d", int(maxClockOffset/time.Second))
	}
	return sqlAdvanceClock, time.Duration(*in.AdvanceSeconds) * time.Second, nil
}
