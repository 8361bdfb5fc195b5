package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"comanda/internal/client"
	"comanda/internal/clock"
	"comanda/order"
	"comanda/payment/simulator"
	"comanda/wire"
)

// placed is what a diner is answered.
type placed struct {
	OrderId       int
	OrderState    wire.OrderState
	TrackingToken string
	Amount        wire.Decimal
	TipAmount     wire.Decimal
	Payment       *order.OpenPayment
}

// cards are the means of payment that diners come with.
var cards = []weighted[string]{
	{simulator.Visa, 66},
	{simulator.Twice, 6},
	{simulator.Late, 6},
	{simulator.Challenge, 8},
	{simulator.Decline, 4},
	{simulator.Timeout, 4},
	{simulator.Lost, 3},
	{simulator.Expired, 1},
	{simulator.NoRefund, 1},
	{simulator.Dispute, 1},
}

// arrivals puts the diners on the agenda: more of them at lunch and at dinner than between.
func (s *sim) arrivals(opens time.Time) {
	day := time.Duration(s.Hours) * time.Hour
	for n := range s.Orders {
		chance := s.chance("when a diner comes", n)
		at := chance.Float64()
		switch k := chance.IntN(100); {
		case k < 35:
			at = 0.16 + 0.07*chance.NormFloat64()
		case k < 80:
			at = 0.70 + 0.08*chance.NormFloat64()
		}
		s.agenda.add(opens.Add(time.Duration(min(max(at, 0), 1)*float64(day))), fmt.Sprintf("diner %06d", n), func(ctx context.Context) { s.dine(ctx, n) })
	}
}

// dine is the nth diner: they fill a basket, look at the price and order.
func (s *sim) dine(ctx context.Context, n int) {
	chance := s.chance("what a diner does", n)
	b, err := s.server.Orders.DrawSample(ctx, s.creds.AppID, order.SampleOrders{}, chance)
	if err != nil {
		s.turnedAway(err)
		return
	}
	s.adorn(ctx, &b, chance)
	quote, err := client.Data[order.Calculation](ctx, s.diners, http.MethodPost, s.path("/storefront/quotes"), b)
	if err != nil && b.VoucherCode != nil {
		b.VoucherCode = nil
		quote, err = client.Data[order.Calculation](ctx, s.diners, http.MethodPost, s.path("/storefront/quotes"), b)
	}
	if err != nil {
		s.turnedAway(err)
		return
	}
	b.ExpectedAmount = wire.P(quote.Amount)
	key := fmt.Sprintf("simulated-order-%d-%d", s.Seed, n)
	raw, err := client.Data[json.RawMessage](ctx, s.diners, http.MethodPost, s.path("/storefront/orders"), b, "Idempotency-Key", key)
	if err != nil {
		s.turnedAway(err)
		return
	}
	p := s.note(raw)
	if p.Payment == nil && oneIn(12, chance) { // a finger that taps twice
		again, err := client.Data[json.RawMessage](ctx, s.diners, http.MethodPost, s.path("/storefront/orders"), b, "Idempotency-Key", key)
		s.promises.Repeats.check(err == nil && bytes.Equal(raw, again), "order %d was answered otherwise the second time: %v", p.OrderId, err)
	}
	s.cards[p.OrderId] = wire.V(b.Payment.Token)
	s.pay(p, chance)
	s.think(p, b.Payment.Method == order.Cash, chance)
}

// adorn adds to a basket what makes one diner's order different from the next one's.
func (s *sim) adorn(ctx context.Context, b *order.Basket, chance *rand.Rand) {
	who := chance.IntN(min(max(12, s.Orders/4), mostDiners))
	names := strings.Fields("Ada Ben Cleo Dan Eve Finn Gita Hugo Iris Jude Kim Leo")
	name := names[who%len(names)]
	b.Contact = &order.Contact{Name: wire.P(name + " Sample"), PhoneNumber: wire.P(fmt.Sprintf(sampleNumber, who))}
	if who%2 == 0 {
		b.Contact.EmailAddress = wire.P(fmt.Sprintf("%s.%d@example.com", strings.ToLower(name), who))
	}
	if oneIn(4, chance) {
		b.Contact.MarketingEnabled = wire.P(oneIn(2, chance))
	}
	if oneIn(5, chance) {
		b.VoucherCode = &codes[chance.IntN(len(codes))]
	}
	if oneIn(8, chance) {
		b.RequestedForTime = s.slot(ctx, b, chance)
	}
	if chance.IntN(100) < 55 {
		b.Payment = &order.Payment{Method: order.Card, Token: wire.P(pick(chance, cards))}
	}
}

// slot is one of the times in the next hours that a basket can be wanted for; nil when there is none.
func (s *sim) slot(ctx context.Context, b *order.Basket, chance *rand.Rand) *wire.Time {
	all, err := client.Data[order.ShopSlots](ctx, s.diners, http.MethodGet,
		s.path("/storefront/stores/%d/slots?DeliveryType=%s", b.StoreId, b.DeliveryType), nil)
	if err != nil {
		s.unexpected(err)
		return nil
	}
	var free []wire.Time
	for _, one := range all.Slots {
		if one.IsBookable && one.StartTime.Before(clock.Now().Add(5*time.Hour)) {
			free = append(free, one.StartTime)
		}
	}
	if len(free) == 0 {
		return nil
	}
	return &free[chance.IntN(len(free))]
}

// note takes down what a diner was answered.
func (s *sim) note(raw []byte) placed {
	var p placed
	if err := json.Unmarshal(raw, &p); err != nil {
		s.unexpected(err)
	}
	if p.OrderState == wire.OrderStateReadyToProcess || p.OrderState == wire.OrderStateAcceptedByRestaurant {
		s.confirmed[p.OrderId] = true
	}
	return p
}

// tracked is the path of an order for its diner.
func (s *sim) tracked(p placed, what string) string {
	return s.path("/storefront/orders/%s/%s", url.PathEscape(p.TrackingToken), what)
}

// pay goes on with a payment that waits for its diner or its provider; some diners never come back.
func (s *sim) pay(p placed, chance *rand.Rand) {
	if p.Payment == nil || oneIn(6, chance) {
		return
	}
	answer := map[string]string{}
	if p.Payment.Status == "NeedsCustomer" {
		answer["Answer"] = pick(chance, []weighted[string]{{simulator.Approve, 5}, {simulator.Refuse, 1}})
	}
	s.agenda.add(later(5, 60, chance), fmt.Sprint("payment of ", p.OrderId), func(ctx context.Context) {
		raw, err := client.Data[json.RawMessage](ctx, s.diners, http.MethodPost, s.tracked(p, "payment"), answer)
		if err == nil {
			s.note(raw)
		} else {
			s.turnedAway(err)
		}
	})
}

// think is what diners do about an order after they have placed it: another tip, a change of mind, a rating.
func (s *sim) think(p placed, cash bool, chance *rand.Rand) {
	act := func(at time.Time, what string, body any) {
		s.agenda.add(at, fmt.Sprint(what, " of ", p.OrderId), func(ctx context.Context) {
			s.ask(s.diners.Call(ctx, http.MethodPost, s.tracked(p, what), body, nil))
		})
	}
	if oneIn(12, chance) {
		tip := 0 // a card pays no more than it was asked for
		if cash {
			tip = 1 + chance.IntN(5)
		}
		act(later(30, 600, chance), "tip", map[string]any{"TipAmount": tip})
	}
	if oneIn(20, chance) {
		act(later(10, 300, chance), "cancel", nil)
	}
	if oneIn(4, chance) {
		act(later(3600, 7200, chance), "rating", map[string]any{"Rating": 1 + chance.IntN(5)})
	}
}

// later is some seconds from now, between least and most.
func later(least, most int, chance *rand.Rand) time.Time {
	return clock.Now().Add(time.Duration(least)*time.Second + time.Duration(chance.Int64N(int64(most-least)*int64(time.Second))))
}
