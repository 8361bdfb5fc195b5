package notice

import (
	"fmt"
	"strings"
	"time"

	"comanda/money"
	"comanda/order"
	"comanda/wire"
)

// body is what notices use of an event about an order.
type body struct {
	Reason         string
	RefundedAmount wire.Decimal
	Order          struct {
		Store              struct{ Currency string }
		OrderState         wire.OrderState
		DeliveryType       wire.DeliveryType
		PickupLocationType wire.PickupLocationType
		IsPreOrder         bool
		RequestedForTime   wire.Time
		AcceptedFor        *wire.Time
		PaymentAccountType wire.PaymentAccountType
		Amount             wire.Decimal
		RefundedAmount     *wire.Decimal
		OrderItems         []item
	}
}

type item struct {
	Name             string
	OrderItemOptions []struct{ Name string }
}

// letter is what a notice is written of. Without a body it has the words of a text message about a new order.
type letter struct {
	body
	order               int
	brand, store, phone string
	in                  *time.Location // of the store
	now                 time.Time      // of the event, by the brand's clock
}

// said is a notice in sentences, from the store to its customer. Each begins with a small letter where a name may come before it.
type said struct {
	subject string
	first   string // is in every message, after the name of the store
	second  string // is in text messages where there is room
	list    string // is in mails only
}

func (l letter) say(kind string) (said, error) {
	switch kind {
	case created:
		return l.created()
	case accepted:
		return l.accepted(), nil
	case rejected:
		return l.rejected()
	}
	return l.refunded()
}

func (l letter) created() (said, error) {
	amount, err := l.money(l.Order.Amount)
	pay := "to be paid in cash"
	if l.byCard() {
		pay = "by card"
	}
	how := "To be collected"
	switch {
	case l.Order.DeliveryType == wire.DeliveryTypeDelivery:
		how = "To be delivered"
	case l.Order.PickupLocationType != wire.PickupLocationTypeTakeOut:
		how = "To be served"
	}
	when := "as soon as possible"
	if l.Order.IsPreOrder {
		when = l.at("", l.Order.RequestedForTime.Time)
	}
	return said{
		subject: l.subject("was received"),
		first:   fmt.Sprintf("we have received your order %d, and tell you when we have answered it.", l.order),
		list:    fmt.Sprintf("%s\nTotal %s, %s\n%s %s", l.items(), amount, pay, how, when),
	}, err
}

func (l letter) accepted() said {
	is := "ready"
	switch {
	case l.Order.DeliveryType == wire.DeliveryTypeDelivery:
		is = "with you"
	case l.Order.PickupLocationType == wire.PickupLocationTypeTakeOut:
		is = "ready to collect"
	}
	first := fmt.Sprintf("we have accepted your order %d.", l.order)
	if l.Order.AcceptedFor != nil {
		first += fmt.Sprintf(" It will be %s %s.", is, l.at("about ", l.Order.AcceptedFor.Time))
	}
	return said{subject: l.subject("is accepted"), first: first}
}

// reasons are the contract's, as a customer is told them.
var reasons = map[wire.RejectReason]string{
	wire.RejectReasonTooBusy:           "our kitchen is too busy",
	wire.RejectReasonFoodUnavailable:   "something that you ordered is not available",
	wire.RejectReasonUnableToDeliver:   "we cannot deliver at the moment",
	wire.RejectReasonUnknownAddress:    "we cannot find your address",
	wire.RejectReasonTooSoon:           "it is wanted too soon",
	wire.RejectReasonTimeUnavailable:   "the time that you asked for is not available",
	wire.RejectReasonDontDeliverToArea: "we do not deliver to your area",
}

func (l letter) rejected() (said, error) {
	s := said{subject: l.subject("cannot be taken"), first: fmt.Sprintf("we are sorry, we cannot take your order %d.", l.order)}
	if why := reasons[wire.RejectReason(l.Reason)]; why != "" {
		s.first = fmt.Sprintf("we are sorry, we cannot take your order %d: %s.", l.order, why)
	}
	switch {
	case l.Order.OrderState == wire.OrderStateCancelled:
		s.subject = l.subject("is cancelled")
		s.first = fmt.Sprintf("your order %d is cancelled.", l.order)
		if l.Reason == order.CancelledByCustomer {
			s.first = fmt.Sprintf("your order %d is cancelled, as you asked.", l.order)
		}
	case l.Order.OrderState == wire.OrderStateRejectedAutomatically:
		s.first = fmt.Sprintf("we are sorry, nobody could answer your order %d in time, so it is cancelled.", l.order)
	}
	back := wire.V(l.Order.RefundedAmount)
	amount, err := l.money(back)
	switch {
	case err != nil:
	case back != "":
		s.second = l.backIs(amount)
	case l.byCard():
		s.second = "Your card is not charged."
	}
	return s, err
}

func (l letter) refunded() (said, error) {
	amount, err := l.money(l.RefundedAmount)
	if err != nil {
		return said{}, err
	}
	what := fmt.Sprintf("%s of your order %d", amount, l.order)
	if l.Order.OrderState == wire.OrderStateAcceptedAndRefunded {
		what = fmt.Sprintf("your order %d: %s", l.order, amount)
	}
	return said{
		subject: fmt.Sprintf("%s of order %d at %s are refunded", amount, l.order, l.who(inMail)),
		first:   "we have refunded " + what + ".", second: l.backIs(amount),
	}, nil
}

// backIs says how an amount comes back.
func (l letter) backIs(amount string) string {
	if l.byCard() {
		return amount + " go back to your card; your bank may need some days."
	}
	return "You get " + amount + " back in cash."
}

func (l letter) byCard() bool { return l.Order.PaymentAccountType != wire.PaymentAccountTypeCash }

// money writes an amount for people: 18.50 EUR.
func (l letter) money(d wire.Decimal) (string, error) {
	a, err := money.Parse(d, l.Order.Store.Currency)
	return a.Fixed(l.Order.Store.Currency) + " " + l.Order.Store.Currency, err
}

// at says a time on the clock of the store, with the day when it is another than today.
func (l letter) at(about string, t time.Time) string {
	local, today := t.In(l.in), l.now.In(l.in)
	at := "at " + about + local.Format("15:04")
	if local.YearDay() != today.YearDay() || local.Year() != today.Year() {
		at = local.Format("on Monday 2 January ") + at
	}
	return at
}

func (l letter) subject(is string) string {
	return fmt.Sprintf("Order %d at %s %s", l.order, l.who(inMail), is)
}

// who is the brand and its store, as customers know them.
func (l letter) who(a alphabet) string {
	brand, store := a.clean(l.brand), a.clean(l.store)
	if store == "" || strings.Contains(brand, store) {
		return brand
	}
	if brand == "" || strings.Contains(store, brand) {
		return store
	}
	return a.cut(brand + ", " + store)
}

const maxLines = 50 // of a list of items

// items are the units of the order, equal ones in one line.
func (l letter) items() string {
	var lines []string
	count := map[string]int{}
	for _, it := range l.Order.OrderItems {
		line := inMail.clean(it.Name)
		for i, o := range it.OrderItemOptions {
			line += []string{": ", ", "}[min(i, 1)] + inMail.clean(o.Name)
		}
		if count[line]++; count[line] == 1 {
			lines = append(lines, line)
		}
	}
	var out strings.Builder
	for i, line := range lines {
		if i == maxLines {
			fmt.Fprintf(&out, "and %d more\n", len(lines)-i)
			break
		}
		fmt.Fprintf(&out, "%d × %s\n", count[line], line)
	}
	return out.String()
}

func (l letter) mail(s said) string {
	text := strings.ToUpper(s.first[:1]) + s.first[1:]
	if s.second != "" {
		text += " " + s.second
	}
	if s.list != "" {
		text += "\n\n" + s.list
	}
	if l.phone != "" {
		text += "\n\nQuestions? Call us: " + l.phone
	}
	who := l.who(inMail)
	return text + "\n\n" + who + "\n\nYou get this because somebody ordered at " + who + " with your address. If it was not you, there is nothing to do.\n"
}

// maxText is the length of one text message in the letters of [inText].
const maxText = 160

func (l letter) text(s said) string {
	text := s.first
	if who := l.who(inText); who != "" {
		text = who + ": " + text
	}
	more := []string{s.second}
	if l.phone != "" {
		more = append(more, "Questions? "+l.phone)
	}
	for _, m := range more {
		if m != "" && len([]rune(text))+1+len([]rune(m)) <= maxText {
			text += " " + m
		}
	}
	return text
}
