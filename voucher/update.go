package voucher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// changeTries bounds how often a change is applied anew because somebody else was first.
const changeTries = 20

var errMoved = errors.New("voucher: changed by somebody else")

// Change is what an update changes beyond the contract's body: its parameters. What is nil stays.
type Change struct {
	wire.UpdateVoucher
	Percent     *int          // of a PercentageDiscount
	Lump        *wire.Decimal // the amount of a LumpDiscount; what is left of a CreditNote
	MaxDiscount *wire.Decimal // of a PercentageDiscount; 0 = no maximum
}

// Update changes what is given of a voucher; its type and what is counted stay. Right: EditVouchers.
func (vs *Vouchers) Update(ctx context.Context, c *account.Caller, id int, in Change) (*wire.VoucherWithStats, error) {
	v, brand, err := vs.open(ctx, c, id, account.EditVouchers)
	if err != nil {
		return nil, err
	}
	return vs.change(ctx, c, brand, v, in.apply)
}

// SetPeriods replaces the weekly hours in which a voucher holds by one span of time on some days; no days is always. Right:
// EditVouchers.
func (vs *Vouchers) SetPeriods(ctx context.Context, c *account.Caller, appID string, id int, in wire.SetVoucherValidityPeriodsSimplifiedRequest) error {
	v, brand, err := vs.openIn(ctx, c, appID, id, account.EditVouchers)
	if err != nil {
		return err
	}
	var f fault.Collector
	periods := simplified(&f, in)
	if err := f.Err(); err != nil {
		return err
	}
	_, err = vs.change(ctx, c, brand, v, func(doc *wire.Voucher) error {
		doc.ValidityPeriods = slices.Clone(periods)
		return nil
	})
	return err
}

// change applies an edit to a voucher's document and reports it. A change that changes nothing is no event.
func (vs *Vouchers) change(ctx context.Context, c *account.Caller, brand account.Brand, v *Voucher, edit func(*wire.Voucher) error) (*wire.VoucherWithStats, error) {
	for range changeTries {
		next, err := vs.next(ctx, c, brand, v, edit)
		if err != nil {
			return nil, err
		}
		if reflect.DeepEqual(next.doc, v.doc) && next.Credit == v.Credit {
			return vs.whole(ctx, brand, v)
		}
		err = vs.write(ctx, c, brand, v, next)
		if err == nil {
			return vs.whole(ctx, brand, next)
		}
		if !errors.Is(err, errMoved) {
			return nil, err
		}
		if v, _, err = vs.open(ctx, c, v.ID, account.EditVouchers); err != nil {
			return nil, err
		}
	}
	return nil, fault.Newf(fault.Conflict, "The voucher %d is being changed by others at this moment.", v.ID).With("Try again.")
}

// next is the voucher after an edit.
func (vs *Vouchers) next(ctx context.Context, c *account.Caller, brand account.Brand, v *Voucher, edit func(*wire.Voucher) error) (*Voucher, error) {
	raw, err := json.Marshal(v.doc)
	if err != nil {
		return nil, err
	}
	doc := new(wire.Voucher)
	if err := json.Unmarshal(raw, doc); err != nil {
		return nil, err
	}
	var credit *wire.Decimal // what an edit gives a credit note; nil = it stays
	if doc.CreditNoteDetails != nil {
		credit = doc.CreditNoteDetails.RemainingCredit
	}
	if err := edit(doc); err != nil {
		return nil, err
	}
	set := doc.CreditNoteDetails != nil && doc.CreditNoteDetails.RemainingCredit != credit
	if err := vs.check(ctx, brand.ID, doc); err != nil {
		return nil, err
	}
	if doc.Currency != v.doc.Currency && v.Kind == wire.VoucherTypeCreditNote && !set {
		return nil, fault.BadField("Stores", "sell in %s, and what is left of this credit note is in %s", doc.Currency, v.doc.Currency)
	}
	if err := mayBind(c, brand.ID, doc.Stores); err != nil {
		return nil, err
	}
	next, err := v.of(doc)
	if err == nil && next.Customer != v.Customer {
		err = vs.checkCustomer(ctx, next)
	}
	if err == nil && set {
		next.Credit, err = money.Parse(*doc.CreditNoteDetails.RemainingCredit, string(doc.Currency))
	}
	return next, err
}

// write stores the next version of a voucher with its event, errMoved when it is not the next one any more.
func (vs *Vouchers) write(ctx context.Context, c *account.Caller, brand account.Brand, old, v *Voucher) error {
	raw, err := json.Marshal(v.doc)
	if err != nil {
		return err
	}
	w, err := vs.show(ctx, brand, v)
	if err != nil {
		return err
	}
	rec, err := record(brand, c, v, &wire.VoucherUpdatedEvent{
		VoucherId: v.ID, User: c.EventUser(), Voucher: &w,
		Description: fmt.Sprintf("%s changed the voucher %s: %s.", c.EventName(), v.Code, v.says()),
	})
	if err != nil {
		return err
	}
	return vs.db.Write(ctx, func(tx *db.Tx) error {
		if v.Code != old.Code {
			var taken int
			if err := tx.QueryRow(sqlCodeTaken, v.Brand, v.Code, v.ID).Scan(&taken); err != nil {
				return err
			}
			if taken > 0 {
				return codeTaken(v.Code)
			}
		}
		n, err := tx.Exec(sqlUpdate, v.ID, old.Version, v.Code, string(v.SubKind), v.Customer, join(v.Stores), join(v.Channels), v.Automatic, v.Enabled,
			clock.Micros(v.Starts), clock.Micros(v.Expires), v.MostUses, string(raw))
		if err != nil {
			return err
		}
		if n == 0 {
			return errMoved
		}
		if v.Credit != old.Credit {
			if _, err := tx.Exec(sqlSetCredit, v.ID, int64(v.Credit)); err != nil {
				return err
			}
		}
		vs.forget(tx)
		vs.log.Append(tx, rec)
		return nil
	})
}

// set replaces what is given.
func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}

// apply edits a document.
func (in *Change) apply(doc *wire.Voucher) error {
	var c fault.Collector
	in.promotion(&c, doc)
	set(&doc.Code, in.Code)
	set(&doc.Description, in.Description)
	if in.Stores != nil {
		doc.Stores = slices.Clone(in.Stores)
	}
	set(&doc.ValidOnOrdersOver, in.ValidOnOrdersOver)
	for _, b := range []struct{ to, given *bool }{
		{&doc.TakesPriority, in.TakesPriority},
		{&doc.IsEnabled, in.IsEnabled},
		{&doc.IsAutomaticallyApplied, in.IsAutomaticallyApplied},
		{&doc.IncludeDeliveryFee, in.IncludeDeliveryFee},
		{&doc.IsValidForDeliveryOrders, in.IsValidForDeliveryOrders},
		{&doc.IsValidForPickupOrders, in.IsValidForPickupOrders},
		{&doc.IsValidForOrdersPayedOnline, in.IsValidForOrdersPayedOnline},
		{&doc.IsValidForOrdersPayedByCash, in.IsValidForOrdersPayedByCash},
		{&doc.IsValidForFirstOrderOnly, in.IsValidForFirstOrderOnly},
		{&doc.IsValidOncePerCustomer, in.IsValidOncePerCustomer},
		{&doc.IsValidOnlyOnce, in.IsValidOnlyOnce},
		{&doc.IsDiscoverable, in.IsDiscoverable},
		{&doc.ForceDiscount, in.ForceDiscount},
	} {
		set(b.to, b.given)
	}
	set(&doc.StartDate, in.StartDate)
	set(&doc.ExpiryDate, in.ExpiryDate)
	if in.ChannelRestrictions != nil {
		doc.ChannelRestrictions = slices.Clone(in.ChannelRestrictions)
	}
	if in.ValidityPeriods != nil {
		doc.ValidityPeriods = slices.Clone(in.ValidityPeriods)
	}
	set(&doc.VoucherSubType, in.VoucherSubType)
	if in.CustomerId != nil {
		doc.CustomerId = in.CustomerId
	}
	if in.MaxRedemptions != nil {
		doc.MaxRedemptions = in.MaxRedemptions
	}
	in.worth(&c, doc)
	return c.Err()
}

func (in *Change) promotion(c *fault.Collector, doc *wire.Voucher) {
	p := doc.PromotionDetails
	if in.PromotionId == nil && in.PromotionName == nil && in.PromotionAwardMenuItemPublicIds == nil {
		return
	}
	if p == nil {
		c.Add("PromotionName", "belongs to an AddItem voucher, and this is a %s", doc.VoucherType)
		return
	}
	if id := wire.V(in.PromotionId); id != 0 && id != p.PromotionId {
		c.Add("PromotionId", "the promotion of this voucher is %d", p.PromotionId)
	}
	set(&p.Name, in.PromotionName)
	if in.PromotionAwardMenuItemPublicIds != nil {
		p.PromotionAwards = awards(in.PromotionAwardMenuItemPublicIds)
	}
}

// worth changes the amounts.
func (in *Change) worth(c *fault.Collector, doc *wire.Voucher) {
	const belongs = "belongs to a %s voucher, and this is a %s"
	if p := doc.PercentDiscountDetails; p != nil {
		if in.Percent != nil {
			p.PercentageDiscount = in.Percent
		}
		if in.MaxDiscount != nil {
			p.MaxDiscountAmount = wire.P(*in.MaxDiscount)
			if zero(*in.MaxDiscount) {
				p.MaxDiscountAmount = nil
			}
		}
	} else {
		if in.Percent != nil {
			c.Add("percentValue", belongs, wire.VoucherTypePercentageDiscount, doc.VoucherType)
		}
		if in.MaxDiscount != nil {
			c.Add("maxDiscountAmount", belongs, wire.VoucherTypePercentageDiscount, doc.VoucherType)
		}
	}
	switch {
	case in.Lump == nil:
	case doc.LumpDiscountDetails != nil:
		doc.LumpDiscountDetails.DiscountAmount = wire.P(*in.Lump)
	case doc.CreditNoteDetails != nil:
		doc.CreditNoteDetails = &wire.CreditNoteDetails{RemainingCredit: wire.P(*in.Lump)}
	default:
		c.Add("lumpValue", belongs, "LumpDiscount or CreditNote", doc.VoucherType)
	}
}
