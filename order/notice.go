package order

import (
	"errors"

	"comanda/internal/db"
	"comanda/wire"
)

// Addressee is the customer whom a notice about an order goes to, by what they gave with it: one of Email and Phone at least.
type Addressee struct {
	Customer     int
	Email, Phone string
	State        wire.OrderState // the order's, as it is now
}

// ToTell is the customer who is to be told of an event about an order. It is false when who caused the event did not want
// that, which is asked once, and when the customer is erased.
func ToTell(tx *db.Tx, brand, id int, event string) (to Addressee, tell bool, err error) {
	quiet, err := tx.Exec(sqlTakeQuiet, event)
	if err != nil || quiet > 0 {
		return to, false, err
	}
	err = tx.QueryRow(sqlToTell, id, brand).Scan(&to.State, &to.Customer, &to.Email, &to.Phone)
	if errors.Is(err, db.ErrNoRows) {
		return to, false, nil
	}
	return to, err == nil, err
}
