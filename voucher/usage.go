package voucher

import (
	"context"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

const maxKey = 100

// errNothing says that a use is as it was asked for already.
var errNothing = errors.New("voucher: nothing to do")

// SetUsed marks a voucher as used outside Comanda, at a till for one, or as not used there after all. A use is known by its
// TransactionKey and customer: to mark it twice takes one use. It takes a use as an order does, and all that is left of a
// credit note. Right: EditVouchers.
func (vs *Vouchers) SetUsed(ctx context.Context, c *account.Caller, appID string, id int, in wire.UpdateVoucherUsage) error {
	if err := checkUsage(in); err != nil {
		return err
	}
	by := fmt.Sprintf("key/%d/%s", wire.V(in.UsedByCustomerId), wire.V(in.TransactionKey))
	for range changeTries {
		v, brand, err := vs.openIn(ctx, c, appID, id, account.EditVouchers)
		if err != nil {
			return err
		}
		names, err := vs.names(ctx, v.Stores)
		if err != nil {
			return err
		}
		err = vs.db.Write(ctx, func(tx *db.Tx) error {
			mark, did := vs.markUnused, "not used"
			if *in.IsUsed {
				mark, did = vs.markUsed, "used"
			}
			if err := mark(tx, v, brand, wire.V(in.UsedByCustomerId), by); err != nil {
				return err
			}
			now, err := load(tx, v.ID)
			if err != nil {
				return err
			}
			w := now.wire(brand.Now(), names)
			rec, err := record(brand, c, now, &wire.VoucherUpdatedEvent{
				VoucherId: v.ID, User: c.EventUser(), Voucher: &w,
				Description: fmt.Sprintf("%s marked the voucher %s as %s.", c.EventName(), v.Code, did),
			})
			if err != nil {
				return err
			}
			vs.log.Append(tx, rec)
			return nil
		})
		switch {
		case errors.Is(err, errMoved):
			continue
		case errors.Is(err, errNothing):
			return nil
		}
		return err
	}
	return fault.Newf(fault.Conflict, "The voucher %d is being used by others at this moment.", id).With("Try again.")
}

func checkUsage(in wire.UpdateVoucherUsage) error {
	var c fault.Collector
	if in.IsUsed == nil {
		c.Add("IsUsed", "say true for used, false for not used")
	}
	if n := wire.V(in.UsedByCustomerId); n < 0 || n > maxInt {
		c.Add("UsedByCustomerId", "must be the id of a customer")
	}
	key := wire.V(in.TransactionKey)
	for _, r := range key {
		if unicode.IsControl(r) || r == utf8.RuneError {
			c.Add("TransactionKey", "control characters are not allowed")
			break
		}
	}
	if utf8.RuneCountInString(key) > maxKey {
		c.Add("TransactionKey", "at most %d characters are allowed", maxKey)
	}
	return c.Err()
}

// markUsed takes a use under a key. errNothing: it is taken; errMoved: read the voucher again.
func (vs *Vouchers) markUsed(tx *db.Tx, v *Voucher, brand account.Brand, customer int, by string) error {
	var n int
	if err := tx.QueryRow(sqlUsedUnder, v.ID, by).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return errNothing
	}
	if status := v.Status(brand.Now()); status != wire.VoucherStatusValid {
		return fault.Newf(fault.Conflict, "The voucher %s cannot be used: it is %s.", v.Code, status)
	}
	if err := isCustomer(tx, "UsedByCustomerId", v.Brand, customer); err != nil {
		return err
	}
	if v.Customer != 0 && v.Customer != customer {
		return fault.BadField("UsedByCustomerId", "the voucher %s is for customer %d alone", v.Code, v.Customer)
	}
	if err := vs.MayUse(tx, v, customer); err != nil {
		return err
	}
	u := Use{Voucher: v, Customer: customer, Time: brand.Now()}
	credit := money.Amount(0)
	if v.Kind == wire.VoucherTypeCreditNote {
		u.Discount, credit = v.Credit, v.Credit
	}
	took, err := vs.take(tx, u, credit, by)
	if err == nil && !took {
		err = errMoved
	}
	return err
}

// markUnused gives the use under a key back. errNothing: there is none.
func (vs *Vouchers) markUnused(tx *db.Tx, v *Voucher, _ account.Brand, _ int, by string) error {
	var credit money.Amount
	err := tx.QueryRow(sqlDeleteUse, v.ID, by).Scan(&credit)
	if errors.Is(err, db.ErrNoRows) {
		return errNothing
	}
	if err != nil {
		return err
	}
	vs.forget(tx)
	_, err = tx.Exec(sqlGiveBack, v.ID, int64(credit))
	return err
}
