package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/payment"
	"comanda/wire"
)

// A card order is placed in three steps, with no transaction open while the provider is asked:
//
//	reserve    one transaction: the Idempotency-Key, the order in PendingPayment, its voucher, its payment
//	authorize  package payment asks the provider, in this request or, when it dies, in the worker of any node
//	confirm    one transaction: the payment is authorized, the order ReadyToProcess, order.created in the log
//	 or abandon: the order Cancelled, its voucher given back, the payment voided
//
// Whoever hears of the authorization first confirms: this request, the customer who comes back from their bank, a notice of the
// provider, or the worker. The others find the payment settled. From then on each change of the order writes what it owes at
// the provider in its own transaction: the capture with the acceptance, the void with the rejection, the refund with the refund.

// OpenPayment is what the payment of an order waits for.
type OpenPayment struct {
	Status       string  `json:"Status" enum:"NeedsCustomer,Pending" doc:"NeedsCustomer: the customer's bank asks them something. Pending: the provider has not said yet; ask again with ContinuePayment, or follow the order."`
	Provider     string  `json:"Provider" enum:"Simulator,Stripe"`
	RedirectUrl  *string `json:"RedirectUrl" nullable:"true" doc:"Where to send the customer's browser; null where the provider's script asks them."`
	ClientSecret *string `json:"ClientSecret" nullable:"true" doc:"For the provider's script in the customer's page."`
}

// Continuation is the body of ContinuePayment.
type Continuation struct {
	Answer *string `json:"Answer,omitempty" enum:"approve,decline" nullable:"true" required:"false" doc:"What the customer answers to a challenge of the Simulator. A real provider asks them itself; leave it out."`
}

// byCard prepares the payment of a card order.
func (p *placing) byCard(ctx context.Context) error {
	pay := p.basket.Payment
	if pay.Method != Card {
		return nil
	}
	provider, _, err := p.o.payments.Enabled(ctx, p.brand)
	if err != nil {
		return err
	}
	if provider == payment.None {
		return fault.BadField("Payment.Method", "%s takes no cards; choose Cash", p.brand.Name)
	}
	id, err := payment.NewID()
	p.payment = &payment.NewPayment{
		ID: id, Brand: p.brand.ID, Provider: provider, Token: wire.V(pay.Token), ReturnURL: wire.V(pay.ReturnUrl),
	}
	return err
}

// reserve makes the document of an order that waits for its payment. It has no event: nobody but its customer knows it yet.
func (p *placing) reserve() error {
	if p.row.amount == 0 {
		return fault.BadField("Payment.Method", "the order costs nothing; choose Cash")
	}
	if err := p.o.steps("Payment.Method", p.row.amount, p.row.currency); err != nil {
		return err
	}
	e, err := step(reserve, &row{id: p.id}, ask{now: p.draft.now})
	if err != nil {
		return err
	}
	p.payment.Order, p.payment.Currency, p.payment.Amount = p.id, p.row.currency, p.row.amount
	p.row.state, p.row.payment, p.row.placed = e.to, p.payment.ID, time.Time{}
	p.order.OrderState, p.order.PaymentAccountType, p.order.PaymentAccountDescription = e.to, wire.PaymentAccountTypeCard, string(wire.PaymentAccountTypeCard)
	p.records, p.deadlines = nil, nil
	p.row.doc, err = json.Marshal(p.order)
	return err
}

// steps refuses an amount that cards cannot move, in a field that is to be changed.
func (o *Orders) steps(field string, a money.Amount, currency string) error {
	if step := o.payments.Step(currency); a%step != 0 {
		return fault.BadField(field, "cards cannot move %s, only multiples of %s", sum(a, currency), sum(step, currency))
	}
	return nil
}

// pay goes on with the payment of an order, and answers who wants to place it.
func (o *Orders) pay(ctx context.Context, brand account.Brand, id, token, customer string) ([]byte, error) {
	of, err := o.payments.Proceed(ctx, id, customer)
	switch {
	case err != nil:
		return nil, err
	case of.Event != "":
		return o.answerFrom(ctx, brand, of.Event, token)
	case of.State != payment.StatePending:
		return nil, notPaid(of)
	}
	open := OpenPayment{Status: string(payment.Pending), Provider: of.Provider, RedirectUrl: orNil(of.Action.RedirectURL), ClientSecret: orNil(of.Action.ClientSecret)}
	if of.Challenged {
		open.Status = string(payment.NeedsCustomer)
	}
	said, err := json.Marshal(open)
	if err != nil {
		return nil, err
	}
	var r *row
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = load(tx, of.Order)
		return err
	})
	if err != nil {
		return nil, err
	}
	answer := answerOf(r.doc, token)
	answer = append(answer[:len(answer)-1], `,"Payment":`...)
	return append(append(answer, said...), '}'), nil
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// notPaid is the refusal of an order whose payment was not authorized.
func notPaid(of *payment.Payment) error {
	return &fault.Error{
		Kind: fault.Conflict, Message: "The order is not placed: " + strings.TrimSuffix(of.Reason, ".") + ".",
		Mend:   "Order again with another means of payment and a new Idempotency-Key.",
		Fields: []fault.Field{{Name: "Payment.Token", Message: "was not authorized"}},
	}
}

// ContinuePayment goes on with the payment of an order after its customer was asked something by their bank, and returns the
// JSON of the [PlacedOrder]. It may be called at any time; a payment that is settled is told as it is.
func (o *Orders) ContinuePayment(ctx context.Context, _ *account.Caller, appID, token string, in Continuation) ([]byte, error) {
	id, err := o.byToken(ctx, appID, token)
	if err != nil {
		return nil, err
	}
	var r *row
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = load(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.payment == "" {
		return nil, fault.Newf(fault.Conflict, "Order %d is paid in cash.", id).With("There is nothing to go on with.")
	}
	if !r.placed.IsZero() {
		return answerOf(r.doc, token), nil
	}
	brand, err := o.accounts.Brand(ctx, r.brand)
	if err != nil {
		return nil, err
	}
	return o.pay(ctx, brand, r.payment, token, wire.V(in.Answer))
}

// PaymentInformation says whether something of an order can be refunded now. The caller needs ReadOrders.
func (o *Orders) PaymentInformation(ctx context.Context, caller *account.Caller, id int) (wire.OrderPaymentInformation, error) {
	var r *row
	err := o.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = load(tx, id)
		return err
	})
	if err == nil {
		err = r.mayRead(caller)
	}
	if err != nil {
		return wire.OrderPaymentInformation{}, hidden(id, err)
	}
	_, err = step(refund, r, ask{refund: r.left()})
	return wire.OrderPaymentInformation{OrderId: id, PaymentRefundable: err == nil && r.left() > 0}, nil
}

// owe writes what a change owes at the provider, inside the change's transaction. What is refundable of a card order is what is
// captured of it: so the capture is owed by the change that makes an amount refundable.
func (o *Orders) owe(tx *db.Tx, m *moving) error {
	r := &m.row
	switch {
	case r.payment == "" || m.was == pendingPayment && r.state == cancelled: // the abandoned payment is voided as such
	case m.refund > 0:
		return o.payments.Owe(tx, r.brand, r.payment, payment.Refund, m.refund)
	case m.captured == 0 && r.refundable > 0:
		return o.payments.Owe(tx, r.brand, r.payment, payment.Capture, r.refundable)
	case r.refundable == 0 && slices.Contains(turnedDown, r.state):
		return o.payments.Owe(tx, r.brand, r.payment, payment.Void, r.amount)
	}
	return nil
}

// unpaid corrects what the document says of a card order that is turned down before its amount was taken.
func (m *moving) unpaid() {
	if m.row.payment != "" && m.row.refundable == 0 && slices.Contains(turnedDown, m.row.state) {
		m.order.PaymentStatus = wire.PaymentStatusUnpaid
	}
}

// book implements payment.Book.
type book struct{ o *Orders }

// errSettled says that somebody else has stored what follows from an outcome.
var errSettled = errors.New("order: the payment's operation is settled")

// Settled implements payment.Book.
func (b book) Settled(ctx context.Context, of *payment.Payment, op payment.Operation, a payment.Answer) error {
	settle := func(tx *db.Tx) error {
		first, err := b.o.payments.Settle(tx, op, a)
		if err == nil && !first {
			err = errSettled
		}
		return err
	}
	var err error
	switch {
	case op.Kind == payment.Authorize && a.Outcome == payment.Done:
		err = b.confirm(ctx, of, a, settle)
	case op.Kind == payment.Authorize:
		_, err = b.o.change(ctx, comanda, of.Order, change{
			do: abandon, with: func(tx *db.Tx, _ *moving) error { return settle(tx) },
			apply: func(*moving) error { return nil },
		})
	case a.Outcome == payment.Declined:
		err = b.review(ctx, of, failed{op: op, why: a.Reason}, settle)
	default:
		err = b.o.db.Write(ctx, settle)
	}
	if errors.Is(err, errSettled) {
		return nil
	}
	if op.Kind == payment.Authorize && fault.KindOf(err) == fault.Conflict {
		// A payment without an order that waits for it: nothing of it is kept.
		a.Outcome, a.Reason = payment.Declined, "No order waits for the payment."
		if err = b.o.db.Write(ctx, settle); errors.Is(err, errSettled) {
			return nil
		}
	}
	return err
}

// confirm places an order whose payment is authorized.
func (b book) confirm(ctx context.Context, of *payment.Payment, a payment.Answer, settle func(tx *db.Tx) error) error {
	_, s, err := b.o.at(ctx, of.Order)
	if err != nil {
		return err
	}
	_, err = b.o.change(ctx, someone, of.Order, change{
		do: confirm,
		apply: func(m *moving) error {
			m.row.placed = m.now
			m.order.PlacedTime, m.order.PaymentStatus = wire.At(m.now), wire.PaymentStatusPaid
			if a.Description != "" {
				m.order.PaymentAccountDescription = a.Description
			}
			return m.born(s)
		},
		with: func(tx *db.Tx, m *moving) error {
			if err := settle(tx); err != nil {
				return err
			}
			return b.o.payments.Placed(tx, of.ID, lastOf(m.records))
		},
	})
	return err
}

// Disputed implements payment.Book.
func (b book) Disputed(ctx context.Context, of *payment.Payment, was, is payment.Dispute) error {
	return b.review(ctx, of, failed{dispute: is, takes: is.Taken() - was.Taken(), why: is.Reason}, func(tx *db.Tx) error {
		first, err := b.o.payments.Dispute(tx, of.ID, was, is)
		if err == nil && !first {
			err = payment.ErrMoved
		}
		return err
	})
}

// failed is what went wrong with the money of an order: an operation, or a dispute.
type failed struct {
	op      payment.Operation
	dispute payment.Dispute
	takes   money.Amount // what the bank takes back by this stage of the dispute; less than 0: gives the store again
	why     string
}

func (f failed) sentence() string {
	switch f.op.Kind {
	case payment.Capture:
		return "the amount could not be taken from the card"
	case payment.Refund:
		return "a refund did not reach the card"
	case payment.Void:
		return "the amount that is held on the card could not be let go"
	}
	switch f.dispute.Stage {
	case payment.Inquiry:
		return "the customer's bank asks about the payment"
	case payment.Answered:
		return "the customer's bank asks about the payment no more"
	case payment.Won:
		return "the dispute of the payment was decided for the store"
	case payment.Lost:
		return "the dispute of the payment was decided for the customer"
	}
	return "the customer's bank disputes the payment"
}

// decided reports whether nothing is left for people to decide.
func (f failed) decided() bool { return f.dispute.Stage.Decided() }

// mail is what the owners of a brand are told.
func (f failed) mail(of *payment.Payment, brand string) (subject, text string) {
	subject, todo := fmt.Sprintf("Order %d needs you: %s", of.Order, f.sentence()), "Look at it there, and decide what is to be done with the order."
	if f.decided() {
		subject, todo = fmt.Sprintf("Order %d: %s", of.Order, f.sentence()), "If the order is held for review because of it, release it there."
	}
	return subject, fmt.Sprintf("Of order %d, which was paid by card through %s, %s. The provider says: %s\n\nIts payment there is %s, of %s. %s\n\n%s",
		of.Order, of.Provider, f.sentence(), f.why, of.Reference, sum(of.Amount, of.Currency), todo, brand)
}

// review holds an order whose money went wrong for the brand to look at, and tells its owners. An order that cannot be held,
// because it is over or was never placed, stays as it is, and so does one of a dispute that is decided; the owners are told all the same.
func (b book) review(ctx context.Context, of *payment.Payment, f failed, settle func(tx *db.Tx) error) error {
	brand, err := b.o.accounts.Brand(ctx, of.Brand)
	if err != nil {
		return err
	}
	subject, text := f.mail(of, brand.Name)
	tell := func(tx *db.Tx) error {
		if err := settle(tx); err != nil {
			return err
		}
		return b.o.accounts.MailOwners(tx, of.Brand, subject, text)
	}
	actions := []action{review, correct} // correct: it is held already
	if f.decided() {
		actions = actions[1:]
	}
	for _, do := range actions {
		_, err = b.o.change(ctx, comanda, of.Order, change{
			do: do, with: func(tx *db.Tx, _ *moving) error { return tell(tx) },
			apply: func(m *moving) error { m.review(f); return nil },
		})
		if kind := fault.KindOf(err); kind != fault.Conflict && kind != fault.NotFound {
			return err
		}
	}
	return b.o.db.Write(ctx, tell)
}

// review puts the money of an order right that was counted and did not move, or that a bank has moved.
func (m *moving) review(f failed) {
	switch f.op.Kind {
	case payment.Capture:
		m.row.refundable = 0
		if m.row.refunded > 0 {
			m.handedBack(0)
		}
		m.order.PaymentStatus = wire.PaymentStatusUnpaid
	case payment.Refund:
		if m.row.refundable == 0 {
			break // nothing was taken, so nothing is counted as handed back
		}
		m.handedBack(max(0, m.row.refunded-f.op.Amount))
		if m.row.heldIn == refundedInWhole { // which it is not; from here it can be refunded again
			m.row.heldIn = accepted
			if wire.V(m.order.DeliveryTrackingStatus) == wire.DeliveryTrackingStatusDelivered {
				m.row.heldIn = delivered
			}
		}
	case payment.Authorize, payment.Void:
	default:
		m.disputed(f)
	}
	does := "notes of order %d at %s: %s."
	if m.row.state == manualReview {
		does = "holds order %d at %s for review: %s."
	}
	m.events = []wire.Event{&wire.OrderFulfillmentStatusUpdatedEvent{
		StoreId: m.row.store, OrderId: &m.row.id, StatusName: string(m.row.state),
		Description: fmt.Sprintf("Comanda "+does, m.row.id, m.order.Store.Name, f.sentence()),
	}}
}

// disputed counts what a bank has taken back, or gave the store again.
func (m *moving) disputed(f failed) {
	m.row.takenBack += f.takes
	m.handedBack(m.row.refunded)
	if f.dispute.Stage == payment.Inquiry {
		m.order.PaymentStatus = wire.PaymentStatusDisputed
	}
}

// handedBack says how much of an order was refunded.
func (m *moving) handedBack(sum money.Amount) {
	if m.row.refunded = sum; sum > 0 || m.order.RefundedAmount != nil {
		m.order.RefundedAmount = wire.P(sum.Decimal(m.row.currency))
	}
	switch {
	case m.row.takenBack > 0:
		m.order.PaymentStatus = wire.PaymentStatusDisputed
	case sum == m.row.amount:
		m.order.PaymentStatus = wire.PaymentStatusRefunded
	case sum > 0:
		m.order.PaymentStatus = wire.PaymentStatusPartiallyRefunded
	default:
		m.order.PaymentStatus = wire.PaymentStatusPaid
	}
}
