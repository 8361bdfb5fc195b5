package store

import (
	"iter"
	"slices"
	"time"

	"comanda/wire"
)

// Reason says why an order is not taken for a slot; NoReason is that it is taken.
type Reason string

// The reasons. A slot of a list has one of those before TooFarAhead, a time that is asked for has any.
const (
	NoReason     Reason = ""
	Closed       Reason = "Closed"       // an exception closes the store then, or takes no orders at all now
	PreOrdersOff Reason = "PreOrdersOff" // the store takes orders only for as soon as possible
	Paused       Reason = "Paused"       // staff take no orders at the moment
	CutOff       Reason = "CutOff"       // orders for that day were taken until a time that has passed
	TooSoon      Reason = "TooSoon"      // it cannot be ready by then
	Full         Reason = "Full"         // as many orders as the store takes at a time are for it

	TooFarAhead    Reason = "TooFarAhead"    // more days ahead than the store takes orders for
	AfterLastOrder Reason = "AfterLastOrder" // the store closes before it could be ready, or within the slot
	AsapOff        Reason = "AsapOff"        // the store takes orders only for a time that the diner chooses
)

// Unlimited is the Most of a slot that takes any number of orders.
const Unlimited = -1

// Slot is a stretch of an opening that orders can be wanted for.
type Slot struct {
	Interval
	Most   int // orders that it takes, or Unlimited
	Reason Reason

	counted Interval // where those orders are counted: the slot of the grid, which a finer first one is in
}

// grace is how long a slot that was free is taken for free after it came too close: a request travels.
const grace = time.Minute

// lookBack is how far before a slot the openings are looked for; see pieces.
const lookBack = 3 * 24 * time.Hour

// grid judges the slots of a store at a moment. It is a pure function of the store, the settings and now.
//
// The slots of an opening follow each other from the moment it opens, a whole interval each. An opening that covers a
// whole local day, and so perhaps never ends, begins anew at each midnight; the slot before that one is cut short. So a
// slot begins at the same instant whenever it is asked for. Slots are instants: a local time that the clock skips has
// none, one that it shows twice has one each time.
type grid struct {
	*Store
	of              wire.DeliveryType
	cfg             wire.PreOrderConfig
	now             time.Time
	step            time.Duration
	earliest, until time.Time // what is ordered now can be had from the one on, and before the other
	none            Reason    // why nothing can be ordered for later
}

// grid is that of the stored settings.
func (s *Store) grid(dt wire.DeliveryType, now time.Time) *grid {
	g := s.preview(s.PreOrderConfig(dt), dt, now)
	g.earliest = s.Ready(dt, now)
	if !s.TakesPreOrders(dt) {
		g.none = PreOrdersOff
	}
	return g
}

// preview is the grid of settings that need not be the stored ones, of a store that nobody has paused or is busy in.
func (s *Store) preview(cfg wire.PreOrderConfig, dt wire.DeliveryType, now time.Time) *grid {
	return &grid{
		Store: s, of: dt, cfg: cfg, now: now, step: time.Duration(max(1, wire.V(cfg.IntervalMinutes))) * time.Minute,
		earliest: now.Add(time.Duration(max(0, wire.V(cfg.LeadTimeMinutes))) * time.Minute),
		until:    s.midnight(now, 1+max(0, wire.V(cfg.MaxOrderAheadDays))),
	}
}

// Refuses is why a store takes no orders at all now, for whatever time: it is paused, or an exception from the hours says
// so.
func (s *Store) Refuses(dt wire.DeliveryType, now time.Time) Reason {
	switch {
	case !s.Taking(dt, now):
		return Paused
	case s.shut(dt, now):
		return Closed
	}
	return NoReason
}

// Slots are the slots of a delivery type that begin from a time on, now at the earliest, and not further ahead than orders
// are taken, each with the reason why an order is not taken for it. booked are the times, ascending, that the orders of the
// type which stand are wanted for.
func (s *Store) Slots(dt wire.DeliveryType, now, from time.Time, booked []time.Time) iter.Seq[Slot] {
	if from.Before(now) {
		from = now
	}
	g := s.grid(dt, now)
	if g.none == NoReason {
		g.none = s.Refuses(dt, now)
	}
	return g.slots(from, booked)
}

// SlotFor is the slot that an order for a time takes a place in, with the reason why the time cannot be chosen. Whether the
// store refuses all orders is not looked at. Nor are orders counted: whoever places one counts, in the same transaction.
func (s *Store) SlotFor(dt wire.DeliveryType, at, now time.Time) Slot {
	g := s.grid(dt, now)
	slot, whole := g.holding(at)
	switch {
	case g.none != NoReason:
		slot.Reason = g.none
	case at.Before(now.Add(-grace)):
		slot.Reason = TooSoon
	case !at.Before(g.until):
		slot.Reason = TooFarAhead
	case slot.Reason != NoReason:
	case !whole:
		slot.Reason = AfterLastOrder
	default:
		slot.Reason = g.judge(at, grace)
	}
	return slot
}

// SlotNow is the slot that an order for as soon as possible takes a place in, with the reason why it is not taken, as
// SlotFor has it. The last such order of an opening is the one that is ready when it ends.
func (s *Store) SlotNow(dt wire.DeliveryType, now time.Time) Slot {
	g := s.grid(dt, now)
	slot, _ := g.holding(now)
	closing, _ := s.Closing(now, dt)
	switch {
	case slot.Reason != NoReason:
	case !wire.V(g.cfg.IncludeAsap):
		slot.Reason = AsapOff
	case g.earliest.After(closing):
		slot.Reason = AfterLastOrder
	}
	return slot
}

// slots are those that begin at from or later and before until.
func (g *grid) slots(from time.Time, booked []time.Time) iter.Seq[Slot] {
	return func(yield func(Slot) bool) {
		if !from.Before(g.until) {
			return
		}
		for _, p := range g.pieces(from, g.until) {
			if !p.End.After(from) {
				continue
			}
			first := p.Start
			if first.Before(from) {
				first = first.Add((from.Sub(first) + g.step - 1).Truncate(g.step))
			}
			early, some := g.finer(p, from)
			for t := first; t.Before(g.until); t = t.Add(g.step) {
				if some && t.After(early.Start) {
					if some = false; !yield(g.judged(early, booked)) {
						return
					}
				}
				slot, whole := p.slot(g, t)
				if !whole {
					break
				}
				if !yield(g.judged(slot, booked)) {
					return
				}
			}
		}
	}
}

// finer is the slot that begins at the first whole five minutes that can be had, from or later, where no slot of the grid
// does between these two moments.
func (g *grid) finer(p piece, from time.Time) (Slot, bool) {
	start := g.earliest.Add(5*time.Minute - 1).Truncate(5 * time.Minute)
	if !wire.V(g.cfg.IncludeMoreGranularInitialTime) || p.closed || !p.Contains(start) || start.Before(from) {
		return Slot{}, false
	}
	slot, _ := p.holding(g, start)
	slot.Interval = Interval{start, start.Add(g.step)}
	return slot, slot.counted.Start.Before(g.earliest) && !slot.End.After(p.End)
}

// judged is a slot of the list with its reason.
func (g *grid) judged(slot Slot, booked []time.Time) Slot {
	if slot.Reason == NoReason {
		slot.Reason = g.judge(slot.Start, 0)
	}
	return slot.Counted(booked)
}

// Counted is a slot that is full when as many orders as it takes are among booked: the times, ascending, that orders are
// wanted for.
func (s Slot) Counted(booked []time.Time) Slot {
	low, _ := slices.BinarySearchFunc(booked, s.counted.Start, time.Time.Compare)
	high, _ := slices.BinarySearchFunc(booked, s.counted.End, time.Time.Compare)
	if s.Reason == NoReason && s.Most != Unlimited && high-low >= s.Most {
		s.Reason = Full
	}
	return s
}

// judge is why an order for a time within the hours is not taken.
func (g *grid) judge(at time.Time, grace time.Duration) Reason {
	switch {
	case g.none != NoReason:
		return g.none
	case g.cutOff(at):
		return CutOff
	case at.Before(g.earliest.Add(-grace)):
		return TooSoon
	}
	return NoReason
}

// cutOff reports whether the day of a time can be ordered for no more.
func (g *grid) cutOff(at time.Time) bool {
	passed := func(text *string, daysBefore int) bool {
		seconds, ok := parseTimeSpan(wire.V(text))
		if text == nil || !ok {
			return false
		}
		y, m, d := at.In(g.loc).Date()
		end, _ := instants(time.Date(y, m, d-daysBefore, 0, 0, 0, 0, time.UTC), seconds, g.loc)
		return !g.now.Before(end)
	}
	return passed(g.cfg.CutOffTimeCurrentDayBasic, 0) || passed(g.cfg.CutOffTimePreviousDayBasic, 1)
}

// holding is the slot that holds a time, and whether it is a whole one: after the last of an opening something may be left
// that is none. Outside the hours it is empty and its reason is that the store is closed.
func (g *grid) holding(at time.Time) (slot Slot, whole bool) {
	for _, p := range g.pieces(at, at) {
		if p.Contains(at) {
			return p.holding(g, at)
		}
	}
	return Slot{Interval: Interval{at, at}, Most: Unlimited, Reason: Closed}, false
}

// piece is a part of an opening with a grid of its own, or of what would be one but for an exception.
type piece struct {
	Interval
	goesOn bool // at its end, a midnight, the store stays open
	closed bool
}

// slot is the slot of a piece's grid that begins at t, and whether it is a whole one.
func (p piece) slot(g *grid, t time.Time) (slot Slot, whole bool) {
	slot = Slot{Interval: Interval{t, t.Add(g.step)}, Most: g.most(g.of, t)}
	if p.closed {
		slot.Reason = Closed
	}
	if whole = !slot.End.After(p.End); !whole {
		slot.End, whole = p.End, p.goesOn && t.Before(p.End)
	}
	slot.counted = slot.Interval
	return slot, whole
}

// holding is the slot of a piece's grid that holds a time of the piece.
func (p piece) holding(g *grid, at time.Time) (slot Slot, whole bool) {
	return p.slot(g, p.Start.Add(at.Sub(p.Start).Truncate(g.step)))
}

// pieces are the openings that hold the slots between two times, and what exceptions take from them, in order and cut where
// their grids begin anew: at each midnight from the second on. Openings are looked for from some days before, so that they
// are known from where they begin, whatever exceptions there were. One that has begun even earlier has passed its second
// midnight by then, so that the cuts are where they always are.
func (g *grid) pieces(from, to time.Time) (out []piece) {
	from, to = from.Add(-lookBack), to.Add(g.step)
	open := g.Openings(from, to, g.of)
	var gone []Interval
	if len(g.doc.Overrides) > 0 {
		gone = g.openings(from, to, g.of, false)
		for _, o := range open {
			gone = subtract(gone, o)
		}
	}
	cut := func(in []Interval, closed bool) {
		for _, o := range in {
			for midnight := g.midnight(o.Start, 2); midnight.Before(o.End); midnight = g.midnight(midnight, 1) {
				out = append(out, piece{Interval{o.Start, midnight}, true, closed})
				o.Start = midnight
			}
			out = append(out, piece{o, false, closed})
		}
	}
	cut(open, false)
	cut(gone, true)
	slices.SortFunc(out, func(a, b piece) int { return a.Start.Compare(b.Start) })
	return out
}

// midnight is the beginning of the local day some days after that of t.
func (s *Store) midnight(t time.Time, days int) time.Time {
	y, m, d := t.In(s.loc).Date()
	at, _ := instants(time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC), 0, s.loc)
	return at
}
