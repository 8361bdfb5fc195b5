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
	"comanda/customer"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/payment"
	"comanda/store"
	"comanda/voucher"
	"comanda/wire"
)

// PlacedOrder is what a diner is answered: the order, and the token that opens it to them alone.
type PlacedOrder struct {
	wire.Order
	TrackingToken string       `json:"TrackingToken" doc:"Opens this order to its customer. It is told once and stored nowhere; keep it."`
	Payment       *OpenPayment `json:"Payment,omitempty" required:"false" doc:"What the payment still waits for, of an order that is PendingPayment; absent when the order is placed."`
}

// Quote prices a basket and stores nothing. It does not ask whether the store is open now, and who orders only where the
// basket says so: then vouchers are judged that depend on the customer.
func (o *Orders) Quote(ctx context.Context, _ *account.Caller, appID string, b Basket) (Calculation, error) {
	brand, err := o.brand(ctx, appID)
	if err != nil {
		return Calculation{}, err
	}
	if err := b.check(false); err != nil {
		return Calculation{}, err
	}
	d, err := o.draft(ctx, brand, &b, false)
	if err != nil {
		return Calculation{}, err
	}
	return d.calculation, nil
}

// Place places an order and returns the JSON of its [PlacedOrder]. One that is paid by card is reserved first, and placed when
// its payment is authorized; see pay.go. The caller's Idempotency-Key is
// required: a repeat under it is answered with the same bytes, whatever has happened to store, menu and order since.
//
// The price is what the menu says now. When that is not what the customer expected, because the menu moved, the order is
// refused with a Conflict that carries the new calculation.
func (o *Orders) Place(ctx context.Context, caller *account.Caller, appID string, b Basket) ([]byte, error) {
	brand, err := o.brand(ctx, appID)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(&b)
	if err != nil {
		return nil, err
	}
	p := &placing{o: o, brand: brand, caller: caller, basket: &b}
	p.claim, err = idempotency.Prepare(idempotency.Request{
		Brand: brand.ID, Principal: caller.Principal(), Operation: "PlaceOrder", Key: caller.Idempotent, Body: body,
	})
	if err != nil {
		return nil, err
	}
	return p.once(ctx, func() error { return nil })
}

// once places the order, unless the call is the repeat of one that did. prepare makes the basket; what it refuses is refused
// here.
func (p *placing) once(ctx context.Context, prepare func() error) ([]byte, error) {
	err := prepare()
	if err == nil {
		var answer []byte
		if answer, err = p.run(ctx); err == nil {
			return answer, nil
		}
	}
	switch {
	case errors.Is(err, db.ErrOutcomeUnknown):
		return nil, unknown()
	case fault.KindOf(err) == fault.Internal:
		return nil, err
	}
	// Refused now, but a repeat of what succeeded earlier hears of that success, and another body under its key does not.
	kept, found := p.claim.Find(ctx, p.o.db)
	switch {
	case found != nil:
		return nil, found
	case kept != nil:
		return p.repeated(ctx, kept)
	}
	return nil, err
}

func (o *Orders) brand(ctx context.Context, appID string) (account.Brand, error) {
	b, err := o.accounts.BrandByAppID(ctx, appID)
	if err == nil && b.Disabled {
		err = fault.New(fault.NotFound, "There is no such brand.")
	}
	return b, err
}

// errMoved says that the store, the menu or the voucher changed, or the customer was made by another order, since the order
// was drawn up: draw it up again.
var errMoved = errors.New("order: the shop moved")

// redraws is how often an order is drawn up anew before its customer is told to try again.
const redraws = 4

// placing is one order on its way into the database.
type placing struct {
	o      *Orders
	brand  account.Brand
	caller *account.Caller
	basket *Basket
	claim  *idempotency.Claim

	id      int
	token   string
	payment *payment.NewPayment // of a card order; nil = cash
	draft   *draft
	row     row
	order   *wire.Order
	records []event.Record
	// Of the state that the order is placed in.
	deadlines []deadline
}

func (p *placing) run(ctx context.Context) ([]byte, error) {
	if err := p.basket.check(true); err != nil {
		return nil, err
	}
	if err := p.byCard(ctx); err != nil {
		return nil, err
	}
	for try := range redraws {
		answer, err := p.drawUp(ctx, try == 0)
		if err != nil {
			return nil, err
		}
		var kept []byte
		err = p.o.db.Write(ctx, func(tx *db.Tx) (err error) {
			kept, err = p.store(tx)
			return err
		})
		switch {
		case errors.Is(err, errMoved):
			continue
		case err != nil:
			return nil, err
		case kept != nil:
			return p.repeated(ctx, kept)
		case p.payment != nil:
			return p.o.pay(ctx, p.brand, p.payment.ID, p.token, "")
		}
		return answer, nil
	}
	return nil, fault.New(fault.Conflict, "The menu or the store is being changed at this moment.").With("Try again.")
}

// drawUp makes all bytes of the order: its document, its calculation, its events, its answer.
func (p *placing) drawUp(ctx context.Context, first bool) ([]byte, error) {
	var d *draft
	if first {
		d = p.o.remembered(ctx, p.brand, p.basket)
	}
	var err error
	if d == nil {
		if d, err = p.o.draft(ctx, p.brand, p.basket, true); err != nil {
			return nil, err
		}
	}
	p.draft = d
	if p.id == 0 {
		if p.id, err = p.o.db.NextID(ctx, "orders"); err != nil {
			return nil, err
		}
		p.token = newToken(p.id)
	}
	a := &d.asked
	p.order = snapshot(p.id, d.now, p.basket, a, d.store, d.picked, &d.total, d.guest)
	p.order.Voucher = d.calculation.Voucher
	if p.basket.sale != nil {
		p.basket.sale.mark(p.order, d.picked)
	}
	p.row = row{
		id: p.id, brand: p.brand.ID, store: d.store.ID, state: readyToProcess, version: 1, currency: d.store.Currency,
		requestedFor: a.when, amount: d.total.amount, placed: d.now,
	}
	if p.row.calculation, err = json.Marshal(d.calculation); err != nil {
		return nil, err
	}
	r := receipt{Token: p.token}
	if p.payment != nil {
		r.Payment, err = p.payment.ID, p.reserve()
	} else if err = p.happen(); err == nil {
		r.Event = lastOf(p.records)
	}
	if err != nil {
		return nil, err
	}
	if err := checkSize(len(p.row.doc)); err != nil {
		return nil, err
	}
	var answer []byte
	if p.basket.sale != nil {
		answer, err = p.basket.sale.answer(p.order, d)
		r = receipt{Told: answer}
	} else {
		answer = answerOf(p.row.doc, p.token)
	}
	if err != nil {
		return nil, err
	}
	if r.Event == "" && r.Payment == "" && r.Told == nil {
		r.Order = p.row.doc
		p.claim.About(subject(p.id)) // an erasure takes the answer away
	}
	kept, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return answer, p.claim.Seal(kept)
}

// receipt is what is stored of an answer: its bytes are those of the order in an event, which the log keeps as they are
// (an erasure that redacts the event redacts the answer with it), and the token. An order that its store does not know yet
// has no event; the receipt holds it itself, or of a card order the payment that will place it. A channel is told nothing that
// is the customer's, and what it was told is the receipt.
type receipt struct {
	Event, Token string
	Told         json.RawMessage `json:",omitempty"`
	Order        json.RawMessage `json:",omitempty"`
	Payment      string          `json:",omitempty"`
}

// lastOf is the id of the last event that shows the order.
func lastOf(records []event.Record) string {
	for _, r := range slices.Backward(records) {
		if strings.HasPrefix(r.Name, "order.") {
			return r.ID
		}
	}
	return ""
}

func answerOf(doc []byte, token string) []byte {
	answer := make([]byte, 0, len(doc)+64)
	answer = append(answer, doc[:len(doc)-1]...)
	return append(answer, `,"TrackingToken":"`+token+`"}`...)
}

// repeated makes the answer of a call from its receipt, the same bytes as the first time.
func (p *placing) repeated(ctx context.Context, kept []byte) ([]byte, error) {
	var r receipt
	if err := json.Unmarshal(kept, &r); err != nil {
		return nil, fmt.Errorf("order: receipt: %w", err)
	}
	switch {
	case r.Told != nil:
		return r.Told, nil
	case r.Payment != "":
		return p.o.pay(ctx, p.brand, r.Payment, r.Token, "")
	case r.Order != nil:
		return answerOf(r.Order, r.Token), nil
	}
	return p.o.answerFrom(ctx, p.brand, r.Event, r.Token)
}

// answerFrom is the answer to who has placed an order, from the last event of the transaction that placed it.
func (o *Orders) answerFrom(ctx context.Context, brand account.Brand, id, token string) ([]byte, error) {
	var body struct{ Order json.RawMessage }
	err := o.db.Read(ctx, func(tx *db.Tx) error {
		e, err := event.ByID(tx, brand.ID, id)
		if err != nil {
			return err
		}
		return json.Unmarshal(e.Body, &body)
	})
	if err != nil {
		return nil, fmt.Errorf("order: event of receipt: %w", err)
	}
	return answerOf(body.Order, token), nil
}

// happen makes the document and the events of an order that is placed: at once, or held back while its customer may cancel
// it.
func (p *placing) happen() (err error) {
	m := &moving{row: p.row, order: p.order, brand: p.brand, caller: p.caller, now: p.draft.now}
	if window := *p.draft.store.Deadlines().CancelWindowSeconds; window > 0 && p.basket.sale == nil {
		m.row.state, m.order.OrderState, m.row.placed = cancellable, cancellable, time.Time{}
		m.deadlines = []deadline{{windowOver, m.now.Add(time.Duration(window) * time.Second)}}
	} else {
		err = m.born(p.draft.store)
	}
	if err == nil {
		err = m.freeze()
	}
	p.row, p.records, p.deadlines = m.row, m.records, m.deadlines
	return err
}

// born makes the events of an order that comes to its store: order.created, voucher.applied, and order.accepted where the
// store accepts by itself. All are in the transaction that brings it, so that no order waits for an acceptance that a crash
// has swallowed. The last event and what follows it are left for [moving.freeze].
func (m *moving) born(s *store.Store) error {
	m.events = []wire.Event{&wire.OrderCreatedEvent{
		Description: m.sentence("placed", ""), OrderCreatedTime: wire.At(m.now),
	}}
	if v := m.order.Voucher; v != nil {
		applied, err := voucher.Applied(m.brand, m.caller, v.VoucherId, m.row.id, m.row.store, m.now)
		if err != nil {
			return err
		}
		m.then = append(m.then, applied)
	}
	if !s.Wire().AutomaticallyAcceptOrders {
		m.deadlines = unanswered(s, m.order, m.now)
		return nil
	}
	if err := m.freeze(); err != nil {
		return err
	}
	m.events = nil
	e, err := step(accept, &m.row, ask{now: m.now})
	if err != nil {
		return err
	}
	m.caller = comanda
	m.row.state, m.order.OrderState = e.to, e.to
	m.row.version++
	m.accept(s, 0)
	return nil
}

// store is the transaction. It returns the receipt of the first call when this one is a repeat.
func (p *placing) store(tx *db.Tx) ([]byte, error) {
	if kept, err := p.claim.Take(tx); err != nil || kept != nil {
		return kept, err
	}
	d, o := p.draft, p.o
	if v, err := o.stores.Version(tx, d.store.ID); err != nil || v != d.store.Version {
		return nil, moved(err)
	}
	if v, err := o.menus.Version(tx, d.menu.ID); err != nil || v != d.menu.Version {
		return nil, moved(err)
	}
	if kept, err := o.customers.Keep(tx, d.guest, p.ordering()); err != nil || !kept {
		return nil, moved(err)
	}
	if took, err := o.take(tx, p); err != nil || !took {
		return nil, moved(err)
	}
	if err := seat(tx, d.store, p.basket.DeliveryType, d.asked.slot, p.id); err != nil {
		return nil, err
	}
	r := &p.row
	_, err := tx.Exec(sqlInsertOrder, r.id, r.brand, r.store, d.guest.ID, string(r.state), r.version, r.currency,
		clock.Micros(r.placed), clock.Micros(r.requestedFor), d.asked.name, d.asked.phone, d.asked.email,
		p.order.OrderTrackingCode, hashToken(p.token), int64(r.amount), int64(r.refundable), string(r.doc), string(r.calculation),
		clock.Micros(d.kitchenAt(p.basket.DeliveryType)), string(p.order.DeliveryType), r.payment,
		fold(strings.Join([]string{d.asked.name, d.asked.phone, d.asked.email, p.order.OrderTrackingCode, p.order.ChannelOrderId, p.order.ChannelOrderDisplayId}, " ")),
		string(p.order.AppType), p.order.ChannelOrderId)
	if err != nil {
		return nil, err
	}
	if err := r.set(tx, p.deadlines); err != nil {
		return nil, err
	}
	if p.payment != nil {
		if err := o.payments.Open(tx, *p.payment); err != nil {
			return nil, err
		}
	}
	o.log.Append(tx, p.records...)
	return nil, nil
}

// ordering is what the customer of the order is told by.
func (p *placing) ordering() customer.Order {
	d := p.draft
	return customer.Order{
		ID: p.id, Brand: p.brand, Caller: p.caller, Store: d.store.ID, StoreName: d.store.Name, Contact: d.asked.contact(),
		Cash: p.basket.Payment.Method == Cash, Elsewhere: p.basket.Payment.Method == byChannel, Marketing: p.basket.Contact.MarketingEnabled,
	}
}

// moved is err, or errMoved when there is none or the thing is gone.
func moved(err error) error {
	if err == nil || fault.KindOf(err) == fault.NotFound {
		return errMoved
	}
	return err
}
