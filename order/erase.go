package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/customer"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/wire"
)

// underWay is how long after the time that it is wanted for an accepted order may still need its customer's address.
const underWay = 24 * time.Hour

// EraseCustomer erases a customer: at once from the list of customers, and soon after from their orders, the events about
// them and the answers that are kept for repeats ([Orders.EraseOnce]). Amounts, taxes, dishes and positions stay. Who is
// erased already is erased. While an order of theirs is under way it is a Conflict. Right: EditCustomers, for the whole
// brand.
func (o *Orders) EraseCustomer(ctx context.Context, caller *account.Caller, appID string, id int) error {
	brand, err := o.customers.OpenToErase(ctx, caller, appID)
	if err != nil {
		return err
	}
	return o.db.Write(ctx, func(tx *db.Tx) error {
		erased, err := customer.Lock(tx, brand.ID, id)
		if err != nil || erased {
			return err
		}
		var order int
		err = tx.QueryRow(sqlUnderWay, brand.ID, id, clock.Micros(brand.Now().Add(-underWay))).Scan(&order)
		if err == nil {
			return fault.Newf(fault.Conflict, "Order %d of customer %d is under way.", order, id).
				With("Erase the customer when it is done, a day after the time that it is wanted for at the latest.")
		}
		if !errors.Is(err, db.ErrNoRows) {
			return err
		}
		tx.AfterCommit(func() {
			select {
			case o.erasures <- struct{}{}:
			default:
			}
		})
		return o.customers.Erase(tx, brand, caller, id)
	})
}

// Erasures has a value when a customer is to be erased; it wakes the worker that calls [Orders.EraseOnce].
func (o *Orders) Erasures() <-chan struct{} { return o.erasures }

// eraseChunk is how many orders of one customer one step redacts.
const eraseChunk = 50

// EraseOnce redacts some orders of customers who are erased, one in a transaction with the events about it, and returns how
// much it did. It goes on where a process that died was, and any number of nodes may do it at once.
func (o *Orders) EraseOnce(ctx context.Context) (n int, err error) {
	var all []customer.Erasure
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = customer.Erasures(tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, e := range all {
		did, err := o.erase(ctx, e)
		if n += did; err != nil { // which does not keep the others waiting
			failed = append(failed, fmt.Errorf("order: erase customer %d: %w", e.Customer, errors.Join(err, o.db.Write(ctx, e.PutOff))))
		}
	}
	err = errors.Join(failed...)
	if n > 0 && err != nil { // the others go on without a rest
		slog.ErrorContext(ctx, "erasures failed and are tried again", "error", err)
		return n, nil
	}
	return n, err
}

func (o *Orders) erase(ctx context.Context, e customer.Erasure) (n int, err error) {
	var orders []int
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		orders, err = ordersOf(tx, e)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, id := range orders {
		if id <= e.Done {
			continue
		}
		if n == eraseChunk {
			return n, nil
		}
		if err := o.db.Write(ctx, func(tx *db.Tx) error { return o.redact(tx, e, id) }); err != nil {
			return n, err
		}
		n++
	}
	subjects := map[string]bool{}
	for _, id := range orders {
		subjects[subject(id)] = true
	}
	if err := idempotency.Erase(ctx, o.db, subjects); err != nil {
		return n, err
	}
	brand, err := o.accounts.Brand(ctx, e.Brand)
	if err != nil {
		return n, err
	}
	return n + 1, o.db.Write(ctx, func(tx *db.Tx) error { return o.customers.End(tx, brand, e, orders) })
}

// ordersOf are all orders of a customer who is erased: nobody places another one.
func ordersOf(tx *db.Tx, e customer.Erasure) ([]int, error) {
	return db.Column[int](tx, sqlOrdersOfCustomer, e.Brand, e.Customer)
}

// redact takes the customer out of an order and the events about it.
func (o *Orders) redact(tx *db.Tx, e customer.Erasure, id int) error {
	r, err := lock(tx, id)
	if err != nil {
		return err
	}
	doc := new(wire.Order)
	if err := json.Unmarshal(r.doc, doc); err != nil {
		return err
	}
	redactOrder(doc)
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(sqlRedactOrder, id, string(raw), customer.Redacted); err != nil {
		return err
	}
	words, err := reasonsOf(tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(sqlRedactRefunds, id, customer.Redacted); err != nil {
		return err
	}
	if err := o.payments.Redact(tx, id); err != nil {
		return err
	}
	if err := o.log.Redact(tx, e.Brand, subject(id), func(e wire.Event) { redactEvent(e, words) }); err != nil {
		return err
	}
	return e.Did(tx, id)
}

// reasonsOf are what staff wrote about the refunds of an order.
func reasonsOf(tx *db.Tx, id int) ([]string, error) {
	out, err := db.Column[string](tx, sqlRefundReasons, id)
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out, err
}

// redactOrder overwrites what is the customer's in an order: how they are reached, where they are, what they wrote.
func redactOrder(o *wire.Order) {
	texts := []*string{&o.ChefNote, &o.DropOffLocation, &o.ChannelOrderDisplayId}
	if c := o.Customer; c != nil {
		texts = append(texts, &c.Name, &c.EmailAddress, &c.PhoneNumber, &c.PhoneNumberLocalFormat)
	}
	if l := o.DeliveryLocation; l != nil {
		l.Coordinates = nil
		texts = append(texts, &l.Building, &l.Street, &l.Town, &l.PostCode, &l.DeliveryInstructions, &l.PrettyAddressString)
	}
	for _, text := range texts {
		if *text != "" {
			*text = customer.Redacted
		}
	}
	channel := o.ChannelOrderId != ""
	if channel || o.PaymentAccountType == wire.PaymentAccountTypeCard {
		o.PaymentAccountDescription = string(o.PaymentAccountType) // without the last digits of the card
	}
	for i := range o.OrderItems {
		if !channel { // nobody knows what a channel has written there
			break
		}
		o.OrderItems[i].Metadata = nil
		for k := range o.OrderItems[i].OrderItemOptions {
			o.OrderItems[i].OrderItemOptions[k].Metadata = nil
		}
	}
	o.CustomerLocation, o.MaskedPhoneNumber, o.OrderDropOffLocation = nil, nil, nil
}

// redactEvent overwrites what is the customer's in an event about an order: the order, where they placed it from, and what
// staff wrote about a refund.
func redactEvent(e wire.Event, reasons []string) {
	var by *wire.UserEventInfo
	switch e := e.(type) {
	case *wire.OrderCreatedEvent:
		redactEventOrder(e.Order)
	case *wire.OrderAcceptedEvent:
		redactEventOrder(e.Order)
		by = e.User
	case *wire.OrderRejectedEvent:
		redactEventOrder(e.Order)
		by = e.User
	case *wire.OrderRefundedEvent:
		redactEventOrder(e.Order)
		by = e.User
		for _, reason := range reasons { // the longest first, because one may begin like another
			if what, ok := strings.CutSuffix(e.Description, ": "+reason+"."); ok && reason != "" {
				e.Description = what + ": " + customer.Redacted + "."
				break
			}
		}
	case *wire.OrderDispatchedEvent:
		redactEventOrder(e.Order)
	case *wire.OrderTipUpdatedEvent:
		redactEventOrder(e.Order)
	case *wire.OrderRatingUpdatedEvent:
		redactEventOrder(e.Order)
	case *wire.OrderDeliveryTrackingStatusUpdatedEvent:
		redactEventOrder(e.Order)
		if e.DeliveryErrorMessage != "" {
			e.DeliveryErrorMessage = customer.Redacted
		}
	case *wire.OrderFulfillmentStatusUpdatedEvent:
		if what, _, noted := strings.Cut(e.Description, ": "); noted && e.StatusId == "" { // a review, with what staff wrote
			e.Description = what + ": " + customer.Redacted
		}
	}
	if by == nil || by.UserId == 0 {
		e.Base().IpAddress = nil
	}
}

func redactEventOrder(o *wire.Order) {
	if o != nil {
		redactOrder(o)
	}
}
