package order

import (
	"strings"
	"time"

	"comanda/customer"
	"comanda/internal/fault"
	"comanda/internal/phone"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// asked is a basket read against its store: what an order of it would be, apart from the items.
type asked struct {
	when     time.Time  // the time the order is wanted for: now when it is as soon as possible
	slot     store.Slot // of an order: where it takes a place
	preOrder bool
	tip      money.Amount
	service  money.Rate // the service charge, 0 when it is declined
	expected *money.Amount
	pickup   wire.PickupLocationType
	name     string
	email    string
	phone    string // E.164
	local    string // the phone number as dialled in its country
}

// contact is how the customer can be reached.
func (a *asked) contact() customer.Contact {
	return customer.Contact{Name: a.name, Phone: a.phone, Email: a.email}
}

// against checks the basket against its store at now, the brand's time. placing adds what an order needs beyond a quote.
func (b *Basket) against(s *store.Store, now time.Time, placing bool, p *phone.Reader) (asked, error) {
	var c fault.Collector
	a := asked{when: now, pickup: wire.PickupLocationTypeTakeOut, service: s.ServiceChargeRate}
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
	a.tip = amountIn(&c, "TipAmount", b.TipAmount, s.Currency)
	if b.sale != nil {
		a.service = 0
	} else if a.tip > 0 && !w.TipsEnabled {
		c.Add("TipAmount", "%s takes no tips; leave TipAmount out", s.Name)
	}
	if wire.V(b.NoServiceCharge) && a.service > 0 {
		if a.service = 0; !wire.V(s.ServiceCharge().IsOptional) {
			c.Add("NoServiceCharge", "the service charge of %s is part of every order; leave NoServiceCharge out", s.Name)
		}
	}
	if b.ExpectedAmount != nil {
		expected := amountIn(&c, "ExpectedAmount", b.ExpectedAmount, s.Currency)
		a.expected = &expected
	}
	if strings.TrimSpace(wire.V(b.ChefNote)) != "" && !w.AllowChefNotes {
		c.Add("ChefNote", "%s takes no notes to the kitchen; leave ChefNote out", s.Name)
	}
	b.requested(&c, &a, s, now)
	if b.Contact != nil {
		b.contact(&c, &a, s, p, placing)
	}
	if placing {
		switch card := b.Payment.Method == Card; {
		case b.Payment.Method == byChannel:
		case card && !s.TakesCard(b.DeliveryType):
			c.Add("Payment.Method", "%s takes no cards for %s", s.Name, b.DeliveryType)
		case !card && !s.TakesCash(b.DeliveryType):
			c.Add("Payment.Method", "%s takes no cash for %s", s.Name, b.DeliveryType)
		}
	}
	if err := c.Err(); err != nil || !placing {
		return a, err
	}
	return a, b.open(&a, s, now)
}

func amountIn(c *fault.Collector, name string, d *wire.Decimal, currency string) money.Amount {
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

func (b *Basket) contact(c *fault.Collector, a *asked, s *store.Store, p *phone.Reader, placing bool) {
	a.name = strings.Join(strings.Fields(wire.V(b.Contact.Name)), " ")
	a.email = strings.TrimSpace(wire.V(b.Contact.EmailAddress))
	if placing && a.name == "" && s.NeedsName(b.DeliveryType) {
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
