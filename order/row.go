package order

import (
	"errors"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// row is an order as it is stored: key columns, the document that reads answer, and the calculation of its total.
type row struct {
	id, brand, store int
	state            wire.OrderState
	version          int
	currency         string
	requestedFor     time.Time
	amount           money.Amount // what the customer pays
	refundable       money.Amount // what of it can be handed back at all: nothing before the order is accepted
	refunded         money.Amount // what was handed back
	takenBack        money.Amount // what the customer's bank has taken back, so that it cannot be handed back any more
	doc, calculation []byte
	placed           time.Time       // zero while nobody but its customer knows the order
	heldIn           wire.OrderState // the state that it was in before it was held for review; empty = it is not held
	driver           int             // whose delivery it is; 0 = nobody's of the brand
	payment          string          // id of the payment of a card order; empty = cash
	delivery         []byte          // what is known of its delivery, a wire.OrderDeliveryInformation; empty = nothing was said yet
}

// left is what can still be handed back.
func (r *row) left() money.Amount { return max(0, r.refundable-r.refunded-r.takenBack) }

// maxID is the greatest id on the wire; a greater one cannot be in a column.
const maxID = 1<<31 - 1

// load reads a row; ErrNoRows when there is none.
func load(tx *db.Tx, id int) (*row, error) {
	return scan(tx, sqlOrder, id)
}

// lock reads a row and keeps it from changing until the transaction ends.
func lock(tx *db.Tx, id int) (*row, error) {
	return scan(tx, sqlLockOrder, id)
}

func scan(tx *db.Tx, query string, id int) (*row, error) {
	if id <= 0 || id > maxID {
		return nil, db.ErrNoRows
	}
	r := &row{id: id}
	var state, heldIn string
	var requested, placed int64
	err := tx.QueryRow(query, id).Scan(&r.brand, &r.store, &state, &r.version, &r.currency, &requested,
		&r.amount, &r.refundable, &r.refunded, &r.doc, &r.calculation, &placed, &r.delivery, &r.driver, &r.payment, &heldIn, &r.takenBack)
	if err != nil {
		return nil, err
	}
	r.heldIn = wire.OrderState(heldIn)
	r.state, r.requestedFor, r.placed = wire.OrderState(state), clock.FromMicros(requested), clock.FromMicros(placed)
	return r, nil
}

// missing is the one answer for an order that is not there and for one that is out of reach.
func missing(id int) error {
	return fault.Newf(fault.NotFound, "There is no order %d within your reach.", id)
}

// hidden turns what Require and load say of an order out of reach or not there into that one answer.
func hidden(id int, err error) error {
	if errors.Is(err, db.ErrNoRows) || fault.KindOf(err) == fault.NotFound {
		return missing(id)
	}
	return err
}

// mayRead is nil when a caller may read the order, which is not there before it is placed.
func (r *row) mayRead(caller *account.Caller) error {
	if r.placed.IsZero() {
		return missing(r.id)
	}
	return caller.Require(account.ReadOrders, r.brand, r.store)
}
