package order

import (
	"context"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// maxSlots bounds one list of slots.
const maxSlots = 1000

// ShopSlots are the times that an order can be wanted for, as a diner sees them.
type ShopSlots struct {
	StoreId                     int                           `json:"StoreId" format:"int32"`
	DeliveryType                wire.DeliveryType             `json:"DeliveryType" enum:"Delivery,Pickup"`
	IanaTimeZone                string                        `json:"IanaTimeZone" doc:"The zone that the times are shown in."`
	PreOrderTimeDisplayType     *wire.PreOrderTimeDisplayType `json:"PreOrderTimeDisplayType" enum:"SingleTime,StartAndEndTime,DayOnly" nullable:"true" doc:"How the store wants slots to be shown."`
	RequireExplicitSelectAlways bool                          `json:"RequireExplicitSelectAlways" doc:"The store wants its diners to choose, even where there is one choice."`
	Asap                        AsapSlot                      `json:"Asap" doc:"An order without RequestedForTime."`
	Slots                       []ShopSlot                    `json:"Slots" doc:"In the sequence of their times; 1,000 at most."`
	Next                        *wire.Time                    `json:"Next" nullable:"true" doc:"From which time on to ask for more; null when there are no more."`
}

// AsapSlot says whether an order for as soon as possible is taken.
type AsapSlot struct {
	IsBookable bool        `json:"IsBookable"`
	Reason     *SlotReason `json:"Reason" enum:"Closed,Paused,Full,AfterLastOrder,AsapOff" nullable:"true" doc:"Why it is not: the store is closed, is paused, has as many orders as it takes at a time, closes before the order could be ready, or takes orders only for a chosen time."`
	ReadyTime  *wire.Time  `json:"ReadyTime" nullable:"true" doc:"When an order that is placed now is made ready; null when it is not taken."`
}

// ShopSlot is a stretch of time that an order can be wanted for.
type ShopSlot struct {
	StartTime  wire.Time   `json:"StartTime" doc:"What to give as RequestedForTime."`
	EndTime    wire.Time   `json:"EndTime"`
	IsBookable bool        `json:"IsBookable"`
	Reason     *SlotReason `json:"Reason" enum:"Closed,PreOrdersOff,Paused,CutOff,TooSoon,Full" nullable:"true" doc:"Why it cannot be booked: the store is closed then, takes orders only for as soon as possible, is paused, takes no more orders for that day, needs longer to make the order, or has as many orders for it as it takes."`
}

// SlotReason is a [store.Reason] on the wire.
type SlotReason string

// Slots lists the times that an order of a delivery type can be wanted for now, from a time on.
func (o *Orders) Slots(ctx context.Context, _ *account.Caller, appID string, id int, dt wire.DeliveryType, from time.Time) (*ShopSlots, error) {
	brand, err := o.brand(ctx, appID)
	if err != nil {
		return nil, err
	}
	s, err := o.shop(ctx, brand, id)
	if err != nil {
		return nil, err
	}
	if !s.Offers(dt) {
		return nil, fault.BadField("DeliveryType", "%s takes no orders for %s", s.Name, dt)
	}
	now := brand.Now()
	asap, cfg := s.SlotNow(dt, now), s.PreOrderConfig(dt)
	booked, err := o.booked(ctx, s, dt, asap.Start)
	if err != nil {
		return nil, err
	}
	out := &ShopSlots{
		StoreId: s.ID, DeliveryType: dt, IanaTimeZone: s.Wire().IanaTimeZone, PreOrderTimeDisplayType: cfg.PreOrderTimeDisplayType,
		RequireExplicitSelectAlways: wire.V(cfg.RequireExplicitSelectAlways), Slots: []ShopSlot{},
	}
	if no := s.Refuses(dt, now); no != store.NoReason {
		asap.Reason = no
	}
	if asap = asap.Counted(booked); asap.Reason == store.NoReason {
		out.Asap.ReadyTime = wire.AtOrNil(s.Ready(dt, now))
	}
	out.Asap.IsBookable, out.Asap.Reason = told(asap.Reason)
	for slot := range s.Slots(dt, now, from, booked) {
		if len(out.Slots) == maxSlots {
			out.Next = wire.AtOrNil(slot.Start)
			break
		}
		one := ShopSlot{StartTime: wire.At(slot.Start), EndTime: wire.At(slot.End)}
		one.IsBookable, one.Reason = told(slot.Reason)
		out.Slots = append(out.Slots, one)
	}
	return out, nil
}

func told(r store.Reason) (bookable bool, reason *SlotReason) {
	if r == store.NoReason {
		return true, nil
	}
	return false, wire.P(SlotReason(r))
}

// booked are the times from one on, ascending, that the standing orders of a delivery type are wanted for, where the store
// limits them.
func (o *Orders) booked(ctx context.Context, s *store.Store, dt wire.DeliveryType, from time.Time) (out []time.Time, err error) {
	if !s.Limited(dt) {
		return nil, nil
	}
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(sqlWanted, s.ID, string(dt), clock.Micros(from))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var at int64
			if err := rows.Scan(&at); err != nil {
				return err
			}
			out = append(out, clock.FromMicros(at))
		}
		return rows.Err()
	})
	return out, err
}

// requested judges the time that a diner chose. What is not their choice is said by open.
func (b *Basket) requested(c *fault.Collector, a *asked, s *store.Store, now time.Time) {
	if b.RequestedForTime == nil {
		return
	}
	const name = "RequestedForTime"
	a.when, a.preOrder = b.RequestedForTime.Time, true
	a.slot = s.SlotFor(b.DeliveryType, a.when, now)
	at := wire.At(a.when).Format()
	switch a.slot.Reason {
	case store.NoReason:
	case store.PreOrdersOff:
		c.Add(name, "%s takes orders only for as soon as possible; leave %s out", s.Name, name)
	case store.TooSoon:
		if a.when.Before(now) {
			c.Add(name, "%s is past; choose a time to come, or leave it out for as soon as possible", at)
			return
		}
		c.Add(name, "%s cannot have an order ready at %s; choose %s or later", s.Name, at, wire.At(s.Ready(b.DeliveryType, now)).Format())
	case store.TooFarAhead:
		c.Add(name, "%s takes orders for today and at most %d days ahead", s.Name, wire.V(s.PreOrderConfig(b.DeliveryType).MaxOrderAheadDays))
	case store.CutOff:
		c.Add(name, "%s takes no more orders for that day; choose a later one", s.Name)
	case store.AfterLastOrder:
		c.Add(name, "%s closes too soon after %s; choose an earlier time", s.Name, at)
	default:
		c.Add(name, "%s is closed at %s%s", s.Name, at, reopens(s, a.when, b.DeliveryType))
	}
}

// open refuses an order while the store takes none, and one for as soon as possible when that is not possible.
func (b *Basket) open(a *asked, s *store.Store, now time.Time) error {
	of := b.DeliveryType
	switch s.Refuses(of, now) {
	case store.Paused:
		again := ""
		if at, ok := s.Resumes(of, now); ok {
			again = " It takes orders again at " + wire.At(at).Format() + "."
		}
		return fault.Newf(fault.Conflict, "%s takes no orders for %s at the moment.%s", s.Name, of, again).With("Try again later.")
	case store.Closed:
		return fault.Newf(fault.Conflict, "%s is closed and takes no orders, not for later either%s.", s.Name, reopens(s, now, of)).
			With("Try again then.")
	}
	if a.preOrder {
		return nil
	}
	a.slot = s.SlotNow(of, now)
	switch a.slot.Reason {
	case store.Closed:
		return fault.Newf(fault.Conflict, "%s is closed now%s.", s.Name, reopens(s, now, of)).
			With("Choose a RequestedForTime within its hours.")
	case store.AfterLastOrder:
		closing, _ := s.Closing(now, of)
		return fault.Newf(fault.Conflict, "%s closes at %s, before an order could be ready%s.", s.Name, wire.At(closing).Format(), reopens(s, closing, of)).
			With("Choose a RequestedForTime within its hours.")
	case store.AsapOff:
		return fault.BadField("RequestedForTime", "choose a time: %s takes no orders for as soon as possible", s.Name)
	}
	return nil
}

func reopens(s *store.Store, t time.Time, dt wire.DeliveryType) string {
	if at, ok := s.NextOpening(t, dt); ok {
		return "; it opens at " + wire.At(at).Format()
	}
	return ""
}

// seat takes a place in a slot for an order, in the transaction that stores it. Where the store limits the orders for the
// slot, its orders of that type follow each other from here to their commits, so that each counts those before it. Nothing
// is to be given back: an order that comes to nothing is not counted any more.
func seat(tx *db.Tx, s *store.Store, dt wire.DeliveryType, slot store.Slot, order int) error {
	if slot.Most == store.Unlimited {
		return nil
	}
	if _, err := tx.Exec(sqlTakeTurn, s.ID, string(dt)); err != nil {
		return err
	}
	var n int
	err := tx.QueryRow(sqlCountWanted, s.ID, string(dt), clock.Micros(slot.Start), clock.Micros(slot.End), order).Scan(&n)
	if err != nil || n < slot.Most {
		return err
	}
	return &fault.Error{
		Kind:    fault.Conflict,
		Message: "As many orders as " + s.Name + " takes at a time are placed for " + wire.At(slot.Start).Format() + " already.",
		Mend:    "Choose another RequestedForTime; GET …/storefront/stores/{storeId}/slots lists those that can be had.",
		Fields:  []fault.Field{{Name: "RequestedForTime", Message: "is full; choose another time"}},
	}
}
