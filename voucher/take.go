package voucher

import (
	"errors"
	"fmt"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// Use is one use of a voucher by an order.
type Use struct {
	Voucher  *Voucher
	Order    int
	Customer int
	Discount money.Amount // what the voucher takes off, > 0
	Amount   money.Amount // what the order costs then
	Time     time.Time    // the brand's
}

// MayUse is nil when a customer may use the voucher once more, as far as vouchers know: it is theirs or everybody's, and
// they have not used it where it is for once per customer. Else it says why not. Whether this is their first order is
// order's to know, see [Voucher.FirstOrderOnly]. Customer 0 is somebody unknown.
func (vs *Vouchers) MayUse(tx *db.Tx, v *Voucher, customer int) error {
	if v.Customer != 0 && v.Customer != customer {
		return Unknown(v.Code) // whose it is, is nobody else's business
	}
	if !v.doc.IsValidOncePerCustomer || customer == 0 {
		return nil
	}
	var n int
	if err := tx.QueryRow(sqlUsedByCustomer, v.ID, customer).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return v.over("can be used once, and this customer has used it")
	}
	return nil
}

// FirstOrderOnly is nil when the voucher is for later orders of a customer too, else the refusal of them.
func (v *Voucher) FirstOrderOnly() error {
	if !v.doc.IsValidForFirstOrderOnly {
		return nil
	}
	return v.over("is for a customer's first order")
}

// Personal reports whether it depends on the customer if the voucher may be used.
func (v *Voucher) Personal() bool {
	return v.Customer != 0 || v.doc.IsValidOncePerCustomer || v.doc.IsValidForFirstOrderOnly
}

// Take takes a use for an order inside the transaction that places it. It returns false when that is not possible any more
// because the voucher was changed since it was read, or others took its last use or its credit, or its customer has used
// it: read it again.
func (vs *Vouchers) Take(tx *db.Tx, u Use) (bool, error) {
	credit := money.Amount(0)
	if u.Voucher.Kind == wire.VoucherTypeCreditNote {
		credit = u.Discount
	}
	return vs.take(tx, u, credit, fmt.Sprintf("order/%d", u.Order))
}

func (vs *Vouchers) take(tx *db.Tx, u Use, credit money.Amount, by string) (bool, error) {
	v := u.Voucher
	if v.Automatic && (v.MostUses > 0 || v.Kind == wire.VoucherTypeCreditNote) {
		vs.forget(tx)
	}
	n, err := tx.Exec(sqlTake, v.ID, v.Version, int64(credit))
	if err != nil || n == 0 {
		return false, err
	}
	if err := vs.MayUse(tx, v, u.Customer); err != nil {
		if fault.KindOf(err) == fault.Internal {
			return false, err
		}
		return false, nil
	}
	n, err = tx.Exec(sqlInsertUse, v.ID, by, v.Brand, u.Order, u.Customer, int64(u.Discount), int64(credit), int64(u.Amount), clock.Micros(u.Time))
	return n == 1, err
}

// GiveBack returns the use that an order has taken, if it took one, inside the transaction that turns the order down.
func (vs *Vouchers) GiveBack(tx *db.Tx, order int) error {
	var id int
	var credit money.Amount
	err := tx.QueryRow(sqlDeleteUseOfOrder, order).Scan(&id, &credit)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	vs.forget(tx)
	_, err = tx.Exec(sqlGiveBack, id, int64(credit))
	return err
}

// Applied makes the record of voucher.applied: it belongs to the sequence of the order's events.
func Applied(brand account.Brand, c *account.Caller, voucher, order, store int, now time.Time) (event.Record, error) {
	return event.Encode(event.New{
		Brand: brand.ID, AppID: brand.AppID, Subject: fmt.Sprintf("order/%d", order), Store: store, Time: now, Request: c.Request,
		Body: &wire.VoucherAppliedEvent{EventBase: wire.EventBase{IpAddress: c.EventIP()}, VoucherId: voucher, OrderId: order},
	})
}
