package order

import (
	"strings"
	"time"

	"comanda/internal/fault"
	"comanda/internal/phone"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// asked is a basket read against its store: what an order of it would be, apart from the items.
type asked struct {
	when     time.Time // the time the order is wanted for: now when it is as soon as possible
	preOrder bool
	tip      money.Amount
	expected *money.Amount
	pickup   wire.PickupLocationType
	name     string
	email    string
	phone    string // E.164
	local    string // the phone number as dialled in its country
}

// late is how long ago a requested time may be before it counts as past: clocks differ and requests travel.
const late = time.Minute

// against checks the basket against its store at now, the brand's time. placing adds what an order needs beyond a quote.
func (b *Basket) against(s *store.Store, now time.Time, placing bool, p *phone.Reader) (asked, error) {
	var c fault.Collector
	a := asked{when: now, pickup: wire.PickupLocationTypeTakeOut}
	w := s.Wire()
	if !s.Offers(b.DeliveryType) {
		c.Add("DeliveryType", "%s takes no orders for %s", s.Name, b.DeliveryType)
	}
	if p := wire.V(b.PickupLocationType); p != "" && b.DeliveryType == wire.DeliveryTypePickup {
		a.pickup = p
		if !s.Serves(p) {
			c.Add("PickupLocationType", "%s does not offer %s", s.Name, p)
		}
	}
	a.tip = b.amountIn(&c, "TipAmount", b.TipAmount, s.Currency)
	if a.tip > 0 && !w.TipsEnabled {
		c.Add("TipAmount", "%s takes no tips; leave TipAmount out", s.Name)
	}
	if b.ExpectedAmount != nil {
		expected := b.amountIn(&c, "ExpectedAmount", b.ExpectedAmount, s.Currency)
		a.expected = &expected
	}
	if strings.TrimSpace(wire.V(b.ChefNote)) != "" && !w.AllowChefNotes {
		c.Add("ChefNote", "%s takes no notes to the kitchen; leave ChefNote out", s.Name)
	}
	b.times(&c, &a, s, now)
	if placing {
		b.contact(&c, &a, s, p)
		if !s.TakesCash(b.DeliveryType) {
			c.Add("Payment.Method", "%s takes no cash for %s", s.Name, b.DeliveryType)
		}
	}
	if err := c.Err(); err != nil {
		return a, err
	}
	if placing {
		return a, b.open(s, a)
	}
	return a, nil
}

func (b *Basket) amountIn(c *fault.Collector, name string, d *wire.Decimal, currency string) money.Amount {
	if d == nil {
		return 0
	}
	a, err := money.Parse(*d, currency)
	switch {
	case err != nil:
		c.Add(name, "%s", err)
	case a < 0:
		c.Add(name, "must be 0 or more")
	}
	return a
}

// times judges a requested time. That the store is closed for it is said here, because the diner chose it; that it is
// closed now is said by open.
func (b *Basket) times(c *fault.Collector, a *asked, s *store.Store, now time.Time) {
	const name = "RequestedForTime"
	if b.RequestedForTime == nil {
		return
	}
	a.when, a.preOrder = b.RequestedForTime.Time, true
	days := wire.V(s.PreOrderConfig(b.DeliveryType).MaxOrderAheadDays)
	if days <= 0 {
		days = maxDaysAhead
	}
	y, m, d := now.In(s.Location()).Date()
	last := time.Date(y, m, d+days+1, 0, 0, 0, 0, s.Location())
	switch {
	case !s.TakesPreOrders(b.DeliveryType):
		c.Add(name, "%s takes orders only for as soon as possible; leave %s out", s.Name, name)
	case a.when.Before(now.Add(-late)):
		c.Add(name, "%s is past; choose a time to come, or leave it out for as soon as possible", wire.At(a.when).Format())
	case !a.when.Before(last):
		c.Add(name, "%s takes orders at most %d days ahead", s.Name, days)
	case !s.OpenAt(a.when, b.DeliveryType):
		c.Add(name, "%s is closed at %s%s", s.Name, wire.At(a.when).Format(), reopens(s, a.when, b.DeliveryType))
	}
}

// open refuses an order while the store is paused, and one for now while it is closed.
func (b *Basket) open(s *store.Store, a asked) error {
	if !s.Taking(b.DeliveryType) {
		return fault.Newf(fault.Conflict, "%s takes no orders for %s at the moment.", s.Name, b.DeliveryType).
			With("Try again later.")
	}
	if !a.preOrder && !s.OpenAt(a.when, b.DeliveryType) {
		return fault.Newf(fault.Conflict, "%s is closed now%s.", s.Name, reopens(s, a.when, b.DeliveryType)).
			With("Choose a RequestedForTime within its hours.")
	}
	return nil
}

func reopens(s *store.Store, t time.Time, dt wire.DeliveryType) string {
	if at, ok := s.NextOpening(t, dt); ok {
		return "; it opens at " + wire.At(at).Format()
	}
	return ""
}

func (b *Basket) contact(c *fault.Collector, a *asked, s *store.Store, p *phone.Reader) {
	a.name = strings.Join(strings.Fields(wire.V(b.Contact.Name)), " ")
	a.email = strings.TrimSpace(wire.V(b.Contact.EmailAddress))
	if a.name == "" && s.NeedsName(b.DeliveryType) {
		c.Add("Contact.Name", "%s asks for a name", s.Name)
	}
	text := strings.TrimSpace(wire.V(b.Contact.PhoneNumber))
	if text == "" {
		return
	}
	n, ok := p.Read(text, s.Wire().Address.CountryCode)
	if !ok {
		c.Add("Contact.PhoneNumber", "is not a phone number; write it with its country code, such as +353 1 234 5678")
	}
	a.phone, a.local = n.International, n.Local
}
