package order

import (
	"fmt"
	"math"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"comanda/internal/fault"
	"comanda/internal/phone"
	"comanda/wire"
)

// The limits of one order. They bound the work of a request and the size of its events.
const (
	MaxLines         = 100 // entries of Items
	MaxQuantity      = 99  // units of one entry
	MaxUnits         = 300 // units of the whole order
	MaxOptions       = 50  // options of one entry
	MaxChefNote      = 500 // characters, as all text limits
	maxName          = 100
	maxEmail         = 254
	maxAddressField  = 200
	maxInstructions  = 500
	maxVoucherCode   = 100
	maxPublicID      = 64
	maxToken         = 255
	minCardDigits    = 12
	maxReturnURL     = 1000
	maxMinutesToMake = 200
	maxDocument      = 512 << 10 // bytes of the order's JSON, which every event of the order repeats
)

// Basket is what a diner wants: the body of a quote and of an order. A quote needs no Contact, Payment, DeliveryLocation
// or ExpectedAmount; with a Contact, vouchers that depend on the customer are judged.
type Basket struct {
	StoreId            int                      `json:"StoreId" format:"int32" doc:"The store that the order is for."`
	DeliveryType       wire.DeliveryType        `json:"DeliveryType" enum:"Delivery,Pickup"`
	PickupLocationType *wire.PickupLocationType `json:"PickupLocationType,omitempty" enum:"TakeOut,TableService,DineIn" nullable:"true" required:"false" doc:"For a pickup; TakeOut when left out."`
	RequestedForTime   *wire.Time               `json:"RequestedForTime,omitempty" nullable:"true" required:"false" doc:"When the order is wanted; null is as soon as possible."`
	Items              []BasketItem             `json:"Items" maxItems:"100" doc:"What is ordered: at most 100 entries and 300 units."`
	VoucherCode        *string                  `json:"VoucherCode,omitempty" nullable:"true" required:"false" doc:"The code of a voucher, in any case. One that does not hold for the order is refused; without one, the best voucher that is applied without a code is."`
	TipAmount          *wire.Decimal            `json:"TipAmount,omitempty" nullable:"true" required:"false" doc:"0 or more, with at most the currency's decimals."`
	NoServiceCharge    *bool                    `json:"NoServiceCharge,omitempty" nullable:"true" required:"false" doc:"The customer declines the service charge; only where it is optional."`
	ChefNote           *string                  `json:"ChefNote,omitempty" nullable:"true" required:"false" doc:"A note to the kitchen, where the store allows notes; at most 500 characters."`
	DeliveryLocation   *wire.DeliveryLocation   `json:"DeliveryLocation,omitempty" required:"false" doc:"Needed for a delivery: Coordinates, Street, and Town or PostCode. A quote needs only Coordinates, and without them it has no delivery fee. Ignored for a pickup."`
	Contact            *Contact                 `json:"Contact,omitempty" required:"false" doc:"Needed for an order: how the store reaches the customer. A quote with it tells whether vouchers hold for this customer."`
	Payment            *Payment                 `json:"Payment,omitempty" required:"false" doc:"Needed for an order."`
	ExpectedAmount     *wire.Decimal            `json:"ExpectedAmount,omitempty" nullable:"true" required:"false" doc:"The Amount that the customer was shown. When the order would cost anything else it is refused with 409 and the new quote. Leave it out only where nobody was shown a price."`

	sale *sale // how another channel sold it; nil of what is bought here
}

// BasketItem is one entry: some units of one menu item, each with the same options.
type BasketItem struct {
	MenuItemPublicId wire.UUID      `json:"MenuItemPublicId" format:"uuid" doc:"PublicId of a menu item."`
	Quantity         int            `json:"Quantity" format:"int32" minimum:"1" maximum:"99"`
	Options          []BasketOption `json:"Options,omitempty" required:"false" maxItems:"50"`
}

// BasketOption is one chosen option.
type BasketOption struct {
	MenuItemOptionPublicId wire.UUID `json:"MenuItemOptionPublicId" format:"uuid" doc:"PublicId of an option of the item."`
}

// Contact is how the store reaches the customer: a phone number or an e-mail address at least.
type Contact struct {
	Name         *string `json:"Name,omitempty" nullable:"true" required:"false"`
	PhoneNumber  *string `json:"PhoneNumber,omitempty" nullable:"true" required:"false" doc:"International (+353 1 234 5678), or as dialled in the store's country."`
	EmailAddress *string `json:"EmailAddress,omitempty" nullable:"true" required:"false"`

	MarketingEnabled *bool `json:"MarketingEnabled,omitempty" nullable:"true" required:"false" doc:"What the customer says of marketing: true agrees to it, false takes that back; left out says nothing."`
}

// Payment is how the customer pays.
type Payment struct {
	Method    PaymentMethod `json:"Method" enum:"Cash,Card" doc:"Cash is paid to the store; Card where the store takes cards and its brand has a provider of payments."`
	Token     *string       `json:"Token,omitempty" nullable:"true" required:"false" doc:"Needed for Card: the customer's means of payment as a token of the provider, such as sim_visa of the Simulator in a sandbox brand. Never a card number."`
	ReturnUrl *string       `json:"ReturnUrl,omitempty" nullable:"true" required:"false" doc:"For Card: the https page that the customer's browser comes back to when their bank has asked them something."`
}

// PaymentMethod is a way to pay.
type PaymentMethod string

// The ways to pay. Cash is paid to the store when the order is handed over. What a Card pays is held when the order is
// placed, and taken when it is accepted.
const (
	Cash PaymentMethod = "Cash"
	Card PaymentMethod = "Card"
)

// check looks at what needs neither store nor menu. placing adds what an order needs beyond a quote.
func (b *Basket) check(placing bool) error {
	var c fault.Collector
	if b.StoreId <= 0 || b.StoreId > 1<<31-1 {
		c.Add("StoreId", "give the id of a store, as GET …/storefront/stores lists it")
	}
	if b.DeliveryType != wire.DeliveryTypeDelivery && b.DeliveryType != wire.DeliveryTypePickup {
		c.Add("DeliveryType", "must be Delivery or Pickup")
	}
	switch wire.V(b.PickupLocationType) {
	case "", wire.PickupLocationTypeTakeOut, wire.PickupLocationTypeTableService, wire.PickupLocationTypeDineIn:
	default:
		c.Add("PickupLocationType", "must be TakeOut, TableService or DineIn")
	}
	b.checkItems(&c)
	checkText(&c, "VoucherCode", wire.V(b.VoucherCode), maxVoucherCode, false)
	checkText(&c, "ChefNote", wire.V(b.ChefNote), MaxChefNote, true)
	if p := b.place(); p != nil && (math.Abs(p.Latitude) > 90 || math.Abs(p.Longitude) > 180) {
		c.Add(fieldPlace, "Latitude must be from -90 to 90, Longitude from -180 to 180")
	}
	if placing || b.Contact != nil {
		b.checkContact(&c, placing)
	}
	if placing {
		b.checkPayment(&c)
		b.checkLocation(&c)
	}
	return c.Err()
}

func (b *Basket) checkItems(c *fault.Collector) {
	if len(b.Items) == 0 {
		c.Add("Items", "order one item at least")
	}
	if len(b.Items) > MaxLines {
		c.Add("Items", "at most %d entries are allowed; raise Quantity where entries are the same", MaxLines)
		return
	}
	units := 0
	for i := range b.Items {
		it := &b.Items[i]
		if it.MenuItemPublicId == "" || len(it.MenuItemPublicId) > maxPublicID {
			c.Add(at("Items[%d].MenuItemPublicId", i), "give the PublicId of an item of the store's menu")
		}
		if it.Quantity < 1 || it.Quantity > MaxQuantity {
			c.Add(at("Items[%d].Quantity", i), "must be from 1 to %d", MaxQuantity)
			continue
		}
		units += it.Quantity
		if len(it.Options) > MaxOptions {
			c.Add(at("Items[%d].Options", i), "at most %d options are allowed", MaxOptions)
		}
	}
	if units > MaxUnits {
		c.Add("Items", "%d units are more than one order may have (%d); split the order", units, MaxUnits)
	}
}

func (b *Basket) checkContact(c *fault.Collector, placing bool) {
	if b.Contact == nil {
		c.Add("Contact", "give a PhoneNumber or an EmailAddress, so that the store can reach the customer")
		return
	}
	email, number := strings.TrimSpace(wire.V(b.Contact.EmailAddress)), strings.TrimSpace(wire.V(b.Contact.PhoneNumber))
	checkText(c, "Contact.Name", wire.V(b.Contact.Name), maxName, false)
	if placing && email == "" && number == "" {
		c.Add("Contact.PhoneNumber", "give a PhoneNumber or an EmailAddress, so that the store can reach the customer")
	}
	if len(number) > phone.MaxText {
		c.Add("Contact.PhoneNumber", "at most %d characters are allowed", phone.MaxText)
	}
	if email != "" && !isEmail(email) {
		c.Add("Contact.EmailAddress", "is not an e-mail address; write it as ann@example.com")
	}
}

// isEmail takes a plain address: no display name, no quoting, a domain with a dot in it.
func isEmail(s string) bool {
	if len(s) > maxEmail || strings.ContainsFunc(s, unicode.IsControl) {
		return false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(strings.Trim(domain, "."), ".")
}

func (b *Basket) checkPayment(c *fault.Collector) {
	switch {
	case b.sale != nil: // how it is paid is settled
	case b.Payment == nil || b.Payment.Method == "":
		c.Add("Payment.Method", "say how the order is paid: Cash or Card")
	case b.Payment.Method == Card:
		b.Payment.checkCard(c)
	case b.Payment.Method != Cash:
		c.Add("Payment.Method", "must be Cash or Card")
	case wire.V(b.Payment.Token) != "":
		c.Add("Payment.Token", "is for Card; leave it out")
	}
}

// checkCard refuses what is no token, a card number above all: it would be stored, and everybody who stores card numbers has
// to prove much more than we want to.
func (p *Payment) checkCard(c *fault.Collector) {
	token := wire.V(p.Token)
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, token)
	switch {
	case token == "":
		c.Add("Payment.Token", "give the token that the provider's script made of the customer's card")
	case len(digits) >= minCardDigits && strings.Trim(token, "0123456789 -") == "":
		c.Add("Payment.Token", "is a card number; never send one, send the token that the provider's script makes of it")
	case len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		c.Add("Payment.Token", "is no token of a provider: those have at most %d visible characters", maxToken)
	}
	if back := wire.V(p.ReturnUrl); back != "" {
		u, err := url.Parse(back)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(back) > maxReturnURL {
			c.Add("Payment.ReturnUrl", "must be an https address of at most %d characters", maxReturnURL)
		}
	}
}

func (b *Basket) checkLocation(c *fault.Collector) {
	l := b.DeliveryLocation
	if b.DeliveryType != wire.DeliveryTypeDelivery {
		return
	}
	if l == nil {
		c.Add("DeliveryLocation", "a delivery needs an address: Coordinates, Street, and Town or PostCode")
		return
	}
	if strings.TrimSpace(l.Street) == "" {
		c.Add("DeliveryLocation.Street", "a delivery needs a street")
	}
	if strings.TrimSpace(l.Town) == "" && strings.TrimSpace(l.PostCode) == "" {
		c.Add("DeliveryLocation.Town", "a delivery needs a Town or a PostCode")
	}
	for _, f := range []struct{ name, text string }{
		{"Building", l.Building},
		{"Street", l.Street},
		{"Town", l.Town},
		{"PostCode", l.PostCode},
		{"PrettyAddressString", l.PrettyAddressString},
	} {
		checkText(c, "DeliveryLocation."+f.name, f.text, maxAddressField, false)
	}
	checkText(c, "DeliveryLocation.DeliveryInstructions", l.DeliveryInstructions, maxInstructions, true)
	if l.Coordinates == nil && (b.sale == nil || b.sale.fee == nil) {
		c.Add(fieldPlace, "a delivery needs the Latitude and Longitude of its address, which tell whether and for what fee the store delivers there")
	}
}

// checkText refuses text that is too long, or that holds characters which a receipt or a database cannot.
func checkText(c *fault.Collector, name, s string, most int, lines bool) {
	if utf8.RuneCountInString(s) > most {
		c.Add(name, "at most %d characters are allowed", most)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && (!lines || (r != '\n' && r != '\r' && r != '\t'))
	}) {
		c.Add(name, "control characters are not allowed")
	}
}

func at(format string, i int) string { return fmt.Sprintf(format, i) }

// checkSize bounds the document of an order, given in bytes.
func checkSize(n int) error {
	if n <= maxDocument {
		return nil
	}
	return fault.BadField("Items", "the order would be recorded in %d bytes, and %d are allowed", n, maxDocument).
		With("Split the order, or choose fewer options.")
}
