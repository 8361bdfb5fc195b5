package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/money"
)

// Kind is a kind of operation.
type Kind string

// The kinds.
const (
	Authorize Kind = "authorize"
	Capture   Kind = "capture"
	Void      Kind = "void"
	Refund    Kind = "refund"
)

// State is where a payment is; see the map in the package's comment.
type State string

// The states.
const (
	StatePending    State = "pending"
	StateAuthorized State = "authorized"
	StateCaptured   State = "captured"
	StateVoiding    State = "voiding"
	StateVoided     State = "voided"
)

// Payment is one payment of one order.
type Payment struct {
	ID          string
	Brand       int
	Order       int
	Provider    string
	Currency    string
	Amount      money.Amount
	State       State
	Captured    money.Amount
	Refunded    money.Amount
	Reference   string
	Description string // of the means of payment, once the provider has said it
	Reason      string // why it was not authorized
	Challenged  bool   // while it is pending: the customer has something to do first
	Action      Action // and how
	Event       string // id of the last event of the transaction that placed the order; empty before it
	Expires     time.Time

	token []byte
}

// Operation is one thing to be done at the provider.
type Operation struct {
	Payment  string
	Seq      int
	Kind     Kind
	Amount   money.Amount
	Attempts int
	Faults   int // how many of its calls failed with Answer.Fault

	created, due int64
}

// key is the provider's idempotency key of the operation. A payment has one authorization, capture and void, but any number
// of refunds.
func (o Operation) key() string {
	if o.Kind == Refund {
		return fmt.Sprintf("%s:%s-%d", o.Payment, o.Kind, o.Seq)
	}
	return fmt.Sprintf("%s:%s", o.Payment, o.Kind)
}

const (
	// authorizeTime is how long a customer has to pay: until then the order's seat and voucher are kept for them.
	authorizeTime = 15 * time.Minute
	// leaseTime is longer than all calls of one try take: until then no other node tries the operation.
	leaseTime = time.Minute
)

// NewPayment is a payment to be opened.
type NewPayment struct {
	ID        string // of NewID
	Brand     int
	Order     int
	Provider  string // of Enabled
	Currency  string
	Amount    money.Amount // > 0
	Token     string
	ReturnURL string
}

// NewID makes the id of a payment. It is unique among all installations, because several may share an account.
func NewID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// means is what the customer pays with.
type means struct{ Token, ReturnURL string }

// Step is what amounts of a currency are multiples of, so that each provider can move them, whichever a brand has.
func (p *Payments) Step(currency string) money.Amount {
	step := money.Amount(1)
	for _, of := range p.providers {
		step = max(step, of.Step(currency))
	}
	return step
}

// seal prepares what is stored of the customer's means of payment.
func (p *Payments) seal(n NewPayment) ([]byte, error) {
	raw, err := json.Marshal(means{n.Token, n.ReturnURL})
	return p.box.Seal(raw, n.ID), err
}

func (p *Payments) means(of *Payment) (m means, err error) {
	if of.token == nil {
		return m, nil
	}
	raw, err := p.box.Open(of.token, of.ID)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(raw, &m)
}

// Open stores a payment inside the transaction that reserves its order, and that it is to be authorized. Whoever opens it
// calls [Payments.Proceed] after the commit; when they cannot any more, the worker does.
func (p *Payments) Open(tx *db.Tx, n NewPayment) error {
	token, err := p.seal(n)
	if err != nil {
		return err
	}
	now := clock.Now()
	_, err = tx.Exec(sqlInsertPayment, n.ID, n.Brand, n.Order, n.Provider, n.Currency, int64(n.Amount), string(StatePending),
		token, clock.Micros(now), clock.Micros(now.Add(authorizeTime)))
	if err != nil {
		return err
	}
	return p.owe(tx, n.ID, n.Brand, Authorize, n.Amount, now.Add(leaseTime))
}

// Owe stores that something is to be done, inside the transaction of what owes it.
func (p *Payments) Owe(tx *db.Tx, brand int, payment string, k Kind, amount money.Amount) error {
	if k == Void {
		if _, err := tx.Exec(sqlSetState, payment, string(StateVoiding)); err != nil {
			return err
		}
	}
	p.wakeAfter(tx)
	return p.owe(tx, payment, brand, k, amount, clock.Now())
}

func (p *Payments) owe(tx *db.Tx, payment string, brand int, k Kind, amount money.Amount, due time.Time) error {
	_, err := tx.Exec(sqlInsertOperation, payment, brand, string(k), int64(amount), clock.Micros(due), clock.Micros(clock.Now()))
	return err
}

// wakeAfter wakes the worker of this node after the commit.
func (p *Payments) wakeAfter(tx *db.Tx) {
	tx.AfterCommit(func() {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	})
}

// Settle stores the final answer to an operation, inside the transaction of what follows from it: Done or Declined. It returns
// false when the operation is settled already: then nothing follows any more.
//
// A payment that is not authorized is voided, so that nobody can authorize it later.
func (p *Payments) Settle(tx *db.Tx, op Operation, a Answer) (bool, error) {
	state := "done"
	if a.Outcome != Done {
		state = "failed"
	}
	n, err := tx.Exec(sqlSettleOperation, op.Payment, op.Seq, state, a.Reason, clock.Micros(clock.Now()))
	if err != nil || n == 0 {
		return false, err
	}
	switch {
	case op.Kind == Authorize && a.Outcome == Done:
		_, err = tx.Exec(sqlAuthorized, op.Payment, string(StateAuthorized), a.Reference, a.Description)
	case op.Kind == Authorize:
		var brand int
		if err = tx.QueryRow(sqlDeclined, op.Payment, a.Reference, a.Reason).Scan(&brand); err == nil {
			err = p.Owe(tx, brand, op.Payment, Void, op.Amount)
		}
	case a.Outcome != Done:
	case op.Kind == Capture:
		_, err = tx.Exec(sqlCaptured, op.Payment, string(StateCaptured), int64(op.Amount))
	case op.Kind == Refund:
		_, err = tx.Exec(sqlRefunded, op.Payment, int64(op.Amount))
	case op.Kind == Void:
		_, err = tx.Exec(sqlSetState, op.Payment, string(StateVoided))
	}
	return true, err
}

// Placed notes the last event of the transaction that places the payment's order, inside it.
func (p *Payments) Placed(tx *db.Tx, payment, event string) error {
	_, err := tx.Exec(sqlPlaced, payment, event)
	return err
}

// Dispute notes how far a dispute has come, inside the transaction of what follows from it; false when it is not any more as it
// was.
func (p *Payments) Dispute(tx *db.Tx, payment string, was, is Dispute) (bool, error) {
	var n int64
	var err error
	if was.Stage == "" {
		n, err = tx.Exec(sqlInsertDispute, payment, is.ID, string(is.Stage), int64(is.Amount))
	} else {
		n, err = tx.Exec(sqlMoveDispute, payment, is.ID, string(was.Stage), string(is.Stage), int64(is.Amount))
	}
	return n == 1, err
}

// dispute is how far a dispute of a payment is known to have come; it has no stage when it is not known.
func (p *Payments) dispute(ctx context.Context, payment, id string) (d Dispute, err error) {
	d.ID = id
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(sqlDispute, payment, id).Scan(&d.Stage, &d.Amount)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	return d, err
}

// reopen lets a refund that was done be asked for again, because the provider says that it has failed since.
func reopen(tx *db.Tx, payment, key string) error {
	seq, ours := strings.CutPrefix(key, payment+":"+string(Refund)+"-")
	n, err := strconv.Atoi(seq)
	if !ours || err != nil {
		return nil // of another operation, whose outcome is asked where it is open
	}
	var amount money.Amount
	switch err := tx.QueryRow(sqlReopen, payment, n, clock.Micros(clock.Now())).Scan(&amount); {
	case errors.Is(err, db.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	_, err = tx.Exec(sqlRefunded, payment, -int64(amount))
	return err
}

// ErrNone says that there is no such payment.
var ErrNone = errors.New("payment: none")

// Load reads a payment; ErrNone when there is none.
func (p *Payments) Load(ctx context.Context, id string) (of *Payment, err error) {
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		of, err = scan(tx, sqlPayment, id)
		return err
	})
	return of, err
}

func scan(tx *db.Tx, query string, args ...any) (*Payment, error) {
	of := &Payment{}
	var action []byte
	var expires int64
	err := tx.QueryRow(query, args...).Scan(&of.ID, &of.Brand, &of.Order, &of.Provider, &of.Currency, &of.Amount, &of.State,
		&of.Captured, &of.Refunded, &of.Reference, &of.Description, &of.Reason, &action, &of.Event, &of.token, &expires)
	if errors.Is(err, db.ErrNoRows) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	of.Expires, of.Challenged = clock.FromMicros(expires), len(action) > 0
	if of.Challenged {
		err = json.Unmarshal(action, &of.Action)
	}
	return of, err
}

// encodeAction is what is stored of what a customer is to do; empty for nothing.
func encodeAction(a Answer) (string, error) {
	if a.Outcome != NeedsCustomer {
		return "", nil
	}
	raw, err := json.Marshal(a.Action)
	return string(raw), err
}

// Redact forgets what a payment says of its customer: whose card it was. Amounts and the provider's name of it stay.
func (p *Payments) Redact(tx *db.Tx, order int) error {
	_, err := tx.Exec(sqlRedact, order)
	return err
}
