package simulate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/money"
	"comanda/payment/simulator"
	"comanda/wire"
)

// promise is something that must hold of every day.
type promise struct {
	Checked int      `json:"checked"`
	Broken  []string `json:"broken"` // the first few times that it did not
}

const mostTold = 5

func (p *promise) check(holds bool, format string, args ...any) {
	p.Checked++
	if !holds && len(p.Broken) < mostTold {
		p.Broken = append(p.Broken, fmt.Sprintf(format, args...))
	}
}

// promises are what is looked at.
type promises struct {
	Answers  promise `json:"answers"`  // nobody got an answer that tells of an error of the server or of the simulation
	Repeats  promise `json:"repeats"`  // an order that was sent twice was answered the same, and placed once
	Logged   promise `json:"logged"`   // an order that a diner saw confirmed is in the log, once; and so is every other that was placed
	Gapless  promise `json:"gapless"`  // the positions of the log follow each other
	Told     promise `json:"told"`     // the till had every event, as it stands in the log
	Explains promise `json:"explains"` // the stored calculation of an order comes to what the order costs
	Money    promise `json:"money"`    // what cards were charged and got back is what the orders say
	Limits   promise `json:"limits"`   // no voucher was used and no quarter of an hour was sold more often than there was
	Settled  promise `json:"settled"`  // nothing is left over: no deadline, no payment, no delivery
}

// row is an order as it is stored.
type row struct {
	id, store                    int
	kind                         wire.DeliveryType
	state                        wire.OrderState
	currency, payment            string
	amount, refundable, refunded money.Amount
	wanted, placed               time.Time
}

var (
	turnedDown = map[wire.OrderState]bool{
		wire.OrderStateRejectedByStore: true, wire.OrderStateRejectedAfterBeingAccepted: true, wire.OrderStateRejectedAutomatically: true,
		wire.OrderStateRejectedByFlipdish: true, wire.OrderStateCancelled: true,
	}
	unfinished = map[wire.OrderState]bool{
		wire.OrderStatePendingPayment: true, wire.OrderStatePlacedCanBeCancelled: true, wire.OrderStateReadyToProcess: true, wire.OrderStateManualReview: true,
	}
)

// settled reports whether nothing goes on any more.
func (s *sim) settled(ctx context.Context) (bool, error) {
	if s.agenda.len() > 0 {
		return false, nil
	}
	n, err := s.count(ctx, sqlOpen, s.brand.ID)
	if err != nil || n > 0 {
		return false, err
	}
	h, err := s.server.Webhooks.Health(ctx, s.owner, s.creds.AppID, s.creds.OAuthAppID, s.hook)
	return err == nil && h.Lag == 0, err
}

func (s *sim) count(ctx context.Context, query string, args ...any) (n int, err error) {
	err = s.server.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	return n, err
}

// verify looks at everything that must hold.
func (s *sim) verify(ctx context.Context) error {
	log, err := s.log(ctx)
	if err != nil {
		return err
	}
	orders, err := s.orders(ctx)
	if err != nil {
		return err
	}
	s.tally(log, orders)
	s.verifyLog(log, orders)
	s.verifyTold(log)
	for _, step := range []func(context.Context, []row) error{s.verifyMoney, s.verifyLimits} {
		if err := step(ctx, orders); err != nil {
			return err
		}
	}
	n, err := s.count(ctx, sqlOpen, s.brand.ID)
	if err != nil {
		return err
	}
	s.promises.Settled.check(n == 0, "%d deadlines and payments are left over after %v", n, aftermath)
	h, err := s.server.Webhooks.Health(ctx, s.owner, s.creds.AppID, s.creds.OAuthAppID, s.hook)
	if err != nil {
		return err
	}
	s.promises.Settled.check(h.Lag == 0 && h.Expired == 0, "%d webhooks are left over and %d were given up", h.Lag, h.Expired)
	return nil
}

// log reads the brand's log.
func (s *sim) log(ctx context.Context) (all []event.Event, err error) {
	const batch = 1000
	for after := int64(0); ; {
		var some []event.Event
		err := s.server.DB.Read(ctx, func(tx *db.Tx) (err error) {
			some, err = event.Read(tx, s.brand.ID, after, batch)
			return err
		})
		if err != nil || len(some) == 0 {
			return all, err
		}
		all = append(all, some...)
		after = some[len(some)-1].Position
	}
}

func (s *sim) orders(ctx context.Context) (all []row, err error) {
	err = s.server.DB.Read(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(sqlOrders, s.brand.ID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var r row
			var wanted, placed int64
			if err := rows.Scan(&r.id, &r.store, &r.kind, &r.state, &r.currency, &r.payment, &r.amount, &r.refundable, &r.refunded, &wanted, &placed); err != nil {
				return err
			}
			r.wanted, r.placed = clock.FromMicros(wanted), clock.FromMicros(placed)
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, err
}

// fingerprint is a hash over all bytes of a log: positions, names, times, bodies.
func fingerprint(log []event.Event) string {
	h := sha256.New()
	for _, e := range log {
		var fixed []byte
		for _, n := range []int64{e.Position, int64(e.Store), clock.Micros(e.Created), clock.Micros(e.Shown), int64(len(e.Body))} {
			fixed = binary.BigEndian.AppendUint64(fixed, uint64(n))
		}
		_, _ = fmt.Fprintf(h, "%s\n%s\n%s\n%s\n", e.ID, e.Name, e.Subject, e.Request)
		_, _ = h.Write(fixed)
		_, _ = h.Write(e.Body)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (s *sim) verifyLog(log []event.Event, orders []row) {
	created := map[string]int{}
	for i, e := range log {
		s.promises.Gapless.check(e.Position == int64(i+1), "position %d is at place %d", e.Position, i+1)
		if e.Name == "order.created" {
			created[e.Subject]++
		}
	}
	for _, o := range orders {
		want := 1
		if o.placed.IsZero() {
			want = 0
		}
		n := created[fmt.Sprintf("order/%d", o.id)]
		s.promises.Logged.check(n == want, "order %d, which is %s, is in the log %d times, not %d", o.id, o.state, n, want)
		s.promises.Logged.check(!s.confirmed[o.id] || n == 1, "order %d, which its diner saw confirmed, is in the log %d times", o.id, n)
		s.promises.Settled.check(!unfinished[o.state], "order %d is still %s", o.id, o.state)
		delete(s.confirmed, o.id)
	}
	for id := range s.confirmed {
		s.promises.Logged.check(false, "order %d, which its diner saw confirmed, is not there", id)
	}
}

func (s *sim) verifyTold(log []event.Event) {
	s.promises.Told.check(s.till.broken == nil, "%v", s.till.broken)
	for _, e := range log {
		if e.Position <= s.told {
			continue
		}
		r := s.till.got[e.Position]
		s.promises.Told.check(r != nil && r.body == string(e.Envelope()), "the till did not have the %s of position %d as it stands in the log", e.Name, e.Position)
	}
}

func (s *sim) verifyMoney(ctx context.Context, orders []row) error {
	for _, o := range orders {
		if !o.placed.IsZero() {
			err := s.server.Orders.Verify(ctx, s.owner, o.id)
			s.promises.Explains.check(err == nil, "%v", err)
		}
		if o.payment == "" {
			s.result.add(o, o.refundable, o.refunded)
			continue
		}
		paid, back, holds, err := s.server.Simulator().Money(ctx, o.payment)
		if err != nil {
			return err
		}
		s.result.add(o, paid, back)
		s.promises.Money.check(!holds || s.cards[o.id] == simulator.Expired, "an amount is still held on the card of order %d, which is %s", o.id, o.state)
		s.promises.Money.check(paid == o.refundable && back == o.refunded,
			"the card of order %d, which is %s, was charged %d and got back %d, the order says %d and %d", o.id, o.state, paid, back, o.refundable, o.refunded)
		owed := turnedDown[o.state] && s.cards[o.id] != simulator.NoRefund && s.cards[o.id] != simulator.Dispute // there the bank takes it
		s.promises.Money.check(back <= paid && (!owed || back == paid),
			"the card of order %d, which is %s, was charged %d and got back %d", o.id, o.state, paid, back)
	}
	return nil
}

func (s *sim) verifyLimits(ctx context.Context, orders []row) error {
	n, err := s.count(ctx, sqlOverused, s.brand.ID)
	if err != nil {
		return err
	}
	s.promises.Limits.check(n == 0, "%d vouchers were used more often than they may be, or count otherwise than they were used", n)
	if n, err = s.count(ctx, sqlKept, s.brand.ID); err != nil {
		return err
	}
	s.promises.Limits.check(n == 0, "%d orders that were turned down keep the use of a voucher", n)
	type quarter struct {
		store int
		at    time.Time
	}
	sold := map[quarter]int{}
	for _, o := range orders {
		if o.kind != wire.DeliveryTypeDelivery || turnedDown[o.state] {
			continue
		}
		sold[quarter{o.store, o.wanted.Truncate(interval * time.Minute)}]++
	}
	for q, n := range sold {
		s.promises.Limits.check(n <= s.capacity(), "store %d sold %d deliveries of %d at %v", q.store, n, s.capacity(), q.at)
	}
	return nil
}
