// Package simulator is a provider of payments that moves no money: for sandbox brands, and for tests. It keeps what a provider
// would keep, in the table simulated_payments, so that restarts and other nodes find it.
//
// What happens is chosen by the token:
//
//	sim_visa       all goes well
//	sim_decline    the card is declined
//	sim_challenge  the customer is asked by their bank, and answers "approve" or "decline"
//	sim_late       the provider takes some seconds, then the payment succeeds, and a notice tells
//	sim_twice      all goes well, and notices tell of it three times
//	sim_timeout    the first call of each operation is done, but its answer is lost
//	sim_lost       the first call of each operation never arrives
//	sim_expired    the authorization cannot be captured
//	sim_norefund   refunds are declined
//	sim_novoid     as sim_challenge, but what is held cannot be let go
//	sim_dispute    the customer's bank disputes the payment right after it is captured
package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/worker"
	"comanda/money"
	"comanda/payment"
)

// The tokens that mean something.
const (
	Visa      = "sim_visa"
	Decline   = "sim_decline"
	Challenge = "sim_challenge"
	Late      = "sim_late"
	Twice     = "sim_twice"
	Timeout   = "sim_timeout"
	Lost      = "sim_lost"
	Expired   = "sim_expired"
	NoRefund  = "sim_norefund"
	NoVoid    = "sim_novoid"
	Dispute   = "sim_dispute"
)

// What a customer answers to a challenge.
const (
	Approve = "approve"
	Refuse  = "decline"
)

// lateTime is how long a payment of the token Late takes.
const lateTime = 3 * time.Second

// Simulator implements payment.Provider. It is safe for parallel use.
type Simulator struct{ db *db.DB }

// New makes a simulator on a database.
func New(d *db.DB) *Simulator { return &Simulator{d} }

// Name implements payment.Provider.
func (*Simulator) Name() string { return payment.Simulator }

// Step implements payment.Provider.
func (*Simulator) Step(string) money.Amount { return 1 }

// held is a payment as the simulated provider knows it.
type held struct {
	Payment  string
	Token    string
	State    string // one of the states below
	Amount   money.Amount
	Captured money.Amount
	Refunded money.Amount
	Ready    int64                      // of a late one: when it succeeds
	Calls    map[string]payment.Outcome // by key: what came of it
	Lost     map[string]bool            // by key: calls that did not arrive, or whose answer did not
	Notices  []payment.Notice           `json:",omitempty"` // still to be sent
}

const (
	waiting    = "waiting" // for the customer
	processing = "processing"
	authorized = "authorized"
	captured   = "captured"
	voided     = "voided"
	refused    = "refused"
)

func reference(id string) string { return "sim_" + id }

// at runs fn on a payment that the simulator knows or, when make is set, gets to know.
func (s *Simulator) at(ctx context.Context, c payment.Call, create bool, fn func(h *held) payment.Answer) payment.Answer {
	var a payment.Answer
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		h := &held{Payment: c.Payment, Token: c.Token, Amount: c.Amount, Calls: map[string]payment.Outcome{}, Lost: map[string]bool{}}
		ref := reference(c.Payment)
		var doc []byte
		err := tx.QueryRow(sqlLock, ref).Scan(&doc)
		switch {
		case errors.Is(err, db.ErrNoRows) && !create:
			a = payment.Answer{Outcome: payment.Absent}
			return nil
		case errors.Is(err, db.ErrNoRows):
			if n, err := tx.Exec(sqlInsert, ref, c.Account.Brand); err != nil || n == 0 {
				return errors.Join(err, errTwin)
			}
		case err != nil:
			return err
		default:
			if err := json.Unmarshal(doc, h); err != nil {
				return err
			}
		}
		h.ripen()
		a = fn(h)
		if a.Outcome != payment.Absent {
			a.Reference = ref
		}
		if doc, err = json.Marshal(h); err != nil {
			return err
		}
		_, err = tx.Exec(sqlSave, ref, clock.Micros(h.notifyAt()), string(doc))
		return err
	})
	if err != nil {
		return payment.Answer{Outcome: payment.Unknown, Reason: "the simulator could not be asked: " + err.Error()}
	}
	return a
}

// errTwin says that a twin of the call made the payment in this moment.
var errTwin = errors.New("another call is at it")

// ripen lets a late payment succeed when its time has come.
func (h *held) ripen() {
	if h.State == processing && clock.Micros(clock.Now()) >= h.Ready {
		h.State = authorized
		h.notify(1)
	}
}

// notify has n notices sent that something has happened.
func (h *held) notify(n int) {
	for range n {
		h.Notices = append(h.Notices, payment.Notice{Payment: h.Payment})
	}
}

func (h *held) notifyAt() time.Time {
	switch {
	case len(h.Notices) > 0:
		return clock.Now()
	case h.State == processing:
		return clock.FromMicros(h.Ready)
	}
	return time.Time{}
}

// once makes a call take effect one time, and loses calls and answers as the token says.
func (s *Simulator) once(ctx context.Context, c payment.Call, effect func(h *held) payment.Answer) payment.Answer {
	return s.at(ctx, c, true, func(h *held) payment.Answer {
		first := !h.Lost[c.Key]
		if first && (h.Token == Timeout || h.Token == Lost) {
			h.Lost[c.Key] = true
			if h.Token == Timeout {
				h.Calls[c.Key] = effect(h).Outcome
			}
			return payment.Answer{Outcome: payment.Unknown, Reason: "the call timed out"}
		}
		if _, done := h.Calls[c.Key]; done {
			return h.standing(c)
		}
		a := effect(h)
		h.Calls[c.Key] = a.Outcome
		return a
	})
}

// standing is what has become of a call that took effect.
func (h *held) standing(c payment.Call) payment.Answer {
	if c.Kind != payment.Authorize {
		return payment.Answer{Outcome: h.Calls[c.Key], Reason: reasons[h.Calls[c.Key]]}
	}
	switch h.State {
	case waiting:
		return payment.Answer{Outcome: payment.NeedsCustomer}
	case processing:
		return payment.Answer{Outcome: payment.Pending}
	case authorized, captured:
		return payment.Answer{Outcome: payment.Done, Description: "Visa •••• 4242"}
	}
	return payment.Answer{Outcome: payment.Declined, Reason: "The card was declined."}
}

var reasons = map[payment.Outcome]string{payment.Declined: "The simulator declined it."}

// Authorize implements payment.Provider.
func (s *Simulator) Authorize(ctx context.Context, c payment.Call) payment.Answer {
	return s.once(ctx, c, func(h *held) payment.Answer {
		if h.State != "" { // voided before this call arrived
			return h.standing(c)
		}
		switch h.Token = c.Token; h.Token {
		case Challenge, NoVoid:
			h.State = waiting
		case Late:
			h.State, h.Ready = processing, clock.Micros(clock.Now().Add(lateTime))
		case Visa, Twice, Timeout, Lost, Expired, NoRefund, Dispute:
			h.State = authorized
		default:
			h.State = refused
		}
		if h.Token == Twice {
			h.notify(3)
		}
		return h.standing(c)
	})
}

// Capture implements payment.Provider.
func (s *Simulator) Capture(ctx context.Context, c payment.Call) payment.Answer {
	return s.once(ctx, c, func(h *held) payment.Answer {
		if h.State != authorized || c.Amount > h.Amount || h.Token == Expired {
			return payment.Answer{Outcome: payment.Declined, Reason: "The authorization has expired."}
		}
		h.State, h.Captured = captured, c.Amount
		if h.Token == Dispute {
			h.Notices = append(h.Notices, payment.Notice{
				Payment: h.Payment, Dispute: &payment.Dispute{ID: reference(h.Payment), Stage: payment.TakenBack, Amount: c.Amount, Reason: "fraudulent"},
			})
		}
		return payment.Answer{Outcome: payment.Done}
	})
}

// Void implements payment.Provider.
func (s *Simulator) Void(ctx context.Context, c payment.Call) payment.Answer {
	return s.once(ctx, c, func(h *held) payment.Answer {
		if h.Token == NoVoid {
			return payment.Answer{Outcome: payment.Declined, Reason: reasons[payment.Declined]}
		}
		h.State, h.Refunded = voided, h.Captured
		return payment.Answer{Outcome: payment.Done}
	})
}

// Refund implements payment.Provider.
func (s *Simulator) Refund(ctx context.Context, c payment.Call) payment.Answer {
	return s.once(ctx, c, func(h *held) payment.Answer {
		if h.State != captured || h.Refunded+c.Amount > h.Captured || h.Token == NoRefund || h.Token == Dispute {
			return payment.Answer{Outcome: payment.Declined, Reason: "The refund was declined."}
		}
		h.Refunded += c.Amount
		return payment.Answer{Outcome: payment.Done}
	})
}

// Fetch implements payment.Provider.
func (s *Simulator) Fetch(ctx context.Context, c payment.Call) payment.Answer {
	return s.at(ctx, c, false, func(h *held) payment.Answer {
		if _, done := h.Calls[c.Key]; !done {
			return payment.Answer{Outcome: payment.Absent}
		}
		if c.Kind == payment.Authorize && h.State == waiting {
			switch strings.ToLower(c.Customer) {
			case Approve:
				h.State = authorized
			case Refuse:
				h.State = refused
			}
		}
		return h.standing(c)
	})
}

// Find implements payment.Provider.
func (s *Simulator) Find(ctx context.Context, c payment.Call) payment.Outcome {
	a := s.at(ctx, c, false, func(*held) payment.Answer { return payment.Answer{Outcome: payment.Done} })
	return a.Outcome
}

// ParseWebhook implements payment.Provider. The simulator's notices do not travel.
func (*Simulator) ParseWebhook(payment.Account, string, []byte) (payment.Notice, error) {
	return payment.Notice{}, errors.New("the simulator sends no notices from outside")
}

// Money is what a customer has paid and got back of a payment as the simulated provider sees it, and whether an amount is
// held on their card.
func (s *Simulator) Money(ctx context.Context, id string) (paid, back money.Amount, holds bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var doc []byte
		err := tx.QueryRow(sqlRead, reference(id)).Scan(&doc)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		var h held
		if err := json.Unmarshal(doc, &h); err != nil {
			return err
		}
		h.ripen()
		paid, back, holds = h.Captured, h.Refunded, h.State == authorized
		return nil
	})
	return paid, back, holds, err
}

// Receiver is told of payments: payment.Payments.
type Receiver interface {
	Noticed(ctx context.Context, brand int, provider string, n payment.Notice) error
}

// Run sends notices until ctx ends: within a second, because those of a provider take their time too.
func (s *Simulator) Run(ctx context.Context, to Receiver) error {
	return worker.Run(ctx, "sending notices of simulated payments", time.Second, nil, func(ctx context.Context) (int, error) {
		return s.RunOnce(ctx, to)
	})
}

// RunOnce sends the notices that are due, those of one payment at the same time, and returns of how many payments.
func (s *Simulator) RunOnce(ctx context.Context, to Receiver) (int, error) {
	brands := map[string]int{}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(sqlToNotify, clock.Micros(clock.Now()))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			var brand int
			if err := rows.Scan(&id, &brand); err != nil {
				return err
			}
			brands[strings.TrimPrefix(id, reference(""))] = brand
		}
		return rows.Err()
	})
	if err != nil {
		return 0, err
	}
	for _, id := range slices.Sorted(maps.Keys(brands)) {
		var notices []payment.Notice
		s.at(ctx, payment.Call{Payment: id}, false, func(h *held) payment.Answer {
			notices, h.Notices = h.Notices, nil
			return payment.Answer{}
		})
		sent := make(chan error)
		for _, n := range notices {
			go func() { sent <- to.Noticed(ctx, brands[id], payment.Simulator, n) }()
		}
		for range notices {
			err = errors.Join(err, <-sent)
		}
		if err != nil {
			return 0, fmt.Errorf("simulator: %w", err)
		}
	}
	return len(brands), nil
}
