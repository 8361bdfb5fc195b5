package store

import (
	"context"
	"reflect"

	"comanda/account"
	"comanda/internal/fault"
)

// Deadlines are how long a store has for a new order, and how long the customer may take it back. Of a change, what is nil
// stays.
type Deadlines struct {
	WarnAfterMinutes    *int  `json:"WarnAfterMinutes,omitempty" format:"int32" minimum:"0" maximum:"239" nullable:"true" required:"false" doc:"After how many minutes without an answer to an order the brand's owners are told of it by mail; 0 = they are not."`
	RejectAfterMinutes  *int  `json:"RejectAfterMinutes,omitempty" format:"int32" minimum:"1" maximum:"240" nullable:"true" required:"false" doc:"After how many minutes without an answer an order is rejected."`
	CancelWindowSeconds *int  `json:"CancelWindowSeconds,omitempty" format:"int32" minimum:"0" maximum:"1800" nullable:"true" required:"false" doc:"For how many seconds a new order is held back from the store, so that its customer may cancel it; 0 = it is not."`
	CancelUntilAccepted *bool `json:"CancelUntilAccepted,omitempty" nullable:"true" required:"false" doc:"Whether customers may cancel an order that the store has not answered yet."`
}

const (
	maxAnswerMinutes = 240
	maxCancelSeconds = 30 * 60
)

// standard is what holds where a store has not chosen.
func standard() Deadlines {
	warn, reject, window, cancel := 4, 13, 0, false
	return Deadlines{WarnAfterMinutes: &warn, RejectAfterMinutes: &reject, CancelWindowSeconds: &window, CancelUntilAccepted: &cancel}
}

// Deadlines are those of the store; none of their members is nil.
func (s *Store) Deadlines() Deadlines { return s.doc.Deadlines.with(standard()) }

// with fills what is nil from others.
func (d Deadlines) with(from Deadlines) Deadlines {
	given(&from.WarnAfterMinutes, d.WarnAfterMinutes)
	given(&from.RejectAfterMinutes, d.RejectAfterMinutes)
	given(&from.CancelWindowSeconds, d.CancelWindowSeconds)
	given(&from.CancelUntilAccepted, d.CancelUntilAccepted)
	return from
}

// SetDeadlines changes the members that are given, for orders to come. Right: EditStores.
func (s *Stores) SetDeadlines(ctx context.Context, c *account.Caller, id int, in Deadlines) (Deadlines, error) {
	var faults fault.Collector
	between(&faults, "WarnAfterMinutes", in.WarnAfterMinutes, 0, maxAnswerMinutes-1)
	between(&faults, "RejectAfterMinutes", in.RejectAfterMinutes, 1, maxAnswerMinutes)
	between(&faults, "CancelWindowSeconds", in.CancelWindowSeconds, 0, maxCancelSeconds)
	if err := faults.Err(); err != nil {
		return Deadlines{}, err
	}
	st, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		was := old.Deadlines()
		now := in.with(was)
		if warn, reject := *now.WarnAfterMinutes, *now.RejectAfterMinutes; warn >= reject {
			return nil, fault.BadField("WarnAfterMinutes", "%d is not before the rejection after %d minutes: give less, or 0 for no warning", warn, reject)
		}
		if reflect.DeepEqual(was, now) {
			return nil, nil
		}
		doc.Deadlines = now
		return []eventOf{updated(c, "changed the deadlines of orders at the store %s: a warning after %d minutes, rejection after %d, %d seconds to cancel",
			*now.WarnAfterMinutes, *now.RejectAfterMinutes, *now.CancelWindowSeconds)}, nil
	})
	if err != nil {
		return Deadlines{}, err
	}
	return st.Deadlines(), nil
}
