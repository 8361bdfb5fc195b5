package order

import (
	"errors"
	"strconv"
	"strings"

	"comanda/internal/db"
	"comanda/wire"
)

// Addressee is the customer whom a notice about an order goes to, by what they gave with it: one of Email and Phone at least.
type Addressee struct {
	Order, Customer int
	Email, Phone    string
	State           wire.OrderState // the order's, as it is now
}

// ToTell is the customer of the order that an event is about, by its subject. It is false when the customer is
// erased, and when another channel has sold the order, which tells its customers itself.
func ToTell(tx *db.Tx, brand int, subject string) (to Addressee, tell bool, err error) {
	id, _ := strings.CutPrefix(subject, "order/")
	if to.Order, err = strconv.Atoi(id); err != nil {
		return to, false, err
	}
	err = tx.QueryRow(sqlToTell, to.Order, brand).Scan(&to.State, &to.Customer, &to.Email, &to.Phone)
	if errors.Is(err, db.ErrNoRows) {
		return to, false, nil
	}
	return to, err == nil, err
}

// Quiet reports whether who caused an event did not want its customer to be told. That of a new order, and its acceptance,
// can always be told.
func Quiet(tx *db.Tx, event string) (quiet bool, err error) {
	return quiet, tx.QueryRow(sqlIsQuiet, event).Scan(&quiet)
}

// Passed forgets whether an event is quiet.
func Passed(tx *db.Tx, event string) error {
	_, err := tx.Exec(sqlDropQuiet, event)
	return err
}
