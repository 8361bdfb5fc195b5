package simulate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"comanda/internal/client"
	"comanda/money"
	"comanda/wire"
)

// answers is what a kitchen does about a new order.
type answers int

const (
	accepts answers = iota
	rejects
	dawdles  // accepts when it may be too late
	overlook // the order
	quarrels // two people answer, differently
)

var kitchens = []weighted[answers]{{accepts, 80}, {rejects, 6}, {dawdles, 6}, {overlook, 3}, {quarrels, 5}}

var reasons = []string{"TooBusy", "FoodUnavailable", "UnableToDeliver", "UnknownAddress"}

// hear is what the restaurant does about an event that its till received.
func (s *sim) hear(e heard) {
	id := e.Body.Order.OrderId
	switch {
	case e.Type == "order.created":
		s.answer(id)
	case e.Type == "order.accepted":
		s.cook(e)
	case e.Type == "order.fulfillment.status.updated" && e.Body.StatusName == string(wire.OrderStateManualReview):
		chance := s.chance("review of an order", e.Body.OrderId)
		action := pick(chance, []weighted[string]{{"Release", 2}, {"Reject", 1}})
		if strings.Contains(e.Body.Description, "refund") { // it would be declined again
			action = "Release"
		}
		s.order(later(600, 2400, chance), e.Body.OrderId, "review", map[string]string{"Action": action})
	}
}

// order puts something that staff do to an order on the agenda.
func (s *sim) order(at time.Time, id int, operation string, body any) {
	s.agenda.add(at, fmt.Sprintf("order %d: %s %v", id, operation, body), func(ctx context.Context) {
		s.ask(s.staff.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/orders/%d/%s", id, operation), body, nil))
	})
}

func (s *sim) answer(id int) {
	chance := s.chance("answer to an order", id)
	accept := map[string]int{"EstimatedMinutesForDelivery": 15 + 5*chance.IntN(7)}
	reject := map[string]string{"RejectReason": reasons[chance.IntN(len(reasons))]}
	soon := later(10, 200, chance)
	switch pick(chance, kitchens) {
	case accepts:
		s.order(soon, id, "accept", accept)
	case rejects:
		s.order(soon, id, "reject", reject)
	case dawdles:
		s.order(later(300, 1000, chance), id, "accept", accept)
	case overlook:
	case quarrels:
		s.order(soon, id, "accept", accept)
		s.order(soon, id, "reject", reject)
	}
}

// cook makes an order and hands it over; now and then something is wrong with it.
func (s *sim) cook(e heard) {
	o := e.Body.Order
	chance := s.chance("making of an order", o.OrderId)
	made := later(600, 2100, chance)
	if early := o.RequestedForTime.Add(-20 * time.Minute); early.After(made) {
		made = early
	}
	if oneIn(40, chance) {
		s.order(made, o.OrderId, "reject?afterAccept=true", map[string]string{"RejectReason": "FoodUnavailable"})
		return
	}
	if o.DeliveryType == "Delivery" {
		s.deliver(o.OrderId, made, chance)
	} else {
		s.order(made, o.OrderId, "dispatch", nil)
	}
	after := made.Add(time.Duration(30+chance.IntN(60)) * time.Minute)
	switch k := chance.IntN(100); {
	case k < 3:
		s.refund(after, o.OrderId, 1)
	case k < 8: // half of it twice, as when two people hear of it, and once more
		for i := range 3 {
			s.refund(after.Add(time.Duration(i)*time.Second), o.OrderId, 2)
		}
	}
}

// refund hands back a part of what an order costs then.
func (s *sim) refund(at time.Time, id, part int) {
	s.agenda.add(at, fmt.Sprintf("order %d: refund", id), func(ctx context.Context) {
		is, err := client.Data[struct{ Amount wire.Decimal }](ctx, s.staff, http.MethodGet, fmt.Sprintf("/api/v1.0/orders/%d", id), nil)
		amount, wrong := money.Parse(is.Amount, currency)
		if err = errors.Join(err, wrong); err == nil {
			err = s.staff.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/orders/%d/refund", id), map[string]any{
				"RefundReason": "It was not as ordered", "RefundAmount": (amount / money.Amount(part)).Decimal(currency), "NotifyCustomer": true,
			}, nil)
		}
		s.ask(err)
	})
}

// deliver gives an order to a driver, who takes it to its diner; some doors stay shut.
func (s *sim) deliver(id int, made time.Time, chance *rand.Rand) {
	by := s.couriers[chance.IntN(len(s.couriers))]
	minutes := func(least, most int) time.Duration {
		return time.Duration(least*60+chance.IntN((most-least)*60)) * time.Second
	}
	at := made.Add(-minutes(2, 8))
	if oneIn(2, chance) {
		s.order(at, id, "driver", map[string]int{"DriverId": by.id})
		at = at.Add(minutes(1, 2))
	}
	track := func(status wire.DeliveryTrackingStatus) {
		s.agenda.add(at, fmt.Sprintf("order %d: %s", id, status), func(ctx context.Context) {
			s.ask(by.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/orders/%d/tracking/%s", id, status), nil, nil))
		})
	}
	track(wire.DeliveryTrackingStatusAccepted)
	at = slices.MaxFunc([]time.Time{at.Add(minutes(1, 2)), made}, time.Time.Compare)
	track(wire.DeliveryTrackingStatusCarrying)
	at = at.Add(minutes(1, 3))
	track(wire.DeliveryTrackingStatusOnTheWay)
	at = at.Add(minutes(5, 20))
	track(wire.DeliveryTrackingStatusArrivedAtLocation)
	at = at.Add(minutes(1, 3))
	if oneIn(25, chance) {
		track(wire.DeliveryTrackingStatusCannotDeliver)
		return
	}
	track(wire.DeliveryTrackingStatusDelivered)
}

// incidents has each kitchen stop for a while and be slow for a while, and the till out of reach twice.
func (s *sim) incidents(opens time.Time) {
	day := time.Duration(s.Hours) * time.Hour
	stretch := func(chance *rand.Rand, least, most int) (from, to time.Time) {
		from = opens.Add(time.Duration(chance.Int64N(int64(day))))
		return from, from.Add(time.Duration(least+chance.IntN(most-least)) * time.Minute)
	}
	for _, store := range s.stores {
		chance := s.chance("incidents of a store", store)
		staff := func(at time.Time, operation string, body any) {
			s.agenda.add(at, fmt.Sprintf("store %d: %s", store, operation), func(ctx context.Context) {
				s.ask(s.staff.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/stores/%d/%s", store, operation), body, nil))
			})
		}
		from, to := stretch(chance, 10, 30)
		staff(from, "pause", map[string]any{"Until": wire.At(to)})
		if oneIn(2, chance) {
			staff(from.Add(to.Sub(from)/2), "resume", map[string]any{})
		}
		from, to = stretch(chance, 30, 90)
		staff(from, "busy", map[string]any{"ExtraMinutes": 20, "Until": wire.At(to)})
	}
	chance := s.chance("outages of the till", 0)
	for range 2 {
		from, to := stretch(chance, 1, 2+2*s.Hours)
		s.till.outages = append(s.till.outages, span{from, to})
	}
}
