package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/worker"
)

// Book is who keeps the books of what is paid: package order. A book prepares what follows outside a transaction, and stores
// it in one together with [Payments.Settle] or [Payments.Dispute]; when those return false it stores nothing.
type Book interface {
	// Settled is told the final answer to an operation, Done or Declined, at least once. It settles an authorization that is
	// Done as Declined where no order waits for it any more.
	Settled(ctx context.Context, of *Payment, op Operation, a Answer) error
	// Disputed is told that a dispute of a payment has gone on. It may return ErrMoved where [Payments.Dispute] says so.
	Disputed(ctx context.Context, of *Payment, was, is Dispute) error
}

// ErrMoved says that a dispute has gone on meanwhile: what follows is to be prepared anew.
var ErrMoved = errors.New("payment: the dispute has gone on")

const (
	pollEvery = 2 * time.Second // how soon what another node owes is seen here
	callTime  = 20 * time.Second
)

// delays are between the tries of an operation; the last one repeats. While a customer is waited for the longest is askEvery.
var delays = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

const askEvery = 15 * time.Second

// patience is how long a provider may not do what is asked of it before the owners of the brand hear of it.
const patience = 15 * time.Minute

// Run does what is owed until ctx ends.
func (p *Payments) Run(ctx context.Context) error {
	return worker.Run(ctx, "settling payments", pollEvery, p.wake, p.RunOnce)
}

// RunOnce tries some operations that are due, side by side, and returns how many it took on.
func (p *Payments) RunOnce(ctx context.Context) (int, error) {
	var due []Operation
	err := p.db.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = operations(tx, sqlDue, clock.Micros(clock.Now()), p.parallel)
		return err
	})
	if err != nil {
		return 0, err
	}
	took, failed := make([]bool, len(due)), make([]error, len(due))
	var wg sync.WaitGroup
	for i, op := range due {
		wg.Go(func() { took[i], failed[i] = p.work(ctx, op) })
	}
	wg.Wait()
	n := 0
	for _, t := range took {
		if t {
			n++
		}
	}
	return n, errors.Join(failed...)
}

func operations(tx *db.Tx, query string, args ...any) (out []Operation, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var o Operation
		if err := rows.Scan(&o.Payment, &o.Seq, &o.Kind, &o.Amount, &o.Attempts, &o.Faults, &o.created, &o.due); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// work takes an operation on, unless another node did, and tries it.
func (p *Payments) work(ctx context.Context, op Operation) (bool, error) {
	took, err := p.take(ctx, &op)
	if err != nil || !took {
		return false, err
	}
	of, err := p.Load(ctx, op.Payment)
	if err != nil {
		return true, fmt.Errorf("payment: %s: %w", op.key(), err)
	}
	return true, p.try(ctx, of, op, "")
}

func (p *Payments) take(ctx context.Context, op *Operation) (bool, error) {
	until := clock.Micros(clock.Now().Add(leaseTime))
	var n int64
	err := p.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(sqlTake, op.Payment, op.Seq, op.due, until)
		return err
	})
	return n == 1, err
}

// Proceed tries to authorize a payment now and returns it as it is then. customer is what the customer has answered to a
// challenge, where the provider's own pages do not say it. A payment that is settled, or whose provider cannot be asked, is
// returned as it is.
func (p *Payments) Proceed(ctx context.Context, id, customer string) (*Payment, error) {
	ctx = context.WithoutCancel(ctx) // a browser that goes away leaves no call half settled
	of, err := p.Load(ctx, id)
	if err != nil || of.State != StatePending {
		return of, err
	}
	var next []Operation
	err = p.db.Read(ctx, func(tx *db.Tx) (err error) {
		next, err = operations(tx, sqlNext, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(next) == 1 && next[0].Kind == Authorize {
		op := next[0]
		took, err := p.take(ctx, &op)
		if err != nil {
			return nil, err
		}
		if !took {
			op.Attempts++ // somebody else is at it: ask first
		}
		if err := p.try(ctx, of, op, customer); err != nil {
			return nil, err
		}
	}
	return p.Load(ctx, id)
}

// try makes the call of an operation and stores what came of it.
func (p *Payments) try(ctx context.Context, of *Payment, op Operation, customer string) error {
	a := p.call(ctx, of, op, customer)
	if a.Reference == "" {
		a.Reference = of.Reference
	}
	switch {
	case a.Outcome == Done || a.Outcome == Declined:
		return p.book.Settled(ctx, of, op, a)
	case op.Kind == Authorize && over(of):
		return p.book.Settled(ctx, of, op, late(a))
	}
	if a.Outcome == Unknown {
		slog.WarnContext(ctx, "a provider of payments did not say what became of a call; it is asked again",
			"operation", op.key(), "provider", of.Provider, "attempts", op.Attempts+1, "reason", a.Reason)
	}
	return p.postpone(ctx, of, op, a)
}

func over(of *Payment) bool { return !clock.Now().Before(of.Expires) }

// late is the end of an authorization that its customer did not finish.
func late(a Answer) Answer {
	a.Outcome, a.Reason = Declined, "The order was not paid in time."
	return a
}

// call asks the provider, first what has become of a call that was made before.
func (p *Payments) call(ctx context.Context, of *Payment, op Operation, customer string) Answer {
	provider := p.providers[of.Provider]
	if provider == nil {
		return Answer{Outcome: Unknown, Reason: "this program does not know the provider"}
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	a, err := p.account(ctx, of.Brand, of.Provider)
	if err != nil {
		return Answer{Outcome: Unknown, Reason: err.Error()}
	}
	m, err := p.means(of)
	if err != nil {
		return Answer{Outcome: Unknown, Reason: err.Error()}
	}
	c := Call{
		Account: a, Key: op.key(), Faults: op.Faults, Kind: op.Kind, Payment: of.ID, Reference: of.Reference, Order: of.Order, Amount: op.Amount,
		Currency: of.Currency, Token: m.Token, ReturnURL: m.ReturnURL, Customer: customer,
	}
	tooLate := op.Kind == Authorize && over(of)
	if op.Attempts > 0 || tooLate {
		if before := provider.Fetch(ctx, c); before.Outcome != Absent {
			return before
		}
	}
	switch {
	case tooLate:
		return late(Answer{})
	case op.Kind == Authorize:
		return provider.Authorize(ctx, c)
	case op.Kind == Capture:
		return provider.Capture(ctx, c)
	case op.Kind == Void:
		return provider.Void(ctx, c)
	}
	return provider.Refund(ctx, c)
}

// postpone stores what is known of an operation that is not settled, and when it is tried next.
func (p *Payments) postpone(ctx context.Context, of *Payment, op Operation, a Answer) error {
	delay := delays[min(op.Attempts, len(delays)-1)]
	due := clock.Now().Add(delay)
	if op.Kind == Authorize {
		due = clock.Now().Add(min(delay, askEvery))
		if due.After(of.Expires) {
			due = of.Expires
		}
	}
	action, err := encodeAction(a)
	if err != nil {
		return err
	}
	faults := 0
	if a.Fault {
		faults = 1
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := p.tell(tx, of, op, a); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlPostpone, op.Payment, op.Seq, clock.Micros(due), a.Reason, faults); err != nil || op.Kind != Authorize || a.Outcome == Unknown {
			return err // what the customer is to do stays as it was told last
		}
		_, err := tx.Exec(sqlProgress, op.Payment, a.Reference, action)
		return err
	})
}

// tell mails the owners of a brand, once a day, that its account has not done for longer than patience what is asked of it.
func (p *Payments) tell(tx *db.Tx, of *Payment, op Operation, a Answer) error {
	now := clock.Now()
	if a.Outcome != Unknown || now.Sub(clock.FromMicros(op.created)) < patience {
		return nil
	}
	n, err := tx.Exec(sqlTell, of.Brand, of.Provider, clock.Micros(now), clock.Micros(now.Add(-24*time.Hour)))
	if err != nil || n == 0 {
		return err
	}
	return p.accounts.MailOwners(tx, of.Brand, "Card payments need you: "+of.Provider+" does not do what it is asked", fmt.Sprintf(
		"What is owed for order %d, a %s of a card payment, could not be done for more than %d minutes. %s says: %s\n\n"+
			"Look whether the secret key in the payment settings is the right one of the right account, and set it again if it is not. "+
			"It is tried again until then, at least once an hour. An amount that is only held on a card is lost if that takes longer than "+
			"its bank holds it, often seven days.", of.Order, op.Kind, int(patience.Minutes()), of.Provider, a.Reason))
}

// Receive takes a notice of a provider for a brand. What it says is asked again, so that neither its number nor its order
// matters.
func (p *Payments) Receive(ctx context.Context, appID, provider, signature string, body []byte) error {
	brand, err := p.accounts.BrandByAppID(ctx, appID)
	if err != nil {
		return err
	}
	of := p.providers[provider]
	if of == nil {
		return fault.New(fault.NotFound, "There is no such provider of payments.")
	}
	a, err := p.account(ctx, brand.ID, provider)
	if err != nil {
		return err
	}
	n, err := of.ParseWebhook(a, signature, body)
	if err != nil {
		return fault.Newf(fault.Invalid, "The notice is not taken: %s.", err)
	}
	return p.Noticed(ctx, brand.ID, provider, n)
}

// Noticed is told that something has happened to a payment of a brand.
func (p *Payments) Noticed(ctx context.Context, brand int, provider string, n Notice) error {
	if n.Payment == "" && n.Reference == "" {
		return nil
	}
	var of *Payment
	err := p.db.Read(ctx, func(tx *db.Tx) (err error) {
		of, err = scan(tx, sqlPaymentOfNotice, brand, provider, n.Payment, n.Reference)
		return err
	})
	if errors.Is(err, ErrNone) { // of another installation that shares the account
		slog.InfoContext(ctx, "a provider told of a payment that is not ours", "provider", provider, "reference", n.Reference)
		return nil
	}
	if err != nil {
		return err
	}
	if n.Dispute != nil {
		return p.disputed(ctx, of, *n.Dispute)
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		p.wakeAfter(tx)
		if n.Refund != "" {
			if err := reopen(tx, of.ID, n.Refund); err != nil {
				return err
			}
		}
		_, err := tx.Exec(sqlHurry, of.ID, clock.Micros(clock.Now()))
		return err
	})
}

// disputed tells the book of a dispute, if there is news of it. Whoever is overtaken by another node, which can happen once a
// stage, looks again.
func (p *Payments) disputed(ctx context.Context, of *Payment, d Dispute) error {
	d.Amount = min(d.Amount, of.Amount)
	for {
		was, err := p.dispute(ctx, of.ID, d.ID)
		if err != nil || !d.follows(was) {
			return err
		}
		if err := p.book.Disputed(ctx, of, was, d); !errors.Is(err, ErrMoved) {
			return err
		}
	}
}
