package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

const (
	// longestPause is how long a pause and a busy time may last: what is meant for longer is an exception from the hours.
	longestPause = 7 * 24 * time.Hour
	// maxExtraMinutes is how much longer orders may take in a busy time.
	maxExtraMinutes = 240
)

// deliveryTypes are all of them, in the sequence in which they are shown.
var deliveryTypes = []wire.DeliveryType{wire.DeliveryTypePickup, wire.DeliveryTypeDelivery}

// rest is what staff said of a delivery type for a while. Times that have passed mean nothing: nothing ends a pause but the
// clock of the brand, so that it ends in time.
type rest struct {
	PausedUntil, BusyUntil time.Time
	ExtraMinutes           int
}

// Intake is how orders of a delivery type are taken now.
type Intake struct {
	DeliveryType    wire.DeliveryType `json:"DeliveryType" enum:"Delivery,Pickup"`
	IsTaking        bool              `json:"IsTaking" doc:"Orders are taken within the hours: the store offers the delivery type, its switch OpenForDelivery or OpenForPickup is on, and it is not paused."`
	PausedUntil     *wire.Time        `json:"PausedUntil" nullable:"true" doc:"Until when the store is paused; null while it is not. It takes orders again from that moment on."`
	BusyUntil       *wire.Time        `json:"BusyUntil" nullable:"true" doc:"Until when orders take ExtraMinutes longer; null while they do not."`
	ExtraMinutes    int               `json:"ExtraMinutes" format:"int32"`
	LeadTimeMinutes int               `json:"LeadTimeMinutes" format:"int32" doc:"How long an order that is placed now takes, ExtraMinutes included."`
}

// Pause is a pause to come.
type Pause struct {
	DeliveryType *wire.DeliveryType `json:"DeliveryType,omitempty" enum:"Delivery,Pickup" nullable:"true" required:"false" doc:"null is both."`
	Until        wire.Time          `json:"Until" doc:"When orders are taken again: within 7 days."`
}

// Resumption ends a pause before its time.
type Resumption struct {
	DeliveryType *wire.DeliveryType `json:"DeliveryType,omitempty" enum:"Delivery,Pickup" nullable:"true" required:"false" doc:"null is both."`
}

// Busy is a time in which orders take longer.
type Busy struct {
	DeliveryType *wire.DeliveryType `json:"DeliveryType,omitempty" enum:"Delivery,Pickup" nullable:"true" required:"false" doc:"null is both."`
	ExtraMinutes int                `json:"ExtraMinutes" format:"int32" doc:"How much longer an order takes: at most 240. 0 ends a busy time."`
	Until        *wire.Time         `json:"Until,omitempty" nullable:"true" required:"false" doc:"When orders take as long as usual again: within 7 days. Not needed with 0 ExtraMinutes."`
}

// Taking reports whether staff take orders of a delivery type at t: the store's switch (OpenForDelivery, OpenForPickup) is
// on and it is not paused, whatever the hours say.
func (s *Store) Taking(dt wire.DeliveryType, t time.Time) bool {
	on := s.doc.Store.OpenForPickup
	if dt == wire.DeliveryTypeDelivery {
		on = s.doc.Store.OpenForDelivery
	}
	return on && !t.Before(s.doc.Rests[dt].PausedUntil)
}

// Resumes is when orders of a delivery type are taken again that are not at t: false while the switch is off.
func (s *Store) Resumes(dt wire.DeliveryType, t time.Time) (time.Time, bool) {
	if at := s.doc.Rests[dt].PausedUntil; t.Before(at) {
		t = at
	}
	return t, s.Taking(dt, t)
}

// Ready is when an order that is placed at t can be had. In a busy time it takes longer, but never longer than one that is
// placed when that time is over.
func (s *Store) Ready(dt wire.DeliveryType, t time.Time) time.Time {
	at, r := t.Add(s.LeadTime(dt)), s.doc.Rests[dt]
	if !t.Before(r.BusyUntil) {
		return at
	}
	longer, over := at.Add(time.Duration(r.ExtraMinutes)*time.Minute), r.BusyUntil.Add(s.LeadTime(dt))
	if over.Before(longer) {
		return over
	}
	return longer
}

// LeadMinutesAt is how long an order of a delivery type that is placed at t takes to make ready.
func (s *Store) LeadMinutesAt(dt wire.DeliveryType, t time.Time) int {
	return int(s.Ready(dt, t).Sub(t).Round(time.Minute) / time.Minute)
}

// Intake is how orders of both delivery types are taken at t.
func (s *Store) Intake(t time.Time) []Intake {
	var out []Intake
	for _, dt := range deliveryTypes {
		r := s.doc.Rests[dt]
		i := Intake{
			DeliveryType: dt, IsTaking: s.Offers(dt) && s.Taking(dt, t), LeadTimeMinutes: s.LeadMinutesAt(dt, t),
		}
		if t.Before(r.PausedUntil) {
			i.PausedUntil = wire.AtOrNil(r.PausedUntil)
		}
		if t.Before(r.BusyUntil) {
			i.BusyUntil, i.ExtraMinutes = wire.AtOrNil(r.BusyUntil), r.ExtraMinutes
		}
		out = append(out, i)
	}
	return out
}

// Intake tells how a store takes orders now.
func (s *Stores) Intake(ctx context.Context, c *account.Caller, id int) ([]Intake, error) {
	st, err := s.Get(ctx, c, id)
	if err != nil {
		return nil, err
	}
	brand, err := s.accounts.Brand(ctx, st.Brand)
	if err != nil {
		return nil, err
	}
	return st.Intake(brand.Now()), nil
}

// Pause takes no orders until a time. Whoever answers a store's orders may do that, and what follows.
func (s *Stores) Pause(ctx context.Context, c *account.Caller, id int, in Pause) ([]Intake, error) {
	return s.rest(ctx, c, id, in.DeliveryType, func(r *rest, now time.Time) (string, error) {
		if err := soon("Until", in.Until.Time, now); err != nil {
			return "", err
		}
		r.PausedUntil = in.Until.UTC()
		return "it takes no %s orders until " + in.Until.Format(), nil
	})
}

// Resume takes orders again before a pause is over.
func (s *Stores) Resume(ctx context.Context, c *account.Caller, id int, in Resumption) ([]Intake, error) {
	return s.rest(ctx, c, id, in.DeliveryType, func(r *rest, _ time.Time) (string, error) {
		r.PausedUntil = time.Time{}
		return "it takes %s orders again", nil
	})
}

// SetBusy makes orders take longer until a time, or as long as usual again.
func (s *Stores) SetBusy(ctx context.Context, c *account.Caller, id int, in Busy) ([]Intake, error) {
	return s.rest(ctx, c, id, in.DeliveryType, func(r *rest, now time.Time) (string, error) {
		if in.ExtraMinutes == 0 {
			r.BusyUntil, r.ExtraMinutes = time.Time{}, 0
			return "%s orders take as long as usual again", nil
		}
		var faults fault.Collector
		between(&faults, "ExtraMinutes", &in.ExtraMinutes, 0, maxExtraMinutes)
		if err := faults.Err(); err != nil {
			return "", err
		}
		until := wire.V(in.Until)
		if err := soon("Until", until.Time, now); err != nil {
			return "", err
		}
		r.BusyUntil, r.ExtraMinutes = until.UTC(), in.ExtraMinutes
		return fmt.Sprintf("%%s orders take %d minutes longer until %s", in.ExtraMinutes, until.Format()), nil
	})
}

// soon refuses an end that has passed or is far away.
func soon(name string, at, now time.Time) error {
	switch {
	case !at.After(now):
		return fault.BadField(name, "give a time to come")
	case at.After(now.Add(longestPause)):
		return fault.BadField(name, "is more than %d days ahead; for longer, add an exception from the hours", int(longestPause.Hours()/24))
	}
	return nil
}

// rest edits what staff said of one delivery type, or of both. What the edit returns says it in words, with the delivery
// types to be filled in.
func (s *Stores) rest(
	ctx context.Context, c *account.Caller, id int, of *wire.DeliveryType, edit func(r *rest, now time.Time) (string, error),
) ([]Intake, error) {
	types := deliveryTypes
	if of != nil {
		var faults fault.Collector
		oneOf(&faults, "DeliveryType", of)
		if err := faults.Err(); err != nil {
			return nil, err
		}
		types = []wire.DeliveryType{*of}
	}
	var now time.Time
	st, err := s.changeAs(ctx, c, account.EditOrders, id, func(old *Store, doc *document) ([]eventOf, error) {
		brand, err := s.accounts.Brand(ctx, old.Brand)
		if err != nil {
			return nil, err
		}
		now = brand.Now()
		if doc.Rests == nil {
			doc.Rests = map[wire.DeliveryType]rest{}
		}
		var words string
		var changed []string
		for _, dt := range types {
			was := doc.Rests[dt].at(now)
			r := was
			if words, err = edit(&r, now); err != nil {
				return nil, err
			}
			if doc.Rests[dt] = r; r != was {
				changed = append(changed, strings.ToLower(string(dt)))
			}
		}
		if len(changed) == 0 {
			return nil, nil
		}
		return []eventOf{updated(c, "changed the store %s: "+words, strings.Join(changed, " and "))}, nil
	})
	if err != nil {
		return nil, err
	}
	return st.Intake(now), nil
}

// at leaves of a rest what has not passed.
func (r rest) at(now time.Time) rest {
	if !now.Before(r.PausedUntil) {
		r.PausedUntil = time.Time{}
	}
	if !now.Before(r.BusyUntil) {
		r.BusyUntil, r.ExtraMinutes = time.Time{}, 0
	}
	return r
}
